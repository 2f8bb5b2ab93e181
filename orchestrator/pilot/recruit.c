#include "orchestrator/pilot/recruit.h"

#include <stdio.h>
#include <string.h>
#include "common/clock.h"
#include "common/log.h"
#include "common/random_hex.h"
#include "common/store/transaction.h"

#define REFUSED_TICKS 300 /* after a refusal of the launcher */
#define COUNT_TICKS 10 /* in which a count of what waits is good */
#define IN_A_ROW 3 /* rounds of pilots that end without a segment */

int recruit_free_place(const struct fleet *f, const char *name)
{
	const struct launch *l = f->o->launch;
	struct arena a = { 0 };
	bool *used = NEW_ARRAY(&a, bool, l->pilots + 1);
	int found = 0;

	for (const struct craft *c = f->crafts; c; c = c->next)
		if (c->state != CRAFT_GONE)
			used[c->place] = true;
	for (int i = l->hosts ? l->pilots : 0; i > 0; i--)
		if (!used[i] && (!name || !strcmp(l->hosts[i - 1], name)))
			found = i;
	arena_release(&a);
	return found;
}

/* Before the launcher is asked. */

static int put_row(struct fleet *f, struct craft *c, struct err *e)
{
	int rc = store_begin(f->o->s, e);

	if (!rc)
		rc = store_pilot_put(
			f->o->s, f->o->sweep, c->name, f->o->launch->name, &c->id, e);
	return store_end(f->o->s, rc, e);
}

/* Its files are there, empty or with their first lines, before anybody looks for them. */
static int make_yard(struct fleet *f, struct craft *c, struct err *e)
{
	int rc = yard_make(f->o->launch->root, c->name, e);

	if (!rc)
		rc = craft_open(c, f->o->launch->root, e);
	if (rc)
		return rc;
	craft_say_setup(c, &f->setup);
	craft_say_alive(c);
	return mail_flush(&c->in, e);
}

static int prepare(struct fleet *f, struct craft *c, struct err *e)
{
	int rc = random_hex(c->name, 5, "name", e);

	if (!rc)
		rc = put_row(f, c, e);
	return rc ? rc : make_yard(f, c, e);
}

/* Takes the place that has been free for longest; 0: a new one is added. */
static int64_t take_vacancy(struct fleet *f)
{
	struct craft *longest = NULL;
	int64_t pilot;

	for (struct craft *c = f->crafts; c; c = c->next)
		if (c->vacancy)
			longest = c;
	if (!longest)
		return 0;
	pilot = longest->vacancy;
	longest->vacancy = 0;
	return pilot;
}

static void start_pilot(struct fleet *f)
{
	int place = recruit_free_place(f, NULL);
	const char *host = place ? f->o->launch->hosts[place - 1] : "";
	int64_t instead = take_vacancy(f);
	struct craft *c = fleet_add(f);
	struct err e = { 0 };
	int rc = prepare(f, c, &e);

	if (rc) {
		fleet_check(f, rc, &e);
		c->state = CRAFT_GONE;
		return;
	}
	c->place = place;
	c->instead = instead;
	launch_start(f->o->launch, c->name, host);
}

/* The launcher's answers. */

/* A program that has not answered may have submitted the job all the same: it is to leave. */
static void take_refusal(struct fleet *f, struct craft *c, const char *why)
{
	bool gone = c->state == CRAFT_GONE;
	struct err e;

	if (!f->refused)
		log_warn("run", "no pilot: %s; it is tried again every five minutes",
			why);
	f->refused = true;
	f->launch_at = f->ticks + REFUSED_TICKS;
	c->vacancy = c->instead;
	if (gone)
		return;
	c->state = CRAFT_GONE;
	craft_say_leave(c);
	(void)!craft_flush(c, &e);
	fleet_write_end(f, c, why);
}

static void take_job(struct fleet *f, struct craft *c, const struct launch_answer *x)
{
	const struct launch *l = f->o->launch;
	struct err e = { 0 };
	int rc;

	f->refused = false;
	snprintf(c->job, sizeof(c->job), "%s", x->job);
	c->child = x->child;
	if (l->kind == LAUNCH_LOCAL)
		c->pid = x->child;
	if (c->instead)
		log_warn("run", "pilot %lld%s%s takes the place of pilot %lld",
			(long long)c->id,
			l->kind == LAUNCH_SLURM            ? ", job "
				: l->kind == LAUNCH_PREFIX ? " on "
							   : "",
			l->kind == LAUNCH_LOCAL ? "" : c->job, (long long)c->instead);
	if (c->state == CRAFT_ASKED) {
		c->state = CRAFT_STARTED;
		c->silent = 0;
		c->asked = f->o->launch->asked;
	}
	rc = store_begin(f->o->s, &e);
	if (!rc)
		rc = store_pilot_job(f->o->s, c->id, c->job, &e);
	fleet_check(f, store_end(f->o->s, rc, &e), &e);
}

