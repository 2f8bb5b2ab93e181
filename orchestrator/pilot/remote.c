#include "orchestrator/pilot/remote.h"

#include <signal.h>
#include <stdio.h>
#include "common/clock.h"
#include "common/fatal.h"
#include "common/version.h"
#include "orchestrator/pilot/fleet.h"
#include "orchestrator/pilot/hear.h"
#include "orchestrator/pilot/inherit.h"
#include "orchestrator/pilot/parting.h"
#include "orchestrator/pilot/recruit.h"

#define LOOK_TICKS 30 /* between questions to the launcher */
#define FAREWELL_TICKS 30 /* for pilots that have nothing to do any more */

struct remote {
	struct fleet f;
	bool abandoned; /* we go, pilots stay */
	sigset_t signals, before; /* that a tick waits for; what was blocked before */
	double began; /* the last tick */
};

/* A tick. */

/* Takes what the launcher has answered. */
static void hear_launcher(struct fleet *f)
{
	launch_hear(f->o->launch);
	recruit_hear(f);
}

static void renew_leases(struct fleet *f)
{
	if (f->ticks % LOOK_TICKS == 0)
		launch_look(f->o->launch);
	for (struct craft *c = f->crafts; c; c = c->next) {
		bool cancel;
		const char *why = c->state == CRAFT_GONE
			? NULL
			: craft_lease(c, f->o->launch, &f->arena, &cancel);

		if (!why)
			continue;
		if (cancel)
			launch_cancel(f->o->launch, c->name, c->pid);
		fleet_bury(f, c, why);
	}
}

static void tick(struct fleet *f)
{
	f->ticks++;
	hear_launcher(f);
	hear_all(f);
	renew_leases(f);
	if (f->ops->tick)
		f->ops->tick(f->arg);
	if (!f->stopping) {
		recruit_check_progress(f);
		recruit_tell_waiting(f);
		recruit_pilots(f);
		fleet_fill(f);
	}
	fleet_flush(f);
}

static bool any_task(const struct fleet *f)
{
	for (const struct craft *c = f->crafts; c; c = c->next)
		if (c->tasks)
			return true;
	return false;
}

/* Whether nothing is left to do, now or later. */
static bool is_done(struct fleet *f)
{
	if (any_task(f) || f->later)
		return false;
	return f->stopping || fleet_waiting(f) == 0;
}

/* Signals, which a tick waits for. */

static void watch_signals(struct remote *r)
{
	sigemptyset(&r->signals);
	sigaddset(&r->signals, SIGINT);
	sigaddset(&r->signals, SIGTERM);
	sigaddset(&r->signals, SIGCHLD); /* a launcher that was asked has answered */
	if (!fatal_is_ignored(SIGHUP))
		sigaddset(&r->signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &r->signals, &r->before);
}

static void interrupt(struct remote *r, int number)
{
	struct fleet *f = &r->f;
	struct err e;

	if (f->stopping || number != SIGINT)
		r->abandoned = true;
	if (f->stopping) {
		if (f->rc == ERR_INTERRUPTED)
			(void)err_set(f->e, ERR_INTERRUPTED, "%s",
				parting_at_once(f, &f->arena));
		return;
	}
	if (number != SIGINT) {
		f->stopping = true;
		f->rc = err_set(
			f->e, ERR_INTERRUPTED, "%s", parting_alone(f, &f->arena));
		return;
	}
	fleet_check(f,
		err_set(&e, ERR_INTERRUPTED, "%s", parting_together(f, &f->arena)), &e);
}

/*
 * Waits until a tick has passed since the last one began; after one that took longer it only
 * looks for signals. A child that ends is heard meanwhile, the first other signal ends the
 * wait.
 */
static void rest(struct remote *r)
{
	double end = r->began + clock_tick_ms() / 1000.0;
	double left;

	do {
		struct timespec t;
		int number;

		left = end - clock_seconds();
		t = clock_span(left);
		number = sigtimedwait(&r->signals, NULL, &t);
		if (number == SIGCHLD) {
			hear_launcher(&r->f);
			if (!r->f.stopping)
				recruit_pilots(&r->f);
		} else if (number > 0) {
			interrupt(r, number);
			break;
		}
	} while (left > 0);
	r->began = clock_seconds();
}

