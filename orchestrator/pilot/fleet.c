#include "orchestrator/pilot/fleet.h"

#include <stdio.h>
#include "common/clock.h"
#include "common/log.h"
#include "common/store/transaction.h"

/* Before the next pilots are asked for where some ended without a segment: 5, 20, 45 ... */
#define VAIN_TICKS 5
#define VAIN_TICKS_MAX 300

struct craft *fleet_add(struct fleet *f)
{
	struct craft *c = NEW(&f->arena, struct craft);

	c->asked = f->o->launch->asked;
	c->round = f->round;
	c->next = f->crafts;
	f->crafts = c;
	return c;
}

/* The end of a run. */

void fleet_tell_to_leave(struct craft *c)
{
	if (c->state == CRAFT_TOLD || c->state == CRAFT_GONE)
		return;
	c->state = CRAFT_TOLD;
	craft_say_leave(c);
}

void fleet_stop(struct fleet *f)
{
	f->stopping = true;
	for (struct craft *c = f->crafts; c; c = c->next)
		fleet_tell_to_leave(c);
}

void fleet_check(struct fleet *f, int rc, const struct err *e)
{
	if (err_keep_first(&f->rc, f->e, rc, e))
		fleet_stop(f);
}

/* Tasks. */

void fleet_give(
	struct fleet *f, struct craft *c, const struct sched_task *task, bool new)
{
	struct craft_task *t = NEW(&f->arena, struct craft_task);
	int slots = task->slots > 1 ? task->slots : 1;

	t->task = *task;
	t->slots = c->slots && slots > c->slots ? c->slots : slots;
	craft_add(c, t);
	if (new)
		craft_say_start(c, t, f->o->launch->root);
}

/* The pilot with the least to do for its size; NULL: none has room. */
static struct craft *freest(const struct fleet *f)
{
	struct craft *best = NULL;

	for (struct craft *c = f->crafts; c && !f->stopping; c = c->next)
		if (craft_has_room(c) &&
			(!best || c->load * best->slots < best->load * c->slots))
			best = c;
	return best;
}

bool fleet_turn(struct fleet *f, const struct sched_end *end)
{
	struct craft *c = freest(f);
	struct sched_task next;
	struct err e = { 0 };
	int rc;

	if (f->ops->place)
		f->ops->place(f->arg, c ? c->id : 0);
	rc = f->ops->turn(f->arg, end, c ? &next : NULL, &e);
	if (c)
		f->later = rc == SCHED_LATER;
	if (end || rc == SCHED_TASK)
		f->counted = false;
	fleet_check(f, rc, &e);
	if (rc == SCHED_TASK)
		fleet_give(f, c, &next, true);
	return rc == SCHED_TASK;
}

double fleet_deadline(void)
{
	return clock_seconds() + clock_tick_ms() / 1000.0;
}

void fleet_fill(struct fleet *f)
{
	double deadline = fleet_deadline();

	while (freest(f) && fleet_turn(f, NULL) && clock_seconds() < deadline)
		;
}

void fleet_read_news(struct fleet *f, struct craft *c, struct craft_task *t)
{
	struct err e = { 0 };
	int rc;

	if (!t->news)
		return;
	t->news = false;
	rc = f->ops->news(f->arg, &t->task, &e);
	fleet_check(f, rc, &e);
	if (rc <= 0 || t->enough)
		return;
	t->enough = true;
	craft_say_stop(c, t->task.token);
}

void fleet_end_task(
	struct fleet *f, struct craft *c, struct craft_task *t, struct sched_end *end)
{
	fleet_read_news(f, c, t);
	craft_drop(c, t);
	end->task = &t->task;
	if (t->enough && end->why != SCHED_LOST)
		end->why = SCHED_ENOUGH;
	fleet_turn(f, end);
}

/* The end of a pilot. */

/*
 * Those that were asked for together are one round: a node or a controller that loses all of
 * them is one misfortune.
 */
void fleet_note_in_vain(struct fleet *f, const struct craft *c)
{
	int64_t pause;

	if (c->inherited || c->round < f->round)
		return;
	f->in_vain++;
	f->round++;
	pause = (int64_t)VAIN_TICKS * f->in_vain * f->in_vain;
	if (pause > VAIN_TICKS_MAX)
		pause = VAIN_TICKS_MAX;
	if (f->launch_at < f->ticks + pause)
		f->launch_at = f->ticks + pause;
}

void fleet_write_end(struct fleet *f, const struct craft *c, const char *why)
{
	struct err e = { 0 };
	int rc = store_begin(f->o->s, &e);

	if (!rc)
		rc = store_pilot_end(f->o->s, c->id, why, &e);
	fleet_check(f, store_end(f->o->s, rc, &e), &e);
}

/* Says that it is gone, with the last words of its log; not of one that was told to leave. */
static void tell_of_end(const struct fleet *f, const struct craft *c, const char *why)
{
	char last[256];

	yard_last_words(f->o->launch->root, c->name, last, sizeof(last));
	if (c->state != CRAFT_TOLD || c->tasks)
		log_warn("run", "pilot %lld%s%s is gone: %s%s%s", (long long)c->id,
			*c->host ? " on " : "", c->host, why,
			*last ? "; its log ends: " : "", last);
}

static void lose_task(struct fleet *f, struct craft *c, const char *why)
{
	struct sched_end end = { .why = SCHED_LOST };

	snprintf(end.text, sizeof(end.text), "pilot %lld%s%s is gone: %s",
		(long long)c->id, *c->host ? " on " : "", c->host, why);
	fleet_end_task(f, c, c->tasks, &end);
}

void fleet_bury(struct fleet *f, struct craft *c, const char *why)
{
	struct err e;

	if (c->proved)
		f->in_vain = 0;
	else if (c->state != CRAFT_TOLD)
		fleet_note_in_vain(f, c);
	tell_of_end(f, c, why);
	craft_say_leave(c); /* should it only have been late */
	if (c->state != CRAFT_TOLD && c->state != CRAFT_LEAVES)
		c->vacancy = c->id;
	c->state = CRAFT_GONE;
	fleet_write_end(f, c, why);
	while (c->tasks)
		lose_task(f, c, why);
	(void)!craft_flush(c, &e);
}

int64_t fleet_waiting(struct fleet *f)
{
	struct err e = { 0 };
	int64_t epochs;

	if (f->counted)
		return f->waiting;
	f->waiting = 0;
	f->counted = true;
	fleet_check(f,
		store_sweep_pending(f->o->s, f->o->sweep, &f->waiting, &epochs, &e),
		&e);
	return f->waiting;
}

/* The writing of a thousand files, each with its fsync, would take longer than a tick. */
void fleet_flush(struct fleet *f)
{
	double deadline = fleet_deadline();
	struct craft *c = f->unwritten ? f->unwritten : f->crafts;
	struct err e = { 0 };

	for (struct craft *x = f->crafts; x; x = x->next)
		if (x->state != CRAFT_GONE && f->ticks % CRAFT_ALIVE == 0)
			craft_say_alive(x);
	for (; c && clock_seconds() < deadline; c = c->next)
		if (c->state != CRAFT_GONE)
			fleet_check(f, craft_flush(c, &e), &e);
	f->unwritten = c;
}
