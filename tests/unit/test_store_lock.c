/* One orchestrator a database: who holds it, for how long, and under which names. */
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "common/store/rows.h"
#include "common/store/store_open.h"
#include "common/store/transaction.h"
#include "tests/lib/digest.h"
#include "tests/lib/must.h"
#include "tests/lib/scratch.h"

static void open_well(struct store *s, const char *path, enum store_mode mode)
{
	struct err e = { 0 };

	must(store_open(s, path, mode, &e), &e);
}

static void make_database(const char *path)
{
	struct store s;

	open_well(&s, path, STORE_ORCHESTRATOR);
	store_close(&s);
}

START_TEST(a_database_in_use_names_its_holder)
{
	struct store holder;
	struct store s;
	struct err e = { 0 };
	char who[64];

	open_well(&holder, "a.db", STORE_ORCHESTRATOR);
	ck_assert_int_eq(store_open(&s, "a.db", STORE_ORCHESTRATOR, &e), ERR_LOCKED);
	snprintf(who, sizeof(who), "(process %ld on ", (long)getpid());
	ck_assert_msg(strstr(e.msg, who) != NULL, "%s", e.msg);
	/* By another name it is the same database. */
	ck_assert_int_eq(symlink("a.db", "b.db"), 0);
	ck_assert_int_eq(store_open(&s, "b.db", STORE_ORCHESTRATOR, &e), ERR_LOCKED);
	ck_assert_int_eq(store_open(&s, "./a.db", STORE_ORCHESTRATOR, &e), ERR_LOCKED);
	open_well(&s, "a.db", STORE_READER);
	store_close(&s);
	ck_assert_int_eq(store_open(&s, "a.db", STORE_ORCHESTRATOR, &e), ERR_LOCKED);
	store_close(&holder);
	make_database("a.db");
}
END_TEST

static void hold_until_killed(void)
{
	struct store s;

	open_well(&s, "a.db", STORE_ORCHESTRATOR);
	raise(SIGKILL);
}

START_TEST(a_killed_holder_holds_nothing)
{
	int status;

	if (!fork())
		hold_until_killed();
	ck_assert_int_gt(wait(&status), 0);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	make_database("a.db");
	ck_assert_str_eq(scratch_files(), "a.db");
}
END_TEST

/* Exit status of a first start: 0 well, 1 locked, 2 anything else. */
static void start_once(void)
{
	struct store s;
	struct err e = { 0 };
	int rc = store_open(&s, "a.db", STORE_ORCHESTRATOR, &e);

	if (!rc)
		store_close(&s);
	else if (rc != ERR_LOCKED)
		fprintf(stderr, "%s\n", e.msg);
	_exit(rc == OK ? 0 : rc == ERR_LOCKED ? 1 : 2);
}

START_TEST(eight_first_starts_at_once_end_well_or_locked)
{
	for (int round = 0; round < 20; round++) {
		int well = 0;

		for (int i = 0; i < 8; i++)
			if (!fork())
				start_once();
		for (int i = 0; i < 8; i++) {
			int status;

			ck_assert_int_gt(wait(&status), 0);
			ck_assert(WIFEXITED(status) && WEXITSTATUS(status) < 2);
			well += WEXITSTATUS(status) == 0;
		}
		ck_assert_int_ge(well, 1);
		ck_assert_int_eq(query_int("a.db", "SELECT count(*) FROM sweep"), 0);
		ck_assert_str_eq(scratch_files(), "a.db");
		unlink("a.db");
	}
}
END_TEST

/* What a second deltam is told that opens the database as `name`. */
static const char *second_start(const char *name, int *rc)
{
	static char text[1024];
	struct store other;
	struct err e = { 0 };

	*rc = store_open(&other, name, STORE_ORCHESTRATOR, &e);
	if (!*rc)
		store_close(&other);
	snprintf(text, sizeof(text), "%s", e.msg);
	return text;
}

/* A process of its own: the kernel's locks ask who asks. */
static int second_start_status(const char *name, const char *says)
{
	int status;

	if (!fork()) {
		int rc;
		const char *text = second_start(name, &rc);

		_exit(rc == ERR_LOCKED && strstr(text, says) ? 1 : rc ? 2 : 0);
	}
	ck_assert_int_gt(wait(&status), 0);
	return WEXITSTATUS(status);
}

