/*
 * What users of other programs ran into (tests/fixtures/reports, a folder a report: small
 * inputs, command, what came out, what should): each with the right outcome, on the real
 * programs.
 */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tests/lib/child.h"
#include "tests/lib/digest.h"
#include "tests/lib/scratch.h"

/* A scratch folder that holds what the report's does. */
static void enter(const char *report)
{
	char from[4096];
	char name[256];

	scratch_enter();
	snprintf(name, sizeof(name), "tests/fixtures/reports/%s/.", report);
	snprintf(from, sizeof(from), "%s", scratch_source(name));
	setenv("DELTAM_CACHE", "cache", 1);
	ck_assert_int_eq(
		child_run((const char *const[]){ "/bin/cp", "-r", from, ".", NULL },
			NULL),
		0);
}

static int run(const char *const *argv)
{
	return child_run(argv, NULL);
}

/* deltam with its words; stdout and stderr lie in out and err. */
#define DELTAM(...) run((const char *const[]){ "deltam", __VA_ARGS__, NULL })

static const char *text_of(const char *file)
{
	static char text[65536];

	scratch_read(file, text, sizeof(text));
	return text;
}

static void says(const char *file, const char *part)
{
	const char *text = text_of(file);

	ck_assert_msg(
		strstr(text, part) != NULL, "%s: no \"%s\" in:\n%s", file, part, text);
}

static void says_not(const char *file, const char *part)
{
	const char *text = text_of(file);

	ck_assert_msg(
		strstr(text, part) == NULL, "%s: \"%s\" in:\n%s", file, part, text);
}

static void leave(void)
{
	scratch_leave();
}

/* 01 */
START_TEST(a_decimal_to_ignore_gives_the_figures_of_a_marked_0)
{
	char depth[2][64];

	enter("01-ignore-not-a-float");
	for (int i = 0; i < 2; i++) {
		const char *sweep = i ? "zero.json" : "sentinel.json";

		ck_assert_int_eq(DELTAM("run", sweep, "--quiet"), 0);
		snprintf(depth[i], sizeof(depth[i]), "%s",
			query_text(i ? "zero.db" : "sentinel.db",
				"SELECT group_concat(value) FROM (SELECT value FROM "
				"metric WHERE split='test' ORDER BY job, epoch, task, "
				"name LIMIT 3)"));
	}
	ck_assert_str_eq(depth[0], depth[1]);
	leave();
}
END_TEST

/* 02, 03, 13: refused before anything is trained, with file and split. */
START_TEST(targets_that_mean_nothing_are_refused_when_composed)
{
	static const struct {
		const char *report, *sweep, *message;
	} cases[] = { { "02-nothing-labelled-is-perfect", "a.json",
			      "data/test/depth.npy: task depth: no pixel of the 2 "
			      "samples of the test split is valid: nothing to measure "
			      "with" },
		{ "03-normal-length", "byte.json",
			"byte/train/normal.npy: sample 0, row 0, column 0: found a "
			"normal (127, 127, 255) of length 311.9, expected length 1" },
		{ "13-train-all-ignored", "t.json",
			"data/train/seg.npy: task seg: no pixel of the 2 samples of "
			"the train split has a label: nothing to learn from" } };

	enter(cases[_i].report);
	ck_assert_int_eq(DELTAM("run", cases[_i].sweep), 3);
	says("err", cases[_i].message);
	ck_assert_int_eq(DELTAM("run", cases[_i].sweep), 3); /* nothing was cached */
	leave();
}
END_TEST

/* 05, 06 */
START_TEST(figures_outside_of_a_criterions_range_are_errors_with_their_place)
{
	static const struct {
		const char *report, *sweep, *message;
	} cases[] = {
		{ "05-share-in-percent", "base.json",
			"base.json:27:21: error: accuracy of \"cls1\" is a share, "
			"0 to 1 (0.5 is 50 %), not 50" },
		{ "05-share-in-percent", "require.json",
			"error: accuracy of \"cls1\" is a share, 0 to 1 (0.5 is 50 %), "
			"not 50" },
		{ "06-negative-baseline", "neg.json",
			"error: abs_err of \"reg1\" is a number of at least 0, not "
			"-0.5" }
	};

	enter(cases[_i].report);
	ck_assert_int_eq(DELTAM("check", cases[_i].sweep), 2);
	says("err", cases[_i].message);
	leave();
}
END_TEST

