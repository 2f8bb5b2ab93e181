/*
 * The distributions that tests and intervals are read from. Pure functions in double;
 * probabilities are right to about 1e-12, which tests/second checks against SciPy.
 *
 * Sources: Student's t and F by the incomplete beta function (Numerical Recipes 6.4);
 * chi-squared by the recurrence of Abramowitz & Stegun 26.4.8; the noncentral t as the mean
 * of a normal tail over the chi distribution (Johnson, Kotz & Balakrishnan 1995, 31.2);
 * the studentized range of normal samples with known variance (Harter 1960), which is
 * what Nemenyi's test takes (Demsar 2006).
 */
#ifndef DELTAM_STATS_DISTRIBUTION_H
#define DELTAM_STATS_DISTRIBUTION_H

double stats_normal_cdf(double z);

/* P(|T| >= |t|) with df > 0 degrees of freedom; 0 for an infinite t. */
double stats_t_two_sided(double t, double df);

/* The quantile p of Student's t with df > 0 degrees of freedom, 0 < p < 1. */
double stats_t_quantile(double p, double df);

/* P(F >= f), f >= 0, with a and b > 0 degrees of freedom; 0 for an infinite f. */
double stats_f_above(double f, double a, double b);

/* P(X >= x), x >= 0, with df >= 1. */
double stats_chi2_above(double x, int df);

/* P(T > t) of the noncentral t with df > 0 and the noncentrality delta. */
double stats_noncentral_t_above(double t, double df, double delta);

/* The p quantile of the range of k >= 2 standard normal values. */
double stats_range_quantile(double p, int k);

#endif
