/*
 * Which networks fit which data, asked of the real worker: a sweep that cannot be trained
 * is refused with its place before anything is written.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "orchestrator/plan/resolve.h"
#include "tests/lib/child.h"
#include "tests/lib/scratch.h"

static struct arena arena;
static struct spec spec;
static struct resolved resolved;

static void setup(void)
{
	memset(&arena, 0, sizeof(arena));
}

static void teardown(void)
{
	arena_release(&arena);
}

/* The members of data set, network and training; an empty *report: it fits. */
static int check(const char *members, const char **report)
{
	struct str out = { .arena = &arena };
	struct err e = { 0 };
	const char *text = arena_printf(&arena,
		"{ \"sweep\": \"t\", \"methods\": [\"ew\"],\n"
		"\"search\": { \"lr\": 1e-3 },\n%s }",
		members);
	int rc = spec_parse(&spec, &arena, "t.json", text, strlen(text), &out, &e);

	if (!rc)
		rc = resolve(&spec, DATA_UNSEEN, program_path("deltam-worker"),
			&resolved, &out, &arena, &e);
	*report = str_get(&out);
	ck_assert_msg(!rc || !*e.msg, "%s", e.msg);
	return rc;
}

/* What a data set needs besides its name. */
static const char *needed(const char *dataset)
{
	return strcmp(dataset, "npy") != 0
		? ""
		: ", \"tasks\": \"a=class:3\", \"input\": [3, 64, 64], \"path\": \".\"";
}

START_TEST(every_data_set_has_a_network_that_fits)
{
	int n;
	const struct dataset_info *d = catalogue_datasets(&n);

	for (int i = 0; i < n; i++) {
		const char *report;
		int rc = check(arena_printf(&arena,
				       "\"dataset\": { \"name\": \"%s\"%s },\n"
				       "\"train\": { \"epochs\": 1, \"batch\": 8 }",
				       d[i].name, needed(d[i].name)),
			&report);

		ck_assert_msg(rc == OK, "%s: %s", d[i].name, report);
		ck_assert_int_gt(network_size_total(resolved.variants[0].network), 100);
	}
}
END_TEST

/* 1: it trains; 0: it is refused where the file names it. Never anything else. */
START_TEST(every_network_trains_on_a_data_set_or_is_refused_with_its_place)
{
	int n, models;
	const struct dataset_info *d = catalogue_datasets(&n);
	const struct model_info *m = catalogue_models(&models);

	for (int i = _i; i < n * models; i += 2) {
		const char *set = d[i % n].name;
		const char *model = m[i / n].name;
		const char *report;
		int rc = check(arena_printf(&arena,
				       "\"dataset\": { \"name\": \"%s\"%s },\n"
				       "\"model\": { \"name\": \"%s\" },\n"
				       "\"train\": { \"epochs\": 1, \"batch\": 8 }",
				       set, needed(set), model),
			&report);

		ck_assert(rc == OK || rc == ERR_SPEC);
		ck_assert_msg(rc == OK || !strncmp(report, "t.json:4:20: error: ", 20),
			"%s on %s: %s", model, set, report);
	}
}
END_TEST

/* What cannot be known from the tables alone. */
static const struct {
	const char *members, *why;
} misfits[] = {
	{ "\"dataset\": { \"name\": \"synthetic\" },\n"
	  "\"model\": { \"name\": \"lenet\" },\n\"train\": { \"epochs\": 1 }",
		"t.json:4:20: error: network lenet: node conv1: a 9x9 kernel does not "
		"fit into 1x1\n" },
	{ "\"dataset\": { \"name\": \"synthetic\" },\n"
	  "\"model\": { \"name\": \"resnet\" },\n\"train\": { \"epochs\": 1 }",
		"t.json:4:20: error: network resnet: node conv1: wants images, not 16 "
		"numbers a sample\n" },
	{ "\"dataset\": { \"name\": \"scenes\", \"height\": 8, \"width\": 64 },\n"
	  "\"train\": { \"epochs\": 1 }",
		"t.json:3:12: error: network segnet: node pool3: a window of 2 does "
		"not fit into 1x8\n" },
	{ "\"dataset\": { \"name\": \"scenes\" },\n\"model\": { \"name\": \"deeplab\" "
	  "},\n\"train\": { \"epochs\": 1, \"batch\": 1 }",
		"t.json:4:20: error: network deeplab: the last batch of 1000 training "
		"samples holds 1: node seg.aspp4.bn: batch norm" },
	{ "\"dataset\": { \"name\": \"scenes\", \"train\": 9 },\n\"model\": { "
	  "\"name\": \"deeplab\" },\n\"train\": { \"epochs\": 1, \"batch\": 8 }",
		"t.json:4:20: error: network deeplab: the last batch of 9 training "
		"samples holds 1: node seg.aspp4.bn: batch norm" },
	{ "\"dataset\": { \"name\": \"scenes\" },\n\"model\": { \"name\": \"deeplab\", "
	  "\"depth\": 34 },\n\"train\": { \"epochs\": 1 }",
		"t.json:4:20: error: network deeplab: model.depth: 34 is not 18 or "
		"50" },
	{ "\"dataset\": { \"name\": \"synthetic\" },\n\"train\": { \"epochs\": 1 },\n"
	  "\"baseline\": { \"model\": { \"name\": \"lenet\" } }",
		"t.json:5:34: error: network lenet: node conv1: a 9x9 kernel" },
	{ "\"dataset\": { \"name\": \"synthetic\" },\n\"train\": { \"epochs\": 1 },\n"
	  "\"vary\": { \"model\": [\"mlp\", \"lenet\"] }",
		"t.json:5:28: error: network lenet: node conv1: a 9x9 kernel" },
};

