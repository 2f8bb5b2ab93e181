#include <check.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tests/lib/each.h"
#include "tests/lib/fake_npy.h"
#include "tests/lib/prepared.h"
#include "tests/lib/scratch.h"
#include "trainer-core/dataset/dataset.h"

enum { NYU_H = 288, NYU_W = 384, CITY_H = 128, CITY_W = 256 };
enum { NYU = NYU_H * NYU_W, CITY = CITY_H * CITY_W };
enum { NYU_FILES = 795, CITY_FILES = 2975, VARIANTS = 5 };

static struct arena arena;
static struct params ps;

static void set(const char *name, const char *value)
{
	params_set(&ps, &arena, name, value);
}

static void setup(void)
{
	scratch_enter();
	setenv("DELTAM_CACHE", "cache", 1);
	arena = (struct arena){ 0 };
	ps = (struct params){ 0 };
	set("dataset.path", ".");
	set("dataset.train", "3");
	set("dataset.val", "2");
	set("dataset.test", "2");
}

static void teardown(void)
{
	arena_release(&arena);
	scratch_leave();
}

/*
 * FOLDER/0.npy to 4.npy are written by the caller; the other files of the folder are
 * names of those: file i holds what file i % 5 does.
 */
static void repeat(const char *folder, int files)
{
	char old[16];
	char name[200];

	for (int i = VARIANTS; i < files; i++) {
		snprintf(old, sizeof(old), "%d.npy", i % VARIANTS);
		snprintf(name, sizeof(name), "%s/%d.npy", folder, i);
		ck_assert_int_eq(symlink(old, name), 0);
	}
}

/* The value of a map's channel at a pixel of variant v. */
static double image_at(int v, int y, int x, int c)
{
	return (v * 16 + c * 4 + y % 4 + (x == 7)) / 128.0;
}

static int label_at(int v, int y, int x, int classes)
{
	return (v + y + x) % (classes + 1) - 1;
}

static double depth_at(int v, int y, int x)
{
	return y == x ? 0 : v + 1 + x / 512.0;
}

static double normal_at(int v, int y, int c)
{
	return (y + v) % 3 == c ? -1 : 0;
}

/* Image as <f4, label as |i1, depth as <f8: no type is documented. */
static void write_maps(
	const char *root, int v, int H, int W, const char *label, int classes)
{
	float *image = malloc(sizeof(float) * (size_t)(H * W * 3));
	int8_t *labels = malloc((size_t)(H * W));
	double *depth = malloc(sizeof(double) * (size_t)(H * W));
	char path[200];
	char shape[64];

	for (int y = 0; y < H; y++)
		for (int x = 0; x < W; x++) {
			for (int c = 0; c < 3; c++)
				image[(y * W + x) * 3 + c] =
					(float)image_at(v, y, x, c);
			labels[y * W + x] = (int8_t)label_at(v, y, x, classes);
			depth[y * W + x] = depth_at(v, y, x);
		}
	snprintf(path, sizeof(path), "%s/image/%d.npy", root, v);
	snprintf(shape, sizeof(shape), "(%d, %d, 3)", H, W);
	fake_npy(path, "<f4", shape, image, sizeof(float) * (size_t)(H * W * 3));
	snprintf(path, sizeof(path), "%s/%s/%d.npy", root, label, v);
	snprintf(shape, sizeof(shape), "(%d, %d)", H, W);
	fake_npy(path, "|i1", shape, labels, (size_t)(H * W));
	snprintf(path, sizeof(path), "%s/depth/%d.npy", root, v);
	snprintf(shape, sizeof(shape), "(%d, %d, 1)", H, W);
	fake_npy(path, "<f8", shape, depth, sizeof(double) * (size_t)(H * W));
	free(image);
	free(labels);
	free(depth);
}

static void write_normals(const char *root, int v)
{
	int8_t *normal = malloc(NYU * 3);
	char path[200];

	for (int y = 0; y < NYU_H; y++)
		for (int x = 0; x < NYU_W; x++)
			for (int c = 0; c < 3; c++)
				normal[(y * NYU_W + x) * 3 + c] =
					(int8_t)normal_at(v, y, c);
	snprintf(path, sizeof(path), "%s/normal/%d.npy", root, v);
	fake_npy(path, "|i1", "(288, 384, 3)", normal, NYU * 3);
	free(normal);
}

