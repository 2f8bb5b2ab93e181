#include <check.h>
#include <endian.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
#include "catalogue/catalogue.h"
#include "tests/lib/fake_jpeg.h"
#include "tests/lib/fake_npy.h"
#include "tests/lib/scratch.h"
#include "trainer-core/corrupt/corrupt.h"
#include "trainer-core/dataset/dataset.h"
#include "worker/preview.h"

enum { SIDE = 96, VALUES = 3 * SIDE * SIDE };

static struct arena arena;
static struct err err;
static struct textures textures;
static uint8_t picture[VALUES], out[VALUES], other[VALUES];

static void teardown(void)
{
	arena_release(&arena);
}

/* Something with edges, gradients, colours and no symmetry, (3, h, w). */
static void paint(int h, int w)
{
	for (int c = 0; c < 3; c++)
		for (int i = 0; i < h; i++)
			for (int j = 0; j < w; j++) {
				int v = 40 + 25 * c + 90 * j / w + 60 * (i > h / 3) -
					30 * (j > w / 2 && i < h / 2) +
					20 * ((i / 3 + j / 5) % 2);

				picture[(c * h + i) * w + j] = (uint8_t)v;
			}
}

/* A texture for frost, without a file. */
static void freeze(void)
{
	static uint8_t rgb[3 * 100 * 100];
	static struct texture one = { 100, 100, rgb };

	for (int i = 0; i < 30000; i++)
		rgb[i] = (uint8_t)(i * 7 % 251);
	textures = (struct textures){ .n = 1, .texture = &one };
}

static const uint8_t *apply_to(
	const char *name, int severity, int index, uint64_t seed, int c, int h, int w)
{
	const struct corruption k = { name, severity, seed, &textures };
	const int shape[3] = { c, h, w };

	corrupt_picture(&k, index, shape, picture, out, &arena);
	return out;
}

static const uint8_t *apply(const char *name, int severity)
{
	return apply_to(name, severity, 0, 0, 3, 32, 32);
}

static double distance(const uint8_t *a, const uint8_t *b, int n)
{
	double sum = 0;

	for (int i = 0; i < n; i++)
		sum += abs(a[i] - b[i]);
	return sum / n;
}

START_TEST(what_comes_out_follows_from_seed_severity_and_index)
{
	static const char *const drawn[] = { "gaussian_noise", "shot_noise",
		"impulse_noise", "glass_blur", "motion_blur", "snow", "frost", "fog",
		"elastic_transform", "speckle_noise", "spatter" };

	paint(32, 32);
	freeze();
	for (int i = 0; i < COUNT(drawn); i++) {
		int n = 3 * 32 * 32;

		memcpy(other, apply_to(drawn[i], 3, 7, 1, 3, 32, 32), (size_t)n);
		ck_assert_msg(!memcmp(other, apply_to(drawn[i], 3, 7, 1, 3, 32, 32),
				      (size_t)n),
			"%s", drawn[i]);
		ck_assert_msg(memcmp(other, apply_to(drawn[i], 3, 8, 1, 3, 32, 32),
				      (size_t)n) != 0,
			"%s by index", drawn[i]);
		ck_assert_msg(memcmp(other, apply_to(drawn[i], 3, 7, 2, 3, 32, 32),
				      (size_t)n) != 0,
			"%s by seed", drawn[i]);
	}
}
END_TEST

START_TEST(every_row_changes_pictures_of_every_shape_and_more_so_in_the_end)
{
	static const int shapes[][3] = { { 3, 32, 32 }, { 1, 36, 36 }, { 3, 8, 21 },
		{ 3, 85, 96 }, { 2, 96, 90 } };
	int n;
	const struct corruption_info *rows = catalogue_corruptions(&n);

	ck_assert_int_eq(n, 19);
	freeze();
	for (int s = 0; s < COUNT(shapes); s++)
		for (int i = 0; i < n; i++) {
			int c = shapes[s][0], h = shapes[s][1], w = shapes[s][2];
			double change[6];

			paint(h, w);
			for (int k = 1; k <= 5; k++)
				change[k] = distance(picture,
					apply_to(rows[i].name, k, 0, 0, c, h, w),
					c * h * w);
			if (c != 3 && !strcmp(rows[i].name, "saturate")) {
				ck_assert(change[5] == 0);
				continue;
			}
			if (h == 8) /* glass_blur at 1 moves few pixels of few */
				continue;
			ck_assert_msg(change[1] > 0, "%s %d", rows[i].name, h);
			/* the saturation first falls, then grows; mud is rarer */
			ck_assert_msg(change[5] > 0.7 * change[1] ||
					!strcmp(rows[i].name, "saturate") ||
					!strcmp(rows[i].name, "elastic_transform"),
				"%s at %dx%dx%d: %g, %g", rows[i].name, c, h, w,
				change[1], change[5]);
		}
}
END_TEST

