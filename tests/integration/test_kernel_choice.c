/*
 * Which kernels `deltam run` takes: those of the rows that are there, or what the user says.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/lib/child.h"
#include "tests/lib/digest.h"
#include "tests/lib/scratch.h"

static const char sweep[] =
	"{ \"sweep\": \"s\", \"dataset\": { \"name\": \"synthetic\", \"train\": 100,"
	" \"val\": 50, \"test\": 50 }, \"train\": { \"epochs\": 2, \"batch\": 20 },"
	" \"baseline\": { \"seeds\": 1 }, \"methods\": [\"ew\"],"
	" \"search\": { \"lr\": [0.01] } }";

static char said[8192];

/* Runs the sweep with two words more, or NULL; its exit status. */
static int run(const char *option, const char *value, const char *env)
{
	const char *argv[] = { "deltam", "run", "s.json", "--db", "t.db", option, value,
		NULL };
	int status = child_run(argv, env);

	scratch_read("err", said, sizeof(said));
	return status;
}

static int64_t jobs_of(const char *class)
{
	char sql[128];

	snprintf(sql, sizeof(sql),
		"SELECT count(*) FROM job WHERE epochs_done = 2 AND kernel_class LIKE "
		"'%s%%'",
		class);
	return query_int("t.db", sql);
}

/* Eight jobs are trained by portable kernels; the last one lacks its second epoch. */
static void setup(void)
{
	scratch_enter();
	setenv("DELTAM_CACHE", "cache", 1);
	scratch_write("s.json", sweep, strlen(sweep));
	ck_assert_int_eq(run("--kernels", "portable", NULL), 0);
	ck_assert_int_eq(jobs_of("portable"), 8);
	query_run("t.db",
		"CREATE TEMP TABLE last AS SELECT max(job) AS job FROM stage_job;"
		" UPDATE job SET outcome = NULL, epochs_done = 1 WHERE id IN last;"
		" DELETE FROM metric WHERE epoch > 1 AND job IN last;"
		" DELETE FROM task_weight WHERE epoch > 1 AND job IN last");
}

static void teardown(void)
{
	scratch_leave();
}

/* Rows of a class that no processor has. */
static void rows_of_elsewhere(void)
{
	query_run("t.db",
		"UPDATE job SET kernel_class = 'neon+Apple' WHERE epochs_done > 0");
}

START_TEST(the_rows_that_are_there_decide)
{
	ck_assert_int_eq(run(NULL, NULL, NULL), 0);
	ck_assert_int_eq(jobs_of("portable"), 8);
#if defined(__x86_64__)
	ck_assert_ptr_nonnull(strstr(said, "kernels: portable"));
	ck_assert_ptr_nonnull(strstr(said, "--kernels native: avx"));
#endif
}
END_TEST

START_TEST(where_this_machine_lacks_them_it_says_so)
{
	rows_of_elsewhere();
	ck_assert_int_eq(run(NULL, NULL, NULL), 0);
	ck_assert_int_eq(jobs_of("neon"), 7);
	ck_assert_ptr_nonnull(strstr(said,
		"the rows of this sweep are of kernel class \"neon+Apple\", and this "
		"machine computes with"));
}
END_TEST

START_TEST(another_one_wants_a_yes)
{
	static const char reason[] =
		"the rows of this sweep are of kernel class \"neon+Apple\": with ";

	rows_of_elsewhere();
	ck_assert_int_eq(run("--kernels", "portable", NULL), 2);
	ck_assert_ptr_nonnull(strstr(said, reason));
	ck_assert_ptr_nonnull(strstr(said, "with --kernels portable all that"));
	ck_assert_int_eq(run(NULL, NULL, "DELTAM_KERNELS=portable"), 2);
	ck_assert_ptr_nonnull(strstr(said, "with DELTAM_KERNELS=portable all that"));
	ck_assert_int_eq(jobs_of("portable"), 0);
	ck_assert_int_eq(run("--yes", NULL, "DELTAM_KERNELS=portable"), 0);
	ck_assert_int_eq(jobs_of("portable"), 1);
	ck_assert_int_eq(jobs_of("neon"), 7);
}
END_TEST

START_TEST(the_same_one_may_be_said)
{
	ck_assert_int_eq(run("--kernels", "portable", NULL), 0);
	ck_assert_int_eq(jobs_of("portable"), 8);
	ck_assert_ptr_null(strstr(said, "kernels"));
}
END_TEST

Suite *suite_kernel_choice(void);
Suite *suite_kernel_choice(void)
{
	Suite *s = suite_create("kernel_choice");
	TCase *tc = tcase_create("kernel_choice");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, the_rows_that_are_there_decide);
	tcase_add_test(tc, where_this_machine_lacks_them_it_says_so);
	tcase_add_test(tc, another_one_wants_a_yes);
	tcase_add_test(tc, the_same_one_may_be_said);
	suite_add_tcase(s, tc);
	return s;
}
