#include "worker/checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>
#include "catalogue/catalogue.h"
#include "common/crash.h"
#include "common/plain_file.h"
#include "common/tree.h"

#define MAGIC_STATE "deltamCK"
#define MAGIC_RESULT "deltamPA"
#define FORMAT 1

struct header {
	char magic[8];
	uint32_t format;
	uint32_t numerics;
	char identity[64];
	char kernel_class[64];
	uint64_t epoch;
	uint64_t state_size;
	char reserved[32];
};
_Static_assert(sizeof(struct header) == 192, "the header has no padding");

#define HASH_BYTES sizeof(XXH128_canonical_t)

static const char *magic(const struct checkpoint *c)
{
	return c->result ? MAGIC_RESULT : MAGIC_STATE;
}

static size_t file_size(const struct checkpoint *c)
{
	return sizeof(struct header) + c->state_size + HASH_BYTES;
}

static void fill_header(const struct checkpoint *c, int epoch, struct header *h)
{
	*h = (struct header){ .format = FORMAT,
		.numerics = NUMERICS,
		.epoch = (uint64_t)epoch,
		.state_size = c->state_size };
	memcpy(h->magic, magic(c), sizeof(h->magic));
	memcpy(h->identity, c->identity, strlen(c->identity));
	memcpy(h->kernel_class, c->kernel_class, strlen(c->kernel_class));
}

static void hash_image(const struct checkpoint *c, XXH128_canonical_t *out)
{
	XXH128_canonicalFromHash(
		out, XXH3_128bits(c->image, sizeof(struct header) + c->state_size));
}

#define NAME_MAX_BYTES 128

static int set_path(
	struct checkpoint *c, const char *db, const char *name, struct err *e)
{
	int n = snprintf(c->path, sizeof(c->path), "%s.d/%s", db, name);

	return n < (int)sizeof(c->path)
		? OK
		: err_set(e, ERR_CHECKPOINT, "the database's path is too long: %s", db);
}

int checkpoint_init(struct checkpoint *c, const char *db, const char *identity,
	const char *kernel_class, size_t state_size, struct arena *a, struct err *e)
{
	char name[NAME_MAX_BYTES];
	struct header *h;

	if (strlen(identity) >= sizeof(h->identity) ||
		strlen(kernel_class) >= sizeof(h->kernel_class))
		return err_set(e, ERR_CHECKPOINT,
			"identity or kernel class is too long: %s, %s", identity,
			kernel_class);
	*c = (struct checkpoint){ .identity = identity,
		.kernel_class = kernel_class,
		.state_size = state_size };
	c->image = arena_alloc_aligned(a, file_size(c));
	snprintf(name, sizeof(name), "checkpoints/%s.ckpt", identity);
	return set_path(c, db, name, e);
}

int checkpoint_in_folder(struct checkpoint *c, const char *folder, struct err *e)
{
	int n = snprintf(c->path, sizeof(c->path), "%s/checkpoint", folder);

	c->in_folder = true;
	return n < (int)sizeof(c->path)
		? OK
		: err_set(e, ERR_CHECKPOINT, "the folder's path is too long: %s",
			  folder);
}

int checkpoint_for_result(
	struct checkpoint *c, const char *db, int epoch, struct err *e)
{
	char name[NAME_MAX_BYTES];

	c->result = true;
	if (epoch)
		snprintf(
			name, sizeof(name), "winners/%s-%d.params", c->identity, epoch);
	else
		snprintf(name, sizeof(name), "checkpoints/%s.best", c->identity);
	return set_path(c, db, name, e);
}

void *checkpoint_state(const struct checkpoint *c)
{
	return c->image + sizeof(struct header);
}

/* Reads n bytes at the file's position, or as many as there are. */
static ssize_t read_all(int fd, unsigned char *p, size_t n)
{
	size_t have = 0;

	while (have < n) {
		ssize_t got = read(fd, p + have, n - have);

		if (got < 0 && errno != EINTR)
			return -1;
		if (got == 0)
			break;
		if (got > 0)
			have += (size_t)got;
	}
	return (ssize_t)have;
}

/* The folder of path, at most `up` levels above the file. */
static void folder_of(const char *path, int up, char folder[CHECKPOINT_PATH_MAX])
{
	snprintf(folder, CHECKPOINT_PATH_MAX, "%s", path);
	while (up-- > 0)
		*strrchr(folder, '/') = '\0';
}

