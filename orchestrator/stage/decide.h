/*
 * What a group of configurations decides: who stops at a rung, who wins at the end. Pure:
 * plain figures come in and a decision goes out, so that the scheduler (lane.c), the
 * replay of other rules (replay.c) and the tests all decide by the same function.
 * group.h reads the figures from rows, apply.h writes the decision as rows.
 */
#ifndef DELTAM_DECIDE_H
#define DELTAM_DECIDE_H

#include "orchestrator/plan/prune.h"

/* A configuration that competes. */
struct decide_config {
	int point; /* its number in the grid of the stage */
	int lr; /* which learning rate: equal numbers, equal rates */
	int first, runs; /* its runs, one a seed: first .. first + runs - 1 */
	bool incumbent; /* no rung stops it */
};

/* One run of a configuration: one seed. */
struct decide_run {
	bool diverged; /* what it did not reach is INFINITY; this is for the count */
	bool refused; /* select.require does not hold where the run is best */
};

/*
 * At a rung, a column is an epoch of the window and a figure the validation Δm of that
 * epoch. At the end of training a method has one column, the lowest validation Δm of the
 * run; a baseline has one for each criterion, taken where the validation loss is lowest.
 * A run that has no such figure has INFINITY there.
 */
struct decide_group {
	struct prune_plan plan;
	int epoch; /* that all of them have reached: a rung, or plan.epochs */
	int tried; /* configurations that there were; those not stopped compete */
	int n; /* configurations that compete, in the order of the plan */
	struct decide_config *config; /* (n) */
	struct decide_run *run; /* (runs of all) */
	int columns;
	double *figure; /* (runs of all, columns) */
	const bool *higher; /* (columns) criteria of a baseline; NULL: a method's Δm */
	char digest[33]; /* of the rows behind the figures; "" where there are none */
};

/* Indexes count the configurations that compete. */
struct decision {
	/*
	 * (n) What each was compared by. At a rung, `stop` says who stops, and bound and
	 * mark say why; at the end nobody stops, and figure is what ranks them
	 * (INFINITY: last, never chosen).
	 */
	struct prune_verdict *of;
	int best, second; /* -1: none; a rung has neither */
	int stopped, diverged; /* configurations: stopped before, with a run that did */
};

/*
 *	rung      prune_compare over the means of the seeds
 *	method    the lowest mean over seeds of each run's lowest validation Δm; a run
 *	          that select.require refuses, or that diverged, puts its configuration
 *	          last
 *	baseline  the lowest mean over criteria of the signed relative gap to the best seen
 * On ties the first in the order of the plan wins. Arrays of the result in the arena.
 */
struct decision decide(const struct decide_group *g, struct arena *a);

#endif
