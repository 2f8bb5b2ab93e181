#include "orchestrator/pilot/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "common/bytes.h"
#include "common/log.h"
#include "common/own_program.h"
#include "common/plain_file.h"
#include "orchestrator/pilot/ask.h"

#define ANSWER_SECONDS 30
#define LEAVE_TICKS 120 /* between Slurm's TERM and the end, beside stop_seconds */
#define PILOTS_MAX 1000

/* Options. */

/* The words of a text; NULL behind the last. */
static const char *const *split(const char *text, const char *between, struct arena *a)
{
	const char **words = NEW_ARRAY(a, const char *, strlen(text) + 1);
	int n = 0;

	for (;;) {
		size_t length;

		text += strspn(text, between);
		length = strcspn(text, between);
		if (!length)
			return words;
		words[n++] = arena_strndup(a, text, length);
		text += length;
	}
}

static int count_words(const char *const *words)
{
	int n = 0;

	while (words[n])
		n++;
	return n;
}

/* What deltam says to sbatch itself; getopt takes any beginning of a long one. */
static int check_sbatch_word(const char *word, struct err *e)
{
	static const char *const taken[] = { "--array", "--nodes", "--ntasks",
		"--requeue", "--output", "--signal", "--job-name", "--wrap" };
	static const char letters[] = "aNnoJ";
	size_t n = strcspn(word, "=");

	if (word[0] == '-' && word[1] && word[1] != '-' && strchr(letters, word[1]))
		return err_set(e, ERR_USAGE,
			"--sbatch: -%c is for deltam to say: a pilot is one job on one "
			"node",
			word[1]);
	for (int i = 0; n > 2 && i < COUNT(taken); i++)
		if (!strncmp(word, taken[i], n))
			return err_set(e, ERR_USAGE,
				"--sbatch: %s is for deltam to say: a pilot is one job "
				"on one node",
				taken[i]);
	return OK;
}

static int parse_slurm(struct launch *l, const struct launch_request *q,
	struct arena *a, struct err *e)
{
	char *path;
	int rc = OK;

	l->kind = LAUNCH_SLURM;
	l->words = split(q->sbatch ? q->sbatch : "", " \t", a);
	for (int i = 0; !rc && l->words[i]; i++)
		rc = check_sbatch_word(l->words[i], e);
	if (rc || !q->setup)
		return rc;
	path = realpath(q->setup, NULL);
	if (!path)
		return err_set(e, ERR_USAGE, "--setup: cannot read %s: %s", q->setup,
			strerror(errno));
	l->setup = arena_strdup(a, path);
	free(path);
	return OK;
}

static int parse_prefix(struct launch *l, const struct launch_request *q,
	struct arena *a, struct err *e)
{
	l->kind = LAUNCH_PREFIX;
	l->words = split(q->launcher, " \t", a);
	if (!l->words[0] || !strstr(q->launcher, "{}"))
		return err_set(e, ERR_USAGE,
			"--launcher is slurm, local, or a command with {} in the place "
			"of a host: 'ssh -o BatchMode=yes {}'");
	if (!q->hosts)
		return err_set(e, ERR_USAGE, "--launcher '%s' wants --hosts a,b,c",
			q->launcher);
	l->hosts = split(q->hosts, ", ", a);
	if (!l->hosts[0])
		return err_set(e, ERR_USAGE, "--hosts names none");
	if (q->pilots)
		return err_set(e, ERR_USAGE,
			"--pilots beside --hosts, each of which gets one; name a host "
			"twice for two");
	l->pilots = count_words(l->hosts);
	return OK;
}

/* An option that belongs to another launcher is a mistake. */
static int check_alone(
	const struct launch *l, const struct launch_request *q, struct err *e)
{
	if (l->kind != LAUNCH_SLURM && (q->sbatch || q->setup))
		return err_set(e, ERR_USAGE, "--%s is for --launcher slurm",
			q->sbatch ? "sbatch" : "setup");
	if (l->kind != LAUNCH_PREFIX && q->hosts)
		return err_set(e, ERR_USAGE,
			"--hosts is for a launcher that is a command: --launcher 'ssh "
			"-o BatchMode=yes {}'");
	if (l->pilots > PILOTS_MAX)
		return err_set(e, ERR_USAGE, "at most %d pilots", PILOTS_MAX);
	return OK;
}

