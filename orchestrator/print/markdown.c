/* Pipe tables (GitHub's). A group's name stands in front of each of its columns. */
#include <string.h>
#include "orchestrator/print/report.h"

static void put_escaped(struct str *out, const char *s)
{
	for (; *s; s++) {
		/* $ is mathematics on GitHub, ~ strikes through, & begins an entity. */
		if (strchr("\\`*_|<>[]$~&", *s))
			str_put(out, "\\");
		str_putn(out, s, 1);
	}
}

static void put_cell(const struct report_cell *c, struct str *out)
{
	static const char *const before[] = { "", "**", "<u>" };
	static const char *const after[] = { "", "**", "</u>" };

	str_put(out, before[c->mark]);
	put_escaped(out, cell_text(c));
	str_put(out, after[c->mark]);
	if (c->letters)
		str_printf(out, "<sup>%s</sup>", c->letters);
}

static void put_header(const struct report_table *t, struct str *out)
{
	for (int i = 0; i < t->columns; i++) {
		const struct report_column *c = &t->column[i];

		if (!column_for_readers(c))
			continue;
		str_put(out, "| ");
		if (c->group) {
			put_escaped(out, c->group);
			str_put(out, " ");
		}
		put_escaped(out, column_title(c, out->arena));
		str_put(out, " ");
	}
	str_put(out, "|\n");
	for (int i = 0; i < t->columns; i++)
		if (column_for_readers(&t->column[i]))
			str_put(out, t->column[i].right ? "| ---: " : "| --- ");
	str_put(out, "|\n");
}

static void put_table(const struct report_table *t, struct str *out)
{
	if (t->heading) {
		str_put(out, "### ");
		put_escaped(out, t->heading);
		str_put(out, "\n\n");
	}
	if (!t->columns)
		return;
	put_header(t, out);
	for (int row = 0; row < table_rows(t); row++) {
		for (int i = 0; i < t->columns; i++)
			if (column_for_readers(&t->column[i])) {
				str_put(out, "| ");
				put_cell(table_at(t, row, i), out);
				str_put(out, " ");
			}
		str_put(out, "|\n");
	}
}

void report_markdown(const struct report *r, struct str *out)
{
	if (r->title) {
		str_put(out, "## ");
		put_escaped(out, r->title);
		str_put(out, "\n\n");
	}
	for (int i = 0; i < r->tables; i++) {
		if (i)
			str_put(out, "\n");
		put_table(&r->table[i], out);
	}
	for (int i = 0; i < r->notes; i++) {
		str_put(out, "\n");
		put_escaped(out, r->note[i]);
		str_put(out, "\n");
	}
}
