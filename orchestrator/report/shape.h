/* What the user asks of a finished table besides its rows: which columns, how stacked. */
#ifndef DELTAM_SHAPE_H
#define DELTAM_SHAPE_H

#include "orchestrator/report/report.h"

/*
 * Keeps the columns that `names` lists ("label,delta_m", as `--format csv` calls them), in
 * that order, for readers and programs alike; a table that lacks one goes without it.
 * ERR_USAGE, with the nearest name, where no table has one.
 */
MUST_CHECK int shape_columns(struct report *r, const char *names, struct err *e);

/*
 * Puts neighbouring tables of equal columns into one, whose column `variant` says what their
 * headings said.
 */
void shape_stack(struct report *r);

#endif
