#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tests/lib/scratch.h"
#include "worker/checkpoint.h"

#define STATE 1000
#define FILE_NAME "t.db.d/checkpoints/abc.ckpt"
#define FILE_BYTES (192 + STATE + 16)

static struct arena arena;
static struct err e;
static struct checkpoint c;

static void open_as(const char *identity, const char *kernel_class, size_t size)
{
	ck_assert_int_eq(
		checkpoint_init(&c, "t.db", identity, kernel_class, size, &arena, &e),
		OK);
}

static void setup(void)
{
	scratch_enter();
	open_as("abc", "avx2+HASWELL", STATE);
	memset(checkpoint_state(&c), 0x5a, STATE);
}

static void teardown(void)
{
	arena_release(&arena);
	scratch_leave();
}

static void write_epoch(int epoch)
{
	ck_assert_msg(checkpoint_write(&c, epoch, &e) == OK, "%s", e.msg);
}

static void refused_because(const char *reason)
{
	int epoch;

	ck_assert_int_eq(checkpoint_read(&c, &epoch, &e), ERR_CHECKPOINT);
	ck_assert_msg(strstr(e.msg, reason) != NULL, "%s", e.msg);
	ck_assert_int_eq(epoch, 0);
}

static void flip(long at)
{
	FILE *f = fopen(FILE_NAME, "r+b");
	int byte;

	ck_assert_ptr_nonnull(f);
	fseek(f, at, SEEK_SET);
	byte = fgetc(f);
	fseek(f, at, SEEK_SET);
	fputc(byte ^ 0x10, f);
	fclose(f);
}

START_TEST(a_state_comes_back_with_its_epoch)
{
	static const unsigned char zero[STATE];
	int epoch;

	write_epoch(3);
	write_epoch(4);
	open_as("abc", "avx2+HASWELL", STATE);
	ck_assert_int_eq(memcmp(checkpoint_state(&c), zero, STATE), 0);
	ck_assert_int_eq(checkpoint_read(&c, &epoch, &e), OK);
	ck_assert_int_eq(epoch, 4);
	ck_assert_int_eq(((unsigned char *)checkpoint_state(&c))[STATE - 1], 0x5a);
	ck_assert_int_ne(access(FILE_NAME ".tmp", F_OK), 0);
}
END_TEST

START_TEST(without_a_file_the_epoch_is_0)
{
	int epoch = 9;

	ck_assert_int_eq(checkpoint_read(&c, &epoch, &e), OK);
	ck_assert_int_eq(epoch, 0);
}
END_TEST

START_TEST(a_file_torn_at_any_length_is_refused)
{
	write_epoch(3);
	for (long n = FILE_BYTES - 1; n >= 0; n -= 7) {
		ck_assert_int_eq(truncate(FILE_NAME, n), 0);
		refused_because("torn");
	}
}
END_TEST

START_TEST(a_file_that_is_too_long_is_refused)
{
	write_epoch(3);
	ck_assert_int_eq(truncate(FILE_NAME, FILE_BYTES + 1), 0);
	refused_because("torn");
}
END_TEST

START_TEST(a_flipped_bit_anywhere_is_noticed)
{
	int epoch;

	write_epoch(3);
	for (long at = 0; at < FILE_BYTES; at += 5) {
		flip(at);
		ck_assert_int_eq(checkpoint_read(&c, &epoch, &e), ERR_CHECKPOINT);
		flip(at);
	}
	ck_assert_int_eq(checkpoint_read(&c, &epoch, &e), OK);
}
END_TEST

START_TEST(the_state_of_another_job_is_refused)
{
	write_epoch(3);
	ck_assert_int_eq(rename(FILE_NAME, "t.db.d/checkpoints/abd.ckpt"), 0);
	open_as("abd", "avx2+HASWELL", STATE);
	refused_because("another job");
}
END_TEST

START_TEST(another_arithmetic_is_refused)
{
	write_epoch(3);
	flip(12); /* NUMERICS */
	refused_because("arithmetic");
	flip(12);
	open_as("abc", "avx512+SKYLAKEX", STATE);
	refused_because("kernel class");
}
END_TEST

START_TEST(a_state_of_another_size_is_refused)
{
	write_epoch(3);
	open_as("abc", "avx2+HASWELL", STATE - 1);
	refused_because("size");
}
END_TEST

START_TEST(an_epoch_that_no_training_has_is_refused)
{
	write_epoch(0);
	refused_because("an epoch that no training has");
	write_epoch(-1); /* as 64 bits */
	refused_because("an epoch that no training has");
}
END_TEST

START_TEST(a_file_that_is_no_checkpoint_is_refused)
{
	char junk[4096];

	memset(junk, 'x', sizeof(junk));
	write_epoch(3);
	scratch_write(FILE_NAME, junk, sizeof(junk));
	refused_because("not a checkpoint");
}
END_TEST

START_TEST(what_an_interrupted_write_left_is_overwritten_and_removed)
{
	int epoch;

	write_epoch(3);
	scratch_write(FILE_NAME ".tmp", "half", 4);
	ck_assert_int_eq(checkpoint_read(&c, &epoch, &e), OK);
	write_epoch(4);
	scratch_write(FILE_NAME ".tmp", "half", 4);
	checkpoint_remove(&c);
	ck_assert_int_ne(access(FILE_NAME, F_OK), 0);
	ck_assert_int_ne(access(FILE_NAME ".tmp", F_OK), 0);
	checkpoint_remove(&c);
}
END_TEST

START_TEST(a_folder_that_cannot_be_made_is_an_error)
{
	scratch_write("t.db.d", "a file", 6);
	ck_assert_int_eq(checkpoint_write(&c, 1, &e), ERR_SYS);
	ck_assert_ptr_nonnull(strstr(e.msg, "t.db.d"));
}
END_TEST

Suite *suite_checkpoint(void);
Suite *suite_checkpoint(void)
{
	Suite *suite = suite_create("checkpoint");
	TCase *tc = tcase_create("checkpoint");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_state_comes_back_with_its_epoch);
	tcase_add_test(tc, without_a_file_the_epoch_is_0);
	tcase_add_test(tc, a_file_torn_at_any_length_is_refused);
	tcase_add_test(tc, a_file_that_is_too_long_is_refused);
	tcase_add_test(tc, a_flipped_bit_anywhere_is_noticed);
	tcase_add_test(tc, the_state_of_another_job_is_refused);
	tcase_add_test(tc, another_arithmetic_is_refused);
	tcase_add_test(tc, a_state_of_another_size_is_refused);
	tcase_add_test(tc, an_epoch_that_no_training_has_is_refused);
	tcase_add_test(tc, a_file_that_is_no_checkpoint_is_refused);
	tcase_add_test(tc, what_an_interrupted_write_left_is_overwritten_and_removed);
	tcase_add_test(tc, a_folder_that_cannot_be_made_is_an_error);
	suite_add_tcase(suite, tc);
	return suite;
}
