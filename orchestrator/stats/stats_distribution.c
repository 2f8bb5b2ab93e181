#include "orchestrator/stats/stats_distribution.h"

#include <float.h>
#include <math.h>

static const double root2 = 1.41421356237309504880;
static const double pi = 3.14159265358979323846;

double stats_normal_cdf(double z)
{
	return erfc(-z / root2) / 2;
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

/* rest is 1 - x, which the caller may know better. */
static double beta_share(double a, double b, double x, double rest)
{
	double front;

	if (x <= 0 || rest <= 0)
		return x <= 0 ? 0 : 1;
	front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log(rest));
	if (x < (a + 1) / (a + b + 2))
		return front * beta_fraction(a, b, x) / a;
	return 1 - front * beta_fraction(b, a, rest) / b;
}

double stats_t_two_sided(double t, double df)
{
	double square = t * t;

	if (isinf(square))
		return 0;
	return beta_share(df / 2, 0.5, df / (df + square), square / (df + square));
}

double stats_t_quantile(double p, double df)
{
	double tail = p < 0.5 ? p : 1 - p;
	double low = 0;
	double high = 1;

	if (tail == 0.5)
		return 0;
	while (stats_t_two_sided(high, df) > 2 * tail)
		high *= 2;
	for (int i = 0; i < 100; i++) {
		double t = (low + high) / 2;

		*(stats_t_two_sided(t, df) > 2 * tail ? &low : &high) = t;
	}
	return p < 0.5 ? -high : high;
}

double stats_f_above(double f, double a, double b)
{
	if (isinf(f))
		return 0;
	return beta_share(b / 2, a / 2, b / (b + a * f), a * f / (b + a * f));
}

double stats_chi2_above(double x, int df)
{
	double half = x / 2;
	double sum = df % 2 ? erfc(sqrt(half)) : exp(-half);

	if (x <= 0 || isinf(x))
		return x <= 0 ? 1 : 0;
	/* From 1/2 or 1 up to df / 2: Q(a + 1) = Q(a) + x^a e^-x / gamma(a + 1). */
	for (int twice = df % 2 ? 1 : 2; twice < df; twice += 2)
		sum += exp(twice / 2.0 * log(half) - half - lgamma(twice / 2.0 + 1));
	return sum;
}

/*
 * T > t where Z + delta > t s, s^2 = V / df. With V = e^y the density of y is smooth and
 * falls off like an exponential to the left and doubly so to the right, so the sum over an
 * even grid (the trapezoid rule) converges faster than any power of the step.
 */
double stats_noncentral_t_above(double t, double df, double delta)
{
	const double spread = sqrt(2 / df);
	const double step = fmin(0.02, spread / 8);
	const double middle = log(df);
	const double low = middle - 10 * spread - 80 / df;
	const int steps = (int)ceil((middle + 10 * spread - low) / step);
	double front = -df / 2 * log(2) - lgamma(df / 2);
	double sum = 0;

	for (int i = 0; i < steps; i++) {
		double y = low + i * step;
		double density = exp(front + df / 2 * y - exp(y) / 2);

		sum += density * stats_normal_cdf(delta - t * exp(y / 2) / sqrt(df));
	}
	return sum * step;
}

/* P(range < r): the lowest of k values at z, the others within r above it. */
static double range_cdf(double r, int k)
{
	const double step = 0.02;
	double sum = 0;

	for (int i = -450; i < 450; i++) {
		double z = i * step;

		sum += exp(-z * z / 2) *
			pow(stats_normal_cdf(z + r) - stats_normal_cdf(z), k - 1);
	}
	return k * sum * step / sqrt(2 * pi);
}

double stats_range_quantile(double p, int k)
{
	double low = 0;
	double high = 20;

	for (int i = 0; i < 60; i++) {
		double r = (low + high) / 2;

		*(range_cdf(r, k) < p ? &low : &high) = r;
	}
	return high;
}
