#include "tests/fuzz/input.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "common/tree.h"

static char folder[256];

static void clean_up(void)
{
	struct err e;

	(void)!tree_remove(folder, &e);
}

const char *input_folder(void)
{
	const char *tmp = getenv("TMPDIR");

	if (*folder)
		return folder;
	if (!tmp)
		tmp = access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm";
	snprintf(folder, sizeof(folder), "%s/deltam-fuzz.XXXXXX", tmp);
	ASSERT(mkdtemp(folder) && !atexit(clean_up));
	return folder;
}

void input_write(const char *name, const void *bytes, size_t n)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", input_folder(), name);
	for (char *slash = path + strlen(folder) + 1; (slash = strchr(slash, '/'));) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash++ = '/';
	}
	f = fopen(path, "wb");
	ASSERT(f && fwrite(bytes, 1, n, f) == n && !fclose(f));
}

uint64_t input_take(struct input *in, int bytes)
{
	uint64_t v = 0;

	for (int i = 0; i < bytes && in->n > 0; i++, in->n--)
		v |= (uint64_t)*in->at++ << 8 * i;
	return v;
}

const uint8_t *input_cut(struct input *in, size_t *n)
{
	const uint8_t *at = in->at;

	if (*n > in->n)
		*n = in->n;
	in->at += *n;
	in->n -= *n;
	return *n ? at : NULL;
}
