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
#include "tests/lib/said.h"

/* 01 */
START_TEST(a_decimal_to_ignore_gives_the_figures_of_a_marked_0)
{
	char depth[2][64];

	said_enter("01-ignore-not-a-float");
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
	scratch_leave();
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

	said_enter(cases[_i].report);
	ck_assert_int_eq(DELTAM("run", cases[_i].sweep), 3);
	said_has("err", cases[_i].message);
	ck_assert_int_eq(DELTAM("run", cases[_i].sweep), 3); /* nothing was cached */
	scratch_leave();
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

	said_enter(cases[_i].report);
	ck_assert_int_eq(DELTAM("check", cases[_i].sweep), 2);
	said_has("err", cases[_i].message);
	scratch_leave();
}
END_TEST

static void other_database(void)
{
	said_enter_empty();
	said_sweep("first.json", TRAINED("first", "64", "\"seeds\": 2"));
	said_sweep("small.json", TRAINED("small", "48", "\"seeds\": 1"));
	ck_assert_int_eq(DELTAM("run", "first.json", "--quiet", "--db", "other.db"), 0);
}

START_TEST(a_baseline_of_the_same_data_may_come_from_another_database)
{
	char theirs[256];

	other_database();
	/* The later sweep of other data is not taken, although it is the latest. */
	ck_assert_int_eq(DELTAM("run", "small.json", "--quiet", "--db", "other.db"), 0);
	said_sweep("s.json", TRAINED("s", "64", "\"from\": \"other.db\""));
	ck_assert_int_eq(DELTAM("run", "s.json", "--quiet"), 0);
	said_has("out", "STL: figures of the baseline in other.db.");
	snprintf(theirs, sizeof(theirs), "%s",
		query_text("other.db",
			"SELECT group_concat(value) FROM (SELECT value FROM baseline "
			"WHERE sweep=1 ORDER BY split, criterion)"));
	ck_assert_str_eq(query_text("s.db",
				 "SELECT group_concat(value) FROM (SELECT "
				 "value FROM baseline ORDER BY split, "
				 "criterion)"),
		theirs);
	scratch_leave();
}
END_TEST

START_TEST(a_baseline_of_other_data_is_refused_and_both_are_named)
{
	other_database();
	said_sweep("s.json", TRAINED("s", "48", "\"from\": \"other.db\""));
	ck_assert_int_eq(DELTAM("run", "s.json"), 3);
	said_has("err",
		"baseline.from: other.db: the baseline of sweep first is of other "
		"data: synthetic (train 64, val 32, test 32; digest ");
	said_has("err", "this sweep's are synthetic (train 48, val 32, test 32)");
	/* The same name and sizes: only what is composed tells. */
	said_sweep(
		"s.json", TRAINED("s", "64, \"noise\": 0.2", "\"from\": \"other.db\""));
	ck_assert_int_eq(DELTAM("check", "s.json"), 0);
	ck_assert_int_eq(DELTAM("run", "s.json"), 3);
	said_has("err",
		"this sweep's are synthetic (train 64, val 32, test 32; digest ");
	query_run("other.db",
		"UPDATE baseline SET value=50 WHERE criterion="
		"'cls1/accuracy' AND split='test'");
	said_sweep("s.json", TRAINED("s", "64", "\"from\": \"other.db\""));
	ck_assert_int_eq(DELTAM("run", "s.json"), 3);
	said_has("err",
		"its test baseline of cls1/accuracy is a share, 0 to 1 (0.5 is 50 "
		"%), not 50");
	scratch_leave();
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
	said_has("err", "abs_err in epoch 1 is a number of at least 0, not -1");
	scratch_leave();
}
END_TEST

START_TEST(a_criterion_without_a_figure_is_named)
{
	said_enter_empty();
	said_sweep("s.json", TRAINED("s", "64", "\"seeds\": 1"));
	ck_assert_int_eq(DELTAM("run", "s.json", "--quiet"), 0);
	query_run("s.db",
		"DELETE FROM score; DELETE FROM metric WHERE epoch=2 AND "
		"split='test' AND name='accuracy' AND job IN (SELECT id FROM "
		"job WHERE method='ew')");
	ck_assert_int_eq(DELTAM("run", "s.json"), 3);
	said_has("err",
		"has no test figure of cls1/accuracy in epoch 2 (2 of 3 criteria "
		"have one)");
	scratch_leave();
}
END_TEST

/* 08: nothing is there yet; the sweep file gives no figures. */
START_TEST(a_baseline_that_is_not_there_yet_is_not_called_given)
{
	struct child c;

	said_enter("08-note-given-though-not");
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
	said_has("out", "STL: not yet trained.");
	said_lacks("out", "given");
	scratch_leave();
}
END_TEST

/* 08, its other members: a baseline that cannot be had, one that lost a seed, given ones. */
START_TEST(a_note_says_where_the_baseline_comes_from)
{
	said_enter_empty();
	said_sweep("s.json", TRAINED("s", "64", "\"seeds\": 2"));
	ck_assert_int_eq(DELTAM("run", "s.json", "--quiet"), 0);
	said_has("out", "STL: one network a task, mean of 2 seeds.");
	query_run("s.db", "UPDATE baseline SET seeds=1 WHERE criterion LIKE 'cls1%'");
	ck_assert_int_eq(DELTAM("table", "--db", "s.db"), 0);
	said_has("out", "STL: one network a task, mean of 1 of 2 seeds.");
	query_run("s.db",
		"DELETE FROM baseline; DELETE FROM score; UPDATE sweep SET "
		"state='failed'; UPDATE stage_job SET state='diverged' WHERE stage IN "
		"(SELECT id FROM stage WHERE task='reg2')");
	ck_assert_int_eq(DELTAM("table", "--db", "s.db"), 0);
	said_has("out",
		"STL: task reg2 has none: every run diverged, and without it there "
		"is no Δm (`deltam failures` says why).");
	said_lacks("out", "given");
	said_sweep("g.json",
		TRAINED("g", "64",
			"\"values\": { \"reg1/abs_err\": 0.5, \"reg2/abs_err\": 0.5, "
			"\"cls1/accuracy\": 0.3 }"));
	ck_assert_int_eq(DELTAM("run", "g.json", "--quiet"), 0);
	said_has("out", "STL: figures given in the sweep file.");
	scratch_leave();
}
END_TEST

