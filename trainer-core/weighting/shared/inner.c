#include "trainer-core/weighting/shared/inner.h"

int inner_parse(struct inner *x, const struct weighting_setup *outer,
	const struct params *ps, const char *method, size_t *at, struct arena *a,
	struct err *e)
{
	struct params *own = NEW(a, struct params);
	const char *seed = params_get(ps, "seed");
	int rc;

	params_set(own, a, "method", method);
	if (seed)
		params_set(own, a, "seed", seed);
	rc = weighting_init(&x->setup, own, outer->K, outer->task, outer->optim, a, e);
	if (rc)
		return rc;
	x->on = true;
	x->at = *at;
	*at += weighting_state_size(&x->setup);
	return OK;
}

void inner_init(const struct inner *x, double *state)
{
	if (x->on)
		weighting_state_init(&x->setup, state + x->at);
}

int inner_weigh(const struct inner *x, double *state, const struct weighting_step *step,
	double *weight, struct err *e)
{
	return x->on ? weighting_weigh(&x->setup, state + x->at, step, weight, e) : OK;
}

void inner_update(
	const struct inner *x, double *state, const struct weighting_step *step)
{
	if (x->on)
		weighting_update(&x->setup, state + x->at, step);
}

void inner_end_epoch(const struct inner *x, double *state, const double *mean_loss)
{
	if (x->on)
		weighting_end_epoch(&x->setup, state + x->at, mean_loss);
}
