/*
 * Any bytes as a composed data set: refused in some words, or a mapping whose arrays and
 * digest lie inside the file. The first byte says how much of the header is made right, so
 * that what lies behind a check is reached.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/fuzz/input.h"
#include "trainer-core/dataset/cache.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ARRAYS 192
static const char what[] = "{\"dataset.name\":\"t\"}\ninput 3\n";
static const char sources[] = "source 00 1 t\n";

enum { RIGHT_MAGIC = 1, RIGHT_SIZES = 2, RIGHT_TEXT = 4, WITH_SOURCES = 8 };

static void put(uint8_t *file, size_t n, size_t at, const void *bytes, size_t count)
{
	if (at + count <= n)
		memcpy(file + at, bytes, count);
}

static void make_right(uint8_t *file, size_t n, int how)
{
	const uint32_t words[2] = { CACHE_FORMAT, 0x01020304 };
	const size_t text =
		sizeof(what) - 1 + (how & WITH_SOURCES ? sizeof(sources) - 1 : 0);
	const uint64_t sizes[2] = { n, text };

	if (how & RIGHT_MAGIC) {
		put(file, n, 0, "deltam\r\n", 8);
		put(file, n, 8, words, sizeof(words));
	}
	if (how & RIGHT_SIZES)
		put(file, n, 16, sizes, sizeof(sizes));
	if (how & RIGHT_TEXT) {
		put(file, n, 64, what, sizeof(what) - 1);
		put(file, n, 64 + sizeof(what) - 1, sources, sizeof(sources) - 1);
	}
}

static unsigned sum_of(const struct cache *c)
{
	unsigned sum = 0;

	for (size_t i = 0; i < c->array_bytes; i++)
		sum += c->arrays[i];
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char path[300];
	struct cache c = { .path = path, .what = what, .array_bytes = ARRAYS };
	struct input in = { data, size };
	int how = (int)input_take(&in, 1);
	uint8_t *file = malloc(in.n + 1);
	const char *wrong;

	ASSERT(file != NULL);
	memcpy(file, in.at, in.n);
	make_right(file, in.n, how);
	snprintf(path, sizeof(path), "%s/t.data", input_folder());
	input_write("t.data", file, in.n);
	free(file);
	c.sources = how & WITH_SOURCES ? sources : NULL;
	wrong = cache_map(&c);
	ASSERT(!wrong || *wrong);
	if (wrong)
		return 0;
	ASSERT(strlen(c.digest) <= 32 && sum_of(&c) <= ARRAYS * 255u);
	cache_unmap(&c);
	return 0;
}
