/*
 * Inside the trainer: what train.c builds and saves and train_epoch.c runs.
 */
#ifndef DELTAM_TRAIN_JOB_H
#define DELTAM_TRAIN_JOB_H

#include "trainer-core/train/augment.h"
#include "trainer-core/network/network.h"
#include "trainer-core/optim/optim.h"
#include "trainer-core/registry.h"
#include "trainer-core/train/similarity.h"
#include "trainer-core/train/train.h"
#include "trainer-core/weighting/weighting.h"

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
	double train_loss; /* summed over the samples of batches with a label */
	int labelled; /* how many */
	bool counted; /* this batch has a label */
	struct meter weight, weighted;
};

#define COST_ROWS 3 /* passes of a step */

enum magnitude { MAGNITUDE_GRADIENT, MAGNITUDE_UPDATE, MAGNITUDES };
#define DIAGNOSE_SAMPLE_MAX 64

/* What diagnose.gradients asks for, of the current epoch. */
struct diagnosis {
	int every; /* steps; 0: off */
	int sample; /* at most so many samples, and tasks, at a time */
	float **grad; /* (sample) of the trunk */
	float *scratch; /* like the parameters */
	int *pick; /* (K) tasks in the order of this step */
	size_t coordinates; /* of the trunk, padding left out */
	struct comparison tasks; /* pairs of tasks on one sample */
	struct comparison *samples; /* (K) pairs of samples of one task */
	struct series *magnitude; /* (1 + K, MAGNITUDES) trunk, heads */
	const char **compare_name, **magnitude_name; /* of rows, four a figure */
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
	struct trunk_info trunk;
	struct task_info *weighting_task; /* (K) */
	double *weighting_state;
	size_t weighting_floats;
	/* Methods on gradients alone: */
	struct task_gradients shared;
	size_t buffer_floats; /* of shared.buffer */
	float *feature; /* values, one batch */
	double *rotation; /* one */

	int epoch; /* done */
	int64_t step; /* done */

	int *order; /* the training samples in this epoch's order */
	int *other; /* the same in another, for methods that look ahead */
	float *kept, *kept_state; /* parameters and running statistics, for them */
	int *index; /* one batch of evaluation */

	enum augment augment;
	/* Where samples are augmented: */
	float *staged; /* the inputs of a batch */
	float *sample; /* one input or map */
	int *staged_row; /* 0 to batch - 1 */

	const struct corruption *corruption; /* of what is evaluated; NULL: none */
	struct arena *scratch; /* then */

	double *loss, *weight, *backward_weight; /* (K) of the step */
	double *head, *score, *loss_after,
		*ahead; /* (K) where the method asks for them */
	struct train_passes passes,
		passes_before; /* since train_new, and the epoch's begin */
	double *mean_loss; /* (K) of the epoch */
	struct diagnosis diagnosis;
	int *frozen; /* scopes, `freezes` of them */
	int freezes;
	float *frozen_values;
	struct diagnostic *diagnostic;
	struct metric_row *metric;
	struct weight_row *weight_row;
	struct epoch_rows rows;
};

/* The method's rotations of the features as its state has them now: into the graph. */
void train_turn(struct train *t);

/* The samples of the next batch: one list for all tasks. */
void train_pick(struct train *t, const int *index);
/* Those at place `at` of this epoch's order, each task's own where it has one. */
void train_pick_training(struct train *t, int at);
/* Training samples picked last into graph and targets, augmented where the job says so. */
void train_feed(struct train *t, int n);
/* Forward: mean losses (K) of the n samples fed last, as the method sees them. */
void train_losses(struct train *t, int n, double *loss);
/* The gradient of sum_k weight[k] loss[k] of the samples passed forward last. */
void train_backward(struct train *t, const double *weight, float *gradient);

/*
 * train_lookahead.c: sets s->ahead where the method wants it, with the step's batch as it
 * was fed before and after.
 */
void train_look_ahead(struct train *t, struct weighting_step *s, int at, int n);

/* train_augment.c: what dataset.augment asks for. ERR_SPEC. */
MUST_CHECK int train_augment_new(
	struct train *t, const struct params *ps, struct arena *a, struct err *e);
/*
 * Augments the n training samples gathered last: feeds the graph anew, changes the
 * targets. Only where t->augment is not NONE.
 */
void train_augment(struct train *t, int n);

/* train_epoch.c: inputs and targets of n samples. */
void train_gather(struct train *t, const struct split_data *s, int n);
/* Of task k on the n samples gathered last; its gradient goes to the graph's seed. */
struct loss_sum train_task_loss(struct train *t, int k, int n);
/* A row of the epoch. ERR_DIVERGED where value is not finite. */
MUST_CHECK int train_put_row(struct train *t, const char *split, const char *task,
	const char *name, double value, struct err *e);

/* train_freeze.c: reads train.freeze. ERR_SPEC. */
MUST_CHECK int train_freeze_new(
	struct train *t, const struct params *ps, struct arena *a, struct err *e);
/* Zero in a gradient, before a step. */
void train_freeze(const struct train *t, float *gradient);
/* The initial values again, after it. */
void train_hold(struct train *t);

/* train_diagnose.c: reads diagnose.*, places what it takes. ERR_SPEC. */
MUST_CHECK int train_diagnose_new(
	struct train *t, const struct params *ps, struct arena *a, struct err *e);
int train_diagnose_rows(const struct train *t); /* most of an epoch */
void train_diagnose_begin(struct train *t); /* an epoch */
/* In a step, wherever one is due: before it, around the optimizer's. */
void train_diagnose_pairs(struct train *t, int at, int n);
void train_diagnose_before(struct train *t);
void train_diagnose_after(struct train *t);
MUST_CHECK int train_diagnose_put(
	struct train *t, struct err *e); /* the epoch's rows */
/* train_corrupt.c: feeds the n samples of `split` again, under t->corruption. ERR_DATA. */
MUST_CHECK int train_corrupt(struct train *t, const struct split_data *split,
	const int *index, int n, struct err *e);

#endif
