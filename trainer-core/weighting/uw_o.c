/*
 * UW-O: the analytically optimal uncertainty weights w_k = 1 / L_k, for every loss type
 * (Kirchdorfer et al. 2025, eq. 16). Every weighted loss is 1; multiplying a loss by a
 * constant changes nothing. A loss of 0 is taken as 1e-12, with a `floor` every one below
 * it as the floor; state[0] counts them through the epoch.
 */
#include "trainer-core/weighting/shared/inverse.h"
#include "trainer-core/weighting/method.h"

static int parse(struct weighting_setup *setup, const struct params *ps,
	struct arena *a, struct err *e)
{
	struct inverse_floor *floor = NEW(a, struct inverse_floor);

	setup->options = floor;
	return inverse_floor_parse(ps, floor, e);
}

static int weigh(const struct weighting_setup *setup, double *state,
	const struct weighting_step *step, double *weight, struct err *e)
{
	const struct inverse_floor *floor = setup->options;

	(void)e;
	state[0] += inverse_losses(setup->K, step->loss, floor, weight);
	return OK;
}

static int diagnose(const struct weighting_setup *setup, const double *state,
	const double *mean_loss, struct diagnostic *d)
{
	(void)setup, (void)mean_loss;
	d[0] = (struct diagnostic){ "floored_losses", -1, state[0] };
	return state[0] > 0;
}

const struct weighting weighting_uw_o = {
	.parse = parse,
	.state_size = inverse_state_size,
	.weigh = weigh,
	.end_epoch = inverse_end_epoch,
	.diagnose = diagnose,
};
