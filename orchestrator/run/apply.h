/*
 * What a group has decided, as rows: `decision` says who and why, `stage_job` says that
 * who stops wants no more epochs. Inside the caller's transaction. Rows made again from
 * the same figures are the same rows.
 */
#ifndef DELTAM_APPLY_H
#define DELTAM_APPLY_H

#include "orchestrator/run/group.h"

/* At a rung: a decision row for each that stops; its waiting members are stopped. */
MUST_CHECK int apply_stops(struct group *g, const struct decide_group *x,
	const struct decision *d, struct err *e);

/*
 * At the end: a decision row for each stage of the group. *config is the winner's point,
 * -1 where no configuration reached a result; *reason in the arena.
 */
MUST_CHECK int apply_choice(const struct group *g, const struct decide_group *x,
	const struct decision *d, int *config, const char **reason, struct arena *a,
	struct err *e);

#endif
