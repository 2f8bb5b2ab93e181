/*
 * Overlays of idx images: which images meet, where each lies, what is said of bad files.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tests/lib/child.h"
#include "tests/lib/fake_idx.h"
#include "tests/lib/prepared.h"
#include "tests/lib/scratch.h"

enum { CANVAS = 36, SHIFT = 8, PICTURE = CANVAS * CANVAS };

static struct arena arena;
static struct params ps;

static void set(const char *name, const char *value)
{
	params_set(&ps, &arena, name, value);
}

static void setup(void)
{
	prepared_enter(&ps, &arena);
	fake_params(&ps, &arena);
}

static void teardown(void)
{
	prepared_leave(&arena);
}

static const char *digest(void)
{
	return prepared_digest(&ps, &arena);
}

/* Reads back from a picture which image lies in a corner. */
static int top_left(const uint8_t *p)
{
	return p[0] + 250 * p[1] + 62500 * p[2];
}

static int bottom_right(const uint8_t *p)
{
	return p[PICTURE - 1] + 250 * p[PICTURE - 2] + 62500 * p[PICTURE - 3];
}

static int from_test(const uint8_t *p)
{
	ck_assert_int_eq(p[3], p[PICTURE - 4]);
	return p[3] == 9;
}

static int in_image(int y, int x)
{
	return y >= 0 && y < FAKE_SIDE && x >= 0 && x < FAKE_SIDE;
}

static int expected_pixel(int test, int a, int b, int y, int x)
{
	int first = in_image(y, x) ? fake_pixel(test, a, y, x) : 0;
	int second = in_image(y - SHIFT, x - SHIFT)
		? fake_pixel(test, b, y - SHIFT, x - SHIFT)
		: 0;

	return first > second ? first : second;
}

static void check_picture(const struct split_data *s, int i, int test)
{
	const uint8_t *p = prepared_bytes(&s->input) + (size_t)i * PICTURE;
	int a = top_left(p);
	int b = bottom_right(p);

	ck_assert_int_eq(from_test(p), test);
	for (int y = 0; y < CANVAS; y++)
		for (int x = 0; x < CANVAS; x++)
			ck_assert_int_eq(
				p[y * CANVAS + x], expected_pixel(test, a, b, y, x));
	ck_assert_int_eq(prepared_bytes(&s->target[0])[i], fake_label(test, a));
	ck_assert_int_eq(prepared_bytes(&s->target[1])[i], fake_label(test, b));
}

START_TEST(pictures_are_two_images_combined_by_maximum)
{
	struct dataset d;

	fake_write_plain();
	prepared(&ps, &arena, &d);
	ck_assert_int_eq(d.tasks, 2);
	ck_assert_str_eq(d.task[0].name, "top_left");
	ck_assert_str_eq(d.task[1].name, "bottom_right");
	for (int s = 0; s < SPLIT_COUNT; s++) {
		const struct split_data *split = &d.split[s];

		ck_assert_int_eq(split->n, s == 0 ? 300 : s == 1 ? 100 : 120);
		ck_assert_int_eq(split->input.c, 1);
		ck_assert_int_eq(split->input.h, CANVAS);
		ck_assert_int_eq(split->input.w, CANVAS);
		ck_assert_double_eq((double)split->input.scale, (double)(1.0f / 255));
		ck_assert_double_eq((double)split->target[1].scale, 1);
		ck_assert_uint_eq((uintptr_t)split->input.data % 64, 0);
		ck_assert_uint_eq((uintptr_t)split->target[1].data % 64, 0);
		for (int i = 0; i < split->n; i++)
			check_picture(split, i, s == SPLIT_TEST);
	}
	dataset_close(&d);
}
END_TEST

/* Pairs first .. first + n of the split: each image once in each corner. */
static void check_round(const struct split_data *s, int first, int n, int offset)
{
	uint8_t *seen = arena_alloc(&arena, (size_t)n, 1);

	for (int i = 0; i < n; i++) {
		const uint8_t *p =
			prepared_bytes(&s->input) + (size_t)(first + i) * PICTURE;
		int partner = bottom_right(p) - offset;

		ck_assert_int_eq(top_left(p), offset + i);
		ck_assert_int_ge(partner, 0);
		ck_assert_int_lt(partner, n);
		ck_assert_int_eq(seen[partner], 0);
		seen[partner] = 1;
	}
}

