#include "orchestrator/pilot/hear.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "common/clock.h"
#include "common/log.h"
#include "common/store/transaction.h"
#include "common/version.h"
#include "orchestrator/plan/outlook.h"

/* Whether the report has as many bytes here as its pilot has seen, or was waited for long enough. */
static bool report_is_there(
	struct craft *c, const struct craft_task *t, const struct message *m)
{
	char path[MAIL_PATH_MAX];
	struct stat st;

	snprintf(path, sizeof(path), "%s/report.%s", t->task.folder, t->task.token);
	if (m->bytes < 0 || (!stat(path, &st) && st.st_size >= m->bytes) ||
		c->late++ > MAIL_PATIENCE) {
		c->late = 0;
		return true;
	}
	return false;
}

/* Hello. */

static int write_hello(
	struct fleet *f, const struct craft *c, const struct message *m, struct err *e)
{
	const struct pilot_hello_row row = { m->host, m->gpu_list, m->kernels,
		c->slots };
	int rc = store_begin(f->o->s, e);

	if (!rc)
		rc = store_pilot_hello(f->o->s, c->id, &row, e);
	return store_end(f->o->s, rc, e);
}

/* Where its rows would differ in last bits, or its programs are not ours, it is let go. */
static int check_hello(
	struct fleet *f, struct craft *c, const struct message *m, struct err *e)
{
	if (strcmp(m->build, deltam_version) != 0)
		return err_set(e, ERR_SYS,
			"pilot %lld on %s is deltam %s, and this is %s: install one build "
			"on all machines",
			(long long)c->id, m->host, m->build, deltam_version);
	if (!f->o->kernel_class)
		return OK;
	if (!f->kernel_class[0])
		snprintf(f->kernel_class, sizeof(f->kernel_class), "%s", m->kernels);
	if (!strcmp(f->kernel_class, m->kernels) || c->state == CRAFT_TOLD)
		return OK;
	log_warn("run",
		"pilot %lld on %s computes with kernels \"%s\", the rows of this run are "
		"of \"%s\": it is let go (--kernels says which all use)",
		(long long)c->id, m->host, m->kernels, f->kernel_class);
	fleet_note_in_vain(f, c);
	fleet_tell_to_leave(c);
	return OK;
}

static int take_hello(
	struct fleet *f, struct craft *c, const struct message *m, struct err *e)
{
	int rc;

	if (m->number != MESSAGE_VERSION || m->slots < 1 || m->slots > 4096)
		return err_set(e, ERR_SPEC, "no hello of a pilot of version %d",
			MESSAGE_VERSION);
	c->slots = (int)m->slots;
	snprintf(c->host, sizeof(c->host), "%s", m->host);
	if (f->o->launch->kind == LAUNCH_LOCAL)
		c->pid = m->pid;
	if (c->state == CRAFT_ASKED || c->state == CRAFT_STARTED)
		c->state = CRAFT_WORKS;
	rc = write_hello(f, c, m, e);
	if (!rc)
		rc = check_hello(f, c, m, e);
	if (rc && rc != ERR_SPEC) { /* not the fault of a line */
		fleet_check(f, rc, e);
		rc = OK;
	}
	return rc;
}

/* Other lines. */

static void take_begin(struct fleet *f, struct craft *c, const struct message *m)
{
	struct craft_task *t = craft_find(c, m->token);

	if (!t)
		return;
	t->begun = true;
	if (f->ops->started)
		f->ops->started(f->arg, &t->task, (int)m->pid);
}

static int take_news(struct craft *c, const struct message *m)
{
	struct craft_task *t = craft_find(c, m->token);

	if (t && !report_is_there(c, t, m))
		return MAIL_LATER;
	if (t)
		t->news = c->proved = true;
	return MAIL_TAKEN;
}

static int take_end(
	struct fleet *f, struct craft *c, const struct message *m, struct err *e)
{
	struct craft_task *t = craft_find(c, m->token);
	struct sched_end end = { 0 };
	int rc = message_to_end(m, &end, e);

