/*
 * What a run says and leaves for who asks later: what it replaces, why it stopped,
 * why a row is empty. Numbers: as in test_reports.c.
 */
#include <check.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include "tests/lib/child.h"
#include "tests/lib/digest.h"
#include "tests/lib/scratch.h"
#include "tests/lib/said.h"

/* 12: recorded, shown by whoever is asked, and over once there is something to divide by. */
START_TEST(a_baseline_of_0_is_a_stop_that_is_recorded)
{
	static const char why[] =
		"the baseline of c/accuracy is 0 on test rows, and Δm "
		"divides by it: take more rows, give \"baseline\": "
		"{\"values\": ...}, or leave the task out";

	said_enter("12-zero-baseline");
	for (int i = 0; i < 2;
		i++) { /* the second run trains nothing and says the same */
		ck_assert_int_eq(DELTAM("run", "zero.json", "--quiet"), 1);
		said_has("err", why);
		said_lacks("err", "finish job");
	}
	said_has("out", why);
	said_lacks("out", "given in the sweep file");
	said_lacks("out", "not yet trained");
	ck_assert_int_eq(query_int("zero.db",
				 "SELECT count(*) FROM stage_job WHERE "
				 "state='running'"),
		0);
	ck_assert_str_eq(query_text("zero.db", "SELECT state FROM sweep"), "failed");
	ck_assert_int_eq(DELTAM("status", "--db", "zero.db"), 0);
	said_has("out", why);
	said_lacks("out", "min left");
	ck_assert_int_eq(DELTAM("failures", "--db", "zero.db"), 0);
	said_has("out", "undefined");
	said_has("out", why);
	ck_assert_int_eq(DELTAM("failures", "--db", "zero.db", "--format", "json"), 0);
	said_has("out", "\"state\":\"undefined\",\"job\":null,\"seed\":null");
	scratch_leave();
}
END_TEST

/* A7: what is printed is of the plan in the database, and whoever asks learns so. */
#define EDITED(tasks, methods, seeds) \
	"{ \"sweep\": \"q\", \"dataset\": { \"name\": \"synthetic\", \"train\": 64, " \
	"\"val\": 32, \"test\": 32, \"tasks\": " tasks " }, \"train\": { " \
	"\"epochs\": 2, \"batch\": 16 }, \"methods\": [" methods \
	"], \"search\": { \"lr\": 0.01 }, \"final\": { \"seeds\": " seeds " } }"

START_TEST(a_report_says_when_the_file_is_not_what_was_planned)
{
	static const char *const commands[] = { "table", "pareto", "status", "failures",
		"decisions", "audit" };
	static const char differs[] =
		"deltam: q.db was planned from another version of q.json:\n"
		"  final.seeds: 1 before, 2 now\n"
		"  entry uw is gone\n"
		"What follows is of the version before. `deltam run q.json` plans this "
		"one and trains what is missing";

	said_enter_empty();
	said_sweep("q.json", EDITED("2", "\"ew\", \"uw\"", "1"));
	ck_assert_int_eq(DELTAM("run", "q.json", "--quiet"), 0);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		ck_assert_int_eq(DELTAM(commands[i], "q.json"), 0);
		said_lacks("err", "another version");
	}
	said_sweep("q.json", EDITED("2", "\"ew\"", "2"));
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		ck_assert_int_eq(DELTAM(commands[i], "q.json"), 0);
		said_has("err", differs);
	}
	ck_assert_int_eq(DELTAM("table", "q.json"), 0);
	said_has("out", "\nUW ");
	/* Another file with the sweep's name, for a database elsewhere. */
	said_sweep("other.json", EDITED("3", "\"ew\", \"uw\"", "1"));
	ck_assert_int_eq(DELTAM("table", "other.json", "--db", "q.db"), 0);
	said_has("err",
		"deltam: q.db was planned from another version of other.json:\n"
		"  dataset.tasks: 2 before, 3 now\nWhat follows is of the version "
		"before. `deltam run other.json --db q.db` plans");
	scratch_leave();
}
END_TEST

