#include "orchestrator/pilot/launch.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "common/clock.h"
#include "common/log.h"
#include "common/plain_file.h"

#define ANSWER_SECONDS 30
#define LEAVE_TICKS 120 /* between Slurm's TERM and the end, beside stop_seconds */

/* Words for shells and programs. */

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

/* Starting. */

static int start_process(const struct launch *l, const char *name, const char *host,
	struct launch_answer *x, struct err *e)
{
	struct arena a = { 0 };
	char folder[MAIL_PATH_MAX];
	char log[MAIL_PATH_MAX];
	bool prefix = l->kind == LAUNCH_PREFIX;
	int words = prefix ? l->nwords : 0;
	const char **argv = NEW_ARRAY(&a, const char *, words + 4);
	int rc;

	yard_path(folder, l->root, name, "");
	yard_path(log, l->root, name, "log");
	for (int i = 0; i < words; i++)
		argv[i] = with_host(l->words[i], host, &a);
	argv[words] = prefix ? quote(l->program, &a) : l->program;
	argv[words + 1] = "pilot";
	argv[words + 2] = prefix ? quote(folder, &a) : folder;
	rc = ask_start(argv, log, &x->child, e);
	if (prefix)
		snprintf(x->job, sizeof(x->job), "%s", host);
	else
		snprintf(x->job, sizeof(x->job), "%d", (int)x->child);
	arena_release(&a);
	return rc;
}

/*
 * Where the pilot does not begin (a script of --setup that fails, a program that is not there),
 * the job says so itself, as a pilot would: Slurm would tell a look later, and not why. One that
 * is started a second time finds the words of the first, and adds none.
 */
static const char script_end[] =
	"deltam_end() {\n"
	"\tdeltam_status=$?\n"
	"\ttrap - EXIT\n"
	"\t[ -s \"$deltam_out\" ] || printf '{\"leaving\": \"failed\", \"text\": "
	"\"its script ended with status %s before it began\"}\\n' \"$deltam_status\" "
	">>\"$deltam_out\"\n"
	"\texit \"$deltam_status\"\n"
	"}\n"
	"trap deltam_end EXIT\n";

static int write_script(const struct launch *l, const char *name,
	char path[MAIL_PATH_MAX], struct err *e)
{
	struct arena a = { 0 };
	struct str text = { .arena = &a };
	char folder[MAIL_PATH_MAX];
	char out[MAIL_PATH_MAX];
	int rc;

	yard_path(folder, l->root, name, "");
	yard_path(out, l->root, name, "out");
	yard_path(path, l->root, name, "batch.sh");
	str_printf(&text, "#!/bin/sh\ndeltam_out=%s\n%s", quote(out, &a), script_end);
	if (l->setup)
		str_printf(&text, ". %s\n", quote(l->setup, &a));
	str_printf(
		&text, "exec %s pilot %s\n", quote(l->program, &a), quote(folder, &a));
	rc = plain_file_write(path, 0700, text.s, text.n, false, e);
	arena_release(&a);
	return rc;
}

/* As every time here, in ticks. */
int launch_lead_seconds(const struct launch *l)
{
	int64_t ms = (int64_t)(l->stop_seconds + LEAVE_TICKS) * clock_tick_ms();

	return ms < 1000 ? 1 : (int)(ms / 1000);
}

/* Asks Slurm, which answers later. */
static int submit(struct launch *l, const char *name, struct err *e)
{
	struct arena a = { 0 };
	char script[MAIL_PATH_MAX];
	char log[MAIL_PATH_MAX];
	const char *const front[] = { "sbatch", "--parsable", "--nodes=1", "--ntasks=1",
		"--no-requeue", arena_printf(&a, "--job-name=deltam-%s", name),
		arena_printf(&a, "--signal=B:TERM@%d", launch_lead_seconds(l)) };
	int n = l->nwords;
	const char **argv = NEW_ARRAY(&a, const char *, COUNT(front) + n + 3);
	int rc = write_script(l, name, script, e);

	yard_path(log, l->root, name, "log");
	memcpy(argv, front, sizeof(front));
	argv[COUNT(front)] = arena_printf(&a, "--output=%s", log);
	memcpy(argv + COUNT(front) + 1, l->words, (size_t)n * sizeof(*argv));
	argv[COUNT(front) + 1 + n] = script;
	if (!rc)
		rc = ask_begin(&l->start, argv, ANSWER_SECONDS, e);
	arena_release(&a);
	return rc;
}

void launch_start(struct launch *l, const char *name, const char *host)
{
	struct launch_answer *x = &l->answer;

	*x = (struct launch_answer){ 0 };
	snprintf(x->name, sizeof(x->name), "%s", name);
	x->rc = l->kind == LAUNCH_SLURM ? submit(l, name, &x->e)
					: start_process(l, name, host, x, &x->e);
}

bool launch_is_busy(const struct launch *l)
{
	return l->answer.name[0] != '\0';
}

