#include "orchestrator/layout/layout.h"

#include <string.h>

enum layout_kind { ROWS, FIGURES, OWN };

static const struct layout {
	const char *name;
	enum layout_kind kind;
	int (*build)(struct benchmark *b, struct err *e);
} layouts[] = {
#define LAYOUT(name, kind, summary, papers) { #name, kind, layout_##name },
#include "orchestrator/layout/layout.def"
#undef LAYOUT
};

/* The command line takes the names of the table only. */
static const struct layout *find(const char *name)
{
	int i = 0;

	while (strcmp(layouts[i].name, name) != 0)
		i++;
	return &layouts[i];
}

int layout_check(const struct cli_options *o, struct err *e)
{
	const struct layout *l = find(o->layout);
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

int layout_report(struct store *s, const struct query_sweep *w, const char *name,
	const struct benchmark_view *view, struct report *r, struct err *e)
{
	const struct layout *l = find(name);
	struct benchmark_view of = *view;
	struct benchmark b;
	int rc;

	of.cost = view->cost || l->kind == OWN;
	rc = benchmark_build(&b, s, w, &of, r, e);
	if (rc)
		return rc;
	if (l->kind == OWN) {
		r->tables = r->notes = 0;
		benchmark_progress(&b);
	}
	rc = l->build(&b, e);
	if (!rc && l->kind != OWN)
		benchmark_finish(&b);
	return rc;
}
