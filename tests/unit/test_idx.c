#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "tests/lib/fake_idx.h"
#include "trainer-core/dataset/idx.h"

enum { BYTES = 5 * 4 * 3, FILE_MAX = 1024 };

static const struct idx_shape shape = { 3, { 5, 4, 3 } };
static uint8_t elements[BYTES];
static uint8_t plain[FILE_MAX];
static size_t plain_n;
static uint8_t packed[FILE_MAX];
static size_t packed_n;

static void setup(void)
{
	for (int i = 0; i < BYTES; i++)
		elements[i] = (uint8_t)(i * 37 + i / 7);
	plain_n = fake_idx(3, shape.dim, elements, plain);
	packed_n = fake_gzip(plain, plain_n, packed);
}

/* Reads n bytes as a file into a heap block of exactly the checked size. */
static int read_bytes(const uint8_t *bytes, size_t n, uint8_t *out, struct err *e)
{
	uint8_t *copy = malloc(n ? n : 1);
	uint8_t *exact = malloc(BYTES);
	FILE *f;
	int rc;

	memcpy(copy, bytes, n);
	/* fmemopen() refuses nothing but an empty buffer. */
	f = n ? fmemopen(copy, n, "rb") : fopen("/dev/null", "rb");
	ck_assert_ptr_nonnull(f);
	rc = idx_read_stream(f, "f.idx", &shape, exact, e);
	if (out)
		memcpy(out, exact, BYTES);
	fclose(f);
	free(copy);
	free(exact);
	return rc;
}

START_TEST(plain_and_packed_files_read_the_same)
{
	uint8_t out[BYTES];
	struct err e = { 0 };

	ck_assert_msg(read_bytes(plain, plain_n, out, &e) == OK, "%s", e.msg);
	ck_assert_mem_eq(out, elements, BYTES);
	memset(out, 0, sizeof(out));
	ck_assert_msg(read_bytes(packed, packed_n, out, &e) == OK, "%s", e.msg);
	ck_assert_mem_eq(out, elements, BYTES);
}
END_TEST

START_TEST(gzip_members_in_a_row_are_one_file)
{
	uint8_t two[2 * FILE_MAX];
	uint8_t out[BYTES];
	struct err e = { 0 };
	size_t n = fake_gzip(plain, 30, two);

	n += fake_gzip(plain + 30, plain_n - 30, two + n);
	ck_assert_msg(read_bytes(two, n, out, &e) == OK, "%s", e.msg);
	ck_assert_mem_eq(out, elements, BYTES);
}
END_TEST

/* The plain file with byte `at` set to v. */
static void expect_plain(size_t at, uint8_t v, const char *message)
{
	uint8_t bad[FILE_MAX];
	struct err e = { 0 };

	memcpy(bad, plain, plain_n);
	bad[at] = v;
	ck_assert_int_eq(read_bytes(bad, plain_n, NULL, &e), ERR_DATA);
	ck_assert_str_eq(e.msg, message);
}

START_TEST(a_wrong_header_is_refused_with_its_place)
{
	expect_plain(0, 1,
		"f.idx: byte 0: found 01 00 08, expected 00 00 08 (idx of unsigned "
		"bytes, plain or gzip)");
	expect_plain(2, 0x0d,
		"f.idx: byte 0: found 00 00 0d, expected 00 00 08 (idx of unsigned "
		"bytes, plain or gzip)");
	expect_plain(3, 1, "f.idx: 1 dimensions, expected 3");
	expect_plain(3, 255, "f.idx: 255 dimensions, expected 3");
	expect_plain(7, 6, "f.idx: dimension 1 is 6, expected 5");
	expect_plain(12, 255, "f.idx: dimension 3 is 4278190083, expected 3");
}
END_TEST

START_TEST(a_file_that_goes_on_is_refused)
{
	uint8_t more[FILE_MAX];
	uint8_t twice[2 * FILE_MAX + 64];
	struct err e = { 0 };
	size_t n;

	memcpy(more, plain, plain_n);
	more[plain_n] = 0;
	ck_assert_int_eq(read_bytes(more, plain_n + 1, NULL, &e), ERR_DATA);
	ck_assert_str_eq(e.msg, "f.idx: the file goes on after its 5 samples");
	n = fake_gzip(more, plain_n + 1, twice);
	ck_assert_int_eq(read_bytes(twice, n, NULL, &e), ERR_DATA);
	ck_assert_str_eq(e.msg, "f.idx: the file goes on after its 5 samples");
	/* What follows the gzip stream counts, too. */
	memcpy(more, packed, packed_n);
	memcpy(more + packed_n, "junk", 4);
	ck_assert_int_eq(read_bytes(more, packed_n + 4, NULL, &e), ERR_DATA);
	ck_assert_ptr_nonnull(strstr(e.msg, "damaged gzip: incorrect header check"));
}
END_TEST

START_TEST(every_truncation_is_refused)
{
	struct err e = { 0 };

	for (size_t n = 0; n < plain_n; n++) {
		ck_assert_int_eq(read_bytes(plain, n, NULL, &e), ERR_DATA);
		ck_assert_ptr_nonnull(strstr(e.msg, "f.idx: the file ends "));
	}
	ck_assert_str_eq(e.msg, "f.idx: the file ends after 4 of its 5 samples");
	for (size_t n = 0; n < packed_n; n++)
		ck_assert_int_eq(read_bytes(packed, n, NULL, &e), ERR_DATA);
	ck_assert_ptr_nonnull(strstr(e.msg, ": the gzip stream is cut off"));
}
END_TEST

/* Checksum and length at the end of the stream catch what unpacks all the same. */
START_TEST(an_inverted_byte_of_packed_content_is_refused)
{
	enum { GZIP_HEADER = 10 };
	struct err e = { 0 };

	for (size_t at = GZIP_HEADER; at < packed_n; at++) {
		packed[at] ^= 0xff;
		ck_assert_msg(read_bytes(packed, packed_n, NULL, &e) == ERR_DATA,
			"byte %zu", at);
		packed[at] ^= 0xff;
	}
}
END_TEST

START_TEST(what_cannot_be_read_is_an_error_of_the_system)
{
	uint8_t out[BYTES];
	struct err e = { 0 };

	ck_assert_int_eq(idx_read("/nonexistent/f", &shape, out, &e), ERR_SYS);
	ck_assert_str_eq(e.msg, "/nonexistent/f: No such file or directory");
	ck_assert_int_eq(idx_read("/", &shape, out, &e), ERR_SYS);
	ck_assert_str_eq(e.msg, "/: Is a directory");
}
END_TEST

Suite *suite_idx(void);
Suite *suite_idx(void)
{
	Suite *s = suite_create("idx");
	TCase *tc = tcase_create("idx");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, plain_and_packed_files_read_the_same);
	tcase_add_test(tc, gzip_members_in_a_row_are_one_file);
	tcase_add_test(tc, a_wrong_header_is_refused_with_its_place);
	tcase_add_test(tc, a_file_that_goes_on_is_refused);
	tcase_add_test(tc, every_truncation_is_refused);
	tcase_add_test(tc, an_inverted_byte_of_packed_content_is_refused);
	tcase_add_test(tc, what_cannot_be_read_is_an_error_of_the_system);
	suite_add_tcase(s, tc);
	return s;
}
