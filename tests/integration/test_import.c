/*
 * deltam import: what export has written comes back as the same table, and everything that
 * is wrong with a file is said at its place, with nothing written.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/arena.h"
#include "tests/lib/child.h"
#include "tests/lib/digest.h"
#include "tests/lib/scratch.h"

/*
 * With rungs, a finer alpha, and labels that a spreadsheet would compute: everything that
 * a file of rows must bring back.
 */
#define SEARCH(command) \
	"{ \"sweep\": \"s\", \"trainer\": { " command "\"tasks\": { \"a\": { \"acc\":" \
	" \"higher\", \"err\": \"lower\" }, \"b\": { \"acc\": \"higher\", \"err\":" \
	" \"lower\" } } }, \"dataset\": {}, \"train\": { \"epochs\": 6 }, \"methods\":" \
	" [ \"uw\", { \"name\": \"ew\", \"label\": \"=e,\\\"w\" }, { \"name\": \"uw_so\"," \
	" \"T\": [1, 2, 4] }, { \"name\": \"mine\", \"title\": \"Ours\", \"alpha\":" \
	" { \"from\": 0.1, \"to\": 10, \"per_decade\": 1, \"fine\": 1 } } ]," \
	" \"search\": { \"kind\": \"line\", \"lr\": [0.01, 0.003]," \
	" \"wd\": [0, 1e-4] }, \"final\": { \"seeds\": 2 } }"

/* Two tasks of one criterion each, two epochs, no rungs. */
static const char small[] =
	"{ \"sweep\": \"s\", \"trainer\": { \"tasks\": { \"a\": { \"m\": \"higher\" },"
	" \"b\": { \"m\": \"lower\" } } }, \"dataset\": {}, \"train\": { \"epochs\": 2 },"
	" \"methods\": [ \"ew\", { \"name\": \"uw_so\", \"T\": [1, 10] } ],"
	" \"search\": { \"lr\": [0.1] }, \"prune\": { \"rule\": \"none\" } }";

static char text[1 << 20];
static char other[1 << 20];

static void write_text(const char *name, const char *bytes)
{
	scratch_write(name, bytes, strlen(bytes));
}

static void setup(void)
{
	size_t n;

	scratch_enter();
	n = scratch_read(
		scratch_source("tests/fixtures/trainer/train.sh"), text, sizeof(text));
	scratch_write("train.sh", text, n);
	write_text("line.txt", "");
	write_text("s.json", small);
}

static void teardown(void)
{
	scratch_leave();
}

/* Exit status of deltam with these words; the files `out` and `err` have what it said. */
static int deltam(const char *a, const char *b, const char *c, const char *d,
	const char *f, const char *g)
{
	const char *argv[] = { "deltam", a, b, c, d, f, g, NULL };

	return child_run(argv, NULL);
}

static void does(int status)
{
	scratch_read("err", text, sizeof(text));
	ck_assert_msg(status == 0, "%d: %s", status, text);
}

static void keep_output(const char *as)
{
	ck_assert_int_eq(rename("out", as), 0);
}

static void same_files(const char *a, const char *b)
{
	size_t n = scratch_read(a, text, sizeof(text));
	size_t m = scratch_read(b, other, sizeof(other));

	ck_assert_msg(n == m && !memcmp(text, other, n), "%s\n%s", text, other);
	ck_assert_uint_gt(n, 100);
}

static void comes_back(const char *format, const char *metrics, const char *weights)
{
	write_text("s.json",
		SEARCH("\"command\": [\"sh\", \"train.sh\"], \"files\":"
		       " [\"train.sh\", \"line.txt\"], "));
	does(deltam("export", "metrics", "s.json", "--format", format, NULL));
	keep_output(metrics);
	does(deltam("export", "weights", "s.json", "--format", format, NULL));
	keep_output(weights);
	ck_assert_int_eq(rename("s.db", "trained.db"), 0);
	write_text("s.json", SEARCH(""));
	does(deltam("import", "s.json", weights, metrics, NULL, NULL));
	ck_assert_ptr_nonnull(strstr(text, "nothing is left to train"));
	does(deltam("table", "s.json", NULL, NULL, NULL, NULL));
	same_files("out", "table");
	does(deltam("run", "s.json", NULL, NULL, NULL, NULL));
	same_files("out", "table");
	ck_assert_int_eq(query_int("s.db", "SELECT count(*) FROM attempt"), 0);
	ck_assert_int_gt(
		query_int("s.db", "SELECT count(*) FROM decision WHERE kind='stop'"),
		3);
	ck_assert_int_eq(query_int("s.db", "SELECT count(*) FROM task_weight"),
		query_int("trained.db", "SELECT count(*) FROM task_weight"));
	ck_assert_str_eq(query_text("s.db", "SELECT state FROM sweep"), "done");
	/* What it has already it compares. */
	does(deltam("import", "s.json", metrics, NULL, NULL, NULL));
	does(deltam("export", "metrics", "s.json", "--format", format, NULL));
	same_files("out", metrics);
	ck_assert_int_eq(rename("trained.db", "s.db"), 0);
}

