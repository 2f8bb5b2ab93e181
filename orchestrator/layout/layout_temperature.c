/* Kirchdorfer et al. 2025, Table 5: how T was found, T, and Δm. */
#include <math.h>
#include <string.h>
#include "orchestrator/layout/layout_rows.h"
#include "orchestrator/print/shape.h"
#include "orchestrator/stats/stats.h"

/* T at the end of the runs of an entry that learns it: as many as it has (n). */
struct learned_runs {
	double *value;
	int n;
};

static struct learned_runs learned_of(const struct benchmark *b,
	const struct query_learned *all, int n, const struct query_entry *x)
{
	struct learned_runs l = { NEW_ARRAY(b->arena, double, n + 1), 0 };

	for (int i = 0; i < n; i++)
		if (!strcmp(all[i].variant, x->variant) &&
			!strcmp(all[i].label, x->label))
			l.value[l.n++] = all[i].temperature;
	return l;
}

/* The columns in front of lr: how T was found, T for readers, its deviation. */
static int insert_columns(struct report_table *t)
{
	int at = shape_find(t, "lr");

	shape_insert(t, at, "found", "found by");
	shape_insert(t, at + 1, "T", "T")->audience = FOR_READERS;
	t->column[at + 1].right = true;
	shape_insert(t, at + 2, "temperature_std", "")->audience = FOR_PROGRAMS;
	return at;
}

static void put_searched(struct benchmark *b, struct report_table *t, int row, int at,
	const struct query_entry *x)
{
	const struct query_range *range = benchmark_range(b, x);
	int values = range ? range->temperature.values : 0;
	const char *text; /* "T=20†", as the blocks have it, without its name */

	table_put_text(t, row, at,
		values > 1 ? arena_printf(b->arena, "search of %d", values) : "given");
	text = cell_text(table_at(t, row, shape_find(t, "chosen"))) + strlen("T=");
	b->on_boundary = b->on_boundary || strstr(text, "†");
	table_put_text(t, row, at + 1, text);
}

static void put_learned(struct benchmark *b, struct report_table *t, int row, int at,
	const struct learned_runs *l)
{
	double mean = stats_mean(l->n, l->value);
	double std = stats_std(l->n, l->value);
	const char *text = report_fixed(b->arena, mean, 2);

	table_put_text(t, row, at, "learning");
	table_put_text(t, row, at + 1,
		isfinite(std) && b->std_delta ? arena_printf(b->arena, "%s ± %s", text,
							report_fixed(b->arena, std, 2))
					      : text);
	table_put_number(t, row, at + 2, std, NULL);
	table_put_number(t, row, shape_find(t, "temperature"), mean, NULL);
}

/* Keeps the entries that have a T; returns how many. */
static int keep(struct benchmark *b, struct report_table *t,
	const struct query_learned *learned, int n)
{
	int *kept = NEW_ARRAY(b->arena, int, table_rows(t) + 1);
	int at = insert_columns(t);
	int rows = 0;

	for (int row = 0; row < table_rows(t); row++) {
		const struct query_entry *x = layout_entry(b, t, row);
		struct learned_runs l = learned_of(b, learned, n, x);

		if (l.n)
			put_learned(b, t, row, at, &l);
		else if (isfinite(x->temperature))
			put_searched(b, t, row, at, x);
		else
			continue;
		kept[rows++] = row;
	}
	shape_rows(t, kept, rows);
	layout_mark_all(b, t);
	return rows;
}

static int build(struct benchmark *b, struct layout_whole *w, struct err *e)
{
	struct report *r = b->report;
	struct query_learned *learned;
	int tables = 0;
	int n;
	int rc = query_learned(b->store, b->sweep, b->arena, &learned, &n, e);

	(void)w;
	if (rc)
		return rc;
	b->on_boundary = false; /* of T alone */
	for (int k = 0; k < r->tables; k++) {
		struct report_table t = r->table[k];

		if (!keep(b, &t, learned, n))
			continue;
		for (int i = 0; i < b->criteria; i++)
			shape_hide(&t,
				arena_printf(
					b->arena, " %s ", b->criterion[i].criterion));
		shape_hide(&t, " lr wd ");
		r->table[tables++] = t;
	}
	if (r->tables && !tables)
		return err_set(e, ERR_USAGE,
			"%s has no method with a T: uw_so, or one that learns it "
			"(uw_so_learned), as an entry of `methods`",
			b->sweep->name);
	r->tables = tables;
	layout_compact(b);
	b->without_weights = false;
	if (n)
		report_note(
			r, "T by learning: that of the last epoch, mean over seeds.");
	return OK;
}

const struct layout_shape layout_temperature = { MEET_NAMED, build, layout_stack };