/* Mean and standard deviation of (out - picture) / 255. */
static void moments(int n, double *mean, double *std)
{
	double sum = 0;
	double squares = 0;

	for (int i = 0; i < n; i++) {
		double d = (out[i] - picture[i]) / 255.0;

		sum += d;
		squares += d * d;
	}
	*mean = sum / n;
	*std = sqrt(squares / n - *mean * *mean);
}

START_TEST(noise_has_the_published_strength)
{
	double mean, std;

	memset(picture, 128, sizeof(picture));
	apply_to("gaussian_noise", 1, 3, 0, 3, SIDE, SIDE); /* 96: ImageNet's */
	moments(VALUES, &mean, &std);
	ck_assert(fabs(mean) < 0.002 && fabs(std - 0.08) < 0.002);
	apply_to("gaussian_noise", 1, 3, 0, 3, 84, 84); /* CIFAR's */
	moments(3 * 84 * 84, &mean, &std);
	ck_assert(fabs(mean) < 0.002 && fabs(std - 0.04) < 0.001);
	apply_to("speckle_noise", 2, 3, 0, 3, SIDE, SIDE);
	moments(VALUES, &mean, &std);
	ck_assert(fabs(std - 0.2 * 128 / 255) < 0.003);
	apply_to("shot_noise", 3, 3, 0, 3, 84, 84); /* mean 50, by rejection */
	moments(3 * 84 * 84, &mean, &std);
	ck_assert(fabs(mean) < 0.002 && fabs(std - sqrt(128 / 255.0 / 100)) < 0.002);
	memset(picture, 25, sizeof(picture));
	apply_to("shot_noise", 1, 3, 0, 3, SIDE, SIDE); /* mean 5.9, one by one */
	moments(VALUES, &mean, &std);
	ck_assert(fabs(mean) < 0.002 && fabs(std - sqrt(25 / 255.0 / 60)) < 0.002);
}
END_TEST

START_TEST(salt_and_pepper_are_as_many_as_published)
{
	int salt = 0;
	int pepper = 0;

	memset(picture, 128, sizeof(picture));
	apply_to("impulse_noise", 5, 3, 0, 3, SIDE, SIDE);
	for (int i = 0; i < VALUES; i++) {
		salt += out[i] == 255;
		pepper += out[i] == 0;
		ck_assert(out[i] == 0 || out[i] == 128 || out[i] == 255);
	}
	ck_assert_int_lt(abs(salt - (int)(VALUES * 0.135)), 200);
	ck_assert_int_lt(abs(pepper - (int)(VALUES * 0.135)), 200);
}
END_TEST

START_TEST(blurs_leave_what_is_flat)
{
	static const char *const blurs[] = { "defocus_blur", "glass_blur",
		"motion_blur", "zoom_blur", "gaussian_blur", "pixelate",
		"elastic_transform", "contrast" };

	memset(picture, 77, sizeof(picture));
	for (int i = 0; i < COUNT(blurs); i++)
		for (int k = 1; k <= 5; k++) {
			apply_to(blurs[i], k, 2, 0, 3, 40, 33);
			for (int at = 0; at < 3 * 40 * 33; at++)
				ck_assert_msg(abs(out[at] - 77) <= 1, "%s %d: %d",
					blurs[i], k, out[at]);
		}
}
END_TEST

/* One white pixel in the middle of a grey picture. */
static void dot(int side)
{
	memset(picture, 0, sizeof(picture));
	picture[side / 2 * side + side / 2] = 255;
}

