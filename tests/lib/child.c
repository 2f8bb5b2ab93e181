#define _GNU_SOURCE /* ppoll */

#include "tests/lib/child.h"

#include <check.h>
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "tests/lib/pace.h"

const char *program_path(const char *name)
{
	static char path[4096];
	char self[2048];
	ssize_t n;

	if (name[0] == '/')
		return name;
	n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	ck_assert_int_gt(n, 0);
	self[n] = '\0';
	snprintf(path, sizeof(path), "%s/%s", dirname(self), name);
	return path;
}

static void redirect(const char *file, int to)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || dup2(fd, to) < 0)
		_exit(126);
	close(fd);
}

_Noreturn static void become(
	const char *const argv[], const char *env, const char *path, int pipe_end)
{
	char *words[32];
	int n = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (; argv[n] && n < 31; n++)
		words[n] = strdup(argv[n]);
	words[n] = NULL;
	if (env)
		putenv(strdup(env));
	redirect("out", STDOUT_FILENO);
	redirect("err", STDERR_FILENO);
	if (dup2(pipe_end, PROTO_FD) < 0)
		_exit(126);
	execv(path, words);
	_exit(127);
}

void child_start_open(struct child *c, const char *const argv[], const char *env)
{
	const char *path = program_path(argv[0]);
	int ends[2];

	/* Both ends lie above PROTO_FD, so dup2 really duplicates. */
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	for (int i = 0; i < 2; i++) {
		int high = fcntl(ends[i], F_DUPFD_CLOEXEC, 10);

		close(ends[i]);
		ends[i] = high;
	}
	c->pid = fork();
	ck_assert_int_ge(c->pid, 0);
	if (c->pid == 0)
		become(argv, env, path, ends[1]);
	close(ends[1]);
	c->pipe = ends[0];
}

void child_start(struct child *c, const char *const argv[], const char *env)
{
	child_start_open(c, argv, env);
	ck_assert_int_eq(shutdown(c->pipe, SHUT_WR), 0);
}

void child_say(struct child *c, const char *text)
{
	ssize_t n = (ssize_t)strlen(text);

	ck_assert_int_eq(send(c->pipe, text, (size_t)n, MSG_NOSIGNAL), n);
}

static bool read_line(struct child *c)
{
	size_t n = 0;

	while (n < sizeof(c->line) - 1) {
		if (read(c->pipe, c->line + n, 1) != 1)
			return false;
		if (c->line[n] == '\n') {
			c->line[n] = '\0';
			return true;
		}
		n++;
	}
	return false;
}

bool child_line(struct child *c)
{
	do
		if (!read_line(c))
			return false;
	while (!strcmp(c->line, "beat") || !strncmp(c->line, "spent ", 6));
	return true;
}

bool child_wait_for(struct child *c, const char *wanted)
{
	while (child_line(c))
		if (!strcmp(c->line, wanted))
			return true;
	return false;
}

void child_close_pipe(struct child *c)
{
	if (c->pipe >= 0)
		close(c->pipe);
	c->pipe = -1;
}

void child_signal(const struct child *c, int number)
{
	ck_assert_int_eq(kill(c->pid, number), 0);
}

int child_wait(struct child *c)
{
	int status;

	ck_assert_int_eq(waitpid(c->pid, &status, 0), c->pid);
	child_close_pipe(c);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

bool child_ended(const struct child *c)
{
	siginfo_t info = { 0 };

	ck_assert_int_eq(
		waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOHANG | WNOWAIT), 0);
	return info.si_pid == c->pid;
}

long child_status_kib(pid_t pid, const char *name)
{
	size_t n = strlen(name);
	char path[64];
	char line[128];
	long kib = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, name, n) && line[n] == ':')
			kib = strtol(line + n + 1, NULL, 10);
	if (f)
		fclose(f);
	return kib;
}

int child_run(const char *const argv[], const char *env)
{
	struct child c;

	child_start(&c, argv, env);
	return child_wait(&c);
}

void child_let_live(struct child *c, long microseconds)
{
	int fd = (int)syscall(SYS_pidfd_open, c->pid, 0);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct timespec t = { microseconds / 1000000, microseconds % 1000000 * 1000 };

	(void)ppoll(&p, 1, &t, NULL); /* valgrind knows no pidfd; -1 is passed over */
	if (fd >= 0)
		close(fd);
}

int child_kills(void)
{
	const char *more = getenv("DELTAM_TEST_KILLS");

	return more ? atoi(more) : pace(20, 3);
}

/* xorshift */
unsigned child_draw(unsigned *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}
