#include "tests/lib/dump.h"

#include <check.h>
#include "common/str.h"

const char *dump_rows(struct store *s, const char *sql, struct arena *a)
{
	struct str out = { .arena = a };
	struct err e = { 0 };
	struct rows r;

	ck_assert_msg(rows_open_sql(&r, s, sql, NO_ARGS, &e) == OK, "%s", e.msg);
	while (rows_next(&r, &e) > 0) {
		for (int i = 0; i < rows_columns(&r); i++)
			str_printf(&out, "%s%s", i ? "|" : "", rows_text(&r, i));
		str_put(&out, "\n");
	}
	rows_close(&r);
	return str_get(&out);
}
