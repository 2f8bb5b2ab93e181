#include "trainer-core/dataset/compose.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void compose_source(struct composition *c, const char *path)
{
	GROW(c->a, c->source, c->sources, c->source_capacity)[c->sources] = path;
	c->sources++;
}

int compose_find(
	struct composition *c, const char *path, const char *hint, struct err *e)
{
	if (access(path, R_OK) != 0)
		return err_set(e, ERR_DATA, "%s: %s; %s%s", path, err_reason(errno),
			strstr(path, "/~") ? "`~` is a name like any other here: write "
					     "the folder out; "
					   : "",
			hint);
	compose_source(c, path);
	return OK;
}

int compose_absolute(
	struct composition *c, const char *path, const char **out, struct err *e)
{
	char here[4096];

	*out = path;
	if (*path == '/')
		return OK;
	if (!getcwd(here, sizeof(here)))
		return err_errno(e, "the current folder");
	*out = arena_printf(c->a, "%s/%s", here, path);
	return OK;
}

int compose_folder(
	struct composition *c, const char *param, const char *deflt, struct err *e)
{
	const char *given = params_get(c->ps, param);
	int rc;

	if (!given || !*given)
		given = deflt;
	rc = compose_absolute(c, given, &given, e);
	if (!rc)
		params_set(&c->key, c->a, param, given);
	return rc;
}

const char *compose_data_folder(struct arena *a, const char *name)
{
	const char *own = getenv("DELTAM_DATA");
	const char *xdg = getenv("XDG_DATA_HOME");
	const char *home = getenv("HOME");

	if (own && *own)
		return arena_printf(a, "%s/%s", own, name);
	if (xdg && *xdg)
		return arena_printf(a, "%s/deltam/%s", xdg, name);
	return arena_printf(a, "%s/.local/share/deltam/%s", home ? home : "", name);
}
