#include "common/log.h"
#include "worker/segment.h"

/*
 * The best of the epochs from..to by the sweep's rule: lowest validation loss for a
 * baseline, else lowest validation Δm. *epoch is 0 where nothing can be said (no baseline
 * yet, another protocol).
 */
static int best_of(
	struct segment *g, int from, int to, int *epoch, double *figure, struct err *e)
{
	const char *task = params_get(&g->job.params, "task");
	const struct arg *args = ARGS(INT(g->job.id), INT(from), INT(to), TEXT(task));
	const struct arg *three = ARGS(INT(g->job.id), INT(from), INT(to));
	struct rows r = rows_open(g->store, task ? STMT_KEEP_LOSS : STMT_KEEP_DELTA,
		task ? args : three, e);

	*epoch = 0;
	if (rows_next(&r)) {
		*epoch = rows_int(&r);
		*figure = rows_real(&r);
	}
	return rows_close(&r);
}

int keeper_begin(struct segment *g, struct err *e)
{
	struct keeper *k = &g->keeper;
	int best = 0;
	int rc;

	if (!g->job.keep)
		return OK;
	k->on = true;
	rc = checkpoint_init(&k->best, g->store->path, g->job.identity,
		train_kernel_class(&g->job.params), train_result_size(g->train),
		&g->arena, e);
	if (!rc)
		rc = checkpoint_for_result(&k->best, g->store->path, 0, e);
	if (!rc && g->done)
		rc = best_of(g, 1, g->done, &best, &k->figure, e);
	if (rc)
		return rc;
	k->known = best > 0;
	if (checkpoint_read(&k->best, &k->image_epoch, NULL) || k->image_epoch != best)
		k->image_epoch = 0;
	k->saved_epoch = k->image_epoch;
	return OK;
}

/* Whether g->done is the best so far. */
static bool is_best(struct segment *g)
{
	struct keeper *k = &g->keeper;
	int from = k->known ? g->done : 1;
	double figure = 0;
	int best = 0;

	if (best_of(g, from, g->done, &best, &figure, NULL) || !best)
		return !k->known && g->done == g->job.epochs;
	if (k->known && !(figure < k->figure))
		return false;
	k->known = true;
	k->figure = figure;
	return best == g->done;
}

void keeper_note(struct segment *g)
{
	struct keeper *k = &g->keeper;

	if (!k->on || !is_best(g))
		return;
	train_result_save(g->train, checkpoint_state(&k->best));
	k->image_epoch = g->done;
}

void keeper_save(struct segment *g)
{
	struct keeper *k = &g->keeper;
	struct err e = { 0 };

	if (!k->on || !k->image_epoch || k->image_epoch == k->saved_epoch)
		return;
	if (checkpoint_write(&k->best, k->image_epoch, &e))
		log_warn("worker", "the best parameters are not kept: %s", e.msg);
	else
		k->saved_epoch = k->image_epoch;
}

void keeper_remove(struct segment *g)
{
	if (g->keeper.on)
		checkpoint_remove(&g->keeper.best);
}