#define TRAINED(name, train, more) \
	"{ \"sweep\": \"" name "\", \"dataset\": { \"name\": \"synthetic\", " \
	"\"train\": " train \
	", \"val\": 32, \"test\": 32, \"tasks\": 3 }, \"train\": { " \
	"\"epochs\": 3, \"batch\": 16 }, \"methods\": [\"ew\"], \"search\": { " \
	"\"lr\": 0.01 }, \"final\": { \"seeds\": 1 }, \"baseline\": { " more " } }"

static void write_sweep(const char *file, const char *text)
{
	scratch_write(file, text, strlen(text));
}

static void enter_empty(void)
{
	scratch_enter();
	setenv("DELTAM_CACHE", "cache", 1);
}

static void other_database(void)
{
	enter_empty();
	write_sweep("first.json", TRAINED("first", "64", "\"seeds\": 2"));
	write_sweep("small.json", TRAINED("small", "48", "\"seeds\": 1"));
	ck_assert_int_eq(DELTAM("run", "first.json", "--quiet", "--db", "other.db"), 0);
}

START_TEST(a_baseline_of_the_same_data_may_come_from_another_database)
{
	char theirs[256];

	other_database();
	/* The later sweep of other data is not taken, although it is the latest. */
	ck_assert_int_eq(DELTAM("run", "small.json", "--quiet", "--db", "other.db"), 0);
	write_sweep("s.json", TRAINED("s", "64", "\"from\": \"other.db\""));
	ck_assert_int_eq(DELTAM("run", "s.json", "--quiet"), 0);
	says("out", "STL: figures of the baseline in other.db.");
	snprintf(theirs, sizeof(theirs), "%s",
		query_text("other.db",
			"SELECT group_concat(value) FROM (SELECT value FROM baseline "
			"WHERE sweep=1 ORDER BY split, criterion)"));
	ck_assert_str_eq(query_text("s.db",
				 "SELECT group_concat(value) FROM (SELECT "
				 "value FROM baseline ORDER BY split, "
				 "criterion)"),
		theirs);
	leave();
}
END_TEST

START_TEST(a_baseline_of_other_data_is_refused_and_both_are_named)
{
	other_database();
	write_sweep("s.json", TRAINED("s", "48", "\"from\": \"other.db\""));
	ck_assert_int_eq(DELTAM("run", "s.json"), 3);
	says("err",
		"baseline.from: other.db: the baseline of sweep first is of other "
		"data: synthetic (train 64, val 32, test 32; digest ");
	says("err", "this sweep's are synthetic (train 48, val 32, test 32)");
	/* The same name and sizes: only what is composed tells. */
	write_sweep(
		"s.json", TRAINED("s", "64, \"noise\": 0.2", "\"from\": \"other.db\""));
	ck_assert_int_eq(DELTAM("check", "s.json"), 0);
	ck_assert_int_eq(DELTAM("run", "s.json"), 3);
	says("err", "this sweep's are synthetic (train 64, val 32, test 32; digest ");
	query_run("other.db",
		"UPDATE baseline SET value=50 WHERE criterion="
		"'cls1/accuracy' AND split='test'");
	write_sweep("s.json", TRAINED("s", "64", "\"from\": \"other.db\""));
	ck_assert_int_eq(DELTAM("run", "s.json"), 3);
	says("err",
		"its test baseline of cls1/accuracy is a share, 0 to 1 (0.5 is 50 "
		"%), not 50");
	leave();
}
END_TEST

/* What no training comes to was written by somebody else. */
START_TEST(reused_figures_outside_of_their_range_are_refused)
{
	other_database();
	query_run("other.db",
		"UPDATE metric SET value=-1 WHERE name='abs_err' AND split='val'");
	ck_assert_int_eq(
		DELTAM("run", "first.json", "--db", "s.db", "--reuse", "other.db"), 3);
	says("err", "abs_err in epoch 1 is a number of at least 0, not -1");
	leave();
}
END_TEST

