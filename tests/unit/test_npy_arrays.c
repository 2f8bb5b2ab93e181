#include <check.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "catalogue/task_list.h"
#include "tests/lib/fake_npy.h"
#include "tests/lib/prepared.h"
#include "tests/lib/scratch.h"
#include "trainer-core/dataset/dataset.h"

static struct arena arena;
static struct params ps;
static struct err err;

static void set(const char *name, const char *value)
{
	params_set(&ps, &arena, name, value);
}

static const float number[3][2] = { { 1.5f, -2 }, { 3, 4 }, { 5, 6 } };
static const int64_t class_of[3] = { 2, 0, 4 };
static const uint8_t bit[3] = { 1, 0, 1 };
/* (3, 2, 2): 9 is to be ignored. */
static const int16_t pixel_class[3][4] = { { 0, 1, 9, 1 }, { 1, 1, 1, 0 },
	{ 9, 0, 0, 0 } };
static const float distance[3][4] = { { 1, 2, 3, 4 }, { 5, 6, 7, 8 },
	{ 9, 10, 11, 12 } };
static const uint8_t counts[3][4] = { { 1, 0, 1, 1 }, { 255, 255, 0, 1 },
	{ 0, 0, 0, 1 } };

static void write_split(const char *split)
{
	uint8_t pixel[3 * 3 * 4];
	const struct {
		const char *name, *descr, *shape;
		const void *elements;
		size_t n;
	} files[] = {
		{ "input", "|u1", "(3, 3, 2, 2)", pixel, sizeof(pixel) },
		{ "age", "<f4", "(3, 2)", number, sizeof(number) },
		{ "kind", "<i8", "(3,)", class_of, sizeof(class_of) },
		{ "male", "|b1", "(3, 1)", bit, sizeof(bit) },
		{ "parts", "<i2", "(3, 2, 2)", pixel_class, sizeof(pixel_class) },
		{ "far", "<f4", "(3, 2, 2)", distance, sizeof(distance) },
		{ "far_mask", "|u1", "(3, 2, 2)", counts, sizeof(counts) },
	};
	char path[64];

	for (size_t i = 0; i < sizeof(pixel); i++)
		pixel[i] = (uint8_t)(4 * i);
	for (int i = 0; i < COUNT(files); i++) {
		snprintf(path, sizeof(path), "%s/%s.npy", split, files[i].name);
		fake_npy(path, files[i].descr, files[i].shape, files[i].elements,
			files[i].n);
	}
}

static void setup(void)
{
	scratch_enter();
	setenv("DELTAM_CACHE", "cache", 1);
	arena = (struct arena){ 0 };
	ps = (struct params){ 0 };
	set("dataset.name", "npy");
	set("dataset.path", ".");
	set("dataset.input", "3 2 2");
	set("dataset.scale", "0.25");
	set("dataset.tasks",
		"age=regress:2 kind=class:5 male=binary parts=seg:2:ignore=9 "
		"far=depth:ignore=4:mask");
	set("dataset.train", "3");
	set("dataset.val", "2");
	set("dataset.test", "1");
	write_split("train");
	write_split("val");
	write_split("test");
}

static void teardown(void)
{
	arena_release(&arena);
	scratch_leave();
}

START_TEST(arrays_of_every_kind_come_as_their_tasks)
{
	static const float parts[3][4] = { { 0, 1, -1, 1 }, { 1, 1, 1, 0 },
		{ -1, 0, 0, 0 } };
	static const float far[3][4] = { { 1, 0, 3, 0 }, { 5, 6, 0, 8 },
		{ 0, 0, 0, 12 } };
	struct dataset d;

	prepared(&ps, &arena, &d);
	ck_assert_int_eq(d.tasks, 5);
	for (int s = 0; s < SPLIT_COUNT; s++) {
		const struct split_data *split = &d.split[s];
		const float *x = split->input.data;
		size_t n = (size_t)split->n;

		for (size_t i = 0; i < n * 12; i++)
			ck_assert(x[i] == (float)i);
		ck_assert_mem_eq(split->target[0].data, number, n * 8);
		for (size_t i = 0; i < n; i++) {
			ck_assert_int_eq(((const uint8_t *)split->target[1].data)[i],
				class_of[i]);
			ck_assert_int_eq(
				((const uint8_t *)split->target[2].data)[i], bit[i]);
		}
		ck_assert_mem_eq(split->target[3].data, parts, n * 16);
		ck_assert_mem_eq(split->target[4].data, far, n * 16);
	}
	dataset_close(&d);
}
END_TEST

