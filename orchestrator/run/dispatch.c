#include "orchestrator/run/dispatch.h"

#include <stdio.h>
#include <string.h>
#include "common/crash.h"
#include "common/log.h"
#include "common/store/store_winner.h"
#include "orchestrator/run/verdict.h"
#include "orchestrator/run/winner.h"

struct entry_waiting {
	int64_t job;
	int epochs; /* to its target */
	int lane; /* of a winner */
};

/* The pending jobs of one lane, first in, first out; and how fast they went. */
struct queue {
	struct entry_waiting *item;
	int head, count, capacity;
	double seconds, epochs; /* of ended segments */
};

/* What a slot is at. */
struct running {
	bool used;
	bool ahead; /* claimed, but not handed to the scheduler yet */
	int lane;
	int pid; /* 0: written down already */
	int epochs; /* that the progress still counts as open */
	struct attempt_row attempt;
	char log[1200];
};

static void on_pending(void *arg, int lane, int64_t job, int epochs)
{
	struct dispatch *d = arg;
	struct queue *q = &d->queues[lane];

	if (q->head == q->count)
		q->head = q->count = 0;
	(void)GROW(&d->arena, q->item, q->count, q->capacity);
	q->item[q->count++] = (struct entry_waiting){ job, epochs, lane };
	d->progress->segments_open++;
	d->progress->epochs_open += epochs;
}

static void on_winner(void *arg, int lane, int64_t job)
{
	struct dispatch *d = arg;
	struct queue *q = d->winners;

	if (q->head == q->count)
		q->head = q->count = 0;
	(void)GROW(&d->arena, q->item, q->count, q->capacity);
	q->item[q->count++] = (struct entry_waiting){ job, 0, lane };
	d->progress->segments_open++;
}

static void stage_name(
	const struct dispatch *d, int lane, const char *phase, char *buf, size_t size)
{
	const struct lane *l = &d->stage->lanes[lane];
	const struct variant *v = &d->spec->variants[l->variant];
	bool task = l->task >= 0 && l->units == 1;

	snprintf(buf, size, "%s%s%s%s%s%s%s", v->label, *v->label ? "  " : "",
		l->entry->label, task ? " " : "", task ? v->tasks[l->task].name : "",
		phase ? " " : "", phase ? phase : "");
}

static void on_stage(void *arg, int lane, const char *phase, const char *outcome)
{
	struct dispatch *d = arg;
	char name[128];

	stage_name(d, lane, phase, name, sizeof(name));
	progress_line(d->progress, name, outcome);
}

bool dispatch_has_work(const struct dispatch *d)
{
	for (int i = 0; i < d->stage->nlanes; i++)
		if (d->queues[i].head < d->queues[i].count)
			return true;
	return d->winners->head < d->winners->count;
}

/* What comes next. */

/* Seconds an epoch takes where a lane has not shown it: the mean of those that have. */
static double usual_rate(const struct dispatch *d)
{
	double seconds = 0;
	double epochs = 0;

	for (int i = 0; i < d->stage->nlanes; i++) {
		seconds += d->queues[i].seconds;
		epochs += d->queues[i].epochs;
	}
	return epochs > 0 ? seconds / epochs : 1;
}

