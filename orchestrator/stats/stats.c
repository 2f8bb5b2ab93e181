#include "orchestrator/stats/stats.h"

#include <float.h>
#include <math.h>

/* The weight of criterion i in the average. */
static double share(
	int n, const struct stats_criterion *c, enum stats_average by, int i)
{
	int tasks = 0;
	int same = 0;

	if (by == STATS_CRITERIA)
		return 1.0 / n;
	for (int j = 0; j < n; j++) {
		bool first = true;

		same += c[j].task == c[i].task;
		for (int k = 0; k < j; k++)
			first &= c[k].task != c[j].task;
		tasks += first;
	}
	return 1.0 / tasks / same;
}

int stats_delta_m(int n, const struct stats_criterion *criterion, const double *value,
	const double *baseline, enum stats_average by, double *delta_m, struct err *e)
{
	double sum = 0;

	if (n < 1)
		return err_set(e, ERR_FAILED, "delta-m of no criteria");
	for (int i = 0; i < n; i++) {
		double change;

		if (!isfinite(baseline[i]) || baseline[i] == 0)
			return err_set(e, ERR_FAILED,
				"%s: a baseline of %g has no relative change",
				criterion[i].name, baseline[i]);
		if (!isfinite(value[i]))
			return err_set(
				e, ERR_FAILED, "%s is %g", criterion[i].name, value[i]);
		change = (value[i] - baseline[i]) / baseline[i];
		sum += share(n, criterion, by, i) *
			(criterion[i].higher ? -change : change);
	}
	*delta_m = 100 * sum;
	return OK;
}

double stats_mean(int n, const double *x)
{
	double sum = 0;

	for (int i = 0; i < n; i++)
		sum += x[i];
	return n < 1 ? (double)NAN : sum / n;
}

static double variance(int n, const double *x)
{
	double mean = stats_mean(n, x);
	double sum = 0;

	for (int i = 0; i < n; i++)
		sum += (x[i] - mean) * (x[i] - mean);
	return n < 2 ? (double)NAN : sum / (n - 1);
}

double stats_std(int n, const double *x)
{
	return sqrt(variance(n, x));
}

/*
 * The regularised incomplete beta function I_x(a, b) by its continued fraction (modified
 * Lentz; Numerical Recipes 6.4), which converges fast for x < (a + 1) / (a + b + 2).
 */
static double beta_fraction(double a, double b, double x)
{
	const double tiny = 1e-300;
	double c = 1;
	double d = 1 - (a + b) * x / (a + 1);
	double h;

	d = 1 / (fabs(d) < tiny ? tiny : d);
	h = d;
	for (int i = 1; i < 10000; i++) {
		double even = i * (b - i) * x / ((a + 2 * i - 1) * (a + 2 * i));
		double odd =
			-(a + i) * (a + b + i) * x / ((a + 2 * i) * (a + 2 * i + 1));
		double turn;

		d = 1 + even * d;
		c = 1 + even / c;
		d = 1 / (fabs(d) < tiny ? tiny : d);
		c = fabs(c) < tiny ? tiny : c;
		h *= d * c;
		d = 1 + odd * d;
		c = 1 + odd / c;
		d = 1 / (fabs(d) < tiny ? tiny : d);
		c = fabs(c) < tiny ? tiny : c;
		turn = d * c;
		h *= turn;
		if (fabs(turn - 1) < DBL_EPSILON)
			break;
	}
	return h;
}

static double beta_share(double a, double b, double x)
{
	double front =
		exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));

	if (x < (a + 1) / (a + b + 2))
		return front * beta_fraction(a, b, x) / a;
	return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

/* P(T > t) for t > 0. */
static double t_tail(double t, double df)
{
	return beta_share(df / 2, 0.5, df / (df + t * t)) / 2;
}

double stats_t_quantile(double p, double df)
{
	double tail = p < 0.5 ? p : 1 - p;
	double low = 0;
	double high = 1;

	if (tail == 0.5)
		return 0;
	while (t_tail(high, df) > tail)
		high *= 2;
	for (int i = 0; i < 100; i++) {
		double t = (low + high) / 2;

		*(t_tail(t, df) > tail ? &low : &high) = t;
	}
	return p < 0.5 ? -high : high;
}

double stats_t_half_width(int n, const double *x, double level)
{
	if (n < 2)
		return NAN;
	return stats_t_quantile((1 + level) / 2, n - 1) * stats_std(n, x) / sqrt(n);
}

double stats_welch_half_width(
	int n, const double *x, int m, const double *y, double level)
{
	double a = variance(n, x) / n;
	double b = variance(m, y) / m;
	double df;

	if (n < 2 || m < 2)
		return NAN;
	if (a + b == 0)
		return 0;
	df = (a + b) * (a + b) / (a * a / (n - 1) + b * b / (m - 1));
	return stats_t_quantile((1 + level) / 2, df) * sqrt(a + b);
}

/* splitmix64: 64 signs at a time, the same on every run. */
static uint64_t signs(uint64_t index)
{
	uint64_t x = (index + 1) * 0x9e3779b97f4a7c15u;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

static double flipped_sum(int n, const double *d, uint32_t pattern)
{
	double sum = 0;

	for (int i = 0; i < n; i++) {
		uint64_t bits = pattern;

		if (n > STATS_FLIPS_EXACT) {
			uint64_t words = (uint64_t)(n + 63) / 64;

			bits = pattern ? signs(pattern * words + (uint64_t)i / 64) : 0;
		}
		sum += bits >> (i % 64) & 1 ? -d[i] : d[i];
	}
	return fabs(sum);
}

struct stats_test stats_sign_flip(int n, const double *d)
{
	bool exact = n <= STATS_FLIPS_EXACT;
	uint32_t patterns = exact ? (uint32_t)1 << n : STATS_FLIPS_DRAWN;
	double observed = flipped_sum(n, d, 0);
	double slack = 0;
	uint32_t extreme = 0;

	if (n < 1)
		return (struct stats_test){ 1, 1 };
	for (int i = 0; i < n; i++) /* sums in another order differ in the last bits */
		slack += fabs(d[i]) * n * DBL_EPSILON;
	for (uint32_t pattern = 0; pattern < patterns; pattern++)
		extreme += flipped_sum(n, d, pattern) >= observed - slack;
	return (struct stats_test){
		.p = (double)extreme / patterns,
		.smallest_p = exact ? 2.0 / patterns : 1.0 / patterns,
	};
}