START_TEST(a_table_shows_several_sweeps_of_one_or_of_several_databases)
{
	said_enter_empty();
	said_sweep("q.json", EDITED("2", "\"ew\", \"uw\"", "1"));
	ck_assert_int_eq(DELTAM("run", "q.json", "--quiet"), 0);
	ck_assert_int_eq(DELTAM("run", "q.json", "--quiet", "--set", "sweep=r"), 0);
	ck_assert_int_eq(DELTAM("table", "q.json", "r.db"), 0);
	said_has("out", "q, r\n\nq\n");
	said_has("out", "\n\nr\n");
	said_has("out", "\nSTL: one network a task, mean of 1 seed.\n");
	said_lacks("out", "q: ");
	ck_assert_int_eq(DELTAM("run", "q.json", "--quiet", "--set", "sweep=r", "--set",
				 "select.average=tasks", "--db", "q.db"),
		0);
	ck_assert_int_eq(
		DELTAM("table", "q", "r", "--db", "q.db", "--layout", "setups",
			"--columns", "label,r_delta_m,q_delta_m", "--format", "csv"),
		0);
	said_has("out", "label,r_delta_m,q_delta_m\new,");
	ck_assert_int_eq(DELTAM("table", "q", "r", "--db", "q.db"), 0);
	said_has("out",
		"\nq: Δm: mean relative change against STL over criteria on test");
	said_has("out", "\nr: Δm: mean relative change against STL over tasks on test");
	ck_assert_int_eq(DELTAM("run", "q.json", "--quiet", "--set", "sweep=b", "--set",
				 "train.batch=8", "--set", "dataset.train=32"),
		0);
	ck_assert_int_eq(DELTAM("table", "q", "b", "--layout", "batch"), 0);
	said_has("out", "\nsynthetic mlp\n");
	said_has("out",
		"synthetic mlp: the rows differ in more than the batch size: "
		"dataset.train.\n");
	ck_assert_int_eq(DELTAM("table", "r", "q", "r"), 2);
	said_has("err", "two sweeps called \"r\" in one table");
	ck_assert_int_eq(DELTAM("table", "q", "r", "--sweep", "q", "--db", "q.db"), 2);
	said_has("err", "--sweep: the sweeps are named already");
	ck_assert_int_eq(DELTAM("table", "q", "r", "--query", "SELECT 1"), 2);
	said_has("err", "--query: asks one database");
	ck_assert_int_eq(
		DELTAM("table", "q", "r", "--db", "q.db", "--against", "rlw"), 2);
	said_has("err", "q: --against: no method \"rlw\"");
	ck_assert_int_eq(DELTAM("table", "q", "r", "s"), 3);
	said_has("err", "s.db");
	scratch_leave();
}
END_TEST

START_TEST(a_run_says_what_it_replaces_and_what_is_trained)
{
	said_enter_empty();
	said_sweep("q.json", EDITED("2", "\"ew\", \"uw\"", "1"));
	ck_assert_int_eq(DELTAM("run", "q.json"), 0);
	said_lacks("err", "already");
	ck_assert_int_eq(DELTAM("run", "q.json"), 0);
	said_has("err", "q: 8 of 8 jobs already trained\n");
	said_sweep("q.json", EDITED("2", "\"ew\"", "2"));
	ck_assert_int_eq(DELTAM("run", "q.json"), 0);
	said_has("err",
		"q.json is not the version that q.db was planned from, and is planned "
		"anew:\n"
		"  final.seeds: 1 before, 2 now\n"
		"  entry uw is gone\n"
		"q: 6 of 7 jobs already trained, 0 s left on ");
	said_has("err",
		"; entry uw leaves the table; 2 jobs "
		"trained before are not in the plan so far, and stay in the database\n");
	scratch_leave();
}
END_TEST

/* The same file, and still another plan: its data were replaced. */
START_TEST(a_run_says_that_the_data_have_changed)
{
	said_enter("12-zero-baseline");
	ck_assert_int_eq(DELTAM("run", "zero.json"), 1);
	ck_assert_int_eq(child_run((const char *const[]){ "/bin/cp", "data/val/a.npy",
					   "data/train/a.npy", NULL },
				 NULL),
		0);
	(void)DELTAM("run", "zero.json");
	said_has("err", "jobs already trained; ");
	said_has("err",
		"trained before are not in the plan so far, and stay in the database: the "
		"data have changed\n");
	scratch_leave();
}
END_TEST

