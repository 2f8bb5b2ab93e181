/*
 * What the end of a worker means, on a real database: a shell script plays the worker
 * and writes its rows with sqlite3. One method, one configuration: a tune job (seed 0),
 * then a final one (seed 1000).
 */
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "common/log.h"
#include "common/store/store_open.h"
#include "common/store/transaction.h"
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

static void plan_sweep(struct world *w, const char *keys)
{
	struct str report = { .arena = &w->arena };
	struct sweep_row row = { "t", "", "best", "criteria", "", false };
	struct err e = { 0 };
	const char *text = arena_printf(&w->arena,
		"{\"sweep\": \"t\", \"dataset\": {\"name\": \"synthetic\", \"tasks\": "
		"2},\"train\": {\"epochs\": 1}, %s}",
		keys);
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
	dispatch_init(&w->dispatch, &w->stage, &w->progress, ".");
	must(stage_start(&w->stage, rescore, &e), &e);
	must(store_commit(&w->s, &e), &e);
}

/* The baseline is given, so that nothing but the method is trained. */
static void plan_rates(struct world *w, const char *rates, const char *limits)
{
	plan_sweep(w,
		arena_printf(&w->arena,
			"\"methods\": [\"ew\"], \"search\": {\"lr\": [%s]}, "
			"\"baseline\": {\"values\": {\"reg1/abs_err\": 2, "
			"\"reg2/abs_err\": 3}}, \"limits\": %s",
			rates, limits));
}

static void plan(struct world *w, const char *limits)
{
	plan_rates(w, "0.1", limits);
}

