#include "tests/lib/fake_npy.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

void fake_folders(const char *path)
{
	char up[1024];

	ck_assert_uint_lt(strlen(path), sizeof(up));
	strcpy(up, path);
	for (char *slash = strchr(up + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		ck_assert(mkdir(up, 0700) == 0 || errno == EEXIST);
		*slash = '/';
	}
}

void fake_npy(const char *path, const char *descr, const char *shape,
	const void *elements, size_t n)
{
	char text[118 + 1];
	FILE *f;
	int length;

	fake_folders(path);
	f = fopen(path, "wb");
	ck_assert_ptr_nonnull(f);
	length = snprintf(text, sizeof(text),
		"{'descr': '%s', 'fortran_order': False, 'shape': %s, }", descr, shape);
	ck_assert_int_lt(length, 118);
	fwrite("\x93NUMPY\1\0\x76\0", 1, 10, f);
	fprintf(f, "%-117s\n", text);
	ck_assert_uint_eq(fwrite(elements, 1, n, f), n);
	ck_assert_int_eq(fclose(f), 0);
}
