#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <jpeglib.h>
#include "tests/lib/fake_npy.h"
#include "tests/lib/prepared.h"
#include "tests/lib/scratch.h"
#include "trainer-core/dataset/dataset.h"
#include "trainer-core/dataset/celeba_list.h"
#include "trainer-core/dataset/jpeg.h"

enum { W = 178, H = 218, SIDE = 64, IMAGES = 9, ATTRIBUTES = 40 };

static struct arena arena;
static struct params ps;
static struct err err;

static void set(const char *name, const char *value)
{
	params_set(&ps, &arena, name, value);
}

/* --- files --- */

/* The color of image i: flat, but for a lower right quarter that is white. */
static void paint(int i, int w, int h, uint8_t *rgb)
{
	for (int y = 0; y < h; y++)
		for (int x = 0; x < w; x++)
			for (int c = 0; c < 3; c++)
				rgb[(y * w + x) * 3 + c] =
					x > w / 2 + 8 && y > h / 2 + 8
					? 255
					: (uint8_t)(20 * i + 30 * c);
}

static void write_jpeg(const char *path, int i, int w, int h, int channels)
{
	struct jpeg_compress_struct c;
	struct jpeg_error_mgr m;
	uint8_t *rgb = malloc((size_t)(w * h * 3));
	FILE *f;

	fake_folders(path);
	f = fopen(path, "wb");
	ck_assert_ptr_nonnull(f);
	paint(i, w, h, rgb);
	c.err = jpeg_std_error(&m);
	jpeg_create_compress(&c);
	jpeg_stdio_dest(&c, f);
	c.image_width = (JDIMENSION)w;
	c.image_height = (JDIMENSION)h;
	c.input_components = channels;
	c.in_color_space = channels == 3 ? JCS_RGB : JCS_GRAYSCALE;
	jpeg_set_defaults(&c);
	jpeg_set_quality(&c, 95, TRUE);
	jpeg_start_compress(&c, TRUE);
	while (c.next_scanline < c.image_height) {
		JSAMPROW row = rgb + (size_t)c.next_scanline * (size_t)(w * channels);

		jpeg_write_scanlines(&c, &row, 1);
	}
	jpeg_finish_compress(&c);
	jpeg_destroy_compress(&c);
	ck_assert_int_eq(fclose(f), 0);
	free(rgb);
}

static int bit_of(int i, int k)
{
	return (i * 7 + k * 3) % 5 < 2;
}

/* Parts in an order that is not that of the splits. */
static int part_of(int i)
{
	static const int parts[IMAGES] = { 2, 0, 1, 0, 0, 2, 1, 0, 2 };

	return parts[i];
}

static const char header[] =
	"5_o_Clock_Shadow Arched_Eyebrows Attractive Bags_Under_Eyes Bald Bangs "
	"Big_Lips Big_Nose Black_Hair Blond_Hair Blurry Brown_Hair Bushy_Eyebrows "
	"Chubby Double_Chin Eyeglasses Goatee Gray_Hair Heavy_Makeup High_Cheekbones "
	"Male Mouth_Slightly_Open Mustache Narrow_Eyes No_Beard Oval_Face Pale_Skin "
	"Pointy_Nose Receding_Hairline Rosy_Cheeks Sideburns Smiling Straight_Hair "
	"Wavy_Hair Wearing_Earrings Wearing_Hat Wearing_Lipstick Wearing_Necklace "
	"Wearing_Necktie Young ";

static void write_lists(const char *newline)
{
	FILE *f = fopen("list_attr_celeba.txt", "wb");

	fprintf(f, "%d%s%s%s", IMAGES, newline, header, newline);
	for (int i = 0; i < IMAGES; i++) {
		fprintf(f, "%06d.jpg", i + 1);
		for (int k = 0; k < ATTRIBUTES; k++)
			fprintf(f, " %2d", bit_of(i, k) ? 1 : -1);
		fputs(newline, f);
	}
	ck_assert_int_eq(fclose(f), 0);
	f = fopen("list_eval_partition.txt", "wb");
	for (int i = 0; i < IMAGES; i++)
		fprintf(f, "%06d.jpg %d%s", i + 1, part_of(i), newline);
	ck_assert_int_eq(fclose(f), 0);
}