/* What sbatch says: "1234" or "1234;cluster". */
static void hear_start(struct launch *l)
{
	struct launch_answer *x = &l->answer;
	struct arena a = { 0 };
	const char *text = "";

	x->rc = ask_hear(&l->start, &a, &text, &x->e);
	snprintf(x->job, sizeof(x->job), "%.*s", (int)strcspn(text, ";\n"), text);
	arena_release(&a);
}

bool launch_answer(struct launch *l, struct launch_answer *out)
{
	if (l->start.pid && ask_is_over(&l->start))
		hear_start(l);
	if (!launch_is_busy(l) || l->start.pid)
		return false;
	*out = l->answer;
	l->answer.name[0] = '\0';
	return true;
}

/* Looking. */

static void tell_once(struct launch *l, const struct err *e)
{
	if (!l->told)
		log_warn("run", "%s", e->msg);
	l->told = true;
}

void launch_look(struct launch *l)
{
	static const char *const argv[] = { "squeue", "--me", "--noheader",
		"--states=all", "--format=" QUEUE_FORMAT, NULL };
	struct err e;

	if (l->kind != LAUNCH_SLURM || l->look.pid)
		return;
	l->asked++;
	if (ask_begin(&l->look, argv, ANSWER_SECONDS, &e)) {
		tell_once(l, &e);
		l->queue = NULL;
	}
}

/* The question before this one has its answer: the queue, or none. */
static void hear_look(struct launch *l)
{
	struct err e;

	arena_release(&l->arena);
	l->queue = NULL;
	l->looked = l->look.began;
	if (ask_hear(&l->look, &l->arena, &l->queue, &e)) {
		tell_once(l, &e);
		return;
	}
	l->answered = l->asked;
	l->told = false;
}

bool launch_job(const struct launch *l, const char *name, struct queue_job *out)
{
	if (l->kind != LAUNCH_SLURM || !l->queue || !queue_find(l->queue, name, out))
		return false;
	out->left -= clock_seconds() - l->looked;
	return true;
}

enum launch_sight launch_sight(const struct launch *l, const char *name, int64_t pid)
{
	struct queue_job job;

	if (l->kind == LAUNCH_PREFIX)
		return LAUNCH_BLIND;
	if (l->kind == LAUNCH_LOCAL)
		return ask_lives((pid_t)pid) ? LAUNCH_LISTED : LAUNCH_UNLISTED;
	if (!l->queue || l->look.late)
		return LAUNCH_NO_ANSWER;
	return launch_job(l, name, &job) && !job.ended ? LAUNCH_LISTED
						       : LAUNCH_UNLISTED;
}

/* Calling off. */

/* The next name is handed to scancel. */
static void cancel_next(struct launch *l)
{
	struct launch_name *x = l->cancel_first;
	struct arena a = { 0 };
	const char *const argv[] = { "scancel", "--me",
		arena_printf(&a, "--name=deltam-%s", x->name), NULL };
	struct err e;

	l->cancel_first = x->next;
	if (!l->cancel_first)
		l->cancel_last = &l->cancel_first;
	if (ask_begin(&l->cancel, argv, ANSWER_SECONDS, &e))
		log_warn("run", "%s", e.msg);
	arena_release(&a);
}

/* A controller that does not answer is not asked for the others either. */
static void hear_cancel(struct launch *l)
{
	struct arena a = { 0 };
	const char *answer;
	struct err e;
	int rc = ask_hear(&l->cancel, &a, &answer, &e);

	if (rc)
		log_warn("run", "%s", e.msg);
	if (rc == ERR_SYS && l->cancel_first) {
		log_warn("run",
			"more jobs are not called off; they leave when they begin");
		l->cancel_first = NULL;
		l->cancel_last = &l->cancel_first;
	}
	arena_release(&a);
}

void launch_cancel(struct launch *l, const char *name, int64_t pid)
{
	struct launch_name *x;

	if (l->kind == LAUNCH_LOCAL && ask_lives((pid_t)pid))
		(void)kill((pid_t)pid, SIGTERM);
	if (l->kind != LAUNCH_SLURM)
		return;
	if (!strcmp(l->answer.name, name)) { /* nobody waits for this answer */
		ask_give_up(&l->start);
		l->answer.name[0] = '\0';
	}
	x = NEW(&l->names, struct launch_name);
	snprintf(x->name, sizeof(x->name), "%s", name);
	if (!l->cancel_last)
		l->cancel_last = &l->cancel_first;
	*l->cancel_last = x;
	l->cancel_last = &x->next;
	launch_hear(l);
}

bool launch_is_cancelling(const struct launch *l)
{
	return l->cancel.pid || l->cancel_first;
}

void launch_hear(struct launch *l)
{
	if (l->look.pid && ask_is_over(&l->look))
		hear_look(l);
	if (l->cancel.pid && ask_is_over(&l->cancel))
		hear_cancel(l);
	while (l->cancel_first && !l->cancel.pid)
		cancel_next(l);
}

void launch_release(struct launch *l)
{
	ask_give_up(&l->start);
	ask_give_up(&l->look);
	ask_give_up(&l->cancel);
	arena_release(&l->arena);
	arena_release(&l->names);
}
