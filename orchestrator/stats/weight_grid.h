/*
 * Weights of scalarization in whole steps: points of the simplex as K integers that sum
 * to m, where weight k is steps[k] / m. All of them, those around a point, random ones.
 * Pure functions of their arguments.
 */
#ifndef DELTAM_WEIGHT_GRID_H
#define DELTAM_WEIGHT_GRID_H

#include <stdbool.h>
#include <stdint.h>
#include "common/err.h"

/* Computes m = 1 / step. ERR_SPEC unless that is an integer within 1e-9 (relative). */
MUST_CHECK int weight_grid_steps(double step, int *m, struct err *e);

/*
 * How many points whose entries are each at least `low` (1: interior points, 0: with the
 * faces), without enumerating; INT64_MAX stands for all beyond.
 */
int64_t weight_grid_count(int K, int m, int low);

/*
 * Sets steps to the first of these points, or from one to the next in lexicographic order;
 * false: there is none.
 */
bool weight_grid_first(int K, int m, int low, int *steps);
bool weight_grid_next(int K, int low, int *steps);

/*
 * How many z (K) sum to 0 with |z_k| <= m: the points of a refinement. INT64_MAX where
 * that is beyond a thousand million.
 */
int64_t weight_grid_neighbours(int K, int m);

/*
 * Calls visit for every composition z of n into K parts with lo[k] <= z_k <= hi[k], in
 * lexicographic order; a nonzero return ends the walk and is returned. K >= 1.
 */
int weight_grid_walk(int K, int n, const int *lo, const int *hi,
	int (*visit)(const int *z, void *arg), void *arg);

/*
 * z (K): a composition of n into positive parts, uniform over all of them; the index-th
 * draw is a function of (K, n, index) alone. K <= n.
 */
void weight_grid_random(int K, int n, uint64_t index, int *z);

#endif
