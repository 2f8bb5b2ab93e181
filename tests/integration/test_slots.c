/*
 * What may run at the same time: GPUs of slots, methods that take several slots.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "orchestrator/sched/places.h"
#include "tests/lib/child.h"
#include "tests/lib/scratch.h"

static struct arena arena;
static struct spec spec;
static struct places places;
static char said[65536];

static void setup(void)
{
	static char text[1 << 14];
	char path[4096];
	size_t n;

	scratch_enter();
	unsetenv("CUDA_VISIBLE_DEVICES");
	snprintf(path, sizeof(path), "%s",
		scratch_source("tests/fixtures/trainer/env.sh"));
	n = scratch_read(path, text, sizeof(text));
	scratch_write("env.sh", text, n);
}

static void teardown(void)
{
	places_release(&places);
	arena_release(&arena);
	scratch_leave();
}

/* A sweep of the trainer that reports its environment. */
static const char *sweep(const char *gpu, const char *train, const char *methods)
{
	return arena_printf(&arena,
		"{ \"sweep\": \"s\", \"trainer\": { \"command\": [\"sh\", \"env.sh\"],"
		" \"gpu\": %s, \"tasks\": { \"a\": { \"acc\": \"higher\" } } },"
		" \"dataset\": {}, \"train\": { \"epochs\": 1%s }, \"methods\": [%s],"
		" \"search\": { \"lr\": [4, 3, 2, 1] }, \"prune\": { \"rule\":"
		" \"none\" } }",
		gpu, train, methods);
}

/* Its fault, where it has one; NULL: none. */
static const char *read_sweep(const char *text)
{
	struct str report = { .arena = &arena };
	struct err e;

	return spec_parse(&spec, &arena, "s.json", text, strlen(text), &report, &e)
		? str_get(&report)
		: NULL;
}

static void find(const char *gpu, const char *methods, const char *gpus)
{
	struct err e = { 0 };
	const char *fault = read_sweep(sweep(gpu, "", methods));

	ck_assert_msg(!fault, "%s", fault);
	places_release(&places);
	ck_assert_msg(
		!places_find(&places, &spec, gpus, gpus ? 0 : 3, &e), "%s", e.msg);
}

/* Takes so many slots; what the segment sees: "": nothing was free. */
static const char *take(int slots, struct places_taken *x)
{
	return places_take(&places, slots, x) ? places_devices(&places, x, &arena) : "";
}

START_TEST(slots_of_one_gpu_are_spread_and_a_wide_one_has_a_gpu_to_itself)
{
	struct places_taken x[5];

	find("0.5", "\"ew\"", "0,1");
	ck_assert_int_eq(places_slots(&places), 4);
	ck_assert_str_eq(take(1, &x[0]), "0");
	ck_assert_str_eq(take(1, &x[1]), "1");
	ck_assert_str_eq(take(2, &x[2]), ""); /* two halves of two GPUs are none */
	ck_assert_str_eq(take(1, &x[2]), "0");
	ck_assert_str_eq(take(1, &x[3]), "1");
	ck_assert_str_eq(take(1, &x[4]), "");
	places_give(&places, &x[1]);
	places_give(&places, &x[3]);
	ck_assert_str_eq(take(2, &x[4]), "1");
}
END_TEST

START_TEST(a_slot_of_whole_gpus_has_them_to_itself)
{
	struct places_taken x[3];

	find("2", "{ \"name\": \"ew\", \"slots\": 2 }", "3,GPU-8f,5,6,7");
	ck_assert_int_eq(places_slots(&places), 2);
	ck_assert_str_eq(take(1, &x[0]), "3,GPU-8f");
	ck_assert_str_eq(take(2, &x[1]), "");
	ck_assert_str_eq(take(1, &x[1]), "5,6");
	ck_assert_str_eq(take(1, &x[2]), "");
	places_give(&places, &x[0]);
	places_give(&places, &x[1]);
	ck_assert_str_eq(take(2, &x[2]), "3,GPU-8f,5,6");
}
END_TEST

START_TEST(without_gpus_a_method_has_all_workers_at_most)
{
	struct places_taken x[2];

	find("0", "{ \"name\": \"ew\", \"slots\": 64 }", NULL);
	ck_assert_int_eq(places_slots(&places), 3);
	ck_assert(places_take(&places, 64, &x[0]));
	ck_assert(!places_take(&places, 1, &x[1]));
	places_give(&places, &x[0]);
	ck_assert(places_take(&places, 2, &x[0]));
	ck_assert_ptr_null(places_devices(&places, &x[0], &arena));
	ck_assert(!places_take(&places, 2, &x[1]));
	ck_assert(places_take(&places, 1, &x[1]));
}
END_TEST

