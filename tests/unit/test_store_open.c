/*
 * Which files are opened as databases, and how one comes to be: whole or not at all.
 */
#include <check.h>
#include <math.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "catalogue/catalogue.h"
#include "common/store/rows.h"
#include "common/store/schema.h"
#include "common/store/store_job.h"
#include "common/store/store_open.h"
#include "tests/lib/scratch.h"
#include "tests/lib/opened.h"

#define NOBODY 65534

START_TEST(what_is_not_ours_is_refused_and_stays_as_it_is)
{
	static const enum store_mode modes[] = { STORE_ORCHESTRATOR, STORE_WORKER,
		STORE_READER };
	char before[16384];
	char after[16384];
	sqlite3 *db;
	size_t n;

	ck_assert_int_eq(sqlite3_open("foreign.db", &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, "PRAGMA journal_mode=WAL; CREATE TABLE t(x)",
				 NULL, NULL, NULL),
		SQLITE_OK);
	sqlite3_close(db);
	scratch_write("notes.txt", "my notes\n", 9);
	n = scratch_read("foreign.db", before, sizeof(before));
	for (size_t i = 0; i < 3; i++) {
		struct store s;
		struct err e = { 0 };

		ck_assert_int_eq(store_open(&s, "foreign.db", modes[i], &e), ERR_DB);
		ck_assert_str_eq(e.msg, "foreign.db is not a deltam database");
		ck_assert_int_eq(store_open(&s, "notes.txt", modes[i], &e), ERR_DB);
		ck_assert_str_eq(e.msg, "notes.txt is not a deltam database");
		ck_assert_int_eq(store_open(&s, "/", modes[i], &e), ERR_DB);
		ck_assert_str_eq(e.msg, "/ is not a file");
	}
	ck_assert_str_eq(scratch_files(), "foreign.db notes.txt");
	ck_assert_uint_eq(scratch_read("foreign.db", after, sizeof(after)), n);
	ck_assert_mem_eq(before, after, n);
}
END_TEST

