/*
 * Elich et al. 2024, Tables 2 and A2: a row an optimizer of each data set and network; how
 * many runs of the search are valid and Pareto-optimal, method by method. A run is a
 * configuration with a seed.
 */
#include <string.h>
#include "orchestrator/print/glyph.h"
#include "orchestrator/layout/layout.h"
#include "orchestrator/print/shape.h"
#include "orchestrator/report/pareto_points.h"

/* The methods, a column each, by the first point that has their label. */
struct methods {
	const struct pareto_point **item;
	int n;
};

static struct methods methods_of(
	const struct benchmark *b, const struct pareto_points *p)
{
	struct methods m = { NEW_ARRAY(b->arena, const struct pareto_point *, p->n + 1),
		0 };

	for (int i = 0; i < p->n; i++) {
		int k = 0;

		while (k < m.n && strcmp(m.item[k]->label, p->item[i].label) != 0)
			k++;
		if (k == m.n)
			m.item[m.n++] = &p->item[i];
	}
	return m;
}

static const char *title_of(const struct benchmark *b, const struct pareto_point *x)
{
	for (int i = 0; i < b->entries; i++)
		if (!strcmp(b->entry[i].variant, x->variant) &&
			!strcmp(b->entry[i].label, x->label))
			return benchmark_title(&b->entry[i]);
	return x->label;
}

static void add_columns(
	const struct benchmark *b, struct report_table *t, const struct methods *m)
{
	static const struct report_head list[] = { { "block", "data set, network",
							   false },
		{ "optimizer", NULL, false }, { "runs", "valid runs", true },
		{ "invalid", NULL, true }, { "optimal", "over all", true },
		{ "unbeaten", "w.r.t. other optimizers", true } };

	if (b->several)
		table_column(t, "sweep", "sweep");
	table_columns(t, list, COUNT(list));
	t->column[shape_find(t, "invalid")].spare = 2;
	t->column[shape_find(t, "optimal")].group = "Pareto-optimal";
	t->column[shape_find(t, "unbeaten")].group = "Pareto-optimal";
	for (int i = 0; i < m->n; i++) {
		const char *label = m->item[i]->label;
		struct report_column *c =
			table_column(t, arena_printf(t->arena, "%s_optimal", label),
				title_of(b, m->item[i]));

		c->right = true;
		c->group = "over all, by method";
		c->spare = 1;
	}
}

/* The points of a block with this optimizer, and this label (NULL: any). */
struct counted {
	int valid, invalid, optimal, unbeaten;
};

static struct counted count(
	const struct pareto_points *p, const struct pareto_point *of, const char *label)
{
	struct counted n = { 0 };

	for (int i = 0; i < p->n; i++) {
		const struct pareto_point *x = &p->item[i];

		if (!pareto_same_block(x, of) ||
			strcmp(x->optimizer, of->optimizer) != 0 ||
			(label && strcmp(x->label, label) != 0))
			continue;
		n.valid += !x->invalid;
		n.invalid += x->invalid;
		n.optimal += x->optimal;
		n.unbeaten += x->unbeaten;
	}
	return n;
}

/* A name that stands in the first of its rows, and is known to programs in all. */
static void put_name(struct report_table *t, const char *name, bool first)
{
	table_text(t, first ? name : "")->exact = name;
}

static void add_row(const struct benchmark *b, struct report_table *t,
	const struct pareto_points *p, const struct methods *m,
	const struct pareto_point *of, bool first)
{
	struct counted all = count(p, of, NULL);

	if (b->several)
		put_name(t, b->sweep->name, !table_rows(t));
	put_name(t, of->block, first);
	table_text(t, of->optimizer);
	table_number(t, all.valid, NULL);
	table_number(t, all.invalid, NULL);
	table_number(t, all.optimal, NULL);
	table_number(t, all.unbeaten, NULL);
	for (int i = 0; i < m->n; i++) {
		struct counted n = count(p, of, m->item[i]->label);

		table_number(t, n.optimal, n.valid + n.invalid ? NULL : "");
	}
}

static void note(const struct benchmark *b, const struct pareto_points *p)
{
	report_note(b->report, "%s",
		p->n ? arena_printf(b->arena,
			       "A run is a configuration of the search with a seed. Valid: "
			       "it ended well and select.require holds; Pareto-optimal over "
			       "all: no valid run of its %sdata set and network is at least "
			       "as good in every criterion and better in one; w.r.t. other "
			       "optimizers: no such run of another optimizer.",
			       b->several ? "sweep, " : "")
		     : "There are no runs that ended well yet.");
}

static int build(struct benchmark *b, struct layout_whole *w, struct err *e)
{
	struct pareto_view view = { .split = b->test ? "test" : "val",
		.by_seed = true,
		.option = "--layout pareto" };
	struct pareto_points p;
	struct report_table *t = report_table(b->report, NULL);
	struct methods m;
	int rc = pareto_read(b->store, b->sweep, &view, &p, b->arena, e);

	(void)w;
	if (rc)
		return rc;
	m = methods_of(b, &p);
	add_columns(b, t, &m);
	t->stacked = true;
	for (int i = 0; i < p.n; i++)
		for (int k = i; pareto_begins_block(&p, i) && k < p.n; k++)
			if (pareto_same_block(&p.item[i], &p.item[k]) &&
				pareto_first_of(&p, k, false))
				add_row(b, t, &p, &m, &p.item[k], k == i);
	note(b, &p);
	return OK;
}

const struct layout_shape layout_pareto = { MEET_ROWS, build, NULL };
