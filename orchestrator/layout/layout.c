#include "orchestrator/layout/layout.h"

#include <string.h>
#include "orchestrator/print/several.h"

enum layout_kind { ROWS, FIGURES, OWN };

static const struct row {
	const char *name;
	enum layout_kind kind;
	const struct layout_shape *layout;
} rows[] = {
#define LAYOUT(name, kind, summary, papers) { #name, kind, &layout_##name },
#include "orchestrator/layout/layout.def"
#undef LAYOUT
};

/* The command line takes the names of the table only. */
static const struct row *find(const char *name)
{
	int i = 0;

	while (strcmp(rows[i].name, name) != 0)
		i++;
	return &rows[i];
}

int layout_check(const struct cli_options *o, struct err *e)
{
	const struct row *l = find(o->layout);
	bool tests = o->interval || o->bootstrap || o->mark || o->test;

	if (o->query || o->robust)
		return err_set(e, ERR_USAGE,
			"--layout: a layout of the benchmark, not of --query or "
			"--robust");
	if (o->cost && l->kind != ROWS)
		return err_set(e, ERR_USAGE,
			"--cost: --layout %s has no columns for it (`--layout hours` "
			"shows hours)",
			l->name);
	if (l->kind == OWN && (tests || o->std))
		return err_set(e, ERR_USAGE,
			"--layout %s shows no means over seeds: without intervals, "
			"marks and --std",
			l->name);
	return OK;
}

/* The report of sweep i alone. */
static int build(const struct row *l, struct layout_whole *w, int i,
	const struct benchmark_view *view, struct report *r, struct err *e)
{
	struct benchmark b;
	int rc = benchmark_build(&b, w->sweep[i].store, w->sweep[i].sweep, view, r, e);

	if (rc)
		return w->sweeps > 1 ? err_wrap(e, "%s", w->sweep[i].sweep->name) : rc;
	w->digits = b.digits;
	if (l->kind == OWN) {
		r->tables = r->notes = 0;
		benchmark_progress(&b);
	}
	rc = l->layout->build(&b, w, e);
	if (!rc && l->kind != OWN)
		benchmark_finish(&b);
	return rc;
}

static void meet(
	const struct several *all, enum layout_meeting meeting, struct report *r)
{
	if (meeting == MEET_NAMED)
		several_put(all, r);
	else
		several_join(all, meeting == MEET_COLUMNS, r);
}

int layout_report(const struct layout_sweep *sweep, int n, const char *name,
	const struct benchmark_view *view, struct report *r, struct err *e)
{
	const struct row *l = find(name);
	struct layout_whole w = { .report = r, .sweep = sweep, .sweeps = n };
	struct benchmark_view of = *view;
	struct several all = { 0 };
	int rc = OK;

	of.cost = view->cost || l->kind == OWN;
	of.several = n > 1;
	for (int i = 0; i < n && !rc; i++)
		rc = build(l, &w, i, &of,
			several_add(&all, sweep[i].sweep->name, r->arena), e);
	if (rc)
		return rc;
	meet(&all, l->layout->meeting, r);
	return l->layout->finish ? l->layout->finish(&w, e) : OK;
}
