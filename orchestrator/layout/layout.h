/*
 * deltam table --layout: the tables of papers (docs/TABLES.md). A layout is a row of
 * layout.def and a function of its own file. Whatever it makes is a report like any other: all
 * formats, marks, notes and --columns take it as they take the benchmark.
 */
#ifndef DELTAM_LAYOUT_H
#define DELTAM_LAYOUT_H

#include "orchestrator/cli/cli.h"
#include "orchestrator/report/benchmark.h"
#include "orchestrator/report/benchmark_data.h"

/* ERR_USAGE where the layout that o names has no place for another option. */
MUST_CHECK int layout_check(const struct cli_options *o, struct err *e);

/*
 * Fills *r (its arena set) with the layout of that name. ERR_USAGE: the sweep has nothing to
 * show in it.
 */
MUST_CHECK int layout_report(struct store *s, const struct query_sweep *w,
	const char *name, const struct benchmark_view *view, struct report *r,
	struct err *e);

/*
 * The functions of the layouts. They find the blocks in b->report and put other tables in
 * their place (of OWN: put tables there), and write notes that only they have.
 */
#define LAYOUT(name, kind, summary, papers) \
	MUST_CHECK int layout_##name(struct benchmark *b, struct err *e);
#include "orchestrator/layout/layout.def"
#undef LAYOUT

#endif