START_TEST(what_export_has_written_comes_back_as_the_same_table)
{
	write_text("s.json",
		SEARCH("\"command\": [\"sh\", \"train.sh\"], \"files\":"
		       " [\"train.sh\", \"line.txt\"], "));
	does(deltam("run", "s.json", "--workers", "2", NULL, NULL));
	keep_output("table");
	comes_back("csv", "metrics.csv", "weights.csv");
	comes_back("jsonl", "metrics.jsonl", "weights.jsonl");
}
END_TEST

/* Lines of a file that a test puts together. */
static char lines[1 << 14];

static void add_baseline(const char *task)
{
	for (int i = 0; i < 2; i++) /* of the search, of the final stage */
		snprintf(lines + strlen(lines), 1024,
			"{\"job\": {\"label\": \"stl\", \"task\": \"%s\", \"lr\": 0.1,"
			" \"seed\": %d, \"wd\": 0}}\n"
			"{\"hello\": {\"device\": \"A100\"}}\n"
			"{\"epoch\": 1, \"val\": {\"%s\": {\"loss\": 2, \"m\": 1}},"
			" \"test\": {\"%s\": {\"m\": 1}}}\n{\"beat\": true}\n"
			"{\"epoch\": 2, \"val\": {\"%s\": {\"loss\": 1, \"m\": 2}},"
			" \"test\": {\"%s\": {\"m\": 2}}}\n",
			task, 1000 * i, task, task, task, task);
}

static void add_job(const char *label, int seed, const char *hyper)
{
	snprintf(lines + strlen(lines), 256,
		"{\"job\": {\"label\": \"%s\", \"lr\": 1e-1, \"wd\": 0, \"seed\": %d,"
		" \"hyper\": {%s}}}\n",
		label, seed, hyper);
}

static void add_epoch(int epoch, const char *a)
{
	snprintf(lines + strlen(lines), 512,
		"{\"epoch\": %d, \"val\": {\"a\": {\"loss\": %s, \"m\": 3}, \"b\":"
		" {\"loss\": 1, \"m\": 1}}, \"test\": {\"a\": {\"m\": 3}, \"b\":"
		" {\"m\": 1}}, \"weights\": {\"a\": 0.5, \"b\": 0.5}}\n",
		epoch, a);
}

static void add_whole(const char *label, int seed, const char *hyper)
{
	add_job(label, seed, hyper);
	add_epoch(1, "2");
	add_epoch(2, "1");
}

/* All that the small sweep wants, but for T 10, which is up to the test. */
static void add_most(void)
{
	*lines = '\0';
	add_baseline("a");
	add_baseline("b");
	add_whole("ew", 0, "");
	add_whole("ew", 1000, "");
	add_whole("uw_so", 0, "\"T\": 1.0");
	add_whole("uw_so", 1000, "\"T\": 1");
}

/* What it says; nothing is written. */
static void expect_fault(const char *file, const char *words)
{
	ck_assert_int_eq(deltam("import", "s.json", file, NULL, NULL, NULL), 3);
	scratch_read("err", text, sizeof(text));
	ck_assert_msg(strstr(text, words) != NULL, "\"%s\" is not in: %s", words, text);
	ck_assert_ptr_null(strstr(scratch_files(), "s.db "));
}

