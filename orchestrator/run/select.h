/*
 * Decisions: which configuration of a stage wins, and which stop at a rung. Each is
 * made from committed rows alone and written with its figure, its reason and the digest
 * of what was read; made again from the same rows it is the same row.
 */
#ifndef DELTAM_SELECT_H
#define DELTAM_SELECT_H

#include "common/store/store_job.h"
#include "orchestrator/plan/plan.h"

/*
 * The configurations that compete in one stage of one entry. A baseline that is tuned
 * per task is a group of its own for each; a shared one spans all tasks.
 */
struct group {
	struct store *s;
	const struct spec *spec;
	int64_t sweep;
	const struct variant *v;
	const struct grid *grid;
	const char *primary; /* the task that a method is judged by; NULL: all */
	int task; /* the first task of a baseline; -1: a method */
	int units; /* stage rows: the tasks of a shared baseline, 1 otherwise */
	const int64_t *stages;
	struct member *members; /* by config, then stage, then seed */
	int n;
};

/* Loads the members of the stages in their order. */
MUST_CHECK int group_load(struct group *g, struct arena *a, struct err *e);

/* Members of one configuration are neighbours: the index behind the run from i on. */
int group_next(const struct group *g, int i);

/* What a member of a method is chosen by, see below; INFINITY for one that is last. */
MUST_CHECK int select_figure(
	const struct group *g, const struct member *m, double *figure, struct err *e);

/*
 * The winner among the configurations that were not stopped; all have ended.
 *	method    the lowest mean over seeds of each job's lowest validation Δm; a run that
 *	          select.require refuses, or that diverged, puts its configuration last
 *	baseline  the lowest mean over criteria of the signed relative gap to the best
 *	          seen, each job at its epoch of the lowest validation loss
 * Ties: the first in the order of the plan. *config is -1 when all of them diverged.
 * Writes the decision rows and returns the reason in the arena.
 */
MUST_CHECK int select_winner(const struct group *g, struct arena *a, int *config,
	const char **reason, struct err *e);

/*
 * Who stops at the rung (an epoch): stop[i] belongs to the configuration of members[i]
 * and is set for those only. Configurations with stopped members do not compete any
 * more; the one with the job `incumbent` is never stopped (-1: none). Writes a decision
 * row for each that stops.
 */
MUST_CHECK int select_stops(
	const struct group *g, int rung, int64_t incumbent, bool *stop, struct err *e);

#endif
