#include "orchestrator/run/dispatch.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include "common/crash.h"
#include "common/log.h"
#include "common/store/copy.h"
#include "common/store/run_name.h"
#include "common/store/store_winner.h"
#include "common/store/transaction.h"
#include "orchestrator/reuse/aside.h"
#include "orchestrator/segment/segment_command.h"
#include "orchestrator/segment/verdict.h"
#include "orchestrator/stage/direction.h"
#include "orchestrator/stage/winner.h"

/* What the ended segments of a lane came to in this run. */
struct account {
	double seconds, epochs; /* of training */
	bool directions; /* of its criteria have been looked at */
};

/* A segment from its claim to its end. */
struct dispatch_segment {
	struct dispatch_segment *next; /* in the list of all */
	bool used;
	bool adopted; /* and not handed out yet */
	int lane;
	int pid; /* 0: written down already */
	int epochs; /* that another trainer has reported */
	struct retry_mark began;
	struct attempt_row attempt;
	char log[1200];
	struct places_taken place;
	struct segment_command command; /* of another trainer */
	struct aside aside; /* of a winner, where the database is ours alone */
};

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

static void stage_name(
	const struct dispatch *d, int lane, const char *phase, char *buf, size_t size)
{
	const struct lane *l = &d->stage->lanes[lane];
	const struct spec_variant *v = &d->spec->variants[l->variant];
	bool task = l->task >= 0 && l->units == 1;

	snprintf(buf, size, "%s%s%s%s%s%s%s", v->label, *v->label ? "  " : "",
		l->entry->label, task ? " " : "", task ? v->tasks[l->task].name : "",
		phase ? " " : "", phase ? phase : "");
}

/* What comes next. */

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

/* Whether a segment has a report; winners are always evaluated on the database. */
static bool reports(const struct dispatch *d, const struct dispatch_segment *g)
{
	return d->command && !g->attempt.evaluate;
}

/* Whether a winner's worker cannot have the database, and gets a copy. */
static bool is_aside(const struct dispatch *d, const struct dispatch_segment *g)
{
	return g->attempt.evaluate && d->s->network;
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
	name_log(d, g);
	stage_name(d, g->lane, NULL, d->progress->stage, sizeof(d->progress->stage));
	task->quiet_seconds = d->spec->silent_minutes * 60;
	if (reports(d, g))
		segment_command_task(&g->command, d->command,
			d->places ? places_devices(
					    d->places, &g->place, &g->command.arena)
				  : NULL,
			task);
	if (is_aside(d, g))
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

/* What should start now becomes a segment; *claimed is NULL where nothing may. */
static int claim(struct dispatch *d, struct sched_task *task,
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
	if (!rc && reports(d, g))
		rc = claim_command(d, g, e);
	if (!rc && is_aside(d, g))
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
		.attempt = row->attempt };
	g->began = retry_begin(&d->retry, row->attempt.job);
	rc = claim_command(d, g, e);
	if (!rc)
		rc = segment_command_resume(&g->command, d->s, row, e);
	return rc;
}

static void place(void *arg, int64_t where)
{
	struct dispatch *d = arg;

	d->where = where;
}

