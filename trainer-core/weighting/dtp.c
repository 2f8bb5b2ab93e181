/*
 * Dynamic task prioritization (Guo et al. 2018): w = -(1 - kpi)^gamma log kpi of the
 * smoothed performance of each task, kpi <- a kpi + (1 - a) kpi_before, starting with the
 * first. Performance is the batch's share of hits for classes and bits; a task without
 * such a share takes exp(-loss), which is deltam's own choice. A performance of 0 counts
 * as FLOOR.
 *
 * State: 1 once a performance is known, the smoothed ones (K).
 */
#include <math.h>
#include "trainer-core/weighting/method.h"

#define FLOOR 1e-6

struct dtp {
	double alpha, gamma;
};

static int parse(struct weighting_setup *setup, const struct params *ps,
	struct arena *a, struct err *e)
{
	struct dtp *o = NEW(a, struct dtp);
	int rc = setting_real(ps, "alpha", &o->alpha, e);

	setup->options = o;
	return rc ? rc : setting_real(ps, "gamma", &o->gamma, e);
}

static size_t state_size(const struct weighting_setup *setup)
{
	return 1 + (size_t)setup->K;
}

static int weigh(const struct weighting_setup *setup, double *state,
	const struct weighting_step *step, double *weight, struct err *e)
{
	const struct dtp *o = setup->options;
	double *kpi = state + 1;
	double a = state[0] != 0 ? o->alpha : 1;

	(void)e;
	state[0] = 1;
	for (int k = 0; k < setup->K; k++) {
		double p;

		kpi[k] = a * step->score[k] + (1 - a) * kpi[k];
		p = fmin(fmax(kpi[k], FLOOR), 1);
		weight[k] = -pow(1 - p, o->gamma) * log(p) + 0.0;
	}
	return OK;
}

static int diagnose(const struct weighting_setup *setup, const double *state,
	const double *mean_loss, struct diagnostic *d)
{
	(void)mean_loss;
	for (int k = 0; k < setup->K; k++)
		d[k] = (struct diagnostic){ "kpi", k, state[1 + k] };
	return setup->K;
}

const struct weighting weighting_dtp = {
	.needs = NEEDS_SCORES,
	.parse = parse,
	.state_size = state_size,
	.weigh = weigh,
	.diagnose = diagnose,
};
