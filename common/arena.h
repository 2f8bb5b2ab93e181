/*
 * An arena is memory with one lifetime: to allocate moves a pointer, and everything is
 * released at once. Where there is no memory left the process aborts here and nowhere
 * else, because jobs resume. Whoever passes the arena owns the result.
 */
#ifndef DELTAM_ARENA_H
#define DELTAM_ARENA_H

#include <stddef.h>
#include "common/err.h"

struct arena_chunk;

struct arena {
	struct arena_chunk *chunk; /* newest first */
};

struct arena_mark {
	struct arena_chunk *chunk;
	size_t used;
};

/* An arena starts as {0}. */
void arena_release(struct arena *a);

/* Returns zeroed memory, aligned to 16 bytes; never NULL. */
void *arena_alloc(struct arena *a, size_t count, size_t size);

/* The same aligned to 64 bytes. From 1 MiB on the system is asked for huge pages. */
void *arena_alloc_aligned(struct arena *a, size_t bytes);

char *arena_strdup(struct arena *a, const char *s);
char *arena_strndup(struct arena *a, const char *s, size_t n);
char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF(2, 3);

struct arena_mark arena_mark(const struct arena *a);
void arena_rewind(struct arena *a, struct arena_mark m);

#define NEW(a, type) ((type *)arena_alloc((a), 1, sizeof(type)))
#define NEW_ARRAY(a, type, n) ((type *)arena_alloc((a), (size_t)(n), sizeof(type)))

/* How many elements an array has whose length the compiler knows. */
#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

/*
 * Makes room for one more element in an arena-held array that grows by doubling:
 *	GROW(a, list->items, list->count, list->capacity)[list->count++] = x;
 */
#define GROW(a, array, count, capacity) \
	((count) < (capacity) ? (array) \
			      : ((array) = arena_grow((a), (array), &(capacity), \
					 sizeof(*(array)))))
void *arena_grow(struct arena *a, void *old, int *capacity, size_t size);

#endif
