/*
 * Fixed weights of any sum: 1 each, as the sum of the losses has it, or a list with one
 * for each task (`weights`).
 */
#include <string.h>
#include "trainer-core/weighting/method.h"

static int parse(struct weighting_setup *setup, const struct params *ps,
	struct arena *a, struct err *e)
{
	double *w = NEW_ARRAY(a, double, TASKS_MAX);
	double sum = 0;
	int n;
	int rc = setting_list(ps, "weights", w, TASKS_MAX, &n, e);

	setup->options = w;
	if (!rc && params_get(ps, "weights") && n != setup->K)
		return err_set(e, ERR_SPEC, "weights: %d for %d tasks", n, setup->K);
	for (int k = 0; k < setup->K && !rc; k++) {
		if (!params_get(ps, "weights"))
			w[k] = 1;
		sum += w[k];
	}
	return rc || sum > 0 ? rc : err_set(e, ERR_SPEC, "weights: all are 0");
}

static int weigh(const struct weighting_setup *setup, double *state,
	const struct weighting_step *step, double *weight, struct err *e)
{
	(void)state, (void)step, (void)e;
	memcpy(weight, setup->options, (size_t)setup->K * sizeof(*weight));
	return OK;
}

const struct weighting weighting_ew = { .parse = parse, .weigh = weigh };
