/*
 * Writes what a group has decided: a row of `decision` says who and why, and
 * `stage_job` says that who stops wants no more epochs. All of it is part of the
 * caller's transaction. Who decides again from the same figures writes the same rows.
 */
#ifndef DELTAM_APPLY_H
#define DELTAM_APPLY_H

#include "orchestrator/stage/group.h"

/*
 * At a rung each configuration that stops gets a row of `decision`, and its waiting
 * members are stopped.
 */
MUST_CHECK int apply_stops(struct group *g, const struct decide_group *x,
	const struct decision *d, struct err *e);

/*
 * At the end each stage of the group gets a row of `decision`. *config is the winner's
 * point, -1 where no configuration reached a result; *reason is in the arena.
 */
MUST_CHECK int apply_choice(const struct group *g, const struct decide_group *x,
	const struct decision *d, int *config, const char **reason, struct arena *a,
	struct err *e);

#endif
