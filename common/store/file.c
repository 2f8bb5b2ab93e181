#define _GNU_SOURCE /* F_OFD_SETLK */
#include "common/store/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "common/plain_file.h"

/* The header of a SQLite file: https://sqlite.org/fileformat2.html section 1.3. */
#define HEADER_BYTES 100
#define USER_VERSION_AT 60
#define APPLICATION_ID_AT 68
static const char magic[16] = "SQLite format 3";
/* The byte that is locked: far behind those that SQLite locks (2^30) and any page. */
#define LOCKED_BYTE ((off_t)1 << 62)

/* What errno says about the database: the user's environment, not our system call. */
static int database_errno(struct err *e, const char *what, const char *path)
{
	return err_set(e, ERR_DB, "%s %s: %s", what, path, err_reason(errno));
}

static uint32_t big_endian(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Asks for the lock of file_lock_data without taking it: nobody is kept out meanwhile. */
static bool is_held(int fd)
{
	struct flock byte = { .l_type = F_RDLCK, .l_start = LOCKED_BYTE, .l_len = 1 };

	return !fcntl(fd, F_OFD_GETLK, &byte) && byte.l_type != F_UNLCK;
}

static int read_header(
	const char *path, unsigned char *header, size_t *n, bool *held, struct err *e)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		return database_errno(e, "cannot open", path);
	got = read(fd, header, HEADER_BYTES);
	*held = is_held(fd);
	close(fd);
	if (got < 0)
		return database_errno(e, "cannot read", path);
	*n = (size_t)got;
	return OK;
}

int file_inspect(const char *path, struct file_header *h, struct err *e)
{
	unsigned char header[HEADER_BYTES];
	struct stat st;
	size_t n = 0;
	int rc;

	*h = (struct file_header){ .state = FILE_MISSING };
	if (stat(path, &st))
		return errno == ENOENT ? OK : database_errno(e, "cannot open", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_DB, "%s is not a file", path);
	rc = read_header(path, header, &n, &h->held, e);
	if (rc)
		return rc;
	h->state = n ? FILE_THERE : FILE_EMPTY;
	if (n == HEADER_BYTES && !memcmp(header, magic, sizeof(magic))) {
		h->application_id = (int)big_endian(header + APPLICATION_ID_AT);
		h->version = (int)big_endian(header + USER_VERSION_AT);
	}
	return OK;
}

void file_folder(const char *path, char folder[FILE_PATH_MAX])
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		snprintf(folder, FILE_PATH_MAX, ".");
	else
		snprintf(folder, FILE_PATH_MAX, "%.*s",
			slash == path ? 1 : (int)(slash - path), path);
}

/* A lock beside the byte that says who holds the file, so that nobody is kept out. */
bool file_can_lock(const char *path)
{
	struct flock byte = {
		.l_type = F_RDLCK, .l_start = LOCKED_BYTE + 1, .l_len = 1
	};
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	bool can = fd < 0 || !fcntl(fd, F_OFD_SETLK, &byte) || errno == EAGAIN ||
		errno == EACCES;

	if (fd >= 0)
		close(fd);
	return can;
}

int file_check_writable(const char *path, struct err *e)
{
	char folder[FILE_PATH_MAX];

	if (access(path, W_OK) && errno != ENOENT)
		return database_errno(e, "cannot write", path);
	file_folder(path, folder);
	if (access(folder, W_OK | X_OK)) /* SQLite's log and our lock go beside it */
		return database_errno(e, "cannot write in the folder", folder);
	return OK;
}

/* Makes one name for one database, whatever symbolic links lead to it. */
static int lock_path(const char *path, char out[FILE_PATH_MAX], struct err *e)
{
	char folder[FILE_PATH_MAX];
	const char *slash = strrchr(path, '/');
	char *real = realpath(path, NULL);
	int n;

	if (real) {
		n = snprintf(out, FILE_PATH_MAX, "%s.lock", real);
	} else {
		file_folder(path, folder);
		real = realpath(folder, NULL);
		if (!real)
			return database_errno(e, "cannot open", folder);
		n = snprintf(out, FILE_PATH_MAX, "%s/%s.lock", real,
			slash ? slash + 1 : path);
	}
	free(real);
	if (n >= FILE_PATH_MAX)
		return err_set(e, ERR_DB, "the database's path is too long: %s", path);
	return OK;
}

static void read_holder(int fd, char *buf, size_t size)
{
	ssize_t n = pread(fd, buf, size - 1, 0);

	buf[n > 0 ? n : 0] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
}

static int write_holder(const struct file_lock *lock, struct err *e)
{
	char host[128] = "";
	char text[256];
	int n;

	gethostname(host, sizeof(host) - 1);
	n = snprintf(text, sizeof(text), "process %ld on %s\n", (long)getpid(), host);
	if (ftruncate(lock->fd, 0) || pwrite(lock->fd, text, (size_t)n, 0) != n)
		return database_errno(e, "cannot write", lock->path);
	return OK;
}

/*
 * Whether fd is still the file of that name. A holder removes the lock file before it
 * lets go, so one who opened it earlier may have locked a file that no longer has a
 * name; it must begin again.
 */
static bool still_named(int fd, const char *path)
{
	struct stat by_fd;
	struct stat by_name;

	return fstat(fd, &by_fd) == 0 && stat(path, &by_name) == 0 &&
		by_fd.st_ino == by_name.st_ino && by_fd.st_dev == by_name.st_dev;
}

