/* Writes table elements, to be pasted into a page. */
#include "orchestrator/print/html.h"

void html_put(struct str *out, const char *s)
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
		default: /* of control characters HTML knows the blank ones */
			str_putn(out,
				(unsigned char)*s < ' ' && *s != '\n' && *s != '\t'
					? " "
					: s,
				1);
		}
}

void html_element(
	struct str *out, const char *tag, const char *attributes, const char *text)
{
	str_printf(out, "<%s%s>", tag, attributes);
	html_put(out, text);
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
			str_put(out, "<td></td>");
			continue;
		}
		for (int k = i; k < end; k++)
			n += column_for_readers(&t->column[k]);
		html_element(out, "th",
			arena_printf(
				out->arena, " scope=\"colgroup\" colspan=\"%d\"", n),
			t->column[i].group);
		i = end - 1;
	}
	str_put(out, "</tr>\n");
}

static void put_cell(const struct report_table *t, const struct html_table *x, int row,
	int i, struct str *out)
{
	static const char *const before[] = { "", "<b>", "<u>" };
	static const char *const after[] = { "", "</b>", "</u>" };
	const struct report_cell *c = table_at(t, row, i);

	str_printf(
		out, "<td%s", t->column[i].right ? " style=\"text-align:right\"" : "");
	if (x->exact && c->kind == CELL_NUMBER)
		str_printf(out, " data-v=\"%s\"", cell_exact(c)); /* digits alone */
	str_printf(out, ">%s", before[c->mark]);
	html_put(out, cell_text(c));
	str_put(out, after[c->mark]);
	if (c->letters)
		str_printf(out, "<sup>%s</sup>", c->letters);
	str_put(out, "</td>");
}

int html_columns(const struct report_table *t)
{
	int n = 0;

	for (int i = 0; i < t->columns; i++)
		n += column_for_readers(&t->column[i]);
	return n;
}

void html_table(
	const struct report_table *t, const struct html_table *x, struct str *out)
{
	str_printf(out, "<table%s>\n", x->attributes ? x->attributes : "");
	if (t->heading) {
		html_element(out, "caption", "", t->heading);
		str_put(out, "\n");
	}
	str_put(out, "<thead>\n");
	if (grouped(t))
		put_groups(t, out);
	str_put(out, "<tr>");
	for (int i = 0; i < t->columns; i++)
		if (column_for_readers(&t->column[i]))
			html_element(out, "th",
				t->column[i].right
					? " scope=\"col\" style=\"text-align:right\""
					: " scope=\"col\"",
				column_title(&t->column[i], out->arena));
	str_put(out, "</tr>\n</thead>\n<tbody>\n");
	for (int row = 0; row < table_rows(t); row++) {
		str_put(out, "<tr>");
		for (int i = 0; i < t->columns; i++)
			if (column_for_readers(&t->column[i]))
				put_cell(t, x, row, i, out);
		str_put(out, "</tr>\n");
		if (x->after)
			x->after(x->arg, t, row, out);
	}
	str_put(out, "</tbody>\n</table>\n");
}

void report_html(const struct report *r, struct str *out)
{
	if (r->title) {
		html_element(out, "h2", "", r->title);
		str_put(out, "\n");
	}
	for (int i = 0; i < r->tables; i++)
		html_table(&r->table[i], &(struct html_table){ 0 }, out);
	for (int i = 0; i < r->notes; i++) {
		html_element(out, "p", "", r->note[i]);
		str_put(out, "\n");
	}
}
