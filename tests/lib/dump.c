#include "tests/lib/dump.h"

#include <check.h>
#include "common/str.h"

const char *dump_rows(struct store *s, const char *sql, struct arena *a)
{
	struct str out = { .arena = a };
	struct err e = { 0 };
	struct rows r = rows_open_sql(s, sql, NO_ARGS, &e);

	while (rows_next(&r)) {
		for (int i = 0; i < r.columns; i++)
			str_printf(&out, "%s%s", i ? "|" : "", rows_text(&r));
		str_put(&out, "\n");
	}
	ck_assert_msg(rows_close(&r) == OK, "%s: %s", sql, e.msg);
	return str_get(&out);
}
