/* Paths of a sweep file: below the readers of its values, which all may hold some. */
#include <stdlib.h>
#include <string.h>
#include "orchestrator/spec/spec.h"

const char *spec_path(struct arena *a, const char *folder, const char *path)
{
	const char *home = getenv("HOME");

	if (path[0] == '~' && (!path[1] || path[1] == '/'))
		return home && *home ? arena_printf(a, "%s%s", home, path + 1) : NULL;
	if (!*path || *path == '/' || !*folder)
		return path;
	return arena_printf(a, "%s/%s", strcmp(folder, "/") ? folder : "", path);
}