START_TEST(gpus_are_those_that_are_visible_or_there)
{
	static const char *const files[] = { "nvidia10", "nvidia2", "nvidia-uvm",
		"nvidiactl", "nvidia0" };

	setenv("CUDA_VISIBLE_DEVICES", "2,0,-1,1", 1);
	find("1", "\"ew\"", "all");
	ck_assert_int_eq(places.n, 2);
	ck_assert_str_eq(places.name[0], "2");
	unsetenv("CUDA_VISIBLE_DEVICES");
	for (int i = 0; i < COUNT(files); i++)
		scratch_write(files[i], "", 0);
	places_release(&places);
	places = (struct places){ 0 };
	places_scan(&places, ".");
	ck_assert_int_eq(places.n, 3);
	ck_assert_str_eq(places.name[0], "0");
	ck_assert_str_eq(places.name[2], "10");
}
END_TEST

START_TEST(options_that_do_not_fit_are_told)
{
	static const struct {
		const char *gpu, *slots, *gpus;
		int workers, rc;
		const char *message;
	} table[] = {
		{ "0", "1", "0", 0, ERR_USAGE, "no slot of this sweep has a GPU" },
		{ "1", "1", "0", 2, ERR_USAGE, "--workers beside GPUs" },
		{ "1", "1", NULL, 2, ERR_USAGE, "--workers beside GPUs" },
		{ "1", "1", "0,0", 0, ERR_USAGE, "GPU 0 is named twice" },
		{ "1", "1", "0,", 0, ERR_USAGE, "\"\" is no GPU" },
		{ "1", "1", "-1", 0, ERR_USAGE, "\"-1\" is no GPU" },
		{ "4", "1", "0,1", 0, ERR_DATA, "a slot has 4 GPUs" },
		{ "2", "2", "0,1,2", 0, ERR_DATA,
			"\"ew\" takes 2 slots of 2 GPUs each, and there are 3" },
		{ "1", "1", NULL, 0, ERR_DATA, "CUDA_VISIBLE_DEVICES names none" },
		{ "1", "1", "none", 2, OK, "" },
		{ "0", "1", "none", 0, OK, "" },
	};

	setenv("CUDA_VISIBLE_DEVICES", "", 1);
	for (int i = 0; i < COUNT(table); i++) {
		struct err e = { 0 };
		int rc;

		ck_assert_ptr_null(read_sweep(sweep(table[i].gpu, "",
			arena_printf(&arena, "{ \"name\": \"ew\", \"slots\": %s }",
				table[i].slots))));
		rc = places_find(&places, &spec, table[i].gpus, table[i].workers, &e);
		ck_assert_msg(rc == table[i].rc && strstr(e.msg, table[i].message),
			"%d: %d %s", i, rc, e.msg);
		places_release(&places);
	}
	unsetenv("CUDA_VISIBLE_DEVICES");
}
END_TEST

START_TEST(parts_and_slots_have_ranges)
{
	static const struct {
		const char *gpu, *slots, *fault; /* NULL: none */
	} table[] = {
		{ "0.33", "3", NULL },
		{ "0.0625", "16", NULL },
		{ "64", "64", NULL },
		{ "0.4", "1", "gpu 0.4 is neither a whole number nor a part 1/n" },
		{ "0.05", "1", "gpu 0.05 is neither" },
		{ "1.5", "1", "gpu 1.5 is neither" },
		{ "65", "1", "gpu 65 is above the maximum 64" },
		{ "0.5", "3", "slots 3 is more than one GPU has: \"gpu\" makes 2" },
		{ "0", "0", "slots 0 is below the minimum 1" },
		{ "0", "65", "slots 65 is above the maximum 64" },
		{ "0", "1.5", "slots 1.5 must be a whole number" },
	};

	for (int i = 0; i < COUNT(table); i++) {
		const char *fault = read_sweep(sweep(table[i].gpu, "",
			arena_printf(&arena, "{ \"name\": \"ew\", \"slots\": %s }",
				table[i].slots)));

		if (table[i].fault)
			ck_assert_msg(fault && strstr(fault, table[i].fault), "%d: %s",
				i, fault);
		else
			ck_assert_msg(!fault, "%d: %s", i, fault);
	}
}
END_TEST