void recruit_hear(struct fleet *f)
{
	struct launch_answer x;

	while (launch_answer(f->o->launch, &x)) {
		struct craft *c = f->crafts;

		while (strcmp(c->name, x.name) != 0)
			c = c->next;
		if (x.rc)
			take_refusal(f, c, x.e.msg);
		else
			take_job(f, c, &x);
	}
}

/* How many are there, or asked for. */
static int count_pilots(const struct fleet *f)
{
	int n = 0;

	for (const struct craft *c = f->crafts; c; c = c->next)
		n += c->state == CRAFT_ASKED || c->state == CRAFT_STARTED ||
			c->state == CRAFT_WORKS;
	return n;
}

/*
 * Segments that no pilot was asked for yet. Of a sweep of many jobs a count is a good part of a
 * second, so it serves for several answers of the launcher.
 */
static int64_t open_segments(struct fleet *f)
{
	if (f->open > 0 && f->ticks < f->open_until)
		return f->open;
	f->open_until = f->ticks + COUNT_TICKS;
	return f->open = fleet_waiting(f);
}

void recruit_pilots(struct fleet *f)
{
	double deadline = fleet_deadline();
	int missing = f->o->launch->pilots - count_pilots(f);

	if (missing <= 0 || f->ticks < f->launch_at || launch_is_busy(f->o->launch))
		return;
	while (missing-- > 0 && !f->stopping && f->ticks >= f->launch_at &&
		!launch_is_busy(f->o->launch) && open_segments(f) > 0) {
		f->open--;
		start_pilot(f);
		recruit_hear(f);
		if (clock_seconds() > deadline)
			break;
	}
}

/* Pilots that wait. */

/* A reason that was said. */
struct fleet_told {
	struct fleet_told *next;
	char reason[128];
};

/* The reason for which it waits in the queue, and has for a minute; false: it does not. */
static bool waits(const struct fleet *f, const struct craft *c, struct queue_job *job)
{
	if (c->state != CRAFT_STARTED || c->foreign || c->silent <= CRAFT_BEGIN ||
		!launch_job(f->o->launch, c->name, job))
		return false;
	/* What stands behind a comma (nodes) varies from pilot to pilot. */
	job->reason[strcspn(job->reason, ",")] = '\0';
	return !strcmp(job->state, "PENDING") && *job->reason;
}

static int count_waiting(const struct fleet *f, const char *reason)
{
	struct queue_job job;
	int n = 0;

	for (const struct craft *c = f->crafts; c; c = c->next)
		n += waits(f, c, &job) && !strcmp(job.reason, reason);
	return n;
}

static void tell_reason(struct fleet *f, const struct craft *c, const char *reason)
{
	struct fleet_told *x = f->told;
	int n;

	while (x && strcmp(x->reason, reason) != 0)
		x = x->next;
	if (x)
		return;
	x = NEW(&f->arena, struct fleet_told);
	snprintf(x->reason, sizeof(x->reason), "%s", reason);
	x->next = f->told;
	f->told = x;
	n = count_waiting(f, reason);
	log_warn("run", "%d pilot%s in the queue of Slurm: %s%s%s%s", n,
		n == 1 ? " waits" : "s wait", reason,
		queue_reason_stays(reason)
			? ", which may not pass by itself; `scontrol show job "
			: "",
		queue_reason_stays(reason) ? c->job : "",
		queue_reason_stays(reason) ? "` says more" : "");
}

void recruit_tell_waiting(struct fleet *f)
{
	struct queue_job job;

	if (f->told_of == f->o->launch->answered)
		return;
	f->told_of = f->o->launch->answered;
	for (const struct craft *c = f->crafts; c; c = c->next)
		if (waits(f, c, &job))
			tell_reason(f, c, job.reason);
}

/* Pilots that fail. */

/* Whether pilots can work at all: then those that fail are tried again, and keep nobody back. */
static bool anybody_works(const struct fleet *f)
{
	for (const struct craft *c = f->crafts; c; c = c->next)
		if (c->state == CRAFT_WORKS && c->proved)
			return true;
	return false;
}

/* A launcher or a node that ends every pilot would do so for ever. */
void recruit_check_progress(struct fleet *f)
{
	struct err e;
	char last[256] = "";
	const struct craft *c = f->crafts;

	if (f->in_vain < IN_A_ROW || f->stopping || anybody_works(f))
		return;
	while (c && c->state != CRAFT_GONE && c->state != CRAFT_TOLD)
		c = c->next;
	if (c)
		yard_last_words(f->o->launch->root, c->name, last, sizeof(last));
	fleet_check(f,
		err_set(&e, ERR_SYS,
			"pilots ended without a segment, %d times in a row; the log of the "
			"last (%s/pilots/%s/log) ends: %s",
			f->in_vain, f->o->launch->root, c ? c->name : "", last),
		&e);
}
