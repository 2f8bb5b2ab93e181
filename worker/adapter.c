#include "worker/adapter.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "common/arena.h"
#include "common/clock.h"
#include "common/own_program.h"
#include "common/plain_file.h"
#include "common/str.h"
#include "worker/leftover.h"
#include "worker/pipe.h"
#include "worker/spent.h"
#include "worker/stop.h"

#define LOOK_SECONDS 0.02 /* at the trainer; at its report every fifth time */
#define LOOKS_A_REPORT 5
#define PATH_BYTES 2048

struct adapter {
	const char *folder, *token;
	const char *devices; /* GPUs that the trainer may see; NULL: as they are */
	char **words;
	int64_t stop_seconds;
	char report[PATH_BYTES];
	off_t size; /* of the report when it was looked at last */
	pid_t trainer;
};

static int usage(struct err *e)
{
	return err_set(e, ERR_USAGE,
		"usage: deltam-worker --folder DIR --token TOKEN [--stop-seconds S] "
		"[--devices LIST] -- WORD ...");
}

static int parse(int argc, char **argv, struct adapter *x, struct err *e)
{
	int i = 1;

	for (; i + 1 < argc && strcmp(argv[i], "--") != 0; i += 2) {
		if (!strcmp(argv[i], "--folder"))
			x->folder = argv[i + 1];
		else if (!strcmp(argv[i], "--token"))
			x->token = argv[i + 1];
		else if (!strcmp(argv[i], "--devices"))
			x->devices = argv[i + 1];
		else if (strcmp(argv[i], "--stop-seconds") != 0 ||
			!integer_parse(argv[i + 1], &x->stop_seconds) ||
			x->stop_seconds < 1)
			return usage(e);
	}
	if (!x->folder || !x->token || i + 1 >= argc)
		return usage(e);
	x->words = argv + i + 1;
	return OK;
}

/* The trainer. */

/* Signals that we ignore or handle would be ignored by the trainer, too. */
static void reset_signals(void)
{
	static const int numbers[] = { SIGPIPE, SIGHUP, SIGINT, SIGTERM, SIGALRM,
		SIGCHLD, SIGXFSZ, SIGBUS };

	for (int i = 0; i < COUNT(numbers); i++)
		signal(numbers[i], SIG_DFL);
}

/* In the child. Does not come back; where it cannot run, tells why through the pipe. */
static _Noreturn void become_trainer(const struct adapter *x, pid_t adapter, int tell)
{
	int nothing = open("/dev/null", O_RDONLY);
	int why;

	reset_signals();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != adapter) /* it died before the line above */
		_exit(PROTO_FAILED);
	if (nothing >= 0 && dup2(nothing, STDIN_FILENO) >= 0 &&
		dup2(STDERR_FILENO, STDOUT_FILENO) >= 0)
		execvp(x->words[0], x->words);
	why = errno;
	(void)!write(tell, &why, sizeof(why));
	_exit(PROTO_ENVIRONMENT);
}

static int start_trainer(struct adapter *x, struct err *e)
{
	pid_t adapter = getpid();
	int tell[2];
	int why;
	ssize_t n;

	if (pipe(tell))
		return err_errno(e, "cannot make a pipe");
	for (int i = 0; i < 2; i++)
		fcntl(tell[i], F_SETFD, FD_CLOEXEC);
	x->trainer = fork();
	if (x->trainer == 0)
		become_trainer(x, adapter, tell[1]);
	close(tell[1]);
	if (x->trainer < 0) {
		close(tell[0]);
		return err_errno(e, "cannot start %s", x->words[0]);
	}
	do
		n = read(tell[0], &why, sizeof(why));
	while (n < 0 && errno == EINTR);
	close(tell[0]);
	if (n != sizeof(why))
		return OK;
	(void)waitpid(x->trainer, NULL, 0);
	return err_set(e, ERR_DATA, "cannot run %s: %s", x->words[0], strerror(why));
}

/* Its report. */

static void look_at_report(struct adapter *x)
{
	struct stat st;
	int fd;

	if (stat(x->report, &st) || st.st_size == x->size)
		return;
	x->size = st.st_size;
	fd = plain_file_open(x->report, O_RDONLY, 0);
	if (fd < 0)
		return;
	(void)fsync(fd); /* where that fails deltam sees what a read sees */
	close(fd);
	pipe_news();
}

