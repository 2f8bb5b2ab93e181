/*
 * Blocks turned into tables of Δm alone, in which methods or variants stand beside one
 * another; what is said of a Δm (deviation, marks, interval, tests) moves with it.
 */
#ifndef DELTAM_LAYOUT_PIVOT_H
#define DELTAM_LAYOUT_PIVOT_H

#include "orchestrator/report/benchmark_data.h"

/* Where the figures of one row of the blocks go. */
struct layout_place {
	const char *block; /* the table; "": without a heading */
	const char *row, *row_exact;
	const char *column, *column_exact; /* of programs: "": the figures' own names */
};

struct layout_pivot {
	const char *row_name, *row_title;
	bool blocks; /* there may be several, which programs tell apart by `variant` */
	/* The place of a row of the blocks, of the entry x. */
	MUST_CHECK int (*place)(const struct benchmark *b, const struct query_entry *x,
		struct layout_place *out, struct err *e);
	/* Of the tables that were made: where figures begin, how many columns a place has. */
	int first, figures;
};

/*
 * Replaces the blocks in b->report. The baseline, whose Δm is 0, is left out. Columns and rows
 * stand in the order in which they came.
 */
MUST_CHECK int layout_turn(struct benchmark *b, struct layout_pivot *p, struct err *e);

#endif
