/* deltam runs: the runs of a sweep, a line each. */
#include <math.h>
#include <string.h>
#include "orchestrator/report/reader.h"
#include "orchestrator/report/run_list.h"

static bool same_entry(const struct query_run *a, const struct query_run *b)
{
	return !strcmp(a->variant, b->variant) && !strcmp(a->label, b->label);
}

/* What fell out is no candidate, however good its figures were before. */
static bool counts(const struct query_run *x)
{
	return isfinite(x->val_delta_m) && strcmp(x->state, "diverged") != 0 &&
		strcmp(x->state, "failed") != 0;
}

/* Of each entry the run of the lowest validation Δm, the first on ties. */
static void keep_best(struct run_list *l)
{
	int kept = 0;

	for (int i = 0; i < l->n; i++) {
		const struct query_run x = l->run[i];
		int k = 0;

		if (!counts(&x))
			continue;
		while (k < kept && !same_entry(&l->run[k], &x))
			k++;
		if (k == kept || x.val_delta_m < l->run[k].val_delta_m)
			l->run[k] = x;
		kept += k == kept;
	}
	l->n = kept;
}

static void notes(
	const struct run_list *l, const struct cli_options *o, struct report *r)
{
	if (o->best)
		report_note(r,
			"The best run of each entry by validation figures; the "
			"baseline has none to compare.");
	report_note(r, "%d run%s; `deltam show \"RUN\"` says everything about one.",
		l->n, l->n == 1 ? "" : "s");
}

static int print(
	struct report_reader *reader, const struct cli_options *o, struct err *e)
{
	struct report r = { .arena = &reader->arena };
	struct report_table *t;
	struct run_list l;
	int rc = run_list_read(
		&reader->s, &reader->sweep, o->where, &reader->arena, &l, e);

	if (rc)
		return rc;
	if (o->best)
		keep_best(&l);
	t = report_table(&r, NULL);
	run_list_key_columns(&l, t);
	run_list_columns(&l, t);
	for (int i = 0; i < l.n; i++) {
		run_list_key_cells(&l, &l.run[i], t);
		run_list_cells(&l, &l.run[i], t);
	}
	notes(&l, o, &r);
	reader_print(&r, o);
	return OK;
}

int cmd_runs(const struct cli_options *o, struct err *e)
{
	struct report_reader reader;
	int rc = reader_open(&reader, o, e);

	if (!rc)
		rc = print(&reader, o, e);
	reader_close(&reader);
	return rc;
}
