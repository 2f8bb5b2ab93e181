/* Databases that an older deltam wrote: what they become, and that everything stays. */
#include <check.h>
#include <ctype.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xxhash.h>
#include "common/store/rows.h"
#include "common/store/schema.h"
#include "common/store/store_open.h"
#include "tests/lib/digest.h"
#include "tests/lib/dump.h"
#include "tests/lib/must.h"
#include "tests/lib/opened.h"
#include "tests/lib/scratch.h"
#include "tests/lib/small_db.h"

#define NOBODY 65534

static struct arena arena;
static struct err e;

static void enter(void)
{
	scratch_enter();
	old_db_make("old.db");
}

static void leave(void)
{
	scratch_leave();
	arena_release(&arena);
}

static void open_close(const char *path, enum store_mode mode)
{
	struct store s;

	must(store_open(&s, path, mode, &e), &e);
	store_close(&s);
}

static int version_of(const char *path)
{
	return (int)query_int(path, "PRAGMA user_version");
}

static int add_row(void *arg, int n, char **value, char **name)
{
	struct str *out = arg;

	(void)name;
	for (int i = 0; i < n; i++)
		str_printf(out, "%s|", value[i] ? value[i] : "");
	str_put(out, "\n");
	return 0;
}

/* The rows as they lie in the file, past the store. */
static const char *rows_in(const char *path, const char *sql)
{
	struct str out = { .arena = &arena };
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	ck_assert_msg(sqlite3_exec(db, sql, add_row, &out, NULL) == SQLITE_OK, "%s: %s",
		sql, sqlite3_errmsg(db));
	sqlite3_close(db);
	return str_get(&out);
}

/*
 * What a database is made of, without what does not matter: blanks, comments, and the
 * quotes that a table gets when it is renamed.
 */
static const char *made_of(const char *path)
{
	const char *at = rows_in(path,
		"SELECT type, name, tbl_name, sql || char(10) FROM sqlite_schema "
		"WHERE sql IS NOT NULL ORDER BY type, name");
	char *out = arena_strdup(&arena, at);
	char *end = out;

	for (; *at; at++) {
		if (!strncmp(at, "--", 2))
			at += strcspn(at, "\n");
		if (!isspace((unsigned char)*at) && *at != '"')
			*end++ = *at;
	}
	*end = '\0';
	return out;
}

/* The texts are long: a failure shows where they part. */
static void expect_same(const char *a, const char *b)
{
	size_t i = 0;

	while (a[i] && a[i] == b[i])
		i++;
	ck_assert_msg(a[i] == b[i], "\"%.80s\" is \"%.80s\"", a + i, b + i);
}

static void expect_new(const char *path)
{
	open_close("new.db", STORE_ORCHESTRATOR);
	expect_same(made_of(path), made_of("new.db"));
	ck_assert_int_eq(version_of(path), schema_results.version);
	unlink("new.db");
}

START_TEST(a_database_that_came_step_by_step_is_as_a_new_one)
{
	ck_assert_int_eq(version_of("old.db"), 1);
	open_close("old.db", STORE_ORCHESTRATOR);
	expect_new("old.db");
}
END_TEST

/*
 * The sum over schema.sql and toy.sql, comments and blanks aside, at the present versions.
 * Where this fails the schema has another shape than databases of that version have: raise
 * the version by a step (docs/HACKING.md), then put the new sum here.
 */
START_TEST(another_schema_has_another_version)
{
	static const uint64_t sums[] = { 0xbdbfe43c18d79d47, 0x28fd3a8b72bfcd48 };
	const char *text;

	open_close("new.db", STORE_ORCHESTRATOR);
	open_close("toy.db", STORE_TOY);
	for (int i = 0; i < 2; i++) {
		text = made_of(i ? "toy.db" : "new.db");
		ck_assert_msg(XXH3_64bits(text, strlen(text)) == sums[i],
			"%s.sql: the sum is 0x%016llx", i ? "toy" : "schema",
			(unsigned long long)XXH3_64bits(text, strlen(text)));
	}
}
END_TEST

/* Queries for all columns that the tables of results have now. */
static int queries(const char *path, char *out[64])
{
	char *text = arena_strdup(&arena,
		rows_in(path,
			"SELECT printf('SELECT %s FROM %s', (SELECT group_concat(name) "
			"FROM pragma_table_info(t.name)), name) FROM sqlite_schema t "
			"WHERE type='table' AND name NOT LIKE 'toy%'"));
	int n = 0;

	for (char *at = strtok(text, "|\n"); at; at = strtok(NULL, "|\n"))
		out[n++] = at;
	return n;
}

