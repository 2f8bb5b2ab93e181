/* Scalarization: fixed weights on the simplex. */
#include <math.h>
#include <string.h>
#include "trainer-core/weighting/method.h"

#define SUM_TOLERANCE 1e-9

static int check(
	const struct weighting_setup *setup, const double *w, int n, struct err *e)
{
	double sum = 0;

	if (n != setup->K)
		return err_set(e, ERR_SPEC, "weights: %d for %d tasks", n, setup->K);
	for (int k = 0; k < n; k++) {
		if (!(w[k] >= 0))
			return err_set(e, ERR_SPEC, "weights: %g is negative", w[k]);
		sum += w[k];
	}
	if (!(fabs(sum - 1) <= SUM_TOLERANCE))
		return err_set(e, ERR_SPEC, "weights: their sum is %.12g, not 1", sum);
	return OK;
}

static int parse(struct weighting_setup *setup, const struct params *ps,
	struct arena *a, struct err *e)
{
	double *w = NEW_ARRAY(a, double, TASKS_MAX);
	int n;
	int rc = setting_list(ps, "weights", w, TASKS_MAX, &n, e);

	if (rc)
		return rc;
	setup->options = w;
	return check(setup, w, n, e);
}

static int weigh(const struct weighting_setup *setup, double *state,
	const struct weighting_step *step, double *weight, struct err *e)
{
	(void)state, (void)step, (void)e;
	memcpy(weight, setup->options, (size_t)setup->K * sizeof(*weight));
	return OK;
}

const struct weighting weighting_scalarization = { .parse = parse, .weigh = weigh };
