/*
 * Decisions in words: the column `reason` of the table decision, which users read in
 * `deltam decisions`.
 */
#ifndef DELTAM_REASON_H
#define DELTAM_REASON_H

#include "orchestrator/plan/plan.h"
#include "orchestrator/stage/decide.h"

/* Says why configuration i stops, which it does. */
const char *reason_stop(
	const struct decide_group *x, const struct decision *d, int i, struct arena *a);

/* Says who won and by how much. The points of x are numbers in grid. */
const char *reason_choice(const struct decide_group *x, const struct decision *d,
	const struct plan_grid *grid, struct arena *a);

#endif
