#include "worker/segment.h"

#include <string.h>
#include "common/clock.h"
#include "common/crash.h"
#include "common/log.h"
#include "common/store/store_metric.h"
#include "common/store/transaction.h"
#include "worker/label.h"
#include "worker/pipe.h"
#include "worker/spent.h"
#include "worker/stop.h"

int segment_on_step(void *arg)
{
	(void)arg;
	crash_point("epoch.mid");
	return stop_wanted();
}

int segment_interrupted(const struct segment *g, struct err *e)
{
	return err_set(e, ERR_INTERRUPTED, "stopped after epoch %d", g->done);
}

/*
 * A checkpoint ahead of the rows (a database put back) would leave a hole in them, one
 * beyond the segment cannot be gone back from.
 */
static int usable_checkpoint(struct segment *g, int *epoch, struct err *e)
{
	int rc = checkpoint_read(&g->checkpoint, epoch, e);

	if (!rc && *epoch > g->job.stop_epoch)
		rc = err_set(e, ERR_CHECKPOINT, "%s: of epoch %d, beyond %d",
			g->checkpoint.path, *epoch, g->job.stop_epoch);

	/* A report is read by deltam, which sees a hole there, too. */
	if (!rc && g->store && *epoch > g->job.rows_epoch)
		rc = err_set(e, ERR_CHECKPOINT,
			"%s: of epoch %d, but the database ends at %d",
			g->checkpoint.path, *epoch, g->job.rows_epoch);
	return rc;
}

int segment_resume(struct segment *g, struct err *e)
{
	int epoch = 0;
	int rc = checkpoint_init(&g->checkpoint, g->store ? g->store->path : "",
		g->job.identity, train_kernel_class(&g->job.params),
		train_state_size(g->train), &g->arena, e);

	if (!rc && g->lines)
		rc = checkpoint_in_folder(&g->checkpoint, g->lines->state, e);
	if (rc)
		return rc;
	rc = usable_checkpoint(g, &epoch, e);
	if (rc == ERR_CHECKPOINT) {
		log_warn("worker", "checkpoint refused, starting over: %s", e->msg);
		checkpoint_remove(&g->checkpoint);
		return OK;
	}
	if (rc || epoch == 0)
		return rc;
	rc = train_state_load(g->train, checkpoint_state(&g->checkpoint),
		g->checkpoint.state_size, e);
	if (!rc && train_epochs_done(g->train) != epoch)
		rc = err_set(e, ERR_CHECKPOINT, "%s: of epoch %d, with a state of %d",
			g->checkpoint.path, epoch, train_epochs_done(g->train));
	if (rc) {
		checkpoint_remove(&g->checkpoint); /* the next attempt starts over */
		return rc;
	}
	g->done = g->image_epoch = g->saved_epoch = epoch;
	return OK;
}

/* The data set that the job was planned with, every byte of it. */
static int open_data(struct segment *g, struct err *e)
{
	int rc = dataset_open(&g->job.params, &g->arena, &g->data, e);

	return rc ? rc : dataset_verify(&g->data, e);
}

/* A cache that was removed or changed while the sweep runs is composed again. */
static int open_or_compose_data(struct segment *g, struct err *e)
{
	int rc = open_data(g, e);

	if (rc != ERR_DATA)
		return rc;
	log_warn("worker", "%s; it is composed again", e->msg);
	dataset_close(&g->data);
	rc = dataset_prepare(&g->job.params, &winner_labeller, &g->arena, &g->data, e);
	if (rc)
		return rc;
	dataset_close(&g->data);
	return open_data(g, e);
}

int segment_data_is_right(struct segment *g, struct err *e)
{
	if (!dataset_touched(&g->data))
		return OK;
	return err_set(e, ERR_FAILED,
		"%s was written to while it was trained on: nothing of this epoch is "
		"kept",
		g->data.path);
}

int segment_open(struct segment *g, const struct segment_args *args, struct err *e)
{
	int rc = open_or_compose_data(g, e);

	if (rc)
		return rc;
	rc = train_new(&g->train, &g->job.params, &g->data, &g->arena, e);
	if (rc)
		return rc;
	pipe_hello(train_kernel_class(&g->job.params), args->build);
	g->saved_at = clock_seconds();
	return OK;
}

/* A line is there whole, and synced, before any state is behind it. */
static int report_epoch(struct segment *g, const struct epoch_rows *rows, struct err *e)
{
	int rc = segment_data_is_right(g, e);

	crash_point("commit.before");
	if (!rc)
		rc = lines_epoch(g->lines, rows, e);
	crash_point("commit.after");
	return rc;
}

/* The whole epoch or nothing, and nothing without a valid token. */
static int commit_epoch(struct segment *g, const struct epoch_rows *rows, struct err *e)
{
	struct store *s = g->store;
	int rc = store_begin(s, e);

	if (!rc)
		rc = segment_data_is_right(g, e);
	if (!rc)
		rc = store_metric_check_token(s, g->job.id, g->job.token, e);
	if (!rc)
		rc = store_metric_set_class(
			s, g->job.id, train_kernel_class(&g->job.params), e);
	if (!rc)
		rc = store_metrics_put(
			s, g->job.id, rows->epoch, rows->metric, rows->metrics, e);
	if (!rc)
		rc = store_weights_put(
			s, g->job.id, rows->epoch, rows->weight, rows->weights, e);
	if (!rc)
		crash_point("commit.before");
	rc = store_end(s, rc, e);
	if (!rc)
		crash_point("commit.after");
	return rc;
}

/* A checkpoint that cannot be written costs time later, and nothing else. */
static void save(struct segment *g)
{
	struct err e = { 0 };

	keeper_save(g);
	if (g->image_epoch == g->saved_epoch)
		return;
	if (checkpoint_write(&g->checkpoint, g->image_epoch, &e))
		log_warn("worker", "no checkpoint: %s", e.msg);
	else
		g->saved_epoch = g->image_epoch;
	g->saved_at = clock_seconds();
}

/* Epoch g->done is committed: keep its state, on disk when it is time. */
static void keep(struct segment *g)
{
	keeper_note(g);
	if (g->done == g->job.epochs)
		return;
	train_state_save(g->train, checkpoint_state(&g->checkpoint));
	g->image_epoch = g->done;
	if (g->done == g->job.stop_epoch ||
		clock_seconds() - g->saved_at >= g->job.checkpoint_seconds)
		save(g);
}

int segment_train_one(struct segment *g, struct err *e)
{
	const struct epoch_rows *rows;
	int rc;

	if (stop_wanted())
		return segment_interrupted(g, e);
	rc = train_epoch(g->train, segment_on_step, NULL, &rows, e);
	if (rc == ERR_INTERRUPTED)
		return segment_interrupted(g, e);
	if (!rc)
		rc = g->lines ? report_epoch(g, rows, e) : commit_epoch(g, rows, e);
	if (rc == ERR_DIVERGED)
		pipe_diverged(g->done + 1, e->msg);
	if (rc)
		return rc;
	g->done++;
	spent_epoch();
	if (g->lines)
		pipe_news();
	else
		pipe_epoch(g->done);
	keep(g);
	return OK;
}

/* As long as the segment is ours; a folder that is not is gone. */
void segment_save(struct segment *g)
{
	struct err ignored;
	bool ours;

	ours = !g->store ||
		!store_metric_check_token(g->store, g->job.id, g->job.token, &ignored);
	if (ours)
		save(g);
}
