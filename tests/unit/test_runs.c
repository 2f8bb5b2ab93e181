/* deltam runs, show and export. */
#include <check.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "common/arena.h"
#include "tests/lib/child.h"
#include "tests/lib/command.h"
#include "tests/lib/digest.h"
#include "tests/lib/scratch.h"
#include "tests/lib/small_db.h"

static char output[1 << 20];
static struct err e;

static void enter(void)
{
	scratch_enter();
	small_db_make("small.db");
}

static void leave(void)
{
	scratch_leave();
}

/* A command by its words, which may have blanks in them. */
static int run_words(const char *const *words)
{
	struct cli_options o;
	char *argv[16] = { (char[]){ "deltam" } };
	int n = 1;
	int rc;

	for (; words[n - 1]; n++)
		argv[n] = strdup(words[n - 1]);
	e = (struct err){ 0 };
	rc = cli_parse(&o, n, argv, &e);
	if (!rc)
		rc = command_output(&o, output, sizeof(output), &e);
	while (n > 1)
		free(argv[--n]);
	return rc;
}

#define DELTAM(...) run_words((const char *const[]){ __VA_ARGS__, NULL })

static void change(const char *sql)
{
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open("small.db", &db), SQLITE_OK);
	ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, "%s: %s",
		sql, sqlite3_errmsg(db));
	sqlite3_close(db);
}

static void prints(int rc, const char *file)
{
	char path[256];

	ck_assert_msg(rc == OK, "%s", e.msg);
	snprintf(path, sizeof(path), "tests/fixtures/report/%s", file);
	ck_assert_str_eq(output, source_text(path));
}

static int lines(void)
{
	int n = 0;

	for (const char *s = output; *s; s++)
		n += *s == '\n';
	return n;
}

START_TEST(runs_are_listed_to_the_letter)
{
	prints(DELTAM("runs", "small", "--sweep", "small"), "runs.text");
	prints(DELTAM("runs", "small", "--sweep", "small", "--best"), "runs.best.text");
	prints(DELTAM("runs", "small", "--sweep", "small", "--best", "--format", "csv"),
		"runs.best.csv");
}
END_TEST

START_TEST(every_format_lists_runs)
{
	static const struct {
		const char *format, *has;
	} cases[] = { { "markdown", "| uw\\_so lr 0.003 T 10 seed 0" },
		{ "latex", "uw\\_so lr 0.003 T 10 seed 0 &" },
		{ "json", "\"run\":\"uw_so lr 0.003 T 10 seed 0\"" },
		{ "jsonl", "\n{\"label\":\"uw_so\"" },
		{ "html", ">uw_so lr 0.003 T 10 seed 0<" } };

	for (int i = 0; i < COUNT(cases); i++) {
		ck_assert_int_eq(DELTAM("runs", "small", "--sweep", "small", "--format",
					 cases[i].format),
			OK);
		ck_assert_msg(strstr(output, cases[i].has) != NULL, "%s: %s",
			cases[i].format, output);
	}
}
END_TEST

/*
 * Numbers as numbers, but for those that no double holds; a name that is no column is a
 * parameter; a comma may be of a value; values of one name are alternatives.
 */
