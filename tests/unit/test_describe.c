#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "catalogue/describe.h"
#include "tests/lib/scratch.h"
#include "worker/prepare.h"

static const char good[] = "digest 0123456789abcdef0123456789abcdef\n"
			   "train 200\n"
			   "val 100\n"
			   "test 50\n"
			   "input 1 36 36\n"
			   "cache there 8192 synthetic-00ff.data\n"
			   "task reg1 regress l1 1 10\n"
			   "task cls1 class ce 5 0.1\n";

START_TEST(a_description_survives_the_round_trip)
{
	struct arena a = { 0 };
	struct str out = { .arena = &a };
	struct description d;
	struct err e = { 0 };

	ck_assert_msg(describe_parse(good, &a, &d, &e) == OK, "%s", e.msg);
	ck_assert_str_eq(d.digest, "0123456789abcdef0123456789abcdef");
	ck_assert_int_eq(d.train, 200);
	ck_assert_int_eq(d.val, 100);
	ck_assert_int_eq(d.test, 50);
	ck_assert_int_eq(d.c, 1);
	ck_assert_int_eq(d.w, 36);
	ck_assert(!d.made);
	ck_assert_int_eq(d.bytes, 8192);
	ck_assert_str_eq(d.file, "synthetic-00ff.data");
	ck_assert_int_eq(d.tasks, 2);
	ck_assert_str_eq(d.task[1].name, "cls1");
	ck_assert_int_eq(d.task[1].kind, TASK_CLASS);
	ck_assert_int_eq(d.task[1].loss, LOSS_CE);
	ck_assert_int_eq(d.task[1].outputs, 5);
	ck_assert_double_eq(d.task[1].loss_scale, 0.1);
	describe_format(&d, &out);
	ck_assert_str_eq(str_get(&out), good);
	arena_release(&a);
}
END_TEST

START_TEST(every_cut_of_a_description_is_refused_unless_between_tasks)
{
	struct arena a = { 0 };
	size_t between = (size_t)(strstr(good, "task cls1") - good);

	for (size_t n = 0; n + 1 < sizeof(good); n++) {
		char *cut = arena_strndup(&a, good, n);
		struct description d;
		int rc = describe_parse(cut, &a, &d, NULL);

		ck_assert_int_eq(rc, n == between ? OK : ERR_FAILED);
	}
	arena_release(&a);
}
END_TEST

START_TEST(a_line_that_does_not_fit_is_named)
{
	static const struct {
		const char *from, *to, *message;
	} cases[] = {
		{ "train 200", "train 0", "line 2: \"train 0\"" },
		{ "train 200", "train 2x", "line 2: \"train 2x\"" },
		{ "val 100", "test 100", "line 3: \"test 100\"" },
		{ "input 1 36 36", "input 1 36", "line 5: \"input 1 36\"" },
		{ "cache there", "cache here", "line 6: \"cache here 8192" },
		{ "there 8192", "there 0", "line 6: \"cache there 0 synth" },
		{ "synthetic-00ff", "../x", "line 6: \"cache there 8192 ../x" },
		{ "task cls1 class", "task cls1 Class", "line 8: \"task cls1 Class" },
		{ "ce 5 0.1", "ce 5 -1", "line 8: \"task cls1 class ce 5 -1\"" },
		{ "ce 5 0.1", "ce 5 0.1 6 7", "line 8: \"task cls1 class ce 5 0.1 6" },
		{ "abcdef\n", "abcdeF\n", "line 1: \"digest 0123456789" },
		{ "val 100", "", "line 3: \"\"" },
	};
	struct arena a = { 0 };

	for (int i = 0; i < COUNT(cases); i++) {
		const char *at = strstr(good, cases[i].from);
		char *text = arena_printf(&a, "%.*s%s%s", (int)(at - good), good,
			cases[i].to, at + strlen(cases[i].from));
		struct description d;
		struct err e = { 0 };

		ck_assert_int_eq(describe_parse(text, &a, &d, &e), ERR_FAILED);
		ck_assert_msg(strstr(e.msg, cases[i].message) != NULL, "%s", e.msg);
	}
	arena_release(&a);
}
END_TEST

