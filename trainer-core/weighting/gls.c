/*
 * Geometric loss strategy: total = (prod L_k)^(1/K) = exp(mean log L_k), whose gradient
 * weighs each task by w_k = d total / d L_k = total / (K L_k). In logarithms: the plain
 * product leaves the range of double at K = 40.
 */
#include <math.h>
#include "trainer-core/weighting/method.h"

static int weigh(const struct weighting_setup *setup, double *state,
	const struct weighting_step *step, double *weight, struct err *e)
{
	double mean = 0;

	(void)state;
	for (int k = 0; k < setup->K; k++) {
		if (!(step->loss[k] > 0))
			return err_set(e, ERR_DIVERGED,
				"task %s: the geometric mean needs a positive loss, "
				"not %g",
				setup->task[k].name, step->loss[k]);
		weight[k] = log(step->loss[k]);
		mean += weight[k] / setup->K;
	}
	for (int k = 0; k < setup->K; k++)
		weight[k] = exp(mean - weight[k]) / setup->K;
	return OK;
}

const struct weighting weighting_gls = { .weigh = weigh };