/* From the first tick to the last. */

static bool anybody_leaves(const struct fleet *f)
{
	bool any = false;

	for (const struct craft *c = f->crafts; c; c = c->next)
		any |= c->state == CRAFT_TOLD && c->slots;
	return any;
}

/* Who has not left in time is called off. */
static void farewell(struct remote *r)
{
	struct fleet *f = &r->f;
	int64_t last;

	fleet_stop(f);
	do
		fleet_flush(f);
	while (f->unwritten);
	last = f->ticks + FAREWELL_TICKS;
	while (!r->abandoned && f->ticks < last && anybody_leaves(f)) {
		rest(r);
		f->ticks++;
		hear_all(f);
		fleet_flush(f);
	}
	for (struct craft *c = f->crafts; c; c = c->next)
		if (c->state != CRAFT_GONE) {
			launch_cancel(f->o->launch, c->name, c->pid);
			c->state = CRAFT_TOLD;
			fleet_bury(f, c, "nothing was left to do");
		}
	while (!r->abandoned && launch_is_cancelling(f->o->launch)) {
		rest(r);
		hear_launcher(f);
	}
}

static struct message first_line(const struct remote_options *o)
{
	return (struct message){ .kind = MESSAGE_PILOT,
		.number = MESSAGE_VERSION,
		.build = deltam_version,
		.workers = o->gpus ? 0 : o->workers,
		.gpus = o->gpus,
		.gpu_slots = o->gpu_slots,
		.kernels = o->kernels };
}

int remote_run(const struct remote_options *o, const struct sched_ops *ops, void *arg,
	struct err *e)
{
	struct remote r = {
		.f = { .o = o, .ops = ops, .arg = arg, .e = e, .setup = first_line(o) }
	};
	struct fleet *f = &r.f;
	struct err why = { 0 };

	if (o->kernel_class)
		snprintf(f->kernel_class, sizeof(f->kernel_class), "%s",
			o->kernel_class);
	watch_signals(&r);
	r.began = clock_seconds();
	fleet_check(f, inherit_pilots(f, &why), &why);
	while (!r.abandoned && !is_done(f)) {
		tick(f);
		rest(&r);
	}
	if (!r.abandoned || f->rc != ERR_INTERRUPTED)
		farewell(&r);
	for (struct craft *c = f->crafts; c; c = c->next)
		craft_release(c);
	sigprocmask(SIG_SETMASK, &r.before, NULL);
	arena_release(&f->arena);
	return f->rc;
}

/* A run without pilots. */

/* Tells one of them, and writes down that it is gone, since nobody will listen to it. */
static int dismiss(struct store *s, const struct pilot_open_row *row, const char *root,
	struct err *e)
{
	struct craft c = { .id = row->id };
	const struct message setup = { .kind = MESSAGE_PILOT,
		.number = MESSAGE_VERSION,
		.build = deltam_version };
	int rc;

	snprintf(c.name, sizeof(c.name), "%s", row->name);
	rc = yard_make(root, c.name, e);
	if (!rc)
		rc = craft_open(&c, root, e);
	if (rc)
		return rc;
	craft_say_setup(&c, &setup);
	craft_say_leave(&c);
	rc = mail_flush(&c.in, e);
	craft_release(&c);
	return rc ? rc
		  : store_pilot_end(s, row->id, "told by a run without a launcher", e);
}

int remote_dismiss(struct store *s, const char *root, struct err *e)
{
	struct arena a = { 0 };
	struct pilot_open_row *row;
	int n = 0;
	int rc = store_pilot_open(s, &a, &row, &n, e);

	for (int i = 0; !rc && i < n; i++)
		rc = dismiss(s, &row[i], root, e);
	arena_release(&a);
	return rc;
}
