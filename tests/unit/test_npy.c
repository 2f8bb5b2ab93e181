#include <check.h>
#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/arena.h"
#include "trainer-core/dataset/npy.h"

enum { FILE_MAX = 40000 };

/* A file as NumPy writes it, made here byte by byte. */
struct file {
	uint8_t b[FILE_MAX];
	size_t n;
};

static struct err err;

static const struct npy_want two_by_three = {
	.dims = 2, .dim = { 2, 3 }, .min = -(double)FLT_MAX, .max = (double)FLT_MAX
};

static void put(struct file *f, const void *bytes, size_t n)
{
	ck_assert_uint_le(f->n + n, FILE_MAX);
	memcpy(f->b + f->n, bytes, n);
	f->n += n;
}

/* Magic, version and dictionary; padded so that the elements begin at a 64th byte. */
static void begin(struct file *f, int version, const char *dictionary)
{
	uint8_t head[12] = { 0x93, 'N', 'U', 'M', 'P', 'Y', (uint8_t)version, 0 };
	size_t preamble = version == 1 ? 10 : 12;
	size_t n = strlen(dictionary) + 1;
	size_t padded = (preamble + n + 63) / 64 * 64 - preamble;

	f->n = 0;
	head[8] = (uint8_t)padded;
	head[9] = (uint8_t)(padded >> 8);
	put(f, head, preamble);
	put(f, dictionary, strlen(dictionary));
	while (f->n < preamble + padded - 1)
		put(f, " ", 1);
	put(f, "\n", 1);
}

static void begin_2x3(struct file *f, const char *descr, const char *fortran)
{
	char text[200];

	snprintf(text, sizeof(text),
		"{'descr': '%s', 'fortran_order': %s, 'shape': (2, 3), }", descr,
		fortran);
	begin(f, 1, text);
}

/* Into a heap block of exactly the checked size. */
static int read_file(const struct file *f, const struct npy_want *want, float *out)
{
	size_t n = npy_count(want);
	float *exact = malloc(n * sizeof(float));
	uint8_t *copy = malloc(f->n ? f->n : 1);
	FILE *in;
	int rc;

	memcpy(copy, f->b, f->n);
	in = f->n ? fmemopen(copy, f->n, "rb") : fopen("/dev/null", "rb");
	ck_assert_ptr_nonnull(in);
	err = (struct err){ 0 };
	rc = npy_read_stream(in, "f.npy", want, exact, &err);
	if (out && rc == OK)
		memcpy(out, exact, n * sizeof(float));
	fclose(in);
	free(copy);
	free(exact);
	return rc;
}

static void reads_as(
	const struct file *f, const struct npy_want *want, const float *expected)
{
	float out[64];

	ck_assert_msg(read_file(f, want, out) == OK, "%s", err.msg);
	for (size_t i = 0; i < npy_count(want); i++)
		ck_assert_msg(out[i] == expected[i], "number %zu is %g, not %g", i,
			(double)out[i], (double)expected[i]);
}

static void refused(
	const struct file *f, const struct npy_want *want, const char *message)
{
	ck_assert_int_eq(read_file(f, want, NULL), ERR_DATA);
	ck_assert_str_eq(err.msg, message);
}

/* The numbers in bytes of every type, the first byte the lowest. */
static void put_number(struct file *f, const char *descr, int v)
{
	int size = descr[2] - '0';
	uint8_t b[8] = { 0 };
	double d = v;
	float s = (float)v;
	uint64_t bits = (uint64_t)(int64_t)v;
	/* Exponent and fraction by hand: 0, 1, 2, 3, -4, 100. */
	static const struct {
		int v;
		uint16_t bits;
	} halves[] = { { 0, 0 }, { 1, 0x3c00 }, { 2, 0x4000 }, { 3, 0x4200 },
		{ -4, 0xc400 }, { 100, 0x5640 } };

	if (descr[1] == 'f' && size == 8)
		memcpy(&bits, &d, 8);
	else if (descr[1] == 'f' && size == 4)
		memcpy(&bits, &s, 4);
	else if (descr[1] == 'f')
		for (int i = 0; i < 6; i++)
			if (halves[i].v == v)
				bits = halves[i].bits;
	for (int i = 0; i < size; i++)
		b[descr[0] == '>' ? size - 1 - i : i] = (uint8_t)(bits >> (8 * i));
	put(f, b, (size_t)size);
}

