#include <limits.h>
#include <math.h>
#include "orchestrator/stats/stats.h"

#define INTEGER_TOLERANCE 1e-9

int stats_simplex_steps(double step, int *m, struct err *e)
{
	double steps = 1 / step;
	double whole = round(steps);

	if (!(step > 0 && step <= 1) || steps > INT_MAX ||
		fabs(steps - whole) > INTEGER_TOLERANCE * steps)
		return err_set(e, ERR_SPEC,
			"a step of %g does not divide 1 into whole steps", step);
	*m = (int)whole;
	return OK;
}

/* n over k; INT64_MAX where it is larger. */
static int64_t binomial(int64_t n, int64_t k)
{
	int64_t c = 1;

	for (int64_t i = 1; i <= k; i++) {
		/* c f / i is whole; in two parts, of which only one can be large. */
		int64_t f = n - k + i;
		int64_t part = c % i * f / i;

		if (c / i > (INT64_MAX - part) / f)
			return INT64_MAX;
		c = c / i * f + part;
	}
	return c;
}

int64_t stats_simplex_count(int K, int m, int low)
{
	int64_t spare = (int64_t)m - (int64_t)K * low;

	if (K < 1 || spare < 0)
		return 0;
	/* Both sides of Pascal's triangle are equal; the shorter one is enough. */
	return binomial(spare + K - 1, spare < K - 1 ? spare : K - 1);
}

bool stats_simplex_first(int K, int m, int low, int *steps)
{
	if (K < 1 || m < (int64_t)K * low)
		return false;
	for (int k = 0; k < K; k++)
		steps[k] = low;
	steps[K - 1] += m - K * low;
	return true;
}

/* Raises the last entry that something to its right can pay for. */
bool stats_simplex_next(int K, int low, int *steps)
{
	int spare = 0;

	for (int k = K - 1; k > 0; k--) {
		spare += steps[k] - low;
		steps[k] = low;
		if (spare > 0) {
			steps[k - 1]++;
			steps[K - 1] = low + spare - 1;
			return true;
		}
	}
	return false;
}
