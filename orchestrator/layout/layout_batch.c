/*
 * Kirchdorfer et al. 2025, Table 6: Δm over the batch size; the last row, Variation, is the
 * greatest mean less the smallest.
 */
#include <math.h>
#include <string.h>
#include "orchestrator/layout/layout.h"
#include "orchestrator/layout/layout_pivot.h"
#include "orchestrator/layout/layout_rows.h"
#include "orchestrator/print/shape.h"

static int place(const struct benchmark *b, const struct query_entry *x,
	struct layout_place *out, struct err *e)
{
	struct layout_axis axis;
	int rc = layout_axis(b, x->variant, "batch", &axis, e);

	if (rc)
		return rc;
	*out = (struct layout_place){ axis.rest, axis.value, axis.value,
		benchmark_title(x), x->label };
	return OK;
}

/*
 * NAN where a batch size lacks the figure, for it might be the extreme one, and where there is
 * one alone.
 */
static double variation(const struct report_table *t, int column)
{
	double least = INFINITY;
	double most = -INFINITY;

	if (table_rows(t) == 1)
		return (double)NAN;
	for (int row = 0; row < table_rows(t); row++) {
		double v;

		if (!number_parse(cell_exact(table_at(t, row, column)), &v))
			return (double)NAN;
		least = fmin(least, v);
		most = fmax(most, v);
	}
	return most - least;
}

static void add_variation(
	const struct benchmark *b, struct report_table *t, const struct layout_pivot *p)
{
	int decimals = b->digits < 0 ? 1 : b->digits;
	double *value = NEW_ARRAY(b->arena, double, t->columns);

	for (int i = p->first; i < t->columns; i += p->figures)
		value[i] = variation(t, i);
	t->foot = 1;
	table_copy(t, table_at(t, 0, 0));
	table_text(t, "Variation");
	for (int i = p->first; i < t->columns; i++)
		if ((i - p->first) % p->figures)
			table_copy(t, NULL);
		else
			table_fixed(t, value[i], decimals);
}

int layout_batch(struct benchmark *b, struct err *e)
{
	struct layout_pivot p = { "batch", "batch", true, place, 0, 0 };
	int rc = layout_turn(b, &p, e);

	if (rc)
		return rc;
	for (int k = 0; k < b->report->tables; k++)
		add_variation(b, &b->report->table[k], &p);
	report_note(b->report,
		"Variation: the greatest mean of the column less the smallest, where "
		"every batch size has one.");
	layout_note_chosen(b);
	return OK;
}