START_TEST(splits_use_disjoint_images_and_every_one_of_them)
{
	struct dataset d;

	fake_write_plain();
	params_unset(&ps, "dataset.train");
	params_unset(&ps, "dataset.val");
	params_unset(&ps, "dataset.test");
	prepared(&ps, &arena, &d);
	check_round(&d.split[SPLIT_TRAIN], 0, 50000, 0);
	check_round(&d.split[SPLIT_VAL], 0, 10000, 50000);
	check_round(&d.split[SPLIT_TEST], 0, 10000, 0);
	ck_assert_int_eq(from_test(prepared_bytes(&d.split[SPLIT_TRAIN].input)), 0);
	ck_assert_int_eq(from_test(prepared_bytes(&d.split[SPLIT_VAL].input)), 0);
	ck_assert_int_eq(from_test(prepared_bytes(&d.split[SPLIT_TEST].input)), 1);
	dataset_close(&d);
}
END_TEST

START_TEST(beyond_the_last_image_further_permutations_follow)
{
	struct dataset d;
	const struct split_data *val = &d.split[SPLIT_VAL];
	int same = 0;

	fake_write_plain();
	set("dataset.val", "20000");
	prepared(&ps, &arena, &d);
	check_round(val, 0, 10000, 50000);
	check_round(val, 10000, 10000, 50000);
	for (size_t i = 0; i < 10000; i++)
		same += bottom_right(prepared_bytes(&val->input) + i * PICTURE) ==
			bottom_right(
				prepared_bytes(&val->input) + (i + 10000) * PICTURE);
	ck_assert_int_lt(same, 20); /* one is to be expected */
	dataset_close(&d);
}
END_TEST

START_TEST(a_smaller_set_is_the_beginning_of_a_larger_one)
{
	struct dataset small;
	struct dataset large;

	fake_write_plain();
	prepared(&ps, &arena, &small);
	prepared_sizes(&ps, &arena, "900", "101", "121");
	prepared(&ps, &arena, &large);
	for (int s = 0; s < SPLIT_COUNT; s++)
		ck_assert_mem_eq(small.split[s].input.data, large.split[s].input.data,
			(size_t)small.split[s].n * PICTURE);
	ck_assert_str_ne(small.digest, large.digest);
	dataset_close(&small);
	dataset_close(&large);
}
END_TEST

START_TEST(composition_and_partners_never_change)
{
	struct dataset d;
	const uint8_t *p;

	fake_write_plain();
	prepared(&ps, &arena, &d);
	p = prepared_bytes(&d.split[SPLIT_TRAIN].input);
	ck_assert_int_eq(bottom_right(p), 47706);
	ck_assert_int_eq(bottom_right(p + PICTURE), 15792);
	ck_assert_int_eq(bottom_right(p + 299 * PICTURE), 40067);
	ck_assert_str_eq(d.digest, FAKE_DIGEST);
	dataset_close(&d);
}
END_TEST

START_TEST(packed_files_compose_the_same)
{
	const char *plain;

	fake_write_plain();
	plain = digest();
	for (const char *const *f = (const char *const[]){ "train-images-idx3-ubyte",
		     "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
		     "t10k-labels-idx1-ubyte", NULL };
		*f; f++)
		ck_assert_int_eq(unlink(*f), 0);
	fake_write_gzip();
	ck_assert_str_eq(digest(), plain);
}
END_TEST

START_TEST(two_origins_lie_in_their_own_corners)
{
	const char *alike;

	fake_write_plain();
	alike = digest();
	set("dataset.name", "multi_fashion_mnist");
	set("dataset.path2", ".");
	ck_assert_str_eq(digest(), alike);
	set("dataset.path2", "elsewhere");
	not_prepared(&ps, &arena, ERR_DATA,
		"/elsewhere/train-images-idx3-ubyte: neither this file");
	not_prepared(&ps, &arena, ERR_DATA, "come with: make data");
	set("dataset.path", "elsewhere");
	not_prepared(&ps, &arena, ERR_DATA,
		"come with: apt-get install dataset-fashion-mnist");
}
END_TEST

START_TEST(missing_files_are_named_with_their_command)
{
	not_prepared(&ps, &arena, ERR_DATA,
		"/train-images-idx3-ubyte: neither this file nor "
		"train-images-idx3-ubyte.gz is there; these files come with: make "
		"data");
	not_prepared(&ps, &arena, ERR_DATA, "data set multi_mnist: /");
	ck_assert_str_eq(scratch_files(), "");
	set("dataset.path", "");
	setenv("DELTAM_DATA", "/nowhere", 1);
	not_prepared(&ps, &arena, ERR_DATA,
		" /nowhere/mnist/train-images-idx3-ubyte: neither");
}
END_TEST

