#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/lib/child.h"
#include "tests/lib/each.h"
#include <xxhash.h>
#include "tests/lib/must.h"
#include "tests/lib/scratch.h"
#include "tests/lib/sheet_png.h"
#include "trainer-core/dataset/dataset.h"
#include "worker/preview.h"

/* 8 training, 4 validation and 4 test images of 48 x 32. */
#define ROOMS_DIGEST "2cca16bdc4034f0539843e4de1f4ddcb"
#define COLOURLESS_DIGEST "69b81f232a73713169c2e518147714d9"
#define STREETS_DIGEST "d4695afa3b307d6928b9b5bd78f48312"
/* 400 training images of 16 x 12. */
#define MANY_ROOMS_DIGEST "f3e30f630baac9bc798a6ec3c4b02bb8"
#define MANY_STREETS_DIGEST "2a99022ef755277b77b25fffa3e155b8"

static struct arena arena;
static struct params ps;
static struct err err;
static struct dataset set;
static const char *colour; /* dataset.colour; NULL: the default */
static const char *instances; /* dataset.instances; NULL: the default */

static void compose(const char *name, const char *train, int width, int height)
{
	int rc;

	ps = (struct params){ 0 };
	params_set(&ps, &arena, "dataset.name", name);
	params_set(&ps, &arena, "dataset.train", train);
	params_set(&ps, &arena, "dataset.val", "4");
	params_set(&ps, &arena, "dataset.test", "4");
	params_set_number(&ps, &arena, "dataset.width", width);
	params_set_number(&ps, &arena, "dataset.height", height);
	if (colour)
		params_set(&ps, &arena, "dataset.colour", colour);
	if (instances)
		params_set(&ps, &arena, "dataset.instances", instances);
	rc = dataset_prepare(&ps, NULL, &arena, &set, &err);
	must(rc, &err);
}

static void setup(void)
{
	scratch_enter();
	setenv("DELTAM_CACHE", ".", 1);
	arena = (struct arena){ 0 };
	set = (struct dataset){ 0 };
	colour = instances = NULL;
}

static void teardown(void)
{
	dataset_close(&set);
	arena_release(&arena);
	scratch_leave();
}

/* Training images: the maps of image i of the 48 x 32 or other size. */
static const struct split_data *train(void)
{
	return &set.split[SPLIT_TRAIN];
}

static int pixels(void)
{
	return train()->input.h * train()->input.w;
}

static int label(int image, int at)
{
	return ((const uint8_t *)train()->target[0].data)[image * pixels() + at] - 1;
}

static float depth(int image, int at)
{
	return ((const float *)train()->target[1].data)[image * pixels() + at];
}

static void normal(int image, int at, double v[3])
{
	const float *map = train()->target[2].data;

	for (int c = 0; c < 3; c++)
		v[c] = (double)map[(image * 3 + c) * pixels() + at];
}

START_TEST(pictures_are_the_same_on_every_run)
{
	compose("scenes", "8", 48, 32);
	ck_assert_str_eq(set.digest, ROOMS_DIGEST);
	dataset_close(&set);
	compose("scenes2", "8", 48, 32);
	ck_assert_str_eq(set.digest, STREETS_DIGEST);
}
END_TEST

/* Many small pictures hold every kind of thing, and so every draw. */
START_TEST(draws_do_not_depend_on_the_compiler)
{
	compose("scenes", "400", 16, 12);
	ck_assert_str_eq(set.digest, MANY_ROOMS_DIGEST);
	dataset_close(&set);
	compose("scenes2", "400", 16, 12);
	ck_assert_str_eq(set.digest, MANY_STREETS_DIGEST);
}
END_TEST

/* Maps of 3 images of 8 x 8. */
static void copy_maps(unsigned char *seg, float *geometry)
{
	memcpy(seg, train()->target[0].data, 3 * 64);
	memcpy(geometry, train()->target[1].data, 3 * 64 * sizeof(float));
	memcpy(geometry + 3 * 64, train()->target[2].data, 9 * 64 * sizeof(float));
}