START_TEST(where_keeps_runs_with_those_values)
{
	static const struct {
		const char *where;
		int runs;
	} cases[] = { { "method=uw_so", 5 }, { "method=uw_so,T=1e1", 3 },
		{ "lr=3e-3,seed=0", 6 }, { "state=stopped", 1 },
		{ "task_of_baseline=reg1", 4 }, { "diagnose.gradients.every=5", 1 },
		{ "T=10,state=diverged", 0 }, { "label=a, b,T=10", 0 },
		{ "label=a, b", 1 }, { "temperature=10", 3 },
		{ "method=uw_so,method=ew", 10 }, { "T=1,T=10,seed=0", 2 },
		{ "job=9000000000000000000", 0 }, { "job=9000000000000000001", 1 } };

	change("UPDATE stage SET label = 'a, b' WHERE id = 10;"
	       "DELETE FROM stage_job WHERE stage = 10 AND job = 412;"
	       "PRAGMA foreign_keys = OFF;"
	       "UPDATE job SET id = 9000000000000000001 WHERE id = 411;"
	       "UPDATE stage_job SET job = 9000000000000000001 WHERE job = 411");
	for (int i = 0; i < COUNT(cases); i++) {
		ck_assert_msg(DELTAM("runs", "small", "--sweep", "small", "--where",
				      cases[i].where, "--format", "csv") == OK,
			"%s: %s", cases[i].where, e.msg);
		ck_assert_msg(lines() == cases[i].runs + 1, "%s: %d runs",
			cases[i].where, lines() - 1);
	}
}
END_TEST

START_TEST(where_is_never_sql)
{
	static const struct {
		const char *where, *message;
	} cases[] = {
		{ "1=1 OR lr",
			"--where: no run has a \"1\"; there are label, variant, "
			"task_of_baseline, task, method, stage, phase, state, run, "
			"identity, job, seed, config, epochs, epochs_done, epoch, lr, "
			"wd, outcome, T, and the parameters that "
			"`deltam show RUN` lists" },
		{ "lr>0",
			"--where: \"lr>0\" is not NAME=VALUE, as in "
			"method=uw_so,lr=0.003" },
		{ "methd=ew",
			"--where: no run has a \"methd\"; did you mean \"method\"?" }
	};

	for (int i = 0; i < COUNT(cases); i++) {
		ck_assert_int_eq(DELTAM("runs", "small", "--sweep", "small", "--where",
					 cases[i].where),
			ERR_USAGE);
		ck_assert_str_eq(e.msg, cases[i].message);
	}
	ck_assert_int_eq(DELTAM("runs", "small", "--sweep", "small", "--where",
				 "label=' OR 1=1 --", "--format", "csv"),
		OK);
	ck_assert_int_eq(lines(), 1);
}
END_TEST

START_TEST(a_run_is_shown_whole)
{
	change("UPDATE attempt SET cpu_seconds = 1.25, peak_bytes = 5242880 "
	       "WHERE job = 302");
	mkdir("small.db.d", 0700);
	mkdir("small.db.d/checkpoints", 0700);
	scratch_write("small.db.d/checkpoints/0000000000000000000000000000012e.ckpt",
		"12345", 5);
	mkdir("small.db.d/logs", 0700);
	scratch_write("small.db.d/logs/uw_so_lr_0.003-15.log", "no luck", 7);
	scratch_write("small.db.d/logs/uw_so_lr_0.003-5.log", "another run", 11);
	prints(DELTAM("show", "uw_so lr 0.003 T 10 seed 0", "small", "--sweep",
		       "small"),
		"show.text");
	prints(DELTAM("show", "302", "small", "--sweep", "small", "--format", "jsonl"),
		"show.jsonl");
}
END_TEST

START_TEST(every_format_shows_a_run)
{
	static const char *const formats[] = { "text", "markdown", "latex", "csv",
		"json", "html" };

	for (int i = 0; i < COUNT(formats); i++) {
		ck_assert_int_eq(DELTAM("show", "302", "small", "--sweep", "small",
					 "--format", formats[i]),
			OK);
		ck_assert_ptr_nonnull(strstr(output, "Configuration") ? output
				: i >= 3 && i < 5                     ? output
								      : NULL);
		ck_assert_ptr_nonnull(strstr(output, "0.46"));
	}
}
END_TEST

