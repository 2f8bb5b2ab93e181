/*
 * Kirchdorfer et al. 2025, Table 6: Δm over the batch size; the last row, Variation, is the
 * greatest mean less the smallest.
 */
#include <math.h>
#include <string.h>
#include "orchestrator/layout/layout_pivot.h"
#include "orchestrator/layout/layout_rows.h"
#include "orchestrator/print/glyph.h"
#include "orchestrator/print/shape.h"

/*
 * Beside others a sweep of one batch size is a row, in the table of all that have its data set
 * and its network, or what it varies. lines: what else it was trained with.
 */
static int only_batch(const struct benchmark *b, const struct query_entry *x,
	struct layout_axis *out, const char **lines, struct err *e)
{
	struct query_setting of;
	int rc = query_setting(
		b->store, b->sweep, x->variant, "train.batch", b->arena, &of, e);

	if (rc)
		return rc;
	if (!of.value)
		return err_set(e, ERR_USAGE,
			"%s: `batch` neither varies, nor have its jobs one",
			b->sweep->name);
	out->value = of.value;
	out->rest = arena_printf(
		b->arena, "%s %s", of.dataset, *x->variant ? x->variant : of.model);
	*lines = of.others;
	return OK;
}

static bool varies(const struct benchmark *b, const struct query_entry *x)
{
	struct layout_axis axis;

	return layout_axis(b, x->variant, "batch", &axis, NULL) == OK;
}

static int place(const struct benchmark *b, const struct query_entry *x,
	struct layout_place *out, struct err *e)
{
	struct layout_axis axis;
	const char *lines;
	bool row = b->several && !varies(b, x);
	int rc = row ? only_batch(b, x, &axis, &lines, e)
		     : layout_axis(b, x->variant, "batch", &axis, e);

	if (rc)
		return rc;
	if (!row)
		axis.rest = layout_variant(b, axis.rest);
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

#define FIRST 2 /* column of figures, behind variant and batch */

static void add_variation(const struct layout_whole *w, struct report_table *t)
{
	int decimals = w->digits < 0 ? 1 : w->digits;
	double *value = NEW_ARRAY(t->arena, double, t->columns);

	for (int i = FIRST; i < t->columns; i += w->figures)
		value[i] = variation(t, i);
	t->foot = 1;
	table_copy(t, table_at(t, 0, 0));
	table_text(t, "Variation");
	for (int i = FIRST; i < t->columns; i++)
		if ((i - FIRST) % w->figures)
			table_copy(t, NULL);
		else
			table_fixed(t, value[i], decimals);
}

/* Two rows that are called alike would be two answers to one question. */
static int check_rows(const struct report_table *t, struct err *e)
{
	for (int row = 0; row < table_rows(t); row++)
		for (int k = 0; k < row; k++) {
			const char *batch = cell_exact(table_at(t, row, 1));

			if (!strcmp(batch, cell_exact(table_at(t, k, 1))))
				return err_set(e, ERR_USAGE,
					"--layout batch: two of the sweeps have batch "
					"%s%s%s: name one of them, or what tells them "
					"apart in two calls",
					batch, t->heading ? " of " : "",
					t->heading ? t->heading : "");
		}
	return OK;
}

/* Keeps what the variants that are rows were trained with. */
static int keep_settings(
	const struct benchmark *b, struct layout_whole *w, struct err *e)
{
	for (int i = 0; i < b->entries; i++) {
		const struct query_entry *x = &b->entry[i];
		struct layout_setting *s;
		struct layout_axis axis;
		int rc;

		if (benchmark_is_stl(x) || varies(b, x))
			continue;
		(void)GROW(b->arena, w->setting, w->settings, w->setting_capacity);
		s = &w->setting[w->settings++];
		rc = only_batch(b, x, &axis, &s->lines, e);
		if (rc)
			return rc;
		s->heading = glyph_printable(b->arena, axis.rest);
	}
	return OK;
}

/* Adds the names of the lines that y lacks, each once. */
static void add_names(struct str *names, const char *x, const char *y)
{
	for (const char *at = x; *at; at += *at == '\n') {
		size_t n = strcspn(at, "\n");
		const char *name =
			arena_printf(names->arena, "%.*s", (int)strcspn(at, "=\n"), at);

		if (!str_has_line(y, at, n) &&
			!str_has_line(str_get(names), name, strlen(name)))
			str_printf(names, "%s\n", name);
		at += n;
	}
}

/* A table of several sweeps says what else than the batch size tells its rows apart. */
static void note_settings(const struct layout_whole *w, const struct report_table *t)
{
	struct str names = { .arena = t->arena };
	struct str text = { .arena = t->arena };
	const char *first = NULL;

	for (int i = 0; i < w->settings; i++) {
		const struct layout_setting *s = &w->setting[i];

		if (!t->heading || strcmp(s->heading, t->heading) != 0)
			continue;
		first = first ? first : s->lines;
		add_names(&names, first, s->lines);
		add_names(&names, s->lines, first);
	}
	for (const char *at = str_get(&names); *at; at = strchr(at, '\n') + 1)
		str_printf(&text, "%s%.*s", text.n ? ", " : "", (int)strcspn(at, "\n"),
			at);
	if (text.n)
		report_note(w->report,
			"%s: the rows differ in more than the batch size: %s.",
			t->heading, str_get(&text));
}

static int finish(const struct layout_whole *w, struct err *e)
{
	for (int k = 0; k < w->report->tables; k++) {
		struct report_table *t = &w->report->table[k];
		int rc = check_rows(t, e);

		if (rc)
			return rc;
		add_variation(w, t);
		note_settings(w, t);
	}
	return OK;
}

static int build(struct benchmark *b, struct layout_whole *w, struct err *e)
{
	struct layout_pivot p = { "batch", "batch", true, place, 0, 0 };
	int rc = layout_turn(b, &p, e);

	if (rc)
		return rc;
	w->figures = p.figures ? p.figures : w->figures;
	rc = b->several ? keep_settings(b, w, e) : OK;
	if (rc)
		return rc;
	report_note(b->report,
		"Variation: the greatest mean of the column less the smallest, where "
		"every batch size has one.");
	layout_note_chosen(b);
	return OK;
}

const struct layout_shape layout_batch = { MEET_ROWS, build, finish };
