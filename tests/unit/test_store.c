/*
 * The database as it is used: its log, transactions, cursors, questions of a user.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "catalogue/catalogue.h"
#include "common/store/rows.h"
#include "common/store/schema.h"
#include "common/store/store_job.h"
#include "common/store/store_open.h"
#include "common/store/transaction.h"
#include "tests/lib/scratch.h"
#include "tests/lib/opened.h"

/*
 * Somebody who reads in one transaction, in a process of its own, until told to leave. It
 * is made before anything is open here: SQLite does not outlive a fork.
 */
struct reader {
	pid_t pid;
	int tell; /* a byte: it begins; closed: it leaves */
	int hear; /* a byte: it has begun */
};

static void read_when_told(const struct reader *r)
{
	sqlite3 *db = NULL;
	char byte;

	while (read(r->tell, &byte, 1) > 0)
		if (sqlite3_open("a.db", &db) ||
			sqlite3_exec(db, "BEGIN; SELECT count(*) FROM sweep", NULL,
				NULL, NULL) ||
			write(r->hear, "", 1) != 1)
			_exit(1);
	_exit(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) || sqlite3_close(db));
}

static struct reader reader_new(void)
{
	int to[2];
	int from[2];
	struct reader r;

	ck_assert(!pipe(to) && !pipe(from));
	r.pid = fork();
	ck_assert_int_ge(r.pid, 0);
	if (!r.pid) {
		close(to[1]);
		read_when_told(&(struct reader){ 0, to[0], from[1] });
	}
	close(to[0]);
	close(from[1]);
	r.tell = to[1];
	r.hear = from[0];
	return r;
}

static void reader_begins(const struct reader *r)
{
	char byte;

	ck_assert_int_eq(write(r->tell, "", 1), 1);
	ck_assert_int_eq(read(r->hear, &byte, 1), 1);
}

static void reader_leaves(const struct reader *r)
{
	int status;

	close(r->tell);
	close(r->hear);
	ck_assert_int_eq(waitpid(r->pid, &status, 0), r->pid);
	ck_assert_int_eq(status, 0);
}

#define MEGABYTE (1 << 20)

static int64_t log_megabytes(void)
{
	struct stat st;

	return stat("a.db-wal", &st) ? -1 : (int64_t)st.st_size / MEGABYTE;
}

/* The first reader leaves during a run, the second one after its end. */
START_TEST(a_log_that_a_reader_held_is_cut_when_it_leaves)
{
	struct store s;
	struct store other;
	struct reader late;
	struct reader r;

	opened_make("a.db");
	late = reader_new(); /* the first one's pipe must not live on in it */
	r = reader_new();
	reader_begins(&r);
	opened_well(&s, "a.db", STORE_ORCHESTRATOR);
	opened_run(&s, "PRAGMA synchronous=OFF");
	opened_run(&s, "CREATE TABLE big(x)");
	for (int i = 0; i < 44; i++)
		opened_run(&s, "INSERT INTO big VALUES (zeroblob(1048576))");
	ck_assert_int_ge(log_megabytes(), 44);
	reader_leaves(&r);
	opened_well(&other, "a.db", STORE_WORKER); /* which commits most of a run */
	for (int i = 0; i < 2; i++)
		opened_run(&other, "INSERT INTO big VALUES (1)");
	ck_assert_int_le(log_megabytes(), 32);
	store_close(&other);
	reader_begins(&late);
	opened_run(&s, "INSERT INTO big VALUES (1)");
	store_close(&s);
	ck_assert_int_ge(log_megabytes(), 0);
	reader_leaves(&late);
	ck_assert_str_eq(scratch_files(), "a.db");
}
END_TEST