static int make_folders(const char *path, struct err *e)
{
	char folder[CHECKPOINT_PATH_MAX];
	int rc = OK;

	for (int up = 2; !rc && up >= 1; up--) {
		folder_of(path, up, folder);
		rc = tree_make_folder(folder, 0777, e);
	}
	return rc;
}

static int sync_folder(const char *path, struct err *e)
{
	char folder[CHECKPOINT_PATH_MAX];
	int rc = OK;
	int fd;

	folder_of(path, 1, folder);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd))
		rc = err_errno(e, "cannot sync %s", folder);
	if (fd >= 0)
		close(fd);
	return rc;
}

static void temporary_name(
	const struct checkpoint *c, char out[CHECKPOINT_PATH_MAX + 8])
{
	snprintf(out, CHECKPOINT_PATH_MAX + 8, "%s.tmp", c->path);
}

int checkpoint_write(const struct checkpoint *c, int epoch, struct err *e)
{
	XXH128_canonical_t hash;
	char temporary[CHECKPOINT_PATH_MAX + 8];
	struct header h;
	int rc = c->in_folder ? OK : make_folders(c->path, e);

	if (rc)
		return rc;
	fill_header(c, epoch, &h);
	memcpy(c->image, &h, sizeof(h));
	hash_image(c, &hash);
	memcpy(c->image + sizeof(h) + c->state_size, &hash, sizeof(hash));
	temporary_name(c, temporary);
	rc = plain_file_write(temporary, 0666, c->image, file_size(c), true, e);
	if (rc)
		goto remove;
	crash_point(c->result ? "result.before_rename" : "checkpoint.before_rename");
	if (rename(temporary, c->path)) {
		rc = err_errno(e, "cannot rename %s", temporary);
		goto remove;
	}
	crash_point(c->result ? "result.after_rename" : "checkpoint.after_rename");
	return sync_folder(c->path, e);

remove:
	unlink(temporary);
	return rc;
}

static int refuse(const struct checkpoint *c, const char *why, struct err *e)
{
	return err_set(e, ERR_CHECKPOINT, "%s: %s", c->path, why);
}

/* The image is the file: whose state is it, and is it whole? */
static int verify(const struct checkpoint *c, size_t size, int *epoch, struct err *e)
{
	XXH128_canonical_t hash;
	struct header h;

	if (size < sizeof(h))
		return refuse(c, "torn: no whole header", e);
	memcpy(&h, c->image, sizeof(h));
	h.identity[sizeof(h.identity) - 1] = '\0';
	h.kernel_class[sizeof(h.kernel_class) - 1] = '\0';
	if (memcmp(h.magic, magic(c), sizeof(h.magic)) != 0 || h.format != FORMAT)
		return refuse(c, "not a checkpoint of this format", e);
	if (h.numerics != NUMERICS)
		return refuse(c, "written by another arithmetic (NUMERICS)", e);
	if (strcmp(h.kernel_class, c->kernel_class) != 0)
		return refuse(c, "written with another kernel class", e);
	if (strcmp(h.identity, c->identity) != 0)
		return refuse(c, "the state of another job", e);
	if (h.state_size != c->state_size || size != file_size(c))
		return refuse(c, "torn: not of the size that the job's state has", e);
	hash_image(c, &hash);
	if (memcmp(c->image + sizeof(h) + c->state_size, &hash, sizeof(hash)) != 0)
		return refuse(c, "torn: the checksum does not fit", e);
	if (h.epoch < 1 || h.epoch > INT_MAX)
		return refuse(c, "of an epoch that no training has", e);
	*epoch = (int)h.epoch;
	return OK;
}

int checkpoint_read(const struct checkpoint *c, int *epoch, struct err *e)
{
	int fd = plain_file_open(c->path, O_RDONLY, 0);
	struct stat st;
	ssize_t n;

	*epoch = 0;
	if (fd < 0)
		return errno == ENOENT ? OK : refuse(c, err_reason(errno), e);
	n = fstat(fd, &st) ? -1 : read_all(fd, c->image, file_size(c));
	close(fd);
	if (n < 0)
		return refuse(c, strerror(errno), e);
	if (n == (ssize_t)file_size(c) && st.st_size > n)
		n = (ssize_t)st.st_size; /* verify() names what does not fit */
	return verify(c, (size_t)n, epoch, e);
}

void checkpoint_remove(const struct checkpoint *c)
{
	char temporary[CHECKPOINT_PATH_MAX + 8];

	temporary_name(c, temporary);
	unlink(c->path);
	unlink(temporary);
}