START_TEST(a_dot_becomes_the_published_kernel)
{
	double sum = 0;
	double weight = 0;
	int lit = 0;

	dot(33); /* sigma 1, to 4 sigmas */
	apply_to("gaussian_blur", 5, 0, 0, 1, 33, 33);
	for (int i = -4; i <= 4; i++)
		weight += exp(-0.5 * i * i);
	ck_assert_int_eq(out[16 * 33 + 16], (int)(255 / weight / weight + 0.5));
	ck_assert_int_eq(
		out[16 * 33 + 17], (int)(255 * exp(-0.5) / weight / weight + 0.5));
	dot(33); /* a disk of 1: five pixels, hardly softened */
	apply_to("defocus_blur", 4, 0, 0, 1, 33, 33);
	ck_assert_int_eq(out[16 * 33 + 16], 51);
	ck_assert_int_eq(out[15 * 33 + 16], 51);
	ck_assert_int_eq(out[15 * 33 + 15], 0);
	dot(95); /* a disk of 10, as in ImageNet-C: 317 pixels */
	apply_to("defocus_blur", 5, 0, 0, 1, 95, 95);
	ck_assert_int_eq(out[47 * 95 + 47], 1);
	ck_assert_int_eq(out[47 * 95 + 47 + 8], 1);
	ck_assert_int_eq(out[47 * 95 + 47 + 12], 0);
	dot(33);
	apply_to("motion_blur", 1, 0, 0, 1, 33, 33);
	for (int i = 0; i < 33 * 33; i++) {
		lit += out[i] > 0;
		sum += out[i];
		/* it comes from the right: what is lit lies left of the dot */
		ck_assert(out[i] == 0 || i % 33 <= 16);
	}
	ck_assert_int_eq(lit, 4); /* exp(-i^2 / 2): 0, 1, 2, 3 pixels away */
	ck_assert(fabs(sum - 255) < 3);
}
END_TEST

START_TEST(colours_move_as_hsv_says)
{
	/* grey, black, an orange, a blue */
	static const uint8_t rgb[4][3] = { { 100, 100, 100 }, { 0, 0, 0 },
		{ 200, 100, 50 }, { 10, 20, 80 } };
	/* small: value + 0.05 (12.75 of 255) */
	static const uint8_t bright[4][3] = { { 113, 113, 113 }, { 13, 13, 13 },
		{ 213, 106, 53 }, { 12, 23, 93 } };
	/* saturation * 0.3 */
	static const uint8_t pale[4][3] = { { 100, 100, 100 }, { 0, 0, 0 },
		{ 200, 170, 155 }, { 59, 62, 80 } };
	/* saturation * 2 + 0.1: what is grey becomes red */
	static const uint8_t vivid[4][3] = { { 100, 90, 90 }, { 0, 0, 0 },
		{ 200, 67, 0 }, { 0, 11, 80 } };

	for (int i = 0; i < 32 * 32; i++)
		for (int c = 0; c < 3; c++)
			picture[c * 32 * 32 + i] = rgb[i % 4][c];
	for (int i = 0; i < 12; i++) {
		int at = i % 3 * 32 * 32 + i / 3;

		ck_assert_int_eq(apply("brightness", 1)[at], bright[i / 3][i % 3]);
		ck_assert_int_eq(apply("saturate", 1)[at], pale[i / 3][i % 3]);
		ck_assert_int_eq(apply("saturate", 4)[at], vivid[i / 3][i % 3]);
	}
}
END_TEST

START_TEST(contrast_pulls_to_the_mean_of_the_channel)
{
	for (int i = 0; i < 3 * 32 * 32; i++)
		picture[i] = i % 2 ? 200 : 100;
	apply("contrast", 2);
	ck_assert_int_eq(out[0], 125);
	ck_assert_int_eq(out[1], 175);
}
END_TEST

/* What is grey in two equal channels is each of them. */
START_TEST(two_equal_channels_are_as_one)
{
	const int plane = 32 * 32;

	paint(32, 32);
	memcpy(picture + plane, picture, (size_t)plane);
	memcpy(other, apply_to("snow", 3, 0, 0, 1, 32, 32), (size_t)plane);
	ck_assert_mem_eq(apply_to("snow", 3, 0, 0, 2, 32, 32), other, (size_t)plane);
	ck_assert_mem_eq(out + plane, other, (size_t)plane);
}
END_TEST

START_TEST(fog_lightens_and_keeps_the_brightest_value)
{
	int most = 0;

	memset(picture, 0, sizeof(picture));
	picture[5] = 200;
	apply("fog", 4); /* + plasma from 0 to 1, times 200 / (200 + 255) */
	for (int i = 0; i < 3 * 32 * 32; i++)
		most = out[i] > most ? out[i] : most;
	ck_assert_int_le(most, 200);
	ck_assert_int_gt(most, 100);
}
END_TEST