START_TEST(a_closed_database_is_one_file)
{
	struct store s;

	opened_well(&s, "a.db", STORE_ORCHESTRATOR);
	ck_assert_int_eq(opened_ask(&s, "SELECT count(*) FROM benchmark"), 0);
	ck_assert_str_eq(scratch_files(), "a.db a.db-shm a.db-wal a.db.lock");
	store_close(&s);
	ck_assert_str_eq(scratch_files(), "a.db");
	opened_well(&s, "a.db", STORE_READER);
	ck_assert_int_eq(opened_ask(&s, "PRAGMA user_version"), schema_results.version);
	store_close(&s);
}
END_TEST

/* Time that was slept; counted instead of slept where `sleeping` is false. */
static bool sleeping = true;
static double slept;

int nanosleep(const struct timespec *wanted, struct timespec *left)
{
	if (sleeping) {
		errno = clock_nanosleep(CLOCK_MONOTONIC, 0, wanted, left);
		return errno ? -1 : 0;
	}
	slept += (double)wanted->tv_sec + 1e-9 * (double)wanted->tv_nsec;
	ck_assert_double_lt(slept, 600);
	return 0;
}

START_TEST(who_waits_for_a_writer_gives_up_after_a_minute)
{
	struct store w;
	struct store v;
	struct err e = { 0 };

	opened_well(&w, "a.db", STORE_ORCHESTRATOR);
	opened_well(&v, "a.db", STORE_WORKER);
	ck_assert_int_eq(store_begin(&w, &e), OK);
	sleeping = false;
	ck_assert_int_eq(store_begin(&v, &e), ERR_DB);
	sleeping = true;
	ck_assert_ptr_nonnull(strstr(e.msg, "database is locked"));
	ck_assert_double_ge(slept, 60);
	ck_assert_double_lt(slept, 61);
	store_rollback(&w);
	ck_assert_int_eq(store_begin(&v, &e), OK); /* it did not lose its connection */
	store_rollback(&v);
	store_close(&v);
	store_close(&w);
}
END_TEST

START_TEST(a_reader_reads_while_a_writer_writes)
{
	struct store w;
	struct store r;
	struct err e = { 0 };

	opened_well(&w, "a.db", STORE_ORCHESTRATOR);
	opened_well(&r, "a.db", STORE_READER);
	ck_assert_int_eq(store_begin(&w, &e), OK);
	opened_run(&w, opened_insert);
	ck_assert_int_eq(opened_ask(&r, "SELECT count(*) FROM sweep"), 0);
	ck_assert_int_eq(store_commit(&w, &e), OK);
	ck_assert_int_eq(opened_ask(&r, "SELECT count(*) FROM sweep"), 1);
	store_close(&r);
	store_close(&w);
}
END_TEST

START_TEST(a_rollback_takes_everything_back)
{
	struct store s;
	struct err e = { 0 };

	opened_well(&s, "a.db", STORE_ORCHESTRATOR);
	ck_assert_int_eq(store_begin(&s, &e), OK);
	opened_run(&s, opened_insert);
	store_rollback(&s);
	store_rollback(&s); /* harmless */
	ck_assert_int_eq(opened_ask(&s, "SELECT count(*) FROM sweep"), 0);
	store_close(&s);
}
END_TEST

START_TEST(what_is_not_a_number_is_never_stored)
{
	struct store s;
	struct err e = { 0 };
	struct rows r;

	opened_well(&s, "a.db", STORE_ORCHESTRATOR);
	opened_run(&s, opened_insert);
	r = rows_open_sql(&s,
		"INSERT INTO baseline VALUES(1, '', 'val', 'a/b', ?, NULL, 1)",
		ARGS(REAL(NAN)), &e);
	ck_assert(!rows_next(&r));
	ck_assert_int_eq(rows_close(&r), ERR_DB);
	store_close(&s);
}
END_TEST

