/*
 * RFC 4180, lines ending in LF. Tables with equal columns share one header; others
 * follow after an empty line under their own.
 */
#include <string.h>
#include "orchestrator/print/report.h"

/*
 * A text that a spreadsheet would take for a formula gets an apostrophe in front, which
 * it does not show.
 */
static void put_field(struct str *out, const char *text, bool number)
{
	bool formula = !number && *text && strchr("=+-@", *text);
	const char *s = formula ? arena_printf(out->arena, "'%s", text) : text;

	if (!s[strcspn(s, ",\"\r\n")]) {
		str_put(out, s);
		return;
	}
	str_put(out, "\"");
	for (; *s; s++)
		str_putn(out, *s == '"' ? "\"\"" : s, *s == '"' ? 2 : 1);
	str_put(out, "\"");
}

void report_csv_line(const struct report_table *t, int row, struct str *out)
{
	bool first = true;

	for (int i = 0; i < t->columns; i++) {
		const struct report_column *c = &t->column[i];

		if (c->audience == FOR_READERS)
			continue;
		if (!first)
			str_put(out, ",");
		if (row < 0)
			put_field(out, c->name, false);
		else
			put_field(out, cell_exact(table_at(t, row, i)),
				table_at(t, row, i)->kind == CELL_NUMBER);
		first = false;
	}
	str_put(out, "\n");
}

void report_csv(const struct report *r, struct str *out)
{
	for (int i = 0; i < r->tables; i++) {
		const struct report_table *t = &r->table[i];

		if (i && !table_same_columns(t, t - 1))
			str_put(out, "\n");
		if (!i || !table_same_columns(t, t - 1))
			report_csv_line(t, -1, out);
		for (int row = 0; row < table_rows(t); row++)
			report_csv_line(t, row, out);
	}
}