START_TEST(every_type_and_byte_order_reads_the_same_numbers)
{
	static const char *const types[] = { "<f2", ">f2", "<f4", ">f4", "<f8", ">f8",
		"|i1", "<i2", ">i2", "<i4", ">i4", "<i8", ">i8", "|u1", "<u2", ">u2",
		"<u4", ">u4", "<u8", ">u8", "<i1", "=u1" };
	static const int signed_values[6] = { 0, 1, 2, 3, -4, 100 };
	static const int values[6] = { 0, 1, 2, 3, 1, 100 };

	for (int t = 0; t < COUNT(types); t++) {
		const int *v = types[t][1] == 'u' ? values : signed_values;
		struct file f;
		float expected[6];

		begin_2x3(&f, types[t], "False");
		for (int i = 0; i < 6; i++) {
			put_number(&f, types[t], v[i]);
			expected[i] = (float)v[i];
		}
		reads_as(&f, &two_by_three, expected);
	}
}
END_TEST

START_TEST(booleans_are_0_and_1)
{
	static const float expected[] = { 0, 1, 1, 0, 0, 1 };
	struct file f;

	begin_2x3(&f, "|b1", "False");
	put(&f, "\0\1\1\0\0\1", 6);
	reads_as(&f, &two_by_three, expected);
}
END_TEST

START_TEST(a_fortran_file_comes_out_with_the_last_index_fastest)
{
	/* (2, 3) in columns: (0,0) (1,0) (0,1) (1,1) (0,2) (1,2). */
	static const float expected[] = { 1, 3, 5, 2, 4, 6 };
	/* Its first row alone. */
	struct npy_want one = {
		.dims = 2, .dim = { 1, 3 }, .longer = true, .min = 0, .max = 10
	};
	struct file f;

	begin_2x3(&f, "|u1", "True");
	put(&f, "\1\2\3\4\5\6", 6);
	reads_as(&f, &two_by_three, expected);
	reads_as(&f, &one, expected);
}
END_TEST

START_TEST(versions_2_and_3_and_any_order_of_keys_are_read)
{
	static const float expected[] = { 1, 2, 3, 4, 5, 6 };
	struct file f;

	for (int version = 2; version <= 3; version++) {
		begin(&f, version,
			"{\"shape\":(2L,3L),'fortran_order' : False , 'descr':'|u1'}");
		put(&f, "\1\2\3\4\5\6", 6);
		reads_as(&f, &two_by_three, expected);
	}
}
END_TEST

START_TEST(dimensions_of_size_1_at_the_end_do_not_count)
{
	static const float expected[] = { 7, 8, 9 };
	struct npy_want want = { .dims = 3, .dim = { 3, 1, 1 }, .min = 0, .max = 10 };
	struct file f;

	begin(&f, 1, "{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }");
	put(&f, "\7\10\11", 3);
	reads_as(&f, &want, expected);
	want.dims = 1;
	begin(&f, 1, "{'descr': '|u1', 'fortran_order': True, 'shape': (3, 1), }");
	put(&f, "\7\10\11", 3);
	reads_as(&f, &want, expected);
}
END_TEST

START_TEST(a_longer_file_gives_its_first_samples_where_that_is_wanted)
{
	static const float expected[] = { 1, 2, 3 };
	struct npy_want want = {
		.dims = 2, .dim = { 1, 3 }, .longer = true, .min = 0, .max = 3
	};
	struct file f;

	begin_2x3(&f, "|u1", "False");
	put(&f, "\1\2\3\4\5\6", 6);
	reads_as(&f, &want, expected);
	want.longer = false;
	refused(&f, &want, "f.npy: found shape (2, 3), expected (1, 3)");
	want.longer = true;
	want.dim[0] = 3;
	refused(&f, &want,
		"f.npy: found shape (2, 3), expected (3, 3) or more of the "
		"first");
}
END_TEST

START_TEST(a_wrong_preamble_is_refused_with_its_place)
{
	struct file f;

	begin_2x3(&f, "|u1", "False");
	f.b[0] = 0x92;
	refused(&f, &two_by_three,
		"f.npy: byte 0: found 92 4e 55 4d 50 59, expected 93 4e 55 4d 50 59 "
		"(.npy)");
	f.b[0] = 0x93;
	f.b[6] = 4;
	refused(&f, &two_by_three,
		"f.npy: byte 6: version 4.0, expected 1.0, 2.0 or 3.0");
	f.b[6] = 1;
	f.b[9] = 0xff;
	refused(&f, &two_by_three,
		"f.npy: byte 8: a header of 65398 bytes, expected at most 10000");
}
END_TEST

