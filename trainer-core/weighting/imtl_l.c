/*
 * IMTL-L: learned log weights s, min over s of e^{s_k} L_k - s_k. w_k = e^{s_k}; at rest
 * every weighted loss is 1.
 */
#include <math.h>
#include "trainer-core/weighting/shared/learned.h"
#include "trainer-core/weighting/method.h"

struct imtl_l {
	struct learned learned; /* first: learned_update */
	double init[TASKS_MAX];
};

static int parse(struct weighting_setup *setup, const struct params *ps,
	struct arena *a, struct err *e)
{
	struct imtl_l *o = NEW(a, struct imtl_l);
	bool ended; /* at a log weight, which is the scalar itself */
	int rc;

	setup->options = o;
	rc = learned_start(setup, ps, o->init, &ended, e);
	return rc ? rc : learned_parse(setup, ps, &o->learned, e);
}

static size_t state_size(const struct weighting_setup *setup)
{
	return learned_size(setup, setup->K);
}

static void init(const struct weighting_setup *setup, double *state)
{
	const struct imtl_l *o = setup->options;

	learned_init_each(state, setup->K, o->init);
}

static int weigh(const struct weighting_setup *setup, double *state,
	const struct weighting_step *step, double *weight, struct err *e)
{
	(void)step, (void)e;
	for (int k = 0; k < setup->K; k++)
		weight[k] = exp(learned_values(state)[k]);
	return OK;
}

static int diagnose(const struct weighting_setup *setup, const double *state,
	const double *mean_loss, struct diagnostic *d)
{
	(void)mean_loss;
	return learned_diagnose(setup, state, "log_weight", d);
}

const struct weighting weighting_imtl_l = {
	.parse = parse,
	.state_size = state_size,
	.init = init,
	.weigh = weigh,
	.update = learned_update,
	.objective = learned_log_weights,
	.diagnose = diagnose,
};
