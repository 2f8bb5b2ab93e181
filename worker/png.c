#include "worker/png.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static void put32(uint8_t *to, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		to[i] = (uint8_t)(v >> (24 - 8 * i));
}

/* Writes a chunk: length, type, data, checksum of type and data. */
static bool put_chunk(FILE *f, const char *type, const uint8_t *data, size_t n)
{
	uint8_t head[8], tail[4];
	uLong crc = crc32(0, (const Bytef *)type, 4);

	put32(head, (uint32_t)n);
	memcpy(head + 4, type, 4);
	/* Given NULL, zlib would start anew instead of adding nothing. */
	put32(tail, (uint32_t)(n ? crc32(crc, data, (uInt)n) : crc));
	return fwrite(head, 8, 1, f) == 1 && (n == 0 || fwrite(data, n, 1, f) == 1) &&
		fwrite(tail, 4, 1, f) == 1;
}

/* Each row behind a byte 0, "no filter", compressed; *n is its size. */
static uint8_t *pack(int width, int height, const uint8_t *rgb, size_t *n)
{
	size_t row = 3 * (size_t)width;
	size_t size = (row + 1) * (size_t)height;
	uLongf packed = compressBound(size);
	uint8_t *raw = malloc(size + packed);
	uint8_t *out;

	if (!raw)
		return NULL;
	out = raw + size;
	for (int y = 0; y < height; y++) {
		raw[(size_t)y * (row + 1)] = 0;
		memcpy(raw + (size_t)y * (row + 1) + 1, rgb + (size_t)y * row, row);
	}
	if (compress(out, &packed, raw, size) != Z_OK)
		BUG("zlib refused a buffer of compressBound");
	memmove(raw, out, packed);
	*n = packed;
	return raw;
}

static bool put_file(FILE *f, int width, int height, const uint8_t *data, size_t n)
{
	/* Then: 8 bits, RGB, deflate, filter method 0, not interlaced. */
	uint8_t header[13] = { [8] = 8, [9] = 2 };

	put32(header, (uint32_t)width);
	put32(header + 4, (uint32_t)height);
	return fwrite("\x89PNG\r\n\x1a\n", 8, 1, f) == 1 &&
		put_chunk(f, "IHDR", header, sizeof(header)) &&
		put_chunk(f, "IDAT", data, n) && put_chunk(f, "IEND", NULL, 0);
}

int png_write(
	const char *path, int width, int height, const uint8_t *rgb, struct err *e)
{
	size_t n;
	uint8_t *data = pack(width, height, rgb, &n);
	FILE *f = data ? fopen(path, "wb") : NULL;
	bool good = f && put_file(f, width, height, data, n);

	if (f && fclose(f) != 0)
		good = false;
	if (!good)
		(void)err_errno(e, "%s", path);
	free(data);
	return good ? OK : ERR_SYS;
}