START_TEST(a_wrong_header_is_refused_with_its_place)
{
	static const struct {
		const char *text;
		const char *message;
	} cases[] = {
		{ "x", "byte 10: found byte 0x78, expected {" },
		{ "{'descr': [('a', '<f4')], ",
			"byte 20: found byte 0x5b, expected the type of a number" },
		{ "{'descr': '|O', ",
			"byte 21: found byte 0x7c, expected the type of a number" },
		{ "{'descr': '<c8', ",
			"byte 21: found byte 0x3c, expected the type of a number" },
		{ "{'descr': '|f4', ",
			"byte 21: found byte 0x7c, expected the type of a number" },
		{ "{'descr': '<f4', 'descr': '<f4', ",
			"byte 27: found byte 0x27, expected 'descr', 'fortran_order' "
			"or 'shape', each once" },
		{ "{'fortran_order': 0, ",
			"byte 28: found byte 0x30, expected True or False" },
		{ "{'shape': 5, ",
			"byte 20: found byte 0x35, expected the shape: (N, ...)" },
		{ "{'shape': (5), ", "byte 22: found byte 0x29, expected a comma" },
		{ "{'shape': (2 3), ", "byte 23: found byte 0x33, expected a comma" },
		{ "{'shape': (-2, 3), ",
			"byte 21: found byte 0x2d, expected a dimension" },
		{ "{'shape': (99999999999999999999,), ",
			"expected a dimension below 2147483648" },
		{ "{'shape': (1,1,1,1,1,1,1,1,1), ",
			"expected no more than 8 dimensions" },
		{ "{'shape': (2, 3)}", "expected 'descr' in it" },
		{ "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)} x",
			"byte 68: found byte 0x78, expected blanks and one newline at "
			"the end of the header" },
	};

	for (int i = 0; i < COUNT(cases); i++) {
		struct file f;

		begin(&f, 1, cases[i].text);
		ck_assert_int_eq(read_file(&f, &two_by_three, NULL), ERR_DATA);
		ck_assert_msg(strstr(err.msg, cases[i].message) != NULL, "%s: %s",
			cases[i].text, err.msg);
	}
}
END_TEST

START_TEST(a_file_of_another_size_than_its_header_says_is_refused)
{
	struct file f;

	begin_2x3(&f, "<f4", "False");
	for (int i = 0; i < 6; i++)
		put_number(&f, "<f4", i);
	put(&f, "x", 1);
	refused(&f, &two_by_three,
		"f.npy: the file goes on behind the 6 numbers of its shape (2, 3)");
	for (f.n = 0; f.n < 152; f.n++) {
		ck_assert_int_eq(read_file(&f, &two_by_three, NULL), ERR_DATA);
		ck_assert_ptr_nonnull(strstr(err.msg, "f.npy: "));
		ck_assert_ptr_nonnull(strstr(err.msg, " ends"));
	}
	ck_assert_str_eq(err.msg,
		"f.npy: the file ends after 5 of the 6 numbers of its shape (2, 3)");
}
END_TEST

START_TEST(a_shape_that_overflows_is_refused)
{
	struct npy_want want = two_by_three;
	struct file f;

	want.longer = true;
	want.dims = 4;
	want.dim[0] = 1;
	want.dim[1] = want.dim[2] = want.dim[3] = INT32_MAX;
	begin(&f, 1,
		"{'descr': '<f8', 'fortran_order': False, 'shape': (2147483647, "
		"2147483647, 2147483647, 2147483647), }");
	/* Never read: the size is checked before anything is written. */
	FILE *in = fmemopen(f.b, f.n, "rb");
	ck_assert_int_eq(npy_read_stream(in, "f.npy", &want, NULL, &err), ERR_DATA);
	ck_assert_str_eq(err.msg,
		"f.npy: found shape (2147483647, 2147483647, 2147483647, 2147483647), "
		"which no file can hold");
	fclose(in);
}
END_TEST

START_TEST(a_number_that_is_not_wanted_is_refused_with_its_place)
{
	static const float good[6] = { 0, 1, 2, 3, 4, 5 };
	struct npy_want want = two_by_three;
	float bad[6];
	struct file f;

	memcpy(bad, good, sizeof(bad));
	bad[4] = NAN;
	begin_2x3(&f, "<f4", "False");
	put(&f, bad, sizeof(bad));
	refused(&f, &want, "f.npy: at (1, 1): found nan, expected a finite number");
	bad[4] = -INFINITY;
	f.n -= sizeof(bad);
	put(&f, bad, sizeof(bad));
	refused(&f, &want, "f.npy: at (1, 1): found -inf, expected a finite number");
	want.min = -1;
	want.max = 12;
	want.whole = true;
	bad[4] = 1.5f;
	f.n -= sizeof(bad);
	put(&f, bad, sizeof(bad));
	refused(&f, &want,
		"f.npy: at (1, 1): found 1.5, expected a whole number from -1 to 12");
	bad[4] = 13;
	f.n -= sizeof(bad);
	put(&f, bad, sizeof(bad));
	refused(&f, &want,
		"f.npy: at (1, 1): found 13, expected a whole number from -1 to 12");
	/* Fits a double, not a float. */
	begin_2x3(&f, "<f8", "False");
	put(&f, (double[6]){ 0, 1e300 }, 48);
	refused(&f, &two_by_three,
		"f.npy: at (0, 1): found 1e+300, expected a finite number");
}
END_TEST