/* 09: what is stored is what was; who is at work the lock tells. */
START_TEST(status_knows_a_run_that_was_killed)
{
	struct child c;

	said_enter("09-status-of-the-dead");
	child_start(&c,
		(const char *const[]){ "deltam", "run", "long.json", "--quiet",
			"--workers", "1", NULL },
		NULL);
	while (!child_ended(&c) &&
		(access("long.db", R_OK) ||
			!query_int("long.db",
				"SELECT count(*) FROM sqlite_master "
				"WHERE name='stage_job'") ||
			!query_int("long.db", "SELECT count(*) FROM metric")))
		child_let_live(&c, 1000);
	ck_assert_int_eq(DELTAM("status", "long.json"), 0);
	said_lacks("out", "Not running");
	ck_assert_int_eq(DELTAM("status", "long.json", "--json"), 0);
	said_has("out", "\"state\":\"open\",\"live\":true,\"stop\":null,");
	said_has("out", "\"running\":1,");
	ck_assert_int_eq(DELTAM("audit", "long.json"), 2);
	said_has("err", "has not finished; a deltam is at work on its database: wait");
	child_signal(&c, SIGKILL);
	ck_assert_int_eq(child_wait(&c), 128 + SIGKILL);
	ck_assert_int_eq(query_int("long.db",
				 "SELECT count(*) FROM stage_job WHERE "
				 "state='running'"),
		1);
	ck_assert_int_eq(DELTAM("status", "long.json"), 0);
	said_has("out",
		"Not running: no deltam holds long.db, and 1 job was in progress when "
		"the last one ended. `deltam run` goes on where it was.");
	said_lacks("out", "1 worker");
	said_lacks("out", "min left");
	ck_assert_int_eq(DELTAM("status", "long.json", "--json"), 0);
	said_has("out", "\"state\":\"open\",\"live\":false,\"stop\":null,");
	said_has("out", "\"workers\":0,");
	said_has("out", "\"running\":0,");
	said_lacks("out", "\"running\":1,");
	ck_assert_int_eq(DELTAM("audit", "long.json"), 2);
	said_has("err", "has not finished; `deltam run` goes on with it");
	scratch_leave();
}
END_TEST

/* 12, its other members: whatever stops a run is there for who asks later, until it runs. */
START_TEST(why_a_run_stopped_is_recorded)
{
	static const char why[] =
		"ew lr 0.01 seed 0 has no test figure of cls1/accuracy in epoch 2";

	said_enter_empty();
	said_sweep("s.json", TRAINED("s", "64", "\"seeds\": 1"));
	ck_assert_int_eq(DELTAM("run", "s.json", "--quiet"), 0);
	query_run("s.db",
		"CREATE TABLE kept AS SELECT * FROM metric WHERE epoch=2 AND "
		"split='test' AND name='accuracy' AND job IN (SELECT id FROM job WHERE "
		"method='ew' AND seed=0); DELETE FROM score; DELETE FROM metric WHERE "
		"(job, epoch, split, name) IN (SELECT job, epoch, split, name FROM kept)");
	ck_assert_int_eq(DELTAM("run", "s.json"), 3);
	said_has("err", why);
	ck_assert_int_eq(DELTAM("status", "s.json"), 0);
	said_has("out", "Stopped: s.db: ");
	said_has("out", why);
	ck_assert_int_eq(DELTAM("failures", "s.json"), 0);
	said_has("out", "The last run stopped: s.db: ");
	said_has("out", why);
	query_run("s.db", "INSERT INTO metric SELECT * FROM kept");
	ck_assert_int_eq(DELTAM("run", "s.json"), 0);
	ck_assert_int_eq(DELTAM("status", "s.json"), 0);
	said_lacks("out", "Stopped");
	scratch_leave();
}
END_TEST

/* B8: a sweep whose baseline is given, so that only its entries can fail. */
#define GIVEN(lr, more) \
	"{ \"sweep\": \"s\", \"dataset\": { \"name\": \"synthetic\", " \
	"\"train\": 64, \"val\": 32, \"test\": 32, \"tasks\": 2 }, " \
	"\"train\": { \"epochs\": 2, \"batch\": 16 }, \"baseline\": { " \
	"\"values\": { \"reg1/abs_err\": 0.5, \"reg2/abs_err\": 0.5 } }, " \
	"\"methods\": [\"ew\", \"uw\"], \"search\": { \"lr\": " lr \
	" }, \"final\": { \"seeds\": 2 }" more " }"
