#include "orchestrator/run/dispatch_segment.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include "common/store/run_name.h"
#include "common/store/store_winner.h"
#include "orchestrator/stage/winner.h"

static int end_attempt(struct dispatch *d, const struct dispatch_segment *g,
	const struct verdict *v, const struct sched_end *end, struct err *e)
{
	const struct follow *f = &g->command.follow;
	struct attempt_end row = { v->outcome, v->text,
		g->reports ? f->software : end->build,
		g->reports ? f->device : end->kernel_class, end->pid, end->seconds,
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
	int rc = g->reports ? follow_read(&g->command.follow, e) : OK;

	if (!rc && g->reports && end->why == SCHED_EXITED && end->status == PROTO_DONE)
		rc = follow_end(&g->command.follow, e);
	if (!rc)
		rc = store_job_refresh(d->s, g->attempt.job, &job, e);
	if (rc)
		return rc;
	*v = verdict_of(end, job.epochs_done >= g->attempt.stop_epoch);
	if (g->reports)
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
	int rc = g->is_aside ? aside_take(&g->aside, d->s, a, e) : OK;

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

int dispatch_end(struct dispatch *d, const struct sched_end *end, struct verdict *v,
	struct err *e)
{
	struct dispatch_segment *g = end->task->data;

	return g->attempt.evaluate ? finish_winner(d, g, end, v, e)
				   : finish_job(d, g, end, v, e);
}
