/* What methods on gradients share: where their gradients lie, what heads get, residuals. */
#include <math.h>
#include "trainer-core/weighting/method.h"

int gradient_options(struct weighting_setup *setup, const struct params *ps,
	struct gradient_options *o, struct err *e)
{
	int gradients = GRADIENTS_PARAMETERS;
	int heads = HEADS_OWN;
	int rc = setting_choice(ps, "gradients", &gradients, e);

	if (!rc)
		rc = setting_choice(ps, "heads", &heads, e);
	if (rc)
		return rc;
	o->features = gradients == GRADIENTS_FEATURES;
	o->weighted_heads = heads == HEADS_WEIGHTED;
	if (o->features)
		setup->needs = (setup->needs & ~(unsigned)NEEDS_SHARED_GRADIENTS) |
			NEEDS_FEATURE_GRADIENTS;
	return OK;
}

void residual_note(double *state, double residual)
{
	state[0] = fmax(state[0], residual);
}

size_t residual_state_size(const struct weighting_setup *setup)
{
	(void)setup;
	return 1;
}

void residual_end_epoch(
	const struct weighting_setup *setup, double *state, const double *mean_loss)
{
	(void)setup, (void)mean_loss;
	state[0] = 0;
}

int residual_diagnose(const struct weighting_setup *setup, const double *state,
	const double *mean_loss, struct diagnostic *d)
{
	(void)setup, (void)mean_loss;
	d[0] = (struct diagnostic){ "solver_residual", -1, state[0] };
	return 1;
}
