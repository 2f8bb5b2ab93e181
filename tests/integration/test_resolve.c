/*
 * What a sweep needs from outside, looked at by the real programs on real files: what
 * cannot be loaded is said where the sweep file names it, by `check` as by `plan` and
 * `run`, and nothing is written.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "common/arena.h"
#include "tests/lib/child.h"
#include "tests/lib/digest.h"
#include "tests/lib/fake_idx.h"
#include "tests/lib/fake_npy.h"
#include "tests/lib/played.h"
#include "tests/lib/scratch.h"

static struct arena arena;

static void setup(void)
{
	arena = (struct arena){ 0 };
	scratch_enter();
	setenv("DELTAM_CACHE", "cache", 1);
	setenv("DELTAM_DATA", "nobody", 1);
}

static void teardown(void)
{
	arena_release(&arena);
	scratch_leave();
}

static int deltam(const char *command, const char *flag)
{
	const char *const argv[] = { "deltam", command, "t.json", flag, NULL };

	return child_run(argv, NULL);
}

static const char *said(void)
{
	char *text = arena_alloc(&arena, 8192, 1);

	scratch_read("err", text, 8192);
	return text;
}

/* Writes t.json: what is in front of the data set is the same in all. */
static void write_sweep(const char *rest)
{
	const char *text = arena_printf(&arena,
		"{ \"sweep\": \"t\", \"methods\": [\"ew\"], \"search\": { \"lr\": 1e-3 "
		"},\n%s }\n",
		rest);

	scratch_write("t.json", text, strlen(text));
}

/* One error, the same from every command, and nothing but the two files beside it. */
static void refused(int status, const char *line)
{
	static const char *const commands[] = { "check", "plan", "prepare", "run" };
	const char *files;

	ck_assert_int_eq(deltam("check", NULL), status);
	files = arena_strdup(&arena, scratch_files());
	for (int i = 0; i < COUNT(commands); i++) {
		const char *text;

		ck_assert_int_eq(deltam(commands[i], NULL), status);
		text = said();
		ck_assert_msg(!strncmp(text, line, strlen(line)), "%s: %s", commands[i],
			text);
		ck_assert_msg(!strstr(strchr(text, '\n'), "error: "), "%s", text);
		ck_assert_str_eq(scratch_files(), files);
	}
}

/* A file of samples of three numbers, or of labels. */
static void put_array(const char *split, const char *name, int n)
{
	bool input = !strcmp(name, "input");
	float *zeros = NEW_ARRAY(&arena, float, n * 3);

	fake_npy(arena_printf(&arena, "d/%s/%s.npy", split, name), "<f4",
		arena_printf(&arena, input ? "(%d, 3)" : "(%d,)", n), zeros,
		(size_t)n * (input ? 3 : 1) * sizeof(float));
}

static void put_arrays(void)
{
	static const char *const splits[] = { "train", "val", "test" };

	for (int i = 0; i < 3; i++) {
		put_array(splits[i], "input", i ? 4 : 20);
		put_array(splits[i], "a", i ? 4 : 20);
		put_array(splits[i], "b", i ? 4 : 20);
	}
}

#define NPY \
	"\"train\": { \"epochs\": 1, \"batch\": 4 },\n" \
	"\"dataset\": { \"name\": \"npy\", \"path\": \"d\",\n" \
	"  \"tasks\": \"a=class:3 b=regress:1\",\n" \
	"  \"input\": [3],\n" \
	"  \"train\": 20, \"val\": 4, \"test\": 4 }"

START_TEST(arrays_that_are_there_pass_and_are_not_composed)
{
	put_arrays();
	write_sweep(NPY);
	ck_assert_msg(deltam("check", NULL) == 0, "%s", said());
	ck_assert_str_eq(scratch_files(), "d err out t.json");
	ck_assert_int_eq(deltam("plan", "--no-probe"), 0);
	ck_assert_str_eq(scratch_files(), "d err out t.json");
}
END_TEST

/* What `prepare` says of the data sets, sorted, without the digits of their names. */
static const char *prepared(void)
{
	char *text = arena_alloc(&arena, 8192, 1);
	FILE *f;

	ck_assert_msg(deltam("prepare", NULL) == 0, "%s", said());
	f = popen("sed 's/-[0-9a-f]*//' out | sort", "r");
	ck_assert_ptr_nonnull(f);
	text[fread(text, 1, 8191, f)] = '\0';
	pclose(f);
	return text;
}