START_TEST(colour_changes_the_pictures_and_no_map)
{
	unsigned char seg[2][3 * 64], picture[9 * 64];
	float geometry[2][12 * 64];

	colour = "0";
	compose("scenes", "8", 48, 32);
	ck_assert_str_eq(set.digest, COLOURLESS_DIGEST);
	dataset_close(&set);
	compose("scenes", "3", 8, 8);
	copy_maps(seg[0], geometry[0]);
	memcpy(picture, train()->input.data, sizeof(picture));
	dataset_close(&set);
	colour = "1";
	compose("scenes", "3", 8, 8);
	copy_maps(seg[1], geometry[1]);
	ck_assert_int_eq(memcmp(seg[0], seg[1], sizeof(seg[0])), 0);
	ck_assert_int_eq(memcmp(geometry[0], geometry[1], sizeof(geometry[0])), 0);
	ck_assert_int_ne(memcmp(picture, train()->input.data, sizeof(picture)), 0);
	params_set(&ps, &arena, "dataset.colour", "1.5");
	ck_assert_int_eq(
		dataset_shape(&ps, &arena, &(struct dataset){ 0 }, &err), ERR_SPEC);
	ck_assert_str_eq(err.msg, "dataset.colour: 1.5 is not in 0 to 1");
}
END_TEST

START_TEST(a_longer_set_begins_with_the_shorter_and_splits_differ)
{
	unsigned char before[2 * 3 * 48 * 32];

	compose("scenes", "2", 48, 32);
	memcpy(before, train()->input.data, sizeof(before));
	ck_assert_int_ne(
		memcmp(before, set.split[SPLIT_VAL].input.data, 3 * 48 * 32), 0);
	ck_assert_int_ne(memcmp(set.split[SPLIT_VAL].input.data,
				 set.split[SPLIT_TEST].input.data, 3 * 48 * 32),
		0);
	ck_assert_int_ne(memcmp(before, before + 3 * 48 * 32, 3 * 48 * 32), 0);
	dataset_close(&set);
	compose("scenes", "5", 48, 32);
	ck_assert_int_eq(memcmp(before, train()->input.data, sizeof(before)), 0);
}
END_TEST

START_TEST(normals_have_unit_length_face_the_camera_and_share_the_mask_of_depth)
{
	int missing = 0, all;

	compose("scenes", "40", 48, 32);
	all = 40 * pixels();
	for (int i = 0; i < 40; i++)
		for (int at = 0; at < pixels(); at++) {
			double n[3];
			double square;

			normal(i, at, n);
			square = n[0] * n[0] + n[1] * n[1] + n[2] * n[2];
			if (depth(i, at) == 0) {
				ck_assert_double_eq(square, 0);
				missing++;
				continue;
			}
			ck_assert(depth(i, at) > 0.1f);
			ck_assert(depth(i, at) < 120);
			ck_assert_double_eq_tol(square, 1, 1e-6);
		}
	ck_assert_double_gt((double)missing / all, 0.01);
	ck_assert_double_lt((double)missing / all, 0.15);
}
END_TEST

START_TEST(the_floor_is_a_plane_with_its_own_normal)
{
	int checked = 0;

	compose("scenes", "20", 96, 64);
	for (int i = 0; i < 20; i++) {
		double up[3] = { 0 };

		for (int y = 0; y < 63; y++)
			for (int x = 0; x < 95; x++) {
				int at = y * 96 + x;
				double n[3];

				if (label(i, at) != 0 || depth(i, at) == 0)
					continue;
				normal(i, at, n);
				if (up[1] == 0)
					memcpy(up, n, sizeof(up));
				for (int c = 0; c < 3; c++) /* one floor, one normal */
					ck_assert_double_eq_tol(n[c], up[c], 1e-6);
				checked++;
			}
	}
	ck_assert_int_gt(checked, 5000);
}
END_TEST

/*
 * 1 / depth is linear in the picture's coordinates on a plane: three neighbours in a row
 * with the same normal and no edge between them lie on one.
 */
START_TEST(inverse_depth_is_linear_where_the_normal_does_not_change)
{
	int linear = 0, checked = 0;

	compose("scenes", "20", 96, 64);
	for (int i = 0; i < 20; i++)
		for (int at = 0; at + 2 < pixels(); at++) {
			double a = 1 / (double)depth(i, at);
			double b = 1 / (double)depth(i, at + 1);
			double c = 1 / (double)depth(i, at + 2);

			if (at % 96 > 93 || label(i, at) != 0 ||
				label(i, at + 1) != 0 || label(i, at + 2) != 0 ||
				!isfinite(a + b + c))
				continue;
			checked++;
			linear += fabs(a - 2 * b + c) < 1e-6;
		}
	ck_assert_int_gt(checked, 5000);
	ck_assert_int_eq(linear, checked);
}
END_TEST