START_TEST(what_does_not_fit_is_said_with_place_and_node)
{
	const char *report;

	ck_assert_int_eq(check(misfits[_i].members, &report), ERR_SPEC);
	ck_assert_msg(!strncmp(report, misfits[_i].why, strlen(misfits[_i].why)), "%s",
		report);
}
END_TEST

START_TEST(run_refuses_a_network_that_does_not_fit_before_it_writes_anything)
{
	static const char sweep[] =
		"{ \"sweep\": \"t\", \"dataset\": { \"name\": \"synthetic\" },\n"
		"  \"model\": { \"name\": \"lenet\" }, \"train\": { \"epochs\": 1 },\n"
		"  \"methods\": [\"ew\"], \"search\": { \"lr\": 1e-3 } }\n";
	static const char *const commands[][4] = { { "deltam", "check", "t.json",
							   NULL },
		{ "deltam", "plan", "t.json", NULL },
		{ "deltam", "run", "t.json", NULL } };
	char said[4096];

	scratch_enter();
	setenv("DELTAM_CACHE", "cache", 1);
	scratch_write("t.json", sweep, sizeof(sweep) - 1);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(child_run(commands[i], NULL), 2);
		scratch_read("err", said, sizeof(said));
		ck_assert_ptr_nonnull(strstr(said,
			"t.json:2:22: error: network lenet: node conv1: a 9x9 kernel "
			"does not fit into 1x1\n"
			"    2 |   \"model\": { \"name\": \"lenet\" }, \"train\""));
	}
	ck_assert_str_eq(scratch_files(), "err out t.json");
	scratch_leave();
}
END_TEST

START_TEST(check_says_how_large_the_networks_are)
{
	static const char sweep[] =
		"{ \"sweep\": \"t\", \"dataset\": { \"name\": \"scenes\" },\n"
		"  \"train\": { \"epochs\": 1 }, \"vary\": { \"model.width\": [1, "
		"0.5], \"batch\": [8, 16] },\n"
		"  \"methods\": [\"ew\"], \"search\": { \"lr\": 1e-3 } }\n";
	static const char *const command[] = { "deltam", "check", "t.json", NULL };
	char said[4096];

	scratch_enter();
	scratch_write("t.json", sweep, sizeof(sweep) - 1);
	ck_assert_int_eq(child_run(command, NULL), 0);
	scratch_read("out", said, sizeof(said));
	ck_assert_str_eq(said,
		"t.json: ok, 32 jobs\n"
		"network segnet: 25055185 parameters, 24943296 of them shared by 3 "
		"tasks\n"
		"network segnet: 6269937 parameters, 6241632 of them shared by 3 "
		"tasks\n");
	scratch_leave();
}
END_TEST

Suite *suite_networks(void);

Suite *suite_networks(void)
{
	Suite *s = suite_create("networks");
	TCase *t = tcase_create("networks");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, every_data_set_has_a_network_that_fits);
	tcase_add_loop_test(t,
		every_network_trains_on_a_data_set_or_is_refused_with_its_place, 0, 2);
	tcase_add_loop_test(
		t, what_does_not_fit_is_said_with_place_and_node, 0, COUNT(misfits));
	tcase_add_test(
		t, run_refuses_a_network_that_does_not_fit_before_it_writes_anything);
	tcase_add_test(t, check_says_how_large_the_networks_are);
	suite_add_tcase(s, t);
	return s;
}
