#include "common/own_program.h"

#include <string.h>
#include <unistd.h>

int own_program(const char **path, struct arena *a, struct err *e)
{
	char buf[4096];
	ssize_t n = readlink("/proc/self/exe", buf, sizeof(buf));

	*path = "";
	if (n < 0)
		return err_errno(e, "cannot find our own executable");
	*path = arena_strndup(a, buf, (size_t)n);
	return OK;
}

int own_folder(const char **folder, struct arena *a, struct err *e)
{
	const char *path;
	int rc = own_program(&path, a, e);
	const char *slash = strrchr(path, '/');

	*folder = slash ? arena_strndup(a, path, (size_t)(slash - path)) : "";
	return rc;
}