/* On a plane 1 / depth grows along the picture in the direction of its normal. */
START_TEST(normals_point_along_the_gradient_of_inverse_depth)
{
	int checked = 0;

	compose("scenes", "20", 96, 64);
	for (int i = 0; i < 20; i++)
		for (int at = 96; at + 1 < pixels(); at++) {
			double here = 1 / (double)depth(i, at);
			double right = 1 / (double)depth(i, at + 1) - here;
			double up = 1 / (double)depth(i, at - 96) - here;
			double n[3];

			if (at % 96 > 94 || label(i, at) != 0 ||
				label(i, at + 1) != 0 || label(i, at - 96) != 0 ||
				!isfinite(right + up))
				continue;
			normal(i, at, n);
			checked++;
			ck_assert_double_eq_tol(right * n[1], up * n[0], 1e-7);
			ck_assert_double_gt(fabs(up * n[1]), 1e-5);
		}
	ck_assert_int_gt(checked, 5000);
}
END_TEST

static void check_classes(int classes, double rarest, double most)
{
	int count[16] = { 0 }, ignored = 0, n = train()->n;

	for (int i = 0; i < n; i++)
		for (int at = 0; at < pixels(); at++) {
			int class = label(i, at);

			ck_assert_int_ge(class, -1);
			ck_assert_int_lt(class, classes);
			if (class < 0)
				ignored++;
			else
				count[class]++;
		}
	for (int c = 0; c < classes; c++) {
		double share = (double)count[c] / n / pixels();

		ck_assert_msg(share > rarest && share < most, "class %d: %g", c, share);
	}
	ck_assert_int_lt(ignored, n * pixels() / 20);
}

START_TEST(every_class_occurs_and_none_is_all_there_is)
{
	compose("scenes", "120", 48, 32);
	check_classes(13, 0.001, 0.6);
	dataset_close(&set);
	compose("scenes2", "120", 48, 32);
	check_classes(7, 0.0005, 0.6);
}
END_TEST

/* Maps and pictures of the other tasks, which the third one leaves as they are. */
static uint64_t checksum(void)
{
	size_t n = (size_t)train()->n * (size_t)pixels();

	return XXH3_64bits(train()->input.data, 3 * n) ^
		XXH3_64bits(train()->target[0].data, n) ^
		XXH3_64bits(train()->target[1].data, n * sizeof(float));
}

static void way(int image, int at, double v[2])
{
	const float *map = train()->target[2].data;

	for (int c = 0; c < 2; c++)
		v[c] = (double)map[(image * 2 + c) * pixels() + at];
}

/* Persons are class 5, vehicles 6. */
static bool is_thing(int image, int at)
{
	return label(image, at) >= 5;
}

START_TEST(things_have_vectors_and_the_other_maps_stay)
{
	uint64_t before;

	compose("scenes2", "20", 96, 64);
	before = checksum();
	ck_assert_int_eq(set.tasks, 2);
	dataset_close(&set);
	instances = "true";
	compose("scenes2", "20", 96, 64);
	ck_assert_int_eq(set.tasks, 3);
	ck_assert_str_eq(set.task[2].name, "instance");
	ck_assert_int_eq(set.task[2].kind, TASK_VECTOR);
	ck_assert(checksum() == before);
	for (int i = 0; i < 20; i++)
		for (int at = 0; at < pixels(); at++) {
			double v[2];

			way(i, at, v);
			ck_assert_int_eq(v[0] != 0 || v[1] != 0, is_thing(i, at));
		}
}
END_TEST

/*
 * Whatever the ray-caster does: the pixels of one object point to one place, and that lies
 * about where the middle of these pixels is, where none of them is cut off or hidden. An
 * object is found by flooding neighbours that point to the same place.
 */
struct blob {
	double x, y; /* where its pixels point to */
	double left, right, top, bottom;
	int n;
};

static void grow_blob(struct blob *b, int x, int y, const double to[2])
{
	if (!b->n)
		*b = (struct blob){ to[0], to[1], x, x, y, y, 0 };
	b->left = fmin(b->left, x);
	b->right = fmax(b->right, x);
	b->top = fmin(b->top, y);
	b->bottom = fmax(b->bottom, y);
	b->n++;
}

/* The pixels that point to the same place as `at`, which are marked. */
static struct blob gather_blob(int image, int at, bool *seen)
{
	struct blob b = { .n = 0 };
	double to[2], own[2];

	way(image, at, own);
	to[0] = at % 96 + own[0];
	to[1] = (double)(at / 96) + own[1];
	for (int i = at; i < pixels(); i++) {
		double v[2];

		way(image, i, v);
		if (!is_thing(image, i) || fabs(i % 96 + v[0] - to[0]) > 1e-3 ||
			fabs((double)(i / 96) + v[1] - to[1]) > 1e-3)
			continue;
		seen[i] = true;
		grow_blob(&b, i % 96, i / 96, to);
	}
	return b;
}

