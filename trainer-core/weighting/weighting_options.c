/* What methods on gradients share: where their gradients lie, what heads get, residuals. */
#include <math.h>
#include "trainer-core/weighting/method.h"

static int choice_of(const struct weighting_setup *setup, const struct params *ps,
	const char *name, int *index, struct err *e)
{
	*index = 0;
	return param_info_find(setup->info->params, name)
		? weighting_choice(setup, ps, name, index, e)
		: OK;
}

int gradient_options(struct weighting_setup *setup, const struct params *ps,
	struct gradient_options *o, struct err *e)
{
	int rc = choice_of(setup, ps, "gradients", &o->features, e);

	if (!rc)
		rc = choice_of(setup, ps, "heads", &o->weighted_heads, e);
	if (!rc && o->features)
		setup->needs = (setup->needs & ~(unsigned)NEEDS_SHARED_GRADIENTS) |
			NEEDS_FEATURE_GRADIENTS;
	return rc;
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