START_TEST(a_file_larger_than_a_block_is_read_whole)
{
	struct npy_want want = { .dims = 2, .dim = { 2, 9000 }, .min = 0, .max = 255 };
	float *out = malloc(18000 * sizeof(float));
	struct file f;

	begin(&f, 1, "{'descr': '<i2', 'fortran_order': False, 'shape': (2, 9000), }");
	for (int i = 0; i < 18000; i++)
		put_number(&f, "<i2", i % 251);
	ck_assert_msg(read_file(&f, &want, out) == OK, "%s", err.msg);
	for (int i = 0; i < 18000; i++)
		ck_assert(out[i] == (float)(i % 251));
	free(out);
}
END_TEST

/* One row of n elements, `size` bytes each. */
static void row_file(
	struct file *f, const char *descr, int n, const void *elements, size_t size)
{
	char text[200];

	snprintf(text, sizeof(text),
		"{'descr': '%s', 'fortran_order': False, 'shape': (%d,), }", descr, n);
	begin(f, 1, text);
	put(f, elements, (size_t)n * size);
}

/* 65535 and 80 are the same number in every type; these are not. */
START_TEST(a_decimal_to_ignore_is_what_the_files_type_holds)
{
	static const double decimals[] = { 655.35, 65.535, 10.1, -0.1, 1e-7 };
	/* As NumPy rounds them: np.float16(655.35) and so on. */
	static const uint16_t halves[] = { 0x611f, 0x5419, 0x490d, 0xae66, 0x0002 };
	static struct file f;

	for (int i = 0; i < 5; i++) {
		const float single[2] = { (float)decimals[i], 2 };
		const double wide[2] = { (double)single[0], 2 };
		const double exact[2] = { decimals[i], 2 };
		const uint16_t half[2] = { halves[i], 0x4000 };
		struct npy_want want = { .dims = 1,
			.dim = { 2 },
			.min = 1,
			.max = 2,
			.ignores = true,
			.ignore = decimals[i],
			.instead = -7 };

		row_file(&f, "<f4", 2, single, 4);
		reads_as(&f, &want, (const float[]){ -7, 2 });
		row_file(&f, "<f8", 2, wide, 8);
		reads_as(&f, &want, (const float[]){ -7, 2 });
		row_file(&f, "<f8", 2, exact, 8);
		reads_as(&f, &want, (const float[]){ -7, 2 });
		row_file(&f, "<f2", 2, half, 2);
		reads_as(&f, &want, (const float[]){ -7, 2 });
	}
}
END_TEST

START_TEST(a_limit_admits_the_float_that_it_is_written_as)
{
	const struct npy_want want = {
		.dims = 1, .dim = { 2 }, .min = -0.1, .max = 1.1
	};
	const float limits[2] = { -0.1f, 1.1f };
	const float beyond[2] = { 0, nextafterf(1.1f, 2) };
	static struct file f;

	row_file(&f, "<f4", 2, limits, 4);
	reads_as(&f, &want, limits);
	row_file(&f, "<f4", 2, beyond, 4);
	refused(&f, &want,
		"f.npy: at (1): found 1.1000001, expected a finite number from -0.1 to 1.1");
}
END_TEST

Suite *suite_npy(void);
Suite *suite_npy(void)
{
	Suite *s = suite_create("npy");
	TCase *t = tcase_create("npy");

	tcase_add_test(t, every_type_and_byte_order_reads_the_same_numbers);
	tcase_add_test(t, booleans_are_0_and_1);
	tcase_add_test(t, a_fortran_file_comes_out_with_the_last_index_fastest);
	tcase_add_test(t, versions_2_and_3_and_any_order_of_keys_are_read);
	tcase_add_test(t, dimensions_of_size_1_at_the_end_do_not_count);
	tcase_add_test(t, a_longer_file_gives_its_first_samples_where_that_is_wanted);
	tcase_add_test(t, a_wrong_preamble_is_refused_with_its_place);
	tcase_add_test(t, a_wrong_header_is_refused_with_its_place);
	tcase_add_test(t, a_file_of_another_size_than_its_header_says_is_refused);
	tcase_add_test(t, a_shape_that_overflows_is_refused);
	tcase_add_test(t, a_number_that_is_not_wanted_is_refused_with_its_place);
	tcase_add_test(t, a_file_larger_than_a_block_is_read_whole);
	tcase_add_test(t, a_decimal_to_ignore_is_what_the_files_type_holds);
	tcase_add_test(t, a_limit_admits_the_float_that_it_is_written_as);
	suite_add_tcase(s, t);
	return s;
}