START_TEST(pixelate_is_the_mean_of_boxes)
{
	for (int i = 0; i < 96; i++)
		for (int j = 0; j < 96; j++)
			picture[i * 96 + j] =
				(uint8_t)(40 * (i % 2) + 80 * (j % 2) + j);
	apply_to("pixelate", 2, 0, 0, 1, 96, 96); /* to 48x48 and back */
	for (int j = 0; j < 96; j++) {
		int mean = (0 + 40 + 80 + 120) / 4 + j / 2 * 2;

		ck_assert_int_ge(out[j], mean);
		ck_assert_int_le(out[j], mean + 1);
		ck_assert_int_eq(out[j], out[96 + j]);
	}
}
END_TEST

START_TEST(the_same_pictures_come_out_everywhere)
{
	XXH3_state_t *hash = XXH3_createState();
	int n;
	const struct corruption_info *rows = catalogue_corruptions(&n);
	unsigned long long sum;

	XXH3_64bits_reset(hash);
	freeze();
	for (int side = 32; side <= 96; side += 64)
		for (int i = 0; i < 5 * n; i++) {
			paint(side, side);
			apply_to(rows[i / 5].name, 1 + i % 5, 11, 0, 3, side, side);
			XXH3_64bits_update(hash, out, (size_t)(3 * side * side));
		}
	sum = XXH3_64bits_digest(hash);
	XXH3_freeState(hash);
	/* Another sum wants another CORRUPTION_NUMERICS (catalogue/catalogue.h). */
	ck_assert_msg(CORRUPTION_NUMERICS == 1 && sum == 0x72ecf417aa77b7e0ULL,
		"0x%llx", sum);
}
END_TEST

START_TEST(samples_are_read_as_they_are_stored)
{
	const struct corruption none = { 0 };
	const struct corruption contrast = { "contrast", 2, 0, NULL };
	float floats[64];
	float got[64];
	struct dataset_field f = { picture, ELEMENT_U8, 0.5F, 1, 8, 8, 0 };

	for (int i = 0; i < 128; i++)
		picture[i] = i % 2 ? 200 : 100;
	ck_assert(!corrupt_sample(&none, &f, 1, got, &arena, &err));
	ck_assert(got[0] == 50 && got[1] == 100);
	ck_assert(!corrupt_sample(&contrast, &f, 1, got, &arena, &err));
	ck_assert(got[0] == 62.5F && got[1] == 87.5F);
	f = (struct dataset_field){ floats, ELEMENT_F32, 1, 1, 8, 8, 0 };
	for (int i = 0; i < 64; i++)
		floats[i] = (float)picture[i] / 255;
	ck_assert(!corrupt_sample(&contrast, &f, 0, got, &arena, &err));
	ck_assert(fabs((double)got[1] - 175 / 255.0) < 1e-6);
	floats[9] = 1.5F;
	ck_assert_int_eq(corrupt_sample(&contrast, &f, 0, got, &arena, &err), ERR_DATA);
	ck_assert_msg(
		strstr(err.msg, "sample 0 has the value 1.5") != NULL, "%s", err.msg);
	f.h = 7;
	ck_assert_int_eq(corrupt_check(&f, &err), ERR_SPEC);
	f.h = 8;
	ck_assert_int_eq(corrupt_check(&f, &err), OK);
}
END_TEST

START_TEST(frost_is_a_piece_of_a_picture_of_the_folder)
{
	scratch_enter();
	fake_jpeg("frost/b.jpg", 200, 180, 60);
	fake_jpeg("frost/a.JPEG", 181, 170, 60);
	fake_npy("frost/notes.txt", "|u1", "(1,)", "x", 1);
	ck_assert_msg(!textures_read("frost", 32, 32, &textures, &arena, &err), "%s",
		err.msg);
	ck_assert_int_eq(textures.n, 2);
	ck_assert_int_eq(textures.texture[0].w, 181 / 5);
	ck_assert_int_eq(textures.texture[1].h, 180 / 5);
	ck_assert_int_eq((int)strlen(textures.digest), 32);
	memset(picture, 100, sizeof(picture));
	apply("frost", 3); /* 0.9, 0.4 */
	for (int i = 0; i < 3 * 32 * 32; i++)
		ck_assert_int_le(abs(out[i] - (90 + 24)), 1);
	ck_assert(!textures_read("frost", 96, 96, &textures, &arena, &err));
	ck_assert_int_eq(textures.texture[0].w, 181);
	scratch_leave();
}
END_TEST

