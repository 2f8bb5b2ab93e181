#include "tests/lib/sheet_png.h"

#include <check.h>
#include <endian.h>
#include <string.h>
#include <zlib.h>
#include "tests/lib/scratch.h"

const uint8_t *sheet_png_read(
	const char *name, struct arena *a, int *width, int *height)
{
	char *file = NEW_ARRAY(a, char, 1 << 20);
	size_t n = scratch_read(name, file, 1 << 20);
	const uint8_t *head = (const uint8_t *)file + 16;
	uint32_t packed;
	uLongf size;
	uint8_t *raw;

	*width = head[2] << 8 | head[3];
	*height = head[6] << 8 | head[7];
	size = (uLongf)(3 * *width + 1) * (uLongf)*height;
	raw = NEW_ARRAY(a, uint8_t, size);
	memcpy(&packed, file + 33, 4);
	ck_assert_int_eq(memcmp(file + 37, "IDAT", 4), 0);
	ck_assert_uint_le(be32toh(packed) + 41 + 4 + 12, n);
	ck_assert_int_eq(
		uncompress(raw, &size, (const uint8_t *)file + 41, be32toh(packed)),
		Z_OK);
	ck_assert_uint_eq(size, (uLongf)(3 * *width + 1) * (uLongf)*height);
	return raw;
}