/* A database with a table of somebody else under the mark of our results. */
static void make_marked(const char *path, int version)
{
	char sql[160];
	sqlite3 *db;

	unlink(path);
	snprintf(sql, sizeof(sql),
		"PRAGMA application_id=%d; PRAGMA user_version=%d;"
		" CREATE TABLE cookies(x); CREATE VIEW sweep AS SELECT 1 id",
		schema_results.application_id, version);
	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

START_TEST(our_mark_on_tables_of_others_is_not_believed)
{
	static const enum store_mode modes[] = { STORE_ORCHESTRATOR, STORE_WORKER,
		STORE_READER, STORE_TRIAL, STORE_QUERY, STORE_TOY };
	char before[32768];
	char after[32768];

	for (int version = 0; version <= schema_results.version; version++) {
		size_t n;

		make_marked("a.db", version);
		n = scratch_read("a.db", before, sizeof(before));
		for (int i = 0; i < COUNT(modes); i++) {
			struct store s;
			struct err e = { 0 };

			ck_assert_msg(store_open(&s, "a.db", modes[i], &e) == ERR_DB,
				"version %d, mode %d", version, i);
			ck_assert_uint_eq(
				scratch_read("a.db", after, sizeof(after)), n);
			ck_assert_mem_eq(before, after, n);
		}
		ck_assert_str_eq(scratch_files(), "a.db");
	}
}
END_TEST

START_TEST(what_somebody_has_put_into_a_database_does_not_run)
{
	struct store s;

	opened_make("a.db");
	opened_well(&s, "a.db", STORE_ORCHESTRATOR);
	opened_run(&s,
		"CREATE TRIGGER theirs AFTER INSERT ON sweep BEGIN DELETE FROM sweep;"
		" END");
	opened_run(&s, opened_insert);
	ck_assert_int_eq(opened_ask(&s, "SELECT count(*) FROM sweep"), 1);
	store_close(&s);
}
END_TEST

START_TEST(a_newer_database_is_refused_before_anything_appears)
{
	char message[128];
	struct store s;
	struct err e = { 0 };
	sqlite3 *db;

	opened_make("a.db");
	ck_assert_int_eq(sqlite3_open("a.db", &db), SQLITE_OK);
	sqlite3_exec(db, "PRAGMA user_version=99", NULL, NULL, NULL);
	sqlite3_close(db);
	ck_assert_int_eq(store_open(&s, "a.db", STORE_ORCHESTRATOR, &e), ERR_DB);
	snprintf(message, sizeof(message),
		"a.db was written by a newer deltam (schema 99, this one knows %d); "
		"use that version",
		schema_results.version);
	ck_assert_str_eq(e.msg, message);
	ck_assert_int_eq(store_open(&s, "a.db", STORE_READER, &e), ERR_DB);
	ck_assert_str_eq(scratch_files(), "a.db");
}
END_TEST

START_TEST(a_schema_of_another_build_is_named_as_such)
{
	struct store s;
	struct err e = { 0 };
	struct rows r;
	sqlite3 *db;

	opened_make("a.db");
	ck_assert_int_eq(sqlite3_open("a.db", &db), SQLITE_OK);
	sqlite3_exec(db, "DROP VIEW winners; DROP TABLE winner", NULL, NULL, NULL);
	sqlite3_close(db);
	ck_assert_int_eq(store_open(&s, "a.db", STORE_READER, &e), OK);
	r = rows_open(&s, STMT_QUERY_WINNERS, ARGS(INT(1)), &e);
	ck_assert(!rows_next(&r));
	ck_assert_int_eq(rows_close(&r), ERR_DB);
	ck_assert_str_eq(e.msg,
		"a.db was made by another build of deltam (no such table: winner): use "
		"that one, or begin a new database with --db");
	store_close(&s);
}
END_TEST

START_TEST(worker_and_reader_want_a_database_that_exists)
{
	struct store s;
	struct err e = { 0 };

	ck_assert_int_eq(store_open(&s, "a.db", STORE_WORKER, &e), ERR_DB);
	ck_assert_int_eq(store_open(&s, "a.db", STORE_READER, &e), ERR_DB);
	ck_assert_str_eq(e.msg, "there is no database a.db; `deltam run` makes it");
	scratch_write("a.db", "", 0);
	ck_assert_int_eq(store_open(&s, "a.db", STORE_READER, &e), ERR_DB);
	ck_assert_str_eq(e.msg, "a.db holds no sweep yet; `deltam run` fills it");
	ck_assert_str_eq(scratch_files(), "a.db");
	opened_make("a.db"); /* an empty file is nobody's */
}
END_TEST

START_TEST(a_path_that_looks_like_a_uri_is_a_path)
{
	struct store s;

	opened_well(&s, "file:a.db", STORE_ORCHESTRATOR);
	store_close(&s);
	ck_assert_str_eq(scratch_files(), "file:a.db");
}
END_TEST

/* Root may write anything: these tests go on as somebody else. */
static void become_nobody(void)
{
	if (!geteuid())
		ck_assert_int_eq(setuid(NOBODY), 0);
}

static void expect_unwritable(const char *path, const char *message)
{
	struct store s;
	struct err e = { 0 };

	if (store_open(&s, path, STORE_ORCHESTRATOR, &e) != ERR_DB ||
		!strstr(e.msg, message)) {
		fprintf(stderr, "\"%s\" should say \"%s\"\n", e.msg, message);
		_exit(1);
	}
}

static void try_unwritable_file(void)
{
	become_nobody();
	expect_unwritable("a.db", "cannot write a.db: Permission denied");
}

static void try_unwritable_folder(void)
{
	become_nobody();
	expect_unwritable("a.db", "Permission denied");
	expect_unwritable("new.db", "cannot write in the folder .: Permission denied");
	expect_unwritable("gone/new.db", "No such file");
}

static void read_in_unwritable_folder(void)
{
	struct store s;

	become_nobody();
	opened_well(&s, "a.db", STORE_READER);
	if (opened_ask(&s, "SELECT count(*) FROM sweep") != 1)
		_exit(1);
	store_close(&s);
}

/* What the log holds is not in the file, so without the log the answer would be a wrong one. */
static void read_without_the_log(void)
{
	struct store s;
	struct err e = { 0 };

	become_nobody();
	if (store_open(&s, "a.db", STORE_READER, &e) != ERR_DB ||
		strncmp(e.msg, "a.db: cannot read: ", 19) != 0) {
		fprintf(stderr, "\"%s\"\n", e.msg);
		_exit(1);
	}
}

START_TEST(what_cannot_be_written_is_refused_with_the_reason)
{
	struct store s;

	opened_well(&s, "a.db", STORE_ORCHESTRATOR);
	opened_run(&s, opened_insert);
	store_close(&s);
	ck_assert_int_eq(chmod("a.db", 0444), 0);
	ck_assert_int_eq(opened_apart(try_unwritable_file), 0);
	ck_assert_int_eq(chmod(".", 0555), 0);
	ck_assert_int_eq(opened_apart(try_unwritable_folder), 0);
	ck_assert_int_eq(opened_apart(read_in_unwritable_folder), 0);
	ck_assert_str_eq(scratch_files(), "a.db");
	ck_assert_int_eq(chmod(".", 0755), 0);
	scratch_write("a.db-wal", "log", 3);
	ck_assert_int_eq(chmod(".", 0555), 0);
	ck_assert_int_eq(opened_apart(read_without_the_log), 0);
}
END_TEST

/* A journal would say what of the file is to be undone. */
START_TEST(what_a_journal_undoes_is_not_read)
{
	struct store s;

	opened_well(&s, "a.db", STORE_ORCHESTRATOR);
	store_close(&s);
	scratch_write("a.db-journal", "log", 3);
	ck_assert_int_eq(chmod("a.db", 0444), 0);
	ck_assert_int_eq(chmod(".", 0555), 0);
	ck_assert_int_eq(opened_apart(read_without_the_log), 0);
}
END_TEST

/* What means something in a URI is part of a name all the same. */
static const char odd[] = "50%25?immutable=0#.db";

static void read_odd(void)
{
	struct store s;

	become_nobody();
	opened_well(&s, odd, STORE_READER);
	if (opened_ask(&s, "SELECT count(*) FROM sweep") != 1)
		_exit(1);
	store_close(&s);
}

START_TEST(a_read_only_database_has_any_name)
{
	struct store s;

	opened_well(&s, odd, STORE_ORCHESTRATOR);
	opened_run(&s, opened_insert);
	store_close(&s);
	ck_assert_int_eq(chmod(odd, 0444), 0);
	ck_assert_int_eq(chmod(".", 0555), 0);
	ck_assert_int_eq(opened_apart(read_odd), 0);
}
END_TEST

START_TEST(what_the_system_refuses_is_said_of_the_database)
{
	static const struct {
		const char *path;
		const char *message; /* up to the folder that the test is in */
	} cases[] = { { "file/a.db", "cannot open file/a.db: Not a directory" },
		{ "gone/a.db",
			"cannot write in the folder gone: No such file or directory" },
		{ "folder", "folder is not a file" } };
	struct file_lock lock;
	struct store s;
	struct err e = { 0 };

	scratch_write("file", "", 0);
	ck_assert_int_eq(mkdir("folder", 0777), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ck_assert_int_eq(
			store_open(&s, cases[i].path, STORE_ORCHESTRATOR, &e), ERR_DB);
		ck_assert_str_eq(e.msg, cases[i].message);
		ck_assert_int_eq(err_exit_status(e.code), 3);
	}
	ck_assert_int_eq(file_lock(&lock, "gone/a.db", &e), ERR_DB);
	ck_assert_str_eq(e.msg, "cannot open gone: No such file or directory");
	ck_assert_int_eq(mkdir("a.db.lock", 0777), 0);
	ck_assert_int_eq(store_open(&s, "a.db", STORE_ORCHESTRATOR, &e), ERR_DB);
	ck_assert_int_eq(strncmp(e.msg, "cannot create /", 15), 0);
	ck_assert_ptr_nonnull(strstr(e.msg, "/a.db.lock: Is a directory"));
	ck_assert_str_eq(scratch_files(), "a.db.lock file folder");
}
END_TEST

static rlim_t size_limit;

static void limit_file_size(void)
{
	struct rlimit limit = { size_limit, size_limit };

	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void create_on_a_full_disk(void)
{
	struct store s;
	struct err e = { 0 };

	signal(SIGXFSZ, SIG_IGN); /* the write fails instead */
	limit_file_size();
	if (store_open(&s, "a.db", STORE_ORCHESTRATOR, &e) == ERR_DB)
		_exit(1);
	store_close(&s);
}

static void create_until_killed(void)
{
	limit_file_size(); /* SIGXFSZ kills at the first write beyond */
	opened_make("a.db");
}

START_TEST(a_creation_that_fails_leaves_nothing)
{
	int failed = 0;

	for (size_limit = 0; size_limit < 200000; size_limit += 4096) {
		int status = opened_apart(create_on_a_full_disk);

		ck_assert_msg(WIFEXITED(status), "signal %d at %ld bytes",
			WTERMSIG(status), (long)size_limit);
		if (WEXITSTATUS(status) == 0)
			break;
		failed++;
		ck_assert_str_eq(scratch_files(), "");
	}
	ck_assert_int_gt(failed, 5);
}
END_TEST

START_TEST(a_creation_killed_at_any_write_is_done_again)
{
	int killed = 0;

	for (size_limit = 0; size_limit < 200000; size_limit += 4096) {
		struct store s;
		int status = opened_apart(create_until_killed);

		if (WIFSIGNALED(status))
			killed++;
		else
			ck_assert_int_eq(status, 0);
		opened_well(&s, "a.db", STORE_ORCHESTRATOR);
		ck_assert_int_eq(opened_ask(&s, "SELECT count(*) FROM benchmark"), 0);
		store_close(&s);
		ck_assert_str_eq(scratch_files(), "a.db");
		unlink("a.db");
		if (!WIFSIGNALED(status))
			break;
	}
	ck_assert_int_gt(killed, 5);
}
END_TEST

Suite *suite_store_open(void);
Suite *suite_store_open(void)
{
	Suite *s = suite_create("store_open");
	TCase *tc = tcase_create("store_open");

	tcase_add_checked_fixture(tc, scratch_enter, scratch_leave);
	tcase_add_test(tc, what_is_not_ours_is_refused_and_stays_as_it_is);
	tcase_add_test(tc, a_schema_of_another_build_is_named_as_such);
	tcase_add_test(tc, our_mark_on_tables_of_others_is_not_believed);
	tcase_add_test(tc, what_somebody_has_put_into_a_database_does_not_run);
	tcase_add_test(tc, a_newer_database_is_refused_before_anything_appears);
	tcase_add_test(tc, worker_and_reader_want_a_database_that_exists);
	tcase_add_test(tc, a_path_that_looks_like_a_uri_is_a_path);
	tcase_add_test(tc, what_a_journal_undoes_is_not_read);
	tcase_add_test(tc, a_read_only_database_has_any_name);
	tcase_add_test(tc, what_the_system_refuses_is_said_of_the_database);
	tcase_add_test(tc, what_cannot_be_written_is_refused_with_the_reason);
	tcase_add_test(tc, a_creation_that_fails_leaves_nothing);
	tcase_add_test(tc, a_creation_killed_at_any_write_is_done_again);
	suite_add_tcase(s, tc);
	return s;
}
