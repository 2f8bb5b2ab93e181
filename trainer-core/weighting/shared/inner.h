/*
 * A method can stand inside another one: its weights are something of the outer method,
 * which keeps its state. It has the defaults of its row and the job's seed.
 */
#ifndef DELTAM_INNER_H
#define DELTAM_INNER_H

#include "trainer-core/weighting/weighting.h"

struct inner {
	bool on;
	struct weighting_setup setup;
	size_t at; /* where its state begins in the outer method's */
};

/* Makes it, with its state at *at, which moves behind. ERR_SPEC. */
MUST_CHECK int inner_parse(struct inner *x, const struct weighting_setup *outer,
	const struct params *ps, const char *method, size_t *at, struct arena *a,
	struct err *e);

/* All take the outer method's state; nothing happens where it is off. */
void inner_init(const struct inner *x, double *state);
MUST_CHECK int inner_weigh(const struct inner *x, double *state,
	const struct weighting_step *step, double *weight, struct err *e);
void inner_update(
	const struct inner *x, double *state, const struct weighting_step *step);
void inner_end_epoch(const struct inner *x, double *state, const double *mean_loss);

#endif
