/* An object a line, as many programs read row by row. */
#include "orchestrator/print/report.h"

void report_jsonl_line(const struct report_table *t, int row, struct str *out)
{
	report_json_object(t, row, out);
	str_put(out, "\n");
}

void report_jsonl(const struct report *r, struct str *out)
{
	for (int i = 0; i < r->tables; i++)
		for (int row = 0; row < table_rows(&r->table[i]); row++)
			report_jsonl_line(&r->table[i], row, out);
}
