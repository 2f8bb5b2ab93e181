#include "orchestrator/print/shape.h"

#include <string.h>

int shape_find(const struct report_table *t, const char *name)
{
	for (int i = 0; i < t->columns; i++)
		if (!strcmp(t->column[i].name, name))
			return i;
	return -1;
}

static int unknown(const struct report *r, const char *name, struct err *e)
{
	struct arena *a = r->arena;
	char hint[HINT_MAX];
	const char **names;
	const char *near;
	struct str list = { .arena = a };
	int n = 0;

	for (int i = 0; i < r->tables; i++)
		n += r->table[i].columns;
	names = NEW_ARRAY(a, const char *, n + 1);
	n = 0;
	for (int i = 0; i < r->tables; i++)
		for (int k = 0; k < r->table[i].columns; k++)
			names[n++] = r->table[i].column[k].name;
	for (int k = 0; r->tables && k < r->table[0].columns; k++)
		if (r->table[0].column[k].audience != FOR_READERS)
			str_printf(&list, " %s", r->table[0].column[k].name);
	near = str_nearest(name, names, n);
	if (near)
		return err_set(e, ERR_USAGE, "--columns: no column \"%s\"%s", name,
			str_hint(near, hint));
	return err_set(e, ERR_USAGE, "--columns: no column \"%s\"; there are%s", name,
		str_get(&list));
}

/* The columns `from` of the table, in that order, in its place; -1: a new, empty one. */
static void choose(struct report_table *t, const int *from, int n)
{
	struct report_table old = *t;
	int rows = table_rows(t);

	t->column = NEW_ARRAY(t->arena, struct report_column, n + 1);
	t->cell = NEW_ARRAY(t->arena, struct report_cell, rows * n + 1);
	t->columns = t->column_capacity = n;
	t->cells = t->cell_capacity = rows * n;
	for (int i = 0; i < n; i++) {
		if (from[i] < 0)
			continue;
		t->column[i] = old.column[from[i]];
		for (int row = 0; row < rows; row++)
			t->cell[row * n + i] = *table_at(&old, row, from[i]);
	}
}

/* Whoever names a column wants to see it. */
static void show_all(struct report_table *t)
{
	for (int i = 0; i < t->columns; i++) {
		struct report_column *c = &t->column[i];

		c->audience = FOR_ALL;
		c->spare = 0;
		c->title = *c->title ? c->title : c->name;
	}
}

int shape_columns(struct report *r, const char *names, struct err *e)
{
	char *list = arena_strdup(r->arena, names);
	const char **name = NEW_ARRAY(r->arena, const char *, strlen(names) + 1);
	int *from;
	int n = 0;

	for (char *at = list; at; n++) {
		name[n] = at;
		at = strchr(at, ',');
		if (at)
			*at++ = '\0';
	}
	for (int i = 0; i < n && r->tables; i++) {
		bool there = false;

		for (int k = 0; k < r->tables; k++)
			there = there || shape_find(&r->table[k], name[i]) >= 0;
		if (!there)
			return unknown(r, name[i], e);
	}
	from = NEW_ARRAY(r->arena, int, n);
	for (int k = 0; k < r->tables; k++) {
		int kept = 0;

		for (int i = 0; i < n; i++) {
			from[kept] = shape_find(&r->table[k], name[i]);
			kept += from[kept] >= 0;
		}
		choose(&r->table[k], from, kept);
		show_all(&r->table[k]);
	}
	return OK;
}

/* The first row of a block says in its column `variant` what the heading said. */
static void head_by_column(struct report_table *t, int variant)
{
	struct report_column *c = &t->column[variant];

	c->audience = FOR_ALL;
	c->title = "Variant";
	for (int row = 0; row < table_rows(t); row++) {
		struct report_cell *x = table_at(t, row, variant);

		x->exact = cell_exact(x);
		x->text = row || !t->heading ? "" : t->heading;
	}
	t->heading = NULL;
	t->stacked = true;
}

/* The seeds of one block, say, may be all alike and left to a note, those of another not. */
static void show_as(struct report_column *to, const struct report_column *c)
{
	if (to->audience == FOR_PROGRAMS && c->audience == FOR_ALL)
		to->audience = FOR_ALL;
}

bool shape_append(struct report_table *to, const struct report_table *t)
{
	if (!table_same_columns(to, t))
		return false;
	for (int i = 0; i < t->columns; i++)
		show_as(&to->column[i], &t->column[i]);
	for (int i = 0; i < t->cells; i++)
		table_copy(to, &t->cell[i]);
	return true;
}

