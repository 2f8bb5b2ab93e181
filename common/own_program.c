#include "common/own_program.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Whether what the kernel has started is a loader, as by the programs of a bundle. */
static bool is_loader(const char *path)
{
	const char *slash = strrchr(path, '/');

	return !strncmp(slash ? slash + 1 : path, "ld-", 3);
}

int own_program(const char **path, struct arena *a, struct err *e)
{
	const char *called = getenv("DELTAM_PROGRAM");
	char buf[4096];
	ssize_t n = readlink("/proc/self/exe", buf, sizeof(buf));

	*path = "";
	if (n < 0)
		return err_errno(
			e, "/proc/self/exe, which is this program (is /proc mounted?)");
	*path = arena_strndup(a, buf, (size_t)n);
	if (!is_loader(*path))
		return OK;
	if (!called || *called != '/')
		return err_set(e, ERR_SYS,
			"%s has loaded this program, and DELTAM_PROGRAM does not say "
			"by which path it is called",
			*path);
	*path = arena_strdup(a, called);
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