START_TEST(files_that_do_not_fit_their_task_are_refused)
{
	int64_t beyond[3] = { 0, 5, 0 };
	int16_t other[12] = { 0, 1, 9, 1, 8 };

	set("dataset.val", "4");
	not_prepared(&ps, &arena, ERR_DATA,
		"val/input.npy: found shape (3, 3, 2, 2), expected (4, 3, 2, "
		"2) or more of the first");
	set("dataset.val", "2");
	fake_npy("val/kind.npy", "<i8", "(3,)", beyond, sizeof(beyond));
	not_prepared(&ps, &arena, ERR_DATA,
		"val/kind.npy: sample 1: found 5, expected a whole number from 0 to 4");
	fake_npy("val/kind.npy", "<i8", "(3,)", class_of, sizeof(class_of));
	fake_npy("val/parts.npy", "<i2", "(3, 2, 2)", other, sizeof(other));
	not_prepared(&ps, &arena, ERR_DATA,
		"val/parts.npy: sample 1, at (0, 0): found 8, expected a whole number "
		"from -1 to 1");
	ck_assert_int_eq(remove("val/far_mask.npy"), 0);
	not_prepared(
		&ps, &arena, ERR_DATA, "val/far_mask.npy: No such file or directory");
}
END_TEST

/* The data set with one task, of the test's own arrays. */
static void one_task(const char *task)
{
	set("dataset.tasks", task);
	set("dataset.val", "3");
	set("dataset.test", "3");
}

START_TEST(a_depth_below_0_or_not_finite_is_refused_with_its_sample)
{
	float depth[3][4] = { { 1, 2, 3, 4 }, { 5, 6, -7, 8 }, { 9, -1, 11, 12 } };

	one_task("far=depth");
	fake_npy("test/far.npy", "<f4", "(3, 2, 2)", depth, sizeof(depth));
	not_prepared(&ps, &arena, ERR_DATA,
		"test/far.npy: sample 1, at (1, 0): found -7, expected a finite number "
		"of at least 0");
	depth[1][2] = NAN;
	fake_npy("test/far.npy", "<f4", "(3, 2, 2)", depth, sizeof(depth));
	not_prepared(
		&ps, &arena, ERR_DATA, "test/far.npy: sample 1, at (1, 0): found ");
	/* What says that there is none may be any number. */
	depth[1][2] = -1;
	fake_npy("test/far.npy", "<f4", "(3, 2, 2)", depth, sizeof(depth));
	one_task("far=depth:ignore=-1");
	ck_assert_str_ne(prepared_digest(&ps, &arena), "");
}
END_TEST

static void normals_of_length(double length)
{
	float normal[3][3][4] = { 0 };

	for (int i = 0; i < 3; i++)
		for (int p = 0; p < 3; p++) /* the fourth pixel has none */
			for (int c = 0; c < 2; c++)
				normal[i][c][p] = (float)((c ? -1 : 1) * sqrt(0.5) *
					(i == 2 && p == 1 ? length : 1));
	for (int s = 0; s < SPLIT_COUNT; s++)
		fake_npy(arena_printf(&arena, "%s/up.npy", split_names[s]), "<f4",
			"(3, 3, 2, 2)", normal, sizeof(normal));
}

START_TEST(a_normal_has_length_1_or_is_0)
{
	static const double good[] = { 1, 0, 0.95, 1.05 },
			    bad[] = { 255, 2, 0.5, 0.01 };

	one_task("up=normal");
	for (size_t i = 0; i < 4; i++) {
		normals_of_length(good[i]);
		ck_assert_str_ne(prepared_digest(&ps, &arena), "");
	}
	for (size_t i = 0; i < 4; i++) {
		normals_of_length(bad[i]);
		not_prepared(&ps, &arena, ERR_DATA,
			"train/up.npy: sample 2, row 0, column 1: found a normal (");
		not_prepared(&ps, &arena, ERR_DATA,
			arena_printf(
				&arena, "of length %g, expected length 1", bad[i]));
	}
}
END_TEST