/* small.sql has the number, in hexadecimal, as the identity. */
START_TEST(a_run_goes_by_number_identity_or_name)
{
	static const char *const words[] = { "302", "0000000000000000000000000000012e",
		"0000000000000000000000000000012E", "uw_so lr 0.003 T 10 seed 0" };

	for (int i = 0; i < COUNT(words); i++) {
		ck_assert_msg(
			DELTAM("show", words[i], "small", "--sweep", "small") == OK,
			"%s: %s", words[i], e.msg);
		ck_assert_ptr_nonnull(strstr(output, "uw_so lr 0.003 T 10 seed 0"));
	}
	change("UPDATE job SET identity = 'abcdef' || substr(identity, 7) "
	       "WHERE id = 302");
	ck_assert_int_eq(DELTAM("show", "abcdef", "small", "--sweep", "small"), OK);
	ck_assert_int_eq(
		DELTAM("show", "abcde", "small", "--sweep", "small"), ERR_USAGE);
}
END_TEST

START_TEST(of_several_runs_the_candidates_are_named)
{
	change("UPDATE job SET identity = 'abcdef' || substr(identity, 7) "
	       "WHERE id IN (302, 303)");
	ck_assert_int_eq(
		DELTAM("show", "abcdef", "small", "--sweep", "small"), ERR_USAGE);
	ck_assert_str_eq(e.msg,
		"\"abcdef\" may be any of 2 runs; give more of one:\n"
		"  abcdef000000  uw_so lr 0.003 T 10 seed 0\n"
		"  abcdef000000  uw_so lr 0.003 T 100 seed 0");
	ck_assert_int_eq(err_exit_status(ERR_USAGE), 2);
	ck_assert_int_eq(
		DELTAM("show", "000000", "small", "--sweep", "small"), ERR_USAGE);
	ck_assert_ptr_nonnull(strstr(e.msg, "\n  and 12 more"));
	ck_assert_int_eq(DELTAM("show", "uw_so lr 0.003 T 1 seed 1", "small", "--sweep",
				 "small"),
		ERR_USAGE);
	ck_assert_ptr_nonnull(
		strstr(e.msg, "(did you mean \"uw_so lr 0.003 T 1 seed 0\"?)"));
	/* Whole words: T 1 is neither T 10 nor T 100. */
	ck_assert_int_eq(
		DELTAM("show", "uw_so lr 0.003 T 1", "small", "--sweep", "small"), OK);
	ck_assert_ptr_nonnull(strstr(output, "uw_so lr 0.003 T 1 seed 0"));
	ck_assert_int_eq(
		DELTAM("show", "uw_so lr 0.003 T 10", "small", "--sweep", "small"),
		ERR_USAGE);
	ck_assert_ptr_nonnull(strstr(e.msg, "may be any of "));
	ck_assert_ptr_nonnull(strstr(e.msg, "  uw_so lr 0.003 T 10 seed 1000"));
}
END_TEST

/* Without its variant the name may be that of two. */
START_TEST(a_name_needs_no_variant_where_one_has_it)
{
	change("INSERT INTO variant VALUES (1, 'sgd', 1);"
	       "UPDATE stage SET variant = 'sgd' WHERE id = 8");
	ck_assert_int_eq(DELTAM("show", "uw_so lr 0.003 T 10 seed 1000", "small",
				 "--sweep", "small"),
		OK);
	ck_assert_ptr_nonnull(strstr(output, "sgd: uw_so lr 0.003 T 10 seed 1000"));
	change("UPDATE job SET seed = 0 WHERE id = 311");
	ck_assert_int_eq(DELTAM("show", "sgd: uw_so lr 0.003 T 10 seed 0", "small",
				 "--sweep", "small"),
		OK);
	ck_assert_int_eq(DELTAM("show", "uw_so lr 0.003 T 10 seed 0", "small",
				 "--sweep", "small"),
		ERR_USAGE);
	ck_assert_ptr_nonnull(strstr(e.msg, "may be any of 2 runs"));
}
END_TEST

