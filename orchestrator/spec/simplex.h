/*
 * Points of the simplex beyond plain grids (stats.h has those): the neighbourhood of a
 * point, and random points. A point is K whole numbers that sum to n.
 */
#ifndef DELTAM_SIMPLEX_H
#define DELTAM_SIMPLEX_H

#include <stdbool.h>
#include <stdint.h>
#include "common/arena.h"

/*
 * How many z (K) sum to 0 with |z_k| <= m: the points of a refinement. INT64_MAX where
 * that is beyond a thousand million.
 */
int64_t simplex_neighbours(int K, int m);

/*
 * Calls visit for every composition z of n into K parts with lo[k] <= z_k <= hi[k], in
 * lexicographic order; a nonzero return ends the walk and is returned. K >= 1.
 */
int simplex_walk(int K, int n, const int *lo, const int *hi,
	int (*visit)(const int *z, void *arg), void *arg);

/*
 * z (K): a composition of n into positive parts, uniform over all of them; the index-th
 * draw is a function of (K, n, index) alone. K <= n.
 */
void simplex_random(int K, int n, uint64_t index, int *z);

#endif