/* Two variants of one data set and two of another: `run` composes none of them again. */
START_TEST(prepare_composes_each_data_set_once_and_trains_nothing)
{
	static const char made[] = "made  npy.data: 16 + 4 + 4 samples, 0.0 MB\n"
				   "made  npy.data: 20 + 4 + 4 samples, 0.0 MB\n";
	static const char there[] = "there npy.data: 16 + 4 + 4 samples, 0.0 MB\n"
				    "there npy.data: 20 + 4 + 4 samples, 0.0 MB\n";

	put_arrays();
	write_sweep(
		NPY ", \"vary\": { \"dataset.train\": [20, 16], \"batch\": [4, 2] }");
	ck_assert_str_eq(prepared(), made);
	ck_assert_str_eq(scratch_files(), "cache d err out t.json");
	ck_assert_str_eq(prepared(), there);
	put_array("train", "a", 21); /* another source */
	ck_assert_str_eq(prepared(), made);
	ck_assert_msg(deltam("run", NULL) == 0, "%s", said());
	ck_assert_str_eq(prepared(), there);
}
END_TEST

/* A command reads its data itself. */
START_TEST(prepare_has_nothing_to_do_for_another_trainer)
{
	static const char text[] =
		"{ \"sweep\": \"t\", \"trainer\": { \"command\": [\"true\"], "
		"\"tasks\": { \"a\": { \"acc\": \"higher\" } } }, \"dataset\": {}, "
		"\"train\": { \"epochs\": 1 }, \"methods\": [\"ew\"], \"search\": { \"lr\": "
		"1 } }";

	scratch_write("t.json", text, strlen(text));
	ck_assert_str_eq(prepared(),
		"t.json: nothing to compose, its trainer reads the data itself\n");
}
END_TEST

#define NPY_ROWS \
	"\"train\": { \"epochs\": 1, \"batch\": 4 },\n" \
	"\"dataset\": { \"name\": \"npy\", \"path\": \"d\",\n" \
	"  \"tasks\": \"a=class:3 b=regress:1\", \"input\": [3] }"

/* All rows of the files, from a folder beside the sweep file, wherever it is. */
START_TEST(a_sweep_means_the_same_files_from_anywhere_and_takes_all_their_rows)
{
	const char *const away[] = { "deltam", "run", "here/t.json", NULL };
	const char *const moved[] = { "deltam", "run", "there/t.json", NULL };
	const char *const audit[] = { "deltam", "audit", "t", NULL };
	int64_t attempts;

	put_arrays();
	write_sweep(NPY_ROWS);
	ck_assert_int_eq(mkdir("here", 0777), 0);
	ck_assert_int_eq(rename("d", "here/d"), 0);
	ck_assert_int_eq(rename("t.json", "here/t.json"), 0);
	ck_assert_msg(child_run(away, NULL) == 0, "%s", said());
	ck_assert_str_eq(query_text("t.db",
				 "SELECT group_concat(DISTINCT value) FROM job_param "
				 "WHERE name IN ('dataset.train', 'dataset.val')"),
		"20,4");
	ck_assert_ptr_nonnull(
		strstr(query_text("t.db", "SELECT folder FROM sweep"), "/here"));
	attempts = query_int("t.db", "SELECT count(*) FROM attempt");
	ck_assert_int_gt(attempts, 0);
	ck_assert_int_eq(rename("here", "there"), 0);
	ck_assert_msg(child_run(moved, NULL) == 0, "%s", said());
	ck_assert_int_eq(query_int("t.db", "SELECT count(*) FROM attempt"), attempts);
	ck_assert_msg(child_run(audit, NULL) == 0, "%s", said());
	ck_assert_int_eq(query_int("t.audit.db", "SELECT count(*) FROM attempt"), 0);
}
END_TEST

START_TEST(a_batch_of_more_than_all_rows_is_refused)
{
	put_arrays();
	write_sweep("\"train\": { \"epochs\": 1, \"batch\": 21 },\n"
		    "\"dataset\": { \"name\": \"npy\", \"path\": \"d\",\n"
		    "  \"tasks\": \"a=class:3 b=regress:1\", \"input\": [3] }");
	refused(2,
		"t.json:2:34: error: batch 21 is larger than the training set, "
		"which has 20 rows\n");
}
END_TEST

