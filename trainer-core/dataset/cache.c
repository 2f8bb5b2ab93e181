#include "trainer-core/dataset/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "common/crash.h"
#include "common/plain_file.h"
#include "common/tree.h"
#include "trainer-core/dataset/digest.h"

static const char magic[8] = { 'd', 'e', 'l', 't', 'a', 'm', '\r', '\n' };
#define BYTE_ORDER_MARK 0x01020304u
#define ALIGN 64

struct header {
	char magic[8];
	uint32_t format;
	uint32_t byte_order;
	uint64_t file_bytes;
	uint64_t text_bytes;
	char digest[32];
};
_Static_assert(sizeof(struct header) == ALIGN, "the text begins at byte 64");

static size_t arrays_at(size_t text_bytes)
{
	return (sizeof(struct header) + text_bytes + ALIGN - 1) / ALIGN * ALIGN;
}

static const char *folder(struct arena *a, struct err *e)
{
	const char *own = getenv("DELTAM_CACHE");
	const char *xdg = getenv("XDG_CACHE_HOME");
	const char *home = getenv("HOME");

	if (own && *own)
		return own;
	if (xdg && *xdg)
		return arena_printf(a, "%s/deltam", xdg);
	if (home && *home)
		return arena_printf(a, "%s/.cache/deltam", home);
	err_set(e, ERR_SYS,
		"no place for composed data sets: set DELTAM_CACHE to a folder");
	return NULL;
}

int cache_locate(struct arena *a, const char *name, const char *what, const char **path,
	struct err *e)
{
	const char *dir = folder(a, e);
	char hex[33];

	if (!dir)
		return ERR_SYS;
	digest_bytes(what, strlen(what), hex);
	*path = arena_printf(a, "%s/%s-%.16s.data", dir, name, hex);
	return OK;
}

/* Whether the text of the mapped file is what c expects. */
static const char *check_text(const struct cache *c, size_t text_bytes)
{
	const char *text = (const char *)c->map + sizeof(struct header);
	size_t what = strlen(c->what);
	size_t sources = c->sources ? strlen(c->sources) : 0;

	if (text_bytes < what || memcmp(text, c->what, what) != 0)
		return "holds another data set";
	if (c->sources &&
		(text_bytes != what + sources ||
			memcmp(text + what, c->sources, sources) != 0))
		return "was made from other source files";
	return NULL;
}

static const char *check_header(struct cache *c)
{
	struct header h;
	size_t at;

	memcpy(&h, c->map, sizeof(h));
	if (memcmp(h.magic, magic, sizeof(magic)) != 0)
		return "is not a data set";
	if (h.format != CACHE_FORMAT || h.byte_order != BYTE_ORDER_MARK)
		return "has another format";
	if (h.file_bytes != c->map_bytes || h.text_bytes > c->map_bytes - sizeof(h))
		return "is torn";
	at = arrays_at(h.text_bytes);
	if (at > c->map_bytes || c->map_bytes - at != c->array_bytes)
		return "holds another data set";
	c->arrays = (const unsigned char *)c->map + at;
	memcpy(c->digest, h.digest, sizeof(h.digest));
	c->digest[32] = '\0';
	return check_text(c, h.text_bytes);
}

static const char *map_file(struct cache *c, int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return "is no file";
	if (st.st_size < (off_t)sizeof(struct header))
		return "is torn";
	c->map_bytes = (size_t)st.st_size;
	c->map = mmap(NULL, c->map_bytes, PROT_READ, MAP_SHARED, fd, 0);
	if (c->map == MAP_FAILED) {
		c->map = NULL;
		return "cannot be mapped";
	}
	return NULL;
}

const char *cache_map(struct cache *c)
{
	int fd = plain_file_open(c->path, O_RDONLY, 0);
	const char *wrong;

	c->map = NULL;
	if (fd < 0)
		return errno == ENOENT ? "is absent" : "cannot be opened";
	wrong = map_file(c, fd);
	if (wrong) {
		close(fd);
		return wrong;
	}
	c->fd = fd;
	wrong = check_header(c);
	if (wrong)
		cache_unmap(c);
	return wrong;
}

void cache_unmap(struct cache *c)
{
	if (!c->map)
		return;
	munmap(c->map, c->map_bytes);
	close(c->fd);
	c->map = NULL;
}

struct cache_stamp cache_stamp(int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return (struct cache_stamp){ 0 };
	return (struct cache_stamp){ st.st_dev, st.st_ino, st.st_ctim.tv_sec,
		st.st_ctim.tv_nsec };
}

bool cache_stamp_same(const struct cache_stamp *x, const struct cache_stamp *y)
{
	return x->device == y->device && x->inode == y->inode &&
		x->seconds == y->seconds && x->nanoseconds == y->nanoseconds;
}

/* What cache_abandon removes. */
static const char *volatile writing;

void cache_abandon(void)
{
	if (writing)
		(void)unlink(writing);
}