/* Runs the sweep with a worker that does `body`; returns what sched_run does. */
static int run(struct world *w, const char *limits, const char *body, struct err *e)
{
	struct sched_options o = { .worker = "./worker",
		.db = "t.db",
		.logs = ".",
		.workers = 1,
		.tick_ms = 1 };
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
	struct rows r = rows_open_sql(&w->s, sql, NO_ARGS, &e);
	const char *text = arena_strdup(&w->arena, rows_next(&r) ? rows_text(&r) : "");

	must(rows_close(&r), &e);
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

static int turn(struct world *w, const struct sched_end *end, struct sched_task *next)
{
	struct err e = { 0 };
	int rc = w->dispatch.ops.turn(&w->dispatch, end, next, &e);

	ck_assert_msg(rc >= 0, "%s", e.msg);
	return rc;
}

/* What a worker would leave of a task. */
static void rows(struct world *w, const struct sched_task *task)
{
	value(w,
		arena_printf(&w->arena,
			"INSERT INTO metric SELECT %lld, 1, split.value, task.value, "
			"'abs_err', 1.5 FROM json_each('[\"val\",\"test\"]') split, "
			"json_each('[\"reg1\",\"reg2\"]') task",
			(long long)task->job));
}

static const char *attempts(struct world *w)
{
	return value(w,
		"SELECT group_concat(coalesce(outcome, 'open'), ' ') "
		"FROM (SELECT outcome FROM attempt ORDER BY id)");
}

static const char *members(struct world *w)
{
	return value(w,
		"SELECT group_concat(state, ' ') FROM "
		"(SELECT state FROM stage_job ORDER BY stage, config, job)");
}

START_TEST(a_turn_finishes_a_segment_and_claims_the_next)
{
	struct world w = { 0 };
	struct sched_task task, next;
	struct sched_end good = { &task, .why = SCHED_EXITED, .status = PROTO_DONE };
	struct sched_end stopped = { &next, .why = SCHED_STOPPED,
		.status = PROTO_INTERRUPTED };

	scratch_enter();
	plan(&w, "{}");
	ck_assert_int_eq(turn(&w, NULL, &task), 1);
	rows(&w, &task);
	ck_assert_int_eq(turn(&w, &good, &next), 1);
	ck_assert_int_ne(task.job, next.job);
	ck_assert_str_eq(attempts(&w), "done open");
	ck_assert_int_eq(turn(&w, &stopped, NULL), 0);
	ck_assert_str_eq(attempts(&w), "done interrupted");
	ck_assert_str_eq(members(&w), "done pending");
	leave(&w);
}
END_TEST

/* Another connection sees both or neither. */
/* One turn, and what it says on stderr. */
static const char *said_in_turn(
	struct world *w, const struct sched_end *end, struct sched_task *next)
{
	static char text[512];
	int terminal = dup(2);
	int file = open("said", O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert(terminal >= 0 && file >= 0 && dup2(file, 2) == 2);
	turn(w, end, next);
	ck_assert_int_eq(dup2(terminal, 2), 2);
	close(terminal);
	close(file);
	scratch_read("said", text, sizeof(text));
	return text;
}

START_TEST(a_turn_tells_of_the_stages_that_it_decided)
{
	struct world w = { 0 };
	struct sched_task task, next;
	struct sched_end good = { &task, .why = SCHED_EXITED, .status = PROTO_DONE };
	const char *said;

	scratch_enter();
	plan(&w, "{}");
	w.progress.quiet = false;
	w.progress.bar = false;
	ck_assert_str_eq(said_in_turn(&w, NULL, &task), "");
	rows(&w, &task);
	said = said_in_turn(&w, &good, &next);
	ck_assert_msg(!strncmp(said, "t  ew tune  ", 12), "%s", said);
	ck_assert_ptr_eq(strchr(said, '\n'), said + strlen(said) - 1);
	rows(&w, &next);
	good.task = &next; /* it tells of the final stage alone */
	ck_assert_str_eq(said_in_turn(&w, &good, &task), "t  ew final  1 of 1 seeds\n");
	leave(&w);
}
END_TEST

START_TEST(a_turn_that_cannot_claim_does_not_finish_either)
{
	struct world w = { 0 };
	struct sched_task task, next;
	struct sched_end good = { &task, .why = SCHED_EXITED, .status = PROTO_DONE };
	struct err e = { 0 };

	scratch_enter();
	plan(&w, "{}");
	ck_assert_int_eq(turn(&w, NULL, &task), 1);
	rows(&w, &task);
	value(&w, "CREATE UNIQUE INDEX one_only ON attempt(kind)");
	ck_assert_int_eq(w.dispatch.ops.turn(&w.dispatch, &good, &next, &e), ERR_DB);
	ck_assert_ptr_nonnull(strstr(e.msg, "UNIQUE constraint failed"));
	ck_assert_str_eq(attempts(&w), "open");
	ck_assert_str_eq(members(&w), "running");
	leave(&w);
}
END_TEST

START_TEST(a_turn_without_an_end_fetches_one_ahead)
{
	struct world w = { 0 };
	struct sched_task task[3];

	scratch_enter();
	plan_rates(&w, "0.1, 0.2", "{}");
	ck_assert_int_eq(turn(&w, NULL, &task[0]), 1);
	ck_assert_int_eq(turn(&w, NULL, &task[1]), 1);
	ck_assert_int_eq(turn(&w, NULL, &task[2]), 0);
	ck_assert_int_ne(task[0].job, task[1].job);
	ck_assert_str_ne(task[0].token, task[1].token);
	ck_assert_str_eq(attempts(&w), "open open");
	ck_assert_int_eq(turn(&w, NULL, NULL), 0);
	leave(&w);
}
END_TEST

/* The method of what is claimed after the end of *task (NULL: without an end). */
static const char *method_after(struct world *w, const struct sched_task *task,
	enum sched_why why, double seconds, struct sched_task *next)
{
	const struct sched_end end = { task, .why = why, .seconds = seconds,
		.signal = why == SCHED_SIGNALLED ? SIGKILL : 0 };

	ck_assert_int_eq(turn(w, task ? &end : NULL, next), 1);
	return value(w,
		arena_printf(&w->arena, "SELECT method FROM job WHERE id=%lld",
			(long long)next->job));
}

START_TEST(baselines_go_first_then_the_lane_that_takes_longest)
{
	struct world w = { 0 };
	struct sched_task stl, ew[5], uw[4];
	struct sched_end back = { &uw[1], .why = SCHED_STOPPED,
		.status = PROTO_INTERRUPTED };

	scratch_enter();
	plan_sweep(&w,
		"\"methods\": [\"ew\", \"uw\"], \"search\": {\"lr\": [0.1], "
		"\"seeds\": 4}");
	for (int i = 0; i < 2; i++) /* one of each task */
		ck_assert_str_eq(method_after(&w, NULL, 0, 0, &stl), "stl");
	for (int i = 0; i < 4; i++)
		ck_assert_str_eq(method_after(&w, NULL, 0, 0, &ew[i]), "ew");
	ck_assert_str_eq(method_after(&w, NULL, 0, 0, &uw[0]), "uw");
	rows(&w, &ew[0]);
	ck_assert_str_eq(method_after(&w, &ew[0], SCHED_EXITED, 1, &uw[1]), "uw");
	rows(&w, &uw[0]);
	ck_assert_str_eq(method_after(&w, &uw[0], SCHED_EXITED, 5, &uw[2]), "uw");
	/* both have one that waits; an epoch of ew took 1 second, one of uw 5 */
	ck_assert_str_eq(method_after(&w, &ew[1], SCHED_SIGNALLED, 0, &uw[3]), "uw");
	/* again, and an epoch of ew came to cost 101 */
	ck_assert_int_eq(turn(&w, &back, NULL), 0);
	ck_assert_str_eq(method_after(&w, &ew[2], SCHED_SIGNALLED, 100, &ew[4]), "ew");
	/* a baseline waits again, and ew still takes longest */
	back.task = &stl;
	ck_assert_int_eq(turn(&w, &back, NULL), 0);
	ck_assert_str_eq(method_after(&w, NULL, 0, 0, &stl), "stl");
	leave(&w);
}
END_TEST

START_TEST(a_winner_waits_until_no_job_does)
{
	struct world w = { 0 };
	struct sched_task task;

	scratch_enter();
	plan(&w, "{}");
	value(&w,
		"INSERT INTO winner SELECT stage, job, sweep, 1, 0, '', '', '', "
		"'pending' FROM stage_job");
	ck_assert_int_eq(turn(&w, NULL, &task), 1);
	ck_assert_str_eq(
		value(&w, "SELECT kind FROM attempt ORDER BY id DESC"), "train");
	ck_assert_int_eq(turn(&w, NULL, &task), 1);
	ck_assert_str_eq(
		value(&w, "SELECT kind FROM attempt ORDER BY id DESC"), "evaluate");
	ck_assert_int_eq(turn(&w, NULL, &task), 0);
	leave(&w);
}
END_TEST

/* What a tick says on stderr. */
static const char *said_in_tick(struct world *w)
{
	static char text[512];
	int terminal = dup(2);
	int file = open("said", O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert(terminal >= 0 && file >= 0 && dup2(file, 2) == 2);
	w->dispatch.ops.tick(&w->dispatch);
	ck_assert_int_eq(dup2(terminal, 2), 2);
	close(terminal);
	close(file);
	scratch_read("said", text, sizeof(text));
	return text;
}

START_TEST(the_bar_counts_the_jobs_of_the_plan)
{
	struct world w = { 0 };
	const struct outlook *x = &w.progress.outlook;
	struct sched_task task, next;
	struct sched_end good = { &task, .why = SCHED_EXITED, .status = PROTO_DONE,
		.seconds = 2 };

	scratch_enter();
	plan_rates(&w, "0.1, 0.2, 0.3", "{}");
	w.progress.quiet = false;
	w.progress.bar = true;
	progress_start(&w.progress);
	ck_assert_int_eq(turn(&w, NULL, &task), 1);
	rows(&w, &task);
	ck_assert_int_eq(turn(&w, &good, &next), 1);
	/* 3 of the search, and the final one that is known to come; 2 s each */
	ck_assert_ptr_nonnull(strstr(said_in_tick(&w), "] 1/4 jobs, 6 s left"));
	ck_assert_int_eq(x->jobs, 4);
	ck_assert_int_eq(x->ended, 1);
	ck_assert_int_eq(x->running, 1);
	ck_assert(x->epochs_left == 3 && x->rate == 2 && x->seconds_left == 6);
	rows(&w, &next); /* it counts before its segment has ended */
	w.dispatch.next_look = 0;
	(void)said_in_tick(&w);
	ck_assert(x->epochs_left == 2);
	ck_assert_int_eq(x->ended, 1);
	progress_end(&w.progress);
	leave(&w);
}
END_TEST

START_TEST(where_there_is_no_bar_a_line_a_minute_stands)
{
	struct world w = { 0 };

	scratch_enter();
	plan(&w, "{}");
	w.progress.quiet = false;
	w.progress.bar = false;
	progress_start(&w.progress);
	for (int i = 1; i < 60; i++)
		ck_assert_str_eq(said_in_tick(&w), "");
	ck_assert_str_eq(
		said_in_tick(&w), "t 0/2 jobs, time left unknown, 0 running\n");
	ck_assert_str_eq(said_in_tick(&w), "");
	progress_end(&w.progress);
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
	must(run(&w, "{\"retries\": 0}",
		     "[ $n -gt 1 ] && kill -9 $$\nrows $4; exit 0\n", &e),
		&e);
	ck_assert_str_eq(value(&w, "SELECT count(*) FROM attempt"), "21");
	ck_assert_ptr_nonnull(strstr(
		value(&w, "SELECT message FROM job WHERE outcome='failed'"), "memory"));
	leave(&w);
}
END_TEST

/* 0, 1, 2, 4 ... 32 ticks, and then it is enough. */
START_TEST(where_no_worker_ever_works_the_run_stops)
{
	struct world w = { 0 };
	struct err e = { 0 };

	scratch_enter();
	ck_assert_int_eq(run(&w, "{\"retries\": 0}", "kill -9 $$\n", &e), ERR_SYS);
	ck_assert_int_eq(err_exit_status(ERR_SYS), 3);
	ck_assert_str_eq(value(&w, "SELECT count(*) FROM attempt"), "8");
	ck_assert_int_ge(w.dispatch.retry.now, 63);
	ck_assert_ptr_nonnull(
		strstr(e.msg, "no worker has come to the end of an epoch"));
	ck_assert_ptr_nonnull(strstr(e.msg, "the last: killed by signal 9 (Killed)."));
	ck_assert_str_eq(value(&w, "SELECT outcome FROM job"), ""); /* not its fault */
	leave(&w);
}
END_TEST

START_TEST(a_job_that_failed_waits_while_others_go_on)
{
	struct world w = { 0 };
	struct sched_task task[2], next;
	struct sched_end bad = { &task[0], .why = SCHED_EXITED, .status = PROTO_FAILED,
		.kernel_class = "plain", .text = "no luck" };
	const char *said;

	scratch_enter();
	plan_rates(&w, "0.1, 0.2", "{}");
	ck_assert_int_eq(turn(&w, NULL, &task[0]), SCHED_TASK);
	ck_assert_int_eq(turn(&w, &bad, &task[1]), SCHED_TASK); /* at once, and again */
	ck_assert_int_eq(task[1].job, task[0].job);
	bad.task = &task[1];
	log_set_level(LOG_WARN);
	said = said_in_turn(&w, &bad, &next);
	log_set_level(LOG_ERROR);
	ck_assert_msg(strstr(said, "no luck; the next attempt waits 1 s") != NULL, "%s",
		said);
	ck_assert_int_ne(next.job, task[0].job);
	ck_assert_int_eq(turn(&w, NULL, &task[1]), SCHED_LATER);
	w.dispatch.ops.tick(&w.dispatch);
	ck_assert_int_eq(turn(&w, NULL, &task[1]), SCHED_TASK);
	ck_assert_int_eq(task[1].job, task[0].job);
	ck_assert_int_eq(turn(&w, NULL, &next), SCHED_NOTHING);
	leave(&w);
}
END_TEST

/* A machine without memory kills whatever is tried. */
START_TEST(deaths_of_many_jobs_make_all_wait_and_an_epoch_ends_that)
{
	struct world w = { 0 };
	struct sched_task task[3], next;
	struct sched_end death = { .why = SCHED_SIGNALLED, .signal = SIGKILL };

	scratch_enter();
	plan_rates(&w, "0.1, 0.2, 0.3, 0.4", "{}");
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(turn(&w, NULL, &task[i]), SCHED_TASK);
	for (int i = 0; i < 2; i++) { /* one round, so the next may start at once */
		death.task = &task[i];
		ck_assert_int_eq(turn(&w, &death, NULL), SCHED_NOTHING);
	}
	ck_assert_int_eq(turn(&w, NULL, &task[0]), SCHED_TASK);
	death.task = &task[0];
	ck_assert_int_eq(turn(&w, &death, &next), SCHED_LATER); /* all have to wait */
	w.dispatch.ops.epoch(&w.dispatch, &task[2], 1);
	ck_assert_int_eq(turn(&w, NULL, &next), SCHED_TASK); /* the others need not */
	ck_assert_int_ne(next.job, task[0].job);
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
	must(run(&w, "{}", "echo diverged 1 epoch 1: loss is nan >&3; exit 4\n", &e),
		&e);
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
	must(run(&w, "{\"retries\": 5, \"job_minutes\": 0.001}", "read -r word <&3\n",
		     &e),
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

	tcase_add_test(c, good_workers_bring_the_sweep_to_its_end);
	tcase_add_test(c, a_turn_finishes_a_segment_and_claims_the_next);
	tcase_add_test(c, a_turn_tells_of_the_stages_that_it_decided);
	tcase_add_test(c, a_turn_that_cannot_claim_does_not_finish_either);
	tcase_add_test(c, a_turn_without_an_end_fetches_one_ahead);
	tcase_add_test(c, baselines_go_first_then_the_lane_that_takes_longest);
	tcase_add_test(c, a_winner_waits_until_no_job_does);
	tcase_add_test(c, the_bar_counts_the_jobs_of_the_plan);
	tcase_add_test(c, where_there_is_no_bar_a_line_a_minute_stands);
	tcase_add_test(c, a_worker_that_fails_twice_gets_its_third_attempt);
	tcase_add_test(c, the_last_failure_is_for_good_and_leaves_the_stage_undecided);
	tcase_add_test(c, being_killed_from_outside_is_free);
	tcase_add_test(c, being_killed_for_ever_is_not);
	tcase_add_test(c, where_no_worker_ever_works_the_run_stops);
	tcase_add_test(c, a_job_that_failed_waits_while_others_go_on);
	tcase_add_test(c, deaths_of_many_jobs_make_all_wait_and_an_epoch_ends_that);
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
