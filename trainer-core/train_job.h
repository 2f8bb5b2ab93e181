/*
 * Inside the trainer: what train.c builds and saves and train_epoch.c runs.
 */
#ifndef DELTAM_TRAIN_JOB_H
#define DELTAM_TRAIN_JOB_H

#include "trainer-core/optim.h"
#include "trainer-core/registry.h"
#include "trainer-core/train.h"
#include "trainer-core/weighting.h"

/* Mean and standard deviation of a stream (Welford), over the steps of an epoch. */
struct meter {
	int64_t n;
	double mean, squares;
};

struct train_task {
	struct task_info info;
	int column; /* its place among the targets of the data set */
	struct loss loss;
	struct loss_shape shape; /* of a sample: N is 1 */
	float *target; /* one batch */
	const struct metric *metric[METRICS_MAX];
	const char *metric_name[METRICS_MAX];
	/* Of each metric; those that add the same way share one. */
	double *meter[METRICS_MAX];
	int metrics;

	/* This epoch: */
	double train_loss; /* summed over samples */
	struct meter weight, weighted;
};

struct train {
	const struct kernels *kernels;
	const struct dataset *data;
	struct train_task *task; /* (K) */
	int K;
	struct graph *graph;
	int input;
	int batch; /* of training */
	int capacity; /* of evaluation */
	int epochs;
	uint64_t seed;
	struct lr_decay decay;

	struct optim_info optim_info;
	struct optim *optim;
	/* One gradient, or one a task where a method or the optimizer asks for them. */
	float **grad;
	bool per_task;

	struct weighting_setup weighting;
	struct task_info *weighting_task; /* (K) */
	double *weighting_state;
	size_t weighting_floats;

	int epoch; /* done */
	int64_t step; /* done */

	int *order; /* the training samples in this epoch's order */
	int *index; /* one batch of evaluation */
	double *loss, *weight, *backward_weight; /* (K) of the step */
	double *mean_loss; /* (K) of the epoch */
	struct diagnostic *diagnostic;
	struct metric_row *metric;
	struct weight_row *weight_row;
	struct epoch_rows rows;
};

#endif
