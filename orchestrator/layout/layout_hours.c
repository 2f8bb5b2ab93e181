/* Li et al., Table II: hours of a training, and how many times those of one method. */
#include <math.h>
#include <string.h>
#include "orchestrator/print/glyph.h"
#include "orchestrator/layout/layout_rows.h"

/* An entry of some variant. */
struct column {
	const char *variant;
	const char *title; /* "": without */
	const struct query_entry *reference; /* NULL: it has none */
};

struct columns {
	struct column *item;
	int n, capacity;
	const char *against; /* label of the reference */
};

static double hours_of(const struct benchmark *b, const struct query_entry *x)
{
	const struct query_cost *c = x ? benchmark_cost(b, x) : NULL;
	const double seconds = 3600;

	return c ? c->seconds_per_epoch * c->epochs / seconds : (double)NAN;
}

/* The entries, those of the auxiliary block behind the others. */
static const struct query_entry *entry_at(const struct benchmark *b, int i)
{
	return i < b->entries                     ? &b->entry[i]
		: i < b->entries + b->auxiliaries ? &b->auxiliary[i - b->entries]
						  : NULL;
}

static void find_columns(const struct benchmark *b, struct columns *c)
{
	const struct query_entry *x;

	c->against = b->inference && b->inference->view.against
		? b->inference->view.against
		: "ew";
	for (int i = 0; (x = entry_at(b, i)); i++) {
		int k = 0;

		while (k < c->n && strcmp(c->item[k].variant, x->variant) != 0)
			k++;
		if (k < c->n)
			continue;
		(void)GROW(b->arena, c->item, c->n, c->capacity);
		c->item[c->n++] =
			(struct column){ x->variant, layout_variant(b, x->variant),
				layout_find(b, x->variant, c->against) };
	}
}

static void number_column(
	struct report_table *t, const struct column *c, const char *name)
{
	struct report_column *to = table_column(t,
		*c->title ? arena_printf(t->arena, "%s_%s", c->title, name) : name,
		name);

	to->right = true;
	to->spare = 1;
	to->group = *c->title ? glyph_printable(t->arena, c->title) : NULL;
}

static void add_row(const struct benchmark *b, struct report_table *t,
	const struct columns *c, const struct query_entry *x)
{
	double *all = NEW_ARRAY(b->arena, double, b->entries + b->auxiliaries + 1);

	table_text(t, benchmark_title(x))->exact = x->label;
	for (int k = 0; k < c->n; k++) {
		const struct column *of = &c->item[k];
		const struct query_entry *y;
		double hours = hours_of(b, layout_find(b, of->variant, x->label));
		int n = 0;

		for (int i = 0; (y = entry_at(b, i)); i++)
			if (!strcmp(y->variant, of->variant) &&
				isfinite(hours_of(b, y)))
				all[n++] = hours_of(b, y);
		table_fixed(t, hours, benchmark_decimals(b, 1, all, n));
		if (of->reference)
			table_fixed(t, hours / hours_of(b, of->reference), 2);
	}
}

static int build(struct benchmark *b, struct layout_whole *w, struct err *e)
{
	struct report_table *t = report_table(b->report, NULL);
	struct columns c = { 0 };
	const struct query_entry *x;

	(void)w;
	(void)e;
	find_columns(b, &c);
	table_column(t, "label", "Method");
	for (int k = 0; k < c.n; k++) {
		number_column(t, &c.item[k], "hours");
		if (c.item[k].reference)
			number_column(t, &c.item[k], "ratio");
	}
	for (int i = 0; (x = entry_at(b, i)); i++) {
		bool first = true;

		for (int k = 0; k < i; k++)
			first = first && strcmp(entry_at(b, k)->label, x->label) != 0;
		if (first)
			add_row(b, t, &c, x);
	}
	report_note(b->report,
		"Hours of one training: seconds of an epoch, the mean over all jobs of "
		"the entry, times its epochs; STL: one network of one task. ratio: to "
		"%s. Measured with as many workers beside them as the run had.",
		layout_title(b, c.against));
	return OK;
}

const struct layout_shape layout_hours = { MEET_COLUMNS, build, NULL };
