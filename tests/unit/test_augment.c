#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "trainer-core/train/augment.h"

static void near(float got, double expected)
{
	ck_assert_msg(fabs((double)got - expected) < 1e-5, "%g, not %g", (double)got,
		expected);
}

/* 1x3x4: row r, column c holds 10 r + c. */
static const int shape[3] = { 1, 3, 4 };
static const float grid[12] = { 0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23 };

START_TEST(what_is_drawn_follows_from_seed_epoch_and_sample)
{
	enum augment a = AUGMENT_SCALE_CROP_FLIP;
	int scales[3] = { 0 };
	int flips = 0;
	int edges = 0;

	for (int i = 0; i < 3000; i++) {
		struct augment_window w = augment_draw(a, 7, 2, i, 288, 384);
		struct augment_window again = augment_draw(a, 7, 2, i, 288, 384);
		int s = w.scale == 1 ? 0 : w.scale == 1.2 ? 1 : 2;

		ck_assert_int_eq(w.h, again.h);
		ck_assert_int_eq(w.top, again.top);
		ck_assert_int_eq(w.left, again.left);
		ck_assert_int_eq(w.flip, again.flip);
		ck_assert_int_eq(w.h, s == 0 ? 288 : s == 1 ? 240 : 192);
		ck_assert_int_eq(w.w, s == 0 ? 384 : s == 1 ? 320 : 256);
		ck_assert_int_ge(w.top, 0);
		ck_assert_int_le(w.top + w.h, 288);
		ck_assert_int_le(w.left + w.w, 384);
		scales[s]++;
		flips += w.flip;
		edges += s > 0 && w.top + w.h == 288;
	}
	/* Six standard deviations of 1000 (25.8) and 1500 (27.4). */
	for (int s = 0; s < 3; s++)
		ck_assert_int_lt(abs(scales[s] - 1000), 155);
	ck_assert_int_lt(abs(flips - 1500), 165);
	ck_assert_int_gt(edges, 0); /* the last place is one of them */
}
END_TEST

START_TEST(another_seed_epoch_or_sample_draws_something_else)
{
	int same[3] = { 0 };

	for (int i = 0; i < 200; i++) {
		enum augment a = AUGMENT_PAD_CROP_FLIP;
		struct augment_window w = augment_draw(a, 1, 1, i, 32, 32);
		struct augment_window other[3] = { augment_draw(a, 2, 1, i, 32, 32),
			augment_draw(a, 1, 2, i, 32, 32),
			augment_draw(a, 1, 1, i + 1, 32, 32) };

		ck_assert_int_le(abs(w.top), AUGMENT_PAD);
		ck_assert_int_le(abs(w.left), AUGMENT_PAD);
		for (int k = 0; k < 3; k++)
			same[k] += w.top == other[k].top && w.left == other[k].left &&
				w.flip == other[k].flip;
	}
	/* One in 162 by chance. */
	for (int k = 0; k < 3; k++)
		ck_assert_int_lt(same[k], 12);
}
END_TEST

START_TEST(cityscapes_windows_are_cut_off_to_whole_pixels)
{
	for (int i = 0; i < 50; i++) {
		struct augment_window w =
			augment_draw(AUGMENT_SCALE_CROP_FLIP, 0, 1, i, 128, 256);

		ck_assert_int_eq(w.h, w.scale == 1 ? 128 : w.scale == 1.2 ? 106 : 85);
		ck_assert_int_eq(w.w, w.scale == 1 ? 256 : w.scale == 1.2 ? 213 : 170);
	}
}
END_TEST

START_TEST(images_are_resized_with_aligned_corners)
{
	struct augment_window w = { 1, 1, 2, 2, 1.5, false };
	float out[12];

	augment_scale_crop_flip(&w, MAP_IMAGE, shape, grid, out);
	/* The window is 11 12 / 21 22; rows at 0, 1/2, 1 of it, columns at thirds. */
	for (int y = 0; y < 3; y++)
		for (int x = 0; x < 4; x++)
			near(out[4 * y + x], 11 + 5.0 * y + x / 3.0);
	w.flip = true;
	augment_scale_crop_flip(&w, MAP_IMAGE, shape, grid, out);
	for (int x = 0; x < 4; x++)
		near(out[x], 12 - x / 3.0);
}
END_TEST

