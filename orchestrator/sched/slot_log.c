#include "orchestrator/sched/slot_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "common/log.h"
#include "common/plain_file.h"
#include "common/tree.h"

/* Somebody may have tidied the folder away while we run. */
static int make_log(const char *path, const char *folder)
{
	int fd = plain_file_make(path, O_WRONLY | O_APPEND, 0666);

	if (fd < 0 && errno == ENOENT && !tree_make_folder(folder, 0777, NULL))
		fd = plain_file_make(path, O_WRONLY | O_APPEND, 0666);
	return fd;
}

#define TAIL_BYTES 4096 /* of a file that may be long */

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

void slot_log_last_line(const char *path, char *line, size_t size)
{
	char tail[TAIL_BYTES + 1];
	FILE *f = plain_file_read(path);
	char *start;
	size_t n;

	*line = '\0';
	if (!f)
		return;
	if (fseek(f, -TAIL_BYTES, SEEK_END))
		rewind(f);
	n = fread(tail, 1, TAIL_BYTES, f);
	fclose(f);
	while (n > 0 && (unsigned char)tail[n - 1] <= ' ')
		n--;
	tail[n] = '\0';
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)tail[i] < ' ' && tail[i] != '\n')
			tail[i] = tail[i] == '\r' ? '\n' : ' ';
	start = strrchr(tail, '\n');
	snprintf(line, size, "%s", start ? start + 1 : tail);
}
