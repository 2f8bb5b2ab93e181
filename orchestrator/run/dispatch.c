#include "orchestrator/run/dispatch.h"

#include <stdio.h>
#include "common/crash.h"
#include "common/log.h"
#include "common/store/copy.h"
#include "common/store/run_name.h"
#include "common/store/transaction.h"
#include "orchestrator/run/dispatch_segment.h"
#include "orchestrator/stage/direction.h"

/* While they run. */

static void started(void *arg, const struct sched_task *task, int pid)
{
	struct dispatch_segment *g = task->data;

	(void)arg;
	g->pid = pid;
}

static void on_epoch(void *arg, const struct sched_task *task, int epoch)
{
	struct dispatch *d = arg;

	(void)epoch;
	retry_worth(&d->retry, task->job);
}

/* Its report grew. What is committed of it stays, whatever becomes of the trainer. */
static int on_news(void *arg, const struct sched_task *task, struct err *e)
{
	struct dispatch *d = arg;
	struct dispatch_segment *g = task->data;
	int rc = store_begin(d->s, e);

	if (!rc)
		rc = follow_read(&g->command.follow, e);
	crash_point("follow.before_commit");
	rc = store_end(d->s, rc, e);
	crash_point("follow.after_commit");
	if (!rc && g->command.follow.epochs > g->epochs)
		retry_worth(&d->retry, task->job);
	g->epochs = g->command.follow.epochs;
	return rc ? rc : g->command.follow.state != FOLLOW_ON;
}

/*
 * Writes the process ids of segments that run longer than a tick; `status` reads them.
 */
static void write_pids(struct dispatch *d)
{
	bool any = false;
	int rc;

	for (const struct dispatch_segment *g = d->segments; g; g = g->next)
		any |= g->used && g->pid;
	if (!any)
		return;
	rc = store_begin(d->s, NULL);
	for (struct dispatch_segment *g = d->segments; !rc && g; g = g->next) {
		if (g->used && g->pid)
			rc = store_attempt_pid(d->s, g->attempt.id, g->pid, NULL);
		g->pid = 0;
	}
	if (store_end(d->s, rc, NULL))
		return; /* they are no more than a help: what fails here shows at the next turn */
}

/*
 * Shows how far the run is. Counting reads the memberships of the sweep, which takes a while
 * where there are a hundred thousand: then it is done less often, so that it takes a fiftieth
 * of the time at most.
 */
static void show(struct dispatch *d)
{
	struct outlook_question q = { .s = d->s,
		.sweep = d->stage->sweep,
		.spec = d->spec,
		.counts = &d->counts,
		.now = outlook_now(),
		.live = true };

	if (!progress_tick(d->progress) || q.now < d->next_look)
		return;
	if (!outlook_read(&q, &d->progress->outlook, NULL))
		progress_show(d->progress);
	d->next_look = q.now + 50 * (outlook_now() - q.now);
}

static void on_tick(void *arg)
{
	struct dispatch *d = arg;

	d->retry.now++;
	copy_serve(d->s);
	show(d);
	write_pids(d);
}

/* The turn. */

/* What the curves of a baseline say of directions is no more than a help. */
static void warn_of_directions(struct dispatch *d, int lane)
{
	const struct lane *l = &d->stage->lanes[lane];
	const struct spec_variant *v = &d->spec->variants[l->variant];

	if (!d->spec->trainer || l->task < 0 || d->accounts[lane].directions)
		return;
	d->accounts[lane].directions = true;
	for (int k = l->task; k < l->task + l->units; k++)
		(void)!direction_warn(d->s, d->stage->sweep, v, v->tasks[k].name, NULL);
}

void dispatch_directions(struct dispatch *d)
{
	for (int i = 0; i < d->stage->nlanes; i++)
		warn_of_directions(d, i);
}

/* What is committed, for people. */
static void tell(
	struct dispatch *d, const struct sched_end *end, const struct verdict *v)
{
	char run[RUN_NAME_MAX];
	char name[128];
	char pause[64];
	int ticks;