/* Every kind of map, in each split. */
START_TEST(a_split_with_nothing_to_measure_by_is_refused)
{
	static const struct {
		const char *task, *what;
		int channels;
		float none;
	} kinds[] = { { "m=seg:3", "has a label", 1, -1 },
		{ "m=depth", "is valid", 1, 0 }, { "m=normal", "is valid", 3, 0 },
		{ "m=depth:mask", "is valid", 1, 1 },
		{ "m=seg:3:ignore=0.3", "has a label", 1, 0.3f } };
	static const uint8_t no[12] = { 0 }, yes[12] = { 1 };

	for (int i = 0; i < 5 * SPLIT_COUNT; i++) {
		float some[36] = { 1 }, none[36];
		const char *shape =
			kinds[i / 3].channels == 1 ? "(3, 2, 2)" : "(3, 3, 2, 2)";
		size_t n = 12 * (size_t)kinds[i / 3].channels;

		for (int k = 0; k < 36; k++)
			none[k] = kinds[i / 3].none;
		for (int s = 0; s < SPLIT_COUNT; s++) {
			const char *folder = split_names[s];
			bool empty = s == i % 3;

			fake_npy(arena_printf(&arena, "%s/m.npy", folder), "<f4", shape,
				empty ? none : some, n * sizeof(float));
			fake_npy(arena_printf(&arena, "%s/m_mask.npy", folder), "|u1",
				"(3, 2, 2)", empty ? no : yes, 12);
		}
		one_task(kinds[i / 3].task);
		not_prepared(&ps, &arena, ERR_DATA,
			arena_printf(&arena,
				"%s/m.npy: task m: no pixel of the 3 samples of the %s "
				"split %s: nothing to %s",
				split_names[i % 3], split_names[i % 3],
				kinds[i / 3].what,
				i % 3 ? "measure with" : "learn from"));
	}
}
END_TEST

START_TEST(parameters_that_do_not_fit_are_refused)
{
	set("dataset.input", "3 2.5 2");
	not_prepared(&ps, &arena, ERR_SPEC,
		"dataset.input: 2.5 is no whole number from 1 to 65536");
	set("dataset.input", "65536 65536");
	not_prepared(&ps, &arena, ERR_SPEC, "dataset.input: more than 2^28 numbers");
	set("dataset.input", "3 2 2");
	set("dataset.path", "");
	not_prepared(&ps, &arena, ERR_SPEC, "dataset.path: the folder of the arrays");
}
END_TEST

START_TEST(a_task_list_names_the_word_that_is_wrong)
{
	static const char *const bad[] = { "age", "age=", "=class:3", "age=class",
		"age=class:1", "age=class:257", "age=regress:0", "age=binary:2",
		"a/b=binary", "input=binary", "x=seg:13:ignore=", "x=class:3:mask",
		"x=normal:ignore=1", "x=seg:13:mask:mask", "x=color" };
	struct listed_task tasks[TASKS_MAX];
	int n;

	for (int i = 0; i < COUNT(bad); i++) {
		const char *text = arena_printf(&arena, "ok=regress %s", bad[i]);

		ck_assert_msg(
			task_list_parse(text, &arena, tasks, &n, &err) == ERR_SPEC,
			"%s", text);
		ck_assert_msg(
			strstr(err.msg, arena_printf(&arena, "\"%s\"", bad[i])) != NULL,
			"%s", err.msg);
	}
	ck_assert_int_eq(
		task_list_parse("a=binary a=depth", &arena, tasks, &n, &err), ERR_SPEC);
	ck_assert_str_eq(err.msg, "dataset.tasks: two tasks \"a\"");
	ck_assert_int_eq(task_list_parse(" ", &arena, tasks, &n, &err), ERR_SPEC);
}
END_TEST

Suite *suite_npy_arrays(void);
Suite *suite_npy_arrays(void)
{
	Suite *s = suite_create("npy_arrays");
	TCase *t = tcase_create("npy_arrays");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, arrays_of_every_kind_come_as_their_tasks);
	tcase_add_test(t, files_that_do_not_fit_their_task_are_refused);
	tcase_add_test(t, a_depth_below_0_or_not_finite_is_refused_with_its_sample);
	tcase_add_test(t, a_normal_has_length_1_or_is_0);
	tcase_add_test(t, a_split_with_nothing_to_measure_by_is_refused);
	tcase_add_test(t, parameters_that_do_not_fit_are_refused);
	tcase_add_test(t, a_task_list_names_the_word_that_is_wrong);
	suite_add_tcase(s, t);
	return s;
}
