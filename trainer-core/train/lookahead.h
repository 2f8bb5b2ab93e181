/*
 * The look ahead of Auto-lambda (Liu et al. 2022): how the losses that count would change
 * on another batch, after a step under some weights, if the weights did.
 *
 *	theta' = theta - lr (momentum buffer + sum_k weight_k g_k + wd theta)
 *	d      = gradient at theta' of the sum of the losses that count, on the other batch
 *	slope_k = -lr (L_k(theta + eps d) - L_k(theta - eps d)) / (2 eps), eps = 0.01 / |d|
 *
 * the last on the step's own batch: a difference that stands for -lr g_k . d. All
 * parameters take part, those of heads too. Vectors in float32, the rest in double.
 */
#ifndef DELTAM_LOOKAHEAD_H
#define DELTAM_LOOKAHEAD_H

#include <stddef.h>
#include "trainer-core/optim/optim.h"

enum lookahead_batch { BATCH_OWN, BATCH_OTHER };

struct lookahead {
	size_t n; /* parameters */
	float *value; /* (n) of the network */
	float *kept, *gradient; /* (n) room */
	const struct kernels *kernels;
	const struct optim *optim;
	double lr; /* of this step */
	int K;
	void *arg;
	/* Mean losses (K) of a batch under the present parameters. */
	void (*losses)(void *arg, enum lookahead_batch batch, double *loss);
	/*
	 * The gradient of sum_k weight[k] L_k on the batch that was passed last: the own one
	 * before lookahead_slope, or the other. It never follows losses(BATCH_OWN).
	 */
	void (*slope)(void *arg, const double *weight, float *gradient);
};

/*
 * slope (K) for the weights `weight` and the losses with counts[k] 1, others 0. Called
 * when losses(BATCH_OWN) was the last under these parameters; leaves them as they were,
 * but the losses must be asked for again. Where d is zero so is the slope.
 */
void lookahead_slope(const struct lookahead *l, const double *weight,
	const double *counts, double *slope);

#endif