	if (rc || !t) /* one of before that is known to have ended */
		return rc;
	if (!report_is_there(c, t, m))
		return MAIL_LATER;
	c->proved |= end.why == SCHED_EXITED;
	if (end.why == SCHED_STOPPED && c->state == CRAFT_WORKS) {
		c->state = CRAFT_LEAVES; /* nothing new begins there */
		c->vacancy = c->id;
	}
	t->news = true;
	fleet_end_task(f, c, t, &end);
	return MAIL_TAKEN;
}

/* Slurm signals up to a minute early, and its words are as old as their way here. */
#define EARLY_SECONDS 75

/*
 * A pilot that got SIGTERM does not know why. How much of its time was left tells whether that was
 * its end, or somebody who called it off or wanted its node.
 */
static const char *signal_reason(
	const struct fleet *f, const struct craft *c, struct arena *a)
{
	const struct launch *l = f->o->launch;
	struct queue_job job;
	char left[OUTLOOK_TEXT_MAX];

	if (l->kind != LAUNCH_SLURM || !launch_job(l, c->name, &job) || isnan(job.left))
		return "it was told to end (SIGTERM)";
	if (job.left <= launch_lead_seconds(l) + EARLY_SECONDS)
		return "it left (time)";
	if (isinf(job.left))
		return "it was cancelled or preempted (SIGTERM, and it has no time "
		       "limit)";
	return arena_printf(a,
		"it was cancelled or preempted (SIGTERM %s before its time limit)",
		outlook_duration(job.left, left));
}

static int take_leaving(struct fleet *f, struct craft *c, const struct message *m)
{
	const char *why = !strcmp(m->why, "signal")
		? signal_reason(f, c, &f->arena)
		: arena_printf(&f->arena, "it left (%s)%s%s", m->why,
			  *m->text ? ": " : "", m->text);

	fleet_bury(f, c, why);
	return MAIL_TAKEN;
}

static int take_message(
	struct fleet *f, struct craft *c, const struct message *m, struct err *e)
{
	switch (m->kind) {
	case MESSAGE_HELLO:
		return take_hello(f, c, m, e);
	case MESSAGE_BEAT:
		return MAIL_TAKEN;
	case MESSAGE_BEGIN:
		take_begin(f, c, m);
		return MAIL_TAKEN;
	case MESSAGE_NEWS:
		return take_news(c, m);
	case MESSAGE_END:
		return take_end(f, c, m, e);
	case MESSAGE_LEAVING:
		return take_leaving(f, c, m);
	default:
		return err_set(e, ERR_SPEC, "a line of deltam, not of a pilot");
	}
}

/* A look. */

struct listening {
	struct fleet *f;
	struct craft *c;
};

static int take_line(void *arg, const char *line, size_t n, struct err *e)
{
	const struct listening *x = arg;
	struct arena a = { 0 };
	struct message m;
	int rc = x->c->state == CRAFT_GONE ? MAIL_LATER : MAIL_TAKEN;

	if (!rc)
		rc = message_parse(&m, line, n, &a, e);
	if (!rc)
		rc = take_message(x->f, x->c, &m, e);
	arena_release(&a);
	return rc;
}

void hear_pilot(struct fleet *f, struct craft *c)
{
	struct listening x = { f, c };
	struct err e = { 0 };
	int before = c->out.line;
	int rc = mail_read(&c->out, take_line, &x, &e);

	if (c->out.line != before)
		c->silent = 0;
	else
		c->silent++;
	for (struct craft_task *t = c->tasks; t; t = t->next)
		fleet_read_news(f, c, t);
	if (!rc ||
		rc == ERR_SYS) /* what cannot be read now may come back: the lease tells */
		return;
	launch_cancel(f->o->launch, c->name, c->pid);
	fleet_bury(f, c, arena_strdup(&f->arena, e.msg));
}

void hear_all(struct fleet *f)
{
	double deadline = fleet_deadline();
	struct craft *c = f->unheard ? f->unheard : f->crafts;

	for (; c && clock_seconds() < deadline; c = c->next)
		if (c->state != CRAFT_GONE)
			hear_pilot(f, c);
	f->unheard = c;
}
