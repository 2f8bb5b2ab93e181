/*
 * Directions that the single-task networks contradict: where a criterion was never better
 * than in the first epoch, in no run of its baseline, it was probably meant the other way.
 */
#ifndef DELTAM_DIRECTION_H
#define DELTAM_DIRECTION_H

#include "common/store/rows.h"
#include "orchestrator/spec/spec.h"

/*
 * Warns of each such criterion of the task. Only whole curves of at least three epochs
 * count, by their validation figures; without one nothing is said.
 */
MUST_CHECK int direction_warn(struct store *s, int64_t sweep,
	const struct spec_variant *v, const char *task, struct err *e);

#endif
