#include "orchestrator/plot/gnuplot.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "common/bytes.h"

extern char **environ;

/* What of a running gnuplot we hold. */
struct gnuplot {
	pid_t pid;
	int script; /* where it reads from: the end of a pipe that we write to */
	FILE *complaints;
};

/* fd: of the picture; in: the end of the pipe that gnuplot reads. */
static int spawn(struct gnuplot *g, int in, int fd)
{
	/* What it is given as "-" it reads byte by byte, three times as long. */
	static const char *const argv[] = { "gnuplot", "-d", "/dev/stdin", NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t pipe_signal;
	int rc = posix_spawn_file_actions_init(&actions);

	sigemptyset(&pipe_signal);
	sigaddset(&pipe_signal, SIGPIPE);
	rc = rc ? rc : posix_spawnattr_init(&attributes);
	if (rc)
		return rc;
	posix_spawnattr_setsigdefault(&attributes, &pipe_signal);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
	rc = posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	if (!rc)
		rc = posix_spawn_file_actions_adddup2(&actions, fd, STDOUT_FILENO);
	if (!rc)
		rc = posix_spawn_file_actions_adddup2(
			&actions, fileno(g->complaints), STDERR_FILENO);
	if (!rc) /* argv is never written to */
		rc = posix_spawnp(&g->pid, argv[0], &actions, &attributes,
			(char **)(uintptr_t)argv, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return rc;
}

static int start(struct gnuplot *g, int fd, struct err *e)
{
	int end[2];
	int rc;

	if (pipe(end))
		return err_errno(e, "cannot make a pipe");
	/* A copy of our end in gnuplot would keep its input from ever ending. */
	(void)fcntl(end[1], F_SETFD, FD_CLOEXEC);
	rc = spawn(g, end[0], fd);
	close(end[0]);
	g->script = end[1];
	if (!rc)
		return OK;
	close(end[1]);
	errno = rc;
	if (rc != ENOENT)
		return err_errno(e, "cannot start gnuplot");
	return err_set(e, ERR_DATA,
		"pictures are drawn by gnuplot, which is not installed; `apt install %s` "
		"brings it (--data and --script do without)",
		GNUPLOT_PACKAGE);
}

/* Whatever keeps gnuplot from reading on is told by its end, not here. */
static void feed(struct gnuplot *g, const char *script)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction before;

	sigemptyset(&ignore.sa_mask);
	sigaction(SIGPIPE, &ignore, &before);
	(void)bytes_write(g->script, script, strlen(script));
	close(g->script);
	sigaction(SIGPIPE, &before, NULL);
}

/* The last line of what gnuplot said that says something. */
static const char *complaint(FILE *f, struct arena *a)
{
	char line[512];
	const char *last = "it gave no reason";

	rewind(f);
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (line[strspn(line, " ^\t")])
			last = arena_strdup(a, line);
	}
	return last;
}

static int finish(struct gnuplot *g, struct arena *a, struct err *e)
{
	int status;

	while (waitpid(g->pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_errno(e, "cannot wait for gnuplot");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return OK;
	return err_set(e, ERR_FAILED, "gnuplot: %s", complaint(g->complaints, a));
}

static int draw(const char *script, int fd, struct arena *a, struct err *e)
{
	struct gnuplot g = { .complaints = tmpfile() };
	int rc;

	if (!g.complaints)
		return err_errno(e, "cannot make a temporary file");
	rc = start(&g, fd, e);
	if (!rc) {
		feed(&g, script);
		rc = finish(&g, a, e);
	}
	(void)fclose(g.complaints);
	return rc;
}

int gnuplot_run(const char *script, const char *out, struct arena *a, struct err *e)
{
	char *part = arena_printf(a, "%s.part-%ld", out, (long)getpid());
	int fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	int rc;

	if (fd < 0)
		return err_errno(e, "cannot write %s", out);
	rc = draw(script, fd, a, e);
	if (close(fd) && !rc)
		rc = err_errno(e, "cannot write %s", out);
	if (!rc && rename(part, out))
		rc = err_errno(e, "cannot write %s", out);
	if (rc)
		(void)unlink(part);
	return rc;
}

int gnuplot_text(const char *script, const char **out, struct arena *a, struct err *e)
{
	FILE *f = tmpfile();
	int rc;

	if (!f)
		return err_errno(e, "cannot make a temporary file");
	rc = draw(script, fileno(f), a, e);
	if (!rc)
		*out = bytes_text(f, a);
	(void)fclose(f);
	return rc;
}
