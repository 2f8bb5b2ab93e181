/*
 * GradDrop (Chen et al. 2020): where the tasks' gradients disagree in sign, one sign is
 * drawn and the others' values are dropped. P = (1 + sum g / (sum |g| + eps)) / 2 is the
 * chance of the positive sign; `leak` of every gradient passes in any case.
 *
 * On features (the paper): one draw a feature for the whole batch, from the gradients
 * times the features' signs, summed over the batch. On parameters (the code of CAGrad's
 * family): one draw a parameter, no sign. Heads keep their own gradients; the weights that
 * are recorded are 1. Draws are a function of (seed, step, coordinate).
 */
#include <math.h>
#include "trainer-core/weighting/method.h"

struct graddrop {
	struct gradient_options gradient;
	double leak, eps;
	int mean;
};

static int parse(struct weighting_setup *setup, const struct params *ps,
	struct arena *a, struct err *e)
{
	struct graddrop *o = NEW(a, struct graddrop);
	int parameters;
	int rc = weighting_choice(setup, ps, "gradients", &parameters, e);

	setup->options = o;
	if (!rc && parameters)
		setup->needs = NEEDS_SHARED_GRADIENTS;
	if (!rc)
		rc = weighting_option(setup, ps, "leak", &o->leak, e);
	if (!rc)
		rc = weighting_option(setup, ps, "eps", &o->eps, e);
	return rc ? rc : weighting_choice(setup, ps, "reduction", &o->mean, e);
}

static int weigh(const struct weighting_setup *setup, double *state,
	const struct weighting_step *step, double *weight, struct err *e)
{
	(void)state, (void)step, (void)e;
	for (int k = 0; k < setup->K; k++)
		weight[k] = 1;
	return OK;
}

static double sign(double x)
{
	return (x > 0) - (x < 0);
}

/* What decides about coordinate f of task k: the batch's sum, or the value itself. */
static double evidence(
	const struct task_gradients *g, const float *own, size_t f, size_t width)
{
	double sum = 0;

	if (!g->feature)
		return (double)own[f];
	for (size_t i = f; i < g->n; i += width)
		sum += (double)own[i] * sign((double)g->feature[i]);
	return sum;
}

static void merge(const struct weighting_setup *setup, const double *state,
	const struct weighting_step *step, const double *weight,
	struct task_gradients *g)
{
	const struct graddrop *o = setup->options;
	size_t width = g->feature ? g->n / (size_t)g->samples : g->n;
	int K = setup->K;
	double scale = o->mean ? 1.0 / K : 1;

	(void)state, (void)weight;
	for (size_t f = 0; f < width; f++) {
		double own[TASKS_MAX];
		double sum = 0;
		double size = 0;
		bool positive;

		for (int k = 0; k < K; k++) {
			own[k] = evidence(g, g->g[k], f, width);
			sum += own[k];
			size += fabs(own[k]);
		}
		positive = 0.5 * (1 + sum / (size + o->eps)) >
			rng_uniform(
				setup->seed, RNG_WEIGHTING, (uint64_t)step->step, f);
		for (size_t i = f; i < g->n; i += width) {
			double total = 0;

			for (int k = 0; k < K; k++) {
				bool kept = positive ? own[k] > 0 : own[k] < 0;

				total += (kept ? 1 : o->leak) * (double)g->g[k][i];
			}
			g->out[i] = (float)(scale * total);
		}
	}
}

const struct weighting weighting_graddrop = {
	.needs = NEEDS_FEATURE_GRADIENTS,
	.parse = parse,
	.weigh = weigh,
	.merge = merge,
	.heads = heads_unweighted,
};
