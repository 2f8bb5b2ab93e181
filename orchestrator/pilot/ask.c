#include "orchestrator/pilot/ask.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "common/plain_file.h"
#include "common/str.h"

#define PAUSE_MS 5

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

static void pause_a_moment(void)
{
	const struct timespec t = { 0, PAUSE_MS * 1000000L };

	nanosleep(&t, NULL);
}

/* Waits so long; then kills. *killed tells. */
static int await(pid_t pid, int seconds, bool *killed)
{
	int status = 0;
	int64_t left = (int64_t)seconds * 1000 / PAUSE_MS;

	*killed = false;
	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (left-- > 0) {
			pause_a_moment();
			continue;
		}
		*killed = true;
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, &status, 0);
		break;
	}
	return status;
}

static const char *read_all(FILE *f, struct arena *a)
{
	struct str text = { .arena = a };
	char buf[4096];
	size_t n;

	rewind(f);
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		str_putn(&text, buf, n);
	return str_get(&text);
}

static const char *last_line(FILE *f, struct arena *a)
{
	char *text = arena_strdup(a, read_all(f, a));
	size_t n = strlen(text);
	char *newline;

	while (n > 0 && text[n - 1] == '\n')
		text[--n] = '\0';
	newline = strrchr(text, '\n');
	return newline ? newline + 1 : text;
}

static int ask(const char *const *argv, int seconds, FILE *out, FILE *err,
	struct arena *a, struct err *e)
{
	pid_t pid = fork();
	bool killed;
	int status;

	if (pid == 0)
		become(argv, fileno(out), fileno(err));
	if (pid < 0)
		return err_errno(e, "cannot start %s", argv[0]);
	status = await(pid, seconds, &killed);
	if (killed)
		return err_set(
			e, ERR_SYS, "%s has not answered for %d s", argv[0], seconds);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return err_set(e, ERR_SYS, "%s", last_line(err, a));
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return err_set(e, ERR_FAILED, "%s: %s", argv[0], last_line(err, a));
	return OK;
}

int ask_program(const char *const *argv, int seconds, struct arena *a,
	const char **answer, struct err *e)
{
	FILE *out = tmpfile();
	FILE *err = tmpfile();
	int rc = out && err ? OK : err_errno(e, "cannot make a temporary file");

	if (!rc)
		rc = ask(argv, seconds, out, err, a, e);
	if (!rc)
		*answer = read_all(out, a);
	if (out)
		fclose(out);
	if (err)
		fclose(err);
	return rc;
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

bool ask_lives(pid_t pid)
{
	(void)waitpid(pid, NULL, WNOHANG);
	return pid > 0 && !kill(pid, 0) && !is_zombie(pid);
}