static int refused(struct file_lock *lock, const char *path, struct err *e)
{
	char holder[256];
	int rc;

	if (errno != EWOULDBLOCK) {
		rc = database_errno(e, "cannot lock", lock->path);
	} else {
		read_holder(lock->fd, holder, sizeof(holder));
		rc = err_set(e, ERR_LOCKED, "%s is in use by another deltam (%s)", path,
			*holder ? holder : "just starting");
	}
	close(lock->fd);
	lock->fd = -1;
	return rc;
}

int file_lock(struct file_lock *lock, const char *path, struct err *e)
{
	int rc;

	*lock = (struct file_lock){ .fd = -1, .data = -1 };
	rc = lock_path(path, lock->path, e);
	while (!rc) {
		lock->fd = plain_file_open(lock->path, O_RDWR | O_CREAT, 0644);
		if (lock->fd < 0)
			return database_errno(e, "cannot create", lock->path);
		/* flock belongs to the open file, so no other close can lose it. */
		if (flock(lock->fd, LOCK_EX | LOCK_NB))
			return refused(lock, path, e);
		if (still_named(lock->fd, lock->path))
			break;
		close(lock->fd);
	}
	if (!rc)
		rc = write_holder(lock, e);
	if (rc)
		file_unlock(lock);
	return rc;
}

/*
 * Opens and locks the database's file, made where `create` says so (O_CREAT or 0). Where the
 * kernel locks no files, lock->unlockable and errno say so. ERR_LOCKED has no message.
 */
static int lock_data(
	struct file_lock *lock, const char *path, int create, struct err *e)
{
	struct flock byte = { .l_type = F_WRLCK, .l_start = LOCKED_BYTE, .l_len = 1 };

	lock->data = open(path, O_RDWR | create | O_CLOEXEC, 0644);
	if (lock->data < 0)
		return !create && errno == ENOENT
			? OK
			: database_errno(e, "cannot open", path);
	/* A lock of the open file, which no close of another descriptor loses. */
	if (!fcntl(lock->data, F_OFD_SETLK, &byte))
		return OK;
	if (errno == EAGAIN || errno == EACCES)
		return ERR_LOCKED;
	lock->unlockable = true;
	return OK;
}

int file_lock_data(struct file_lock *lock, const char *path, struct err *e)
{
	int rc = lock->data < 0 ? lock_data(lock, path, O_CREAT, e) : OK;

	if (rc == ERR_LOCKED)
		return err_set(e, ERR_LOCKED,
			"%s is in use by another deltam under another name (a hard "
			"link)",
			path);
	if (!rc && lock->unlockable && !lock->beat)
		return database_errno(e, "cannot lock", path);
	return rc;
}

int file_lock_look(const char *path, struct beat_seen *seen, struct err *e)
{
	char name[FILE_PATH_MAX];
	int rc = lock_path(path, name, e);

	return rc ? rc : beat_look(name, seen, e);
}

static void let_data_go(struct file_lock *lock)
{
	if (lock->data >= 0)
		close(lock->data);
	lock->data = -1;
}

/*
 * The holder does not count any more. One that was only stopped has its file open still. Returns
 * 1 where another one was faster, who is to be watched in turn.
 */
static int take_over(struct file_lock *lock, const char *path,
	const struct beat_seen *seen, struct err *e)
{
	int rc = lock_data(lock, path, 0, e);

	if (rc == ERR_LOCKED)
		rc = err_set(e, ERR_LOCKED,
			"%s is in use by another deltam (%s), which was not heard of for "
			"a while and has the file open all the same: end it there. Where "
			"its machine is gone, the file server has to forget it first",
			path, seen->holder);
	else if (!rc)
		rc = beat_seize(&lock->beat, lock->path, seen, e);
	if (rc)
		let_data_go(lock);
	return rc;
}

/* One try at the lock; 1: another one is due. */
static int try_lock_far(struct file_lock *lock, const char *path, struct err *e)
{
	struct beat_seen seen;
	int rc = beat_make(&lock->beat, lock->path, e);

	if (rc != 1)
		return rc;
	rc = beat_watch(lock->path, &seen, e);
	switch (rc) {
	case BEAT_GONE:
		return 1;
	case BEAT_LIVES:
		return err_set(e, ERR_LOCKED, "%s is in use by another deltam (%s)",
			path, seen.holder);
	case BEAT_STILL:
		return take_over(lock, path, &seen, e);
	default:
		return rc;
	}
}

int file_lock_far(struct file_lock *lock, const char *path, struct err *e)
{
	int rc;

	*lock = (struct file_lock){ .fd = -1, .data = -1 };
	rc = lock_path(path, lock->path, e);
	if (rc)
		return rc;
	do
		rc = try_lock_far(lock, path, e);
	while (rc == 1);
	return rc;
}

int file_check_same(const struct file_lock *lock, const char *path, struct err *e)
{
	int rc = lock->beat ? beat_check(lock->beat, path, e) : OK;

	if (rc || still_named(lock->data, path))
		return rc;
	return err_set(e, ERR_DB,
		"%s was removed or replaced while this run wrote it; nothing more is "
		"written. Put the file back, or run again to train what is missing",
		path);
}

void file_unlock(struct file_lock *lock)
{
	if (lock->fd < 0 && !lock->beat)
		return;
	let_data_go(lock);
	if (lock->fd >= 0) {
		unlink(lock->path); /* before letting go: see still_named */
		close(lock->fd);
	}
	beat_drop(lock->beat);
	*lock = (struct file_lock){ .fd = -1 };
}
