/*
 * deltam table --layout: the tables of papers (docs/TABLES.md). A layout is a row of
 * layout.def and a `struct layout_shape` of its own file. Whatever it makes is a report like any
 * other: all formats, marks, notes and --columns take it as they take the benchmark.
 */
#ifndef DELTAM_LAYOUT_H
#define DELTAM_LAYOUT_H

#include "orchestrator/cli/cli.h"
#include "orchestrator/report/benchmark.h"
#include "orchestrator/report/benchmark_data.h"

/* A sweep that is shown, each perhaps in a database of its own. */
struct layout_sweep {
	struct store *store;
	const struct query_sweep *sweep;
};

/* ERR_USAGE where the layout that o names has no place for another option. */
MUST_CHECK int layout_check(const struct cli_options *o, struct err *e);

/*
 * Fills *r (its arena set) with the layout of that name, of n sweeps. ERR_USAGE: a sweep has
 * nothing to show in it.
 */
MUST_CHECK int layout_report(const struct layout_sweep *sweep, int n, const char *name,
	const struct benchmark_view *view, struct report *r, struct err *e);

/* What is left to do once the tables of all sweeps are there. */
struct layout_whole {
	struct report *report;
	const struct layout_sweep *sweep;
	int sweeps;
	int digits; /* as struct benchmark has them */
	int figures; /* columns of one place, where a layout turns the blocks */
	/* What rows of sweeps that have met in one table were trained with. */
	struct layout_setting {
		const char *heading, *lines;
	} * setting;
	int settings, setting_capacity;
};

/* How the tables of several sweeps become those of one report. */
enum layout_meeting {
	MEET_NAMED, /* one behind the other, under the name of the sweep */
	MEET_ROWS, /* as rows of one table, where the headings are the same */
	MEET_COLUMNS, /* beside one another: the first column says which rows are the same */
};

struct layout_shape {
	enum layout_meeting meeting;
	/*
	 * The tables of one sweep: finds the blocks in b->report and puts other tables in
	 * their place (of OWN: puts tables there), and writes notes that only it has.
	 */
	MUST_CHECK int (*build)(
		struct benchmark *b, struct layout_whole *w, struct err *e);
	/* Behind that of all sweeps; NULL: nothing is left to do. */
	MUST_CHECK int (*finish)(const struct layout_whole *w, struct err *e);
};

#define LAYOUT(name, kind, summary, papers) \
	extern const struct layout_shape layout_##name;
#include "orchestrator/layout/layout.def"
#undef LAYOUT

#endif
