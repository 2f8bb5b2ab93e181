/*
 * deltam table: the benchmark, a layout of it, robustness, or the rows of a query; of one
 * sweep, or of several, which may be of different databases.
 */
#include <string.h>
#include "common/store/store_open.h"
#include "orchestrator/layout/layout.h"
#include "orchestrator/print/several.h"
#include "orchestrator/print/shape.h"
#include "orchestrator/report/benchmark.h"
#include "orchestrator/report/reader.h"
#include "orchestrator/report/robust.h"

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

#define SWEEPS_MAX (CLI_LIST_MAX + 2)

/* The sweeps that the words of the command name; without any the one that there is. */
struct sweeps {
	struct report_reader *reader;
	struct layout_sweep item[SWEEPS_MAX];
	int n;
};

/* A table of several tells them apart by their names. */
static int check_name(const struct sweeps *s, const char *name, struct err *e)
{
	for (int i = 0; i < s->n; i++)
		if (!strcmp(s->item[i].sweep->name, name))
			return err_set(e, ERR_USAGE,
				"two sweeps called \"%s\" in one table could not be "
				"told apart: another name (\"sweep\" in the sweep file) "
				"for one of them, or two calls",
				name);
	return OK;
}

static int open_sweep(
	struct sweeps *s, const struct cli_options *o, const char *word, struct err *e)
{
	struct cli_options one = *o;
	struct report_reader *r = &s->reader[s->n];
	int rc;

	one.operand = word;
	rc = reader_open(r, &one, e);
	if (!rc)
		rc = check_name(s, r->sweep.name, e);
	if (rc) {
		reader_close(r);
		return rc;
	}
	s->item[s->n++] = (struct layout_sweep){ &r->s, &r->sweep };
	return OK;
}

static int open_sweeps(struct sweeps *s, const struct cli_options *o, struct err *e)
{
	int rc = open_sweep(s, o, o->operand, e);

	if (!rc && o->second)
		rc = open_sweep(s, o, o->second, e);
	for (int i = 0; i < o->more.n && !rc; i++)
		rc = open_sweep(s, o, o->more.item[i], e);
	return rc;
}

/* The tables of each sweep, behind one another. */
static int report_blocks(const struct sweeps *s, const struct cli_options *o,
	const struct benchmark_view *view, struct report *r, struct err *e)
{
	struct several all = { 0 };
	int rc = OK;

	for (int i = 0; i < s->n && !rc; i++) {
		const struct layout_sweep *x = &s->item[i];
		struct report *of = several_add(&all, x->sweep->name, r->arena);

		rc = o->robust ? robust_report(x->store, x->sweep, of, e)
			       : benchmark_report(x->store, x->sweep, view, of, e);
		if (rc && s->n > 1)
			rc = err_wrap(e, "%s", x->sweep->name);
	}
	if (!rc)
		several_put(&all, r);
	return rc;
}

static int print_view(const struct cli_options *o, const struct benchmark_view *view,
	struct arena *a, struct err *e)
{
	struct sweeps s = { .reader = NEW_ARRAY(a, struct report_reader, SWEEPS_MAX) };
	struct report r = { .arena = a };
	int rc = open_sweeps(&s, o, e);

	if (!rc && o->layout)
		rc = layout_report(s.item, s.n, o->layout, view, &r, e);
	else if (!rc)
		rc = report_blocks(&s, o, view, &r, e);
	if (!rc)
		rc = shape(&r, o, e);
	if (!rc)
		reader_print(&r, o);
	while (s.n > 0)
		reader_close(&s.reader[--s.n]);
	return rc;
}

/* Which options go together. */
static int check_options(const struct cli_options *o, struct err *e)
{
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
	if (o->second && (o->query || o->sweep))
		return err_set(e, ERR_USAGE,
			o->query ? "--query: asks one database, not several sweeps"
				 : "--sweep: the sweeps are named already");
	return o->layout ? layout_check(o, e) : OK;
}

int cmd_table(const struct cli_options *o, struct err *e)
{
	struct benchmark_view view = { .split = o->split,
		.cost = o->cost > 0,
		.digits = o->digits,
		.std = o->std };
	struct arena a = { 0 };
	int rc = check_options(o, e);

	if (!rc)
		rc = inference_parse(&view.inference, o, e);
	if (rc)
		return rc;
	rc = o->query ? answer_query(o, &a, e) : print_view(o, &view, &a, e);
	arena_release(&a);
	return rc;
}
