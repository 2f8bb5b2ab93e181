/*
 * The cache: one file a composed data set, mapped read-only by everyone who trains.
 *
 *	0	"deltam\r\n"
 *	8	format, u32; then 0x01020304, u32, in the byte order of the machine
 *	16	size of the file, u64; size of the text, u64
 *	32	digest of the arrays, 32 hexadecimal digits
 *	64	text: what the file holds (parameters, a line an array), then a line a
 *		source file; zeros up to a multiple of 64
 *	...	the arrays (layout.h)
 *
 * The file comes into being under a temporary name in the same folder, is synced and
 * renamed, so under its name it is whole unless the disk lies. Who composes holds a lock
 * on the temporary file: processes that prepare the same data set at once wait for the
 * first and take what it made; one that was killed leaves a file that the next one
 * writes over. A named file is never written to, so mappings of it stay good.
 */
#ifndef DELTAM_CACHE_H
#define DELTAM_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "common/arena.h"
#include "common/err.h"

/* Raised with every change of this format or of what any data set composes. */
#define CACHE_FORMAT 2

struct cache {
	const char *path;
	const char *what; /* the text up to the source files */
	const char *sources; /* the rest of the text; NULL: not compared */
	size_t array_bytes;
	/* Once mapped: */
	int fd; /* of the mapped file */
	void *map;
	size_t map_bytes;
	const unsigned char *arrays; /* 64-byte aligned */
	char digest[33]; /* as the file says */
};

/*
 * *path: NAME-HASH.data in $DELTAM_CACHE, else $XDG_CACHE_HOME/deltam, else
 * ~/.cache/deltam. HASH is of `what`.
 */
MUST_CHECK int cache_locate(struct arena *a, const char *name, const char *what,
	const char **path, struct err *e);

/*
 * Maps the file where its header, size and text are right. Returns NULL, or in a few
 * words what is wrong with it. Does not look at the arrays.
 */
const char *cache_map(struct cache *c);
void cache_unmap(struct cache *c);

/*
 * Which file this is, and when it was last written or renamed: a write through any name or
 * mapping of the file changes the stamp.
 */
struct cache_stamp {
	uint64_t device, inode;
	int64_t seconds, nanoseconds;
};
struct cache_stamp cache_stamp(int fd);
bool cache_stamp_same(const struct cache_stamp *x, const struct cache_stamp *y);

struct cache_writer {
	const char *path;
	const char *temporary;
	int fd; /* holds the lock */
	unsigned char *map;
	size_t map_bytes;
	unsigned char *arrays; /* zeroed, to be filled */
};

/*
 * Makes the folder (0700) and waits until no other process composes this file. Then
 * look again with cache_map(): it may be there now. ERR_SYS.
 */
MUST_CHECK int cache_lock(
	struct cache_writer *w, const struct cache *c, struct arena *a, struct err *e);

/*
 * Takes room on the disk for the whole file and maps w->arrays. ERR_SYS: there is none.
 */
MUST_CHECK int cache_reserve(
	struct cache_writer *w, const struct cache *c, struct err *e);

/*
 * Writes header and text, syncs the file and renames it. The lock stays until
 * cache_unlock().
 */
MUST_CHECK int cache_commit(struct cache_writer *w, const struct cache *c,
	const char digest[33], struct err *e);

/* Lets the lock go, and removes the temporary file where it was not renamed. */
void cache_unlock(struct cache_writer *w);

/*
 * For a signal handler that ends the process: removes the temporary file that this process
 * is writing, if any.
 */
void cache_abandon(void);

#endif