START_TEST(corrupt_files_are_named_with_place_and_command)
{
	fake_write_plain();
	scratch_write_at("t10k-labels-idx1-ubyte", 8 + 77, "\x0c", 1);
	not_prepared(&ps, &arena, ERR_DATA,
		"/t10k-labels-idx1-ubyte: label 77 is 12, "
		"expected 0 to 9; these files come with: make data");
	scratch_write_at("t10k-labels-idx1-ubyte", 4, "\0\0\x27\x11", 4);
	not_prepared(&ps, &arena, ERR_DATA,
		"/t10k-labels-idx1-ubyte: dimension 1 is 10001, expected "
		"10000; these files come with: make data");
	ck_assert_int_eq(truncate("train-images-idx3-ubyte", 1000), 0);
	not_prepared(&ps, &arena, ERR_DATA,
		"train-images-idx3-ubyte: the file ends after 1 of its 60000 samples");
	/* Nothing of the attempts remains. */
	ck_assert_ptr_null(strstr(scratch_files(), ".data"));
}
END_TEST

START_TEST(sizes_have_limits)
{
	fake_write_plain();
	set("dataset.train", "500001");
	not_prepared(&ps, &arena, ERR_SPEC,
		"dataset.train: 500001 is not in 1 to 500000, what multi_mnist can");
	set("dataset.train", "0");
	not_prepared(&ps, &arena, ERR_SPEC, "dataset.train: 0 is not in 1 to");
	set("dataset.name", "multi_mnits");
	not_prepared(&ps, &arena, ERR_SPEC, "unknown data set \"multi_mnits\"");
}
END_TEST

START_TEST(fashion_mnist_composes_as_ever)
{
	if (access("/usr/share/datasets/fashion-mnist", R_OK) != 0) {
		fprintf(stderr, "skipped: apt-get install dataset-fashion-mnist\n");
		return;
	}
	set("dataset.name", "multi_fashion");
	set("dataset.path", "");
	prepared_sizes(&ps, &arena, "200", "100", "100");
	ck_assert_str_eq(digest(), "df017c01bf7a377dc7073dfbd631a044");
}
END_TEST

/* The pictures and labels of a split as one file. */
static void write_split(const struct split_data *split, const char *name)
{
	size_t n = (size_t)split->n;
	uint8_t *bytes = arena_alloc(&arena, n, PICTURE + 2);

	memcpy(bytes, prepared_bytes(&split->input), n * PICTURE);
	memcpy(bytes + n * PICTURE, prepared_bytes(&split->target[0]), n);
	memcpy(bytes + n * (PICTURE + 1), prepared_bytes(&split->target[1]), n);
	scratch_write(name, bytes, n * (PICTURE + 2));
}

/* examples/torch composes them again, its readers compare its table with deltam's. */
START_TEST(the_example_in_python_has_the_same_pictures)
{
	static const char script[] =
		"import sys, numpy\n"
		"sys.path.insert(0, sys.argv[1])\n"
		"import pictures\n"
		"for name, n in (('train', 300), ('val', 10003), ('test', 120)):\n"
		"    x, a, b = pictures.split('.', name, n)\n"
		"    mine = x.tobytes() + bytes(a.tolist()) + bytes(b.tolist())\n"
		"    assert mine == open(name, 'rb').read(), name\n";
	const char *argv[] = { "/usr/bin/python3", "-B", "again.py",
		scratch_source("examples/torch"), NULL };
	struct dataset d;

	if (system("/usr/bin/python3 -c 'import numpy' 2>/dev/null") != 0) {
		fprintf(stderr, "skipped: apt-get install python3-numpy\n");
		return;
	}
	fake_write_plain();
	prepared_sizes(&ps, &arena, "300", "10003", "120");
	prepared(&ps, &arena, &d);
	for (int s = 0; s < SPLIT_COUNT; s++)
		write_split(&d.split[s], split_names[s]);
	dataset_close(&d);
	scratch_write("again.py", script, sizeof(script) - 1);
	if (child_run(argv, NULL)) {
		static char said[4096];

		scratch_read("err", said, sizeof(said));
		ck_abort_msg("%s", said);
	}
}
END_TEST

Suite *suite_overlay(void);
Suite *suite_overlay(void)
{
	Suite *s = suite_create("overlay");
	TCase *tc = tcase_create("overlay");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, pictures_are_two_images_combined_by_maximum);
	tcase_add_test(tc, splits_use_disjoint_images_and_every_one_of_them);
	tcase_add_test(tc, beyond_the_last_image_further_permutations_follow);
	tcase_add_test(tc, a_smaller_set_is_the_beginning_of_a_larger_one);
	tcase_add_test(tc, composition_and_partners_never_change);
	tcase_add_test(tc, packed_files_compose_the_same);
	tcase_add_test(tc, two_origins_lie_in_their_own_corners);
	tcase_add_test(tc, missing_files_are_named_with_their_command);
	tcase_add_test(tc, corrupt_files_are_named_with_place_and_command);
	tcase_add_test(tc, sizes_have_limits);
	tcase_add_test(tc, fashion_mnist_composes_as_ever);
	tcase_add_test(tc, the_example_in_python_has_the_same_pictures);
	suite_add_tcase(s, tc);
	return s;
}
