/*
 * An interpretation of ATW (UMT-Net, 2024), whose text was not at hand: it is said to add
 * the long-term rate of change of each loss to uncertainty weighting. Here the weight of
 * UW (1/(2 sigma^2), a learned log variance) is multiplied by what dynamic weight average
 * makes of slow means: K softmax(r / T), r_k = E_k / the E_k of the epoch before, with
 * E <- beta (mean loss of the epoch) + (1 - beta) E from the first epoch on. No rate is
 * known in the first two epochs, nor over an old mean of zero: then r = 1.
 *
 * State: log variances (K), learned; epochs ended, E (K), E before (K).
 */
#include <math.h>
#include <string.h>
#include "trainer-core/weighting/shared/learned.h"
#include "trainer-core/weighting/method.h"

struct atw {
	struct learned learned; /* first: learned_update */
	double init, beta, T;
};

static int parse(struct weighting_setup *setup, const struct params *ps,
	struct arena *a, struct err *e)
{
	struct atw *o = NEW(a, struct atw);
	int rc = setting_real(ps, "init", &o->init, e);

	setup->options = o;
	if (!rc)
		rc = setting_real(ps, "beta", &o->beta, e);
	if (!rc)
		rc = setting_real(ps, "T", &o->T, e);
	return rc ? rc : learned_parse(setup, ps, &o->learned, e);
}

static size_t state_size(const struct weighting_setup *setup)
{
	return learned_size(setup, setup->K) + 1 + 2 * (size_t)setup->K;
}

static void init(const struct weighting_setup *setup, double *state)
{
	const struct atw *o = setup->options;

	learned_init(state, setup->K, o->init);
}

/* Epochs ended; the slow means and those before lie behind it. */
static double *slow(const struct weighting_setup *setup, double *state)
{
	return state + learned_size(setup, setup->K);
}

static int weigh(const struct weighting_setup *setup, double *state,
	const struct weighting_step *step, double *weight, struct err *e)
{
	const struct atw *o = setup->options;
	const double *epochs = slow(setup, state);
	const double *now = epochs + 1;
	const double *before = now + setup->K;
	int K = setup->K;

	(void)step, (void)e;
	for (int k = 0; k < K; k++) {
		bool known = *epochs >= 2 && before[k] != 0;

		weight[k] = (known ? now[k] / before[k] : 1) / o->T;
	}
	softmax(K, weight, weight);
	for (int k = 0; k < K; k++)
		weight[k] *= K * 0.5 * exp(-learned_values(state)[k]);
	return OK;
}

static double objective(const struct weighting_setup *setup, const double *state,
	const double *loss, double *gradient)
{
	double total = 0;

	for (int k = 0; k < setup->K; k++) {
		double s = learned_values(state)[k];
		double weighted = 0.5 * exp(-s) * loss[k];

		total += weighted + 0.5 * s;
		gradient[k] = 0.5 - weighted;
	}
	return total;
}

static void end_epoch(
	const struct weighting_setup *setup, double *state, const double *mean_loss)
{
	const struct atw *o = setup->options;
	double *epochs = slow(setup, state);
	double *now = epochs + 1;

	memcpy(now + setup->K, now, (size_t)setup->K * sizeof(*now));
	for (int k = 0; k < setup->K; k++)
		now[k] = *epochs > 0 ? o->beta * mean_loss[k] + (1 - o->beta) * now[k]
				     : mean_loss[k];
	++*epochs;
}

static int diagnose(const struct weighting_setup *setup, const double *state,
	const double *mean_loss, struct diagnostic *d)
{
	(void)mean_loss;
	return learned_diagnose(setup, state, "log_variance", d);
}

const struct weighting weighting_atw = {
	.parse = parse,
	.state_size = state_size,
	.init = init,
	.weigh = weigh,
	.update = learned_update,
	.objective = objective,
	.end_epoch = end_epoch,
	.diagnose = diagnose,
};
