/*
 * Losses and criteria of a split, pooled over all of its samples: nothing is
 * differentiated, and no running statistic moves.
 */
#ifndef DELTAM_TRAIN_EVALUATE_H
#define DELTAM_TRAIN_EVALUATE_H

#include "trainer-core/train/batch.h"
#include "trainer-core/train/rows.h"

/* Whoever watches over the work, asked after every batch; nonzero stops it. */
struct evaluate_watch {
	int (*on_step)(void *arg); /* NULL: nobody */
	void *arg;
};
/* ERR_INTERRUPTED */
MUST_CHECK int watch_ask(const struct evaluate_watch *w, int epoch, struct err *e);

struct evaluator {
	struct batch *batch;
	/* (K, METRICS_MAX) Of each criterion; those that add the same way share one. */
	double *(*meter)[METRICS_MAX];
};

void evaluator_build(struct evaluator *v, struct batch *b, struct arena *a);
/* Puts the rows of a split. ERR_DATA, ERR_DIVERGED, ERR_INTERRUPTED. */
MUST_CHECK int evaluate(struct evaluator *v, enum split split,
	const struct evaluate_watch *w, struct row_sheet *rows, struct err *e);

#endif
