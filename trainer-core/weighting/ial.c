/*
 * IAL (Li et al. 2024): impartial auxiliary learning. Heads follow uncertainty weighting
 * with a learned sigma for every task, the primary too: 1/(2 sigma^2). The trunk gets the
 * primary task's feature gradient and the auxiliary ones brought to its length, times
 * f(sigma) = min(1, max(0, 1 - sigma)): with sigma of 1 or more an auxiliary task does not
 * reach the trunk.
 *
 * What the paper leaves open: lengths are those of the whole batch, sigma itself goes into
 * f (`argument: variance` takes its square), and sigma starts at 0.9, where f is the 0.1
 * that the paper calls the initial weighting. A zero auxiliary gradient adds nothing.
 *
 * State: log sigma (K), learned.
 */
#include <math.h>
#include "trainer-core/learned.h"
#include "trainer-core/primary.h"
#include "trainer-core/weighting/method.h"

struct ial {
	struct learned learned; /* first: learned_update */
	int primary;
	double init;
	int variance;
};

static int parse(struct weighting_setup *setup, const struct params *ps,
	struct arena *a, struct err *e)
{
	struct ial *o = NEW(a, struct ial);
	int rc = primary_parse(setup, ps, &o->primary, e);

	setup->options = o;
	if (!rc)
		rc = weighting_option(setup, ps, "init", &o->init, e);
	if (!rc)
		rc = weighting_choice(setup, ps, "argument", &o->variance, e);
	return rc ? rc : learned_parse(setup, ps, &o->learned, e);
}

static size_t state_size(const struct weighting_setup *setup)
{
	return learned_size(setup, setup->K);
}

static void init(const struct weighting_setup *setup, double *state)
{
	const struct ial *o = setup->options;

	learned_init(state, setup->K, log(o->init));
}

static int weigh(const struct weighting_setup *setup, double *state,
	const struct weighting_step *step, double *weight, struct err *e)
{
	const struct ial *o = setup->options;
	int K = setup->K;
	int p = o->primary;
	double main = sqrt(step->gram[p * K + p]);

	(void)e;
	for (int k = 0; k < K; k++) {
		double x = exp((o->variance ? 2 : 1) * learned_values(state)[k]);
		double length = sqrt(step->gram[k * K + k]);
		double f = fmin(fmax(1 - x, 0), 1);

		weight[k] = length > 0 ? f * main / length : 0;
	}
	weight[p] = 1;
	return OK;
}

static void heads(const struct weighting_setup *setup, const double *state,
	const struct weighting_step *step, const double *weight, double *head)
{
	(void)step, (void)weight;
	for (int k = 0; k < setup->K; k++)
		head[k] = 0.5 * exp(-2 * learned_values(state)[k]);
}

static double objective(const struct weighting_setup *setup, const double *state,
	const double *loss, double *gradient)
{
	double total = 0;

	for (int k = 0; k < setup->K; k++) {
		double s = learned_values(state)[k];
		double weighted = 0.5 * exp(-2 * s) * loss[k];

		total += weighted + s;
		gradient[k] = 1 - 2 * weighted;
	}
	return total;
}

static int diagnose(const struct weighting_setup *setup, const double *state,
	const double *mean_loss, struct diagnostic *d)
{
	(void)mean_loss;
	for (int k = 0; k < setup->K; k++)
		d[k] = (struct diagnostic){ "log_variance", k,
			2 * learned_values(state)[k] };
	return setup->K;
}

const struct weighting weighting_ial = {
	.needs = NEEDS_FEATURE_GRADIENTS,
	.parse = parse,
	.state_size = state_size,
	.init = init,
	.weigh = weigh,
	.update = learned_update,
	.objective = objective,
	.diagnose = diagnose,
	.heads = heads,
};
