/*
 * Who stops at a rung: the rules of design.md on plain figures. Pure.
 *
 *	rungs    stops who was, in every epoch of the window, above the keep-th best of
 *	         that epoch; ties live
 *	halving  keeps the ceil(n / eta) lowest window means, the first on ties
 *	median   stops who is above the median of the window means
 *	none     stops nobody
 */
#ifndef DELTAM_PRUNE_H
#define DELTAM_PRUNE_H

#include "orchestrator/spec.h"

struct prune_rule_args {
	enum prune_rule rule;
	int keep; /* rungs */
	double eta; /* halving */
};

/*
 *	n                survivors that compete
 *	window           epochs that are looked at, >= 1
 *	delta_m (n,window) in   mean over seeds; INFINITY: diverged, which is last
 *	figure  (n)      out    window mean: what halving and median compare, what the
 *	                        decision shows
 *	bound   (n)      out    what it was compared with: of the last epoch for rungs
 *	stop    (n)      out
 */
void prune_decide(const struct prune_rule_args *args, int n, int window,
	const double *delta_m, double *figure, double *bound, bool *stop);

#endif
