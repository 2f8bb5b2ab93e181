#include "orchestrator/pilot/yard.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "common/tree.h"
#include "orchestrator/sched/slot_log.h"

void yard_path(
	char path[MAIL_PATH_MAX], const char *root, const char *name, const char *file)
{
	snprintf(path, MAIL_PATH_MAX, "%s/pilots/%s%s%s", root, name, *file ? "/" : "",
		file);
}

void yard_in_path(
	char path[MAIL_PATH_MAX], const char *root, const char *name, int serial)
{
	char file[32];

	snprintf(file, sizeof(file), "in.%d", serial);
	yard_path(path, root, name, file);
}

int yard_make(const char *root, const char *name, struct err *e)
{
	static const char *const files[] = { "out", "log" };
	char path[MAIL_PATH_MAX];
	int rc;

	snprintf(path, sizeof(path), "%s/pilots", root);
	rc = tree_make_folder(path, 0700, e);
	yard_path(path, root, name, "");
	if (!rc)
		rc = tree_make_folder(path, 0700, e);
	for (int i = 0; !rc && i < COUNT(files); i++) {
		yard_path(path, root, name, files[i]);
		rc = mail_make(path, e);
	}
	return rc;
}

int yard_newest(const char *root, const char *name, int from)
{
	char path[MAIL_PATH_MAX];
	int n = from;

	do
		yard_in_path(path, root, name, ++n);
	while (!access(path, F_OK));
	return n - 1;
}

int yard_check_own(const char *path, struct err *e)
{
	struct stat st;

	if (stat(path, &st))
		return errno == ENOENT ? OK : err_errno(e, "%s", path);
	if (st.st_uid != geteuid())
		return err_set(e, ERR_DATA,
			"%s belongs to another user, and pilots run what stands there: "
			"choose a place of your own by --db",
			path);
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return err_set(e, ERR_DATA,
			"others may write %s, and pilots run what stands there: "
			"`chmod go-w %s`",
			path, path);
	return OK;
}

void yard_last_words(const char *root, const char *name, char *line, size_t size)
{
	char path[MAIL_PATH_MAX];

	yard_path(path, root, name, "log");
	slot_log_last_line(path, line, size);
}
