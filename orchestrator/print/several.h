/*
 * Several sweeps in one report. Each makes its own, whose notes are true of it alone, and these
 * reports are put together; sweeps are told apart by their names.
 */
#ifndef DELTAM_SEVERAL_H
#define DELTAM_SEVERAL_H

#include "orchestrator/print/report.h"

/* The reports of n sweeps and their names; all in one arena. */
struct several {
	struct several_part {
		const char *name;
		struct report report;
	} * part;
	int n, capacity;
};

/* Adds an empty report under that name, good until the next one is added. */
struct report *several_add(struct several *all, const char *name, struct arena *a);

/*
 * Makes *r of them (its arena set): the tables of one sweep behind those of the other, the
 * name of the sweep in front of their headings. A note that all have stands once, every other
 * one behind the names of the sweeps that have it. Of one sweep *r is its report as it is.
 */
void several_put(const struct several *all, struct report *r);

/*
 * The same, but for tables of equal headings, which become one: shape_join says what `keys` do.
 */
void several_join(const struct several *all, int keys, struct report *r);

#endif
