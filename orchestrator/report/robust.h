/*
 * The table of the robustness difference (view `robustness`): a block per variant, a row
 * per method, a column per criterion.
 */
#ifndef DELTAM_ROBUST_H
#define DELTAM_ROBUST_H

#include "common/store/store_query.h"
#include "orchestrator/print/report.h"

/* Fills *r (its arena set) for one sweep. ERR_DB. */
MUST_CHECK int robust_report(
	struct store *s, const struct query_sweep *w, struct report *r, struct err *e);

#endif
