/* Aligned columns. Marks: *best* and _second_, or bold and underlined on a terminal. */
#include <string.h>
#include "orchestrator/print/glyph.h"
#include "orchestrator/print/report.h"

#define GAP "  "

static void blanks(struct str *out, int n)
{
	for (; n > 0; n--)
		str_put(out, " ");
}

/* Ends a line and takes the blanks at its end away. */
static void end_line(struct str *out)
{
	while (out->n && out->s[out->n - 1] == ' ')
		out->s[--out->n] = '\0';
	str_put(out, "\n");
}

struct text_layout {
	const struct report *r;
	const struct report_table *t;
	int *width; /* a column */
	int *letters; /* the most behind a figure of the column; figures stay in line */
	struct arena *arena;
};

/* What stands in the cell, marks included where they take room. */
static const char *marked(
	const struct text_layout *l, int column, const struct report_cell *c)
{
	static const char *const signs[] = { "", "*", "_" };
	const char *sign = l->r->terminal ? "" : signs[c->mark];
	const char *letters = c->letters ? c->letters : "";

	if (!l->letters[column])
		return arena_printf(l->arena, "%s%s%s", sign, cell_text(c), sign);
	return arena_printf(l->arena, "%s%s%s %-*s", sign, cell_text(c), sign,
		l->letters[column], letters);
}

static void measure(struct text_layout *l)
{
	const struct report_table *t = l->t;

	for (int i = 0; i < t->columns; i++) {
		l->width[i] = glyph_text_width(column_title(&t->column[i], l->arena));
		for (int row = 0; row < table_rows(t); row++) {
			const char *letters = table_at(t, row, i)->letters;
			int n = letters ? (int)strlen(letters) : 0;

			l->letters[i] = n > l->letters[i] ? n : l->letters[i];
		}
		for (int row = 0; row < table_rows(t); row++) {
			int w = glyph_text_width(marked(l, i, table_at(t, row, i)));

			l->width[i] = w > l->width[i] ? w : l->width[i];
		}
	}
}

/* The width of the columns from i up to end, with the gaps between them. */
static int span(const struct text_layout *l, int i, int end)
{
	int total = -(int)strlen(GAP);

	for (; i < end; i++)
		if (column_for_readers(&l->t->column[i]))
			total += l->width[i] + (int)strlen(GAP);
	return total;
}

/*
 * Writes the group headings and makes room for those that are wider than their columns.
 */
static void groups(struct text_layout *l, struct str *out)
{
	const struct report_table *t = l->t;
	struct str line = { .arena = l->arena };
	bool any = false;

	for (int i = 0; i < t->columns;) {
		int end = column_group_end(t, i);
		const char *group = t->column[i].group;

		if (!column_for_readers(&t->column[i])) {
			i++;
			continue;
		}
		end = group ? end : i + 1;
		if (group && glyph_text_width(group) > span(l, i, end))
			l->width[end - 1] += glyph_text_width(group) - span(l, i, end);
		str_put(&line, group ? group : "");
		blanks(&line, span(l, i, end) - (group ? glyph_text_width(group) : 0));
		str_put(&line, GAP);
		any = any || group;
		i = end;
	}
	if (!any)
		return;
	str_put(out, str_get(&line));
	end_line(out);
}

static void put(struct str *out, const char *text, int pad, bool right, bool last)
{
	if (right)
		blanks(out, pad);
	str_put(out, text);
	if (!right && !last)
		blanks(out, pad);
}

static int last_column(const struct report_table *t)
{
	int last = t->columns - 1;

	while (last > 0 && !column_for_readers(&t->column[last]))
		last--;
	return last;
}

/* A line of dashes over every column. */
static void rule(const struct text_layout *l, struct str *out)
{
	int last = last_column(l->t);

	for (int i = 0; i <= last; i++) {
		if (!column_for_readers(&l->t->column[i]))
			continue;
		for (int k = 0; k < l->width[i]; k++)
			str_put(out, "-");
		str_put(out, i == last ? "\n" : GAP);
	}
}

static void titles(const struct text_layout *l, struct str *out)
{
	const struct report_table *t = l->t;
	int last = last_column(t);

	for (int i = 0; i <= last; i++) {
		const char *title = column_title(&t->column[i], l->arena);

		if (!column_for_readers(&t->column[i]))
			continue;
		put(out, title, l->width[i] - glyph_text_width(title),
			t->column[i].right, i == last);
		str_put(out, i == last ? "\n" : GAP);
	}
	rule(l, out);
}

