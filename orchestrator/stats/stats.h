/*
 * The arithmetic behind the tables: delta-m, means, Pareto fronts. Pure functions of their
 * arguments; no database, no clock.
 *
 * stats.c           delta-m, mean, deviation, t interval
 * stats_robust.c    the robustness difference
 * stats_pareto.c    dominance, front, hypervolume
 *
 * What is said about them has headers of its own: stats_interval.h, stats_paired.h (tests),
 * stats_ranks.h (over several data sets), stats_distribution.h.
 */
#ifndef DELTAM_STATS_H
#define DELTAM_STATS_H

#include <stdbool.h>
#include <stdint.h>
#include "common/arena.h"

struct stats_criterion {
	const char *name; /* for messages: seg/miou */
	bool higher; /* is better */
	int task; /* criteria of one task share it */
};

enum stats_average {
	STATS_CRITERIA, /* every criterion counts the same (Kirchdorfer et al. 2025) */
	STATS_TASKS, /* mean inside a task, then over the tasks (LibMTL) */
};

/*
 * The signed relative change of value[i] against baseline[i], averaged, in percent; lower
 * is better. ERR_FAILED, naming the criterion, where a baseline is zero or a number is
 * not finite; also with n < 1.
 */
MUST_CHECK int stats_delta_m(int n, const struct stats_criterion *criterion,
	const double *value, const double *baseline, enum stats_average by,
	double *delta_m, struct err *e);

/* The weight of criterion i in that average; all of them add up to 1. */
double stats_share(
	int n, const struct stats_criterion *c, enum stats_average by, int i);

/* The mean, NaN for n < 1, and the sample deviation (over n - 1), NaN for n < 2. */
double stats_mean(int n, const double *x);
double stats_std(int n, const double *x);

/*
 * Half the width of the t interval for the mean at `level` (0.95). With two samples the
 * interval is for mean(x) - mean(y) (Welch); baselines are samples too. NaN where a
 * sample has fewer than two values.
 */
double stats_t_half_width(int n, const double *x, double level);
double stats_welch_half_width(
	int n, const double *x, int m, const double *y, double level);

/*
 * Points are rows of d numbers; higher[d] says which coordinates are better when higher.
 * A point with a NaN neither dominates nor is on a front. a dominates b when it is no
 * worse in all and better in one coordinate; equal points do not dominate each other.
 */
bool stats_dominates(int d, const double *a, const double *b, const bool *higher);

/* keep[i]: no row of b dominates row i of a (no NaN in it). b = a gives a's front. */
void stats_undominated(int d, const bool *higher, int n, const double *a, int m,
	const double *b, bool *keep);

/* The rows of points (n, d) that dominate row i, into out (n); returns how many. */
int stats_dominators(
	int d, const bool *higher, int n, const double *points, int i, int *out);

/*
 * The volume that the points (n, d) dominate within the reference point, exact: a sweep
 * in two dimensions, slices above (n^(d-1) steps: small sets). Rows with a NaN and parts
 * beyond the reference count nothing.
 */
double stats_hypervolume(int d, const bool *higher, int n, const double *points,
	const double *reference);

#endif
