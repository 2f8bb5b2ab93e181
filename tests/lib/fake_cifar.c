#include "tests/lib/fake_cifar.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

/* The published taxonomy: the fine classes of each coarse one. */
static const uint8_t fine_of[FAKE_CIFAR_TASKS][5] = { { 4, 30, 55, 72, 95 },
	{ 1, 32, 67, 73, 91 }, { 54, 62, 70, 82, 92 }, { 9, 10, 16, 28, 61 },
	{ 0, 51, 53, 57, 83 }, { 22, 39, 40, 86, 87 }, { 5, 20, 25, 84, 94 },
	{ 6, 7, 14, 18, 24 }, { 3, 42, 43, 88, 97 }, { 12, 17, 37, 68, 76 },
	{ 23, 33, 49, 60, 71 }, { 15, 19, 21, 31, 38 }, { 34, 63, 64, 66, 75 },
	{ 26, 45, 77, 79, 99 }, { 2, 11, 35, 46, 98 }, { 27, 29, 44, 78, 93 },
	{ 36, 50, 65, 74, 80 }, { 47, 52, 56, 59, 96 }, { 8, 13, 48, 58, 90 },
	{ 41, 69, 81, 85, 89 } };

void fake_cifar_record(int r, uint8_t record[FAKE_CIFAR_RECORD])
{
	int coarse = r % FAKE_CIFAR_TASKS;
	int fine = r / FAKE_CIFAR_TASKS % 5;

	record[0] = (uint8_t)coarse;
	record[1] = fine_of[coarse][fine];
	memset(record + 2, 100 + fine, FAKE_CIFAR_IMAGE);
	record[2] = (uint8_t)(r / 256);
	record[3] = (uint8_t)(r % 256);
	record[FAKE_CIFAR_IMAGE + 1] = 255;
}

static void write_file(const char *folder, const char *name, int n)
{
	char path[256];
	FILE *f;
	uint8_t record[FAKE_CIFAR_RECORD];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "wb");
	ck_assert_ptr_nonnull(f);
	for (int r = 0; r < n; r++) {
		fake_cifar_record(r, record);
		ck_assert_uint_eq(fwrite(record, 1, sizeof(record), f), sizeof(record));
	}
	ck_assert_int_eq(fclose(f), 0);
}

void fake_cifar_write(const char *folder)
{
	write_file(folder, "train.bin", FAKE_CIFAR_TRAIN);
	write_file(folder, "test.bin", FAKE_CIFAR_TEST);
}

int fake_cifar_fine(int coarse, int i)
{
	return fine_of[coarse][i];
}
