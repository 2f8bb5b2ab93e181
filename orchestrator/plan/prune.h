/*
 * Who stops at a rung: the rules of pruning on plain figures. Pure.
 *
 *	rungs    stops who was, in every epoch of the window, above the keep-th best of
 *	         that epoch; ties live. Without a fixed keep: the ceil(n / eta)-th, at
 *	         least the second
 *	halving  keeps the ceil(n / eta) lowest window means, the first on ties
 *	median   stops who is above the median of the window means
 *	none     stops nobody
 */
#ifndef DELTAM_PRUNE_H
#define DELTAM_PRUNE_H

#include "orchestrator/spec/spec.h"

/* How the groups of one variant are pruned: `prune` of the sweep file, in epochs. */
struct prune_plan {
	enum prune_rule rule;
	int keep; /* rungs; 0: by eta */
	double eta; /* halving, rungs without keep */
	bool within_lr; /* only configurations of the same lr are compared */
	int epochs, window;
	const int *rungs; /* rising, below epochs */
	int nrungs;
};
struct prune_plan prune_plan_of(const struct spec *s, const struct spec_variant *v);

/*
 * The epoch of the next pause behind `after` of a group in which `configs` are left: a
 * rung, or the last epoch where there is none or where the rule could stop nobody.
 */
int prune_next(const struct prune_plan *p, int after, int configs);

/*
 * How many of `configs` configurations, in so many groups that are compared apart, are to
 * be expected behind a rung. A forecast: what the figures will be, nobody knows yet.
 */
double prune_survivors(const struct prune_plan *p, int groups, double configs);

/*
 * How many epochs a rung looks at: the window, or all there are where they are fewer.
 */
int prune_window(const struct prune_plan *p, int rung);

struct prune_verdict {
	double figure; /* window mean: what halving and median compare, decisions show */
	double bound; /* what it was compared with; rungs: of the last epoch */
	int mark; /* rungs, halving: whose figure that is, from 1 */
	bool stop;
};

/*
 *	n                survivors that compete
 *	window           epochs that are looked at, >= 1
 *	lr      (n)        in  which learning rate: equal numbers, equal rates; NULL: all
 *	                       the same
 *	delta_m (n,window) in  mean over seeds; INFINITY: diverged, which is last
 *	out     (n)
 */
void prune_compare(const struct prune_plan *p, int n, int window, const int *lr,
	const double *delta_m, struct prune_verdict *out);

#endif
