/*
 * What the end of a worker means, on a real database: a shell script plays the worker
 * and writes its rows with sqlite3. One method, one configuration: a tune job (seed 0),
 * then a final one (seed 1000).
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "orchestrator/run/dispatch.h"
#include "tests/lib/must.h"
#include "tests/lib/scratch.h"

/* $n: how often a worker was started. `rows` writes what a good one would. */
static const char prologue[] =
	"#!/bin/sh\n"
	"n=$(($(cat n) + 1)); echo $n >n\n"
	"rows() {\n"
	"  for split in val test; do for task in reg1 reg2; do\n"
	"    echo \"INSERT INTO metric VALUES($1,1,'$split','$task','abs_err',1.5);\"\n"
	"  done; done | sqlite3 -cmd '.timeout 60000' t.db\n"
	"}\n";

struct world {
	struct arena arena;
	struct spec spec;
	struct resolved resolved;
	struct store s;
	struct stage_ctx stage;
	struct progress progress;
	struct dispatch dispatch;
};

static void plan(struct world *w, const char *limits)
{
	struct str report = { .arena = &w->arena };
	struct sweep_row row = { "t", "", "best", "criteria" };
	struct err e = { 0 };
	const char *text = arena_printf(&w->arena,
		"{\"sweep\": \"t\", \"dataset\": {\"name\": \"synthetic\", \"tasks\": "
		"2},\"train\": {\"epochs\": 1}, \"methods\": [\"ew\"], \"search\": "
		"{\"lr\": [0.1]}, \"baseline\": {\"values\": {\"reg1/abs_err\": 2, "
		"\"reg2/abs_err\": 3}}, \"limits\": %s}",
		limits);
	int64_t sweep;
	bool rescore;

	ck_assert_msg(spec_parse(&w->spec, &w->arena, "t.json", text, strlen(text),
			      &report, &e) == OK,
		"%s", str_get(&report));
	must(store_open(&w->s, "t.db", STORE_ORCHESTRATOR, &e), &e);
	must(store_begin(&w->s, &e), &e);
	must(store_sweep_put(&w->s, &row, &sweep, &rescore, &e), &e);
	resolve_begin(&w->spec, &w->resolved, &w->arena);
	stage_init(&w->stage, &w->s, &w->resolved, sweep, true);
	progress_init(&w->progress, "t", true);
	dispatch_init(&w->dispatch, &w->stage, &w->progress, ".", 1);
	must(stage_start(&w->stage, rescore, &e), &e);
	must(store_commit(&w->s, &e), &e);
}

/* Runs the sweep with a worker that does `body`; returns what sched_run does. */
static int run(struct world *w, const char *limits, const char *body, struct err *e)
{
	struct sched_options o = {
		.worker = "./worker", .db = "t.db", .logs = ".", .workers = 1
	};
	const char *script = arena_printf(&w->arena, "%s%s", prologue, body);

	scratch_write("worker", script, strlen(script));
	scratch_write("n", "0\n", 2);
	ck_assert_int_eq(chmod("worker", 0755), 0);
	plan(w, limits);
	return sched_run(&o, &w->dispatch.ops, &w->dispatch, e);
}

/* One value, as text. */
static const char *value(struct world *w, const char *sql)
{
	struct err e = { 0 };
	struct rows r;
	const char *text = "";

	must(rows_open_sql(&r, &w->s, sql, NO_ARGS, &e), &e);
	if (rows_next(&r, &e) > 0)
		text = rows_strdup(&r, 0, &w->arena);
	rows_close(&r);
	return text;
}

static const char *outcomes(struct world *w)
{
	return value(w,
		"SELECT group_concat(outcome, ' ') FROM (SELECT outcome FROM "
		"attempt ORDER BY id)");
}

static void leave(struct world *w)
{
	dispatch_release(&w->dispatch);
	stage_release(&w->stage);
	store_close(&w->s);
	arena_release(&w->arena);
	scratch_leave();
}

