#include "orchestrator/print/report.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>
#include "orchestrator/print/glyph.h"

struct report_table *report_table(struct report *r, const char *heading)
{
	struct report_table *t;

	GROW(r->arena, r->table, r->tables, r->table_capacity);
	t = &r->table[r->tables++];
	*t = (struct report_table){ .arena = r->arena,
		.heading = heading ? glyph_printable(r->arena, heading) : NULL };
	return t;
}

struct report_column *table_column(
	struct report_table *t, const char *name, const char *title)
{
	struct report_column *c;

	GROW(t->arena, t->column, t->columns, t->column_capacity);
	c = &t->column[t->columns++];
	*c = (struct report_column){ .name = name,
		.title = glyph_printable(t->arena, title) };
	return c;
}

void table_columns(struct report_table *t, const struct report_head *list, int n)
{
	for (int i = 0; i < n; i++) {
		const char *title = list[i].title ? list[i].title : list[i].name;

		table_column(t, list[i].name, title)->right = list[i].number;
	}
}

void table_for_readers(struct report_table *t, const char *names)
{
	for (int i = 0; i < t->columns; i++)
		if (!strstr(names, arena_printf(t->arena, " %s ", t->column[i].name)))
			t->column[i].audience = FOR_PROGRAMS;
}

static bool is_idle(const struct report_table *t, int column)
{
	bool idle = true;

	for (int i = 0; i < table_rows(t); i++) {
		const char *exact = cell_exact(table_at(t, i, column));

		idle = idle && (!*exact || !strcmp(exact, "0"));
	}
	return idle;
}

void table_hide_idle(struct report_table *t)
{
	for (int i = 0; i < t->columns; i++)
		if (is_idle(t, i))
			t->column[i].audience = FOR_PROGRAMS;
}

static struct report_cell *add_cell(struct report_table *t)
{
	ASSERT(t->columns > 0);
	GROW(t->arena, t->cell, t->cells, t->cell_capacity);
	t->cell[t->cells] = (struct report_cell){ 0 };
	return &t->cell[t->cells++];
}

struct report_cell *table_text(struct report_table *t, const char *text)
{
	struct report_cell *c = add_cell(t);

	c->kind = text ? CELL_TEXT : CELL_NONE;
	c->text = text ? glyph_printable(t->arena, text) : NULL;
	c->exact = text;
	return c;
}

static void fill_number(
	struct report_table *t, struct report_cell *c, double v, const char *text)
{
	char buf[NUMBER_MAX];

	if (!isfinite(v)) {
		c->text = text;
		return;
	}
	c->kind = CELL_NUMBER;
	c->exact = arena_strdup(t->arena, number_format(v, buf));
	c->text = text ? text : c->exact;
}

struct report_cell *table_number(struct report_table *t, double v, const char *text)
{
	struct report_cell *c = add_cell(t);

	fill_number(t, c, v, text);
	return c;
}

void table_copy(struct report_table *t, const struct report_cell *c)
{
	struct report_cell *to = add_cell(t);

	if (c)
		*to = *c;
}

struct report_cell *table_digits(struct report_table *t, const char *digits)
{
	struct report_cell *c = table_text(t, digits);

	c->kind = digits ? CELL_NUMBER : CELL_NONE;
	return c;
}

#define PLAIN_BELOW 1e7
#define PLAIN_DECIMALS 8 /* with as many, what is smaller would read 0 */

const char *report_fixed(struct arena *a, double v, int decimals)
{
	bool small = v != 0 && decimals >= PLAIN_DECIMALS && fabs(v) < 1e-6;
	char *text = arena_printf(a, "%.*f", decimals, v);

	if (small || !(fabs(v) < PLAIN_BELOW))
		return arena_printf(a, "%.3g", v);
	return *text == '-' && !text[strspn(text, "-0.")] ? text + 1 : text;
}

struct report_cell *table_fixed(struct report_table *t, double v, int decimals)
{
	return table_number(
		t, v, isfinite(v) ? report_fixed(t->arena, v, decimals) : NULL);
}

