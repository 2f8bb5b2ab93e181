/*
 * deltam try: trainers with a fault each, and the sentence that each is told by.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "orchestrator/trial/trial.h"
#include "tests/lib/child.h"
#include "tests/lib/each.h"
#include "tests/lib/must.h"
#include "tests/lib/scratch.h"

static struct arena arena;
static struct spec spec;
static char out[65536];
static char err[65536];

static void setup(void)
{
	static char text[1 << 14];
	char path[4096];
	size_t n;

	scratch_enter();
	snprintf(path, sizeof(path), "%s",
		scratch_source("tests/fixtures/trainer/faulty.sh"));
	n = scratch_read(path, text, sizeof(text));
	scratch_write("faulty.sh", text, n);
	setenv("TMPDIR", ".", 1);
}

static void teardown(void)
{
	unsetenv("TMPDIR");
	arena_release(&arena);
	scratch_leave();
}

static const char *sweep(const char *trainer, const char *train, const char *more)
{
	return arena_printf(&arena,
		"{ \"sweep\": \"s\", \"trainer\": { \"command\": [\"sh\", "
		"\"faulty.sh\"], \"files\": [\"*.sh\"], \"stop_seconds\": 1, "
		"\"tasks\": { \"a\": { \"acc\": \"higher\" } }%s }, \"dataset\": {}, "
		"\"train\": { \"epochs\": 40%s }, \"search\": { \"lr\": [2, 1] }, %s }",
		trainer, train, more);
}

static int try(const char *text)
{
	static const char *const argv[] = { "deltam", "try", "s.json", "--workers", "2",
		NULL };
	int status;

	scratch_write("s.json", text, strlen(text));
	status = child_run(argv, NULL);
	scratch_read("out", out, sizeof(out));
	scratch_read("err", err, sizeof(err));
	return status;
}

/* One method alone: what it is compared with is given. */
#define EW "\"methods\": [\"ew\"], \"baseline\": { \"values\": { \"a/acc\": 1 } }"

START_TEST(a_trainer_that_keeps_the_contract_is_told_so_entry_by_entry)
{
	const char *text = sweep("", "",
		"\"methods\": [\"ew\", { \"name\": \"mine\", \"title\": \"Ours\", \"slots\": "
		"2 }]");
	const char *at = out;

	ck_assert_msg(!try(text), "%s%s", out, err);
	for (int i = 0; i < 3; i++) {
		static const char *const names[] = { "stl a: ok; ", "ew: ok; ",
			"mine: ok; " };

		ck_assert_msg(!strncmp(at, names[i], strlen(names[i])), "%s", at);
		at = strchr(at, '\n') + 1;
	}
	ck_assert_str_eq(at, "");
	ck_assert_ptr_nonnull(strstr(out, ", and figures come out the same again\n"));
	ck_assert_str_eq(scratch_files(), "err faulty.sh out s.json");
}
END_TEST

START_TEST(every_fault_has_its_sentence)
{
	static const struct {
		const char *trainer, *train, *sentence;
	} table[] = {
		{ "", "crash", "exit status 3: no such data" },
		{ "", "nothing", "it left with status 0 and reported no epoch" },
		{ "", "short", "status 0 behind epoch 1, and `until` is 2" },
		{ "", "beyond", "line 3: epoch 3 is beyond `until`, which is 2" },
		{ "", "skip", "line 2: epoch 3 follows epoch 1" },
		{ "", "criterion", "line 1: val a/acc is missing" },
		{ "", "newline", "report line 2: no newline ends it" },
		{ "", "empty", "it left nothing in the folder of its state" },
		{ "", "forget", "it starts over although epoch 2 is done" },
		{ "", "late", "epoch 2 comes first, and the attempt before went to" },
		{ "", "ahead",
			"trained nothing: its state is ahead of epoch 2, where" },
		{ "", "second", "epoch 2 comes first, and epoch 1 is the one behind" },
		{ ", \"deterministic\": true", "noise",
			"epoch 1 gave other figures the second time: val a/loss is" },
		{ ", \"deterministic\": true", "random",
			"epoch 3 from the state is not epoch 3 in one go (val a/loss is "
			"1.3, then 1.1)" },
		{ "", "term\", \"pause\": \"0.3",
			"SIGTERM is ignored: it went on for" },
		{ "", "buffer\", \"pause\": \"0.3", "no line of its report came in" },
	};

	for (int i = 0; i < COUNT(table); i++) {
		char wanted[256];
		int status;

		status = try(sweep(table[i].trainer,
			arena_printf(&arena, ", \"fault\": \"%s\"", table[i].train),
			EW));
		snprintf(wanted, sizeof(wanted), "ew: FAULT: ");
		ck_assert_msg(status == 1 && strstr(out, table[i].sentence) &&
				!strncmp(out, wanted, strlen(wanted)) &&
				strchr(out, '\n')[1] == '\0',
			"%s: %d\n%s%s", table[i].train, status, out, err);
	}
	ck_assert_ptr_nonnull(strstr(err, "1 of 1 do not keep the contract"));
}
END_TEST

