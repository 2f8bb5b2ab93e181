#include "orchestrator/print/several.h"

#include <string.h>
#include "orchestrator/print/glyph.h"
#include "orchestrator/print/shape.h"

struct report *several_add(struct several *all, const char *name, struct arena *a)
{
	struct several_part *x;

	(void)GROW(a, all->part, all->n, all->capacity);
	x = &all->part[all->n++];
	*x = (struct several_part){ name, { .arena = a } };
	return &x->report;
}

static bool has_note(const struct report *r, const char *text)
{
	for (int i = 0; i < r->notes; i++)
		if (!strcmp(r->note[i], text))
			return true;
	return false;
}

/* Adds the note of report `from`, unless an earlier report has it and so has said it. */
static void add_note(
	const struct several *all, int from, const char *text, struct report *r)
{
	struct str names = { .arena = r->arena };
	int n = 0;

	for (int i = 0; i < all->n; i++) {
		if (!has_note(&all->part[i].report, text))
			continue;
		if (i < from)
			return;
		str_printf(&names, "%s%s", n++ ? ", " : "", all->part[i].name);
	}
	if (n == all->n)
		report_note(r, "%s", text);
	else
		report_note(r, "%s: %s", str_get(&names), text);
}

/* Everything but the tables. */
static void begin(const struct several *all, struct report *r)
{
	struct str title = { .arena = r->arena };

	for (int i = 0; i < all->n; i++) {
		const struct report *of = &all->part[i].report;

		if (of->title)
			str_printf(&title, "%s%s", title.n ? ", " : "", of->title);
		for (int k = 0; k < of->notes; k++)
			add_note(all, i, of->note[k], r);
	}
	r->title = title.n ? str_get(&title) : NULL;
}

void several_put(const struct several *all, struct report *r)
{
	begin(all, r);
	for (int i = 0; i < all->n; i++)
		for (int k = 0; k < all->part[i].report.tables; k++) {
			const struct report_table *from = &all->part[i].report.table[k];
			const char *heading = from->heading;
			struct report_table *t;

			if (all->n > 1)
				heading = heading ? arena_printf(r->arena, "%s %s",
							    all->part[i].name, heading)
						  : all->part[i].name;
			t = report_table(r, NULL);
			*t = *from;
			t->named = all->n > 1;
			t->heading =
				heading ? glyph_printable(r->arena, heading) : NULL;
		}
}

static struct report_table *table_under(const struct report *r, const char *heading)
{
	for (int i = 0; i < r->tables; i++) {
		const char *other = r->table[i].heading;

		if (!heading == !other && (!heading || !strcmp(heading, other)))
			return &r->table[i];
	}
	return NULL;
}

void several_join(const struct several *all, int keys, struct report *r)
{
	begin(all, r);
	for (int i = 0; i < all->n; i++)
		for (int k = 0; k < all->part[i].report.tables; k++) {
			const struct report_table *from = &all->part[i].report.table[k];
			struct report_table *to =
				i ? table_under(r, from->heading) : NULL;

			if (to)
				shape_join(to, from, keys);
			else
				*report_table(r, NULL) = *from;
		}
}