/* Opens and locks whatever file has the name now; *ours: it still had it afterwards. */
static int try_lock(struct cache_writer *w, bool *ours, struct err *e)
{
	struct stat held;
	struct stat named;

	w->fd = plain_file_open(w->temporary, O_RDWR | O_CREAT, 0600);
	if (w->fd < 0)
		return err_errno(e,
			"%s: cannot make this file; DELTAM_CACHE names another folder "
			"for composed data sets",
			w->temporary);
	while (flock(w->fd, LOCK_EX) != 0)
		if (errno != EINTR)
			return err_errno(e, "%s: cannot lock", w->temporary);
	if (fstat(w->fd, &held) != 0)
		return err_errno(e, "%s", w->temporary);
	*ours = stat(w->temporary, &named) == 0 && named.st_ino == held.st_ino &&
		named.st_dev == held.st_dev;
	return OK;
}

static void close_fd(struct cache_writer *w)
{
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
}

int cache_lock(
	struct cache_writer *w, const struct cache *c, struct arena *a, struct err *e)
{
	bool ours = false;
	int rc = tree_make_above(c->path, 0700, e);

	memset(w, 0, sizeof(*w));
	w->fd = -1;
	if (rc)
		return err_wrap(e,
			"composed data sets want a folder, and DELTAM_CACHE names another "
			"one");
	w->path = c->path;
	w->temporary = arena_printf(a, "%s.tmp", c->path);
	/* The one who was waited for has renamed or removed the file: then once more. */
	while (!ours) {
		close_fd(w);
		rc = try_lock(w, &ours, e);
		if (rc) {
			close_fd(w);
			return rc;
		}
	}
	writing = w->temporary;
	return OK;
}

int cache_reserve(struct cache_writer *w, const struct cache *c, struct err *e)
{
	size_t text = strlen(c->what) + strlen(c->sources);
	int status;

	w->map_bytes = arrays_at(text) + c->array_bytes;
	if (ftruncate(w->fd, 0) != 0)
		return err_errno(e, "%s", w->temporary);
	/* Blocks, not a hole: a full disk is an error here, no signal later. */
	do
		status = posix_fallocate(w->fd, 0, (off_t)w->map_bytes);
	while (status == EINTR);
	if (status) {
		errno = status;
		return err_errno(
			e, "%s: no room for %zu bytes", w->temporary, w->map_bytes);
	}
	w->map = mmap(NULL, w->map_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, w->fd, 0);
	if (w->map == MAP_FAILED) {
		w->map = NULL;
		return err_errno(e, "%s: cannot map", w->temporary);
	}
	w->arrays = w->map + arrays_at(text);
	return OK;
}

static void write_header(
	struct cache_writer *w, const struct cache *c, const char digest[33])
{
	size_t what = strlen(c->what);
	size_t sources = strlen(c->sources);
	struct header h = { .format = CACHE_FORMAT,
		.byte_order = BYTE_ORDER_MARK,
		.file_bytes = w->map_bytes,
		.text_bytes = what + sources };

	memcpy(h.magic, magic, sizeof(magic));
	memcpy(h.digest, digest, sizeof(h.digest));
	memcpy(w->map, &h, sizeof(h));
	memcpy(w->map + sizeof(h), c->what, what);
	memcpy(w->map + sizeof(h) + what, c->sources, sources);
}

/* The rename itself survives a power cut only when the folder is synced, too. */
static int sync_folder(const char *path, struct err *e)
{
	struct arena a = { 0 };
	const char *slash = strrchr(path, '/');
	const char *dir =
		slash ? arena_strndup(&a, path, (size_t)(slash - path) + 1) : ".";
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = OK;

	if (fd < 0 || fsync(fd) != 0)
		rc = err_errno(e, "%s: cannot sync", dir);
	if (fd >= 0)
		close(fd);
	arena_release(&a);
	return rc;
}

int cache_commit(struct cache_writer *w, const struct cache *c, const char digest[33],
	struct err *e)
{
	write_header(w, c, digest);
	crash_point("cache.before_sync");
	if (msync(w->map, w->map_bytes, MS_SYNC) != 0 || fsync(w->fd) != 0)
		return err_errno(e, "%s: cannot write", w->temporary);
	crash_point("cache.before_rename");
	writing = NULL; /* from here on the name may be another process's file */
	if (rename(w->temporary, w->path) != 0)
		return err_errno(e, "%s: cannot rename to %s", w->temporary, w->path);
	w->temporary = NULL;
	return sync_folder(w->path, e);
}

void cache_unlock(struct cache_writer *w)
{
	if (w->map)
		munmap(w->map, w->map_bytes);
	writing = NULL;
	if (w->temporary && w->fd >= 0)
		(void)unlink(w->temporary);
	close_fd(w);
	memset(w, 0, sizeof(*w));
	w->fd = -1;
}
