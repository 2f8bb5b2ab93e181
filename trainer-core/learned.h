/*
 * Scalars that a weighting method learns by gradient descent beside the network: log
 * variances, log weights, a temperature.
 *
 * They take steps of the job's optimizer, in double, in a group of their own: their
 * learning rate (parameter weight_lr; 0: the network's) falls with the network's decay
 * schedule, their weight decay (weight_wd) does not follow the network's, since decay
 * would pull them to a value that means nothing.
 *
 * State of n scalars: steps taken, the n values, the optimizer's state.
 */
#ifndef DELTAM_LEARNED_H
#define DELTAM_LEARNED_H

#include "trainer-core/weighting.h"

struct learned {
	double lr; /* 0: the network's */
	double wd;
};

/* From weight_lr and weight_wd. ERR_SPEC. */
MUST_CHECK int learned_parse(const struct weighting_setup *setup,
	const struct params *ps, struct learned *out, struct err *e);

size_t learned_size(const struct weighting_setup *setup, int n);
void learned_init(double *state, int n, double value);

static inline const double *learned_values(const double *state)
{
	return state + 1;
}

/*
 * One step down `gradient` (n). positive: values that must stay above zero; a step may
 * then at most halve one.
 */
void learned_step(const struct weighting_setup *setup, const struct learned *learned,
	const struct weighting_step *step, int n, const double *gradient, int positive,
	double *state);

#endif
