/*
 * Any bytes as a .npy file, under several expectations: refused, or as many finite
 * numbers in range as were wanted, into a block of exactly that size.
 */
#include <float.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/arena.h"
#include "trainer-core/dataset/npy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct npy_want wants[] = {
	{ .dims = 2, .dim = { 2, 3 }, .min = -(double)FLT_MAX, .max = (double)FLT_MAX },
	{ .dims = 2,
		.dim = { 1, 3 },
		.longer = true,
		.min = -1,
		.max = 12,
		.whole = true },
	{ .dims = 3, .dim = { 2, 2, 1 }, .longer = true, .min = 0, .max = 1 },
	{ .dims = 0, .min = 0, .max = 1 },
};

static void try_want(const uint8_t *data, size_t size, const struct npy_want *want)
{
	size_t n = npy_count(want);
	float *out = malloc(n * sizeof(*out)); /* to the byte, for ASan */
	FILE *f = tmpfile();
	struct err e = { 0 };
	int rc;

	if (!out || !f || fwrite(data, 1, size, f) != size)
		abort();
	rewind(f);
	rc = npy_read_stream(f, "fuzz", want, out, &e);
	if (rc != OK && (rc != ERR_DATA || !strstr(e.msg, "fuzz: ")))
		abort();
	for (size_t i = 0; i < n && rc == OK; i++)
		if (!((double)out[i] >= want->min && (double)out[i] <= want->max))
			abort();
	fclose(f);
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (int i = 0; i < COUNT(wants); i++)
		try_want(data, size, &wants[i]);
	return 0;
}