START_TEST(a_cursor_hands_out_the_columns_in_their_order)
{
	struct arena a = { 0 };
	struct store s;
	struct rows r;

	opened_well(&s, "a.db", STORE_ORCHESTRATOR);
	r = rows_open_sql(
		&s, "SELECT 7, 0.5, 'x', NULL, NULL, NULL, 1e999, 1.0", NO_ARGS, NULL);
	ck_assert(rows_next(&r));
	ck_assert_int_eq(rows_int(&r), 7);
	ck_assert_double_eq(rows_real(&r), 0.5);
	ck_assert_str_eq(rows_copy(&r, &a), "x");
	ck_assert(rows_is_null(&r));
	ck_assert(isnan(rows_real(&r)));
	ck_assert_str_eq(rows_text(&r), "");
	ck_assert_ptr_null(rows_copy(&r, &a));
	ck_assert_str_eq(rows_number_text(&r, &a), "Inf");
	ck_assert_str_eq(rows_number_text(&r, &a), "1");
	ck_assert(!rows_next(&r));
	ck_assert_int_eq(rows_close(&r), OK);
	store_close(&s);
	arena_release(&a);
}
END_TEST

START_TEST(an_error_of_the_body_ends_the_loop)
{
	struct store s;
	struct rows r;
	int n = 0;

	opened_well(&s, "a.db", STORE_ORCHESTRATOR);
	r = rows_open_sql(&s, "VALUES (1, 2), (3, 4), (5, 6)", NO_ARGS, NULL);
	while (rows_next(&r)) {
		n++; /* what is left of the row does not matter any more */
		if (rows_int(&r) == 3)
			r.rc = ERR_DATA;
		else
			(void)rows_int(&r);
	}
	ck_assert_int_eq(rows_close(&r), ERR_DATA);
	ck_assert_int_eq(n, 2);
	store_close(&s);
}
END_TEST

static int columns_read; /* of the two that the row has */

static void read_columns(void)
{
	struct store s;
	struct rows r;

	opened_well(&s, "a.db", STORE_ORCHESTRATOR);
	r = rows_open_sql(&s, "VALUES (1, 2), (3, 4)", NO_ARGS, NULL);
	while (rows_next(&r))
		for (int i = 0; i < columns_read; i++)
			(void)rows_int(&r);
	if (!rows_close(&r))
		store_close(&s);
}

START_TEST(a_reader_that_has_come_apart_from_its_statement_is_a_bug)
{
	for (columns_read = 0; columns_read <= 3; columns_read++) {
		bool fits = columns_read == 0 || columns_read == 2;

		ck_assert_int_eq(WIFSIGNALED(opened_apart(read_columns)) ? SIGABRT : 0,
			fits ? 0 : SIGABRT);
	}
}
END_TEST

START_TEST(a_users_query_reads_and_nothing_else)
{
	static const char *const refused[] = { "DELETE FROM sweep",
		"SELECT 1; SELECT 2", "", "PRAGMA journal_mode=DELETE", "SELEC 1",
		"SELECT ?", "ATTACH 'x.db' AS x", "DROP TABLE sweep" };
	struct store s;

	opened_make("a.db");
	opened_well(&s, "a.db", STORE_READER);
	for (int i = 0; i < COUNT(refused); i++) {
		struct err e = { 0 };
		struct rows r = rows_open_query(&s, refused[i], &e);

		ck_assert(!rows_next(&r));
		ck_assert_msg(rows_close(&r) == ERR_USAGE && *e.msg,
			"%s was not refused", refused[i]);
	}
	for (int i = 0; i < 2; i++) {
		struct rows r = rows_open_query(&s, "SELECT 1 ; ", NULL);

		ck_assert(rows_next(&r));
		ck_assert_int_eq(rows_close(&r), OK);
	}
	store_close(&s);
	ck_assert_str_eq(scratch_files(), "a.db");
}
END_TEST

