#include "common/plain_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "common/bytes.h"

/* Opening a pipe waits for its other end, unless O_NONBLOCK is set. */
static int open_plain(const char *path, int flags, mode_t mode)
{
	int fd = open(path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, mode);
	struct stat st;
	int why;

	if (fd < 0)
		return -1;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode))
		return fd; /* to which O_NONBLOCK means nothing */
	why = S_ISDIR(st.st_mode) ? EISDIR : ENXIO;
	close(fd);
	errno = why;
	return -1;
}

FILE *plain_file_read(const char *path)
{
	int fd = open_plain(path, O_RDONLY, 0);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "rb");

	if (fd >= 0 && !f)
		close(fd);
	return f;
}

int plain_file_open(const char *path, int flags, mode_t mode)
{
	return open_plain(path, flags | O_NOFOLLOW, mode);
}

int plain_file_make(const char *path, int flags, mode_t mode)
{
	if (unlink(path) && errno != ENOENT)
		return -1;
	return open_plain(path, flags | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
}

int plain_file_write(const char *path, mode_t mode, const void *bytes, size_t n,
	bool synced, struct err *e)
{
	int fd = plain_file_make(path, O_WRONLY, mode);
	int rc = OK;

	if (fd < 0 || bytes_write(fd, bytes, n) || (synced && fsync(fd)))
		rc = err_errno(e, "cannot write %s", path);
	if (fd >= 0 && close(fd) && !rc)
		rc = err_errno(e, "cannot write %s", path);
	return rc;
}