START_TEST(every_row_is_kept_and_says_what_it_said)
{
	static const char benchmark[] =
		"SELECT sweep, label, delta_m, val_delta_m_std FROM benchmark";
	const char *said = rows_in("old.db", benchmark);
	const char *row[64];
	char *query[64];
	int n = queries("old.db", query);

	ck_assert_int_ge(n, 15);
	for (int i = 0; i < n; i++)
		row[i] = rows_in("old.db", query[i]);
	open_close("old.db", STORE_ORCHESTRATOR);
	for (int i = 0; i < n; i++)
		expect_same(rows_in("old.db", query[i]), row[i]);
	ck_assert_str_eq(rows_in("old.db", benchmark), said);
	ck_assert_str_eq(query_text("old.db", "PRAGMA integrity_check"), "ok");
	ck_assert_str_eq(rows_in("old.db", "PRAGMA foreign_key_check"), "");
}
END_TEST

static void read_a_view(struct store *s)
{
	ck_assert_int_eq(s->version, schema_results.version);
	ck_assert_str_eq(dump_rows(s, "SELECT count(*) FROM failures", &arena), "1\n");
}

START_TEST(a_reader_brings_the_file_up_to_date)
{
	struct store s;

	must(store_open(&s, "old.db", STORE_READER, &e), &e);
	read_a_view(&s);
	store_close(&s);
	ck_assert_str_eq(scratch_files(), "old.db");
	expect_new("old.db");
}
END_TEST

START_TEST(a_reader_that_must_not_write_reads_a_copy)
{
	char before[1 << 19];
	char after[1 << 19];
	size_t n = scratch_read("old.db", before, sizeof(before));
	struct file_lock lock;
	struct store s;

	must(file_lock(&lock, "old.db", &e), &e); /* an older deltam runs on it */
	must(store_open(&s, "old.db", STORE_READER, &e), &e);
	read_a_view(&s);
	store_close(&s);
	file_unlock(&lock);
	ck_assert_uint_eq(scratch_read("old.db", after, sizeof(after)), n);
	ck_assert_mem_eq(before, after, n);
}
END_TEST