START_TEST(good_workers_bring_the_sweep_to_its_end)
{
	struct world w = { 0 };
	struct err e = { 0 };

	scratch_enter();
	must(run(&w, "{}", "rows $4; exit 0\n", &e), &e);
	ck_assert_str_eq(outcomes(&w), "done done");
	ck_assert_str_eq(
		value(&w, "SELECT group_concat(state) FROM stage"), "done,done");
	ck_assert_str_eq(value(&w, "SELECT round(delta_m, 6) FROM score"), "-37.5");
	ck_assert_str_eq(value(&w, "SELECT count(*) FROM score"), "4");
	leave(&w);
}
END_TEST

/* No process: the scheduler's calls, made by hand. */
START_TEST(a_finish_claims_the_next_job_and_a_stop_gives_it_back)
{
	static const char rows[] =
		"INSERT INTO metric SELECT job, 1, split.value, task.value, 'abs_err', "
		"1.5 FROM attempt, json_each('[\"val\",\"test\"]') split, "
		"json_each('[\"reg1\",\"reg2\"]') task";
	const struct sched_end good = { .why = SCHED_EXITED, .status = PROTO_DONE };
	struct world w = { 0 };
	struct sched_task task;
	struct err e = { 0 };

	scratch_enter();
	plan(&w, "{}");
	ck_assert_int_eq(w.dispatch.ops.next(&w.dispatch, &task, &e), 1);
	value(&w, rows);
	must(w.dispatch.ops.ended(&w.dispatch, &task, &good, &e), &e);
	ck_assert_str_eq(value(&w,
				 "SELECT group_concat(coalesce(outcome, 'open'), ' ') "
				 "FROM (SELECT outcome FROM attempt ORDER BY id)"),
		"done open");
	dispatch_release(&w.dispatch);
	w.dispatch = (struct dispatch){ 0 };
	ck_assert_str_eq(outcomes(&w), "done interrupted");
	ck_assert_str_eq(value(&w,
				 "SELECT group_concat(state, ' ') FROM "
				 "(SELECT state FROM stage_job ORDER BY stage)"),
		"done pending");
	leave(&w);
}
END_TEST

START_TEST(a_worker_that_fails_twice_gets_its_third_attempt)
{
	struct world w = { 0 };
	struct err e = { 0 };

	scratch_enter();
	must(run(&w, "{\"retries\": 2}", "[ $n -le 2 ] && exit 1\nrows $4; exit 0\n",
		     &e),
		&e);
	ck_assert_str_eq(outcomes(&w), "failed failed done done");
	ck_assert_int_eq(w.dispatch.failed, 0);
	leave(&w);
}
END_TEST

START_TEST(the_last_failure_is_for_good_and_leaves_the_stage_undecided)
{
	struct world w = { 0 };
	struct err e = { 0 };

	scratch_enter();
	must(run(&w, "{\"retries\": 1}", "echo error no luck >&3; exit 1\n", &e), &e);
	ck_assert_str_eq(outcomes(&w), "failed failed");
	ck_assert_str_eq(value(&w, "SELECT outcome || ': ' || message FROM job"),
		"failed: no luck");
	ck_assert_str_eq(value(&w, "SELECT group_concat(state) FROM stage"), "failed");
	ck_assert_int_eq(w.dispatch.failed, 1);
	leave(&w);
}
END_TEST

START_TEST(being_killed_from_outside_is_free)
{
	struct world w = { 0 };
	struct err e = { 0 };

	scratch_enter();
	must(run(&w, "{\"retries\": 0}",
		     "[ $n -le 5 ] && kill -9 $$\nrows $4; exit 0\n", &e),
		&e);
	ck_assert_str_eq(outcomes(&w), "killed killed killed killed killed done done");
	leave(&w);
}
END_TEST

START_TEST(being_killed_for_ever_is_not)
{
	struct world w = { 0 };
	struct err e = { 0 };

	scratch_enter();
	must(run(&w, "{\"retries\": 0}", "kill -9 $$\n", &e), &e);
	ck_assert_str_eq(value(&w, "SELECT count(*) FROM attempt"), "20");
	ck_assert_ptr_nonnull(strstr(value(&w, "SELECT message FROM job"), "memory"));
	leave(&w);
}
END_TEST

START_TEST(a_crash_of_its_own_is_a_failure)
{
	struct world w = { 0 };
	struct err e = { 0 };

	scratch_enter();
	must(run(&w, "{\"retries\": 0}", "kill -SEGV $$\n", &e), &e);
	ck_assert_str_eq(outcomes(&w), "failed");
	leave(&w);
}
END_TEST

