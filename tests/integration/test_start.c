/*
 * Where learned scalars start: at a number a task, at the end of an earlier run. And what
 * was searched, in the table. Real programs on real databases.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "common/arena.h"
#include "tests/lib/child.h"
#include "tests/lib/digest.h"
#include "tests/lib/scratch.h"

static struct arena arena;

static void set_up(void)
{
	scratch_enter();
	setenv("DELTAM_CACHE", "cache", 1);
}

static void tear_down(void)
{
	scratch_leave();
	arena_release(&arena);
}

/* Runs a small sweep of this name and this entry; returns the exit status. */
static int run(const char *name, const char *entry, const char *env)
{
	const char *file = arena_printf(&arena, "%s.json", name);
	const char *const argv[] = { "deltam", "run", file, "--db", "t.db", "--workers",
		"1", NULL };
	const char *text = arena_printf(&arena,
		"{ \"sweep\": \"%s\", \"dataset\": { \"name\": \"synthetic\", \"train\": "
		"60, \"val\": 20, \"test\": 20 }, \"train\": { \"epochs\": 2, \"batch\": "
		"20 }, \"methods\": [%s], \"search\": { \"lr\": 0.01 } }",
		name, entry);

	scratch_write(file, text, strlen(text));
	return child_run(argv, env);
}

static const char *job_of(const char *sweep)
{
	return arena_printf(&arena,
		"(SELECT j.id FROM job j JOIN stage_job m ON m.job=j.id JOIN stage t ON "
		"t.id=m.stage JOIN sweep w ON w.id=t.sweep WHERE w.name='%s' AND "
		"t.stage='final')",
		sweep);
}

static double figure(const char *sweep, int epoch, const char *task, const char *name)
{
	return atof(query_text("t.db",
		arena_printf(&arena,
			"SELECT printf('%%.17g', value) FROM metric WHERE job=%s AND "
			"epoch=%d AND split='train' AND task='%s' AND name='%s'",
			job_of(sweep), epoch, task, name)));
}

static const char *identity_of(const char *sweep)
{
	return arena_strdup(&arena,
		query_text("t.db",
			arena_printf(&arena, "SELECT identity FROM job WHERE id=%s",
				job_of(sweep))));
}

static const char *const tasks[] = { "reg1", "reg2", "cls1" };

/* Scalars that do not learn say where they started: log sigma (L1) and log variance (CE). */
START_TEST(a_number_a_task)
{
	ck_assert_int_eq(
		run("each",
			"{ \"name\": \"uw\", \"weight_lr\": 1e-15, \"init\": { "
			"\"cls1\": -0.5, \"reg1\": 0.25, \"reg2\": 1 } }",
			NULL),
		0);
	ck_assert_double_eq_tol(figure("each", 1, "reg1", "log_variance"), 0.5, 1e-12);
	ck_assert_double_eq_tol(figure("each", 1, "reg2", "log_variance"), 2, 1e-12);
	ck_assert_double_eq_tol(figure("each", 1, "cls1", "log_variance"), -0.5, 1e-12);
}
END_TEST

START_TEST(one_number_for_all_is_the_same_job_however_it_is_written)
{
	ck_assert_int_eq(run("one", "{ \"name\": \"uw\", \"init\": 0.25 }", NULL), 0);
	ck_assert_int_eq(run("same",
				 "{ \"name\": \"uw\", \"init\": { \"reg1\": 0.25, "
				 "\"reg2\": 0.25, \"cls1\": 0.25 } }",
				 NULL),
		0);
	ck_assert_str_eq(identity_of("one"), identity_of("same"));
}
END_TEST

static const struct {
	const char *method, *row;
} learners[] = { { "uw", "log_variance" }, { "imtl_l", "log_weight" },
	{ "imtl", "log_weight" }, { "ial", "log_variance" } };