START_TEST(what_a_trainer_would_have_reported_is_read_job_by_job)
{
	add_most();
	add_job("uw_so", 0, "\"T\": 10");
	add_epoch(1, "2");
	write_text("r", lines);
	expect_fault("r", "r:33:1: error: this run ends at epoch 1 of 2");
	add_epoch(2, "NaN");
	write_text("r", lines);
	does(deltam("import", "s.json", "r", NULL, NULL, NULL));
	ck_assert_int_eq(query_int("s.db", "SELECT count(*) FROM job"), 9);
	ck_assert_str_eq(query_text("s.db",
				 "SELECT message FROM job WHERE outcome='diverged'"
				 " AND epochs_done=1 AND origin='r'"),
		"val a/loss is not finite");
	ck_assert_str_eq(query_text("s.db",
				 "SELECT kernel_class FROM job WHERE method='stl'"
				 " LIMIT 1"),
		"A100");
	ck_assert_int_eq(query_int("s.db", "SELECT count(*) FROM task_weight"), 18);
	does(deltam("run", "s.json", NULL, NULL, NULL, NULL));
	scratch_read("out", text, sizeof(text));
	ck_assert_ptr_nonnull(strstr(text, "\nUW-SO "));
}
END_TEST

static void lost_run_comes_back(const char *format, const char *file)
{
	does(deltam("export", "metrics", "s.json", "--format", format, NULL));
	keep_output(file);
	ck_assert_int_eq(rename("s.db", "whole.db"), 0);
	does(deltam("import", "s.json", file, NULL, NULL, NULL));
	ck_assert_str_eq(query_text("s.db",
				 "SELECT count(*) || ' ' || epochs_done FROM job WHERE "
				 "outcome='diverged'"),
		"1 0");
	does(deltam("run", "s.json", NULL, NULL, NULL, NULL));
	ck_assert_int_eq(rename("whole.db", "s.db"), 0);
}

START_TEST(a_run_that_diverged_in_its_first_epoch_is_exported)
{
	add_most();
	add_job("uw_so", 0, "\"T\": 10");
	add_epoch(1, "NaN");
	write_text("r", lines);
	does(deltam("import", "s.json", "r", NULL, NULL, NULL));
	lost_run_comes_back("csv", "m.csv");
	lost_run_comes_back("jsonl", "m.jsonl");
}
END_TEST

START_TEST(what_is_missing_is_told_and_another_figure_refused)
{
	add_most();
	write_text("r", lines);
	does(deltam("import", "s.json", "r", NULL, NULL, NULL));
	ck_assert_msg(
		strstr(text, "1 run without results: `deltam run s.json`"), "%s", text);
	ck_assert_int_eq(deltam("run", "s.json", NULL, NULL, NULL, NULL), 1);
	*lines = '\0';
	add_whole("uw_so", 0, "\"T\": 10");
	add_whole("ew", 0, "");
	write_text("r", lines);
	memcpy(strstr(strstr(lines, "ew"), "\"m\": 3"), "\"m\": 4", 6);
	write_text("other", lines);
	ck_assert_int_eq(deltam("import", "s.json", "other", NULL, NULL, NULL), 3);
	scratch_read("err", text, sizeof(text));
	ck_assert_ptr_nonnull(strstr(text, "other:5:1: error: epoch 1: val a/m is in"));
	ck_assert_int_eq(query_int("s.db",
				 "SELECT count(*) FROM job WHERE temperature=10"
				 " AND epochs_done>0"),
		0);
	does(deltam("import", "s.json", "r", NULL, NULL, NULL));
	ck_assert_int_eq(query_int("s.db",
				 "SELECT count(*) FROM job WHERE temperature=10"
				 " AND epochs_done>0"),
		1);
}
END_TEST

/* Rows of a hundred runs in turn: whose they are is found again every time. */
START_TEST(rows_may_stand_in_any_order)
{
	char *at = text;

	at += sprintf(at, "%s", "label,lr,seed,T,epoch,split,task,name,value\n");
	for (int row = 0; row < 12; row++)
		for (int run = 0; run < 100; run++)
			at += sprintf(at, "uw_so,0.1,0,%d,%d,%s,%s,%s,%d.5\n", run + 1,
				2 - row % 2, row < 8 ? "val" : "test",
				row / 2 % 2 ? "a" : "b", row < 4 ? "loss" : "m", run);
	write_text("f", text);
	at = text + sprintf(text, "methods=[{\"name\":\"uw_so\",\"T\":[1");
	for (int run = 1; run < 100; run++)
		at += sprintf(at, ",%d", run + 1);
	strcpy(at, "]}]");
	snprintf(lines, sizeof(lines), "%s", text);
	does(deltam("import", "s.json", "f", "--set", lines, NULL));
	ck_assert_int_eq(query_int("s.db",
				 "SELECT count(*) FROM metric m JOIN job j ON"
				 " j.id=m.job WHERE m.value=j.temperature-0.5"),
		1200);
}
END_TEST

