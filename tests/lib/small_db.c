#include "tests/lib/small_db.h"

#include <check.h>
#include <sqlite3.h>
#include "common/store/rows.h"
#include "tests/lib/scratch.h"

const char *source_text(const char *path)
{
	static struct arena kept;
	const size_t size = 1 << 18;
	char *text = arena_alloc(&kept, size, 1);

	ck_assert_uint_lt(scratch_read(scratch_source(path), text, size), size - 1);
	return text;
}

void small_db_make(const char *path)
{
	struct store s;
	struct err e = { 0 };
	char *message = NULL;

	ck_assert_msg(store_open(&s, path, STORE_ORCHESTRATOR, &e) == OK, "%s", e.msg);
	ck_assert_msg(sqlite3_exec(s.db, source_text("tests/fixtures/small.sql"), NULL,
			      NULL, &message) == SQLITE_OK,
		"%s", message);
	store_close(&s);
}
