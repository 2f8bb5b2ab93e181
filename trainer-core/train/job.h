/*
 * A job: the parts of the trainer, each of which knows those above it in this list alone.
 * train.c builds it, train_epoch.c runs it, train_state.c saves it.
 */
#ifndef DELTAM_TRAIN_JOB_H
#define DELTAM_TRAIN_JOB_H

#include "trainer-core/optim/lr_decay.h"
#include "trainer-core/train/diagnose.h"
#include "trainer-core/train/evaluate.h"
#include "trainer-core/train/step_ahead.h"
#include "trainer-core/train/train.h"

/* Mean and standard deviation of a stream (Welford), over the steps of an epoch. */
struct meter {
	int64_t n;
	double mean, squares;
};

struct train {
	struct batch batch;
	struct step step;
	struct step_ahead ahead;
	struct diagnosis diagnosis;
	struct evaluator evaluator;

	int epochs;
	struct lr_decay decay;
	int epoch; /* done */

	/* This epoch: */
	double *loss; /* (K) of training: sums over samples, then their means */
	int *labelled; /* (K) samples of the batches that have a label */
	struct meter *weight, *weighted; /* (K) */
	struct train_passes passes_before;
	struct diagnostic *diagnostic;
	struct row_sheet sheet;
};

#define COST_ROWS 3 /* passes of a step */

#endif