static int adopt(void *arg, struct sched_task *task, struct err *e)
{
	struct dispatch *d = arg;
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

/* What an end does to its attempt and its job. */

static int end_attempt(struct dispatch *d, const struct dispatch_segment *g,
	const struct verdict *v, const struct sched_end *end, struct err *e)
{
	const struct follow *f = &g->command.follow;
	struct attempt_end row = { v->outcome, v->text,
		reports(d, g) ? f->software : end->build,
		reports(d, g) ? f->device : end->kernel_class, end->pid, end->seconds,
		end->spent ? end->cpu_seconds : (double)NAN, end->peak_bytes };

	return store_attempt_end(d->s, g->attempt.id, &row, e);
}

/*
 * Whether the job has used up its attempts from `from` (an epoch) on; the one that just
 * ended counts.
 */
static int used_up(struct dispatch *d, const struct attempt_row *attempt, int from,
	const struct verdict *v, bool *over, struct err *e)
{
	int n = 0;
	int most = v->charge == CHARGE_KILL ? KILLS_MAX : d->spec->retries + 1;
	int rc;

	*over = v->charge == CHARGE_FINAL;
	if (v->charge != CHARGE_RETRY && v->charge != CHARGE_KILL)
		return OK;
	rc = store_attempt_count(d->s, attempt, d->since, from, v->outcome, &n, e);
	*over = n >= most;
	return rc;
}

static void note_failure(
	struct dispatch *d, const struct dispatch_segment *g, struct verdict *v)
{
	char name[RUN_NAME_MAX];
	size_t n = strlen(v->text);

	retry_forget(&d->retry, g->attempt.job);
	if (v->charge == CHARGE_KILL)
		snprintf(v->text + n, sizeof(v->text) - n,
			" %d times without an epoch: is there enough memory for so "
			"many workers?",
			KILLS_MAX);
	if (d->failed++ == 0)
		snprintf(d->failure, sizeof(d->failure), "%s: %s",
			store_run_name(d->s, g->attempt.job, name), v->text);
}

/* Whether anybody else is at work. */
static bool alone(const struct dispatch *d, const struct dispatch_segment *g)
{
	for (const struct dispatch_segment *x = d->segments; x; x = x->next)
		if (x->used && x != g)
			return false;
	return true;
}

/*
 * When the job may be tried again, and the others. gained: an epoch, or all that the
 * segment was for. Where nothing ever worked, no retry helps, and the run stops.
 */
static void note_worth(struct dispatch *d, const struct dispatch_segment *g,
	bool gained, struct verdict *v)
{
	char why[sizeof(v->text)];

	if (gained || v->diverged) {
		retry_worth(&d->retry, g->attempt.job);
		return;
	}
	if (v->charge != CHARGE_RETRY && v->charge != CHARGE_KILL)
		return;
	retry_in_vain(&d->retry, g->attempt.job, g->began, v->died);
	if (v->stop || !retry_hopeless(&d->retry) || !alone(d, g))
		return;
	v->stop = ERR_SYS;
	snprintf(why, sizeof(why), "%s", v->text);
	snprintf(v->text, sizeof(v->text),
		"no worker has come to the end of an epoch, in %d rounds of attempts; "
		"the last: %.*s. Is there enough memory, and does deltam-worker start?",
		RETRY_ROUNDS_MAX, PROTO_LINE_MAX - 120, why);
}

/* The job's own end, where this was it. */
static int end_job(struct dispatch *d, const struct dispatch_segment *g,
	struct job_row *job, struct verdict *v, struct err *e)
{
	enum job_outcome outcome = v->diverged ? JOB_DIVERGED : JOB_OPEN;
	bool over = false;
	int rc = OK;

	if (job->outcome != JOB_OPEN || v->stop)
		return OK;
	/* A report out of form is no result, however far it came. */
	if (!v->diverged &&
		(job->epochs_done < g->attempt.stop_epoch ||
			g->command.follow.state == FOLLOW_FAULT))
		rc = used_up(d, &g->attempt, job->epochs_done, v, &over, e);
	if (over) {
		outcome = JOB_FAILED;
		note_failure(d, g, v);
	}
	if (rc || outcome == JOB_OPEN)
		return rc;
	job->outcome = outcome;
	return store_job_end(d->s, job->id, outcome, v->text, e);
}

static int finish_job(struct dispatch *d, struct dispatch_segment *g,
	const struct sched_end *end, struct verdict *v, struct err *e)
{
	struct job_row job;
	int rc = reports(d, g) ? follow_read(&g->command.follow, e) : OK;

	if (!rc && reports(d, g) && end->why == SCHED_EXITED &&
		end->status == PROTO_DONE)
		rc = follow_end(&g->command.follow, e);
	if (!rc)
		rc = store_job_refresh(d->s, g->attempt.job, &job, e);
	if (rc)
		return rc;
	*v = verdict_of(end, job.epochs_done >= g->attempt.stop_epoch);
	if (reports(d, g))
		segment_command_judge(&g->command, g->log, v);
	note_worth(d, g, job.epochs_done > g->attempt.start_epoch, v);
	rc = end_attempt(d, g, v, end, e);
	if (!rc)
		rc = end_job(d, g, &job, v, e);
	if (!rc)
		rc = stage_learn(d->stage, &job, e);
	d->accounts[g->lane].seconds += end->seconds;
	d->accounts[g->lane].epochs += job.epochs_done - g->attempt.start_epoch;
	g->command.ended = job.outcome == JOB_DONE || job.outcome == JOB_DIVERGED;
	return rc;
}

/* The same for a winner: done, failed for good, or waiting again. */
static int finish_winner(struct dispatch *d, const struct dispatch_segment *g,
	const struct sched_end *end, struct verdict *v, struct err *e)
{
	const struct attempt_row *a = &g->attempt;
	bool complete = false;
	bool over = false;
	int rc = is_aside(d, g) ? aside_take(&g->aside, d->s, a, e) : OK;

	if (!rc)
		rc = winner_complete(d->stage, a->job, a->stop_epoch, &complete, e);
	if (rc)
		return rc;
	*v = verdict_of(end, complete);
	if (v->diverged)
		v->charge = CHARGE_FINAL; /* it would again */
	note_worth(d, g, complete, v);
	rc = end_attempt(d, g, v, end, e);
	if (!rc && !complete && !v->stop)
		rc = used_up(d, a, a->start_epoch, v, &over, e);
	if (over)
		note_failure(d, g, v);
	if (!rc)
		rc = store_winner_end(d->s, d->stage->sweep, a->job,
			complete       ? "done"
				: over ? "failed"
				       : "pending",
			e);
	return rc;
}

static int finish(struct dispatch *d, const struct sched_end *end, struct verdict *v,
	struct err *e)
{
	struct dispatch_segment *g = end->task->data;

	return g->attempt.evaluate ? finish_winner(d, g, end, v, e)
				   : finish_job(d, g, end, v, e);
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

		stage_name(d, x->lane, x->phase, name, sizeof(name));
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
		rc = finish(d, end, v, e);
	if (!rc && next && !v->stop)
		rc = claim(d, next, claimed, e);
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
	if (ended && reports(d, ended))
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
	if (claimed && reports(d, claimed))
		rc = segment_command_begin(&claimed->command, d->s, e);
	else if (claimed && is_aside(d, claimed))
		rc = aside_begin(&claimed->aside, d->s, e);
	if (rc)
		return rc;
	return claimed ? SCHED_TASK : d->retry.early ? SCHED_LATER : SCHED_NOTHING;
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