START_TEST(a_job_that_was_committed_before_the_kill_is_not_trained_again)
{
	struct world w = { 0 };
	struct err e = { 0 };

	scratch_enter();
	must(run(&w, "{}", "rows $4; kill -9 $$\n", &e), &e);
	ck_assert_str_eq(outcomes(&w), "killed killed");
	ck_assert_str_eq(
		value(&w, "SELECT group_concat(outcome) FROM job"), "done,done");
	leave(&w);
}
END_TEST

START_TEST(exit_0_without_the_rows_is_a_failure)
{
	struct world w = { 0 };
	struct err e = { 0 };

	scratch_enter();
	must(run(&w, "{\"retries\": 0}", "exit 0\n", &e), &e);
	ck_assert_str_eq(outcomes(&w), "failed");
	leave(&w);
}
END_TEST

START_TEST(divergence_is_an_outcome_with_its_epoch)
{
	struct world w = { 0 };
	struct err e = { 0 };

	scratch_enter();
	must(run(&w, "{}", "echo diverged 1 loss is nan >&3; exit 4\n", &e), &e);
	ck_assert_str_eq(outcomes(&w), "diverged");
	ck_assert_str_eq(value(&w, "SELECT outcome || ' ' || message FROM job"),
		"diverged epoch 1: loss is nan");
	ck_assert_str_eq(value(&w, "SELECT config FROM decision"), "-1");
	ck_assert_int_eq(w.dispatch.failed, 0);
	leave(&w);
}
END_TEST

START_TEST(a_row_that_differs_stops_the_run)
{
	struct world w = { 0 };
	struct err e = { 0 };

	scratch_enter();
	ck_assert_int_eq(
		run(&w, "{}", "echo error epoch 1 val differs >&3; exit 5\n", &e),
		ERR_DETERMINISM);
	ck_assert_ptr_nonnull(strstr(e.msg, "epoch 1 val differs"));
	ck_assert_str_eq(outcomes(&w), "failed");
	leave(&w);
}
END_TEST

START_TEST(missing_data_stops_the_run)
{
	struct world w = { 0 };
	struct err e = { 0 };

	scratch_enter();
	ck_assert_int_eq(
		run(&w, "{}", "echo error no such file >&3; exit 3\n", &e), ERR_DATA);
	ck_assert_ptr_nonnull(strstr(e.msg, "no such file"));
	leave(&w);
}
END_TEST

START_TEST(a_job_beyond_its_time_limit_fails_at_once)
{
	struct world w = { 0 };
	struct err e = { 0 };

	scratch_enter();
	must(run(&w, "{\"retries\": 5, \"job_minutes\": 0.001}",
		     "while :; do sleep 0.1; done\n", &e),
		&e);
	ck_assert_str_eq(outcomes(&w), "timeout");
	ck_assert_int_eq(w.dispatch.failed, 1);
	leave(&w);
}
END_TEST

Suite *suite_dispatch(void);
Suite *suite_dispatch(void)
{
	Suite *s = suite_create("dispatch");
	TCase *c = tcase_create("dispatch");

	tcase_set_timeout(c, 120);
	tcase_add_test(c, good_workers_bring_the_sweep_to_its_end);
	tcase_add_test(c, a_finish_claims_the_next_job_and_a_stop_gives_it_back);
	tcase_add_test(c, a_worker_that_fails_twice_gets_its_third_attempt);
	tcase_add_test(c, the_last_failure_is_for_good_and_leaves_the_stage_undecided);
	tcase_add_test(c, being_killed_from_outside_is_free);
	tcase_add_test(c, being_killed_for_ever_is_not);
	tcase_add_test(c, a_crash_of_its_own_is_a_failure);
	tcase_add_test(
		c, a_job_that_was_committed_before_the_kill_is_not_trained_again);
	tcase_add_test(c, exit_0_without_the_rows_is_a_failure);
	tcase_add_test(c, divergence_is_an_outcome_with_its_epoch);
	tcase_add_test(c, a_row_that_differs_stops_the_run);
	tcase_add_test(c, missing_data_stops_the_run);
	tcase_add_test(c, a_job_beyond_its_time_limit_fails_at_once);
	suite_add_tcase(s, c);
	return s;
}
