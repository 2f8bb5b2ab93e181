/*
 * Methods over several blocks (data sets, or variants of a sweep): average ranks, and the
 * chance that one beats another. Pure functions.
 *
 * Sources: Demsar 2006 for Friedman's test, Iman and Davenport's correction and Nemenyi's
 * critical difference; Agarwal et al. 2021 for the probability of improvement.
 */
#ifndef DELTAM_STATS_RANKS_H
#define DELTAM_STATS_RANKS_H

#include "orchestrator/stats/stats_interval.h"

struct stats_friedman {
	double chi2; /* with the correction for ties (Conover 1999, 5.8) */
	double p; /* exact while that is cheap, else of chi-squared with k - 1 */
	bool exact;
	double f, f_p; /* Iman and Davenport */
};

/*
 * cost (n, k), a row a block, lower is better: the mean over blocks of the rank in each,
 * 1 for the lowest, equal ones their mean, into rank (k); block_rank (n, k) has them all.
 */
void stats_mean_ranks(
	int n, int k, const double *cost, double *block_rank, double *rank);

/*
 * Friedman's test of block_rank (n, k). The exact p is the share of all arrangements of each
 * block's ranks, of which there are (k!)^(n-1) that differ, at most STATS_FRIEDMAN_EXACT.
 * NAN for n < 2 or k < 2, or where all is equal.
 */
#define STATS_FRIEDMAN_EXACT 2000000
struct stats_friedman stats_friedman(int n, int k, const double *block_rank);

/* Average ranks of k methods over n blocks differ where they are at least so far apart. */
double stats_nemenyi_difference(int n, int k, double alpha);

/* Runs of two methods in one block; lower is better. */
struct stats_block {
	int n, m;
	const double *x, *y;
};

/*
 * The chance that a run of x beats one of y: the share of pairs in which it does, ties
 * half (Mann-Whitney), averaged over the blocks. NAN where a block has no runs of either.
 */
double stats_improvement(int blocks, const struct stats_block *block);

/*
 * Its stratified percentile bootstrap: in every replicate the runs of x and of y are drawn
 * again inside each block (of block b they are samples 2b and 2b + 1).
 */
struct stats_interval stats_improvement_bootstrap(
	int blocks, const struct stats_block *block, double level);

#endif