/* Until it has ended; *status as waitpid has it. Whether it was told to stop. */
static bool watch(struct adapter *x, int *status)
{
	bool told = false;
	double kill_at = 0; /* clock_seconds, once it was told */
	int looks = 0;

	while (waitpid(x->trainer, status, WNOHANG) == 0) {
		if (stop_wanted() && !told) {
			(void)kill(x->trainer, SIGTERM);
			told = true;
			kill_at = clock_seconds() + (double)x->stop_seconds;
		}
		if (told && clock_seconds() >= kill_at)
			(void)kill(x->trainer, SIGKILL);
		if (looks++ % LOOKS_A_REPORT == 0)
			look_at_report(x);
		clock_pause(LOOK_SECONDS); /* the end of a child cuts it short */
	}
	look_at_report(x);
	return told;
}

/* The end. */

static bool from_outside(int number)
{
	return number == SIGKILL || number == SIGTERM || number == SIGINT ||
		number == SIGHUP || number == SIGXCPU;
}

/* deltam judges our death by such a signal as it judges a worker's. */
static void die_alike(int number)
{
	signal(number, SIG_DFL);
	raise(number);
}

static enum proto_exit judge(int status, bool told)
{
	char why[128];

	if (told)
		return PROTO_INTERRUPTED;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return PROTO_DONE;
	if (WIFSIGNALED(status) && from_outside(WTERMSIG(status)))
		die_alike(WTERMSIG(status));
	if (WIFSIGNALED(status))
		snprintf(why, sizeof(why), "killed by signal %d (%s)", WTERMSIG(status),
			strsignal(WTERMSIG(status)));
	else
		snprintf(why, sizeof(why), "exit status %d", WEXITSTATUS(status));
	pipe_error(why);
	return PROTO_FAILED;
}

static void on_child(int number)
{
	(void)number; /* its arrival ends a pause */
}

/*
 * `import deltam` finds deltam.py where it was installed with us, or in the source tree,
 * behind everything that the user has in PYTHONPATH.
 */
static void show_helper(void)
{
	static const char *const places[] = { "../../share/deltam", "../../trainers" };
	const char *before = getenv("PYTHONPATH");
	const char *own;
	struct arena a = { 0 };
	bool known = own_folder(&own, &a, NULL) == OK;

	for (int i = 0; known && i < COUNT(places); i++) {
		const char *folder = arena_printf(&a, "%s/%s", own, places[i]);

		if (access(arena_printf(&a, "%s/deltam.py", folder), R_OK))
			continue;
		setenv("PYTHONPATH",
			before && *before ? arena_printf(&a, "%s:%s", before, folder)
					  : folder,
			1);
		break;
	}
	arena_release(&a);
}

static int prepare(struct adapter *x, struct err *e)
{
	char job[PATH_BYTES];
	struct sigaction child = { .sa_handler = on_child, .sa_flags = SA_NOCLDSTOP };

	sigemptyset(&child.sa_mask);
	sigaction(SIGCHLD, &child, NULL);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	snprintf(x->report, sizeof(x->report), "%s/report.%s", x->folder, x->token);
	snprintf(job, sizeof(job), "%s/job.%s.json", x->folder, x->token);
	if (access(job, R_OK) || access(x->report, W_OK))
		return err_errno(e, "%s is no folder of this segment", x->folder);
	setenv("DELTAM_JOB", job, 1);
	if (x->devices)
		setenv("CUDA_VISIBLE_DEVICES", x->devices, 1);
	show_helper();
	leftover_end(x->folder);
	leftover_note(x->folder);
	return OK;
}

enum proto_exit adapter_main(int argc, char **argv)
{
	struct adapter x = { .stop_seconds = 60 };
	struct err e = { 0 };
	int status = 0;
	bool told;
	int rc;

	pipe_open();
	stop_install();
	rc = parse(argc, argv, &x, &e);
	if (!rc)
		rc = prepare(&x, &e);
	if (!rc)
		rc = start_trainer(&x, &e);
	if (rc) {
		fprintf(stderr, "deltam-worker: %s\n", e.msg);
		pipe_error(e.msg);
		return rc == ERR_USAGE  ? PROTO_USAGE
			: rc == ERR_SYS ? PROTO_FAILED
					: PROTO_ENVIRONMENT;
	}
	told = watch(&x, &status);
	leftover_end_children();
	spent_say_children();
	leftover_forget(x.folder);
	return judge(status, told);
}