START_TEST(a_criterion_without_a_figure_is_named)
{
	enter_empty();
	write_sweep("s.json", TRAINED("s", "64", "\"seeds\": 1"));
	ck_assert_int_eq(DELTAM("run", "s.json", "--quiet"), 0);
	query_run("s.db",
		"DELETE FROM score; DELETE FROM metric WHERE epoch=2 AND "
		"split='test' AND name='accuracy' AND job IN (SELECT id FROM "
		"job WHERE method='ew')");
	ck_assert_int_eq(DELTAM("run", "s.json"), 3);
	says("err",
		"has no test figure of cls1/accuracy in epoch 2 (2 of 3 criteria "
		"have one)");
	leave();
}
END_TEST

/* 08: nothing is there yet; the sweep file gives no figures. */
START_TEST(a_baseline_that_is_not_there_yet_is_not_called_given)
{
	struct child c;

	enter("08-note-given-though-not");
	child_start(&c,
		(const char *const[]){ "deltam", "run", "long.json", "--quiet", NULL },
		NULL);
	while (!child_ended(&c) &&
		(access("long.db", R_OK) ||
			!query_int("long.db",
				"SELECT count(*) FROM sqlite_master "
				"WHERE name='stage_job'") ||
			!query_int("long.db", "SELECT count(*) FROM metric")))
		child_let_live(&c, 1000);
	child_signal(&c, SIGINT);
	ck_assert_int_eq(child_wait(&c), 130);
	ck_assert_int_eq(DELTAM("table", "long.json"), 0);
	says("out", "STL: not yet trained.");
	says_not("out", "given");
	leave();
}
END_TEST

/* 08, its other members: a baseline that cannot be had, one that lost a seed, given ones. */
START_TEST(a_note_says_where_the_baseline_comes_from)
{
	enter_empty();
	write_sweep("s.json", TRAINED("s", "64", "\"seeds\": 2"));
	ck_assert_int_eq(DELTAM("run", "s.json", "--quiet"), 0);
	says("out", "STL: one network a task, mean of 2 seeds.");
	query_run("s.db", "UPDATE baseline SET seeds=1 WHERE criterion LIKE 'cls1%'");
	ck_assert_int_eq(DELTAM("table", "--db", "s.db"), 0);
	says("out", "STL: one network a task, mean of 1 of 2 seeds.");
	query_run("s.db",
		"DELETE FROM baseline; DELETE FROM score; UPDATE sweep SET "
		"state='failed'; UPDATE stage_job SET state='diverged' WHERE stage IN "
		"(SELECT id FROM stage WHERE task='reg2')");
	ck_assert_int_eq(DELTAM("table", "--db", "s.db"), 0);
	says("out",
		"STL: task reg2 has none: every run diverged, and without it there "
		"is no Δm (`deltam failures` says why).");
	says_not("out", "given");
	write_sweep("g.json",
		TRAINED("g", "64",
			"\"values\": { \"reg1/abs_err\": 0.5, \"reg2/abs_err\": 0.5, "
			"\"cls1/accuracy\": 0.3 }"));
	ck_assert_int_eq(DELTAM("run", "g.json", "--quiet"), 0);
	says("out", "STL: figures given in the sweep file.");
	leave();
}
END_TEST

/* 15 */
START_TEST(a_note_counts_the_epochs_that_there_were)
{
	enter("15-last10-of-6");
	ck_assert_int_eq(DELTAM("run", "l.json", "--quiet"), 0);
	says("out", "Figures of a seed: mean of its 6 epochs.");
	query_run("l.db", "UPDATE job SET epochs=12 WHERE method='stl'");
	ck_assert_int_eq(DELTAM("table", "--db", "l.db"), 0);
	says("out", "mean of its last ten epochs, or of all where it has fewer.");
	query_run("l.db", "UPDATE job SET epochs=10");
	ck_assert_int_eq(DELTAM("table", "--db", "l.db"), 0);
	says("out", "Figures of a seed: mean of its last ten epochs.");
	leave();
}
END_TEST