#define IMPOSSIBLE ", \"select\": { \"require\": { \"reg1/abs_err\": { \"max\": 0 } } }"

START_TEST(an_empty_row_says_why)
{
	static const struct {
		const char *sweep, *note;
	} cases[] = {
		{ GIVEN("[1e30, 3e30]", ""),
			"No figures of EW, UW: diverged at every point of the search.\n" },
		{ GIVEN("[0.01, 0.003]", IMPOSSIBLE),
			"No figures of EW, UW: no configuration met select.require.\n" },
		{ GIVEN("[0.01, 1e30]", IMPOSSIBLE),
			"No figures of EW, UW: no configuration met select.require (1 of "
			"2 jobs diverged).\n" },
		{ GIVEN("[0.01, 0.003]",
			  IMPOSSIBLE ", \"vary\": { \"pin\": \"winner\", \"batch\": "
				     "[16, 32] }"),
			"No figures of EW, UW in 16: no configuration met "
			"select.require.\n"
			"No figures of EW, UW in 32: takes the point that wins in 16, "
			"and there is none.\n" },
	};

	said_enter_empty();
	said_sweep("s.json", cases[_i].sweep);
	ck_assert_int_eq(DELTAM("run", "s.json", "--quiet"), 0);
	said_has("out", cases[_i].note);
	ck_assert_int_eq(DELTAM("pareto", "s.json"), 0);
	said_has("out", cases[_i].note);
	said_lacks("out", "no results yet");
	ck_assert_int_eq(DELTAM("pareto", "s.json", "--counts", "final"), 0);
	said_has("out", "No run ended well");
	ck_assert_int_eq(DELTAM("table", "s.json", "--robust"), 0);
	said_lacks("out", "yet");
	scratch_leave();
}
END_TEST

/* As rows are while a run goes on, and after one that failed for good. */
START_TEST(an_empty_row_says_why_while_and_after)
{
	said_enter_empty();
	said_sweep("s.json", GIVEN("[0.01, 0.003]", ""));
	ck_assert_int_eq(DELTAM("run", "s.json", "--quiet"), 0);
	said_lacks("out", "No figures");
	query_run("s.db",
		"UPDATE sweep SET state='open'; UPDATE stage SET state='open' WHERE "
		"stage='final'; UPDATE stage_job SET state='pending' WHERE stage IN "
		"(SELECT id FROM stage WHERE stage='final')");
	ck_assert_int_eq(DELTAM("table", "s.json"), 0);
	said_has("out", "No figures of EW, UW: not yet trained.\n");
	query_run("s.db",
		"UPDATE sweep SET state='failed'; UPDATE stage_job SET state='failed' "
		"WHERE stage IN (SELECT id FROM stage WHERE stage='final' AND "
		"label='uw')");
	query_run("s.db",
		"UPDATE stage_job SET state='diverged' WHERE stage IN (SELECT id FROM "
		"stage WHERE stage='final' AND label='ew')");
	ck_assert_int_eq(DELTAM("table", "s.json"), 0);
	said_has("out",
		"The sweep stopped short of its end: 8 of 8 jobs planned have ended "
		"(`deltam failures` says why).");
	said_has("out", "No figures of EW: every final seed diverged.\n");
	said_has("out", "No figures of UW: a final seed failed for good.\n");
	said_lacks("out", "has not finished");
	scratch_leave();
}
END_TEST

START_TEST(a_row_that_was_removed_is_missed_by_name)
{
	said_enter_empty();
	said_sweep("s.json", GIVEN("0.01", ""));
	ck_assert_int_eq(DELTAM("run", "s.json", "--quiet"), 0);
	said_lacks("out", "missing");
	query_run("s.db",
		"DELETE FROM metric WHERE split='test' AND task='reg2' AND "
		"name='abs_err' AND job IN (SELECT id FROM job WHERE method='uw' AND "
		"seed=1000)");
	ck_assert_int_eq(DELTAM("table", "s.json"), 0);
	said_has("out",
		"Rows of `metric` are missing: uw lr 0.01 seed 1000 has no test figure "
		"of reg2/abs_err in epoch 2, and means are without it.");
	ck_assert_int_eq(DELTAM("table", "s.json", "--split", "val"), 0);
	said_lacks("out", "missing");
	query_run("s.db",
		"DELETE FROM metric WHERE split='test' AND task='reg2' AND "
		"name='abs_err'");
	ck_assert_int_eq(DELTAM("table", "s.json"), 0);
	said_has("out",
		"Rows of `metric` are missing: ew lr 0.01 seed 1000 has no test ");
	said_has("out", " in epoch 2, nor 3 other runs some, and means are without");
	scratch_leave();
}
END_TEST

