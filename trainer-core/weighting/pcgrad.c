/*
 * PCGrad (Yu et al. 2020): every task's gradient loses what conflicts with the others',
 * met in an order drawn afresh for each task and step; the shared gradient is the sum of
 * what is left (or its mean). weight[l] is the factor that g_l has in that sum: 1 without
 * conflict, of any sign with several. Heads keep the gradients of their own losses. A zero
 * gradient projects nothing.
 */
#include "trainer-core/solver/projection.h"
#include "trainer-core/weighting/method.h"

struct pcgrad {
	int reduction;
	double eps;
};

static int parse(struct weighting_setup *setup, const struct params *ps,
	struct arena *a, struct err *e)
{
	struct pcgrad *o = NEW(a, struct pcgrad);
	int rc = setting_choice(ps, "reduction", &o->reduction, e);

	setup->options = o;
	return rc ? rc : setting_real(ps, "eps", &o->eps, e);
}

static int weigh(const struct weighting_setup *setup, double *state,
	const struct weighting_step *step, double *weight, struct err *e)
{
	const struct pcgrad *o = setup->options;
	int K = setup->K;
	int order[TASKS_MAX * TASKS_MAX];
	double c[TASKS_MAX * TASKS_MAX];

	(void)state, (void)e;
	draw_orders(K, (struct rng_orders){ setup->seed, (uint64_t)step->step }, order);
	project_conflicts(K, step->gram, order, o->eps, c);
	sum_rows(K, c, weight);
	for (int k = 0; o->reduction == REDUCTION_MEAN && k < K; k++)
		weight[k] /= K;
	return OK;
}

const struct weighting weighting_pcgrad = {
	.needs = NEEDS_SHARED_GRADIENTS,
	.parse = parse,
	.weigh = weigh,
	.heads = heads_unweighted,
};