START_TEST(vectors_point_to_the_middle_of_their_object)
{
	int whole = 0, right = 0, objects = 0;

	instances = "true";
	compose("scenes2", "60", 96, 64);
	for (int i = 0; i < 60; i++) {
		static bool seen[96 * 64];

		memset(seen, 0, sizeof(seen));
		for (int at = 0; at < pixels(); at++) {
			struct blob b;

			if (!is_thing(i, at) || seen[at])
				continue;
			b = gather_blob(i, at, seen);
			objects++;
			if (b.n < 40 || b.left < 1 || b.top < 1 || b.right > 94 ||
				b.bottom > 62)
				continue;
			whole++;
			right += fabs(b.x - (b.left + b.right) / 2) <
					0.25 * (b.right - b.left + 1) &&
				fabs(b.y - (b.top + b.bottom) / 2) <
					0.25 * (b.bottom - b.top + 1);
		}
	}
	ck_assert_int_gt(whole, 30);
	ck_assert_int_lt(objects, 60 * 16);
	ck_assert_int_gt(right, whole * 8 / 10);
}
END_TEST

START_TEST(sizes_may_be_odd_and_are_checked)
{
	compose("scenes2", "3", 33, 9);
	ck_assert_int_eq(train()->input.w, 33);
	ck_assert_int_eq(train()->input.h, 9);
	ck_assert_int_eq(train()->input.c, 3);
	ck_assert_int_eq(set.tasks, 2);
	dataset_close(&set);
	set = (struct dataset){ 0 };
	params_set(&ps, &arena, "dataset.width", "4");
	ck_assert_int_eq(dataset_prepare(&ps, NULL, &arena, &set, &err), ERR_SPEC);
	ck_assert_ptr_nonnull(strstr(err.msg, "dataset.width: 4 is not in 8 to 1024"));
}
END_TEST