static void setup(void)
{
	char path[64];

	scratch_enter();
	setenv("DELTAM_CACHE", "cache", 1);
	arena = (struct arena){ 0 };
	ps = (struct params){ 0 };
	set("dataset.name", "celeba");
	set("dataset.path", ".");
	set("dataset.train", "3");
	set("dataset.val", "2");
	set("dataset.test", "3");
	write_lists("\n");
	for (int i = 0; i < IMAGES; i++) {
		snprintf(path, sizeof(path), "img_align_celeba/%06d.jpg", i + 1);
		write_jpeg(path, i, W, H, 3);
	}
}

static void teardown(void)
{
	arena_release(&arena);
	scratch_leave();
}

static void check_sample(const struct split_data *s, int at, int i)
{
	const uint8_t *p = (const uint8_t *)s->input.data + at * 3 * SIDE * SIDE;

	ck_assert_int_eq(s->input.element, ELEMENT_U8);
	for (int c = 0; c < 3; c++) {
		const uint8_t *plane = p + c * SIDE * SIDE;

		/* Top left, top right, bottom left, bottom right. */
		ck_assert_int_le(abs(plane[0] - (20 * i + 30 * c)), 3);
		ck_assert_int_le(abs(plane[SIDE - 1] - (20 * i + 30 * c)), 3);
		ck_assert_int_le(abs(plane[SIDE * (SIDE - 1)] - (20 * i + 30 * c)), 3);
		ck_assert_int_ge(plane[SIDE * SIDE - 1], 252);
	}
	for (int k = 0; k < ATTRIBUTES; k++)
		ck_assert_int_eq(
			((const uint8_t *)s->target[k].data)[at], bit_of(i, k));
}

START_TEST(parts_become_splits_with_forty_binary_tasks)
{
	struct dataset d;

	prepared(&ps, &arena, &d);
	ck_assert_int_eq(d.tasks, ATTRIBUTES);
	ck_assert_int_eq(d.task[39].kind, TASK_BINARY);
	ck_assert_str_eq(d.task[39].name, "Young");
	for (int s = 0; s < SPLIT_COUNT; s++) {
		int at = 0;

		for (int i = 0; i < IMAGES && at < d.split[s].n; i++)
			if (part_of(i) == s)
				check_sample(&d.split[s], at++, i);
		ck_assert_int_eq(at, d.split[s].n);
	}
	dataset_close(&d);
}
END_TEST

START_TEST(lists_with_carriage_returns_read_the_same)
{
	struct dataset a, b;

	prepared(&ps, &arena, &a);
	write_lists("\r\n");
	prepared(&ps, &arena, &b);
	ck_assert_str_eq(a.digest, b.digest);
	dataset_close(&a);
	dataset_close(&b);
}
END_TEST

START_TEST(an_image_that_changed_is_noticed)
{
	struct dataset a, b;

	prepared(&ps, &arena, &a);
	write_jpeg("img_align_celeba/000002.jpg", 9, W, H, 3);
	prepared(&ps, &arena, &b);
	ck_assert_str_ne(a.digest, b.digest);
	dataset_close(&a);
	dataset_close(&b);
}
END_TEST

START_TEST(too_few_images_of_a_part_are_refused)
{
	set("dataset.val", "3");
	not_prepared(&ps, &arena, ERR_DATA,
		"list_eval_partition.txt: the file ends with 2 images of part 1, "
		"expected 3 (dataset.val)");
	set("dataset.val", "2");
	ck_assert_int_eq(unlink("img_align_celeba/000003.jpg"), 0);
	not_prepared(&ps, &arena, ERR_DATA,
		"img_align_celeba/000003.jpg: No such file or directory; download "
		"CelebA");
}
END_TEST

/* --- JPEG --- */

static size_t read_whole(const char *path, uint8_t *out, size_t max)
{
	FILE *f = fopen(path, "rb");
	size_t n = fread(out, 1, max, f);

	fclose(f);
	return n;
}