START_TEST(a_wrong_path_is_shown_at_the_path)
{
	write_sweep(NPY);
	refused(3, "t.json:3:37: error: data set npy: dataset.path: ");
	ck_assert_ptr_nonnull(
		strstr(said(), "/d/train/input.npy: No such file or directory"));
	ck_assert_ptr_nonnull(strstr(said(),
		"\n    3 | \"dataset\": { \"name\": \"npy\", \"path\": \"d\",\n"
		"      |                                     ^\n"));
}
END_TEST

START_TEST(a_wrong_shape_is_shown_at_the_shape)
{
	static const float zeros[20 * 4] = { 0 };

	put_arrays();
	write_sweep(NPY);
	fake_npy("d/val/input.npy", "<f4", "(4, 4)", zeros, 16 * sizeof(float));
	refused(3, "t.json:5:12: error: data set npy: dataset.input: ");
	ck_assert_ptr_nonnull(strstr(said(),
		"/d/val/input.npy: found shape (4, 4), expected (4, 3) or "
		"more"));
	put_arrays();
	fake_npy("d/train/b.npy", "<f4", "(20, 2)", zeros, 40 * sizeof(float));
	refused(3, "t.json:4:12: error: data set npy: dataset.tasks: ");
}
END_TEST

START_TEST(a_missing_task_is_shown_at_the_tasks)
{
	put_arrays();
	write_sweep(NPY);
	ck_assert_int_eq(unlink("d/test/b.npy"), 0);
	refused(3, "t.json:4:12: error: data set npy: dataset.tasks: ");
	ck_assert_ptr_nonnull(
		strstr(said(), "/d/test/b.npy: No such file or directory"));
}
END_TEST

START_TEST(too_few_samples_are_shown_at_the_size_of_their_split)
{
	put_arrays();
	write_sweep(NPY);
	put_array("train", "a", 19);
	refused(3, "t.json:6:12: error: data set npy: dataset.train: ");
	ck_assert_ptr_nonnull(strstr(
		said(), "/d/train/a.npy: found shape (19), expected (20) or more"));
	put_arrays();
	put_array("val", "input", 3);
	refused(3, "t.json:6:23: error: data set npy: dataset.val: ");
}
END_TEST

START_TEST(without_data_no_file_is_looked_at)
{
	static const char *const sweeps[] = { NPY,
		NPY ", \"baseline\": { \"from\": \"nowhere.db\" }",
		"\"train\": { \"epochs\": 1 }, \"dataset\": { \"name\": "
		"\"multi_fashion\", \"path\": \"nowhere\" }, \"model\": { \"name\": "
		"\"lenet\", \"init\": \"nowhere\" }, \"evaluate\": { \"corruptions\": "
		"\"all\", \"textures\": \"nowhere\" }" };

	for (int i = 0; i < 3; i++) {
		write_sweep(sweeps[i]);
		ck_assert_int_eq(deltam("check", NULL), 3);
		ck_assert_msg(deltam("check", "--no-data") == 0, "%s", said());
		ck_assert_msg(deltam("plan", "--no-data") == 0, "%s", said());
		ck_assert_str_eq(said(),
			"note: final.seeds is 1: the figures of the table are of one "
			"run each, without ±;\n      \"final\": { \"seeds\": 5 } "
			"repeats the winners\n");
	}
}
END_TEST

