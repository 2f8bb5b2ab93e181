#include "trainer-core/weighting/shared/learned.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include "trainer-core/optim/optim.h"
#include "trainer-core/weighting/method.h"

int learned_parse(const struct weighting_setup *setup, const struct params *ps,
	struct learned *out, struct err *e)
{
	int rc = setting_real(ps, "weight_lr", &out->lr, e);

	if (!out->n)
		out->n = setup->K;
	return rc ? rc : setting_real(ps, "weight_wd", &out->wd, e);
}

size_t learned_size(const struct weighting_setup *setup, int n)
{
	return 1 + (size_t)n * (size_t)(1 + optim_scalar_floats(setup->optim));
}

void learned_init(double *state, int n, double value)
{
	for (int i = 0; i < n; i++)
		state[1 + i] = value;
}

void learned_init_each(double *state, int n, const double *value)
{
	memcpy(state + 1, value, (size_t)n * sizeof(*value));
}

int learned_start(const struct weighting_setup *setup, const struct params *ps,
	double *v, bool *ended, struct err *e)
{
	int rc = setting_each(ps, "init", setup->K, v, e);

	*ended = false;
	for (int k = 0; k < setup->K && !rc; k++) {
		const char *task = setup->task[k].name;
		char name[16 + 256];
		const char *text;

		snprintf(name, sizeof(name), "init.end.%s", task);
		text = params_get(ps, name);
		if (k && !text != !*ended)
			return err_set(e, ERR_SPEC,
				"init: the run that it is taken from has other tasks");
		*ended = text != NULL;
		if (text && !number_parse(text, &v[k]))
			return err_set(
				e, ERR_SPEC, "%s: \"%s\" is not a number", name, text);
	}
	return rc;
}

void learned_step(const struct weighting_setup *setup, const struct learned *learned,
	const struct weighting_step *step, const double *gradient, double *state)
{
	struct optim_info optim = *setup->optim;
	int n = learned->n;
	double *steps = state + learned->at;
	double *value = steps + 1;
	double before[LEARNED_MAX];

	ASSERT(n <= LEARNED_MAX);
	memcpy(before, value, (size_t)n * sizeof(*before));
	++*steps;
	optim.lr = (learned->lr > 0 ? learned->lr : optim.lr) * step->lr_factor;
	optim.wd = learned->wd;
	optim_scalar_step(&optim, state_count(*steps), n, value, gradient, value + n);
	for (int i = 0; learned->positive && i < n; i++)
		value[i] = fmax(value[i], before[i] / 2);
}

void learned_update(const struct weighting_setup *setup, double *state,
	const struct weighting_step *step)
{
	double gradient[LEARNED_MAX];

	(void)setup->ops->objective(setup, state, step->loss, gradient);
	learned_step(setup, setup->options, step, gradient, state);
}

double learned_log_weights(const struct weighting_setup *setup, const double *state,
	const double *loss, double *gradient)
{
	const struct learned *o = setup->options;
	const double *s = learned_values(state + o->at);
	double total = 0;

	for (int k = 0; k < setup->K; k++) {
		double weighted = exp(s[k]) * loss[k];

		total += weighted - s[k];
		gradient[k] = weighted - 1;
	}
	return total;
}

int learned_diagnose(const struct weighting_setup *setup, const double *state,
	const char *name, struct diagnostic *d)
{
	const struct learned *o = setup->options;

	for (int k = 0; k < setup->K; k++)
		d[k] = (struct diagnostic){ name, k, learned_values(state + o->at)[k] };
	return setup->K;
}
