/* A list of objects, one a row, over all tables. */
#include <string.h>
#include "orchestrator/print/report.h"

static void put_value(struct str *out, const struct report_cell *c)
{
	if (c->kind == CELL_NONE)
		str_put(out, "null");
	else if (c->kind == CELL_NUMBER && strpbrk(cell_exact(c), "nN"))
		/* JSON has no infinity; programs read what is too large as one. */
		str_put(out, *cell_exact(c) == '-' ? "-9e999" : "9e999");
	else if (c->kind == CELL_NUMBER)
		str_put(out, cell_exact(c));
	else
		str_json(out, cell_exact(c));
}

void report_json_object(const struct report_table *t, int row, struct str *out)
{
	const char *before = "{";

	for (int i = 0; i < t->columns; i++) {
		if (t->column[i].audience == FOR_READERS)
			continue;
		str_put(out, before);
		str_json(out, t->column[i].name);
		str_put(out, ":");
		put_value(out, table_at(t, row, i));
		before = ",";
	}
	str_put(out, "}");
}

void report_json(const struct report *r, struct str *out)
{
	const char *before = "[\n";

	for (int i = 0; i < r->tables; i++)
		for (int row = 0; row < table_rows(&r->table[i]); row++) {
			str_put(out, before);
			report_json_object(&r->table[i], row, out);
			before = ",\n";
		}
	str_put(out, *before == '[' ? "[]\n" : "\n]\n");
}