/* 11: the rule that is broken, at the place of "tasks". */
START_TEST(a_task_is_refused_by_the_rule_that_it_breaks)
{
	static const char *const cases[][2] = {
		{ "ignore.json",
			"ignore.json:9:12: error: dataset.tasks: "
			"\"a=regress:ignore=-999\": \"ignore\" is for seg, depth and "
			"edges: elsewhere every sample counts" },
		{ "one.json",
			"one.json:9:12: error: dataset.tasks: \"c=class:1\": class "
			"takes 2 to 256 classes" },
		{ "many.json",
			"many.json:9:12: error: dataset.tasks: \"c=class:300\": class "
			"takes 2 to 256 classes" },
		{ "name.json",
			"name.json:9:12: error: dataset.tasks: \"a-b=regress\": a "
			"task's name has letters, digits and _ alone, and is not "
			"\"input\"" }
	};

	enter("11-tasks-message");
	ck_assert_int_eq(DELTAM("check", cases[_i][0]), 2);
	says("err", cases[_i][1]);
	leave();
}
END_TEST

/* 16: the lists are whole without a newline at their end; images are looked for next. */
START_TEST(the_last_line_of_a_list_needs_no_newline)
{
	enter("16-celeba-last-newline");
	ck_assert_int_eq(DELTAM("run", "c.json"), 3);
	says_not("err", "newline");
	says("err", "img_align_celeba");
	leave();
}
END_TEST

/* 20 */
START_TEST(values_that_agree_in_twelve_digits_are_one)
{
	enter("20-nearly-equal-values");
	ck_assert_int_eq(DELTAM("check", "n.json"), 2);
	says("err", "lr: 0.3 and 0.30000000000000004 are one value, to twelve digits");
	ck_assert_int_eq(DELTAM("check", "v.json"), 2);
	says("err", "two variants are called \"0.3\"");
	leave();
}
END_TEST

/* 18 */
START_TEST(a_label_is_what_it_was_in_latex)
{
	enter("18-latex-typography");
	ck_assert_int_eq(DELTAM("run", "x.json", "--quiet"), 0);
	ck_assert_int_eq(DELTAM("table", "--db", "x.db", "--format", "latex"), 0);
	says("out",
		"\na\\textbar{}b -{}-lr 1 "
		"\\textasciigrave{}\\textasciigrave{}q{'}{'} & ");
	leave();
}
END_TEST

/* 21 */
START_TEST(huge_figures_have_digits_that_mean_something)
{
	enter("21-huge-delta-m");
	ck_assert_int_eq(DELTAM("run", "h.json", "--quiet"), 0);
	says("out", "e+61");
	says_not("out", "00000");
	leave();
}
END_TEST

/* 22: what has the other sign has another name. */
START_TEST(gains_have_one_sign_in_every_format)
{
	double gain, change;
	const char *at;

	enter("22-primary-sign-in-csv");
	ck_assert_int_eq(DELTAM("run", "p.json", "--quiet"), 0);
	ck_assert_int_eq(DELTAM("table", "--db", "p.db", "--format", "json"), 0);
	says_not("out", "delta_m");
	at = strstr(text_of("out"), "\"label\":\"ew\"");
	ck_assert_ptr_nonnull(at);
	at = strstr(at, "\"gain\":");
	ck_assert_ptr_nonnull(at);
	gain = strtod(at + 7, NULL);
	change = strtod(
		query_text("p.db", "SELECT delta_m FROM benchmark WHERE label='ew'"),
		NULL);
	ck_assert_double_ne(gain, 0);
	ck_assert_double_eq_tol(gain, -change, 1e-9);
	leave();
}
END_TEST