int table_rows(const struct report_table *t)
{
	return t->columns ? t->cells / t->columns : 0;
}

bool table_same_columns(const struct report_table *a, const struct report_table *b)
{
	if (a->columns != b->columns)
		return false;
	for (int i = 0; i < a->columns; i++)
		if (strcmp(a->column[i].name, b->column[i].name) != 0)
			return false;
	return true;
}

struct report_cell *table_at(const struct report_table *t, int row, int column)
{
	ASSERT(row < table_rows(t) && column < t->columns);
	return &t->cell[row * t->columns + column];
}

void table_put_text(struct report_table *t, int row, int column, const char *text)
{
	*table_at(t, row, column) =
		(struct report_cell){ .kind = CELL_TEXT, .text = text, .exact = text };
}

void table_put_number(
	struct report_table *t, int row, int column, double v, const char *text)
{
	struct report_cell *c = table_at(t, row, column);

	*c = (struct report_cell){ 0 };
	fill_number(t, c, v, text);
}

void report_note(struct report *r, const char *fmt, ...)
{
	va_list ap;
	va_list again;
	char *text;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	ASSERT(n >= 0);
	text = arena_alloc(r->arena, (size_t)n + 1, 1);
	vsnprintf(text, (size_t)n + 1, fmt, again);
	va_end(again);
	va_end(ap);
	GROW(r->arena, r->note, r->notes, r->note_capacity);
	r->note[r->notes++] = glyph_printable(r->arena, text);
}

static void query_columns(struct report_table *t, const struct rows *rows)
{
	for (int i = 0; i < rows->columns; i++) {
		const char *name = arena_strdup(t->arena, rows_name(rows, i));

		table_column(t, name, name);
	}
}

static void query_row(struct report_table *t, struct rows *rows)
{
	for (int i = 0; i < rows->columns; i++) {
		if (rows_is_number(rows)) {
			struct report_cell *c =
				table_text(t, rows_number_text(rows, t->arena));

			c->kind = CELL_NUMBER;
			t->column[i].right = true;
		} else {
			table_text(t, rows_copy(rows, t->arena));
		}
	}
}

int report_query(struct report *r, struct store *s, const char *sql, struct err *e)
{
	struct report_table *t = report_table(r, NULL);
	struct rows rows = rows_open_query(s, sql, e);

	if (!rows.rc)
		query_columns(t, &rows);
	while (rows_next(&rows))
		query_row(t, &rows);
	return rows_close(&rows);
}

static const struct {
	const char *name;
	void (*render)(const struct report *r, struct str *out);
} formats[] = {
#define REPORT(name, summary) { #name, report_##name },
#include "orchestrator/print/report.def"
#undef REPORT
};

void report_print(const struct report *r, const char *format, FILE *out)
{
	struct arena a = { 0 };
	struct str text = { .arena = &a };

	for (int i = 0; i < COUNT(formats); i++)
		if (!strcmp(formats[i].name, format ? format : "text"))
			formats[i].render(r, &text);
	fputs(str_get(&text), out);
	arena_release(&a);
}

const char *cell_exact(const struct report_cell *c)
{
	if (c->kind == CELL_NONE)
		return "";
	return c->exact ? c->exact : c->text;
}

const char *cell_text(const struct report_cell *c)
{
	return c->text ? c->text : "";
}

const char *column_title(const struct report_column *c, struct arena *a)
{
	static const char *const arrows[] = { " ↓", "", " ↑" };

	return arena_printf(a, "%s%s", c->title, arrows[c->arrow + 1]);
}

bool column_for_readers(const struct report_column *c)
{
	return c->audience != FOR_PROGRAMS;
}

int column_group_end(const struct report_table *t, int i)
{
	const char *group = t->column[i].group;
	int end = i;

	for (; i < t->columns; i++) {
		const struct report_column *c = &t->column[i];

		if (!column_for_readers(c))
			continue;
		if (!group || !c->group || strcmp(group, c->group) != 0)
			break;
		end = i + 1;
	}
	return end;
}