/* Runs child() as somebody who may not write here; returns its wait status. */
static int as_nobody(void (*child)(void))
{
	int status;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (!pid) {
		ck_assert(geteuid() || !setuid(NOBODY));
		child();
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

static void read_and_try_to_write(void)
{
	struct store s;

	must(store_open(&s, "old.db", STORE_READER, &e), &e);
	read_a_view(&s);
	store_close(&s);
	if (store_open(&s, "old.db", STORE_ORCHESTRATOR, &e) != ERR_DB)
		_exit(1);
}

START_TEST(a_reader_in_a_folder_that_is_read_only_reads_a_copy)
{
	ck_assert_int_eq(chmod("old.db", 0444), 0);
	ck_assert_int_eq(chmod(".", 0555), 0);
	ck_assert_int_eq(as_nobody(read_and_try_to_write), 0);
	ck_assert_int_eq(chmod(".", 0755), 0);
	ck_assert_str_eq(scratch_files(), "old.db");
	ck_assert_int_eq(version_of("old.db"), 1);
}
END_TEST

START_TEST(a_worker_leaves_an_old_database_to_deltam)
{
	struct store s;

	ck_assert_int_eq(store_open(&s, "old.db", STORE_WORKER, &e), ERR_DB);
	ck_assert_str_eq(e.msg,
		"old.db was written by an older deltam; `deltam run` brings it up to "
		"date");
	ck_assert_int_eq(version_of("old.db"), 1);
}
END_TEST

/* A file that was in use has a log, in which the steps lie until somebody empties it. */
START_TEST(a_worker_knows_what_was_brought_up_to_date_a_moment_ago)
{
	struct store deltam;
	struct store worker;

	rows_in("old.db", "PRAGMA journal_mode=WAL");
	opened_well(&deltam, "old.db", STORE_ORCHESTRATOR);
	opened_well(&worker, "old.db", STORE_WORKER);
	store_close(&worker);
	store_close(&deltam);
}
END_TEST

START_TEST(a_step_that_fails_changes_nothing)
{
	struct store s;

	query_run("old.db", "DROP TABLE toy_sigma");
	ck_assert_int_eq(store_open(&s, "old.db", STORE_READER, &e), ERR_DB);
	ck_assert_str_eq(e.msg,
		"cannot bring the database up to date: old.db: cannot prepare the "
		"query: no such table: toy_sigma");
	ck_assert_int_eq(version_of("old.db"), 1);
	ck_assert_int_eq(query_int("old.db", "SELECT count(*) FROM failures"), 1);
}
END_TEST

static rlim_t size_limit;

static void upgrade_until_killed(void)
{
	struct rlimit limit = { size_limit, size_limit };

	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	open_close(
		"old.db", STORE_ORCHESTRATOR); /* SIGXFSZ at the first write beyond */
}

START_TEST(an_upgrade_killed_at_any_write_is_done_again)
{
	const char *rows = rows_in("old.db", "SELECT * FROM metric");
	int killed = 0;
	int status = 1;

	ck_assert_int_eq(chmod(".", 0777), 0);
	for (size_limit = 0; status; size_limit += 8192) {
		unlink("old.db");
		old_db_make("old.db");
		ck_assert_int_eq(chmod("old.db", 0666), 0);
		status = as_nobody(upgrade_until_killed);
		killed += status != 0;
		open_close("old.db", STORE_ORCHESTRATOR);
		expect_new("old.db");
		expect_same(rows_in("old.db", "SELECT * FROM metric"), rows);
	}
	ck_assert_int_gt(killed, 5);
}
END_TEST

/* What an older `deltam toy` left, in a database that may hold sweeps, too. */
static void put_toys(void)
{
	query_run("old.db", "INSERT INTO toy_sigma VALUES (1, 20, 64, 0.5, 0.5, 1.5)");
}

START_TEST(toys_that_lie_beside_sweeps_stay_there)
{
	struct store s;

	put_toys();
	open_close("old.db", STORE_ORCHESTRATOR);
	ck_assert_int_eq(version_of("old.db"), schema_results.version);
	ck_assert_int_eq(query_int("old.db", "SELECT count(*) FROM toy_sigma"), 1);
	ck_assert_int_eq(store_open(&s, "old.db", STORE_TOY, &e), ERR_DB);
	ck_assert_str_eq(e.msg,
		"old.db holds results of sweeps; toy problems have a database of their "
		"own: choose it with --db");
	ck_assert_int_eq(query_int("old.db", "SELECT count(*) FROM failures"), 1);
}
END_TEST

START_TEST(a_database_of_toys_alone_becomes_one_of_them)
{
	struct store s;

	toy_db_make("new.db");
	put_toys();
	query_run("old.db",
		"PRAGMA foreign_keys=OFF; DELETE FROM sweep; DELETE FROM job");
	open_close("old.db", STORE_READER); /* from version 1 or from a later one */
	open_close("old.db", STORE_TOY);
	expect_same(made_of("old.db"), made_of("new.db"));
	ck_assert_int_eq(query_int("old.db", "SELECT count(*) FROM toy_sigma"), 1);
	ck_assert_int_eq(store_open(&s, "old.db", STORE_READER, &e), ERR_DB);
	ck_assert_str_eq(e.msg,
		"old.db holds toy problems, not results of sweeps: choose the database "
		"with --db");
	open_close("old.db", STORE_QUERY);
	open_close("old.db", STORE_TOY);
}
END_TEST

START_TEST(toys_of_an_older_deltam_get_what_they_lack)
{
	open_close("toy.db", STORE_TOY);
	query_run("toy.db",
		"INSERT INTO toy_sigma VALUES (1, 20, 64, 0.5, 0.5, 1.5);"
		"DROP TABLE toy_scale_loss; DROP TABLE toy_surface; PRAGMA user_version=1");
	open_close("toy.db", STORE_QUERY);
	open_close("new.db", STORE_TOY);
	expect_same(made_of("toy.db"), made_of("new.db"));
	ck_assert_int_eq(query_int("toy.db", "SELECT count(*) FROM toy_sigma"), 1);
}
END_TEST

Suite *suite_schema(void);
Suite *suite_schema(void)
{
	Suite *s = suite_create("schema");
	TCase *tc = tcase_create("schema");

	tcase_add_checked_fixture(tc, enter, leave);
	tcase_add_test(tc, a_database_that_came_step_by_step_is_as_a_new_one);
	tcase_add_test(tc, another_schema_has_another_version);
	tcase_add_test(tc, every_row_is_kept_and_says_what_it_said);
	tcase_add_test(tc, a_reader_brings_the_file_up_to_date);
	tcase_add_test(tc, a_reader_that_must_not_write_reads_a_copy);
	tcase_add_test(tc, a_reader_in_a_folder_that_is_read_only_reads_a_copy);
	tcase_add_test(tc, a_worker_leaves_an_old_database_to_deltam);
	tcase_add_test(tc, a_worker_knows_what_was_brought_up_to_date_a_moment_ago);
	tcase_add_test(tc, a_step_that_fails_changes_nothing);
	tcase_add_test(tc, an_upgrade_killed_at_any_write_is_done_again);
	tcase_add_test(tc, toys_that_lie_beside_sweeps_stay_there);
	tcase_add_test(tc, a_database_of_toys_alone_becomes_one_of_them);
	tcase_add_test(tc, toys_of_an_older_deltam_get_what_they_lack);
	suite_add_tcase(s, tc);
	return s;
}
