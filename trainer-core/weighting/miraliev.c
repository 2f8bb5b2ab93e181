/*
 * An interpretation of Miraliev et al. 2024, whose text was not at hand: it is said to
 * learn a weight for every objective (a task may have several losses) and one for every
 * task. Here each task has one objective, so with S the log variance of a task and s that
 * of its objective
 *
 *	objective  sum_k  e^{-S_k - s_k} L_k / 2 + S_k/2 + s_k/2,   w_k = e^{-S_k - s_k} / 2
 *
 * Both move by the same slope: at rest it is UW, on the way there it is twice as fast
 * under optimizers that set the length of a step, such as Adam.
 *
 * State: S (K) and s (K), learned.
 */
#include <math.h>
#include "trainer-core/weighting/shared/learned.h"
#include "trainer-core/weighting/method.h"

struct miraliev {
	struct learned learned; /* first: learned_update */
	double init;
};

static int parse(struct weighting_setup *setup, const struct params *ps,
	struct arena *a, struct err *e)
{
	struct miraliev *o = NEW(a, struct miraliev);
	int rc = setting_real(ps, "init", &o->init, e);

	setup->options = o;
	o->learned.n = 2 * setup->K;
	return rc ? rc : learned_parse(setup, ps, &o->learned, e);
}

static size_t state_size(const struct weighting_setup *setup)
{
	return learned_size(setup, 2 * setup->K);
}

static void init(const struct weighting_setup *setup, double *state)
{
	const struct miraliev *o = setup->options;

	learned_init(state, 2 * setup->K, o->init);
}

/* Of a task and its objective together. */
static double log_variance(
	const struct weighting_setup *setup, const double *state, int k)
{
	return learned_values(state)[k] + learned_values(state)[setup->K + k];
}

static int weigh(const struct weighting_setup *setup, double *state,
	const struct weighting_step *step, double *weight, struct err *e)
{
	(void)step, (void)e;
	for (int k = 0; k < setup->K; k++)
		weight[k] = 0.5 * exp(-log_variance(setup, state, k));
	return OK;
}

static double objective(const struct weighting_setup *setup, const double *state,
	const double *loss, double *gradient)
{
	double total = 0;

	for (int k = 0; k < setup->K; k++) {
		double s = log_variance(setup, state, k);
		double weighted = 0.5 * exp(-s) * loss[k];

		total += weighted + 0.5 * s;
		gradient[k] = gradient[setup->K + k] = 0.5 - weighted;
	}
	return total;
}

static int diagnose(const struct weighting_setup *setup, const double *state,
	const double *mean_loss, struct diagnostic *d)
{
	(void)mean_loss;
	for (int k = 0; k < setup->K; k++)
		d[k] = (struct diagnostic){ "log_variance", k,
			log_variance(setup, state, k) };
	return setup->K;
}

const struct weighting weighting_miraliev = {
	.parse = parse,
	.state_size = state_size,
	.init = init,
	.weigh = weigh,
	.update = learned_update,
	.objective = objective,
	.diagnose = diagnose,
};
