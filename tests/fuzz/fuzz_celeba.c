/*
 * Any bytes as the two lists of CelebA, the one behind a NUL the partition: refused with
 * a place, or lists in which every name, bit and part is one.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "trainer-core/dataset/celeba_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static FILE *file_of(const uint8_t *data, size_t size)
{
	FILE *f = tmpfile();

	if (!f || fwrite(data, 1, size, f) != size)
		abort();
	rewind(f);
	return f;
}

static void check(const struct celeba_list *l)
{
	for (int i = 0; i < l->images; i++)
		if (!l->name[i][0] || strchr(l->name[i], '/') || l->part[i] > 2)
			abort();
	for (int i = 0; i < l->images * l->attributes; i++)
		if (l->attribute[i] > 1)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "A", "B" };
	const uint8_t *nul = size ? memchr(data, 0, size) : NULL;
	size_t first = nul ? (size_t)(nul - data) : size;
	size_t second = nul ? first + 1 : size;
	FILE *f = file_of(data, first);
	FILE *g = file_of(data + second, size - second);
	struct arena a = { 0 };
	struct celeba_list l = { 0 };
	struct err e = { 0 };
	int rc = celeba_read_attributes(&l, &a, f, "fuzz", names, 2, &e);

	if (!rc)
		rc = celeba_read_partition(&l, &a, g, "fuzz", &e);
	if (rc == OK)
		check(&l);
	else if (rc != ERR_DATA || !strstr(e.msg, "fuzz: line "))
		abort();
	fclose(f);
	fclose(g);
	arena_release(&a);
	return 0;
}