static void put_row(const struct text_layout *l, int row, struct str *out)
{
	static const char *const escapes[] = { "", "\033[1m", "\033[4m" };
	const struct report_table *t = l->t;
	int last = last_column(t);

	for (int i = 0; i <= last; i++) {
		const struct report_cell *c = table_at(t, row, i);
		const char *text = marked(l, i, c);
		int pad = l->width[i] - glyph_text_width(text);

		if (!column_for_readers(&t->column[i]))
			continue;
		if (l->r->terminal && c->mark)
			text = arena_printf(
				l->arena, "%s%s\033[0m", escapes[c->mark], text);
		put(out, text, pad, t->column[i].right, i == last);
		str_put(out, i == last ? "" : GAP);
	}
	end_line(out);
}

static int next_spare(const struct report_table *t)
{
	int spare = -1;

	for (int i = 0; i < t->columns; i++)
		if (column_for_readers(&t->column[i]) && t->column[i].spare &&
			(spare < 0 || t->column[i].spare >= t->column[spare].spare))
			spare = i;
	return spare;
}

/* Leaves out what can be spared until the rest has room; `left` says what that was. */
static void fit(struct text_layout *l, struct report_table *t, struct str *left)
{
	const char *name;
	int i;

	t->column = arena_alloc(l->arena, (size_t)t->columns, sizeof(*t->column));
	memcpy(t->column, l->t->column, (size_t)t->columns * sizeof(*t->column));
	l->t = t;
	while (span(l, 0, t->columns) > l->r->width && (i = next_spare(t)) >= 0) {
		const char *group = t->column[i].group;

		t->column[i].audience = FOR_PROGRAMS;
		name = arena_printf(l->arena, "%s%s%s", group ? group : "",
			group ? " " : "", t->column[i].title);
		if (!strstr(str_get(left), name)) /* another block lacks it as well */
			str_printf(left, "%s%s", left->n ? ", " : "", name);
	}
}

static void put_table(const struct report *r, const struct report_table *t,
	struct str *left, struct str *out)
{
	struct text_layout l = { .r = r, .t = t, .arena = out->arena };
	struct report_table shown = *t;

	if (t->heading)
		str_printf(out, "%s\n", t->heading);
	if (!t->columns)
		return;
	l.width = NEW_ARRAY(out->arena, int, t->columns);
	l.letters = NEW_ARRAY(out->arena, int, t->columns);
	measure(&l);
	if (r->width)
		fit(&l, &shown, left);
	groups(&l, out);
	titles(&l, out);
	for (int row = 0; row < table_rows(t); row++) {
		if (row && row == table_rows(t) - t->foot)
			rule(&l, out);
		put_row(&l, row, out);
	}
}

/* Titles carry their arrows then, and the letters behind figures are ASCII anyway. */
static struct report_table ascii_table(const struct report_table *from, struct arena *a)
{
	struct report_table t = *from;

	t.heading = from->heading ? glyph_ascii(a, from->heading) : NULL;
	t.column = NEW_ARRAY(a, struct report_column, from->columns);
	t.cell = NEW_ARRAY(a, struct report_cell, from->cells);
	for (int i = 0; i < t.columns; i++) {
		t.column[i] = from->column[i];
		t.column[i].title = glyph_ascii(a, column_title(&from->column[i], a));
		t.column[i].arrow = 0;
		if (from->column[i].group)
			t.column[i].group = glyph_ascii(a, from->column[i].group);
	}
	for (int i = 0; i < t.cells; i++) {
		t.cell[i] = from->cell[i];
		t.cell[i].text = glyph_ascii(a, cell_text(&from->cell[i]));
	}
	return t;
}

/* The report in letters that every terminal has. */
static const struct report *ascii_report(const struct report *from, struct arena *a)
{
	struct report *r = NEW(a, struct report);

	*r = *from;
	r->title = from->title ? glyph_ascii(a, from->title) : NULL;
	r->table = NEW_ARRAY(a, struct report_table, from->tables);
	r->note = NEW_ARRAY(a, const char *, from->notes);
	for (int i = 0; i < r->tables; i++)
		r->table[i] = ascii_table(&from->table[i], a);
	for (int i = 0; i < r->notes; i++)
		r->note[i] = glyph_ascii(a, from->note[i]);
	return r;
}

void report_text(const struct report *from, struct str *out)
{
	const struct report *r = from->ascii ? ascii_report(from, out->arena) : from;
	struct str left = { .arena = out->arena };

	if (r->title)
		str_printf(out, "%s\n", r->title);
	for (int i = 0; i < r->tables; i++) {
		if (i || r->title)
			str_put(out, "\n");
		put_table(r, &r->table[i], &left, out);
	}
	if ((r->notes || left.n) && r->tables)
		str_put(out, "\n");
	if (left.n)
		str_printf(out,
			"Left out of %d columns: %s. `--columns` chooses; `--format csv`, or a "
			"wider terminal, has them all.\n",
			r->width, str_get(&left));
	for (int i = 0; i < r->notes; i++)
		str_printf(out, "%s\n", r->note[i]);
}
