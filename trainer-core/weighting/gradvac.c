/*
 * GradVac (Wang et al. 2021): gradients are turned towards each other until their cosine
 * reaches a target, which follows the cosines met: rho_ij starts at 0 and moves by beta.
 * Others are met in an order drawn afresh for each task and step; the shared gradient is
 * the sum. One group, the whole trunk. Heads keep their own gradients. A zero gradient has
 * no direction and is passed by. State: rho (K, K).
 */
#include "trainer-core/solver/projection.h"
#include "trainer-core/weighting/method.h"

struct gradvac {
	double beta, eps;
};

static int parse(struct weighting_setup *setup, const struct params *ps,
	struct arena *a, struct err *e)
{
	struct gradvac *o = NEW(a, struct gradvac);
	int rc = weighting_option(setup, ps, "beta", &o->beta, e);

	setup->options = o;
	return rc ? rc : weighting_option(setup, ps, "eps", &o->eps, e);
}

static size_t state_size(const struct weighting_setup *setup)
{
	return (size_t)setup->K * (size_t)setup->K;
}

static int weigh(const struct weighting_setup *setup, double *state,
	const struct weighting_step *step, double *weight, struct err *e)
{
	const struct gradvac *o = setup->options;
	int K = setup->K;
	int order[TASKS_MAX * TASKS_MAX];
	double c[TASKS_MAX * TASKS_MAX];

	(void)e;
	draw_orders(K, (struct rng_orders){ setup->seed, (uint64_t)step->step }, order);
	vaccinate(K, step->gram, order, o->beta, o->eps, state, c);
	sum_rows(K, c, weight);
	return OK;
}

const struct weighting weighting_gradvac = {
	.needs = NEEDS_SHARED_GRADIENTS,
	.parse = parse,
	.state_size = state_size,
	.weigh = weigh,
	.heads = heads_unweighted,
};
