#include "common/tree.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "common/arena.h"

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