static void write_nyuv2(void)
{
	for (int v = 0; v < VARIANTS; v++) {
		write_maps("train", v, NYU_H, NYU_W, "label", 13);
		write_normals("train", v);
		write_maps("val", v, NYU_H, NYU_W, "label", 13);
		write_normals("val", v);
	}
	repeat("train/image", NYU_FILES);
	repeat("train/label", NYU_FILES);
	repeat("train/depth", NYU_FILES);
	repeat("train/normal", NYU_FILES);
	set("dataset.name", "nyuv2");
}

static void write_cityscapes(const char *label, int classes)
{
	char folder[64];

	for (int v = 0; v < VARIANTS; v++) {
		write_maps("train", v, CITY_H, CITY_W, label, classes);
		write_maps("val", v, CITY_H, CITY_W, label, classes);
	}
	repeat("train/image", CITY_FILES);
	repeat("train/depth", CITY_FILES);
	snprintf(folder, sizeof(folder), "train/%s", label);
	repeat(folder, CITY_FILES);
	set("dataset.name", "cityscapes");
}

/* Which variant lies at sample i, by its image; every pixel must be that one's. */
static int variant_of(const struct dataset_field *f, int i)
{
	const float *p = (const float *)f->data + (size_t)(i * 3 * f->h * f->w);
	int v = (int)((double)p[0] * 128) / 16;

	ck_assert_int_eq(f->element, ELEMENT_F32);
	for (int c = 0; c < 3; c++)
		for (int y = 0; y < f->h; y++)
			for (int x = 0; x < f->w; x++)
				ASSERT_EACH((double)p[(c * f->h + y) * f->w + x] ==
					image_at(v, y, x, c));
	return v;
}

static void check_targets(const struct split_data *s, int i, int v, int classes)
{
	int H = s->input.h;
	int W = s->input.w;
	const float *label = (const float *)s->target[0].data + (size_t)(i * H * W);
	const float *depth = (const float *)s->target[1].data + (size_t)(i * H * W);

	for (int y = 0; y < H; y++)
		for (int x = 0; x < W; x++) {
			ASSERT_EACH(
				(int)label[y * W + x] == label_at(v, y, x, classes));
			ASSERT_EACH((double)depth[y * W + x] == depth_at(v, y, x));
		}
}

START_TEST(nyuv2_comes_as_three_tasks_channels_first)
{
	struct dataset d;

	write_nyuv2();
	prepared(&ps, &arena, &d);
	ck_assert_int_eq(d.tasks, 3);
	ck_assert_str_eq(d.task[2].name, "normal");
	for (int s = 0; s < SPLIT_COUNT; s++)
		for (int i = 0; i < d.split[s].n; i++) {
			const struct split_data *split = &d.split[s];
			const float *normal = (const float *)split->target[2].data +
				(size_t)i * 3 * NYU;
			int v = variant_of(&split->input, i);

			check_targets(split, i, v, 13);
			for (int c = 0; c < 3; c++)
				for (int y = 0; y < NYU_H; y++)
					ASSERT_EACH(
						(double)normal[c * NYU + y * NYU_W] ==
						normal_at(v, y, c));
			/* The test split is the folder val in its order. */
			if (s == SPLIT_TEST)
				ck_assert_int_eq(v, i);
		}
	dataset_close(&d);
}
END_TEST

/* The image of every sample says which of five files it is. */
static void variants(const struct split_data *s, int *out)
{
	for (int i = 0; i < s->n; i++)
		out[i] = variant_of(&s->input, i);
}

START_TEST(a_split_does_not_change_with_the_size_of_another)
{
	struct dataset small, large;
	int a[8], b[8];

	write_cityscapes("label_7", 7);
	prepared(&ps, &arena, &small);
	set("dataset.train", "8");
	set("dataset.val", "2");
	prepared(&ps, &arena, &large);
	variants(&small.split[SPLIT_TRAIN], a);
	variants(&large.split[SPLIT_TRAIN], b);
	ck_assert_mem_eq(a, b, 3 * sizeof(*a));
	variants(&small.split[SPLIT_VAL], a);
	variants(&large.split[SPLIT_VAL], b);
	ck_assert_mem_eq(a, b, 2 * sizeof(*a));
	dataset_close(&small);
	dataset_close(&large);
}
END_TEST

