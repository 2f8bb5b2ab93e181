/*
 * How two gradients compare (Elich et al. 2024), and what becomes of many comparisons.
 *
 *	cosine     g.h / (|g| |h|)                    undefined where one is zero
 *	magnitude  2 |g| |h| / (|g|^2 + |h|^2)        undefined where both are
 *	conflict   the share of coordinates in which their signs are opposite
 *
 * Figures are double; undefined ones are NAN and are left out of every series. Nothing
 * allocates but the *_place functions. Values are pinned by
 * gradient_similarity.json.
 */
#ifndef DELTAM_SIMILARITY_H
#define DELTAM_SIMILARITY_H

#include <stddef.h>
#include "common/arena.h"

/* Each computes its figure from the scalar products g.g, h.h and g.h. */
double similarity_cosine(double gg, double hh, double gh);
double similarity_magnitude(double gg, double hh);

/* Counts those of n coordinates whose signs are strictly opposite. */
size_t similarity_conflicts(size_t n, const float *g, const float *h);

/* Counts the coordinates above and below 0 among n. */
struct signs {
	size_t above, below;
};
struct signs signs_of(size_t n, const float *g);

/* Figures of an epoch, in the order in which they came. */
struct series {
	double *v;
	int n, capacity;
};
void series_place(struct series *s, int capacity, struct arena *a);
void series_add(struct series *s, double v); /* not a finite one */

/* Standard deviation as of a whole population; percentiles between neighbours linearly. */
struct spread {
	double mean, std, low, high; /* 2.5 and 97.5 percent */
};
/* Summarises v, which it sorts; n >= 1. */
struct spread spread_of(double *v, int n);

enum comparison_figure {
	COMPARE_COSINE,
	COMPARE_POSITIVE, /* max(cosine, 0) */
	COMPARE_NEGATIVE, /* min(cosine, 0) */
	COMPARE_ABOVE, /* cosines of the pairs alone in which it is positive */
	COMPARE_BELOW, /* ... negative */
	COMPARE_DOT,
	COMPARE_MAGNITUDE,
	COMPARE_CONFLICT,
	COMPARISON_FIGURES,
};
extern const char *const comparison_names[COMPARISON_FIGURES];

/* Pairs of gradients of one kind. */
struct comparison {
	struct series figure[COMPARISON_FIGURES];
	int above, below; /* pairs whose cosine is positive, negative */
};
void comparison_place(struct comparison *c, int pairs, struct arena *a);
void comparison_clear(struct comparison *c);

/* conflict: similarity_conflicts over the number of coordinates. */
void comparison_add(
	struct comparison *c, double gg, double hh, double gh, double conflict);

#endif
