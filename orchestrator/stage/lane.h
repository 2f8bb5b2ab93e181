/*
 * One entry of one variant through its phases: what stage.c does with each lane. Shared
 * between lane.c and stage.c alone; stage.h is for everybody else.
 */
#ifndef DELTAM_LANE_H
#define DELTAM_LANE_H

#include "orchestrator/stage/stage.h"

enum phase { PHASE_TUNE, PHASE_REFINE, PHASE_WD, PHASE_FINAL };

/*
 * A stage's id says where it belongs, so that it is the same whenever it is made:
 * sweep, variant, position of the entry, task, phase.
 */
#define BITS_SWEEP 40
#define BITS_VARIANT 28
#define BITS_ENTRY 16
#define BITS_TASK 4

int64_t lane_stage_id(
	const struct stage_ctx *c, const struct lane *l, int unit, enum phase ph);

static inline const struct spec_variant *lane_variant(
	const struct stage_ctx *c, const struct lane *l)
{
	return &c->spec->variants[l->variant];
}

/* What a job's row means for a membership with this target, unless a worker is at it. */
enum member_state lane_reached(const struct job_row *job, int target);

/* Adds the scores that a job of this lane lacks; a baseline has none. */
MUST_CHECK int lane_score(struct stage_ctx *c, const struct lane *l,
	const struct job_row *job, struct err *e);

/* The same entry in the first variant, for `"pin": "winner"`; NULL: not pinned. */
const struct lane *lane_pinned_to(const struct stage_ctx *c, const struct lane *l);

/* Makes the stages that can be made now, and decides those that can be decided. */
MUST_CHECK int lane_advance(struct stage_ctx *c, const struct lane *l, struct err *e);

#endif
