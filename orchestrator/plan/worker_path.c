#include "orchestrator/plan/worker_path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "common/own_program.h"
#include "common/version.h"
#include "orchestrator/plan/child.h"

/* Where the worker may lie, seen from the folder of deltam. */
static const char *const places[] = { "deltam-worker",
	"../libexec/deltam/deltam-worker" };

static int put_path(char *buf, size_t size, const char *path, struct err *e)
{
	if (snprintf(buf, size, "%s", path) >= (int)size)
		return err_set(
			e, ERR_SYS, "the path of the worker is too long: %s", path);
	return OK;
}

/* What a program says of its build, without its name in front and without a newline. */
static const char *build_of(const char *answer, struct arena *a)
{
	static const char name[] = "deltam-worker ";
	size_t n = sizeof(name) - 1;

	if (!strncmp(answer, name, n))
		answer += n;
	return arena_strndup(a, answer, strcspn(answer, "\n"));
}

static int check_build(const char *path, struct err *e)
{
	const char *const argv[] = { path, "--version", NULL };
	struct arena a = { 0 };
	const char *answer = NULL;
	struct err why = { 0 };
	int rc = child_ask(argv, &a, &answer, &why);

	if (rc == ERR_SYS) {
		rc = err_set(e, ERR_SYS, "%s", why.msg);
	} else if (rc) { /* one that is older than the question */
		rc = err_set(e, ERR_SYS,
			"the worker %s does not tell its build, and this is deltam %s: "
			"install both from one build, or unset DELTAM_WORKER",
			path, deltam_version);
	} else if (strcmp(build_of(answer, &a), deltam_version) != 0) {
		rc = err_set(e, ERR_SYS,
			"the worker %s is %s, and this is deltam %s: install both from "
			"one build, or unset DELTAM_WORKER",
			path, build_of(answer, &a), deltam_version);
	}
	arena_release(&a);
	return rc;
}

/* For an executable in `folder`, without a look at $DELTAM_WORKER. */
static int path_from(const char *folder, char *buf, size_t size, struct err *e)
{
	struct arena a = { 0 };
	int rc = OK;

	for (int i = 0; i < COUNT(places); i++) {
		rc = put_path(
			buf, size, arena_printf(&a, "%s/%s", folder, places[i]), e);
		if (rc || !access(buf, X_OK))
			break;
		rc = err_set(e, ERR_SYS,
			"there is no worker: neither %s/%s nor %s/%s can be run; "
			"DELTAM_WORKER may name it",
			folder, places[0], folder, places[1]);
	}
	arena_release(&a);
	return rc ? rc : check_build(buf, e);
}

int worker_path(char *buf, size_t size, struct err *e)
{
	const char *given = getenv("DELTAM_WORKER");
	struct arena a = { 0 };
	const char *folder;
	int rc;

	if (!given || !*given) {
		rc = own_folder(&folder, &a, e);
		if (!rc)
			rc = path_from(folder, buf, size, e);
		arena_release(&a);
		return rc;
	}
	rc = put_path(buf, size, given, e);
	if (!rc && access(buf, X_OK))
		return err_errno(e, "cannot run the worker %s, of DELTAM_WORKER", buf);
	return rc ? rc : check_build(buf, e);
}
