/*
 * What every command that answers with a table hands to the formats of report.def.
 *
 * A report is a list of tables (a block per variant); a table is rows of cells under
 * columns. A cell has a text to read and a figure in full precision; a column may be for
 * readers only ("85.1 ± 0.3") or for programs only (its mean and its deviation).
 */
#ifndef DELTAM_REPORT_H
#define DELTAM_REPORT_H

#include <stdio.h>
#include "common/store/rows.h"
#include "common/str.h"

enum cell_kind { CELL_NONE, CELL_TEXT, CELL_NUMBER };
enum cell_mark { MARK_NONE, MARK_BEST, MARK_SECOND };

struct report_cell {
	enum cell_kind kind;
	enum cell_mark mark;
	const char *text; /* to read; NULL is empty */
	const char *exact; /* for programs; NULL: as text */
	const char
		*letters; /* behind the text, raised where a format can; NULL: none */
};

enum audience { FOR_ALL, FOR_READERS, FOR_PROGRAMS };

struct report_column {
	const char *name; /* for programs */
	const char *title; /* for readers */
	const char *group; /* heading over neighbours of the same group; NULL: none */
	int arrow; /* 1 higher is better, -1 lower, 0 none */
	bool right; /* aligned */
	enum audience audience;
	int spare; /* where there is no room the highest goes first; 0: never */
};

struct report_table {
	struct arena *arena;
	const char *heading; /* NULL: none */
	struct report_column *column;
	int columns, column_capacity;
	struct report_cell *cell; /* rows x columns */
	int cells, cell_capacity;
	bool stacked; /* of several: each begins where its first cell says something */
	bool named; /* the heading names its sweep, so that a title need not */
	int foot; /* rows at its end that sum up the others */
};

struct report {
	struct arena *arena;
	const char *title; /* NULL: none */
	struct report_table *table;
	int tables, table_capacity;
	const char **note;
	int notes, note_capacity;
	bool terminal; /* escape sequences are welcome */
	bool ascii; /* of text: nothing else can be read where it goes */
	int width; /* of the terminal, in columns; 0: as wide as it needs */
};

/* Begins a new table. It gets its columns first, then its rows, cell by cell. */
struct report_table *report_table(struct report *r, const char *heading);
struct report_column *table_column(
	struct report_table *t, const char *name, const char *title);
/* Adds n columns at once; those of numbers stand on the right. */
struct report_head {
	const char *name;
	const char *title; /* NULL: as name */
	bool number;
};
void table_columns(struct report_table *t, const struct report_head *list, int n);
/* Leaves to programs every column that " a b c " does not name, each between blanks. */
void table_for_readers(struct report_table *t, const char *names);
/* The same with every column that has nothing but 0 and empty cells so far. */
void table_hide_idle(struct report_table *t);

struct report_cell *table_text(
	struct report_table *t, const char *text); /* NULL: an empty cell */
/* Adds a number; NAN is an empty cell. text NULL: the shortest text of v itself. */
struct report_cell *table_number(struct report_table *t, double v, const char *text);
/* The same with the text of report_fixed. */
struct report_cell *table_fixed(struct report_table *t, double v, int decimals);
/* Adds a number by its digits, which no double need hold; NULL: an empty cell. */
struct report_cell *table_digits(struct report_table *t, const char *digits);
/*
 * Writes v with so many decimals, and without a minus where all digits are 0. Where
 * decimals say nothing, from 10^7 on and below the last one, it is three digits and a
 * power of ten.
 */
const char *report_fixed(struct arena *a, double v, int decimals);
int table_rows(const struct report_table *t);
/* Whether both have the columns of the same names. */
bool table_same_columns(const struct report_table *a, const struct report_table *b);
/* Adds a cell that another table has; NULL: an empty one. */
void table_copy(struct report_table *t, const struct report_cell *c);
/* Instead of what the cell has held; the text is not copied. */
void table_put_text(struct report_table *t, int row, int column, const char *text);
/* The same as table_number writes it. */
void table_put_number(
	struct report_table *t, int row, int column, double v, const char *text);
struct report_cell *table_at(const struct report_table *t, int row, int column);

void report_note(struct report *r, const char *fmt, ...) PRINTF(2, 3);

/* Adds the rows of any query as a table, with every column for readers and programs. */
MUST_CHECK int report_query(
	struct report *r, struct store *s, const char *sql, struct err *e);

/* Prints the report. format is a name of report.def; NULL is text. */
void report_print(const struct report *r, const char *format, FILE *out);

/* What a cell says to a program: "" for an empty one. */
const char *cell_exact(const struct report_cell *c);
/* What it says to a reader. */
const char *cell_text(const struct report_cell *c);
/* Title and arrow as UTF-8: "Acc. [%] ↑". In the arena. */
const char *column_title(const struct report_column *c, struct arena *a);
bool column_for_readers(const struct report_column *c);
/* How many neighbours from column i on share its group and are for readers. */
int column_group_end(const struct report_table *t, int i);

/* One row as the formats of programs write it, for whoever has too many of them. */
void report_csv_line(
	const struct report_table *t, int row, struct str *out); /* -1: the header */
void report_jsonl_line(const struct report_table *t, int row, struct str *out);
void report_json_object(const struct report_table *t, int row, struct str *out);

#define REPORT(name, summary) \
	void report_##name(const struct report *r, struct str *out);
#include "orchestrator/print/report.def"
#undef REPORT

#endif