/* Every method of it, through the database and through folders. */
START_TEST(where_an_earlier_run_ended)
{
	const char *method = learners[_i / 2].method;
	const char *row = learners[_i / 2].row;
	const char *env = _i % 2 ? "DELTAM_FOLDERS=1" : NULL;
	double moved = 0;

	ck_assert_int_eq(
		run("before", arena_printf(&arena, "\"%s\"", method), NULL), 0);
	ck_assert_int_eq(
		run("after",
			arena_printf(&arena,
				"{ \"name\": \"%s\", \"weight_lr\": 1e-15, \"init\": { "
				"\"run\": \"%s\" } }",
				method, identity_of("before")),
			env),
		0);
	for (int k = 0; k < COUNT(tasks); k++) {
		double ended = figure("before", 2, tasks[k], row);

		ck_assert_double_eq_tol(
			figure("after", 1, tasks[k], row), ended, 1e-12);
		moved += fabs(ended - figure("before", 1, tasks[k], row));
	}
	ck_assert_double_gt(moved, 1e-6);
	ck_assert_int_eq(
		query_int("t.db",
			arena_printf(&arena,
				"SELECT count(*) FROM job_param WHERE job=%s AND "
				"name='init' AND value='run:%s'",
				job_of("after"), identity_of("before"))),
		1);
}
END_TEST

START_TEST(a_run_that_is_not_there_is_said_before_anything_is_trained)
{
	char said[4096];

	ck_assert_int_eq(run("lost",
				 "{ \"name\": \"uw\", \"init\": { \"run\": "
				 "\"0123456789abcdef0123456789abcdef\" } }",
				 NULL),
		3);
	scratch_read("err", said, sizeof(said));
	ck_assert_ptr_nonnull(strstr(said,
		"t.db has no run 0123456789abcdef0123456789abcdef of uw that was "
		"trained to its end"));
	ck_assert_int_eq(query_int("t.db", "SELECT count(*) FROM attempt"), 0);
}
END_TEST

/* What was searched and has no column of its own stands in the view and in the table. */
START_TEST(what_was_searched_besides_is_shown)
{
	const char *const table[] = { "deltam", "table", "--db", "t.db", NULL };
	char text[16384];
	const char *chosen;

	ck_assert_int_eq(
		run("search",
			"{ \"name\": \"uw\", \"init\": [0, 0.5, 1], "
			"\"weight_wd\": 0.125 }, { \"name\": \"uw_so\", \"T\": [1, "
			"2] }, { \"name\": \"cagrad\", \"c\": 0.2 }",
			NULL),
		0);
	chosen = arena_strdup(&arena,
		query_text("t.db", "SELECT hyper FROM benchmark WHERE label='uw'"));
	ck_assert_str_eq(chosen,
		arena_printf(&arena, "init %s",
			query_text("t.db",
				"SELECT printf('%g', value) FROM job_param WHERE "
				"name='init' AND job IN (SELECT job FROM stage_job m "
				"JOIN stage t ON t.id=m.stage WHERE t.stage='final') "
				"LIMIT 1")));
	ck_assert_int_eq(
		query_int("t.db",
			"SELECT count(*) FROM benchmark WHERE hyper IS NOT NULL"),
		1);
	ck_assert_int_eq(child_run(table, NULL), 0);
	scratch_read("out", text, sizeof(text));
	ck_assert_ptr_nonnull(strstr(text, "T, weights, others"));
	ck_assert_ptr_nonnull(strstr(text, chosen));
	ck_assert_ptr_null(strstr(text, "weight_wd"));
}
END_TEST

Suite *suite_start(void);
Suite *suite_start(void)
{
	Suite *s = suite_create("start");
	TCase *t = tcase_create("start");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, a_number_a_task);
	tcase_add_test(t, one_number_for_all_is_the_same_job_however_it_is_written);
	tcase_add_loop_test(t, where_an_earlier_run_ended, 0, 2 * COUNT(learners));
	tcase_add_test(t, a_run_that_is_not_there_is_said_before_anything_is_trained);
	tcase_add_test(t, what_was_searched_besides_is_shown);
	suite_add_tcase(s, t);
	return s;
}
