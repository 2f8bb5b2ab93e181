#include "orchestrator/run/slot_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "common/log.h"

int slot_log_open(struct slot_log *l, const char *folder, int slot)
{
	int flags = O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC;

	if (l->fd >= 0)
		return OK;
	if (folder)
		snprintf(l->path, sizeof(l->path), "%s/.slot-%d", folder, slot);
	l->fd = open(folder ? l->path : "/dev/null", flags, 0644);
	return l->fd < 0 ? -errno : OK;
}

int64_t slot_log_size(const struct slot_log *l)
{
	struct stat st;

	return l->fd < 0 || fstat(l->fd, &st) ? 0 : st.st_size;
}

void slot_log_keep(struct slot_log *l, const char *name)
{
	struct stat st;

	if (!name || l->fd < 0 || fstat(l->fd, &st) || st.st_size == 0)
		return;
	if (rename(l->path, name))
		log_warn("sched", "cannot make %s: %s", name, strerror(errno));
	close(l->fd);
	l->fd = -1;
}

void slot_log_close(struct slot_log *l)
{
	if (l->fd < 0)
		return;
	close(l->fd);
	if (*l->path)
		unlink(l->path);
}