START_TEST(labels_stay_labels_and_depth_is_divided_by_the_scale)
{
	static const float labels[12] = { 11, 11, 12, 12, 11, 11, 12, 12, 21, 21, 22,
		22 };
	struct augment_window w = { 1, 1, 2, 2, 1.5, false };
	float out[12];

	augment_scale_crop_flip(&w, MAP_LABEL, shape, grid, out);
	ck_assert_mem_eq(out, labels, sizeof(labels));
	augment_scale_crop_flip(&w, MAP_DEPTH, shape, grid, out);
	for (int i = 0; i < 12; i++)
		ck_assert(out[i] == labels[i] / 1.5f);
	w.flip = true;
	augment_scale_crop_flip(&w, MAP_LABEL, shape, grid, out);
	for (int y = 0; y < 3; y++)
		for (int x = 0; x < 4; x++)
			ck_assert(out[4 * y + x] == labels[4 * y + 3 - x]);
}
END_TEST

START_TEST(mirrored_normals_point_the_other_way_in_x)
{
	static const int two[3] = { 3, 1, 2 };
	static const float normal[6] = { .6f, -.8f, .1f, .2f, .3f, .4f };
	static const float mirrored[6] = { .8f, -.6f, .2f, .1f, .4f, .3f };
	struct augment_window w = { 0, 0, 1, 2, 1, true };
	float out[6];

	augment_scale_crop_flip(&w, MAP_NORMAL, two, normal, out);
	for (int i = 0; i < 6; i++)
		near(out[i], (double)mirrored[i]);
	w.flip = false;
	augment_scale_crop_flip(&w, MAP_NORMAL, two, normal, out);
	ck_assert_mem_eq(out, normal, sizeof(normal));
}
END_TEST

/* In pixels: twice as far where the picture is twice as large; x turns with it. */
START_TEST(vectors_grow_with_the_picture_and_turn_with_its_mirror)
{
	static const int two[3] = { 2, 1, 2 };
	static const float vector[4] = { 1, -2, 0.5f, 4 };
	static const float mirrored[4] = { 3, -1.5f, 6, 0.75f };
	const struct augment_window w = { 0, 0, 1, 2, 1.5, true };
	float out[4];

	augment_scale_crop_flip(&w, MAP_VECTOR, two, vector, out);
	for (int i = 0; i < 4; i++)
		near(out[i], (double)mirrored[i]);
}
END_TEST

START_TEST(a_crop_beyond_the_edge_shows_the_padding)
{
	static const float pad[1] = { -5 };
	static const float shifted[12] = { 11, 12, 13, -5, 21, 22, 23, -5, -5, -5, -5,
		-5 };
	static const float mirrored[12] = { -5, -5, -5, -5, 2, 1, 0, -5, 12, 11, 10,
		-5 };
	struct augment_window w = { 1, 1, 3, 4, 1, false };
	float out[12];

	augment_pad_crop_flip(&w, shape, pad, grid, out);
	ck_assert_mem_eq(out, shifted, sizeof(out));
	w = (struct augment_window){ -1, -1, 3, 4, 1, true };
	augment_pad_crop_flip(&w, shape, pad, grid, out);
	ck_assert_mem_eq(out, mirrored, sizeof(out));
	augment_pad_crop_flip(&w, shape, NULL, grid, out);
	ck_assert(out[0] == 0);
}
END_TEST

START_TEST(the_option_is_one_of_three_words)
{
	struct arena arena = { 0 };
	struct params ps = { 0 };
	enum augment a;
	struct err e = { 0 };

	ck_assert_int_eq(augment_parse(&ps, &a, &e), OK);
	ck_assert_int_eq(a, AUGMENT_NONE);
	params_set(&ps, &arena, "dataset.name", "npy");
	params_set(&ps, &arena, "dataset.augment", "pad_crop_flip");
	ck_assert_int_eq(augment_parse(&ps, &a, &e), OK);
	ck_assert_int_eq(a, AUGMENT_PAD_CROP_FLIP);
	params_set(&ps, &arena, "dataset.augment", "some");
	ck_assert_int_eq(augment_parse(&ps, &a, &e), ERR_SPEC);
	arena_release(&arena);
}
END_TEST

Suite *suite_augment(void);
Suite *suite_augment(void)
{
	Suite *s = suite_create("augment");
	TCase *t = tcase_create("augment");

	tcase_add_test(t, what_is_drawn_follows_from_seed_epoch_and_sample);
	tcase_add_test(t, another_seed_epoch_or_sample_draws_something_else);
	tcase_add_test(t, cityscapes_windows_are_cut_off_to_whole_pixels);
	tcase_add_test(t, images_are_resized_with_aligned_corners);
	tcase_add_test(t, labels_stay_labels_and_depth_is_divided_by_the_scale);
	tcase_add_test(t, mirrored_normals_point_the_other_way_in_x);
	tcase_add_test(t, vectors_grow_with_the_picture_and_turn_with_its_mirror);
	tcase_add_test(t, a_crop_beyond_the_edge_shows_the_padding);
	tcase_add_test(t, the_option_is_one_of_three_words);
	suite_add_tcase(s, t);
	return s;
}
