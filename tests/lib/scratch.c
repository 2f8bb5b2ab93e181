#define _XOPEN_SOURCE 700 /* nftw */

#include "tests/lib/scratch.h"

#include <check.h>
#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[1024];

static char root[2048];

void scratch_enter(void)
{
	const char *temporary = getenv("DELTAM_TEST_FOLDER");

	ck_assert_ptr_nonnull(getcwd(root, sizeof(root)));
	snprintf(folder, sizeof(folder), "%s/deltam-test-XXXXXX",
		temporary ? temporary : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chmod(folder, 0777), 0);
	ck_assert_int_eq(chdir(folder), 0);
}

const char *scratch_source(const char *path)
{
	static char full[4096];

	snprintf(full, sizeof(full), "%s/%s", root, path);
	return full;
}

static int visible(const struct dirent *d)
{
	return strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0;
}

const char *scratch_files(void)
{
	static char names[4096];
	struct dirent **found;
	size_t at = 0;
	int n = scandir(".", &found, visible, alphasort);

	ck_assert_int_ge(n, 0);
	names[0] = '\0';
	for (int i = 0; i < n; i++) {
		at += (size_t)snprintf(names + at, sizeof(names) - at, "%s%s",
			i ? " " : "", found[i]->d_name);
		ck_assert_uint_lt(at, sizeof(names));
		free(found[i]);
	}
	free(found);
	return names;
}

static int remove_entry(
	const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st;
	(void)kind;
	(void)where;
	return remove(path);
}

void scratch_leave(void)
{
	ck_assert_int_eq(chdir(folder), 0);
	(void)chmod(folder, 0777);
	ck_assert_int_eq(chdir(root), 0);
	(void)nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

void scratch_write(const char *name, const void *bytes, size_t n)
{
	FILE *f = fopen(name, "wb");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(bytes, 1, n, f), n);
	ck_assert_int_eq(fclose(f), 0);
}

void scratch_write_at(const char *name, int64_t at, const void *bytes, size_t n)
{
	FILE *f = fopen(name, "r+b");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fseek(f, (long)at, SEEK_SET), 0);
	ck_assert_uint_eq(fwrite(bytes, 1, n, f), n);
	ck_assert_int_eq(fclose(f), 0);
}

size_t scratch_read(const char *name, char *buf, size_t size)
{
	FILE *f = fopen(name, "rb");
	size_t n;

	ck_assert_ptr_nonnull(f);
	n = fread(buf, 1, size - 1, f);
	buf[n] = '\0';
	fclose(f);
	return n;
}
