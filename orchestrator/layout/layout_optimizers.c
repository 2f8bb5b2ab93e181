/* Elich et al. 2024, Tables A3 to A6: under each method a row an optimizer. */
#include <string.h>
#include "orchestrator/print/glyph.h"
#include "orchestrator/layout/layout_rows.h"
#include "orchestrator/print/shape.h"

/* The optimizer of the variant behind the method, and its lr and wd. */
static void name_optimizer(struct report_table *t, const char *optimizer)
{
	int at = shape_find(t, "label") + 1;

	shape_insert(t, at, "optimizer", "optimizer");
	for (int row = 0; row < table_rows(t); row++)
		table_put_text(t, row, at, glyph_printable(t->arena, optimizer));
	shape_move(t, "lr", at + 1);
	shape_move(t, "wd", at + 2);
}

static const char *label_at(const struct report_table *t, int row)
{
	return cell_exact(table_at(t, row, shape_find(t, "label")));
}

/* Rows of one method behind one another; its name stands in the first. */
static void sort_by_method(struct report_table *t)
{
	int *row = NEW_ARRAY(t->arena, int, table_rows(t) + 1);
	bool *taken = NEW_ARRAY(t->arena, bool, table_rows(t) + 1);
	int n = 0;

	for (int i = 0; i < table_rows(t); i++)
		for (int k = i; k < table_rows(t); k++)
			if (!taken[k] && !strcmp(label_at(t, i), label_at(t, k))) {
				taken[k] = true;
				row[n++] = k;
			}
	shape_rows(t, row, n);
	for (int i = table_rows(t) - 1; i > 0; i--)
		if (!strcmp(label_at(t, i), label_at(t, i - 1))) {
			struct report_cell *c = table_at(t, i, shape_find(t, "label"));

			c->exact = cell_exact(c);
			c->text = "";
		}
	t->stacked = true;
}

/* Tests compare seeds of one optimizer; means may be compared over all of them. */
static bool marks_by_tests(const struct benchmark *b)
{
	const char *mark = b->inference ? b->inference->view.mark : NULL;

	return mark && strcmp(mark, "best") != 0;
}

static int build(struct benchmark *b, struct layout_whole *w, struct err *e)
{
	struct report *r = b->report;
	int tables = 0;

	(void)w;
	for (int k = 0; k < r->tables; k++) {
		struct report_table t = r->table[k];
		struct layout_axis axis;
		int into = 0;
		int rc;

		if (!table_rows(&t))
			continue;
		rc = layout_axis(
			b, layout_entry(b, &t, 0)->variant, "optimizer", &axis, e);
		if (rc)
			return rc;
		name_optimizer(&t, axis.value);
		t.heading = *axis.rest ? glyph_printable(b->arena, axis.rest) : NULL;
		while (into < tables &&
			(strcmp(r->table[into].heading ? r->table[into].heading : "",
				 t.heading ? t.heading : "") != 0 ||
				!shape_append(&r->table[into], &t)))
			into++;
		if (into == tables)
			r->table[tables++] = t;
	}
	r->tables = tables;
	for (int k = 0; k < tables; k++) {
		if (!marks_by_tests(b))
			layout_mark_all(b, &r->table[k]);
		sort_by_method(&r->table[k]);
	}
	layout_compact(b);
	layout_note_chosen(b);
	if (marks_by_tests(b))
		report_note(r, "Marks compare the methods of one optimizer.");
	return OK;
}

const struct layout_shape layout_optimizers = { MEET_NAMED, build, NULL };