int launch_parse(struct launch *l, const struct launch_request *q, struct arena *a,
	struct err *e)
{
	int rc;

	*l = (struct launch){ .name = q->launcher,
		.pilots = q->pilots ? q->pilots : 1 };
	if (!strcmp(q->launcher, "slurm"))
		rc = parse_slurm(l, q, a, e);
	else if (strcmp(q->launcher, "local") != 0)
		rc = parse_prefix(l, q, a, e);
	else
		rc = OK;
	if (!rc)
		rc = check_alone(l, q, e);
	return rc ? rc : own_program(&l->program, a, e);
}

void launch_release(struct launch *l)
{
	arena_release(&l->arena);
}

/* Starting. */

/* A word that any shell reads as it is, or in quotes. */
static const char *quote(const char *word, struct arena *a)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
		"_-./,:=+@%";
	struct str out = { .arena = a };

	if (*word && !word[strspn(word, plain)])
		return word;
	str_put(&out, "'");
	for (; *word; word++)
		if (*word == '\'')
			str_put(&out, "'\\''");
		else
			str_putn(&out, word, 1);
	str_put(&out, "'");
	return str_get(&out);
}

static const char *with_host(const char *word, const char *host, struct arena *a)
{
	const char *at = strstr(word, "{}");

	return !at ? word
		   : arena_printf(a, "%.*s%s%s", (int)(at - word), word, host, at + 2);
}

static int start_process(const struct launch *l, const char *name, const char *host,
	char job[LAUNCH_JOB_MAX], struct err *e)
{
	struct arena a = { 0 };
	char folder[MAIL_PATH_MAX];
	char log[MAIL_PATH_MAX];
	bool prefix = l->kind == LAUNCH_PREFIX;
	int words = prefix ? count_words(l->words) : 0;
	const char **argv = NEW_ARRAY(&a, const char *, words + 4);
	pid_t pid = 0;
	int rc;

	yard_path(folder, l->root, name, "");
	yard_path(log, l->root, name, "log");
	for (int i = 0; i < words; i++)
		argv[i] = with_host(l->words[i], host, &a);
	argv[words] = prefix ? quote(l->program, &a) : l->program;
	argv[words + 1] = "pilot";
	argv[words + 2] = prefix ? quote(folder, &a) : folder;
	rc = ask_start(argv, log, &pid, e);
	if (prefix)
		snprintf(job, LAUNCH_JOB_MAX, "%s", host);
	else
		snprintf(job, LAUNCH_JOB_MAX, "%d", (int)pid);
	arena_release(&a);
	return rc;
}

/* Slurm. */

static int write_script(const struct launch *l, const char *name,
	char path[MAIL_PATH_MAX], struct err *e)
{
	struct arena a = { 0 };
	struct str text = { .arena = &a };
	char folder[MAIL_PATH_MAX];
	int rc = OK;
	int fd;

	yard_path(folder, l->root, name, "");
	yard_path(path, l->root, name, "batch.sh");
	str_put(&text, "#!/bin/sh\n");
	if (l->setup)
		str_printf(&text, ". %s\n", quote(l->setup, &a));
	str_printf(
		&text, "exec %s pilot %s\n", quote(l->program, &a), quote(folder, &a));
	fd = plain_file_make(path, O_WRONLY, 0700);
	if (fd < 0 || bytes_write(fd, text.s, text.n))
		rc = err_errno(e, "cannot write %s", path);
	if (fd >= 0 && close(fd) && !rc)
		rc = err_errno(e, "cannot write %s", path);
	arena_release(&a);
	return rc;
}

/* How long before the end of its time a pilot is told: as every time here, in ticks. */
static int leave_seconds(const struct launch *l)
{
	int64_t ms = (int64_t)(l->stop_seconds + LEAVE_TICKS) * mail_tick_ms();

	return ms < 1000 ? 1 : (int)(ms / 1000);
}

