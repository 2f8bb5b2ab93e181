/*
 * Intervals for what is a mean over seeds. Pure functions; random numbers are those of
 * common/rng.h under STATS_SEED: draw `index` of replicate r of a sample is
 * rng_below(STATS_SEED, RNG_RESAMPLE, r, sample << 32 | index, n).
 *
 * Sources: Welch 1947 for two samples; the percentile bootstrap of Efron 1979, quantiles
 * between order statistics as R's type 7 has them.
 */
#ifndef DELTAM_STATS_INTERVAL_H
#define DELTAM_STATS_INTERVAL_H

#include "orchestrator/stats/stats.h"
#include "orchestrator/stats/stats_paired.h"

#define STATS_REPLICATES 10000

struct stats_interval {
	double low, high; /* NAN where there is none */
};

/*
 * What the delta-m of a method is made of: value (n, criteria) has a row a seed; base
 * (m, criteria) a row a seed of the baseline, m = 0 where its figures are given; against
 * (criteria) are the means of these, or what was given.
 */
struct stats_seeds {
	int n, m, criteria;
	const struct stats_criterion *criterion;
	const double *value;
	const double *base;
	const double *against;
	enum stats_average by;
};

/*
 * The t interval of the mean delta-m over the seeds. With m >= 2 the baseline's seeds count
 * as a second sample (Welch): to first order delta-m moves with the baseline's mean as
 * with the mean of figures that each of its seeds has, and the two samples are taken for
 * independent. With fewer the baseline counts as exact. NAN for n < 2.
 */
struct stats_interval stats_delta_m_t(const struct stats_seeds *s, double level);

/*
 * The percentile bootstrap of the same: each of STATS_REPLICATES replicates draws n rows of
 * value (sample 0) and m rows of base (sample 1) and takes delta-m of their means.
 */
struct stats_interval stats_delta_m_bootstrap(
	const struct stats_seeds *s, double level);

/* mean(d) and its t interval, and the percentile bootstrap of the mean (sample 0). */
struct stats_interval stats_mean_t(int n, const double *d, double level);
struct stats_interval stats_mean_bootstrap(int n, const double *d, double level);

/* The p quantile of x (n >= 1), which is sorted. */
double stats_quantile(int n, const double *x, double p);

/* Sorts x, upwards; no NaN. */
void stats_sort(int n, double *x);

#endif
