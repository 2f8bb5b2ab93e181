#include "orchestrator/run/dispatch_segment.h"

#include <stdio.h>
#include <string.h>
#include "common/store/run_name.h"
#include "common/store/store_winner.h"

/* Returns a segment that has ended and serves again, or a new one. */
static struct dispatch_segment *free_segment(struct dispatch *d)
{
	struct dispatch_segment *g = d->segments;

	while (g && g->used)
		g = g->next;
	if (!g) {
		g = NEW(&d->arena, struct dispatch_segment);
		g->next = d->segments;
		d->segments = g;
	}
	return g;
}

void dispatch_stage_name(
	const struct dispatch *d, int lane, const char *phase, char *buf, size_t size)
{
	const struct lane *l = &d->stage->lanes[lane];
	const struct spec_variant *v = &d->spec->variants[l->variant];
	bool task = l->task >= 0 && l->units == 1;

	snprintf(buf, size, "%s%s%s%s%s%s%s", v->label, *v->label ? "  " : "",
		l->entry->label, task ? " " : "", task ? v->tasks[l->task].name : "",
		phase ? " " : "", phase ? phase : "");
}

/* What waits for a worker. */
struct candidate {
	int lane; /* -1: nothing does */
	int64_t job;
	bool winner;
};

/* Seconds an epoch takes where a lane has not shown it: the mean of those that have. */
static double usual_rate(const struct dispatch *d)
{
	double seconds = 0;
	double epochs = 0;

	for (int i = 0; i < d->stage->nlanes; i++) {
		seconds += d->accounts[i].seconds;
		epochs += d->accounts[i].epochs;
	}
	return epochs > 0 ? seconds / epochs : 1;
}

/* The first job of the lane that should start now. */
static int pick_job(struct dispatch *d, const struct store_filter *filter,
	struct candidate *best, struct err *e)
{
	double usual = usual_rate(d);
	double longest = -1;
	bool baseline = false;
	int rc = OK;

	for (int i = 0; !rc && i < d->stage->nlanes; i++) {
		const struct account *x = &d->accounts[i];
		bool is_baseline = d->stage->lanes[i].task >= 0;
		double expected;
		int64_t job;
		int epochs;
		bool found;

		if (baseline && !is_baseline)
			continue;
		rc = stage_first_pending(d->stage, i, filter, &job, &epochs, &found, e);
		if (rc || !found)
			continue;
		expected = epochs * (x->epochs > 0 ? x->seconds / x->epochs : usual);
		if (expected > longest || (is_baseline && !baseline)) {
			longest = expected;
			baseline = is_baseline;
			*best = (struct candidate){ i, job, false };
		}
	}
	return rc;
}

static int pick_winner(struct dispatch *d, const struct store_filter *filter,
	struct candidate *best, struct err *e)
{
	int64_t stage;
	bool found;
	int rc = store_winner_pending(
		d->s, d->stage->sweep, filter, &stage, &best->job, &found, e);

	if (rc || !found)
		return rc;
	best->lane = stage_lane(d->stage, stage);
	best->winner = true;
	return OK;
}

/* What job_minutes leaves of this job; 0: no limit. */
static int time_limit(struct dispatch *d, const struct attempt_row *attempt,
	double *seconds, struct err *e)
{
	double used = 0;
	int rc;

	*seconds = 0;
	if (d->spec->job_minutes <= 0)
		return OK;
	rc = store_attempt_seconds(d->s, attempt, d->since, &used, e);
	*seconds = d->spec->job_minutes * 60 - used;
	if (*seconds < 1)
		*seconds = 1;
	return rc;
}

/* Where the worker's words go: a file that people find by the run's name. */
static void name_log(struct dispatch *d, struct dispatch_segment *g)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	char run[RUN_NAME_MAX];
	char name[RUN_NAME_MAX];

	snprintf(name, sizeof(name), "%.150s",
		store_run_name(d->s, g->attempt.job, run));
	for (char *p = name; *p; p++)
		if (!strchr(plain, *p))
			*p = '_';
	snprintf(g->log, sizeof(g->log), "%s/%s-%lld.log", d->logs, name,
		(long long)g->attempt.id);
}

static int fill_task(struct dispatch *d, struct dispatch_segment *g,
	struct sched_task *task, struct err *e)
{
	const struct attempt_row *a = &g->attempt;