/* 12: recorded, shown by whoever is asked, and over once there is something to divide by. */
START_TEST(a_baseline_of_0_is_a_stop_that_is_recorded)
{
	static const char why[] =
		"the baseline of c/accuracy is 0 on test rows, and Δm "
		"divides by it: take more rows, give \"baseline\": "
		"{\"values\": ...}, or leave the task out";

	enter("12-zero-baseline");
	for (int i = 0; i < 2;
		i++) { /* the second run trains nothing and says the same */
		ck_assert_int_eq(DELTAM("run", "zero.json", "--quiet"), 1);
		says("err", why);
		says_not("err", "finish job");
	}
	says("out", why);
	says_not("out", "given in the sweep file");
	says_not("out", "not yet trained");
	ck_assert_int_eq(query_int("zero.db",
				 "SELECT count(*) FROM stage_job WHERE "
				 "state='running'"),
		0);
	ck_assert_str_eq(query_text("zero.db", "SELECT state FROM sweep"), "failed");
	ck_assert_int_eq(DELTAM("status", "--db", "zero.db"), 0);
	says("out", why);
	says_not("out", "min left");
	ck_assert_int_eq(DELTAM("failures", "--db", "zero.db"), 0);
	says("out", "undefined");
	says("out", why);
	ck_assert_int_eq(DELTAM("failures", "--db", "zero.db", "--format", "json"), 0);
	says("out", "\"state\":\"undefined\",\"job\":null,\"seed\":null");
	leave();
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

	enter_empty();
	write_sweep("q.json", EDITED("2", "\"ew\", \"uw\"", "1"));
	ck_assert_int_eq(DELTAM("run", "q.json", "--quiet"), 0);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		ck_assert_int_eq(DELTAM(commands[i], "q.json"), 0);
		says_not("err", "another version");
	}
	write_sweep("q.json", EDITED("2", "\"ew\"", "2"));
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		ck_assert_int_eq(DELTAM(commands[i], "q.json"), 0);
		says("err", differs);
	}
	ck_assert_int_eq(DELTAM("table", "q.json"), 0);
	says("out", "\nUW ");
	/* Another file with the sweep's name, for a database elsewhere. */
	write_sweep("other.json", EDITED("3", "\"ew\", \"uw\"", "1"));
	ck_assert_int_eq(DELTAM("table", "other.json", "--db", "q.db"), 0);
	says("err",
		"deltam: q.db was planned from another version of other.json:\n"
		"  dataset.tasks: 2 before, 3 now\nWhat follows is of the version "
		"before. `deltam run other.json --db q.db` plans");
	leave();
}
END_TEST

START_TEST(a_run_says_what_it_replaces_and_what_is_trained)
{
	enter_empty();
	write_sweep("q.json", EDITED("2", "\"ew\", \"uw\"", "1"));
	ck_assert_int_eq(DELTAM("run", "q.json"), 0);
	says_not("err", "already");
	ck_assert_int_eq(DELTAM("run", "q.json"), 0);
	says("err", "q: 8 of 8 jobs already trained\n");
	write_sweep("q.json", EDITED("2", "\"ew\"", "2"));
	ck_assert_int_eq(DELTAM("run", "q.json"), 0);
	says("err",
		"q.json is not the version that q.db was planned from, and is planned "
		"anew:\n"
		"  final.seeds: 1 before, 2 now\n"
		"  entry uw is gone\n"
		"q: 6 of 7 jobs already trained, 0 s left on ");
	says("err",
		"; entry uw leaves the table; 2 jobs "
		"trained before are not in the plan so far, and stay in the database\n");
	leave();
}
END_TEST

/* The same file, and still another plan: its data were replaced. */
START_TEST(a_run_says_that_the_data_have_changed)
{
	enter("12-zero-baseline");
	ck_assert_int_eq(DELTAM("run", "zero.json"), 1);
	ck_assert_int_eq(child_run((const char *const[]){ "/bin/cp", "data/val/a.npy",
					   "data/train/a.npy", NULL },
				 NULL),
		0);
	(void)DELTAM("run", "zero.json");
	says("err", "jobs already trained; ");
	says("err",
		"trained before are not in the plan so far, and stay in the database: the "
		"data have changed\n");
	leave();
}
END_TEST

