#include "trainer-core/weighting/shared/impartial.h"

#include <math.h>
#include "trainer-core/weighting/method.h"

static const double *log_sigma(const struct impartial *o, const double *state)
{
	return learned_values(state + o->learned.at);
}

int impartial_parse(struct weighting_setup *setup, const struct params *ps, size_t at,
	struct impartial *out, struct err *e)
{
	int rc = setting_bool(ps, "impartial", &out->on, e);

	out->learned = (struct learned){ .n = setup->K, .at = at };
	if (!rc && out->on && !(setup->needs & NEEDS_GRADIENTS))
		setup->needs |= NEEDS_FEATURE_GRADIENTS;
	return rc ? rc : setting_real(ps, "sigma", &out->sigma, e);
}

size_t impartial_size(const struct weighting_setup *setup, const struct impartial *o)
{
	return o->on ? learned_size(setup, setup->K) : 0;
}

void impartial_init(
	const struct weighting_setup *setup, const struct impartial *o, double *state)
{
	double start[TASKS_MAX];

	for (int k = 0; k < setup->K; k++)
		start[k] = log(o->each ? o->each[k] : o->sigma);
	if (o->on)
		learned_init_each(state + o->learned.at, setup->K, start);
}

void impartial_heads(const struct weighting_setup *setup, const struct impartial *o,
	const double *state, double *head)
{
	for (int k = 0; k < setup->K; k++)
		head[k] = 0.5 * exp(-2 * log_sigma(o, state)[k]);
}

double impartial_objective(const struct weighting_setup *setup, const double *state,
	const double *loss, double *gradient)
{
	const struct impartial *o = setup->options;
	double total = 0;

	for (int k = 0; k < setup->K; k++) {
		double s = log_sigma(o, state)[k];
		double weighted = 0.5 * exp(-2 * s) * loss[k];

		total += weighted + s;
		gradient[k] = 1 - 2 * weighted;
	}
	return total;
}

int impartial_diagnose(const struct weighting_setup *setup, const double *state,
	const double *mean_loss, struct diagnostic *d)
{
	const struct impartial *o = setup->options;

	(void)mean_loss;
	for (int k = 0; o->on && k < setup->K; k++)
		d[k] = (struct diagnostic){ "log_variance", k,
			2 * log_sigma(o, state)[k] };
	return o->on ? setup->K : 0;
}
