/*
 * A folder of a user's arrays, with files that are not what they should be: a refusal that
 * names what is wrong, or a data set whose targets are finite and whose classes are below
 * their number. `look` refuses nothing that composing takes.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tests/fuzz/input.h"
#include "trainer-core/dataset/pseudo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const files[] = { "input", "age", "kind", "male", "parts", "far",
	"far_mask", "mix", "up" };
#define FILES (sizeof(files) / sizeof(files[0]))
static const char *const splits[] = { "train", "val", "test" };

static const struct {
	const char *descr, *shape;
	size_t bytes;
} right[FILES] = { { "|u1", "(2, 1, 2, 2)", 8 }, { "<f4", "(2, 2)", 16 },
	{ "<i8", "(2,)", 16 }, { "|b1", "(2,)", 2 }, { "<i2", "(2, 2, 2)", 16 },
	{ "<f4", "(2, 2, 2)", 32 }, { "|u1", "(2, 2, 2)", 8 }, { "<f4", "(2, 2)", 16 },
	{ "<f4", "(2, 3, 2, 2)", 96 } };

static struct arena forever;
static struct params ps;

static void set(const char *name, const char *value)
{
	params_set(&ps, &forever, name, value);
}

static void set_up(void)
{
	if (ps.n)
		return;
	ASSERT(!setenv("DELTAM_CACHE", input_folder(), 1));
	set("dataset.name", "npy");
	set("dataset.path", input_folder());
	set("dataset.input", "1 2 2");
	set("dataset.tasks",
		"age=regress:2 kind=class:5 male=binary parts=seg:2:ignore=9 "
		"far=depth:ignore=4:mask mix=soft:2 up=normal");
}

/* Shares of a half, a depth of 1, normals along the first axis, a mask of all; else 0. */
static void fill(const char *file, uint8_t *elements)
{
	static const float half = 0.5f;
	static const float one = 1;

	for (int i = 0; i < 8; i++) {
		if (!strcmp(file, "mix") && i < 4)
			memcpy(elements + 4 * i, &half, 4);
		if (!strcmp(file, "far"))
			memcpy(elements + 4 * i, &one, 4);
		if (!strcmp(file,
			    "up")) /* (2, 3, 4): the first channel of both samples */
			memcpy(elements + 4 * (i / 4 * 12 + i % 4), &one, 4);
		if (!strcmp(file, "far_mask"))
			elements[i] = 1;
	}
}

static void write_good(const char *split, unsigned k)
{
	uint8_t bytes[512] = { 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, 118, 0 };
	char name[64];
	int n = snprintf((char *)bytes + 10, 119,
		"{'descr': '%s', 'fortran_order': False, 'shape': %s, }",
		right[k].descr, right[k].shape);

	memset(bytes + 10 + n, ' ', (size_t)(117 - n));
	bytes[127] = '\n';
	fill(files[k], bytes + 128);
	snprintf(name, sizeof(name), "%s/%s.npy", split, files[k]);
	input_write(name, bytes, 128 + right[k].bytes);
}

/* A byte which file, two how long, then its bytes: over the good one, or in its place. */
static void write_theirs(struct input *in)
{
	unsigned which = (unsigned)input_take(in, 1);
	size_t n = (size_t)input_take(in, 2);
	const uint8_t *bytes = input_cut(in, &n);
	char name[64];

	snprintf(name, sizeof(name), "%s/%s.npy", splits[which / FILES % 3],
		files[which % FILES]);
	input_write(name, bytes ? bytes : (const uint8_t *)"", n);
}

static size_t numbers(const struct dataset_field *f, int n)
{
	return (size_t)n * (size_t)f->c * (size_t)f->h * (size_t)f->w;
}

static void check(const struct dataset *d)
{
	for (int s = 0; s < SPLIT_COUNT; s++)
		for (int k = 0; k < d->tasks; k++) {
			const struct dataset_field *f = &d->split[s].target[k];
			size_t n = numbers(f, d->split[s].n);

			for (size_t i = 0; i < n && f->element == ELEMENT_F32; i++)
				ASSERT(isfinite(((const float *)f->data)[i]));
			for (size_t i = 0; i < n && f->element == ELEMENT_U8; i++)
				ASSERT(((const uint8_t *)f->data)[i] < 5);
		}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	struct dataset d = { 0 };
	struct arena a = { 0 };
	struct err e = { 0 };
	int look;
	int rc;

	set_up();
	for (int s = 0; s < SPLIT_COUNT; s++)
		for (unsigned k = 0; k < FILES; k++)
			write_good(splits[s], k);
	while (in.n > 0)
		write_theirs(&in);
	look = dataset_look(&ps, NULL, &a, &e);
	rc = dataset_prepare(&ps, NULL, &a, &d, &e);
	ASSERT(rc == OK || (rc == ERR_DATA && strstr(e.msg, "data set npy")));
	ASSERT(size > 0 || rc == OK);
	ASSERT(!look || rc);
	if (!rc) {
		check(&d);
		ASSERT(!unlink(d.path));
		dataset_close(&d);
	}
	arena_release(&a);
	return 0;
}
