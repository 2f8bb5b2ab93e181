/*
 * What a sweep went through, as tables: commands print them, and a page shows them side by
 * side (orchestrator/page/). Each adds to *r, whose arena is set. Errors: ERR_DB.
 */
#ifndef DELTAM_ACCOUNT_H
#define DELTAM_ACCOUNT_H

#include "orchestrator/report/standing.h"

/* Every stop and every choice; a note where rows that they read were replaced. */
MUST_CHECK int account_decisions(
	struct report_reader *reader, struct report *r, struct err *e);

/* Jobs that diverged or failed for good; `empty`: a table without rows is wanted, too. */
MUST_CHECK int account_failures(
	struct report_reader *reader, bool empty, struct report *r, struct err *e);

/* Jobs of each stage by state, then what is left, and why nobody is at work. */
MUST_CHECK int account_stages(
	const struct standing *x, struct report *r, struct err *e);

#endif
