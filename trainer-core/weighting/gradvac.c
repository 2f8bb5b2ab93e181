/*
 * GradVac (Wang et al. 2021): gradients are turned towards each other until their cosine
 * reaches a target, which follows the cosines met: rho_ij starts at 0 and moves by beta.
 * Others are met in an order drawn afresh for each task and step; the shared gradient is
 * the sum. Heads keep their own gradients. A zero gradient has no direction and is passed
 * by.
 *
 * `group`: the whole trunk, every layer or every matrix (a weight or a bias) for itself,
 * with targets of its own; the order is one for all. The weights that are recorded are
 * then means over the trunk's parameters.
 *
 * State: rho (parts, K, K), the recorded weights (K).
 */
#include <string.h>
#include "trainer-core/kernel/kernel.h"
#include "trainer-core/solver/projection.h"
#include "trainer-core/weighting/method.h"

struct gradvac {
	double beta, eps;
	int group;
};

static int parse(struct weighting_setup *setup, const struct params *ps,
	struct arena *a, struct err *e)
{
	struct gradvac *o = NEW(a, struct gradvac);
	int rc = setting_real(ps, "beta", &o->beta, e);

	setup->options = o;
	if (!rc)
		rc = setting_choice(ps, "group", &o->group, e);
	return rc ? rc : setting_real(ps, "eps", &o->eps, e);
}

static const struct trunk_parts *parts_of(const struct weighting_setup *setup)
{
	static const struct trunk_parts whole = { .n = 1 };
	const struct gradvac *o = setup->options;

	if (o->group == GRADVAC_MODEL || !setup->trunk)
		return &whole;
	return o->group == GRADVAC_LAYER ? &setup->trunk->layers
					 : &setup->trunk->arrays;
}

static size_t square(const struct weighting_setup *setup)
{
	return (size_t)setup->K * (size_t)setup->K;
}

static double *recorded(const struct weighting_setup *setup, double *state)
{
	return state + (size_t)parts_of(setup)->n * square(setup);
}

static size_t state_size(const struct weighting_setup *setup)
{
	return (size_t)parts_of(setup)->n * square(setup) + (size_t)setup->K;
}

/* Scalar products in a part, and what each gradient is multiplied by in each. */
static size_t work(const struct weighting_setup *setup)
{
	return square(setup) + (size_t)parts_of(setup)->n * (size_t)setup->K;
}

static void fill_gram(int K, const struct kernels *kernels,
	const struct task_gradients *g, size_t from, size_t n, double *gram)
{
	for (int i = 0; i < K; i++)
		for (int j = 0; j <= i; j++)
			gram[i * K + j] = gram[j * K + i] =
				kernels->dot(n, g->g[i] + from, g->g[j] + from);
}

/* weight (K) of one part, whose targets follow. */
static void turn(const struct weighting_setup *setup, const struct weighting_step *step,
	const double *gram, double *rho, double *weight)
{
	const struct gradvac *o = setup->options;
	int K = setup->K;
	int order[TASKS_MAX * TASKS_MAX];
	double c[TASKS_MAX * TASKS_MAX];

	draw_orders(K, (struct rng_orders){ setup->seed, (uint64_t)step->step }, order);
	vaccinate(K, gram, order, o->beta, o->eps, rho, c);
	sum_rows(K, c, weight);
}

static void prepare(const struct weighting_setup *setup, double *state,
	const struct weighting_step *step, const struct kernels *kernels,
	struct task_gradients *g)
{
	const struct trunk_parts *parts = parts_of(setup);
	double *weight = g->work + square(setup);
	double *mean = recorded(setup, state);
	int K = setup->K;

	if (!parts->begin)
		return;
	memset(mean, 0, (size_t)K * sizeof(*mean));
	for (int p = 0; p < parts->n; p++, weight += K, state += K * K) {
		size_t n = parts->begin[p + 1] - parts->begin[p];

		fill_gram(K, kernels, g, parts->begin[p], n, g->work);
		turn(setup, step, g->work, state, weight);
		for (int k = 0; k < K; k++)
			mean[k] += weight[k] * (double)n / (double)g->n;
	}
}

static int weigh(const struct weighting_setup *setup, double *state,
	const struct weighting_step *step, double *weight, struct err *e)
{
	(void)e;
	if (parts_of(setup)->begin)
		memcpy(weight, recorded(setup, state),
			(size_t)setup->K * sizeof(*weight));
	else
		turn(setup, step, step->gram, state, weight);
	return OK;
}

static void merge(const struct weighting_setup *setup, const double *state,
	const struct weighting_step *step, const struct kernels *kernels,
	const double *weight, struct task_gradients *g)
{
	const struct trunk_parts *parts = parts_of(setup);

	(void)state, (void)step;
	if (!parts->begin) {
		add_up(setup->K, kernels, weight, g);
		return;
	}
	weight = g->work + square(setup);
	memset(g->out, 0, g->n * sizeof(*g->out));
	for (int p = 0; p < parts->n; p++, weight += setup->K)
		for (int k = 0; k < setup->K; k++)
			kernels->axpy(parts->begin[p + 1] - parts->begin[p],
				(float)weight[k], g->g[k] + parts->begin[p],
				g->out + parts->begin[p]);
}

const struct weighting weighting_gradvac = {
	.needs = NEEDS_SHARED_GRADIENTS,
	.parse = parse,
	.state_size = state_size,
	.work = work,
	.prepare = prepare,
	.weigh = weigh,
	.merge = merge,
	.heads = heads_unweighted,
};