/* What no command can load: its place, the status, and the beginning of the message. */
static const struct {
	const char *rest;
	int status;
	const char *line;
} faults[] = {
	{ "\"train\": { \"epochs\": 1 },\n\"dataset\": { \"name\": \"synthetic\" },\n"
	  "\"evaluate\": {}",
		2,
		"t.json:4:13: error: \"evaluate\" wants pictures, and data set "
		"\"synthetic\" has inputs of 16x1x1\n" },
	{ "\"train\": { \"epochs\": 1 },\n\"dataset\": { \"name\": \"synthetic\" },\n"
	  "\"baseline\": { \"from\": \"nowhere.db\" }",
		3,
		"t.json:4:23: error: baseline.from: there is no database nowhere.db" },
	{ "\"train\": { \"epochs\": 1 },\n\"dataset\": { \"name\": \"scenes\" },\n"
	  "\"evaluate\": { \"corruptions\": \"all\",\n  \"textures\": \"nowhere\" }",
		3, "t.json:5:15: error: nowhere: not a folder" },
	{ "\"train\": { \"epochs\": 1 }, \"dataset\": { \"name\": \"synthetic\" },\n"
	  "\"model\": { \"name\": \"mlp\",\n  \"init\": \"nowhere\" }",
		3, "t.json:4:11: error: nowhere" },
	{ "\"train\": { \"epochs\": 1 }, \"dataset\": { \"name\": \"synthetic\" },\n"
	  "\"baseline\": { \"model\": { \"name\": \"mlp\",\n  \"init\": \"nowhere\" } "
	  "}",
		3, "t.json:4:11: error: nowhere" },
	{ "\"train\": { \"epochs\": 1 },\n\"dataset\": { \"name\": \"synthetic\",\n"
	  "  \"pseudo\": \"reg1=nowhere.params\" }",
		3, "t.json:4:13: error: data set synthetic: dataset.pseudo: " },
	{ "\"train\": { \"epochs\": 1 },\n\"dataset\": { \"name\": \"multi_mnist\" }",
		3, "t.json:3:22: error: data set multi_mnist: " },
	{ "\"train\": { \"epochs\": 1 },\n\"dataset\": { \"name\": \"nyuv2\" }", 3,
		"t.json:3:22: error: data set nyuv2: " },
	{ "\"train\": { \"epochs\": 1 },\n\"dataset\": { \"name\": \"celeba\",\n"
	  "  \"path\": \"nowhere\" }",
		3, "t.json:4:11: error: data set celeba: " },
	{ "\"train\": { \"epochs\": 1 },\n\"dataset\": { \"name\": \"cifar100\" }", 3,
		"t.json:3:22: error: data set cifar100: " },
	{ "\"train\": { \"epochs\": 1 }, \"dataset\": { \"name\": \"multi_fashion\" "
	  "},\n\"vary\": { \"dataset.path\": [\"/usr/share/datasets/fashion-mnist\",\n"
	  "  \"nowhere\"] }",
		3, "t.json:4:3: error: data set multi_fashion: " },
};

START_TEST(what_cannot_be_loaded_has_its_place_and_its_status)
{
	write_sweep(faults[_i].rest);
	refused(faults[_i].status, faults[_i].line);
}
END_TEST

START_TEST(headers_of_images_are_looked_at)
{
	static const uint8_t cut[8] = { 0x0, 0x0, 0x8, 0x3, 0x0, 0x0, 0xea, 0x61 };

	fake_write_plain();
	write_sweep("\"train\": { \"epochs\": 1 },\n\"dataset\": { \"name\": "
		    "\"multi_mnist\", \"path\": \".\", \"train\": 100, \"val\": 10, "
		    "\"test\": 10 }");
	ck_assert_msg(deltam("check", NULL) == 0, "%s", said());
	ck_assert_int_ne(access("cache", F_OK), 0);
	scratch_write_at("train-images-idx3-ubyte", 0, cut, sizeof(cut));
	refused(3, "t.json:3:45: error: data set multi_mnist: ");
	ck_assert_ptr_nonnull(strstr(said(),
		"train-images-idx3-ubyte: dimension 1 is 60001, expected "
		"60000"));
}
END_TEST

/* All of a file's faults at once; that of the file itself decides the status. */
START_TEST(faults_come_together)
{
	const char *text;

	write_sweep("\"train\": { \"epochs\": 1 },\n"
		    "\"dataset\": { \"name\": \"npy\", \"path\": \"nowhere\", "
		    "\"tasks\": \"a=class:3\", \"input\": [4] },\n"
		    "\"baseline\": { \"from\": \"nowhere.db\" },\n"
		    "\"evaluate\": {}");
	ck_assert_int_eq(deltam("check", NULL), 2);
	text = said();
	ck_assert_msg(strstr(text, "t.json:3:37: error: data set npy: ") &&
			strstr(text, "t.json:4:23: error: baseline.from: ") &&
			strstr(text, "t.json:5:13: error: \"evaluate\" wants"),
		"%s", text);
}
END_TEST

