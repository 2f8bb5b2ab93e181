/*
 * Finished tables in another shape: which columns and rows, in which order, how stacked. What
 * the user asks for (--columns, --stack), and what layouts are made of.
 */
#ifndef DELTAM_SHAPE_H
#define DELTAM_SHAPE_H

#include "orchestrator/print/report.h"

/*
 * Keeps the columns that `names` lists ("label,delta_m", as `--format csv` calls them), in
 * that order, for readers and programs alike; a table that lacks one goes without it.
 * ERR_USAGE, with the nearest name, where no table has one.
 */
MUST_CHECK int shape_columns(struct report *r, const char *names, struct err *e);

/*
 * Puts neighbouring tables that show the same columns into one, whose column `variant` says
 * what their headings said.
 */
void shape_stack(struct report *r);

/* The column of that name; -1: there is none. */
int shape_find(const struct report_table *t, const char *name);

/*
 * Leaves columns to programs, those of readers alone to nobody; " a b " names them, each
 * between blanks.
 */
void shape_hide(struct report_table *t, const char *names);

/* Moves a column, if there is one of that name, in front of column `to`. */
void shape_move(struct report_table *t, const char *name, int to);

/* Puts a column of empty cells in front of column `at` (t->columns: behind the last). */
struct report_column *shape_insert(
	struct report_table *t, int at, const char *name, const char *title);

/* Keeps the rows listed (n), in that order. */
void shape_rows(struct report_table *t, const int *row, int n);

/*
 * Adds the rows of a table of equal columns; false, and nothing, where they differ. What one of
 * the two shows to readers is shown of both.
 */
bool shape_append(struct report_table *to, const struct report_table *t);

/*
 * Adds a table of other columns and rows, whose cells are empty where there is nothing. Columns
 * are the same by name, rows by what programs read in their first `keys` cells; keys 0: every row
 * is another one.
 */
void shape_join(struct report_table *to, const struct report_table *t, int keys);

#endif