/* "1234" or "1234;cluster" */
static void take_job(const char *answer, char job[LAUNCH_JOB_MAX])
{
	snprintf(job, LAUNCH_JOB_MAX, "%.*s", (int)strcspn(answer, ";\n"), answer);
}

static int submit(const struct launch *l, const char *name, char job[LAUNCH_JOB_MAX],
	struct err *e)
{
	struct arena a = { 0 };
	char script[MAIL_PATH_MAX];
	char log[MAIL_PATH_MAX];
	const char *answer = "";
	const char *const front[] = { "sbatch", "--parsable", "--nodes=1", "--ntasks=1",
		"--no-requeue", arena_printf(&a, "--job-name=deltam-%s", name),
		arena_printf(&a, "--signal=B:TERM@%d", leave_seconds(l)) };
	int n = count_words(l->words);
	const char **argv = NEW_ARRAY(&a, const char *, COUNT(front) + n + 3);
	int rc = write_script(l, name, script, e);

	yard_path(log, l->root, name, "log");
	memcpy(argv, front, sizeof(front));
	argv[COUNT(front)] = arena_printf(&a, "--output=%s", log);
	memcpy(argv + COUNT(front) + 1, l->words, (size_t)n * sizeof(*argv));
	argv[COUNT(front) + 1 + n] = script;
	if (!rc)
		rc = ask_program(argv, ANSWER_SECONDS, &a, &answer, e);
	take_job(answer, job);
	arena_release(&a);
	return rc;
}

int launch_start(struct launch *l, const char *name, const char *host,
	char job[LAUNCH_JOB_MAX], struct err *e)
{
	*job = '\0';
	return l->kind == LAUNCH_SLURM ? submit(l, name, job, e)
				       : start_process(l, name, host, job, e);
}

/* Looking. */

void launch_look(struct launch *l)
{
	static const char *const argv[] = { "squeue", "--me", "--noheader",
		"--format=%j", NULL };
	struct err e;

	if (l->kind != LAUNCH_SLURM)
		return;
	arena_release(&l->arena);
	l->queue = NULL;
	if (!ask_program(argv, ANSWER_SECONDS, &l->arena, &l->queue, &e)) {
		l->looks++;
		l->told = false;
	} else if (!l->told) {
		log_warn("run", "%s", e.msg);
		l->told = true;
	}
}

/* Whether a line of squeue is the name of the pilot's job. */
static bool is_queued(const char *queue, const char *name)
{
	static const char front[] = "deltam-";
	size_t n = strlen(name);

	for (const char *at = queue; (at = strstr(at, front)); at++) {
		const char *rest = at + strlen(front);

		if ((at == queue || at[-1] == '\n') && !strncmp(rest, name, n) &&
			strchr(" \n", rest[n]))
			return true;
	}
	return false;
}

enum launch_sight launch_sight(const struct launch *l, const char *name, int64_t pid)
{
	if (l->kind == LAUNCH_PREFIX)
		return LAUNCH_BLIND;
	if (l->kind == LAUNCH_LOCAL)
		return ask_lives((pid_t)pid) ? LAUNCH_LISTED : LAUNCH_UNLISTED;
	if (!l->queue)
		return LAUNCH_NO_ANSWER;
	return is_queued(l->queue, name) ? LAUNCH_LISTED : LAUNCH_UNLISTED;
}

void launch_cancel(struct launch *l, const char *name, int64_t pid)
{
	struct arena a = { 0 };
	const char *const argv[] = { "scancel", "--me",
		arena_printf(&a, "--name=deltam-%s", name), NULL };
	const char *answer;
	struct err e;

	if (l->kind == LAUNCH_LOCAL && ask_lives((pid_t)pid))
		(void)kill((pid_t)pid, SIGTERM);
	else if (l->kind == LAUNCH_SLURM &&
		ask_program(argv, ANSWER_SECONDS, &a, &answer, &e))
		log_warn("run", "%s", e.msg);
	arena_release(&a);
}