static void put_job(struct store *s, struct arena *a, int64_t id, const char *method,
	const char *name, const char *value)
{
	struct params ps = { 0 };
	struct job_shown shown;
	struct job_row row;
	struct err e = { 0 };
	const char *identity = arena_printf(a, "%032d", (int)id);

	params_set(&ps, a, "dataset.name", "synthetic");
	params_set(&ps, a, "model.name", "mlp");
	params_set(&ps, a, "method", method);
	params_set(&ps, a, "lr", "0.1");
	params_set(&ps, a, "wd", "0");
	params_set(&ps, a, "seed", "0");
	params_set(&ps, a, "train.epochs", "3");
	params_set(&ps, a, name, value);
	shown = (struct job_shown){ method_shown(
					    catalogue_method(method), "temperature"),
		method_shown(catalogue_method(method), "weights"),
		method_hyper(catalogue_method(method), &ps, a) };
	ck_assert_msg(
		!store_job_put(s, id, identity, &ps, &shown, &row, &e), "%s", e.msg);
}

/* dwa has a T, too, and rlw has weights: neither fills a column. */
START_TEST(a_parameter_fills_the_column_that_its_row_names)
{
	struct arena a = { 0 };
	struct store s;

	opened_well(&s, "a.db", STORE_ORCHESTRATOR);
	put_job(&s, &a, 1, "uw_so", "T", "2.5");
	put_job(&s, &a, 2, "scalarization", "weights", "0.2 0.3 0.5");
	put_job(&s, &a, 3, "dwa", "T", "2");
	put_job(&s, &a, 4, "rlw", "weights", "normal");
	ck_assert_int_eq(opened_ask(&s,
				 "SELECT count(*) FROM job WHERE id = 1 AND "
				 "temperature = 2.5 AND weights IS NULL"),
		1);
	ck_assert_int_eq(opened_ask(&s,
				 "SELECT count(*) FROM job WHERE id = 2 AND "
				 "weights = '0.2 0.3 0.5' AND temperature IS NULL"),
		1);
	ck_assert_int_eq(opened_ask(&s,
				 "SELECT count(*) FROM job WHERE id > 2 AND "
				 "temperature IS NULL AND weights IS NULL"),
		2);
	/* What fills none is said in the name, unless it is the default. */
	put_job(&s, &a, 5, "gradnorm", "alpha", "0.5");
	put_job(&s, &a, 6, "gradnorm", "alpha", "1.5");
	ck_assert_int_eq(opened_ask(&s,
				 "SELECT group_concat(setting, ';') = "
				 "'lr 0.1 alpha 0.5 seed 0;lr 0.1 seed 0' FROM job "
				 "WHERE id > 4"),
		1);
	/* An older deltam made this one. */
	ck_assert_int_eq(
		opened_ask(&s, "UPDATE job SET hyper = NULL WHERE id = 5 RETURNING 1"),
		1);
	put_job(&s, &a, 5, "gradnorm", "alpha", "0.5");
	ck_assert_int_eq(
		opened_ask(&s, "SELECT hyper = 'alpha 0.5' FROM job WHERE id = 5"), 1);
	store_close(&s);
	arena_release(&a);
}
END_TEST

Suite *suite_store(void);
Suite *suite_store(void)
{
	Suite *s = suite_create("store");
	TCase *tc = tcase_create("store");

	tcase_add_checked_fixture(tc, scratch_enter, scratch_leave);
	tcase_add_test(tc, a_closed_database_is_one_file);
	tcase_add_test(tc, a_log_that_a_reader_held_is_cut_when_it_leaves);
	tcase_add_test(tc, who_waits_for_a_writer_gives_up_after_a_minute);
	tcase_add_test(tc, a_reader_reads_while_a_writer_writes);
	tcase_add_test(tc, a_rollback_takes_everything_back);
	tcase_add_test(tc, what_is_not_a_number_is_never_stored);
	tcase_add_test(tc, a_cursor_hands_out_the_columns_in_their_order);
	tcase_add_test(tc, an_error_of_the_body_ends_the_loop);
	tcase_add_test(tc, a_reader_that_has_come_apart_from_its_statement_is_a_bug);
	tcase_add_test(tc, a_users_query_reads_and_nothing_else);
	tcase_add_test(tc, a_parameter_fills_the_column_that_its_row_names);
	suite_add_tcase(s, tc);
	return s;
}