/* 09: what is stored is what was; who is at work the lock tells. */
START_TEST(status_knows_a_run_that_was_killed)
{
	struct child c;

	enter("09-status-of-the-dead");
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
	says_not("out", "Not running");
	ck_assert_int_eq(DELTAM("status", "long.json", "--json"), 0);
	says("out", "\"state\":\"open\",\"live\":true,\"stop\":null,");
	says("out", "\"running\":1,");
	ck_assert_int_eq(DELTAM("audit", "long.json"), 2);
	says("err", "has not finished; a deltam is at work on its database: wait");
	child_signal(&c, SIGKILL);
	ck_assert_int_eq(child_wait(&c), 128 + SIGKILL);
	ck_assert_int_eq(query_int("long.db",
				 "SELECT count(*) FROM stage_job WHERE "
				 "state='running'"),
		1);
	ck_assert_int_eq(DELTAM("status", "long.json"), 0);
	says("out",
		"Not running: no deltam holds long.db, and 1 job was in progress when "
		"the last one ended. `deltam run` goes on where it was.");
	says_not("out", "1 worker");
	says_not("out", "min left");
	ck_assert_int_eq(DELTAM("status", "long.json", "--json"), 0);
	says("out", "\"state\":\"open\",\"live\":false,\"stop\":null,");
	says("out", "\"workers\":0,");
	says("out", "\"running\":0,");
	says_not("out", "\"running\":1,");
	ck_assert_int_eq(DELTAM("audit", "long.json"), 2);
	says("err", "has not finished; `deltam run` goes on with it");
	leave();
}
END_TEST

/* 12, its other members: whatever stops a run is there for who asks later, until it runs. */
START_TEST(why_a_run_stopped_is_recorded)
{
	static const char why[] =
		"ew lr 0.01 seed 0 has no test figure of cls1/accuracy in epoch 2";

	enter_empty();
	write_sweep("s.json", TRAINED("s", "64", "\"seeds\": 1"));
	ck_assert_int_eq(DELTAM("run", "s.json", "--quiet"), 0);
	query_run("s.db",
		"CREATE TABLE kept AS SELECT * FROM metric WHERE epoch=2 AND "
		"split='test' AND name='accuracy' AND job IN (SELECT id FROM job WHERE "
		"method='ew' AND seed=0); DELETE FROM score; DELETE FROM metric WHERE "
		"(job, epoch, split, name) IN (SELECT job, epoch, split, name FROM kept)");
	ck_assert_int_eq(DELTAM("run", "s.json"), 3);
	says("err", why);
	ck_assert_int_eq(DELTAM("status", "s.json"), 0);
	says("out", "Stopped: s.db: ");
	says("out", why);
	ck_assert_int_eq(DELTAM("failures", "s.json"), 0);
	says("out", "The last run stopped: s.db: ");
	says("out", why);
	query_run("s.db", "INSERT INTO metric SELECT * FROM kept");
	ck_assert_int_eq(DELTAM("run", "s.json"), 0);
	ck_assert_int_eq(DELTAM("status", "s.json"), 0);
	says_not("out", "Stopped");
	leave();
}
END_TEST

/* 23: paths begin at the sweep file, from wherever it is named; `~` is the home folder. */
START_TEST(a_path_begins_at_the_sweep_file)
{
	enter("23-relative-path");
	ck_assert_int_eq(DELTAM("check", "sub/rel.json"), 0);
	ck_assert_int_eq(DELTAM("run", "sub/rel.json"), 0);
	ck_assert_int_eq(child_run((const char *const[]){ "/bin/mv", "sub/data",
					   "sub/moved", NULL },
				 NULL),
		0);
	ck_assert_int_eq(DELTAM("check", "sub/rel.json"), 3);
	says("err", "sub/rel.json:5:11: error: data set npy: dataset.path: /");
	says("err", "/sub/data/train/input.npy: No such file or directory");
	ck_assert_int_eq(
		child_run((const char *const[]){ "/bin/sed", "-i",
				  "s,\"data\",\"~/moved\",", "sub/rel.json", NULL },
			NULL),
		0);
	ck_assert_int_eq(setenv("HOME", "sub", 1), 0);
	ck_assert_int_eq(DELTAM("check", "sub/rel.json"), 0);
	leave();
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

	enter_empty();
	write_sweep("s.json", cases[_i].sweep);
	ck_assert_int_eq(DELTAM("run", "s.json", "--quiet"), 0);
	says("out", cases[_i].note);
	ck_assert_int_eq(DELTAM("pareto", "s.json"), 0);
	says("out", cases[_i].note);
	says_not("out", "no results yet");
	ck_assert_int_eq(DELTAM("pareto", "s.json", "--counts", "final"), 0);
	says("out", "No run ended well");
	ck_assert_int_eq(DELTAM("table", "s.json", "--robust"), 0);
	says_not("out", "yet");
	leave();
}
END_TEST

