#include "tests/lib/digest.h"

#include <check.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

static sqlite3 *open_database(const char *path, int flags)
{
	sqlite3 *db;

	ck_assert_msg(sqlite3_open_v2(path, &db, flags, NULL) == SQLITE_OK, "%s: %s",
		path, sqlite3_errmsg(db));
	sqlite3_busy_timeout(db, 10000);
	return db;
}

static void add_value(XXH3_state_t *hash, sqlite3_stmt *stmt, int column)
{
	int type = sqlite3_column_type(stmt, column);
	double real;
	int64_t integer;

	XXH3_128bits_update(hash, &type, sizeof(type));
	if (type == SQLITE_FLOAT) {
		real = sqlite3_column_double(stmt, column);
		XXH3_128bits_update(hash, &real, sizeof(real));
	} else if (type == SQLITE_INTEGER) {
		integer = sqlite3_column_int64(stmt, column);
		XXH3_128bits_update(hash, &integer, sizeof(integer));
	} else {
		const void *text = sqlite3_column_text(stmt, column);

		XXH3_128bits_update(
			hash, text, (size_t)sqlite3_column_bytes(stmt, column));
	}
}

static void add_rows(XXH3_state_t *hash, sqlite3 *db, const char *sql)
{
	sqlite3_stmt *stmt;

	ck_assert_int_eq(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
	while (sqlite3_step(stmt) == SQLITE_ROW)
		for (int i = 0; i < sqlite3_column_count(stmt); i++)
			add_value(hash, stmt, i);
	ck_assert_int_eq(sqlite3_finalize(stmt), SQLITE_OK);
}

char *digest_rows(const char *path, char buf[DIGEST_MAX])
{
	sqlite3 *db = open_database(path, SQLITE_OPEN_READWRITE);
	XXH3_state_t *hash = XXH3_createState();
	XXH128_hash_t sum;

	ck_assert_ptr_nonnull(hash);
	XXH3_128bits_reset(hash);
	add_rows(hash, db,
		"SELECT * FROM metric ORDER BY job, epoch, split, task, name");
	add_rows(hash, db, "SELECT * FROM task_weight ORDER BY job, epoch, task");
	add_rows(hash, db, "SELECT * FROM score ORDER BY sweep, job, epoch, split");
	add_rows(
		hash, db, "SELECT * FROM decision ORDER BY stage, kind, epoch, config");
	add_rows(hash, db, "SELECT * FROM corruption ORDER BY job, epoch, corruption");
	add_rows(hash, db,
		"SELECT * FROM corrupted ORDER BY job, epoch, corruption, severity, "
		"task, name");
	sum = XXH3_128bits_digest(hash);
	snprintf(buf, DIGEST_MAX, "%016llx%016llx", (unsigned long long)sum.high64,
		(unsigned long long)sum.low64);
	XXH3_freeState(hash);
	sqlite3_close(db);
	return buf;
}

const char *query_text(const char *path, const char *sql)
{
	static char text[4096];
	sqlite3 *db = open_database(path, SQLITE_OPEN_READWRITE);
	sqlite3_stmt *stmt;
	const char *value = NULL;

	ck_assert_msg(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK,
		"%s: %s", sql, sqlite3_errmsg(db));
	if (sqlite3_step(stmt) == SQLITE_ROW)
		value = (const char *)sqlite3_column_text(stmt, 0);
	snprintf(text, sizeof(text), "%s", value ? value : "");
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return text;
}

int64_t query_int(const char *path, const char *sql)
{
	long long v = 0;

	(void)sscanf(query_text(path, sql), "%lld", &v);
	return v;
}

static void execute(sqlite3 *db, const char *sql)
{
	char *message = NULL;

	ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, &message) == SQLITE_OK,
		"%s: %s", sql, message);
}

void query_run(const char *path, const char *sql)
{
	sqlite3 *db = open_database(path, SQLITE_OPEN_READWRITE);

	execute(db, sql);
	sqlite3_close(db);
}

sqlite3 *query_hold(const char *path)
{
	sqlite3 *db = open_database(path, SQLITE_OPEN_READWRITE);

	execute(db, "BEGIN IMMEDIATE");
	return db;
}

void query_release(sqlite3 *held, const char *sql)
{
	execute(held, sql);
	execute(held, "COMMIT");
	sqlite3_close(held);
}