/* The table baseline of one sweep is what another one compares with. */
START_TEST(a_baseline_of_another_database_is_taken_whole_or_refused)
{
	write_sweep(PLAYED_DATASET
		"\"train\": { \"epochs\": 2 }, \"final\": { \"seeds\": 1 }");
	ck_assert_msg(deltam("run", NULL) == 0, "%s", said());
	ck_assert_int_eq(rename("t.db", "base.db"), 0);
	write_sweep("\"train\": { \"epochs\": 1 }, " PLAYED_DATASET
		    "\"baseline\": { \"from\": \"base.db\" }");
	ck_assert_msg(deltam("check", NULL) == 0, "%s", said());
	ck_assert_msg(deltam("run", NULL) == 0, "%s", said());
	write_sweep("\"train\": { \"epochs\": 1 },\n\"dataset\": { \"name\": "
		    "\"synthetic\", \"tasks\": 3 },\n"
		    "\"baseline\": { \"from\": \"base.db\" }");
	refused(3,
		"t.json:4:23: error: baseline.from: base.db: the baseline of sweep t "
		"is of other data: synthetic (train 100, val 10, test 10; digest ");
}
END_TEST

/* A worker that writes down what it is asked, one letter a question about data. */
static const char *questions(const char *rest)
{
	static const char script[] = "#!/bin/sh\ncase $1 in --look) printf l >>asked;; "
				     "--prepare) printf p >>asked;; esac\n"
				     "exec \"$REAL\" \"$@\"\n";
	char *text = arena_alloc(&arena, 64, 1);

	scratch_write("worker", script, strlen(script));
	ck_assert_int_eq(chmod("worker", 0700), 0);
	setenv("REAL", program_path("deltam-worker"), 1);
	setenv("DELTAM_WORKER", "./worker", 1);
	unlink("asked");
	write_sweep(rest);
	ck_assert_msg(deltam("run", NULL) == 0, "%s", said());
	unsetenv("DELTAM_WORKER");
	scratch_read("asked", text, 64);
	return text;
}

START_TEST(a_data_set_is_looked_at_once_and_several_before_the_first_is_composed)
{
	const char *one = questions(PLAYED_DATASET
		"\"train\": { \"epochs\": 1 }, \"vary\": { \"batch\": [50, 100] }");
	const char *two;

	ck_assert_str_eq(one, "p");
	ck_assert_int_eq(unlink("t.db"), 0);
	two = questions(PLAYED_DATASET "\"train\": { \"epochs\": 1, \"batch\": 50 }, "
				       "\"vary\": { \"dataset.train\": [50, 60] }");
	ck_assert_str_eq(two, "llpp");
}
END_TEST

Suite *suite_resolve(void);

Suite *suite_resolve(void)
{
	Suite *s = suite_create("resolve");
	TCase *t = tcase_create("resolve");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, arrays_that_are_there_pass_and_are_not_composed);
	tcase_add_test(t, prepare_composes_each_data_set_once_and_trains_nothing);
	tcase_add_test(t, prepare_has_nothing_to_do_for_another_trainer);
	tcase_add_test(
		t, a_sweep_means_the_same_files_from_anywhere_and_takes_all_their_rows);
	tcase_add_test(t, a_batch_of_more_than_all_rows_is_refused);
	tcase_add_test(t, a_wrong_path_is_shown_at_the_path);
	tcase_add_test(t, a_wrong_shape_is_shown_at_the_shape);
	tcase_add_test(t, a_missing_task_is_shown_at_the_tasks);
	tcase_add_test(t, too_few_samples_are_shown_at_the_size_of_their_split);
	tcase_add_test(t, without_data_no_file_is_looked_at);
	tcase_add_loop_test(t, what_cannot_be_loaded_has_its_place_and_its_status, 0,
		COUNT(faults));
	tcase_add_test(t, headers_of_images_are_looked_at);
	tcase_add_test(t, faults_come_together);
	tcase_add_test(t,
		a_data_set_is_looked_at_once_and_several_before_the_first_is_composed);
	tcase_add_test(t, a_baseline_of_another_database_is_taken_whole_or_refused);
	suite_add_tcase(s, t);
	return s;
}
