#include "tests/lib/await.h"

#include <check.h>
#include <errno.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static bool readable(int fd, int milliseconds)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, milliseconds > 0 ? milliseconds : 0) == 1;
}

/* A process that has ended and that nobody has waited for is readable, too. */
bool await_end(int pid, int seconds)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	bool ended;

	if (fd < 0) {
		ck_assert_int_eq(errno, ESRCH);
		return true;
	}
	ended = readable(fd, seconds * 1000);
	close(fd);
	return ended;
}

static long milliseconds_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

bool await_file(bool (*is)(int arg), int arg, int seconds)
{
	char events[4096];
	long end = milliseconds_now() + seconds * 1000L;
	int fd = inotify_init1(IN_CLOEXEC);
	bool done;

	/* Watched before it is asked, so that no change goes by between the two. */
	ck_assert_int_ge(
		inotify_add_watch(fd, ".", IN_CREATE | IN_MODIFY | IN_MOVED_TO), 0);
	/* Events that is() makes itself must not keep it going. */
	while (!(done = is(arg)) && milliseconds_now() < end &&
		readable(fd, (int)(end - milliseconds_now())))
		ck_assert_int_gt(read(fd, events, sizeof(events)), 0);
	close(fd);
	return done;
}