START_TEST(cityscapes_has_a_folder_for_each_label_set)
{
	struct dataset d;

	write_cityscapes("label_19", 19);
	not_prepared(&ps, &arena, ERR_DATA, "train/label_7/");
	set("dataset.labels", "19");
	prepared(&ps, &arena, &d);
	ck_assert_int_eq(d.tasks, 2);
	ck_assert_int_eq(d.task[0].outputs, 19);
	for (int i = 0; i < 2; i++)
		check_targets(&d.split[SPLIT_TEST], i,
			variant_of(&d.split[SPLIT_TEST].input, i), 19);
	dataset_close(&d);
}
END_TEST

/* MTAN masks by the sum of the channels; to everybody else (0, 0, 0) alone is none. */
START_TEST(normals_whose_channels_sum_to_0_are_none)
{
	static float v[NYU * 3];
	struct dataset d;
	const float *normal;

	write_nyuv2();
	for (int p = 0; p < NYU; p++)
		v[3 * p] = 0.5f; /* shorter than 1: resized */
	v[0] = 0.5f;
	v[1] = -0.5f;
	fake_npy("val/normal/0.npy", "<f4", "(288, 384, 3)", v, sizeof(v));
	prepared(&ps, &arena, &d);
	normal = d.split[SPLIT_TEST].target[2].data;
	for (int c = 0; c < 3; c++) {
		ck_assert(normal[c * NYU] == 0);
		ck_assert(normal[c * NYU + 1] == (c ? 0 : 0.5f));
	}
	dataset_close(&d);
}
END_TEST

START_TEST(a_folder_without_a_valid_pixel_is_refused)
{
	static float none[NYU];

	write_nyuv2();
	for (int v = 0; v < 2; v++)
		fake_npy(v ? "val/depth/1.npy" : "val/depth/0.npy", "<f4", "(288, 384)",
			none, sizeof(none));
	not_prepared(&ps, &arena, ERR_DATA,
		"val/depth: task depth: no pixel of the 2 samples of the test split "
		"is valid: nothing to measure with");
	none[5] = -1;
	fake_npy("val/depth/1.npy", "<f4", "(288, 384)", none, sizeof(none));
	not_prepared(&ps, &arena, ERR_DATA,
		"val/depth/1.npy: at (0, 5): found -1, expected a finite number of at "
		"least 0");
}
END_TEST

START_TEST(a_missing_file_is_named_with_where_to_get_it)
{
	set("dataset.name", "nyuv2");
	not_prepared(&ps, &arena, ERR_DATA,
		".npy: No such file or directory; download the data set as MTAN "
		"distributes it (github.com/lorenmt/mtan) and name its folder in "
		"dataset.path");
}
END_TEST

START_TEST(labels_beyond_the_classes_and_images_beyond_one_are_refused)
{
	static int8_t label[CITY];
	static uint8_t image[CITY * 3];

	write_cityscapes("label_7", 7);
	label[1000] = 7;
	fake_npy("val/label_7/1.npy", "|i1", "(128, 256)", label, sizeof(label));
	not_prepared(&ps, &arena, ERR_DATA,
		"val/label_7/1.npy: at (3, 232): found 7, expected a whole number from "
		"-1 to 6");
	label[1000] = -1;
	fake_npy("val/label_7/1.npy", "|i1", "(128, 256)", label, sizeof(label));
	image[77] = 255;
	fake_npy("val/image/0.npy", "|u1", "(128, 256, 3)", image, sizeof(image));
	not_prepared(&ps, &arena, ERR_DATA,
		"val/image/0.npy: at (0, 25, 2): found 255, expected a finite number from "
		"-0.1 to 1.1");
	fake_npy("val/image/0.npy", "|u1", "(256, 128, 3)", image, sizeof(image));
	not_prepared(&ps, &arena, ERR_DATA,
		"val/image/0.npy: found shape (256, 128, 3), expected (128, "
		"256, 3)");
}
END_TEST

Suite *suite_mtan(void);
Suite *suite_mtan(void)
{
	Suite *s = suite_create("mtan");
	TCase *t = tcase_create("mtan");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, nyuv2_comes_as_three_tasks_channels_first);
	tcase_add_test(t, a_split_does_not_change_with_the_size_of_another);
	tcase_add_test(t, cityscapes_has_a_folder_for_each_label_set);
	tcase_add_test(t, normals_whose_channels_sum_to_0_are_none);
	tcase_add_test(t, a_folder_without_a_valid_pixel_is_refused);
	tcase_add_test(t, a_missing_file_is_named_with_where_to_get_it);
	tcase_add_test(t, labels_beyond_the_classes_and_images_beyond_one_are_refused);
	suite_add_tcase(s, t);
	return s;
}
