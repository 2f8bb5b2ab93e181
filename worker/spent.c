#include "worker/spent.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "common/clock.h"
#include "worker/pipe.h"

#define SECONDS_BETWEEN 1.0

static double cpu_before;
static double said_at;

static double cpu_of(const struct rusage *u)
{
	return (double)(u->ru_utime.tv_sec + u->ru_stime.tv_sec) +
		(double)(u->ru_utime.tv_usec + u->ru_stime.tv_usec) / 1e6;
}

static double cpu_seconds(void)
{
	struct rusage u;

	return getrusage(RUSAGE_SELF, &u) ? 0 : cpu_of(&u);
}

void spent_begin(void)
{
	static int fd = -1;
	ssize_t ignored = -1;

	if (fd < 0)
		fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
	if (fd >= 0)
		ignored = write(fd, "5", 1); /* sets VmHWM back: proc(5) */
	(void)ignored;
	cpu_before = cpu_seconds();
	said_at = clock_seconds();
}

/*
 * Not ru_maxrss: that of a new program begins with the size of the one that started it.
 */
static int64_t peak_bytes(void)
{
	static const char key[] = "\nVmHWM:";
	static int fd = -1;
	char text[4096];
	const char *line;
	ssize_t n;

	if (fd < 0)
		fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : pread(fd, text, sizeof(text) - 1, 0);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	line = strstr(text, key);
	return line ? strtoll(line + sizeof(key) - 1, NULL, 10) * 1024 : 0;
}

void spent_say(void)
{
	if (pipe_exists())
		pipe_spent(cpu_seconds() - cpu_before, peak_bytes());
	said_at = clock_seconds();
}

void spent_say_children(void)
{
	struct rusage u;

	if (!getrusage(RUSAGE_CHILDREN, &u))
		pipe_spent(cpu_of(&u), (int64_t)u.ru_maxrss * 1024);
}

void spent_epoch(void)
{
	if (clock_seconds() - said_at >= SECONDS_BETWEEN)
		spent_say();
}