/* A file whose first lines are these, and what is said about it. */
#define HEAD \
	"label,variant,task_of_baseline,lr,wd,seed,T,epoch,split,task,name,value,outcome\n"
#define EPOCH(n, least) \
	"ew,,,0.1,0,0,," n ",val,a,loss,1,\new,,,0.1,0,0,," n ",val,b,loss,1,\n" \
	"ew,,,0.1,0,0,," n ",val,a,m,1,\new,,,0.1,0,0,," n ",val,b,m,1,\n" \
	"ew,,,0.1,0,0,," n ",test,a,m,1,\n" least
#define WHOLE(n) EPOCH(n, "ew,,,0.1,0,0,," n ",test,b,m,1,\n")
static const struct {
	const char *file, *words;
} faults[] = {
	{ "", "f:1:1: error: the file is empty" },
	{ "[{}]", "f:1:1: error: a list of JSON" },
	{ "label,lr,sead\n",
		"f:1:10: error: unknown column \"sead\"; did you mean \"seed\"?" },
	{ "label,lr,lr\n", "f:1:10: error: column \"lr\" stands here twice" },
	{ "label,lr,seed,epoch,task,split,name\n",
		"f:1:1: error: there is no \"value\"" },
	{ HEAD "ew,,,0.1\n", "f:2:1: error: 4 cells here, and 13 in the first line" },
	{ HEAD "\"ew,,\n", "f:2:1: error: this quote is never closed" },
	{ HEAD "\"ew\"x,,\n", "f:2:5: error: text behind a closing quote" },
	{ HEAD "ewe,,,0.1,0,0,,1,val,a,m,1,\n",
		"f:2:1: error: the sweep has no entry \"ewe\"; did" },
	{ HEAD "dwa,,,0.1,0,0,,1,val,a,m,1,\n",
		"no entry \"dwa\": it would stand under \"methods\"" },
	{ HEAD "ew,big,,0.1,0,0,,1,val,a,m,1,\n",
		"f:2:4: error: the sweep has no variant \"big\"" },
	{ HEAD "ew,,a,0.1,0,0,,1,val,a,m,1,\n",
		"f:2:5: error: only a baseline has a task" },
	{ HEAD "stl,,c,0.1,0,0,,1,val,a,m,1,\n",
		"f:2:6: error: a baseline is of one task" },
	{ HEAD "stl,,a,0.1,0,0,,1,val,b,m,1,\n",
		"f:2:23: error: this run has no task \"b\"" },
	{ HEAD "ew,,,-1,0,0,,1,val,a,m,1,\n",
		"f:2:6: error: lr -1 is below the minimum 0" },
	{ HEAD "ew,,,0.1,x,0,,1,val,a,m,1,\n",
		"f:2:10: error: wd is \"x\", not a finite number" },
	{ HEAD "ew,,,0.1,0,-1,,1,val,a,m,1,\n",
		"f:2:12: error: seed is \"-1\", not a whole number" },
	{ HEAD "ew,,,0.1,0,0,3,1,val,a,m,1,\n",
		"f:2:14: error: entry \"ew\" of the sweep has no T" },
	{ HEAD "uw_so,,,0.1,0,0,,1,val,a,m,1,\n",
		"f:2:1: error: entry \"uw_so\" has several values of T" },
	{ HEAD "uw_so,,,0.1,0,0,1e99,1,val,a,m,1,\n",
		"f:2:17: error: T 1e99 is above the maximum" },
	{ HEAD "ew,,,0.1,0,0,,3,val,a,m,1,\n",
		"f:2:15: error: epoch is \"3\", not a whole number from 1 to 2" },
	{ HEAD "ew,,,0.1,0,0,,1,val,a,m,inf,\n",
		"f:2:25: error: value is \"inf\", not a finite number" },
	{ HEAD "ew,,,0.1,0,0,,1,,a,m,1,\n",
		"f:2:17: error: a figure has a split and a name" },
	{ HEAD "ew,,,0.1,0,0,,1,val,a,m,1,won\n",
		"f:2:27: error: unknown outcome \"won\"" },
	{ HEAD WHOLE("1") WHOLE("2") "ew,,,1e-1,0,0.0,,2,val,a,m,1,\n",
		"f:14:1: error: val a/m of epoch 2 of this run stands here twice" },
	{ HEAD WHOLE("2"), "f:2:1: error: this run begins with epoch 2" },
	{ HEAD WHOLE("1") EPOCH("2", ""),
		"f:8:1: error: test b/m of epoch 2 of this run is missing" },
	{ HEAD WHOLE("1") WHOLE("2") "ew,,,0.1,0,0,,2,val,a,x,1,diverged\n",
		"f:2:1: error: this run diverged, and has figures of all 2 epochs" },
	{ HEAD WHOLE("1"), "f:2:1: error: this run ends at epoch 1 of 2" },
	{ "label,lr,seed,epoch,task,weight_mean\new,0.1,0,1,a,1\n",
		"f:2:1: error: weights of epoch 1, and figures of 0 epochs" },
	{ "{\"epoch\": 1}",
		"f:1:1: error: a line has \"label\" and one figure, or \"job\"" },
	{ "{\"job\": 1}", "f:1:9: error: \"job\" must be an object" },
	{ "{\"job\": {\"label\": \"ew\"}}",
		"f:1:9: error: a job has \"label\", \"lr\"" },
	{ "{\"job\": {\"lable\": \"ew\"}}",
		"f:1:10: error: unknown key \"lable\" of a job; did" },
	{ "{\"job\": {\"hyper\": 1}}", "f:1:19: error: \"hyper\" must be an object" },
	{ "{\"job\": {\"lr\": {}}}", "f:1:16: error: an object is no value" },
	{ "{\"job\": {\"label\": \"ew\", \"lr\": 0.1, \"wd\": 0, \"seed\": 0}}\n{\"epoch\": 2, "
	  "\"val\": {\"a\": {\"loss\": 1, \"m\": 1}, \"b\": {\"loss\": 1, \"m\": 1}}, \"test\":"
	  " {\"a\": {\"m\": 1}, \"b\": {\"m\": 1}}}",
		"f:2:1: error: epoch 2 where epoch 1 is expected" },
	{ "{\"job\": {\"label\": \"ew\", \"lr\": 0.1, \"wd\": 0, \"seed\": 0}}\n{\"epoch\": 1}",
		"f:2:1: error: \"val\" is missing" },
	{ "{\"label\": \"ew\", \"lr\": [true]}",
		"f:1:23: error: a list holds numbers here" },
	{ "{\"label\": \"ew\",", "f:1:16: error: " },
};