START_TEST(a_hard_link_is_the_same_database)
{
	struct store s;

	open_well(&s, "a.db", STORE_ORCHESTRATOR);
	ck_assert_int_eq(link("a.db", "b.db"), 0);
	ck_assert_int_eq(second_start_status("b.db", "another name"), 1);
	ck_assert_int_eq(second_start_status("a.db", "process"), 1);
	store_close(&s);
	ck_assert_int_eq(second_start_status("b.db", ""), 0);
}
END_TEST

/* SQLite would go on writing into a file that has no name any more. */
static void write_after(const char *what_happened, int rc_expected)
{
	struct store s;
	struct err e = { 0 };

	open_well(&s, "a.db", STORE_ORCHESTRATOR);
	ck_assert_int_eq(store_begin(&s, &e), OK);
	ck_assert_int_eq(system(what_happened), 0);
	ck_assert_int_eq(store_commit(&s, &e), rc_expected);
	if (rc_expected)
		ck_assert_ptr_nonnull(strstr(e.msg, "a.db was removed or replaced"));
	store_close(&s);
}

START_TEST(a_database_that_was_removed_or_replaced_stops_the_run)
{
	write_after("true", OK);
	write_after("rm a.db", ERR_DB);
	write_after("cp a.db c.db && mv c.db a.db", ERR_DB);
}
END_TEST

/* Takes and leaves the lock; `inside` exists exactly while one process is in. */
static void contend(void)
{
	struct file_lock lock;

	for (int entered = 0; entered < 200;) {
		int fd;

		if (file_lock(&lock, "a.db", NULL))
			continue;
		fd = open("inside", O_CREAT | O_EXCL | O_WRONLY, 0600);
		if (fd < 0 || unlink("inside") || close(fd))
			_exit(1);
		file_unlock(&lock);
		entered++;
	}
}

/*
 * Between the open and the lock of our file_lock its holder removes the file and lets go:
 * what was locked has no name, and another one may lock the file that has.
 */
static const char *removed_before_lock;

int flock(int fd, int operation)
{
	if (removed_before_lock)
		ck_assert_int_eq(unlink(removed_before_lock), 0);
	removed_before_lock = NULL;
	return (int)syscall(SYS_flock, fd, operation);
}

START_TEST(a_lock_on_a_file_that_was_removed_is_no_lock)
{
	struct file_lock lock;
	struct file_lock other;
	struct err e = { 0 };

	removed_before_lock = "a.db.lock";
	ck_assert_int_eq(file_lock(&lock, "a.db", &e), OK);
	ck_assert_ptr_null(removed_before_lock);
	ck_assert_str_eq(scratch_files(), "a.db.lock");
	ck_assert_int_eq(file_lock(&other, "a.db", &e), ERR_LOCKED);
	file_unlock(&lock);
	ck_assert_str_eq(scratch_files(), "");
}
END_TEST

START_TEST(removing_the_lock_file_lets_no_second_one_in)
{
	for (int i = 0; i < 3; i++)
		if (!fork()) {
			contend();
			_exit(0);
		}
	for (int i = 0; i < 3; i++) {
		int status;

		ck_assert_int_gt(wait(&status), 0);
		ck_assert_int_eq(status, 0);
	}
	ck_assert_str_eq(scratch_files(), "");
}
END_TEST

Suite *suite_store_lock(void);
Suite *suite_store_lock(void)
{
	Suite *s = suite_create("store_lock");
	TCase *tc = tcase_create("store_lock");

	tcase_add_checked_fixture(tc, scratch_enter, scratch_leave);
	tcase_add_test(tc, a_database_in_use_names_its_holder);
	tcase_add_test(tc, a_killed_holder_holds_nothing);
	tcase_add_test(tc, eight_first_starts_at_once_end_well_or_locked);
	tcase_add_test(tc, a_hard_link_is_the_same_database);
	tcase_add_test(tc, a_database_that_was_removed_or_replaced_stops_the_run);
	tcase_add_test(tc, a_lock_on_a_file_that_was_removed_is_no_lock);
	tcase_add_test(tc, removing_the_lock_file_lets_no_second_one_in);
	suite_add_tcase(s, tc);
	return s;
}