/* As rows are while a run goes on, and after one that failed for good. */
START_TEST(an_empty_row_says_why_while_and_after)
{
	enter_empty();
	write_sweep("s.json", GIVEN("[0.01, 0.003]", ""));
	ck_assert_int_eq(DELTAM("run", "s.json", "--quiet"), 0);
	says_not("out", "No figures");
	query_run("s.db",
		"UPDATE sweep SET state='open'; UPDATE stage SET state='open' WHERE "
		"stage='final'; UPDATE stage_job SET state='pending' WHERE stage IN "
		"(SELECT id FROM stage WHERE stage='final')");
	ck_assert_int_eq(DELTAM("table", "s.json"), 0);
	says("out", "No figures of EW, UW: not yet trained.\n");
	query_run("s.db",
		"UPDATE sweep SET state='failed'; UPDATE stage_job SET state='failed' "
		"WHERE stage IN (SELECT id FROM stage WHERE stage='final' AND "
		"label='uw')");
	query_run("s.db",
		"UPDATE stage_job SET state='diverged' WHERE stage IN (SELECT id FROM "
		"stage WHERE stage='final' AND label='ew')");
	ck_assert_int_eq(DELTAM("table", "s.json"), 0);
	says("out",
		"The sweep stopped short of its end: 8 of 8 jobs planned have ended "
		"(`deltam failures` says why).");
	says("out", "No figures of EW: every final seed diverged.\n");
	says("out", "No figures of UW: a final seed failed for good.\n");
	says_not("out", "has not finished");
	leave();
}
END_TEST

/* C15 */
START_TEST(a_row_that_was_removed_is_missed_by_name)
{
	enter_empty();
	write_sweep("s.json", GIVEN("0.01", ""));
	ck_assert_int_eq(DELTAM("run", "s.json", "--quiet"), 0);
	says_not("out", "missing");
	query_run("s.db",
		"DELETE FROM metric WHERE split='test' AND task='reg2' AND "
		"name='abs_err' AND job IN (SELECT id FROM job WHERE method='uw' AND "
		"seed=1000)");
	ck_assert_int_eq(DELTAM("table", "s.json"), 0);
	says("out",
		"Rows of `metric` are missing: uw lr 0.01 seed 1000 has no test figure "
		"of reg2/abs_err in epoch 2, and means are without it.");
	ck_assert_int_eq(DELTAM("table", "s.json", "--split", "val"), 0);
	says_not("out", "missing");
	query_run("s.db",
		"DELETE FROM metric WHERE split='test' AND task='reg2' AND "
		"name='abs_err'");
	ck_assert_int_eq(DELTAM("table", "s.json"), 0);
	says("out", "Rows of `metric` are missing: ew lr 0.01 seed 1000 has no test ");
	says("out", " in epoch 2, nor 3 other runs some, and means are without");
	leave();
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

	enter_empty();
	write_sweep("d.json",
		"{ \"sweep\": \"d\", \"dataset\": { \"name\": \"synthetic\", \"train\": "
		"64, \"val\": 32, \"test\": 32, \"tasks\": 2 }, \"train\": { \"epochs\": "
		"2, \"batch\": 16 }, \"baseline\": { \"values\": { \"reg1/abs_err\": 1, "
		"\"reg2/abs_err\": 1 } }, \"methods\": [ { \"name\": \"uw_so\", "
		"\"label\": \"ours\", \"T\": [10] } ], \"search\": { \"lr\": [1e30, "
		"0.01] } }");
	ck_assert_int_eq(DELTAM("run", "d.json"), 0);
	says("err",
		"warn run ours lr 1e+30 T 10 seed 0 diverged: epoch 1, step 2: task "
		"reg1: the loss is nan\n");
	ck_assert_int_lt(longest_number(text_of("err")), 12);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		ck_assert_int_eq(DELTAM(commands[i], "d.json"), 0);
		if (i != 2) /* decisions print figures in full */
			ck_assert_int_lt(longest_number(text_of("out")), 12);
	}
	ck_assert_int_eq(DELTAM("failures", "d.json"), 0);
	says("out", "ours lr 1e+30 T 10 seed 0  tune   diverged");
	/* What a worker writes, and where. */
	says("d.db.d/logs/ours_lr_1e_30_T_10_seed_0-1.log",
		"deltam-worker: ours lr 1e+30 T 10 seed 0: epoch 1, step 2: task reg1");
	/* A row that somebody changed: named once, by the run. */
	query_run("d.db",
		"UPDATE metric SET value=0.5 WHERE name='abs_err' AND epoch=1; UPDATE "
		"job SET outcome=NULL WHERE outcome='done'; DELETE FROM metric WHERE "
		"epoch=2; DELETE FROM score; UPDATE job SET epochs_done=1");
	ck_assert_int_eq(DELTAM("run", "d.json"), 1);
	says("err",
		"deltam: ours lr 0.01 T 10 seed 0: epoch 1: val reg1/abs_err is in the "
		"database with another value: 0.5 there, ");
	ck_assert_int_lt(
		longest_number(text_of("err")), 20); /* 17 digits of a figure */
	leave();
}
END_TEST