START_TEST(every_fault_is_said_at_its_place)
{
	write_text("f", faults[_i].file);
	expect_fault("f", faults[_i].words);
}
END_TEST

START_TEST(only_a_sweep_with_a_trainer_takes_results)
{
	write_text("s.json",
		"{ \"sweep\": \"s\", \"dataset\": \"synthetic\", \"train\": { \"epochs\": 1 },"
		" \"methods\": [\"ew\"], \"search\": { \"lr\": [0.1] } }");
	write_text("f", HEAD);
	ck_assert_int_eq(deltam("import", "s.json", "f", NULL, NULL, NULL), 2);
	scratch_read("err", text, sizeof(text));
	ck_assert_ptr_nonnull(strstr(text, "s.json has no \"trainer\""));
	ck_assert_int_eq(deltam("import", "s.json", NULL, NULL, NULL, NULL), 2);
}
END_TEST

Suite *suite_import(void);
Suite *suite_import(void)
{
	Suite *s = suite_create("import");
	TCase *t = tcase_create("import");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, what_export_has_written_comes_back_as_the_same_table);
	tcase_add_test(t, what_a_trainer_would_have_reported_is_read_job_by_job);
	tcase_add_test(t, a_run_that_diverged_in_its_first_epoch_is_exported);
	tcase_add_test(t, what_is_missing_is_told_and_another_figure_refused);
	tcase_add_test(t, rows_may_stand_in_any_order);
	tcase_add_loop_test(t, every_fault_is_said_at_its_place, 0, COUNT(faults));
	tcase_add_test(t, only_a_sweep_with_a_trainer_takes_results);
	suite_add_tcase(s, t);
	return s;
}