/* The longest run of hexadecimal digits: numbers and hashes of jobs have 16 and more. */
static int longest_number(const char *text)
{
	int longest = 0;

	for (int n = 0; *text; text++) {
		n = strchr("0123456789abcdef", *text) ? n + 1 : 0;
		longest = n > longest ? n : longest;
	}
	return longest;
}

/* B14: whoever speaks of a run calls it what people do, and says its epoch once. */
START_TEST(messages_name_runs_as_people_do)
{
	static const char *const commands[] = { "table", "failures", "decisions",
		"status", "pareto" };

	said_enter_empty();
	said_sweep("d.json",
		"{ \"sweep\": \"d\", \"dataset\": { \"name\": \"synthetic\", \"train\": "
		"64, \"val\": 32, \"test\": 32, \"tasks\": 2 }, \"train\": { \"epochs\": "
		"2, \"batch\": 16 }, \"baseline\": { \"values\": { \"reg1/abs_err\": 1, "
		"\"reg2/abs_err\": 1 } }, \"methods\": [ { \"name\": \"uw_so\", "
		"\"label\": \"ours\", \"T\": [10] } ], \"search\": { \"lr\": [1e30, "
		"0.01] } }");
	ck_assert_int_eq(DELTAM("run", "d.json"), 0);
	said_has("err",
		"warn run ours lr 1e+30 T 10 seed 0 diverged: epoch 1, step 2: task "
		"reg1: the loss is nan\n");
	ck_assert_int_lt(longest_number(said_in("err")), 12);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		ck_assert_int_eq(DELTAM(commands[i], "d.json"), 0);
		if (i != 2) /* decisions print figures in full */
			ck_assert_int_lt(longest_number(said_in("out")), 12);
	}
	ck_assert_int_eq(DELTAM("failures", "d.json"), 0);
	said_has("out", "ours lr 1e+30 T 10 seed 0  tune   diverged");
	/* What a worker writes, and where. */
	said_has("d.db.d/logs/ours_lr_1e_30_T_10_seed_0-1.log",
		"deltam-worker: ours lr 1e+30 T 10 seed 0: epoch 1, step 2: task reg1");
	/* A row that somebody changed: named once, by the run. */
	query_run("d.db",
		"UPDATE metric SET value=0.5 WHERE name='abs_err' AND epoch=1; UPDATE "
		"job SET outcome=NULL WHERE outcome='done'; DELETE FROM metric WHERE "
		"epoch=2; DELETE FROM score; UPDATE job SET epochs_done=1");
	ck_assert_int_eq(DELTAM("run", "d.json"), 1);
	said_has("err",
		"deltam: ours lr 0.01 T 10 seed 0: epoch 1: val reg1/abs_err is in the "
		"database with another value: 0.5 there, ");
	ck_assert_int_lt(
		longest_number(said_in("err")), 20); /* 17 digits of a figure */
	scratch_leave();
}
END_TEST

Suite *suite_reports_run(void);
Suite *suite_reports_run(void)
{
	Suite *s = suite_create("reports_run");
	TCase *t = tcase_create("reports_run");

	tcase_add_test(t, a_baseline_of_0_is_a_stop_that_is_recorded);
	tcase_add_test(t, a_report_says_when_the_file_is_not_what_was_planned);
	tcase_add_test(t, a_table_shows_several_sweeps_of_one_or_of_several_databases);
	tcase_add_test(t, a_run_says_what_it_replaces_and_what_is_trained);
	tcase_add_test(t, a_run_says_that_the_data_have_changed);
	tcase_add_test(t, status_knows_a_run_that_was_killed);
	tcase_add_test(t, why_a_run_stopped_is_recorded);
	tcase_add_loop_test(t, an_empty_row_says_why, 0, 4);
	tcase_add_test(t, an_empty_row_says_why_while_and_after);
	tcase_add_test(t, a_row_that_was_removed_is_missed_by_name);
	tcase_add_test(t, messages_name_runs_as_people_do);
	suite_add_tcase(s, t);
	return s;
}
