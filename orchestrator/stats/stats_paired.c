#include "orchestrator/stats/stats_paired.h"

#include <float.h>
#include <math.h>
#include <string.h>
#include "common/rng.h"
#include "orchestrator/stats/stats.h"
#include "orchestrator/stats/stats_distribution.h"

struct stats_test stats_paired_t(int n, const double *d)
{
	double mean = stats_mean(n, d);
	double error = stats_std(n, d) / sqrt(n);

	if (n < 2)
		return (struct stats_test){ NAN, NAN };
	if (error == 0)
		return (struct stats_test){ mean == 0 ? 1 : 0, 0 };
	return (struct stats_test){ stats_t_two_sided(mean / error, n - 1), 0 };
}

/* How many ways to give d its signs lead from this sum to one as far from 0 as `limit`. */
static uint32_t count_flips(int n, const double *d, double sum, double limit)
{
	if (!n)
		return fabs(sum) >= limit;
	return count_flips(n - 1, d + 1, sum + *d, limit) +
		count_flips(n - 1, d + 1, sum - *d, limit);
}

/* The same of patterns that are drawn; the first one is the observed. */
static uint32_t count_drawn(int n, const double *d, double limit)
{
	uint32_t extreme = 1;

	for (uint32_t pattern = 1; pattern < STATS_FLIPS_DRAWN; pattern++) {
		uint64_t bits = 0;
		double sum = 0;

		for (int i = 0; i < n; i++) {
			if (i % 64 == 0)
				bits = rng_bits(STATS_SEED, RNG_RESAMPLE, pattern,
					(uint64_t)i / 64);
			sum += bits >> (i % 64) & 1 ? -d[i] : d[i];
		}
		extreme += fabs(sum) >= limit;
	}
	return extreme;
}

struct stats_test stats_sign_flip(int n, const double *d)
{
	bool exact = n <= STATS_FLIPS_EXACT;
	double patterns = exact ? ldexp(1, n) : STATS_FLIPS_DRAWN;
	double observed = 0;
	double slack = 0;

	if (n < 1)
		return (struct stats_test){ 1, 1 };
	for (int i = 0; i < n; i++) {
		observed += d[i];
		/* Sums of other signs round differently. */
		slack += fabs(d[i]) * n * DBL_EPSILON;
	}
	observed = fabs(observed) - slack;
	return (struct stats_test){
		.p = (exact ? count_flips(n, d, 0, observed)
			    : count_drawn(n, d, observed)) /
			patterns,
		.smallest_p = exact ? 2 / patterns : 1 / patterns,
	};
}

void stats_midranks(int n, const double *x, double *rank)
{
	for (int i = 0; i < n; i++) {
		int below = 0;
		int equal = 0;

		for (int k = 0; k < n; k++) {
			below += x[k] < x[i];
			equal += x[k] == x[i];
		}
		rank[i] = below + (equal + 1) / 2.0;
	}
}

/*
 * P(|W - mean| >= |observed - mean|) where every rank counts with chance 1/2. Ranks are
 * halves at worst, so twice a rank is a whole number and the sums are the places of an array.
 */
static double ranks_exact(int n, const double *rank, double observed, struct arena *a)
{
	int most = 0;
	double extreme = 0;
	double *chance = NEW_ARRAY(a, double, n *(n + 1) + 1);

	chance[0] = 1;
	for (int i = 0; i < n; i++) {
		int step = (int)lrint(2 * rank[i]);

		most += step;
		for (int s = most; s >= 0; s--)
			chance[s] =
				(chance[s] + (s >= step ? chance[s - step] : 0)) / 2;
	}
	for (int s = 0; s <= most; s++)
		if (fabs(2.0 * s - most) >= fabs(4 * observed - most) - 0.5)
			extreme += chance[s];
	return fmin(extreme, 1);
}

static double ranks_normal(int n, const double *rank, double observed)
{
	double mean = 0;
	double variance = 0;

	for (int i = 0; i < n; i++) {
		mean += rank[i] / 2;
		variance += rank[i] * rank[i] / 4;
	}
	return 2 * stats_normal_cdf(-fabs(observed - mean) / sqrt(variance));
}

/*
 * The sizes of the differences that are not zero, and how many are; sizes that differ by
 * less than rounding does (a billionth of the largest) become equal.
 */
static int sizes(int n, const double *d, double *size, bool *positive)
{
	double largest = 0;
	int m = 0;

	for (int i = 0; i < n; i++)
		largest = fmax(largest, fabs(d[i]));
	for (int i = 0; i < n; i++) {
		double rounded = rint(fabs(d[i]) / largest * 1e9);

		if (!(rounded > 0)) /* also where all are zero */
			continue;
		positive[m] = d[i] > 0;
		size[m++] = rounded;
	}
	return m;
}

struct stats_test stats_wilcoxon(int n, const double *d)
{
	struct arena a = { 0 };
	double *size = NEW_ARRAY(&a, double, n + 1);
	double *rank = NEW_ARRAY(&a, double, n + 1);
	bool *positive = NEW_ARRAY(&a, bool, n + 1);
	struct stats_test t = { 1, 1 };
	int m = sizes(n, d, size, positive);
	bool exact = m <= STATS_RANKS_EXACT;
	double observed = 0;

	stats_midranks(m, size, rank);
	for (int i = 0; i < m; i++)
		observed += positive[i] ? rank[i] : 0;
	if (m > 0) {
		t.p = exact ? ranks_exact(m, rank, observed, &a)
			    : ranks_normal(m, rank, observed);
		t.smallest_p = exact ? ldexp(1, 1 - m) : 0;
	}
	arena_release(&a);
	return t;
}

void stats_holm(int n, double *p)
{
	struct arena a = { 0 };
	double *raw = NEW_ARRAY(&a, double, n + 1);
	double *step = NEW_ARRAY(&a, double, n + 1);
	int tests = 0;

	memcpy(raw, p, (size_t)n * sizeof(*p));
	for (int i = 0; i < n; i++)
		tests += !isnan(raw[i]);
	for (int i = 0; i < n; i++) {
		int below = 0;

		for (int k = 0; k < n; k++)
			below += raw[k] < raw[i];
		step[i] = (tests - below) * raw[i];
	}
	for (int i = 0; i < n; i++) {
		for (int k = 0; k < n; k++)
			if (raw[k] <= raw[i])
				p[i] = fmax(p[i], step[k]);
		p[i] = isnan(raw[i]) ? raw[i] : fmin(p[i], 1);
	}
	arena_release(&a);
}

double stats_power(int n, double effect, double alpha)
{
	double limit = stats_t_quantile(1 - alpha / 2, n - 1);
	double delta = fabs(effect) * sqrt(n);

	return stats_noncentral_t_above(limit, n - 1, delta) +
		stats_noncentral_t_above(limit, n - 1, -delta);
}

int stats_seeds_needed(double effect, double power, double alpha, int most)
{
	int low = 1; /* too few */
	int high = 2;

	if (!(fabs(effect) > 0))
		return 0;
	while (high < most && stats_power(high, effect, alpha) < power) {
		low = high;
		high = high * 2 < most ? high * 2 : most;
	}
	if (high == most && stats_power(high, effect, alpha) < power)
		return 0;
	while (high - low > 1) {
		int n = (low + high) / 2;

		*(stats_power(n, effect, alpha) < power ? &low : &high) = n;
	}
	return high;
}
