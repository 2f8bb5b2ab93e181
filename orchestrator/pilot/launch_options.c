#include "orchestrator/pilot/launch.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/log.h"
#include "common/own_program.h"
#include "orchestrator/plan/outlook.h"

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
	l->nwords = count_words(l->words);
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
	l->nwords = count_words(l->words);
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
	if (l->pilots > LAUNCH_PILOTS_MAX) /* --pilots is known to be one */
		return err_set(e, ERR_USAGE,
			"--hosts names %d, and a run has at most %d pilots", l->pilots,
			LAUNCH_PILOTS_MAX);
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

/* Time limits. */

/* The value of --time among the options, as getopt finds it, the last one; NULL: none. */
static const char *limit_option(const char *const *words)
{
	const char *limit = NULL;

	for (; *words; words++) {
		const char *word = *words;

		if (!strncmp(word, "--time=", 7))
			limit = word + 7;
		else if (!strncmp(word, "-t", 2) && word[2])
			limit = word + 2;
		else if ((!strcmp(word, "-t") || !strcmp(word, "--time")) && words[1])
			limit = *++words;
	}
	return limit;
}

/* Below this many times of what a pilot keeps for leaving, its job is hardly worth its queue. */
#define LIMIT_WORTH 2

void launch_check_limit(const struct launch *l)
{
	const char *limit = l->kind == LAUNCH_SLURM ? limit_option(l->words) : NULL;
	int lead = launch_lead_seconds(l);
	char whole[OUTLOOK_TEXT_MAX], kept[OUTLOOK_TEXT_MAX], work[OUTLOOK_TEXT_MAX];
	double seconds;

	if (l->kind == LAUNCH_SLURM && !limit)
		limit = getenv("SBATCH_TIMELIMIT");
	seconds = limit ? queue_seconds(limit) : (double)NAN;
	if (isnan(seconds) || seconds >= LIMIT_WORTH * lead)
		return;
	outlook_duration(seconds, whole);
	outlook_duration(lead, kept);
	if (seconds <= lead)
		log_warn("run",
			"the time limit of a job (%s) is %s, and a pilot is told to leave "
			"%s before its end: it trains next to nothing; an hour is a good "
			"limit",
			limit, whole, kept);
	else
		log_warn("run",
			"the time limit of a job (%s) is %s, and a pilot is told to leave "
			"%s before its end: that leaves it %s for work; an hour is a good "
			"limit",
			limit, whole, kept, outlook_duration(seconds - lead, work));
}
