/*
 * deltam toy: the worker computes a small problem into a database, and this shows it.
 */
#ifndef DELTAM_ORCHESTRATOR_TOY_H
#define DELTAM_ORCHESTRATOR_TOY_H

#include "orchestrator/print/report.h"

/*
 * Makes a table and notes of the experiment's rows; steps is how many a run was
 * allowed. ERR_DB.
 */
MUST_CHECK int toy_cagrad_report(
	struct report *r, struct store *s, int steps, struct err *e);
MUST_CHECK int toy_scale_report(
	struct report *r, struct store *s, int epochs, struct err *e);
MUST_CHECK int toy_sigma_report(
	struct report *r, struct store *s, int steps, struct err *e);

#endif