static int read_bytes(const uint8_t *bytes, size_t n)
{
	uint8_t *rgb = malloc((size_t)W * H * 3);
	FILE *f = fopen("f.jpg", "wb");
	int rc;

	ck_assert_uint_eq(fwrite(bytes, 1, n, f), n);
	fclose(f);
	err = (struct err){ 0 };
	rc = jpeg_read("f.jpg", W, H, rgb, &err);
	free(rgb);
	return rc;
}

START_TEST(a_jpeg_that_is_cut_or_goes_on_is_refused)
{
	static uint8_t bytes[100000];
	size_t n = read_whole("img_align_celeba/000001.jpg", bytes, sizeof(bytes) - 1);

	ck_assert_int_eq(read_bytes(bytes, n), OK);
	for (size_t cut = 0; cut < n; cut += cut < 700 ? 1 : 97) {
		ck_assert_int_eq(read_bytes(bytes, cut), ERR_DATA);
		ck_assert_ptr_nonnull(strstr(err.msg, "f.jpg: near byte "));
	}
	ck_assert_int_eq(read_bytes(bytes, n + 1), ERR_DATA);
	ck_assert_str_eq(err.msg,
		arena_printf(&arena,
			"f.jpg: the file goes on behind the image, at byte %zu", n));
	bytes[0] = 'x';
	ck_assert_int_eq(read_bytes(bytes, n), ERR_DATA);
	ck_assert_ptr_nonnull(strstr(err.msg, "Not a JPEG file"));
}
END_TEST

START_TEST(a_jpeg_of_another_shape_is_refused)
{
	write_jpeg("img_align_celeba/000002.jpg", 1, H, W, 3);
	not_prepared(&ps, &arena, ERR_DATA,
		"img_align_celeba/000002.jpg: found an image of 218x178 with 3 "
		"channels, expected 178x218 with 3");
	write_jpeg("img_align_celeba/000002.jpg", 1, W, H, 1);
	not_prepared(&ps, &arena, ERR_DATA,
		"img_align_celeba/000002.jpg: found an image of 178x218 with 1 "
		"channels, expected 178x218 with 3");
}
END_TEST

START_TEST(a_smaller_pixel_is_the_mean_of_what_it_covers)
{
	/* 3x2 to 2x1: a new pixel covers one and a half old ones in both rows. */
	static const uint8_t rgb[18] = { 10, 0, 1, 20, 0, 1, 30, 255, 1, 40, 0, 1, 50,
		0, 1, 60, 255, 2 };
	uint8_t out[6];

	image_shrink(3, 2, rgb, 2, 1, out);
	/* (10 + 40 + (20 + 50) / 2) / 3 = 28.33, (30 + 60 + 35) / 3 = 41.67 */
	ck_assert_int_eq(out[0], 28);
	ck_assert_int_eq(out[1], 42);
	ck_assert_int_eq(out[2], 0);
	ck_assert_int_eq(out[3], 170);
	ck_assert_int_eq(out[4], 1);
	ck_assert_int_eq(out[5], 1);
}
END_TEST

/* --- lists --- */

static const char *const two[] = { "A", "B" };

/* Both lists; the partition NULL: the attributes alone. */
static int read_lists(const char *attributes, const char *partition)
{
	struct celeba_list l;
	FILE *f = fmemopen(arena_strdup(&arena, attributes), strlen(attributes), "r");
	int rc;

	err = (struct err){ 0 };
	rc = celeba_read_attributes(&l, &arena, f, "a", two, 2, &err);
	fclose(f);
	if (rc || !partition)
		return rc;
	f = fmemopen(arena_strdup(&arena, partition), strlen(partition), "r");
	rc = celeba_read_partition(&l, &arena, f, "p", &err);
	fclose(f);
	return rc;
}

