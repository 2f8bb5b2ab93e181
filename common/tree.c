#include "common/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "common/arena.h"
#include "common/bytes.h"
#include "common/plain_file.h"

int tree_make_folder(const char *path, mode_t mode, struct err *e)
{
	if (!mkdir(path, mode) || errno == EEXIST)
		return OK;
	return err_errno(e, "cannot make the folder %s", path);
}

int tree_make_above(const char *path, mode_t mode, struct err *e)
{
	struct arena a = { 0 };
	char *above = arena_strdup(&a, path);
	int rc = OK;

	for (char *c = above + 1; !rc && *c; c++)
		if (*c == '/') {
			*c = '\0';
			rc = tree_make_folder(above, mode, e);
			*c = '/';
		}
	arena_release(&a);
	return rc;
}

static int remove_inside(const char *path, struct arena *a, struct err *e);

static int remove_any(const char *path, struct arena *a, struct err *e)
{
	struct stat st;
	int rc = OK;

	if (lstat(path, &st))
		return errno == ENOENT ? OK : err_errno(e, "cannot remove %s", path);
	if (S_ISDIR(st.st_mode))
		rc = remove_inside(path, a, e);
	if (!rc && remove(path) && errno != ENOENT)
		rc = err_errno(e, "cannot remove %s", path);
	return rc;
}

static int remove_inside(const char *path, struct arena *a, struct err *e)
{
	const struct dirent *x;
	DIR *d = opendir(path);
	int rc = OK;

	if (!d)
		return err_errno(e, "cannot read the folder %s", path);
	while (!rc && (x = readdir(d)))
		if (strcmp(x->d_name, ".") != 0 && strcmp(x->d_name, "..") != 0)
			rc = remove_any(
				arena_printf(a, "%s/%s", path, x->d_name), a, e);
	closedir(d);
	return rc;
}

int tree_remove(const char *path, struct err *e)
{
	struct arena a = { 0 };
	int rc = remove_any(path, &a, e);

	arena_release(&a);
	return rc;
}

static int copy_file(const char *from, const char *to, mode_t mode, struct err *e)
{
	int in = plain_file_open(from, O_RDONLY, 0);
	int out = in < 0 ? -1 : plain_file_open(to, O_WRONLY | O_CREAT | O_EXCL, mode);
	int rc = OK;

	if (in < 0 || out < 0 || bytes_copy(in, out))
		rc = err_errno(e, "cannot copy %s to %s", from, to);
	if (in >= 0)
		close(in);
	if (out >= 0 && close(out) && !rc)
		rc = err_errno(e, "cannot write %s", to);
	return rc;
}

static int copy_any(const char *from, const char *to, struct arena *a, struct err *e)
{
	const struct dirent *x;
	struct stat st;
	DIR *d;
	int rc = OK;

	if (lstat(from, &st))
		return err_errno(e, "cannot copy %s", from);
	if (S_ISREG(st.st_mode))
		return copy_file(from, to, st.st_mode & 0777, e);
	if (!S_ISDIR(st.st_mode))
		return OK;
	d = opendir(from);
	if (!d || mkdir(to, 0777))
		rc = err_errno(e, "cannot copy %s to %s", from, to);
	while (!rc && (x = readdir(d)))
		if (strcmp(x->d_name, ".") != 0 && strcmp(x->d_name, "..") != 0)
			rc = copy_any(arena_printf(a, "%s/%s", from, x->d_name),
				arena_printf(a, "%s/%s", to, x->d_name), a, e);
	if (d)
		closedir(d);
	return rc;
}

int tree_copy(const char *from, const char *to, struct err *e)
{
	struct arena a = { 0 };
	int rc = copy_any(from, to, &a, e);

	arena_release(&a);
	return rc;
}
