/*
 * Winners: what `evaluate` and `save` want of final runs, planned as rows once a final
 * stage is decided. A pure function of rows and of the files that are there; nothing is
 * chosen by what comes of it.
 */
#ifndef DELTAM_WINNER_H
#define DELTAM_WINNER_H

#include "orchestrator/stage/stage.h"

/* Whether the sweep file wants anything of its winners. */
bool winner_wanted(const struct spec *spec);

/*
 * The winners of one final stage (task: of a baseline, NULL otherwise), pending where
 * something is missing. Those that have rows stay.
 */
MUST_CHECK int winner_plan(
	struct stage_ctx *c, int64_t stage, const char *task, struct err *e);

/* Whether nothing that was wanted of the job's running winner is missing. */
MUST_CHECK int winner_complete(
	struct stage_ctx *c, int64_t job, int epoch, bool *complete, struct err *e);

#endif
