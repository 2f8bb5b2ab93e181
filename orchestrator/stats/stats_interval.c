#include "orchestrator/stats/stats_interval.h"

#include <math.h>
#include <stdlib.h>
#include "common/rng.h"

static const struct stats_interval none = { NAN, NAN };

static struct stats_interval around(double middle, double half)
{
	return (struct stats_interval){ middle - half, middle + half };
}

static int compare(const void *a, const void *b)
{
	const double *x = a;
	const double *y = b;

	return (*x > *y) - (*x < *y);
}

void stats_sort(int n, double *x)
{
	qsort(x, (size_t)n, sizeof(*x), compare);
}

double stats_quantile(int n, const double *x, double p)
{
	double place = p * (n - 1);
	int below = (int)floor(place);

	if (below >= n - 1)
		return x[n - 1];
	return x[below] + (place - below) * (x[below + 1] - x[below]);
}

/* Of replicates, which it sorts. */
static struct stats_interval percentiles(int n, double *x, double level)
{
	stats_sort(n, x);
	return (struct stats_interval){ stats_quantile(n, x, (1 - level) / 2),
		stats_quantile(n, x, (1 + level) / 2) };
}

/* Means of the columns of rows (n, criteria). */
static void column_means(int n, int criteria, const double *row, double *mean)
{
	for (int c = 0; c < criteria; c++) {
		double sum = 0;

		for (int i = 0; i < n; i++)
			sum += row[i * criteria + c];
		mean[c] = sum / n;
	}
}

/* NAN where delta-m cannot be taken. */
static double delta_m(
	const struct stats_seeds *s, const double *value, const double *base)
{
	struct err e;
	double out;

	return stats_delta_m(s->criteria, s->criterion, value, base, s->by, &out, &e)
		? (double)NAN
		: out;
}

/*
 * For each seed of the baseline the figure by whose mean delta-m moves, to first order:
 * minus the sum over criteria of slope times figure, slope = d delta-m / d base.
 */
static void influence(const struct stats_seeds *s, const double *mean, double *out)
{
	for (int i = 0; i < s->m; i++) {
		out[i] = 0;
		for (int c = 0; c < s->criteria; c++) {
			double slope = 100 *
				stats_share(s->criteria, s->criterion, s->by, c) *
				mean[c] / (s->against[c] * s->against[c]);

			out[i] += (s->criterion[c].higher ? -slope : slope) *
				s->base[i * s->criteria + c];
		}
	}
}

struct stats_interval stats_delta_m_t(const struct stats_seeds *s, double level)
{
	struct arena a = { 0 };
	double *delta = NEW_ARRAY(&a, double, s->n + 1);
	double *mean = NEW_ARRAY(&a, double, s->criteria + 1);
	double *base = NEW_ARRAY(&a, double, s->m + 1);
	struct stats_interval out = none;

	for (int i = 0; i < s->n; i++)
		delta[i] = delta_m(s, s->value + i * s->criteria, s->against);
	if (s->n > 1) {
		column_means(s->n, s->criteria, s->value, mean);
		influence(s, mean, base);
		out = around(stats_mean(s->n, delta),
			s->m < 2 ? stats_t_half_width(s->n, delta, level)
				 : stats_welch_half_width(
					   s->n, delta, s->m, base, level));
	}
	arena_release(&a);
	return out;
}

/* The mean of n rows drawn from row (n, criteria). */
static void draw(int n, int criteria, const double *row, int replicate, uint64_t sample,
	double *mean)
{
	for (int c = 0; c < criteria; c++)
		mean[c] = 0;
	for (int i = 0; i < n; i++) {
		uint32_t drawn = rng_below(STATS_SEED, RNG_RESAMPLE,
			(uint64_t)replicate, sample << 32 | (uint64_t)i, (uint32_t)n);

		for (int c = 0; c < criteria; c++)
			mean[c] += row[(int)drawn * criteria + c];
	}
	for (int c = 0; c < criteria; c++)
		mean[c] /= n;
}

struct stats_interval stats_delta_m_bootstrap(const struct stats_seeds *s, double level)
{
	struct arena a = { 0 };
	double *value = NEW_ARRAY(&a, double, s->criteria + 1);
	double *base = NEW_ARRAY(&a, double, s->criteria + 1);
	double *replicate = NEW_ARRAY(&a, double, STATS_REPLICATES);
	struct stats_interval out = none;
	bool good = s->n > 1;

	for (int r = 0; r < STATS_REPLICATES && good; r++) {
		draw(s->n, s->criteria, s->value, r, 0, value);
		if (s->m > 1)
			draw(s->m, s->criteria, s->base, r, 1, base);
		replicate[r] = delta_m(s, value, s->m > 1 ? base : s->against);
		good = !isnan(replicate[r]);
	}
	if (good)
		out = percentiles(STATS_REPLICATES, replicate, level);
	arena_release(&a);
	return out;
}

struct stats_interval stats_mean_t(int n, const double *d, double level)
{
	return n < 2 ? none : around(stats_mean(n, d), stats_t_half_width(n, d, level));
}

struct stats_interval stats_mean_bootstrap(int n, const double *d, double level)
{
	struct arena a = { 0 };
	double *replicate = NEW_ARRAY(&a, double, STATS_REPLICATES);
	struct stats_interval out = none;

	for (int r = 0; r < STATS_REPLICATES && n > 1; r++)
		draw(n, 1, d, r, 0, &replicate[r]);
	if (n > 1)
		out = percentiles(STATS_REPLICATES, replicate, level);
	arena_release(&a);
	return out;
}