/* 15 */
START_TEST(a_note_counts_the_epochs_that_there_were)
{
	said_enter("15-last10-of-6");
	ck_assert_int_eq(DELTAM("run", "l.json", "--quiet"), 0);
	said_has("out", "Figures of a seed: mean of its 6 epochs.");
	query_run("l.db", "UPDATE job SET epochs=12 WHERE method='stl'");
	ck_assert_int_eq(DELTAM("table", "--db", "l.db"), 0);
	said_has("out", "mean of its last ten epochs, or of all where it has fewer.");
	query_run("l.db", "UPDATE job SET epochs=10");
	ck_assert_int_eq(DELTAM("table", "--db", "l.db"), 0);
	said_has("out", "Figures of a seed: mean of its last ten epochs.");
	scratch_leave();
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

	said_enter("11-tasks-message");
	ck_assert_int_eq(DELTAM("check", cases[_i][0]), 2);
	said_has("err", cases[_i][1]);
	scratch_leave();
}
END_TEST

/* 16: the lists are whole without a newline at their end; images are looked for next. */
START_TEST(the_last_line_of_a_list_needs_no_newline)
{
	said_enter("16-celeba-last-newline");
	ck_assert_int_eq(DELTAM("run", "c.json"), 3);
	said_lacks("err", "newline");
	said_has("err", "img_align_celeba");
	scratch_leave();
}
END_TEST

/* 20 */
START_TEST(values_that_agree_in_twelve_digits_are_one)
{
	said_enter("20-nearly-equal-values");
	ck_assert_int_eq(DELTAM("check", "n.json"), 2);
	said_has("err",
		"lr: 0.3 and 0.30000000000000004 are one value, to twelve digits");
	ck_assert_int_eq(DELTAM("check", "v.json"), 2);
	said_has("err", "two variants are called \"0.3\"");
	scratch_leave();
}
END_TEST

/* 18 */
START_TEST(a_label_is_what_it_was_in_latex)
{
	said_enter("18-latex-typography");
	ck_assert_int_eq(DELTAM("run", "x.json", "--quiet"), 0);
	ck_assert_int_eq(DELTAM("table", "--db", "x.db", "--format", "latex"), 0);
	said_has("out",
		"\na\\textbar{}b -{}-lr 1 "
		"\\textasciigrave{}\\textasciigrave{}q{'}{'} & ");
	scratch_leave();
}
END_TEST

/* 21 */
START_TEST(huge_figures_have_digits_that_mean_something)
{
	said_enter("21-huge-delta-m");
	ck_assert_int_eq(DELTAM("run", "h.json", "--quiet"), 0);
	said_has("out", "e+61");
	said_lacks("out", "00000");
	scratch_leave();
}
END_TEST

/* 22: what has the other sign has another name. */
START_TEST(gains_have_one_sign_in_every_format)
{
	double gain, change;
	const char *at;

	said_enter("22-primary-sign-in-csv");
	ck_assert_int_eq(DELTAM("run", "p.json", "--quiet"), 0);
	ck_assert_int_eq(DELTAM("table", "--db", "p.db", "--format", "json"), 0);
	said_lacks("out", "delta_m");
	at = strstr(said_in("out"), "\"label\":\"ew\"");
	ck_assert_ptr_nonnull(at);
	at = strstr(at, "\"gain\":");
	ck_assert_ptr_nonnull(at);
	gain = strtod(at + 7, NULL);
	change = strtod(
		query_text("p.db", "SELECT delta_m FROM benchmark WHERE label='ew'"),
		NULL);
	ck_assert_double_ne(gain, 0);
	ck_assert_double_eq_tol(gain, -change, 1e-9);
	scratch_leave();
}
END_TEST

/* 23: paths begin at the sweep file, from wherever it is named; `~` is the home folder. */
START_TEST(a_path_begins_at_the_sweep_file)
{
	said_enter("23-relative-path");
	ck_assert_int_eq(DELTAM("check", "sub/rel.json"), 0);
	ck_assert_int_eq(DELTAM("run", "sub/rel.json"), 0);
	ck_assert_int_eq(child_run((const char *const[]){ "/bin/mv", "sub/data",
					   "sub/moved", NULL },
				 NULL),
		0);
	ck_assert_int_eq(DELTAM("check", "sub/rel.json"), 3);
	said_has("err", "sub/rel.json:5:11: error: data set npy: dataset.path: /");
	said_has("err", "/sub/data/train/input.npy: No such file or directory");
	ck_assert_int_eq(
		child_run((const char *const[]){ "/bin/sed", "-i",
				  "s,\"data\",\"~/moved\",", "sub/rel.json", NULL },
			NULL),
		0);
	ck_assert_int_eq(setenv("HOME", "sub", 1), 0);
	ck_assert_int_eq(DELTAM("check", "sub/rel.json"), 0);
	scratch_leave();
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
	tcase_add_test(t, a_path_begins_at_the_sweep_file);
	suite_add_tcase(s, t);
	return s;
}
