/*
 * Inside the trainer: what train.c builds and saves and train_epoch.c runs.
 */
#ifndef DELTAM_TRAIN_JOB_H
#define DELTAM_TRAIN_JOB_H

#include "trainer-core/augment.h"
#include "trainer-core/network.h"
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
	const int *index; /* the samples of the batch, in their split */
	/* Where every task has samples of its own: */
	int *order; /* its training samples in this epoch's order */
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
	struct network network;
	struct graph *graph; /* of network */
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
	/* Methods on gradients alone: */
	struct task_gradients shared;
	size_t buffer_floats; /* of shared.buffer */
	float *feature; /* values, one batch */

	int epoch; /* done */
	int64_t step; /* done */

	int *order; /* the training samples in this epoch's order */
	int *index; /* one batch of evaluation */

	enum augment augment;
	/* Where samples are augmented: */
	float *staged; /* the inputs of a batch */
	float *sample; /* one input or map */
	int *staged_row; /* 0 to batch - 1 */

	const struct corruption *corruption; /* of what is evaluated; NULL: none */
	struct arena *scratch; /* then */

	double *loss, *weight, *backward_weight; /* (K) of the step */
	double *head, *score, *loss_after; /* (K) where the method asks for them */
	struct train_passes passes;
	double *mean_loss; /* (K) of the epoch */
	struct diagnostic *diagnostic;
	struct metric_row *metric;
	struct weight_row *weight_row;
	struct epoch_rows rows;
};

/* train_augment.c: what dataset.augment asks for. ERR_SPEC. */
MUST_CHECK int train_augment_new(
	struct train *t, const struct params *ps, struct arena *a, struct err *e);
/*
 * Augments the n training samples gathered last: feeds the graph anew, changes the
 * targets. Only where t->augment is not NONE.
 */
void train_augment(struct train *t, int n);

/* train_corrupt.c: feeds the n samples of `split` again, under t->corruption. ERR_DATA. */
MUST_CHECK int train_corrupt(struct train *t, const struct split_data *split,
	const int *index, int n, struct err *e);

#endif
