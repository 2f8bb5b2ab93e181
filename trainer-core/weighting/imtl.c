/*
 * IMTL (Liu et al. 2021), both parts: IMTL-L's learned scales e^{s_k} on the losses and
 * IMTL-G's weights on the gradients of the scaled losses. Heads get e^{s_k}.
 *
 * State: steps of the epoch without weights (imtl_g.c), then the learned scalars s.
 */
#include <math.h>
#include "trainer-core/weighting/shared/learned.h"
#include "trainer-core/solver/solver.h"
#include "trainer-core/weighting/method.h"

struct imtl {
	struct learned learned; /* first: learned_update */
	struct gradient_options gradient;
	double init[TASKS_MAX];
};

static int parse(struct weighting_setup *setup, const struct params *ps,
	struct arena *a, struct err *e)
{
	struct imtl *o = NEW(a, struct imtl);
	bool ended; /* at a log weight, which is the scalar itself */
	int rc = gradient_options(setup, ps, &o->gradient, e);

	setup->options = o;
	o->learned.at = 1;
	if (!rc)
		rc = learned_start(setup, ps, o->init, &ended, e);
	return rc ? rc : learned_parse(setup, ps, &o->learned, e);
}

static size_t state_size(const struct weighting_setup *setup)
{
	return 1 + learned_size(setup, setup->K);
}

static void init(const struct weighting_setup *setup, double *state)
{
	const struct imtl *o = setup->options;

	learned_init_each(state + 1, setup->K, o->init);
}

static int weigh(const struct weighting_setup *setup, double *state,
	const struct weighting_step *step, double *weight, struct err *e)
{
	const double *s = learned_values(state + 1);
	double M[TASKS_MAX * TASKS_MAX] = { 0 };
	int K = setup->K;

	(void)e;
	for (int i = 0; i < K; i++)
		for (int j = 0; j < K; j++)
			M[i * K + j] = exp(s[i]) * exp(s[j]) * step->gram[i * K + j];
	state[0] += !equal_projections(K, M, weight);
	for (int k = 0; k < K; k++)
		weight[k] *= exp(s[k]);
	return OK;
}

static void heads(const struct weighting_setup *setup, const double *state,
	const struct weighting_step *step, const double *weight, double *head)
{
	(void)step, (void)weight;
	for (int k = 0; k < setup->K; k++)
		head[k] = exp(learned_values(state + 1)[k]);
}

static int diagnose(const struct weighting_setup *setup, const double *state,
	const double *mean_loss, struct diagnostic *d)
{
	int n = learned_diagnose(setup, state, "log_weight", d);

	(void)mean_loss;
	if (state[0] > 0)
		d[n++] = (struct diagnostic){ "steps_without_weights", -1, state[0] };
	return n;
}

const struct weighting weighting_imtl = {
	.needs = NEEDS_SHARED_GRADIENTS,
	.parse = parse,
	.state_size = state_size,
	.init = init,
	.weigh = weigh,
	.update = learned_update,
	.objective = learned_log_weights,
	.end_epoch = residual_end_epoch,
	.diagnose = diagnose,
	.heads = heads,
};
