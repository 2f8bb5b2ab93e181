/*
 * IMTL-G (Liu et al. 2021): weights with sum 1, of any sign, under which the combined
 * gradient has the same projection on every task's. Heads keep the gradients of their own
 * losses. A zero gradient has weight 0; where no such weights exist, as for opposite
 * gradients, all are 0 and what is shared does not move. state[0] counts those steps
 * through the epoch.
 */
#include "trainer-core/solver/solver.h"
#include "trainer-core/weighting/method.h"

static int parse(struct weighting_setup *setup, const struct params *ps,
	struct arena *a, struct err *e)
{
	struct gradient_options *o = NEW(a, struct gradient_options);

	setup->options = o;
	return gradient_options(setup, ps, o, e);
}

static int weigh(const struct weighting_setup *setup, double *state,
	const struct weighting_step *step, double *weight, struct err *e)
{
	(void)e;
	state[0] += !equal_projections(setup->K, step->gram, weight);
	return OK;
}

static void heads(const struct weighting_setup *setup, const double *state,
	const struct weighting_step *step, const double *weight, double *head)
{
	const struct gradient_options *o = setup->options;

	if (!o->weighted_heads)
		heads_unweighted(setup, state, step, weight, head);
}

static int diagnose(const struct weighting_setup *setup, const double *state,
	const double *mean_loss, struct diagnostic *d)
{
	(void)setup, (void)mean_loss;
	d[0] = (struct diagnostic){ "steps_without_weights", -1, state[0] };
	return state[0] > 0;
}

const struct weighting weighting_imtl_g = {
	.needs = NEEDS_SHARED_GRADIENTS,
	.parse = parse,
	.state_size = residual_state_size,
	.weigh = weigh,
	.end_epoch = residual_end_epoch,
	.diagnose = diagnose,
	.heads = heads,
};