START_TEST(an_export_is_long_and_tidy)
{
	static const char *const whats[] = { "metrics", "weights", "runs" };

	for (int i = 0; i < COUNT(whats); i++) {
		char file[64];

		snprintf(file, sizeof(file), "export.%s.csv", whats[i]);
		prints(DELTAM("export", whats[i], "small", "--sweep", "small",
			       "--where", "method=uw_so,T=10,seed=1000"),
			file);
		snprintf(file, sizeof(file), "export.%s.jsonl", whats[i]);
		prints(DELTAM("export", whats[i], "small", "--sweep", "small",
			       "--where", "method=uw_so,T=10,seed=1000", "--format",
			       "jsonl"),
			file);
	}
	ck_assert_int_eq(DELTAM("export", "metrics", "small", "--sweep", "small",
				 "--format", "html"),
		ERR_USAGE);
	ck_assert_ptr_nonnull(strstr(e.msg, "export writes csv or jsonl"));
}
END_TEST

/* Every row is there once, and columns stand for the hyperparameters of all methods. */
START_TEST(an_export_has_every_row)
{
	ck_assert_int_eq(DELTAM("export", "metrics", "small", "--sweep", "small"), OK);
	ck_assert_int_eq(lines() - 1,
		(int)query_int("small.db",
			"SELECT count(*) FROM metric WHERE job IN (SELECT job FROM "
			"stage_job WHERE sweep = 1)"));
	ck_assert_int_eq(strncmp(output,
				 "label,variant,task_of_baseline,lr,wd,seed,T,epoch,"
				 "split,task,name,value,outcome\n",
				 60),
		0);
	ck_assert_ptr_nonnull(strstr(output,
		"\nscalarization,,,0.003,0,1001,,1,test,reg1,abs_err,0.9,"
		"diverged\n"));
}
END_TEST

/* 200,000 rows of 150 bytes in an address space that has no room for them. */
START_TEST(an_export_does_not_hold_its_rows)
{
	struct rlimit limit;
	long data; /* KiB that this process has, which the limit counts, too */
	struct cli_options o;
	char *argv[] = { (char[]){ "deltam" }, (char[]){ "export" },
		(char[]){ "metrics" }, (char[]){ "small" }, (char[]){ "--sweep" },
		(char[]){ "small" }, (char[]){ "--format" }, (char[]){ "jsonl" },
		NULL };

	change("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE "
	       "i < 200000) INSERT INTO metric SELECT 211, 3, 'x', '', "
	       "printf('%07d', i), i FROM n");
	ck_assert_int_eq(cli_parse(&o, COUNT(argv) - 1, argv, &e), OK);
	ck_assert_int_eq(getrlimit(RLIMIT_DATA, &limit), 0);
	data = child_status_kib(getpid(), "VmData");
	ck_assert_int_gt(data, 0);
	limit.rlim_cur = ((rlim_t)data << 10) + (16 << 20);
	ck_assert_int_eq(setrlimit(RLIMIT_DATA, &limit), 0);
	ck_assert_ptr_nonnull(freopen("rows", "w", stdout));
	ck_assert_int_eq(o.command->run(&o, &e), OK);
	ck_assert_int_eq(fflush(stdout), 0);
}
END_TEST

Suite *suite_runs(void);
Suite *suite_runs(void)
{
	Suite *s = suite_create("runs");
	TCase *c = tcase_create("runs");

	suite_add_tcase(s, c);
	tcase_add_checked_fixture(c, enter, leave);
	tcase_add_test(c, runs_are_listed_to_the_letter);
	tcase_add_test(c, every_format_lists_runs);
	tcase_add_test(c, where_keeps_runs_with_those_values);
	tcase_add_test(c, where_is_never_sql);
	tcase_add_test(c, a_run_is_shown_whole);
	tcase_add_test(c, every_format_shows_a_run);
	tcase_add_test(c, a_run_goes_by_number_identity_or_name);
	tcase_add_test(c, of_several_runs_the_candidates_are_named);
	tcase_add_test(c, a_name_needs_no_variant_where_one_has_it);
	tcase_add_test(c, an_export_is_long_and_tidy);
	tcase_add_test(c, an_export_has_every_row);
	tcase_add_test(c, an_export_does_not_hold_its_rows);
	return s;
}
