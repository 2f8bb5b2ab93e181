#include "orchestrator/pilot/ask.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "common/bytes.h"
#include "common/clock.h"
#include "common/plain_file.h"

/* In the child: becomes the program with these files, or says why not and ends. */
static _Noreturn void become(const char *const *argv, int out, int err)
{
	int nothing = open("/dev/null", O_RDONLY);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (nothing >= 0 && dup2(nothing, STDIN_FILENO) >= 0 &&
		dup2(out, STDOUT_FILENO) >= 0 && dup2(err, STDERR_FILENO) >= 0)
		execvp(argv[0], (char **)(uintptr_t)argv); /* never written to */
	dprintf(STDERR_FILENO, "cannot run %s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

static const char *last_line(FILE *f, struct arena *a)
{
	char *text = arena_strdup(a, bytes_text(f, a));
	size_t n = strlen(text);
	char *newline;

	while (n > 0 && text[n - 1] == '\n')
		text[--n] = '\0';
	newline = strrchr(text, '\n');
	return newline ? newline + 1 : text;
}

static void forget(struct asking *x)
{
	if (x->out)
		fclose(x->out);
	if (x->err)
		fclose(x->err);
	*x = (struct asking){ 0 };
}

int ask_begin(struct asking *x, const char *const *argv, int seconds, struct err *e)
{
	*x = (struct asking){ .name = argv[0],
		.seconds = seconds,
		.began = clock_seconds(),
		.out = tmpfile(),
		.err = tmpfile() };
	if (!x->out || !x->err) {
		err_errno(e, "cannot make a temporary file");
		forget(x);
		return ERR_SYS;
	}
	x->pid = fork();
	if (x->pid == 0) {
		(void)setsid(); /* Ctrl-C on the terminal is ours to answer */
		become(argv, fileno(x->out), fileno(x->err));
	}
	if (x->pid > 0)
		return OK;
	err_errno(e, "cannot start %s", argv[0]);
	forget(x);
	return ERR_SYS;
}

bool ask_is_over(struct asking *x)
{
	if (waitpid(x->pid, &x->status, WNOHANG) != 0)
		return true;
	if (!x->late && clock_seconds() - x->began > x->seconds) {
		x->late = true;
		(void)kill(-x->pid, SIGKILL);
	}
	return false; /* a file system that hangs may keep it from dying */
}

/* Most programs put their name in front of what they say, and the others get it. */
static int refused(const struct asking *x, struct arena *a, struct err *e)
{
	const char *line = last_line(x->err, a);
	size_t n = strlen(x->name);
	bool named = !strncmp(line, x->name, n) && line[n] == ':';

	return err_set(
		e, ERR_FAILED, "%s%s%s", named ? "" : x->name, named ? "" : ": ", line);
}

static int judge(const struct asking *x, struct arena *a, struct err *e)
{
	if (x->late)
		return err_set(e, ERR_SYS, "%s has not answered for %d s", x->name,
			x->seconds);
	if (WIFEXITED(x->status) && WEXITSTATUS(x->status) == 127)
		return err_set(e, ERR_SYS, "%s", last_line(x->err, a));
	if (!WIFEXITED(x->status) || WEXITSTATUS(x->status) != 0)
		return refused(x, a, e);
	return OK;
}

int ask_hear(struct asking *x, struct arena *a, const char **answer, struct err *e)
{
	int rc = judge(x, a, e);

	if (!rc)
		*answer = bytes_text(x->out, a);
	forget(x);
	return rc;
}

void ask_give_up(struct asking *x)
{
	if (!x->pid)
		return;
	(void)kill(x->pid, SIGKILL); /* it may not lead a group yet */
	(void)kill(-x->pid, SIGKILL);
	(void)waitpid(x->pid, NULL, WNOHANG);
	forget(x);
}

int ask_start(const char *const *argv, const char *log, pid_t *pid, struct err *e)
{
	int fd = plain_file_open(log, O_WRONLY | O_APPEND, 0);

	if (fd < 0)
		return err_errno(e, "cannot write %s", log);
	*pid = fork();
	if (*pid == 0) {
		(void)setsid();
		become(argv, fd, fd);
	}
	close(fd);
	return *pid < 0 ? err_errno(e, "cannot start %s", argv[0]) : OK;
}

/* The third word of /proc/PID/stat, behind a name that may hold anything. */
static bool is_zombie(pid_t pid)
{
	char path[64];
	char text[512];
	const char *at;
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "r");
	if (!f)
		return false;
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	at = strrchr(text, ')');
	return at && at[1] == ' ' && at[2] == 'Z';
}

bool ask_ended(pid_t pid, int *status)
{
	int how = 0;
	pid_t found = waitpid(pid, &how, WNOHANG);

	if (found == 0)
		return false;
	*status = found < 0      ? -1
		: WIFEXITED(how) ? WEXITSTATUS(how)
				 : 128 + WTERMSIG(how);
	return true;
}

bool ask_lives(pid_t pid)
{
	if (pid <= 0) /* waitpid would take another child's end */
		return false;
	(void)waitpid(pid, NULL, WNOHANG);
	return !kill(pid, 0) && !is_zombie(pid);
}