START_TEST(what_is_no_frost_is_refused_by_name)
{
	scratch_enter();
	ck_assert_int_eq(
		textures_read("frost", 32, 32, &textures, &arena, &err), ERR_DATA);
	fake_folders("frost/x");
	ck_assert_int_eq(
		textures_read("frost", 32, 32, &textures, &arena, &err), ERR_DATA);
	ck_assert_msg(strstr(err.msg, "found no .jpg") != NULL, "%s", err.msg);
	fake_jpeg("frost/a.jpg", 159, 200, 60);
	ck_assert_int_eq(
		textures_read("frost", 32, 32, &textures, &arena, &err), ERR_DATA);
	ck_assert_msg(
		strstr(err.msg, "frost/a.jpg: found 159x200") != NULL, "%s", err.msg);
	scratch_write("frost/a.jpg", "not a picture", 13);
	ck_assert_int_eq(
		textures_read("frost", 32, 32, &textures, &arena, &err), ERR_DATA);
	ck_assert_msg(strstr(err.msg, "frost/a.jpg") != NULL, "%s", err.msg);
	scratch_leave();
}
END_TEST

START_TEST(a_sheet_shows_them_and_names_what_it_cannot)
{
	char name[] = "dataset.name=scenes", flat[] = "dataset.name=synthetic";
	char width[] = "dataset.width=24", height[] = "dataset.height=16";
	char file[] = "x.png", all[] = "corrupt=all", one[] = "corrupt=fog";
	char frost[] = "corrupt=frost", wrong[] = "corrupt=fogg",
	     folder[] = "textures=f";
	char *sheet[] = { file, all, name, width, height };
	char *vectors[] = { file, one, flat };
	char *unknown[] = { file, wrong, name, width, height };
	char *bare[] = { file, frost, name, width, height };
	char *frosty[] = { file, name, folder, frost, width, height };
	uint32_t header[16];

	scratch_enter();
	setenv("DELTAM_CACHE", "cache", 1);
	ck_assert_msg(preview_main(5, sheet, &err) == OK, "%s", err.msg);
	scratch_read("x.png", (char *)header, sizeof(header));
	/* 5 times as large as 24x16; 18 rows, without frost, of 6 */
	ck_assert_int_eq((int)be32toh(header[4]), 4 + 6 * (5 * 24 + 4));
	ck_assert_int_eq((int)be32toh(header[5]), 4 + 18 * (5 * 16 + 4));
	ck_assert_int_eq(preview_main(3, vectors, &err), ERR_SPEC);
	ck_assert_int_eq(preview_main(5, unknown, &err), ERR_SPEC);
	ck_assert_msg(strstr(err.msg, "did you mean \"fog\"?") != NULL, "%s", err.msg);
	ck_assert_int_eq(preview_main(5, bare, &err), ERR_SPEC);
	fake_jpeg("f/a.jpg", 130, 90, 60);
	ck_assert_msg(preview_main(6, frosty, &err) == OK, "%s", err.msg);
	scratch_read("x.png", (char *)header, sizeof(header));
	ck_assert_int_eq((int)be32toh(header[5]), 4 + 8 * (5 * 16 + 4));
	scratch_leave();
}
END_TEST

Suite *suite_corrupt(void);
Suite *suite_corrupt(void)
{
	Suite *suite = suite_create("corrupt");
	TCase *tc = tcase_create("corrupt");

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_test(tc, what_comes_out_follows_from_seed_severity_and_index);
	tcase_add_test(
		tc, every_row_changes_pictures_of_every_shape_and_more_so_in_the_end);
	tcase_add_test(tc, noise_has_the_published_strength);
	tcase_add_test(tc, salt_and_pepper_are_as_many_as_published);
	tcase_add_test(tc, blurs_leave_what_is_flat);
	tcase_add_test(tc, a_dot_becomes_the_published_kernel);
	tcase_add_test(tc, colours_move_as_hsv_says);
	tcase_add_test(tc, contrast_pulls_to_the_mean_of_the_channel);
	tcase_add_test(tc, two_equal_channels_are_as_one);
	tcase_add_test(tc, fog_lightens_and_keeps_the_brightest_value);
	tcase_add_test(tc, pixelate_is_the_mean_of_boxes);
	tcase_add_test(tc, the_same_pictures_come_out_everywhere);
	tcase_add_test(tc, samples_are_read_as_they_are_stored);
	tcase_add_test(tc, frost_is_a_piece_of_a_picture_of_the_folder);
	tcase_add_test(tc, what_is_no_frost_is_refused_by_name);
	tcase_add_test(tc, a_sheet_shows_them_and_names_what_it_cannot);
	suite_add_tcase(suite, tc);
	return suite;
}