START_TEST(wrong_lists_are_refused_with_their_place)
{
	static const char good[] = "2\nA B \n1.jpg -1  1\n2.jpg  1 -1\n";
	static const struct {
		const char *attributes, *partition, *message;
	} cases[] = {
		{ "x\nA B\n", NULL,
			"a: line 1: found \"x\", expected a number of images for which "
			"the file is large enough" },
		{ "99\nA B\n1.jpg 1 1\n", NULL, "a: line 1: found \"99\"" },
		{ "2\nA C\n1.jpg 1 1\n2.jpg 1 1\n", NULL,
			"a: line 2: found \"C\", expected B" },
		{ "2\nA B C\n1.jpg 1 1\n", NULL,
			"a: line 2: found \"C\", expected the end of the line" },
		{ "1\nA B\na/1.jpg 1 1\n", NULL,
			"a: line 3: found \"a/1.jpg\", expected the name of an image" },
		{ "1\nA B\n1.jpg 1 0\n", NULL,
			"a: line 3: found \"0\", expected 1 or -1" },
		{ "1\nA B\n1.jpg 1\n", NULL,
			"a: line 3: found \"\", expected 1 or -1" },
		{ "2\nA B\n1.jpg 1 -1\n2.jpg 1 -", NULL,
			"a: line 4: found \"-\", expected 1 or -1" },
		{ "2\nA B\n1.jpg 1 -1\n", NULL,
			"a: line 4: the file ends, expected another image" },
		{ "1\nA B\n1.jpg 1 -1\n2.jpg 1 1\n", NULL,
			"a: line 4: found another one, expected the end of the file" },
		{ good, "1.jpg 0\n3.jpg 1\n",
			"p: line 2: found \"3.jpg\", expected 2.jpg" },
		{ good, "1.jpg 0\n2.jpg 3\n",
			"p: line 2: found \"3\", expected 0, 1 or 2" },
		{ good, "1.jpg 0\n",
			"p: line 2: the file ends, expected another image" },
		{ good, "1.jpg 0\n2.jpg 1\n\n",
			"p: line 3: found another one, expected the end of the file" },
	};

	ck_assert_msg(read_lists(good, "1.jpg 0\n2.jpg 2\n") == OK, "%s", err.msg);
	ck_assert_msg(read_lists("1\nA B\n1.jpg 1 -1", "1.jpg 0") == OK, "%s", err.msg);
	for (int i = 0; i < COUNT(cases); i++) {
		ck_assert_int_eq(
			read_lists(cases[i].attributes, cases[i].partition), ERR_DATA);
		ck_assert_msg(strstr(err.msg, cases[i].message) != NULL, "%d: %s", i,
			err.msg);
	}
}
END_TEST

/* What follows a NUL would be hidden, at the end of the file, too. */
START_TEST(a_nul_in_the_last_line_is_refused)
{
	static const char bytes[] = "1\nA B\n1.jpg 1 -1\0 and more";
	char copy[sizeof(bytes)];
	struct celeba_list l;
	FILE *f;

	memcpy(copy, bytes, sizeof(bytes));
	f = fmemopen(copy, sizeof(bytes) - 1, "r");
	ck_assert_int_eq(
		celeba_read_attributes(&l, &arena, f, "a", two, 2, &err), ERR_DATA);
	fclose(f);
	ck_assert_ptr_nonnull(strstr(err.msg, "a: line 3: found no end of the line"));
}
END_TEST

Suite *suite_celeba(void);
Suite *suite_celeba(void)
{
	Suite *s = suite_create("celeba");
	TCase *t = tcase_create("celeba");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, parts_become_splits_with_forty_binary_tasks);
	tcase_add_test(t, lists_with_carriage_returns_read_the_same);
	tcase_add_test(t, an_image_that_changed_is_noticed);
	tcase_add_test(t, too_few_images_of_a_part_are_refused);
	tcase_add_test(t, a_jpeg_that_is_cut_or_goes_on_is_refused);
	tcase_add_test(t, a_jpeg_of_another_shape_is_refused);
	tcase_add_test(t, a_smaller_pixel_is_the_mean_of_what_it_covers);
	tcase_add_test(t, a_nul_in_the_last_line_is_refused);
	tcase_add_test(t, wrong_lists_are_refused_with_their_place);
	suite_add_tcase(s, t);
	return s;
}