void shape_hide(struct report_table *t, const char *names)
{
	int *from = NEW_ARRAY(t->arena, int, t->columns + 1);
	int n = 0;

	for (int i = 0; i < t->columns; i++) {
		struct report_column *c = &t->column[i];
		bool named = strstr(names, arena_printf(t->arena, " %s ", c->name));

		if (!named || c->audience != FOR_READERS)
			from[n++] = i;
		if (named)
			c->audience = FOR_PROGRAMS;
	}
	choose(t, from, n);
}

void shape_move(struct report_table *t, const char *name, int to)
{
	int at = shape_find(t, name);
	int *from = NEW_ARRAY(t->arena, int, t->columns + 1);
	int n = 0;

	if (at < 0)
		return;
	for (int i = 0; i <= t->columns; i++) {
		if (i == to)
			from[n++] = at;
		if (i != at && i < t->columns)
			from[n++] = i;
	}
	choose(t, from, n);
}

struct report_column *shape_insert(
	struct report_table *t, int at, const char *name, const char *title)
{
	int *from = NEW_ARRAY(t->arena, int, t->columns + 1);
	struct report_table new = { .arena = t->arena };

	for (int i = 0; i <= t->columns; i++)
		from[i] = i < at ? i : i == at ? -1 : i - 1;
	choose(t, from, t->columns + 1);
	t->column[at] = *table_column(&new, name, title);
	return &t->column[at];
}

void shape_rows(struct report_table *t, const int *row, int n)
{
	struct report_table old = *t;

	t->cell = NULL;
	t->cells = t->cell_capacity = 0;
	for (int i = 0; i < n; i++)
		for (int k = 0; k < t->columns; k++)
			table_copy(t, table_at(&old, row[i], k));
}

/* The row of `to` whose first `keys` cells are those of a row of t; -1: there is none. */
static int find_row(
	const struct report_table *to, const struct report_table *t, int row, int keys)
{
	for (int i = 0; keys && i < table_rows(to); i++) {
		int same = 0;

		while (same < keys &&
			!strcmp(cell_exact(table_at(to, i, same)),
				cell_exact(table_at(t, row, same))))
			same++;
		if (same == keys)
			return i;
	}
	return -1;
}

/* Where each column of t is in `to`, which gets those that it lacks. */
static const int *join_columns(struct report_table *to, const struct report_table *t)
{
	int *at = NEW_ARRAY(to->arena, int, t->columns + 1);

	for (int i = 0; i < t->columns; i++) {
		const struct report_column *c = &t->column[i];

		at[i] = shape_find(to, c->name);
		if (at[i] >= 0) {
			show_as(&to->column[at[i]], c);
		} else {
			at[i] = to->columns;
			*shape_insert(to, at[i], c->name, c->title) = *c;
		}
	}
	return at;
}

void shape_join(struct report_table *to, const struct report_table *t, int keys)
{
	const int *at = join_columns(to, t);

	for (int row = 0; row < table_rows(t); row++) {
		int into = find_row(to, t, row, keys);

		if (into < 0) {
			into = table_rows(to);
			for (int i = 0; i < to->columns; i++)
				table_copy(to, NULL);
		}
		for (int i = 0; i < t->columns; i++)
			*table_at(to, into, at[i]) = *table_at(t, row, i);
	}
}

static bool lacks_shown(const struct report_table *t, const struct report_table *of)
{
	for (int i = 0; i < of->columns; i++)
		if (column_for_readers(&of->column[i]) &&
			shape_find(t, of->column[i].name) < 0)
			return true;
	return false;
}

/* Whether what one table shows to readers is in the other one. */
static bool same_to_readers(const struct report_table *a, const struct report_table *b)
{
	return !lacks_shown(a, b) && !lacks_shown(b, a);
}

void shape_stack(struct report *r)
{
	int kept = 0;

	if (r->tables < 2)
		return;
	for (int i = 0; i < r->tables; i++) {
		struct report_table t = r->table[i];
		int variant = shape_find(&t, "variant");

		if (variant >= 0)
			head_by_column(&t, variant);
		if (kept && variant >= 0 && same_to_readers(&r->table[kept - 1], &t))
			shape_join(&r->table[kept - 1], &t, 0);
		else
			r->table[kept++] = t;
	}
	r->tables = kept;
}
