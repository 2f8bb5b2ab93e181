/*
 * What a plan will cost: seconds an epoch for every row of it, from what was measured in
 * the database, else from a short probe by the worker, one a variant.
 */
#ifndef DELTAM_ESTIMATE_H
#define DELTAM_ESTIMATE_H

#include "orchestrator/plan/plan.h"
#include "orchestrator/plan/resolve.h"

struct estimate {
	double *rate; /* of each row of the plan, seconds an epoch; NAN unknown */
	int measured, probed; /* rows */
	const char *why; /* the first reason why something is unknown; NULL */
};

/*
 * db: where to look for measured rates (NULL or missing: nowhere). A database that
 * cannot be read or a probe that fails leaves rates unknown: a plan without an estimate
 * is still a plan.
 */
struct estimate estimate_rates(const struct resolved *known,
	const struct plan_counts *c, const char *db, bool probe, struct arena *a);

/* Core-hours of one stage: jobs(row) of each row at its rate, all epochs trained. */
double estimate_hours(const struct estimate *x, const struct plan_counts *c,
	int64_t (*jobs)(const struct plan_entry_jobs *row));

#endif
