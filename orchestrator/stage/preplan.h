/*
 * What a run would find: how much of a sweep is trained already, and how long the rest takes.
 * The sweep is planned as `run` plans it, in a copy of its database in memory, so an edited
 * file, another one's jobs and a run that was killed count as they would.
 */
#ifndef DELTAM_PREPLAN_H
#define DELTAM_PREPLAN_H

#include "orchestrator/plan/outlook.h"
#include "orchestrator/plan/resolve.h"

/*
 * db: its database; NULL or missing: nothing is trained. known: composed where db is there,
 * because the digests of data are part of what a job is. rate: of each row of counts, seconds
 * an epoch where the sweep has not shown it; NAN: unknown. lost: what was trained and is not
 * planned any more (replan_lost).
 */
MUST_CHECK int preplan(const struct resolved *known, const struct plan_counts *counts,
	const char *db, const double *rate, int workers, struct outlook *out,
	struct str *lost, struct err *e);

#endif
