/*
 * The one way of samples from the data set into the network:
 *
 *	select     which samples of which split, each task's own where it has some
 *	gather     their targets, as floats
 *	transform  training samples are augmented, those of a corrupted test are corrupted
 *	feed       the network's inputs; where nothing is transformed straight from the data
 *
 * Below are the tasks of the job and their losses on the batch. Whoever loads a batch runs
 * the passes. Nothing here allocates once batch_build is done.
 */
#ifndef DELTAM_BATCH_H
#define DELTAM_BATCH_H

#include "trainer-core/corrupt/corrupt.h"
#include "trainer-core/loss.h"
#include "trainer-core/network/network.h"
#include "trainer-core/registry.h"
#include "trainer-core/train/augment.h"

struct batch_task {
	struct task_info info;
	int column; /* its place among the targets of the data set */
	struct loss loss;
	struct loss_shape shape; /* of a sample: N is 1 */
	float *target; /* (n) of the batch */
	const int *index; /* (n) the samples of the batch, in their split */
	int *order; /* its own training samples in this epoch's order, where it has some */
	const struct metric *metric[METRICS_MAX];
	const char *metric_name[METRICS_MAX];
	int metrics;
};

struct batch {
	/* Of the job: */
	const struct kernels *kernels;
	const struct dataset *data;
	struct batch_task *task; /* (K) */
	int K;
	struct network network;
	struct graph *graph; /* of network */
	int size; /* samples of a training batch */
	int capacity; /* most samples of a batch: those of evaluation */
	uint64_t seed;

	/* Of the epoch: */
	int epoch; /* from 1 */
	int *order; /* the training samples in this epoch's order */
	int *other; /* the same in another, for methods that look ahead; else NULL */

	/* The batch that was loaded last: */
	const struct split_data *split;
	int n;

	enum augment augment;
	float *augmented; /* (size) inputs */
	float *sample; /* one input or map */
	const struct corruption *corruption; /* NULL: none */
	float *corrupted; /* (capacity) inputs */
	struct arena *scratch;
	int *index; /* (capacity) */
	int *row; /* 0 to capacity - 1 */
};

/*
 * Places what a batch takes, once tasks and network are there. ERR_SPEC: targets that do
 * not have the shapes of the heads, dataset.augment on data that it does not fit.
 */
MUST_CHECK int batch_build(
	struct batch *b, const struct params *ps, struct arena *a, struct err *e);

/* Draws the orders of that epoch: functions of the seed. */
void batch_shuffle(struct batch *b, int epoch);

/*
 * Loads n training samples from place `at` of the epoch's order on, or of the other
 * order.
 */
void batch_load_training(struct batch *b, int at, int n);
void batch_load_other(struct batch *b, int at, int n);

/* Loads samples at, at + 1 ... of a split. ERR_DATA: a sample cannot be corrupted. */
MUST_CHECK int batch_load_split(
	struct batch *b, enum split split, int at, int n, struct err *e);

/*
 * From now on the samples that batch_load_split loads are corrupted by k, in room of the
 * arena; until k is NULL.
 */
void batch_corrupt(struct batch *b, const struct corruption *k, struct arena *a);

/*
 * Returns at, at + 1 ... as an index of n samples, which is valid until the next batch.
 */
const int *batch_count(struct batch *b, int at, int n);

/* The shape of the batch for the losses and criteria of task k. */
struct loss_shape batch_shape(const struct batch *b, int k);

/*
 * The loss of task k, to its scale, once the batch has been passed forward. With `slope`
 * its gradient becomes the graph's seed; without, the seed is lost.
 */
struct loss_sum batch_loss(const struct batch *b, int k, bool slope);

#endif
