/*
 * Preloaded by tests/soak.py: system calls on plain files that fail now and then, and a
 * clock that somebody turns.
 *	SOAK_CALLS   words of write, sync, rename, map
 *	SOAK_ERRNO   what they fail with; 0: a write is short
 *	SOAK_ONE_IN  how seldom
 *	SOAK_CLOCK   seconds that CLOCK_REALTIME jumps by, to and fro
 *	SOAK_SEED, SOAK_LOG   each fault is a line of that file
 * Faults begin where main() has, so that programs can be loaded.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static struct {
	bool ready;
	const char *calls, *log;
	int number, one_in;
	uint64_t state;
	long clock;
} soak;

static void *real(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

static int setting(const char *name)
{
	const char *text = getenv(name);

	return text ? atoi(text) : 0;
}

__attribute__((constructor)) static void set_up(void)
{
	soak.calls = getenv("SOAK_CALLS");
	soak.log = getenv("SOAK_LOG");
	soak.number = setting("SOAK_ERRNO");
	soak.one_in = setting("SOAK_ONE_IN");
	soak.clock = setting("SOAK_CLOCK");
	soak.state = ((uint64_t)setting("SOAK_SEED") + 1) * 0x9e3779b97f4a7c15u ^
		(uint64_t)getpid() << 20;
	soak.ready = true;
}

static uint64_t draw(void)
{
	soak.state ^= soak.state << 13;
	soak.state ^= soak.state >> 7;
	soak.state ^= soak.state << 17;
	return soak.state;
}

static void note(const char *call)
{
	ssize_t (*write_really)(int, const void *, size_t) = real("write");
	int fd = open(soak.log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	char line[64];
	int n = snprintf(line, sizeof(line), "%s %d\n", call, soak.number);

	if (fd < 0)
		return;
	(void)!write_really(fd, line, (size_t)n);
	close(fd);
}

static bool is_plain(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && S_ISREG(st.st_mode);
}

/* Whether this call fails. A file that is not plain, a pipe say, is left alone. */
static bool hits(const char *call, int fd)
{
	int before = errno;
	bool hit = soak.ready && soak.calls && soak.log && soak.one_in > 0 &&
		strstr(soak.calls, call) && (fd < 0 || is_plain(fd)) &&
		draw() % (uint64_t)soak.one_in == 0;

	if (hit)
		note(call);
	errno = hit ? soak.number : before;
	return hit;
}

ssize_t write(int fd, const void *p, size_t n)
{
	static ssize_t (*next)(int, const void *, size_t);

	if (!next)
		*(void **)&next = real("write");
	if (n > 1 && hits("write", fd)) {
		if (soak.number)
			return -1;
		n /= 2;
	}
	return next(fd, p, n);
}

static ssize_t write_at(const char *name, int fd, const void *p, size_t n, off_t at)
{
	ssize_t (*next)(int, const void *, size_t, off_t);

	*(void **)&next = real(name);
	if (n > 1 && hits("write", fd)) {
		if (soak.number)
			return -1;
		n /= 2;
	}
	return next(fd, p, n, at);
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
	return write_at("pwrite", fd, p, n, at);
}

ssize_t pwrite64(int fd, const void *p, size_t n, off_t at)
{
	return write_at("pwrite64", fd, p, n, at);
}

static int sync_file(const char *name, int fd)
{
	int (*next)(int);

	*(void **)&next = real(name);
	return soak.number && hits("sync", fd) ? -1 : next(fd);
}

int fsync(int fd)
{
	return sync_file("fsync", fd);
}

int fdatasync(int fd)
{
	return sync_file("fdatasync", fd);
}

int rename(const char *from, const char *to)
{
	int (*next)(const char *, const char *);

	*(void **)&next = real("rename");
	return soak.number && hits("rename", -1) ? -1 : next(from, to);
}

static void *map(
	const char *name, void *at, size_t n, int prot, int flags, int fd, off_t from)
{
	void *(*next)(void *, size_t, int, int, int, off_t);

	*(void **)&next = real(name);
	if (soak.number && fd >= 0 && (flags & MAP_SHARED) && hits("map", fd))
		return MAP_FAILED;
	return next(at, n, prot, flags, fd, from);
}

void *mmap(void *at, size_t n, int prot, int flags, int fd, off_t from)
{
	return map("mmap", at, n, prot, flags, fd, from);
}

void *mmap64(void *at, size_t n, int prot, int flags, int fd, off_t from)
{
	return map("mmap64", at, n, prot, flags, fd, from);
}

int clock_gettime(clockid_t which, struct timespec *t)
{
	static int (*next)(clockid_t, struct timespec *);
	int rc;

	if (!next)
		*(void **)&next = real("clock_gettime");
	rc = next(which, t);
	if (soak.ready && soak.clock && which == CLOCK_REALTIME) {
		long turned =
			(long)(draw() % (2 * (uint64_t)soak.clock + 1)) - soak.clock;

		t->tv_sec += turned;
		if (soak.log && draw() % 16 == 0)
			note("clock");
	}
	return rc;
}