	for (int i = 0; i < d->stage->nnews; i++) {
		const struct stage_news *x = &d->stage->news[i];

		dispatch_stage_name(d, x->lane, x->phase, name, sizeof(name));
		progress_line(d->progress, name, x->outcome);
		warn_of_directions(d, x->lane);
	}
	d->stage->nnews = 0;
	if (!v->text[0] || end->why == SCHED_STOPPED)
		return;
	ticks = v->stop ? 0 : retry_left(&d->retry, end->task->job);
	snprintf(pause, sizeof(pause), "; the next attempt waits %d s", ticks);
	log_warn("run", "%s %s: %s%s", store_run_name(d->s, end->task->job, run),
		v->outcome, v->text, ticks ? pause : "");
}

/* Makes all changes of a turn, or none. */
static int change(struct dispatch *d, const struct sched_end *end,
	struct sched_task *next, struct verdict *v, struct dispatch_segment **claimed,
	struct err *e)
{
	int rc = store_begin(d->s, e);

	if (!rc && end)
		rc = dispatch_end(d, end, v, e);
	if (!rc && next && !v->stop)
		rc = dispatch_claim(d, next, claimed, e);
	if (end)
		crash_point("finish.before_commit");
	return store_end(d->s, rc, e);
}

static int turn(
	void *arg, const struct sched_end *end, struct sched_task *next, struct err *e)
{
	struct dispatch *d = arg;
	struct dispatch_segment *ended = end ? end->task->data : NULL;
	struct dispatch_segment *claimed = NULL;
	struct verdict v = { 0 };
	char run[RUN_NAME_MAX];
	int rc;

	d->retry.early = false;
	if (ended && d->places)
		places_give(d->places, &ended->place);
	rc = change(d, end, next, &v, &claimed, e);
	if (ended)
		ended->used = false;
	if (rc)
		return rc;
	if (ended)
		crash_point("finish.after_commit");
	if (ended && ended->reports)
		segment_command_end(&ended->command, d->command);
	else if (ended)
		aside_end(&ended->aside);
	if (claimed) {
		crash_point("claim.after_commit");
		claimed->used = true;
	}
	tell(d, end, &v);
	if (v.stop)
		return err_set(e, (enum err_code)v.stop, "%s: %s",
			store_run_name(d->s, ended->attempt.job, run), v.text);
	if (claimed && claimed->reports)
		rc = segment_command_begin(&claimed->command, d->s, e);
	else if (claimed && claimed->is_aside)
		rc = aside_begin(&claimed->aside, d->s, e);
	if (rc)
		return rc;
	return claimed ? SCHED_TASK : d->retry.early ? SCHED_LATER : SCHED_NOTHING;
}

static void place(void *arg, int64_t where)
{
	struct dispatch *d = arg;

	d->where = where;
}

static int adopt(void *arg, struct sched_task *task, struct err *e)
{
	return dispatch_hand_out(arg, task, e);
}

void dispatch_init(struct dispatch *d, struct stage_ctx *stage,
	struct progress *progress, const char *logs)
{
	*d = (struct dispatch){ .stage = stage,
		.s = stage->s,
		.spec = stage->spec,
		.progress = progress,
		.logs = logs,
		.ops = { .turn = turn,
			.started = started,
			.epoch = on_epoch,
			.news = on_news,
			.tick = on_tick,
			.place = place,
			.adopt = adopt } };
	d->counts = plan_count(d->spec, &d->arena);
	d->accounts = NEW_ARRAY(&d->arena, struct account, stage->nlanes);
	d->retry.arena = &d->arena;
}

void dispatch_release(struct dispatch *d)
{
	for (struct dispatch_segment *g = d->segments; g; g = g->next) {
		segment_command_release(&g->command);
		aside_end(&g->aside);
	}
	arena_release(&d->arena);
}
