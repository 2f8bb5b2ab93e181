/* Which figures of a column are marked. */
#include <math.h>
#include <string.h>
#include "orchestrator/report/benchmark_data.h"

void benchmark_mark(struct report_table *t, int column, const bool *may, bool higher)
{
	double best[2] = { INFINITY, INFINITY };

	for (int i = 0; i < table_rows(t); i++) {
		double v;

		if (!may[i] || !number_parse(cell_exact(table_at(t, i, column)), &v))
			continue;
		v = higher ? -v : v;
		if (v < best[0]) {
			best[1] = best[0];
			best[0] = v;
		} else if (v > best[0] && v < best[1]) {
			best[1] = v;
		}
	}
	for (int i = 0; i < table_rows(t); i++) {
		struct report_cell *c = table_at(t, i, column);
		double v;

		if (!may[i] || !number_parse(cell_exact(c), &v))
			continue;
		v = higher ? -v : v;
		c->mark = v == best[0] ? MARK_BEST
			: v == best[1] ? MARK_SECOND
				       : MARK_NONE;
	}
}

/* The words of what benchmark_mark has marked, for programs. */
static void name_marks(struct report_table *t, int column, int mark)
{
	static const char *const words[] = { NULL, "best", "second" };

	for (int i = 0; i < table_rows(t); i++) {
		const char *word = words[table_at(t, i, column)->mark];

		if (word)
			table_put_text(t, i, mark, word);
	}
}

void benchmark_mark_column(struct benchmark *b, struct report_table *t, int i,
	const bool *may, const char *const *label)
{
	const struct report_column *c = &t->column[i];
	struct inference *f = b->inference;
	bool is_delta = !strcmp(c->name, "delta_m") || !strcmp(c->name, "gain");

	if (f && f->view.mark && strcmp(f->view.mark, "best") != 0) {
		inference_mark(f, t, i, i + 2, may, label, is_delta ? NULL : c->name);
		return;
	}
	benchmark_mark(t, i, may, c->arrow > 0);
	if (f && f->view.mark)
		name_marks(t, i, i + 2);
}