/* What prepare_main() prints, with standard output sent to a file meanwhile. */
static int prepare(int argc, char **argv, char *out, size_t size, struct err *e)
{
	int saved;
	int rc;

	fflush(stdout);
	saved = dup(STDOUT_FILENO);
	ck_assert_ptr_nonnull(freopen("stdout.txt", "w", stdout));
	rc = prepare_main(argc, argv, e);
	fflush(stdout);
	ck_assert_int_ge(dup2(saved, STDOUT_FILENO), 0);
	close(saved);
	scratch_read("stdout.txt", out, size);
	return rc;
}

START_TEST(prepare_prints_what_deltam_can_parse)
{
	char words[][32] = { "dataset.name=synthetic", "dataset.train=20",
		"dataset.val=10", "dataset.test=5", "dataset.scales=3 2" };
	char *argv[] = { words[0], words[1], words[2], words[3], words[4] };
	struct arena a = { 0 };
	struct description d;
	struct err e = { 0 };
	char out[2048];

	scratch_enter();
	setenv("DELTAM_CACHE", ".", 1);
	ck_assert_msg(prepare(5, argv, out, sizeof(out), &e) == OK, "%s", e.msg);
	ck_assert_msg(describe_parse(out, &a, &d, &e) == OK, "%s", e.msg);
	ck_assert_int_eq(d.train, 20);
	ck_assert_int_eq(d.c, 16);
	ck_assert_int_eq(d.tasks, 3);
	ck_assert_double_eq(d.task[2].loss_scale, 3);
	ck_assert(d.made);
	ck_assert_int_eq(access(d.file, F_OK), 0);
	/* It is there now. */
	ck_assert_msg(prepare(5, argv, out, sizeof(out), &e) == OK, "%s", e.msg);
	ck_assert_msg(describe_parse(out, &a, &d, &e) == OK, "%s", e.msg);
	ck_assert(!d.made);
	arena_release(&a);
	scratch_leave();
}
END_TEST

START_TEST(prepare_refuses_arguments_that_nobody_reads)
{
	static const struct {
		const char *argument;
		int rc;
		const char *message;
	} cases[] = {
		{ "dataset.name", ERR_USAGE, "\"dataset.name\" is not dataset.NAME=" },
		{ "lr=0.1", ERR_USAGE, "\"lr=0.1\" is not dataset.NAME=VALUE" },
		{ "dataset.path=/x", ERR_USAGE, "has no parameter dataset.path" },
		{ "dataset.name=synthetic", ERR_USAGE, "dataset.name twice" },
		{ "dataset.noise=-1", ERR_SPEC, "dataset.noise: -1 is not in 0 to" },
		{ "dataset.noise=lots", ERR_SPEC, "\"lots\" is not a number" },
		{ "dataset.features=0", ERR_SPEC, "dataset.features: 0 is not in 1" },
		{ "dataset.tasks=65", ERR_SPEC, "dataset.tasks: 65 is not in 1 to 64" },
		{ "dataset.scales=1 0", ERR_SPEC, "dataset.scales: 0 is not in" },
		{ "dataset.scales=nan", ERR_SPEC,
			"dataset.scales: \"nan\" is not a list of finite" },
		{ "dataset.train=0", ERR_SPEC, "dataset.train: 0 is not in 1 to 1000" },
		{ "dataset.val=250001", ERR_SPEC, "is not in 1 to 250000, what synth" },
	};
	struct arena a = { 0 };
	struct err e = { 0 };

	for (int i = 0; i < COUNT(cases); i++) {
		char *argv[] = { arena_strdup(&a, "dataset.name=synthetic"),
			arena_strdup(&a, cases[i].argument) };

		ck_assert_int_eq(prepare_main(2, argv, &e), cases[i].rc);
		ck_assert_msg(strstr(e.msg, cases[i].message) != NULL, "%s", e.msg);
	}
	ck_assert_int_eq(prepare_main(0, NULL, &e), ERR_USAGE);
	arena_release(&a);
}
END_TEST

Suite *suite_describe(void);
Suite *suite_describe(void)
{
	Suite *s = suite_create("describe");
	TCase *tc = tcase_create("describe");

	tcase_add_test(tc, a_description_survives_the_round_trip);
	tcase_add_test(tc, every_cut_of_a_description_is_refused_unless_between_tasks);
	tcase_add_test(tc, a_line_that_does_not_fit_is_named);
	tcase_add_test(tc, prepare_prints_what_deltam_can_parse);
	tcase_add_test(tc, prepare_refuses_arguments_that_nobody_reads);
	suite_add_tcase(s, tc);
	return s;
}
