/*
 * Inverse of each loss's exponential moving average: E_k <- beta L_k + (1 - beta) E_k,
 * w_k = 1 / E_k, starting with the first loss. beta = 1 is UW-O. The average includes
 * the loss of the step that it weighs.
 *
 * State: 1 once the averages exist, then E (K).
 */
#include "trainer-core/weighting/method.h"

static int parse(struct weighting_setup *setup, const struct params *ps,
	struct arena *a, struct err *e)
{
	double *beta = NEW(a, double);

	setup->options = beta;
	return setting_real(ps, "beta", beta, e);
}

static size_t state_size(const struct weighting_setup *setup)
{
	return 1 + (size_t)setup->K;
}

static int weigh(const struct weighting_setup *setup, double *state,
	const struct weighting_step *step, double *weight, struct err *e)
{
	double beta = state[0] != 0 ? *(const double *)setup->options : 1;
	double *mean = state + 1;

	(void)e;
	state[0] = 1;
	for (int k = 0; k < setup->K; k++) {
		mean[k] = beta * step->loss[k] + (1 - beta) * mean[k];
		weight[k] = 1 / mean[k];
	}
	return OK;
}

const struct weighting weighting_ema = {
	.parse = parse,
	.state_size = state_size,
	.weigh = weigh,
};
