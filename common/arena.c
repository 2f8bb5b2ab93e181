#include "common/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define CHUNK_BYTES ((size_t)64 * 1024)
#define HUGE_BYTES ((size_t)1 << 20)

struct arena_chunk {
	struct arena_chunk *older;
	size_t size; /* of data */
	size_t used;
	size_t mapped; /* whole mapping, header included */
	_Alignas(64) unsigned char data[];
};

_Noreturn static void out_of_memory(size_t bytes)
{
	fprintf(stderr, "out of memory: %zu more bytes wanted\n", bytes);
	abort();
}

/*
 * Memory comes from mmap: it is zeroed and page aligned, and goes back to the system at
 * once.
 */
static struct arena_chunk *chunk_new(size_t payload)
{
	size_t size = payload > CHUNK_BYTES ? payload : CHUNK_BYTES;
	size_t mapped = sizeof(struct arena_chunk) + size;
	struct arena_chunk *c;

	if (mapped < size)
		out_of_memory(size);
	c = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		0);
	if (c == MAP_FAILED)
		out_of_memory(size);
#ifdef MADV_HUGEPAGE
	if (mapped >= HUGE_BYTES)
		(void)madvise(c, mapped, MADV_HUGEPAGE);
#endif
	c->size = size;
	c->mapped = mapped;
	return c;
}

static void *bump(struct arena *a, size_t bytes, size_t align)
{
	struct arena_chunk *c = a->chunk;
	size_t at = c ? (c->used + align - 1) / align * align : 0;

	if (!c || at > c->size || bytes > c->size - at) {
		c = chunk_new(bytes);
		c->older = a->chunk;
		a->chunk = c;
		at = 0;
	}
	c->used = at + bytes;
	return c->data + at;
}

void *arena_alloc(struct arena *a, size_t count, size_t size)
{
	size_t bytes = count * size;

	if (size && bytes / size != count)
		out_of_memory(SIZE_MAX);
	return bump(a, bytes, 16);
}

void *arena_alloc_aligned(struct arena *a, size_t bytes)
{
	return bump(a, bytes, 64);
}

void *arena_grow(struct arena *a, void *old, int *capacity, size_t size)
{
	int n = *capacity ? *capacity * 2 : 8;
	void *p = arena_alloc(a, (size_t)n, size);

	if (*capacity)
		memcpy(p, old, (size_t)*capacity * size);
	*capacity = n;
	return p;
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
	char *p = arena_alloc(a, n + 1, 1);

	memcpy(p, s, n);
	return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	char *p;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	ASSERT(n >= 0);
	p = arena_alloc(a, (size_t)n + 1, 1);
	va_start(ap, fmt);
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return p;
}

struct arena_mark arena_mark(const struct arena *a)
{
	return (struct arena_mark){ a->chunk, a->chunk ? a->chunk->used : 0 };
}

void arena_rewind(struct arena *a, struct arena_mark m)
{
	struct arena_chunk *c = a->chunk;

	while (c != m.chunk) {
		struct arena_chunk *older = c->older;

		munmap(c, c->mapped);
		c = older;
	}
	a->chunk = c;
	if (c) {
		/* What is handed out again must be zero again. */
		memset(c->data + m.used, 0, c->used - m.used);
		c->used = m.used;
	}
}

void arena_release(struct arena *a)
{
	arena_rewind(a, (struct arena_mark){ NULL, 0 });
}
