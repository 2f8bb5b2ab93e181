/* deltam table: the benchmark, a layout of it, robustness, or the rows of a query. */
#include "common/store/store_open.h"
#include "orchestrator/report/benchmark.h"
#include "orchestrator/layout/layout.h"
#include "orchestrator/report/reader.h"
#include "orchestrator/report/robust.h"
#include "orchestrator/print/shape.h"

/* A query may look at all sweeps: the database is enough. */
static int answer_query(const struct cli_options *o, struct arena *a, struct err *e)
{
	struct report r = { .arena = a };
	struct store s;
	const char *path;
	int rc = reader_path(o, a, &path, e);

	if (rc)
		return rc;
	rc = store_open(&s, path, STORE_QUERY, e);
	if (rc)
		return rc;
	rc = report_query(&r, &s, o->query, e);
	store_close(&s);
	if (!rc)
		reader_print(&r, o);
	return rc;
}

static bool infers(const struct cli_options *o)
{
	return o->against || o->interval || o->bootstrap || o->mark || o->test;
}

static int shape(struct report *r, const struct cli_options *o, struct err *e)
{
	if (o->stack)
		shape_stack(r);
	return o->columns ? shape_columns(r, o->columns, e) : OK;
}

static int print_view(
	const struct cli_options *o, const struct benchmark_view *view, struct err *e)
{
	struct report_reader reader;
	int rc = reader_open(&reader, o, e);

	if (!rc) {
		struct report r = { .arena = &reader.arena };

		rc = o->robust ? robust_report(&reader.s, &reader.sweep, &r, e)
			: o->layout
			? layout_report(
				  &reader.s, &reader.sweep, o->layout, view, &r, e)
			: benchmark_report(&reader.s, &reader.sweep, view, &r, e);
		if (!rc)
			rc = shape(&r, o, e);
		if (!rc)
			reader_print(&r, o);
	}
	reader_close(&reader);
	return rc;
}

int cmd_table(const struct cli_options *o, struct err *e)
{
	struct benchmark_view view = { .split = o->split,
		.cost = o->cost > 0,
		.digits = o->digits,
		.std = o->std };
	struct arena a = { 0 };
	int rc;

	if (o->robust && (o->split || o->cost || o->query || infers(o)))
		return err_set(e, ERR_USAGE,
			"--robust: without --split, --cost, --query and statistics: it "
			"is a table of its own, of test pictures");
	if (o->robust && (o->digits || o->std))
		return err_set(e, ERR_USAGE,
			"--robust: its digits and deviations are as they are");
	if (o->query && (o->columns || o->digits || o->std || o->stack))
		return err_set(e, ERR_USAGE,
			"--query: its columns are those of the SELECT, as they are");
	if (o->query && infers(o))
		return err_set(e, ERR_USAGE,
			"--query: its rows have no intervals, tests or marks");
	rc = o->layout ? layout_check(o, e) : OK;
	if (!rc)
		rc = inference_parse(&view.inference, o, e);
	if (rc)
		return rc;
	if (!o->query)
		return print_view(o, &view, e);
	rc = answer_query(o, &a, e);
	arena_release(&a);
	return rc;
}
