#include "tests/lib/small_db.h"

#include <check.h>
#include <sqlite3.h>
#include "common/store/rows.h"
#include "common/store/store_open.h"
#include "tests/lib/must.h"
#include "tests/lib/scratch.h"

const char *source_text(const char *path)
{
	static struct arena kept;
	const size_t size = 1 << 18;
	char *text = arena_alloc(&kept, size, 1);

	ck_assert_uint_lt(scratch_read(scratch_source(path), text, size), size - 1);
	return text;
}

static void execute(sqlite3 *db, const char *sql)
{
	char *message = NULL;

	ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, &message) == SQLITE_OK, "%s",
		message);
}

static void make(const char *path, enum store_mode mode, const char *fixture)
{
	struct store s;
	struct err e = { 0 };

	must(store_open(&s, path, mode, &e), &e);
	execute(s.db, source_text(fixture));
	store_close(&s);
}

void small_db_make(const char *path)
{
	make(path, STORE_ORCHESTRATOR, "tests/fixtures/small.sql");
}

void toy_db_make(const char *path)
{
	make(path, STORE_TOY, "tests/fixtures/toy.sql");
}

void old_db_make(const char *path)
{
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	execute(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; BEGIN");
	execute(db, source_text("tests/fixtures/version_1.sql"));
	execute(db, "COMMIT");
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}