/* The lane whose first job should start now; -1: nothing waits. */
static int pick_lane(const struct dispatch *d)
{
	double usual = usual_rate(d);
	double longest = -1;
	bool baseline = false;
	int best = -1;

	for (int i = 0; i < d->stage->nlanes; i++) {
		const struct queue *q = &d->queues[i];
		bool is_baseline = d->stage->lanes[i].task >= 0;
		double rate = q->epochs > 0 ? q->seconds / q->epochs : usual;
		double expected;

		if (q->head == q->count || (baseline && !is_baseline))
			continue;
		expected = q->item[q->head].epochs * rate;
		if (expected > longest || (is_baseline && !baseline)) {
			longest = expected;
			baseline = is_baseline;
			best = i;
		}
	}
	return best;
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

static struct running *free_slot(struct dispatch *d)
{
	for (int i = 0; i < d->workers; i++)
		if (!d->running[i].used)
			return &d->running[i];
	BUG("more tasks than slots");
}

static int fill_task(
	struct dispatch *d, struct running *r, struct sched_task *task, struct err *e)
{
	const struct attempt_row *a = &r->attempt;
	int rc;

	*task = (struct sched_task){ .job = a->job, .log = r->log, .data = r };
	memcpy(task->token, a->token, sizeof(a->token));
	snprintf(r->log, sizeof(r->log), "%s/%lld-%lld.log", d->logs, (long long)a->job,
		(long long)a->id);
	rc = time_limit(d, a, &task->limit_seconds, e);
	stage_name(d, r->lane, NULL, d->progress->stage, sizeof(d->progress->stage));
	d->progress->running++;
	return rc;
}

static void take_slot(struct running *r, const struct entry_waiting *w)
{
	r->used = r->ahead = true;
	r->pid = 0;
	r->lane = w->lane;
	r->epochs = w->epochs;
}

/* The first winner that still waits; as claim. */
static int claim_winner(struct dispatch *d, struct running **taken, struct err *e)
{
	struct queue *q = d->winners;

	while (q->head < q->count) {
		struct entry_waiting w = q->item[q->head++];
		struct running *r = free_slot(d);
		bool claimed;
		int rc;

		r->attempt = (struct attempt_row){
			.checkpoint_seconds = d->spec->checkpoint_minutes * 60
		};
		rc = store_winner_claim(
			d->s, d->stage->sweep, w.job, &r->attempt, &claimed, e);
		if (rc)
			return err_wrap(e, "claim winner %lld", (long long)w.job);
		if (claimed) {
			take_slot(r, &w);
			*taken = r;
			return OK;
		}
		d->progress->segments_open--;
	}
	return OK;
}

/* The first job that still waits, in a transaction; *taken is NULL where none does. */
static int claim(struct dispatch *d, struct running **taken, struct err *e)
{
	int lane;

	*taken = NULL;
	while ((lane = pick_lane(d)) >= 0) {
		struct queue *q = &d->queues[lane];
		struct entry_waiting w = q->item[q->head++];
		struct running *r = free_slot(d);
		bool claimed;
		int rc;

		r->attempt.checkpoint_seconds = d->spec->checkpoint_minutes * 60;
		r->attempt.keep = d->stage->winners;
		rc = store_job_claim(
			d->s, d->stage->sweep, w.job, &r->attempt, &claimed, e);
		if (rc)
			return err_wrap(e, "claim job %lld", (long long)w.job);
		if (claimed) {
			take_slot(r, &w);
			*taken = r;
			return OK;
		}
		d->progress->segments_open--; /* another membership was quicker */
		d->progress->epochs_open -= w.epochs;
	}
	return claim_winner(d, taken, e);
}

static int claim_alone(struct dispatch *d, struct running **taken, struct err *e)
{
	int rc;

	*taken = NULL;
	if (!dispatch_has_work(d))
		return OK;
	rc = store_begin(d->s, e);
	if (!rc)
		rc = claim(d, taken, e);
	if (!rc && *taken)
		rc = store_commit(d->s, e);
	if (rc || !*taken)
		store_rollback(d->s);
	return rc;
}

/* What the finish of another job claimed with it; NULL: nothing. */
static struct running *claimed_ahead(struct dispatch *d)
{
	for (int i = 0; i < d->workers; i++)
		if (d->running[i].ahead)
			return &d->running[i];
	return NULL;
}

static int next(void *arg, struct sched_task *task, struct err *e)
{
	struct dispatch *d = arg;
	struct running *r = claimed_ahead(d);
	int rc = OK;

	if (!r)
		rc = claim_alone(d, &r, e);
	if (rc || !r)
		return rc;
	crash_point("claim.after_commit");
	r->ahead = false;
	rc = fill_task(d, r, task, e);
	return rc ? rc : 1;
}

/* While they run. */

static void started(void *arg, const struct sched_task *task, int pid)
{
	struct dispatch *d = arg;
	struct running *r = task->data;

	r->pid = pid;
	progress_draw(d->progress, false);
}

static void on_epoch(void *arg, const struct sched_task *task, int epoch)
{
	struct dispatch *d = arg;
	struct running *r = task->data;

	(void)epoch;
	if (r->epochs > 0) {
		r->epochs--;
		d->progress->epochs_open--;
		d->progress->epochs_done++;
	}
	progress_draw(d->progress, false);
}

/*
 * Process ids of those that run longer than a tick, for `status`. They are no more than
 * a help: what fails here shows at the next claim.
 */
static void on_tick(void *arg)
{
	struct dispatch *d = arg;
	bool any = false;
	int rc = OK;

	progress_draw(d->progress, true);
	for (int i = 0; i < d->workers; i++)
		any |= d->running[i].used && d->running[i].pid;
	if (!any || store_begin(d->s, NULL))
		return;
	for (int i = 0; !rc && i < d->workers; i++) {
		struct running *r = &d->running[i];

		if (r->used && r->pid)
			rc = store_attempt_pid(d->s, r->attempt.id, r->pid, NULL);
		r->pid = 0;
	}
	if (rc || store_commit(d->s, NULL))
		store_rollback(d->s);
}

/* What an end does to its attempt and its job. */

static int end_attempt(struct dispatch *d, const struct running *r,
	const struct verdict *v, const struct sched_end *end, struct err *e)
{
	struct attempt_end row = { v->outcome, v->text, end->build, end->kernel_class,
		end->pid, end->seconds };

	return store_attempt_end(d->s, r->attempt.id, &row, e);
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

static void note_failure(struct dispatch *d, const struct running *r, struct verdict *v)
{
	char name[128];
	size_t n = strlen(v->text);

	if (v->charge == CHARGE_KILL)
		snprintf(v->text + n, sizeof(v->text) - n,
			" %d times without an epoch: is there enough memory for so "
			"many workers?",
			KILLS_MAX);
	stage_name(d, r->lane, r->attempt.evaluate ? "evaluate" : NULL, name,
		sizeof(name));
	if (d->failed++ == 0)
		snprintf(d->failure, sizeof(d->failure), "%s, job %lld: %s", name,
			(long long)r->attempt.job, v->text);
}

/* The job's own end, where this was it. */
static int end_job(struct dispatch *d, const struct running *r, struct job_row *job,
	struct verdict *v, struct err *e)
{
	enum job_outcome outcome = v->diverged ? JOB_DIVERGED : JOB_OPEN;
	bool over = false;
	int rc = OK;

	if (job->outcome != JOB_OPEN || v->stop)
		return OK;
	if (!v->diverged && job->epochs_done < r->attempt.stop_epoch)
		rc = used_up(d, &r->attempt, job->epochs_done, v, &over, e);
	if (over) {
		outcome = JOB_FAILED;
		note_failure(d, r, v);
	}
	if (rc || outcome == JOB_OPEN)
		return rc;
	job->outcome = outcome;
	return store_job_end(d->s, job->id, outcome, v->text, e);
}

static int finish(struct dispatch *d, const struct running *r,
	const struct sched_end *end, struct verdict *v, struct err *e)
{
	struct job_row job;
	int rc = store_job_refresh(d->s, r->attempt.job, &job, e);

	if (rc)
		return rc;
	*v = verdict_of(end, job.epochs_done >= r->attempt.stop_epoch);
	rc = end_attempt(d, r, v, end, e);
	if (!rc)
		rc = end_job(d, r, &job, v, e);
	if (!rc)
		rc = stage_learn(d->stage, &job, e);
	d->queues[r->lane].seconds += end->seconds;
	d->queues[r->lane].epochs += job.epochs_done - r->attempt.start_epoch;
	return rc;
}

/* The same for a winner: done, failed for good, or waiting again. */
static int finish_winner(struct dispatch *d, const struct running *r,
	const struct sched_end *end, struct verdict *v, struct err *e)
{
	const struct attempt_row *a = &r->attempt;
	bool complete = false;
	bool over = false;
	int rc = winner_complete(d->stage, a->job, a->stop_epoch, &complete, e);

	if (rc)
		return rc;
	*v = verdict_of(end, complete);
	if (v->diverged)
		v->charge = CHARGE_FINAL; /* it would again */
	rc = end_attempt(d, r, v, end, e);
	if (!rc && !complete && !v->stop)
		rc = used_up(d, a, a->start_epoch, v, &over, e);
	if (over)
		note_failure(d, r, v);
	if (!rc)
		rc = store_winner_end(d->s, d->stage->sweep, a->job,
			complete       ? "done"
				: over ? "failed"
				       : "pending",
			e);
	if (!rc && !complete && !over)
		on_winner(d, r->lane, a->job);
	return rc;
}

static int ended(void *arg, const struct sched_task *task, const struct sched_end *end,
	struct err *e)
{
	struct dispatch *d = arg;
	struct running *r = task->data;
	struct verdict v = { 0 };
	bool goes_on = end->why != SCHED_STOPPED && end->why != SCHED_NOT_STARTED;
	int rc = store_begin(d->s, e);

	d->progress->running--;
	d->progress->segments_open--;
	d->progress->segments_done++;
	d->progress->epochs_open -= r->epochs;
	r->used = false;
	if (!rc)
		rc = r->attempt.evaluate ? finish_winner(d, r, end, &v, e)
					 : finish(d, r, end, &v, e);
	if (!rc && goes_on && !v.stop)
		rc = claim(d, &r, e); /* often this slot: r is no longer the task's */
	crash_point("finish.before_commit");
	if (!rc)
		rc = store_commit(d->s, e);
	if (rc) {
		store_rollback(d->s);
		return err_wrap(e, "finish job %lld", (long long)task->job);
	}
	crash_point("finish.after_commit");
	if (v.text[0] && end->why != SCHED_STOPPED)
		log_warn("run", "job=%lld %s: %s", (long long)task->job, v.outcome,
			v.text);
	progress_draw(d->progress, false);
	return v.stop ? err_set(e, (enum err_code)v.stop, "job %lld: %s",
				(long long)task->job, v.text)
		      : OK;
}

void dispatch_init(struct dispatch *d, struct stage_ctx *stage,
	struct progress *progress, const char *logs, int workers)
{
	*d = (struct dispatch){ .stage = stage,
		.s = stage->s,
		.spec = stage->spec,
		.progress = progress,
		.logs = logs,
		.workers = workers,
		.ops = { next, started, on_epoch, ended, on_tick } };
	d->queues = NEW_ARRAY(&d->arena, struct queue, stage->nlanes);
	d->winners = NEW(&d->arena, struct queue);
	d->running = NEW_ARRAY(&d->arena, struct running, workers);
	stage->on_pending = on_pending;
	stage->on_winner = on_winner;
	stage->on_stage = on_stage;
	stage->arg = d;
}

/*
 * A run that stops between a finish and the start of what was claimed with it: that
 * attempt never began. Where this fails the next run takes it for lost.
 */
static void give_back(struct dispatch *d, struct running *r)
{
	const struct sched_task task = { .job = r->attempt.job, .data = r };
	const struct sched_end end = { .why = SCHED_STOPPED,
		.status = PROTO_INTERRUPTED };

	r->ahead = false;
	d->progress->running++;
	if (ended(d, &task, &end, NULL))
		log_warn("run", "job=%lld is still claimed", (long long)task.job);
}

void dispatch_release(struct dispatch *d)
{
	struct running *r;

	while ((r = claimed_ahead(d))) {
		d->progress->quiet = true;
		give_back(d, r);
	}
	arena_release(&d->arena);
}
