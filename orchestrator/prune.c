#include "orchestrator/prune.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The k-th smallest (from 1) of n values that lie `stride` apart. */
static double kth(int n, const double *x, int stride, int k, double *scratch)
{
	for (int i = 0; i < n; i++)
		scratch[i] = x[(size_t)i * (size_t)stride];
	qsort(scratch, (size_t)n, sizeof(*scratch), by_value);
	return scratch[(k < n ? k : n) - 1];
}

static void rungs(int keep, int n, int window, const double *delta_m, double *bound,
	bool *stop, double *scratch)
{
	for (int i = 0; i < n; i++)
		stop[i] = true;
	for (int w = 0; w < window; w++) {
		double limit = kth(n, delta_m + w, window, keep, scratch);

		for (int i = 0; i < n; i++) {
			bound[i] = limit;
			if (delta_m[i * window + w] <= limit)
				stop[i] = false;
		}
	}
}

/* Stops who is above the k-th lowest figure; of those equal to it, the last ones. */
static void halving(
	int k, int n, const double *figure, double *bound, bool *stop, double *scratch)
{
	double limit = kth(n, figure, 1, k, scratch);
	int room = k;

	for (int i = 0; i < n; i++)
		room -= figure[i] < limit;
	for (int i = 0; i < n; i++) {
		bound[i] = limit;
		stop[i] = figure[i] > limit || (figure[i] == limit && room-- <= 0);
	}
}

static void median(
	int n, const double *figure, double *bound, bool *stop, double *scratch)
{
	double low = kth(n, figure, 1, (n + 1) / 2, scratch);
	double high = kth(n, figure, 1, n / 2 + 1, scratch);
	double limit = low == high ? low : (low + high) / 2;

	for (int i = 0; i < n; i++) {
		bound[i] = limit;
		stop[i] = figure[i] > limit;
	}
}

void prune_decide(const struct prune_rule_args *args, int n, int window,
	const double *delta_m, double *figure, double *bound, bool *stop)
{
	struct arena a = { 0 };
	double *scratch = NEW_ARRAY(&a, double, n);

	for (int i = 0; i < n; i++) {
		figure[i] = 0;
		for (int w = 0; w < window; w++)
			figure[i] += delta_m[i * window + w] / window;
		bound[i] = HUGE_VAL;
		stop[i] = false;
	}
	switch (n > 0 ? args->rule : PRUNE_NONE) {
	case PRUNE_RUNGS:
		rungs(args->keep, n, window, delta_m, bound, stop, scratch);
		break;
	case PRUNE_HALVING:
		halving((int)ceil(n / args->eta), n, figure, bound, stop, scratch);
		break;
	case PRUNE_MEDIAN:
		median(n, figure, bound, stop, scratch);
		break;
	case PRUNE_NONE:
		break;
	}
	arena_release(&a);
}
