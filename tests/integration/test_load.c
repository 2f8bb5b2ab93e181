/* Many jobs, many workers: what deltam itself takes does not grow with them. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "common/arena.h"
#include "tests/lib/child.h"
#include "tests/lib/digest.h"
#include "tests/lib/pace.h"
#include "tests/lib/scratch.h"

/* 101 weights at two rates, the baselines and a final run, of an epoch of eight rows. */
static const char sweep[] =
	"{ \"sweep\": \"s\", \"dataset\": { \"name\": \"synthetic\", \"tasks\": 2,"
	" \"train\": 8, \"val\": 8, \"test\": 8 }, \"train\": { \"epochs\": 1, \"batch\":"
	" 8 }, \"methods\": [{ \"name\": \"scalarization\", \"weights\": { \"step\": 0.01 }"
	" }], \"search\": { \"lr\": [0.001, 0.003] } }";

#define JOBS 200 /* at least */

static void setup(void)
{
	scratch_enter();
	setenv("DELTAM_CACHE", "cache", 1);
	scratch_write("s.json", sweep, sizeof(sweep) - 1);
}

static void teardown(void)
{
	unsetenv("DELTAM_CACHE");
	scratch_leave();
}

static const char *const *command(const char *db, const char *workers)
{
	static const char *argv[] = { "deltam", "run", "s.json", "--db", NULL,
		"--workers", NULL, NULL };

	argv[4] = db;
	argv[6] = workers;
	return argv;
}

static int64_t jobs_done(void)
{
	if (access("t.db-wal", F_OK) != 0 ||
		!query_int("t.db",
			"SELECT count(*) FROM sqlite_schema WHERE name='metric'"))
		return 0;
	return query_int("t.db", "SELECT count(*) FROM job WHERE epochs_done > 0");
}

START_TEST(memory_of_a_run_does_not_grow_with_the_jobs_behind_it)
{
	struct child c;
	long early = 0;
	long late = 0;

	child_start(
		&c, command("t.db", "2"), "DELTAM_HALT=claim.after_commit@halted@180");
	while (!child_ended(&c) && !late) {
		bool halted =
			access("halted", F_OK) == 0; /* before: then there are jobs */
		int64_t done = jobs_done();
		long now = child_status_kib(c.pid, "RssAnon");

		if (!early && done >= JOBS / 10)
			early = now;
		if (halted)
			late = now;
		else
			child_let_live(&c, 3000);
	}
	child_signal(&c, SIGCONT);
	ck_assert_int_eq(child_wait(&c), 0);
	ck_assert_int_ge(query_int("t.db", "SELECT count(*) FROM job"), JOBS);
	ck_assert_int_gt(late, 0);
	/* The sanitizers keep what is freed, so that a late use of it is seen. */
	ck_assert_msg(pace_slow() || late * 10 <= early * 11, "%ld KiB, and later %ld",
		early, late);
}
END_TEST

START_TEST(sixty_four_workers_end_in_the_rows_of_two)
{
	char two[DIGEST_MAX];
	char many[DIGEST_MAX];

	ck_assert_int_eq(child_run(command("two.db", "2"), NULL), 0);
	ck_assert_int_eq(child_run(command("many.db", "64"), NULL), 0);
	ck_assert_str_eq(digest_rows("many.db", many), digest_rows("two.db", two));
}
END_TEST

Suite *suite_load(void);
Suite *suite_load(void)
{
	Suite *suite = suite_create("load");
	TCase *tc = tcase_create("load");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, memory_of_a_run_does_not_grow_with_the_jobs_behind_it);
	tcase_add_test(tc, sixty_four_workers_end_in_the_rows_of_two);
	suite_add_tcase(suite, tc);
	return suite;
}
