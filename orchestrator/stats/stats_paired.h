/*
 * Tests on differences of pairs (two methods, the same seeds), and what follows from
 * many of them. Two-sided. Pure functions; random numbers are those of common/rng.h
 * under STATS_SEED, so the same figures give the same p on every machine.
 *
 * Sources: sign flips: Fisher 1935; Wilcoxon 1945, with midranks; Holm 1979; letters by
 * insertion and absorption: Piepho 2004; power of the t test: Cohen 1988, chapter 2.
 */
#ifndef DELTAM_STATS_PAIRED_H
#define DELTAM_STATS_PAIRED_H

#include <stdbool.h>
#include <stdint.h>
#include "common/arena.h"

#define STATS_SEED 2025

struct stats_test {
	double p; /* 1 where there is nothing to test, NAN where one cannot */
	double smallest_p; /* that so many pairs can reach */
};

/* Student's t of mean(d) = 0. NAN for n < 2; all d equal: p is 0, or 1 where they are 0. */
struct stats_test stats_paired_t(int n, const double *d);

/*
 * The share of sign patterns whose |sum| is at least the observed one, the observed one
 * among them. All 2^n patterns up to n = STATS_FLIPS_EXACT, above that STATS_FLIPS_DRAWN
 * patterns of a fixed sequence.
 */
#define STATS_FLIPS_EXACT 20
#define STATS_FLIPS_DRAWN 65536
struct stats_test stats_sign_flip(int n, const double *d);

/*
 * Wilcoxon's signed ranks. Differences of zero are left out, ties (to a billionth of the
 * largest difference) get their mean rank, and
 * the distribution is the exact one of these ranks up to n = STATS_RANKS_EXACT; above that
 * the normal one with the variance of these ranks, without a correction for continuity.
 */
#define STATS_RANKS_EXACT 100
struct stats_test stats_wilcoxon(int n, const double *d);

/* Mean ranks, 1 for the smallest, into rank (n). No NaN. */
void stats_midranks(int n, const double *x, double *rank);

/* p (n) as Holm corrects it for all of them, in place; a NAN is no test and stays. */
void stats_holm(int n, double *p);

/*
 * Letters for n things of which differ (n, n; symmetric) says who can be told apart: two
 * share a letter exactly when they cannot. Letters go by cost (n), the lowest first; a NAN
 * gets none. letter (n): "a", "ab" ..., in the arena. False, and no letters, where more
 * than STATS_LETTERS would be needed.
 */
#define STATS_LETTERS 52
bool stats_letters(int n, const bool *differ, const double *cost, struct arena *a,
	const char **letter);

/* The chance that a paired t test of n seeds at alpha sees a difference of effect = mean / std. */
double stats_power(int n, double effect, double alpha);

/* The smallest n with at least this power; 0: more than `most`. */
int stats_seeds_needed(double effect, double power, double alpha, int most);

#endif
