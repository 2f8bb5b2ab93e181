/* Writes table elements, to be pasted into a page. */
#include "orchestrator/report/report.h"

static void put_escaped(struct str *out, const char *s)
{
	for (; *s; s++)
		switch (*s) {
		case '&':
			str_put(out, "&amp;");
			break;
		case '<':
			str_put(out, "&lt;");
			break;
		case '>':
			str_put(out, "&gt;");
			break;
		case '"':
			str_put(out, "&quot;");
			break;
		case '\'':
			str_put(out, "&#39;");
			break;
		default:
			str_putn(out, s, 1);
		}
}

static void put_element(
	struct str *out, const char *tag, const char *attributes, const char *text)
{
	str_printf(out, "<%s%s>", tag, attributes);
	put_escaped(out, text);
	str_printf(out, "</%s>", tag);
}

static bool grouped(const struct report_table *t)
{
	for (int i = 0; i < t->columns; i++)
		if (t->column[i].group && column_for_readers(&t->column[i]))
			return true;
	return false;
}

static void put_groups(const struct report_table *t, struct str *out)
{
	str_put(out, "<tr>");
	for (int i = 0; i < t->columns; i++) {
		int end = column_group_end(t, i);
		int n = 0;

		if (!column_for_readers(&t->column[i]))
			continue;
		if (!t->column[i].group) {
			str_put(out, "<th></th>");
			continue;
		}
		for (int k = i; k < end; k++)
			n += column_for_readers(&t->column[k]);
		put_element(out, "th", arena_printf(out->arena, " colspan=\"%d\"", n),
			t->column[i].group);
		i = end - 1;
	}
	str_put(out, "</tr>\n");
}

static void put_cell(const struct report_table *t, int row, int i, struct str *out)
{
	static const char *const before[] = { "", "<b>", "<u>" };
	static const char *const after[] = { "", "</b>", "</u>" };
	const struct report_cell *c = table_at(t, row, i);

	str_printf(out, "<td%s>%s",
		t->column[i].right ? " style=\"text-align:right\"" : "",
		before[c->mark]);
	put_escaped(out, cell_text(c));
	str_put(out, after[c->mark]);
	if (c->letters)
		str_printf(out, "<sup>%s</sup>", c->letters);
	str_put(out, "</td>");
}

static void put_table(const struct report_table *t, struct str *out)
{
	str_put(out, "<table>\n");
	if (t->heading) {
		put_element(out, "caption", "", t->heading);
		str_put(out, "\n");
	}
	str_put(out, "<thead>\n");
	if (grouped(t))
		put_groups(t, out);
	str_put(out, "<tr>");
	for (int i = 0; i < t->columns; i++)
		if (column_for_readers(&t->column[i]))
			put_element(
				out, "th", "", column_title(&t->column[i], out->arena));
	str_put(out, "</tr>\n</thead>\n<tbody>\n");
	for (int row = 0; row < table_rows(t); row++) {
		str_put(out, "<tr>");
		for (int i = 0; i < t->columns; i++)
			if (column_for_readers(&t->column[i]))
				put_cell(t, row, i, out);
		str_put(out, "</tr>\n");
	}
	str_put(out, "</tbody>\n</table>\n");
}

void report_html(const struct report *r, struct str *out)
{
	if (r->title) {
		put_element(out, "h2", "", r->title);
		str_put(out, "\n");
	}
	for (int i = 0; i < r->tables; i++)
		put_table(&r->table[i], out);
	for (int i = 0; i < r->notes; i++) {
		put_element(out, "p", "", r->note[i]);
		str_put(out, "\n");
	}
}
