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
#include "trainer-core/weighting/shared/sign_dropout.h"
#include "trainer-core/weighting/method.h"

struct graddrop {
	double leak, eps;
	int reduction;
};

static int parse(struct weighting_setup *setup, const struct params *ps,
	struct arena *a, struct err *e)
{
	struct graddrop *o = NEW(a, struct graddrop);
	int gradients;
	int rc = setting_choice(ps, "gradients", &gradients, e);

	setup->options = o;
	if (!rc && gradients == GRADIENTS_PARAMETERS)
		setup->needs = NEEDS_SHARED_GRADIENTS;
	if (!rc)
		rc = setting_real(ps, "leak", &o->leak, e);
	if (!rc)
		rc = setting_real(ps, "eps", &o->eps, e);
	return rc ? rc : setting_choice(ps, "reduction", &o->reduction, e);
}

static int weigh(const struct weighting_setup *setup, double *state,
	const struct weighting_step *step, double *weight, struct err *e)
{
	(void)state, (void)step, (void)e;
	for (int k = 0; k < setup->K; k++)
		weight[k] = 1;
	return OK;
}

struct stream {
	uint64_t seed, step;
};

static double draw(const void *arg, size_t f)
{
	const struct stream *s = arg;

	return rng_uniform(s->seed, RNG_WEIGHTING, s->step, f);
}

static void merge(const struct weighting_setup *setup, const double *state,
	const struct weighting_step *step, const struct kernels *kernels,
	const double *weight, struct task_gradients *g)
{
	const struct graddrop *o = setup->options;
	struct stream stream = { setup->seed, (uint64_t)step->step };
	struct sign_dropout dropout = { .K = setup->K,
		.leak = o->leak,
		.eps = o->eps,
		.scale = o->reduction == REDUCTION_MEAN ? 1.0 / setup->K : 1,
		.draw = draw,
		.arg = &stream };

	(void)state, (void)kernels, (void)weight;
	sign_dropout(&dropout, g);
}

const struct weighting weighting_graddrop = {
	.needs = NEEDS_FEATURE_GRADIENTS,
	.parse = parse,
	.weigh = weigh,
	.merge = merge,
	.heads = heads_unweighted,
};