Suite *suite_reports(void);

Suite *suite_reports(void)
{
	Suite *s = suite_create("reports");
	TCase *t = tcase_create("reports");

	tcase_add_test(t, a_decimal_to_ignore_gives_the_figures_of_a_marked_0);
	tcase_add_loop_test(
		t, targets_that_mean_nothing_are_refused_when_composed, 0, 3);
	tcase_add_loop_test(t,
		figures_outside_of_a_criterions_range_are_errors_with_their_place, 0,
		3);
	tcase_add_test(t, a_baseline_of_the_same_data_may_come_from_another_database);
	tcase_add_test(t, a_baseline_of_other_data_is_refused_and_both_are_named);
	tcase_add_test(t, reused_figures_outside_of_their_range_are_refused);
	tcase_add_test(t, a_criterion_without_a_figure_is_named);
	tcase_add_test(t, a_baseline_that_is_not_there_yet_is_not_called_given);
	tcase_add_test(t, a_note_counts_the_epochs_that_there_were);
	tcase_add_test(t, a_note_says_where_the_baseline_comes_from);
	tcase_add_loop_test(t, a_task_is_refused_by_the_rule_that_it_breaks, 0, 4);
	tcase_add_test(t, the_last_line_of_a_list_needs_no_newline);
	tcase_add_test(t, values_that_agree_in_twelve_digits_are_one);
	tcase_add_test(t, a_label_is_what_it_was_in_latex);
	tcase_add_test(t, huge_figures_have_digits_that_mean_something);
	tcase_add_test(t, gains_have_one_sign_in_every_format);
	tcase_add_test(t, a_baseline_of_0_is_a_stop_that_is_recorded);
	tcase_add_test(t, a_report_says_when_the_file_is_not_what_was_planned);
	tcase_add_test(t, a_run_says_what_it_replaces_and_what_is_trained);
	tcase_add_test(t, a_run_says_that_the_data_have_changed);
	tcase_add_test(t, status_knows_a_run_that_was_killed);
	tcase_add_test(t, why_a_run_stopped_is_recorded);
	tcase_add_test(t, a_path_begins_at_the_sweep_file);
	tcase_add_loop_test(t, an_empty_row_says_why, 0, 4);
	tcase_add_test(t, an_empty_row_says_why_while_and_after);
	tcase_add_test(t, a_row_that_was_removed_is_missed_by_name);
	tcase_add_test(t, messages_name_runs_as_people_do);
	suite_add_tcase(s, t);
	return s;
}
