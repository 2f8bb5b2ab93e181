/*
 * What layouts share: whose row it is, marks of new rows, the columns that papers leave to
 * their captions.
 */
#ifndef DELTAM_LAYOUT_ROWS_H
#define DELTAM_LAYOUT_ROWS_H

#include "orchestrator/layout/layout.h"

/* An entry, of the auxiliary block or not; NULL: the variant has none of that label. */
const struct query_entry *layout_find(
	const struct benchmark *b, const char *variant, const char *label);
/* What tables call the entries of that label. */
const char *layout_title(const struct benchmark *b, const char *label);

/*
 * What a column of that variant is called: its label, behind the name of the sweep where
 * several are shown; "" for the only one of an only sweep.
 */
const char *layout_variant(const struct benchmark *b, const char *variant);

/* The entry of a row of the blocks. */
const struct query_entry *layout_entry(
	const struct benchmark *b, const struct report_table *t, int row);

/*
 * What a variant is called by the axis `name` of `vary` ("batch"), and by all others. ERR_USAGE
 * where the sweep does not vary it.
 */
struct layout_axis {
	const char *value, *rest;
};
MUST_CHECK int layout_axis(const struct benchmark *b, const char *variant,
	const char *name, struct layout_axis *out, struct err *e);

/* Marks a criterion, Δm or a column like them anew, among the rows there are now. */
void layout_mark(struct benchmark *b, struct report_table *t, int column);
/* The same of every column with an arrow. */
void layout_mark_all(struct benchmark *b, struct report_table *t);

/*
 * Stacks the blocks and puts lr and wd behind the method, as letters of one alphabet for all
 * values that the sweeps have tried, upwards; a note says what they stand for.
 */
MUST_CHECK int layout_letters(const struct layout_whole *w, struct err *e);
/* Stacks the blocks alone. */
MUST_CHECK int layout_stack(const struct layout_whole *w, struct err *e);

/*
 * Leaves the columns `tried`, `seeds` and `chosen` to programs, and the number of seeds to a
 * note; seeds stay where some method has another number of them.
 */
void layout_compact(struct benchmark *b);
/* A note on T and weights that were chosen, entry by entry. */
void layout_note_chosen(struct benchmark *b);

#endif
