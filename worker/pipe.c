#include "worker/pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>
#include "common/clock.h"
#include "common/proto.h"

#define LOOK_SECONDS 0.05 /* between two looks at whether the reader is there */

static struct {
	bool exists;
	bool answers; /* a socket: lines come back */
	volatile sig_atomic_t closed;
	double looked; /* clock_seconds */
} line;

/*
 * Says that we live, whatever the program is in the middle of. A full pipe has beats enough
 * in it, and waiting for room in a signal handler would stop the training.
 */
static void on_alarm(int number)
{
	static const char beat[] = "beat\n";
	struct pollfd p = { .fd = PROTO_FD, .events = POLLOUT };
	int kept = errno;

	(void)number;
	if (!line.closed && poll(&p, 1, 0) == 1 && (p.revents & POLLOUT) &&
		write(PROTO_FD, beat, sizeof(beat) - 1) < 0 && errno == EPIPE)
		line.closed = 1;
	errno = kept;
}

/* An alarm, not a look between two steps: one step of a large network may take minutes. */
static void beat_always(void)
{
	struct sigaction act = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
	struct timeval half = { PROTO_BEAT_SECONDS / 2,
		PROTO_BEAT_SECONDS % 2 * 500000 };
	struct itimerval every = { half, half };

	sigemptyset(&act.sa_mask);
	sigaction(SIGALRM, &act, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
}

void pipe_open(void)
{
	struct stat st;

	signal(SIGPIPE, SIG_IGN);
	line.exists = fstat(PROTO_FD, &st) == 0 &&
		(S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode));
	line.answers = line.exists && S_ISSOCK(st.st_mode);
	if (!line.exists)
		return;
	fcntl(PROTO_FD, F_SETFD, FD_CLOEXEC);
	beat_always();
}

bool pipe_exists(void)
{
	return line.exists;
}

/* Says one line; control characters in a message would end or hide it. */
static void say(const char *fmt, ...) PRINTF(1, 2);
static void say(const char *fmt, ...)
{
	char text[PROTO_LINE_MAX];
	size_t n;
	va_list ap;

	if (!line.exists || line.closed)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text) - 1, fmt, ap);
	va_end(ap);
	n = strlen(text);
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)text[i] < ' ')
			text[i] = ' ';
	text[n++] = '\n';
	while (write(PROTO_FD, text, n) < 0) {
		if (errno == EINTR)
			continue;
		line.closed = true;
		return;
	}
}

void pipe_hello(const char *kernel_class, const char *build)
{
	say("hello %s %s", kernel_class, build);
}

void pipe_epoch(int epoch)
{
	say("epoch %d", epoch);
}

void pipe_spent(double cpu_seconds, int64_t peak_bytes)
{
	say("spent %.3f %lld", cpu_seconds, (long long)peak_bytes);
}

void pipe_diverged(int epoch, const char *message)
{
	say("diverged %d %s", epoch, message);
}

void pipe_error(const char *message)
{
	say("error %s", message);
}

void pipe_news(void)
{
	say("news");
}

/* More of the answer; 0 at its end. */
static size_t hear(char *text, size_t size, bool (*stop)(void))
{
	struct pollfd p = { .fd = PROTO_FD, .events = POLLIN };
	ssize_t n;

	while (!stop()) {
		if (poll(&p, 1, 1000) <= 0)
			continue;
		n = read(PROTO_FD, text, size);
		if (n >= 0 || errno != EINTR)
			return n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* One line answers one `done`, so that nothing comes behind its end. */
bool pipe_next(char *text, size_t size, bool (*stop)(void))
{
	size_t n = 0;
	size_t more;

	if (!line.answers || line.closed)
		return false;
	say("done");
	while (n < size && (more = hear(text + n, size - n, stop)) > 0) {
		n += more;
		if (text[n - 1] == '\n') {
			text[n - 1] = '\0';
			return true;
		}
	}
	return false;
}

bool pipe_closed(void)
{
	struct pollfd p = { .fd = PROTO_FD };
	double now;

	if (!line.exists || line.closed)
		return line.closed;
	now = clock_seconds();
	if (now - line.looked < LOOK_SECONDS)
		return false;
	line.looked = now;
	if (poll(&p, 1, 0) > 0 && (p.revents & (POLLERR | POLLHUP | POLLNVAL)))
		line.closed = true;
	return line.closed;
}