/* Real runs. */

static int call(
	const char *command, const char *text, const char *option, const char *value)
{
	const char *argv[] = { "deltam", command, "s.json", "--db", "s.db", option,
		value, NULL };
	int status;

	scratch_write("s.json", text, strlen(text));
	status = child_run(argv, NULL);
	scratch_read("err", said, sizeof(said));
	return status;
}

/* Calls see with every line of the log and how many were there before it. */
static void each_line(void (*see)(const char *line, int running))
{
	static char log[65536];
	int running = 0;

	scratch_read("log", log, sizeof(log));
	for (char *line = strtok(log, "\n"); line; line = strtok(NULL, "\n")) {
		see(line, running);
		running += *line == '+' ? 1 : -1;
	}
	ck_assert_int_eq(running, 0);
}

static void four_at_most(const char *line, int running)
{
	ck_assert_int_le(running + (*line == '+'), 4);
}

START_TEST(two_gpus_in_halves_are_four_slots)
{
	char together[64];
	const char *text = sweep("0.5", ", \"together\": 4", "\"ew\"");

	ck_assert_msg(!call("run", text, "--gpus", "0,1"), "%s", said);
	scratch_read("go", together, sizeof(together));
	ck_assert_str_eq(together, "0\n0\n1\n1\n");
	each_line(four_at_most);
}
END_TEST

static bool wide; /* one is there */

static void wide_is_alone(const char *line, int running)
{
	bool this = !strncmp(line + 1, " uw", 3);

	if (*line == '+') {
		ck_assert_msg(!wide && (!this || !running), "%s", line);
		wide = this;
	} else if (this) {
		wide = false;
	}
}

START_TEST(a_method_of_two_slots_is_never_beside_another_of_two_workers)
{
	const char *text = sweep("0", "", "\"ew\", { \"name\": \"uw\", \"slots\": 2 }");

	wide = false;
	ck_assert_msg(!call("run", text, "--workers", "2"), "%s", said);
	each_line(wide_is_alone);
	scratch_read("log", said, sizeof(said));
	ck_assert_ptr_nonnull(strstr(said, "+ uw as it was\n"));
}
END_TEST

START_TEST(without_gpus_a_trainer_sees_none)
{
	ck_assert_msg(
		!call("run", sweep("1", "", "\"ew\""), "--gpus", "none"), "%s", said);
	scratch_read("log", said, sizeof(said));
	ck_assert_ptr_nonnull(strstr(said, "+ ew \n"));
	ck_assert_int_eq(call("run", sweep("1", "", "\"ew\""), "--gpus", "0,0"), 2);
	ck_assert_ptr_nonnull(strstr(said, "GPU 0 is named twice"));
}
END_TEST

START_TEST(a_plan_says_what_a_segment_takes)
{
	const char *text = sweep("0.5", "", "{ \"name\": \"ew\", \"slots\": 2 }");

	ck_assert_msg(!call("plan", text, "--gpus", "0,1,2"), "%s", said);
	ck_assert_ptr_nonnull(strstr(said, "on 6 slots with 1/2 of a GPU each"));
	scratch_read("out", said, sizeof(said));
	ck_assert_ptr_nonnull(strstr(said, "slots: 1/2 of a GPU each\n"));
	ck_assert_ptr_nonnull(strstr(said, "ew takes 2 slots\n"));
}
END_TEST

Suite *suite_slots(void);
Suite *suite_slots(void)
{
	Suite *s = suite_create("slots");
	TCase *tc = tcase_create("slots");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(
		tc, slots_of_one_gpu_are_spread_and_a_wide_one_has_a_gpu_to_itself);
	tcase_add_test(tc, a_slot_of_whole_gpus_has_them_to_itself);
	tcase_add_test(tc, without_gpus_a_method_has_all_workers_at_most);
	tcase_add_test(tc, gpus_are_those_that_are_visible_or_there);
	tcase_add_test(tc, options_that_do_not_fit_are_told);
	tcase_add_test(tc, parts_and_slots_have_ranges);
	tcase_add_test(tc, two_gpus_in_halves_are_four_slots);
	tcase_add_test(
		tc, a_method_of_two_slots_is_never_beside_another_of_two_workers);
	tcase_add_test(tc, without_gpus_a_trainer_sees_none);
	tcase_add_test(tc, a_plan_says_what_a_segment_takes);
	suite_add_tcase(s, tc);
	return s;
}
