/*
 * UW-SO: w = softmax(a / T) of the inverse losses a_k = 1 / L_k (Kirchdorfer et al.
 * 2025, eq. 17). A large T gives 1/K each, a small one puts everything on the smallest
 * loss. A loss of 0 is taken as 1e-12, with a `floor` every one below it as the floor;
 * state[0] counts them through the epoch.
 */
#include <math.h>
#include "trainer-core/weighting/shared/inverse.h"
#include "trainer-core/weighting/method.h"

struct uw_so {
	double T;
	struct inverse_floor floor;
};

static int parse(struct weighting_setup *setup, const struct params *ps,
	struct arena *a, struct err *e)
{
	struct uw_so *o = NEW(a, struct uw_so);
	int rc;

	setup->options = o;
	o->T = NAN;
	rc = setting_real(ps, "T", &o->T, e);
	if (rc)
		return rc;
	if (isnan(o->T))
		return err_set(e, ERR_SPEC, "T is missing");
	return inverse_floor_parse(ps, &o->floor, e);
}

static int weigh(const struct weighting_setup *setup, double *state,
	const struct weighting_step *step, double *weight, struct err *e)
{
	const struct uw_so *o = setup->options;

	(void)e;
	state[0] += inverse_softmax(setup->K, step->loss, &o->floor, o->T, weight);
	return OK;
}

static int diagnose(const struct weighting_setup *setup, const double *state,
	const double *mean_loss, struct diagnostic *d)
{
	const struct uw_so *o = setup->options;

	return inverse_diagnose(setup->K, mean_loss, &o->floor, o->T, state[0], d);
}

const struct weighting weighting_uw_so = {
	.parse = parse,
	.state_size = inverse_state_size,
	.weigh = weigh,
	.end_epoch = inverse_end_epoch,
	.diagnose = diagnose,
};
