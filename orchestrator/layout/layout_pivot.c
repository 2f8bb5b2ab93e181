#include "orchestrator/layout/layout_pivot.h"

#include <string.h>
#include "orchestrator/print/glyph.h"
#include "orchestrator/layout/layout_rows.h"
#include "orchestrator/print/shape.h"

/* A row of the blocks and where it goes. */
struct source {
	const struct report_table *t;
	int row, at; /* its first figure */
	struct layout_place to;
};

struct sources {
	struct source *item;
	int n, capacity;
};

/* Δm and everything behind it is the figures of a row. */
static int first_figure(const struct report_table *t)
{
	int at = shape_find(t, "delta_m");

	return at >= 0 ? at : shape_find(t, "gain");
}

static int gather(const struct benchmark *b, const struct layout_pivot *p,
	const struct report_table *tables, int n, struct sources *out, struct err *e)
{
	for (int k = 0; k < n; k++)
		for (int row = 0; row < table_rows(&tables[k]); row++) {
			const struct query_entry *x = layout_entry(b, &tables[k], row);
			struct source s = { .t = &tables[k],
				.row = row,
				.at = first_figure(&tables[k]) };
			int rc;

			if (benchmark_is_stl(x))
				continue;
			rc = p->place(b, x, &s.to, e);
			if (rc)
				return rc;
			(void)GROW(b->arena, out->item, out->n, out->capacity);
			out->item[out->n++] = s;
		}
	return OK;
}

/* Whether source i is the first of its block, and of the row or column that it goes to. */
static bool is_first(
	const struct sources *s, int i, const char *(*key)(const struct source *x))
{
	for (int k = 0; k < i; k++)
		if (!strcmp(s->item[k].to.block, s->item[i].to.block) &&
			!strcmp(key(&s->item[k]), key(&s->item[i])))
			return false;
	return true;
}

static const char *block_of(const struct source *x)
{
	return x->to.block;
}

static const char *row_of(const struct source *x)
{
	return x->to.row_exact;
}

static const char *column_of(const struct source *x)
{
	return x->to.column_exact;
}

static bool same_block(const struct sources *s, int i, int k)
{
	return !strcmp(s->item[i].to.block, s->item[k].to.block);
}

static int readers(const struct report_table *t, int at)
{
	int n = 0;

	for (; at < t->columns; at++)
		n += column_for_readers(&t->column[at]);
	return n;
}

/* The columns of one place: where it has one for readers, the place is its title. */
static void add_columns(struct report_table *t, const struct source *x)
{
	bool single = readers(x->t, x->at) == 1;
	const char *name = glyph_printable(t->arena, x->to.column);

	for (int i = x->at; i < x->t->columns; i++) {
		struct report_column c = x->t->column[i];

		if (*x->to.column_exact)
			c.name = arena_printf(
				t->arena, "%s_%s", x->to.column_exact, c.name);
		c.group = !column_for_readers(&c) ? NULL
			: single                  ? column_title(&c, t->arena)
						  : name;
		c.title = single ? name : c.title;
		c.arrow = single ? 0 : c.arrow;
		c.spare = 1;
		*table_column(t, c.name, c.title) = c;
	}
}

static void add_row(struct report_table *t, const struct layout_pivot *p,
	const struct sources *s, int of)
{
	if (p->blocks)
		table_text(t, s->item[of].to.block);
	table_text(t, s->item[of].to.row)->exact = s->item[of].to.row_exact;
	for (int i = 0; i < s->n; i++) {
		const struct source *x = NULL;

		if (!same_block(s, i, of) || !is_first(s, i, column_of))
			continue;
		for (int k = 0; k < s->n; k++)
			if (same_block(s, k, of) &&
				!strcmp(row_of(&s->item[k]), row_of(&s->item[of])) &&
				!strcmp(column_of(&s->item[k]), column_of(&s->item[i])))
				x = &s->item[k];
		for (int c = 0; c < p->figures; c++)
			table_copy(t, x ? table_at(x->t, x->row, x->at + c) : NULL);
	}
}

static void add_table(
	struct report *r, const struct layout_pivot *p, const struct sources *s, int of)
{
	const char *block = s->item[of].to.block;
	struct report_table *t = report_table(r, *block ? block : NULL);

	if (p->blocks)
		table_column(t, "variant", "Variant")->audience = FOR_PROGRAMS;
	table_column(t, p->row_name, p->row_title);
	for (int i = 0; i < s->n; i++)
		if (same_block(s, i, of) && is_first(s, i, column_of))
			add_columns(t, &s->item[i]);
	for (int i = 0; i < s->n; i++)
		if (same_block(s, i, of) && is_first(s, i, row_of))
			add_row(t, p, s, i);
}

/* An auxiliary block goes into that of its variant, and figures are marked among both. */
static void join_auxiliary(struct benchmark *b)
{
	struct report *r = b->report;
	int kept = 0;

	for (int k = 0; k < r->tables; k++) {
		struct report_table *last = kept ? &r->table[kept - 1] : NULL;
		struct report_table t = r->table[k];
		bool same = last && table_rows(last) && table_rows(&t) &&
			!strcmp(layout_entry(b, last, 0)->variant,
				layout_entry(b, &t, 0)->variant);

		if (same && shape_append(last, &t))
			layout_mark(b, last, first_figure(last));
		else
			r->table[kept++] = t;
	}
	r->tables = kept;
}

int layout_turn(struct benchmark *b, struct layout_pivot *p, struct err *e)
{
	struct report *r = b->report;
	struct report from;
	struct sources s = { 0 };
	int rc;

	join_auxiliary(b);
	from = *r;
	rc = gather(b, p, from.table, from.tables, &s, e);
	if (rc)
		return rc;
	b->compact = b->without_weights = true;
	b->on_boundary = false; /* daggers are not among what moves */
	p->first = p->blocks ? 2 : 1;
	p->figures = s.n ? s.item[0].t->columns - s.item[0].at : 0;
	r->table = NULL;
	r->tables = r->table_capacity = 0;
	for (int i = 0; i < s.n; i++)
		if (is_first(&s, i, block_of))
			add_table(r, p, &s, i);
	return OK;
}