START_TEST(what_is_no_fault_is_none)
{
	ck_assert_msg(!try(sweep("", ", \"fault\": \"noise\"", EW)), "%s", out);
	ck_assert_ptr_null(strstr(out, "again"));
	ck_assert_msg(!try(sweep("", ", \"fault\": \"random\"", EW)), "%s", out);
	ck_assert_ptr_null(strstr(out, "again"));
	ck_assert_ptr_nonnull(strstr(out, "\new: NOTE: epoch 3 from the state is not"));
	ck_assert_msg(!try(sweep(", \"resume\": false", ", \"fault\": \"empty\"", EW)),
		"%s", out);
	ck_assert_msg(!try(sweep("", ", \"fault\": \"nan\"", EW)), "%s", out);
	ck_assert_str_eq(out, "ew: diverged in epoch 1: val a/loss is not finite\n");
}
END_TEST

START_TEST(check_sees_a_script_that_will_not_be_there)
{
	static const char *const argv[] = { "deltam", "check", "s.json", NULL };
	const char *text = sweep("", ", \"fault\": \"none\"", EW);
	const char *at = strstr(text, "\"faulty.sh\"");
	struct str typo = { .arena = &arena };

	str_printf(&typo, "%.*s\"fualty.sh\"%s", (int)(at - text), text,
		at + strlen("\"faulty.sh\""));
	scratch_write("s.json", str_get(&typo), typo.n);
	ck_assert_int_eq(child_run(argv, NULL), 0);
	scratch_read("err", err, sizeof(err));
	ck_assert_msg(strstr(err,
			      "warning: fualty.sh of \"command\" is not among "
			      "\"files\""),
		"%s", err);
}
END_TEST

START_TEST(a_sweep_without_a_command_has_nothing_to_try)
{
	ck_assert_int_eq(
		try("{ \"sweep\": \"s\", \"dataset\": \"synthetic\", \"train\": { "
		    "\"epochs\": 1 }, \"search\": { \"lr\": 1 }, \"methods\": [\"ew\"] }"),
		2);
	ck_assert_ptr_nonnull(strstr(err, "there is nothing to try"));
}
END_TEST

START_TEST(a_report_that_becomes_shorter_is_a_fault)
{
	static const char line[] =
		"{\"epoch\": 1, \"val\": {\"a\": {\"loss\": 1, \"acc\": 1}}, \"test\": "
		"{\"a\": {\"acc\": 1}}}\n";
	const char *text = sweep("", "", EW);
	struct str report = { .arena = &arena };
	struct trial t = { .arena = &arena, .report = "report", .until = 2 };
	struct err e = { 0 };

	must(spec_parse(&spec, &arena, "s.json", text, strlen(text), &report, &e), &e);
	t.form.variant = &spec.variants[0];
	scratch_write("report", line, sizeof(line) - 1);
	must(trial_read(&t, &e), &e);
	ck_assert_int_eq(t.epoch, 1);
	scratch_write("report", line, 10);
	must(trial_read(&t, &e), &e);
	ck_assert_ptr_nonnull(t.fault);
	ck_assert_ptr_nonnull(strstr(t.fault, "it has cut its report short"));
}
END_TEST

Suite *suite_try(void);
Suite *suite_try(void)
{
	Suite *s = suite_create("try");
	TCase *tc = tcase_create("try");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_trainer_that_keeps_the_contract_is_told_so_entry_by_entry);
	tcase_add_test(tc, every_fault_has_its_sentence);
	tcase_add_test(tc, what_is_no_fault_is_none);
	tcase_add_test(tc, check_sees_a_script_that_will_not_be_there);
	tcase_add_test(tc, a_sweep_without_a_command_has_nothing_to_try);
	tcase_add_test(tc, a_report_that_becomes_shorter_is_a_fault);
	suite_add_tcase(s, tc);
	return s;
}
