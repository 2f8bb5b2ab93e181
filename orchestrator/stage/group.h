/*
 * A group: the configurations that compete in one stage of one entry, loaded from its
 * rows. Whatever a decision depends on is read here, once, as plain figures that carry
 * the digest of their rows; decide.h decides and needs no database.
 */
#ifndef DELTAM_GROUP_H
#define DELTAM_GROUP_H

#include "common/store/store_job.h"
#include "orchestrator/plan/plan.h"
#include "orchestrator/stage/decide.h"

/*
 * A baseline that is tuned per task is a group of its own for each; a shared one spans
 * all tasks.
 */
struct group {
	struct store *s;
	const struct spec *spec;
	int64_t sweep;
	const struct spec_variant *v;
	const struct plan_grid *grid;
	const char *primary; /* the task that a method is judged by; NULL: all */
	int task; /* the first task of a baseline; -1: a method */
	int units; /* stage rows: the tasks of a shared baseline, 1 otherwise */
	const int64_t *stages; /* (units) rising */
	int64_t incumbent; /* a job whose configuration no rung stops; -1: none */
	struct member *members; /* by config, then stage, then seed */
	int n;
};

/* Loads the members of all stages of the group into g->members. */
MUST_CHECK int group_load(struct group *g, struct arena *a, struct err *e);

/*
 * How many configurations no rung has stopped. A run that diverged before its
 * configuration was stopped stays diverged, so every member is looked at.
 */
int group_survivors(const struct group *g);

/*
 * Reads every figure that a decision at `epoch` depends on, a rung or the variant's
 * last epoch. Configurations with a stopped run are left out, because another sweep may
 * have trained the stopped job further and the decision must not depend on that. The
 * members have been loaded and have all arrived there. Arrays of *out are in the arena.
 */
MUST_CHECK int group_figures(const struct group *g, int epoch, struct decide_group *out,
	struct arena *a, struct err *e);

/*
 * Reads the validation Δm of a job in the epochs from..to into row; INFINITY where an
 * epoch has no score.
 */
MUST_CHECK int group_scores(const struct group *g, const struct member *m, int from,
	int to, double *row, struct err *e);

#endif
