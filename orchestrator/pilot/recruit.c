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

static void start_pilot(struct fleet *f)
{
	int place = recruit_free_place(f, NULL);
	const char *host = place ? f->o->launch->hosts[place - 1] : "";
	struct craft *c = fleet_add(f);
	struct err e = { 0 };
	int rc = prepare(f, c, &e);

	if (rc) {
		fleet_check(f, rc, &e);
		c->state = CRAFT_GONE;
		return;
	}
	c->place = place;
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
	if (gone)
		return;
	c->state = CRAFT_GONE;
	craft_say_leave(c);
	(void)!craft_flush(c, &e);
	fleet_write_end(f, c, why);
}

static void take_job(struct fleet *f, struct craft *c, const char *job)
{
	struct err e = { 0 };
	int64_t pid;
	int rc;

	f->refused = false;
	if (f->o->launch->kind == LAUNCH_LOCAL && integer_parse(job, &pid))
		c->pid = pid;
	if (c->state == CRAFT_ASKED) {
		c->state = CRAFT_STARTED;
		c->silent = 0;
		c->asked = f->o->launch->asked;
	}
	rc = store_begin(f->o->s, &e);
	if (!rc)
		rc = store_pilot_job(f->o->s, c->id, job, &e);
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
			take_job(f, c, x.job);
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

/* A launcher or a node that ends every pilot would do so for ever. */
void recruit_check_progress(struct fleet *f)
{
	struct err e;
	char last[256] = "";
	const struct craft *c = f->crafts;

	if (f->in_vain < IN_A_ROW || f->stopping)
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