START_TEST(a_preview_is_a_png_of_the_sheet_and_refuses_what_is_no_picture)
{
	char *words[] = { (char[]){ "x.png" }, (char[]){ "dataset.name=scenes2" },
		(char[]){ "dataset.width=16" }, (char[]){ "dataset.height=16" } };
	char *vectors[] = { words[0], (char[]){ "dataset.name=synthetic" } };
	unsigned char head[64];
	size_t n;

	ck_assert_msg(preview_main(4, words, &err) == OK, "%s", err.msg);
	n = scratch_read("x.png", (char *)head, sizeof(head));
	ck_assert_uint_ge(n, 33);
	ck_assert_int_eq(memcmp(head, "\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16), 0);
	/* Two columns of three maps of 160, eight rows. */
	ck_assert_int_eq(head[18] << 8 | head[19], 2 * (3 * 160 + 5 * 4));
	ck_assert_int_eq(head[22] << 8 | head[23], 8 * (160 + 4) + 4);
	ck_assert_int_eq(preview_main(2, vectors, &err), ERR_SPEC);
	ck_assert_ptr_nonnull(strstr(err.msg, "no pictures"));
	words[0] = (char[]){ "no/such/folder/x.png" };
	ck_assert_int_eq(preview_main(4, words, &err), ERR_SYS);
	ck_assert_int_eq(preview_main(0, words, &err), ERR_USAGE);
}
END_TEST

#define WIDTH 24
#define HEIGHT 16
#define ZOOM 7 /* the least by which 24 places are 160 */

/* What the sheet shows of a place of a map: column 0 is the input, then the tasks. */
static const uint8_t *shown(const uint8_t *sheet, int sample, int column, int at)
{
	int width = 2 * (4 * (ZOOM * WIDTH + 4) + 2 * 4);
	int x = 4 + sample % 2 * (width / 2) + column * (ZOOM * WIDTH + 4);
	int y = 4 + sample / 2 * (ZOOM * HEIGHT + 4);

	/* the last of the pixels that a place is drawn with */
	x += ZOOM * (at % WIDTH) + ZOOM - 1;
	y += ZOOM * (at / WIDTH) + ZOOM - 1;
	return sheet + (size_t)y * (size_t)(3 * width + 1) + 1 + 3 * (size_t)x;
}

static int byte_of(double share)
{
	return (int)(255 * fmin(fmax(share, 0), 1) + 0.5);
}

/* Of the input and the geometry; rounding may go the other way. */
static void check_place(const uint8_t *sheet, int i, int at, float most)
{
	const struct dataset_field *f = &train()->input;
	const uint8_t *input = f->data;
	double n[3];

	ASSERT_EACH(f->element == ELEMENT_U8);
	normal(i, at, n);
	for (int c = 0; c < 3; c++) {
		double v = input[(i * 3 + c) * pixels() + at] * (double)f->scale +
			(double)f->offset;
		bool missing = n[0] == 0 && n[1] == 0 && n[2] == 0;

		ASSERT_EACH(abs(shown(sheet, i, 0, at)[c] - byte_of(v)) <= 1);
		ASSERT_EACH(abs(shown(sheet, i, 2, at)[c] -
				    byte_of((double)(depth(i, at) / most))) <= 1);
		ASSERT_EACH(abs(shown(sheet, i, 3, at)[c] -
				    (missing ? 0 : byte_of((n[c] + 1) / 2))) <= 1);
	}
}

/* A colour a class, black where there is none. */
static void check_class(const uint8_t *sheet, int i, int at, uint8_t known[16][3])
{
	static const uint8_t black[3];
	const uint8_t *of = shown(sheet, i, 1, at);
	int class = label(i, at);

	if (class < 0) {
		ASSERT_EACH(memcmp(of, black, 3) == 0);
		return;
	}
	if (!memcmp(known[class], black, 3))
		memcpy(known[class], of, 3);
	ASSERT_EACH(memcmp(of, known[class], 3) == 0);
	for (int k = 0; k < 16; k++)
		ASSERT_EACH(k == class || memcmp(of, known[k], 3) != 0);
}

START_TEST(a_sheet_shows_every_place_of_the_first_samples)
{
	static const char *const argv[] = { "deltam", "preview", "scenes", "--param",
		"width=24,height=16", "-o", "x.png", NULL };
	uint8_t known[16][3] = { 0 };
	int width, height;
	const uint8_t *sheet;

	ck_assert_int_eq(child_run(argv, NULL), 0);
	sheet = sheet_png_read("x.png", &arena, &width, &height);
	ck_assert_int_eq(width, 2 * (4 * (ZOOM * WIDTH + 4) + 2 * 4));
	ck_assert_int_eq(height, 8 * (ZOOM * HEIGHT + 4) + 4);
	compose("scenes", "16", WIDTH, HEIGHT);
	for (int i = 0; i < 16; i++) {
		float most = 0;

		for (int at = 0; at < pixels(); at++)
			most = fmaxf(most, depth(i, at));
		for (int at = 0; at < pixels(); at++) {
			check_place(sheet, i, at, most);
			check_class(sheet, i, at, known);
		}
	}
}
END_TEST

START_TEST(a_preview_that_fails_says_why)
{
	static const char *const bare[] = { "deltam", "preview", "scenes", NULL };
	static const char *const small[] = { "deltam", "preview", "scenes", "--param",
		"width=4", "-o", "x.png", NULL };
	char text[512];

	ck_assert_int_eq(child_run(bare, NULL), 2);
	scratch_read("err", text, sizeof(text));
	ck_assert_ptr_nonnull(strstr(text, "-o FILE.png is missing"));
	ck_assert_int_ne(child_run(small, NULL), 0);
	scratch_read("err", text, sizeof(text));
	ck_assert_msg(strstr(text, "dataset.width: 4 is not in 8 to 1024") != NULL,
		"%s", text);
}
END_TEST

Suite *suite_scenes(void);
Suite *suite_scenes(void)
{
	Suite *s = suite_create("scenes");
	TCase *t = tcase_create("scenes");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, pictures_are_the_same_on_every_run);
	tcase_add_test(t, draws_do_not_depend_on_the_compiler);
	tcase_add_test(t, colour_changes_the_pictures_and_no_map);
	tcase_add_test(t, a_longer_set_begins_with_the_shorter_and_splits_differ);
	tcase_add_test(t,
		normals_have_unit_length_face_the_camera_and_share_the_mask_of_depth);
	tcase_add_test(t, the_floor_is_a_plane_with_its_own_normal);
	tcase_add_test(t, inverse_depth_is_linear_where_the_normal_does_not_change);
	tcase_add_test(t, normals_point_along_the_gradient_of_inverse_depth);
	tcase_add_test(t, every_class_occurs_and_none_is_all_there_is);
	tcase_add_test(t, things_have_vectors_and_the_other_maps_stay);
	tcase_add_test(t, vectors_point_to_the_middle_of_their_object);
	tcase_add_test(t, sizes_may_be_odd_and_are_checked);
	tcase_add_test(
		t, a_preview_is_a_png_of_the_sheet_and_refuses_what_is_no_picture);
	tcase_add_test(t, a_sheet_shows_every_place_of_the_first_samples);
	tcase_add_test(t, a_preview_that_fails_says_why);
	suite_add_tcase(s, t);
	return s;
}