	*task = (struct sched_task){
		.job = a->job, .log = g->log, .data = g, .where = a->pilot
	};
	memcpy(task->token, a->token, sizeof(a->token));
	task->slots = d->stage->lanes[g->lane].entry->slots;
	if (d->accounts[g->lane].epochs > 0)
		task->expected_seconds = (a->stop_epoch - a->start_epoch) *
			d->accounts[g->lane].seconds / d->accounts[g->lane].epochs;
	name_log(d, g);
	dispatch_stage_name(
		d, g->lane, NULL, d->progress->stage, sizeof(d->progress->stage));
	task->quiet_seconds = d->spec->silent_minutes * 60;
	if (g->reports)
		segment_command_task(&g->command, d->command,
			d->places ? places_devices(
					    d->places, &g->place, &g->command.arena)
				  : NULL,
			task);
	if (g->is_aside)
		aside_task(&g->aside, a, task);
	return time_limit(d, a, &task->limit_seconds, e);
}

static int claim_command(struct dispatch *d, struct dispatch_segment *g, struct err *e)
{
	const struct lane *l = &d->stage->lanes[g->lane];

	return segment_command_claim(&g->command, d->s, d->command, d->spec,
		&d->spec->variants[l->variant], l->entry, &g->attempt, d->since, e);
}

/*
 * Takes the slots of a segment of the lane. Where they are not free nothing else starts
 * either, so that small segments cannot keep a large one waiting for ever.
 */
static bool take_place(struct dispatch *d, int lane, struct places_taken *place)
{
	*place = (struct places_taken){ 0 };
	return !d->places ||
		places_take(d->places, d->stage->lanes[lane].entry->slots, place);
}

int dispatch_claim(struct dispatch *d, struct sched_task *task,
	struct dispatch_segment **claimed, struct err *e)
{
	const struct store_filter filter = { retry_may, &d->retry };
	struct candidate c = { .lane = -1 };
	struct dispatch_segment *g = free_segment(d);
	struct places_taken place;
	bool there = false;
	int rc = pick_job(d, &filter, &c, e);

	if (!rc && c.lane < 0 && !d->train_only)
		rc = pick_winner(d, &filter, &c, e);
	if (rc || c.lane < 0 || !take_place(d, c.lane, &place))
		return rc;
	segment_command_release(&g->command);
	*g = (struct dispatch_segment){
		.next = g->next, .lane = c.lane, .place = place
	};
	g->attempt.checkpoint_seconds = d->spec->checkpoint_minutes * 60;
	g->attempt.keep = d->stage->winners && !c.winner;
	g->attempt.pilot = d->where;
	g->began = retry_begin(&d->retry, c.job);
	rc = (c.winner ? store_winner_claim : store_job_claim)(
		d->s, d->stage->sweep, c.job, &g->attempt, &there, e);
	ASSERT(rc || there);
	g->reports = d->command && !c.winner;
	g->is_aside = c.winner && d->s->network;
	if (!rc && g->reports)
		rc = claim_command(d, g, e);
	if (!rc && g->is_aside)
		rc = aside_make(&g->aside, d->worker, d->s->path, e);
	if (!rc)
		rc = fill_task(d, g, task, e);
	*claimed = g;
	return rc;
}

/* What a predecessor began elsewhere. */

/* The lane of a job that is at work; -1: no stage of this sweep has it. */
static int lane_of_job(struct dispatch *d, int64_t job, int *lane, struct err *e)
{
	struct arena a = { 0 };
	struct member_row *rows;
	int n = 0;
	int rc = store_member_of_job(d->s, job, &a, &rows, &n, e);

	*lane = -1;
	for (int i = 0; !rc && i < n && *lane < 0; i++)
		if (rows[i].sweep == d->stage->sweep && rows[i].state == MEMBER_RUNNING)
			*lane = stage_lane(d->stage, rows[i].stage);
	arena_release(&a);
	return rc;
}

int dispatch_adopt(struct dispatch *d, const struct adopt_row *row, struct err *e)
{
	struct dispatch_segment *g = free_segment(d);
	int lane;
	int rc = lane_of_job(d, row->attempt.job, &lane, e);

	if (rc || lane < 0)
		return rc;
	*g = (struct dispatch_segment){ .next = g->next,
		.used = true,
		.adopted = true,
		.lane = lane,
		.reports = true,
		.attempt = row->attempt };
	g->began = retry_begin(&d->retry, row->attempt.job);
	rc = claim_command(d, g, e);
	if (!rc)
		rc = segment_command_resume(&g->command, d->s, row, e);
	return rc;
}

int dispatch_hand_out(struct dispatch *d, struct sched_task *task, struct err *e)
{
	struct dispatch_segment *g = d->segments;
	int rc;

	while (g && !g->adopted)
		g = g->next;
	if (!g)
		return SCHED_NOTHING;
	g->adopted = false;
	rc = fill_task(d, g, task, e);
	return rc ? rc : SCHED_TASK;
}
