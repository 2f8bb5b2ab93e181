#include "orchestrator/run/slot_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "common/log.h"
#include "common/plain_file.h"

/* Somebody may have tidied the folder away while we run. */
static int make_log(const char *path, const char *folder)
{
	int fd = plain_file_make(path, O_WRONLY | O_APPEND, 0666);

	if (fd < 0 && errno == ENOENT && !mkdir(folder, 0777))
		fd = plain_file_make(path, O_WRONLY | O_APPEND, 0666);
	return fd;
}

int slot_log_open(struct slot_log *l, const char *folder, int slot)
{
	if (l->fd >= 0)
		return OK;
	if (!folder) {
		l->fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	} else {
		snprintf(l->path, sizeof(l->path), "%s/.slot-%d", folder, slot);
		l->fd = make_log(l->path, folder);
	}
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
