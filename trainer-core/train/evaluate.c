#include "trainer-core/train/evaluate.h"

#include <string.h>

int watch_ask(const struct evaluate_watch *w, int epoch, struct err *e)
{
	if (w->on_step && w->on_step(w->arg))
		return err_set(e, ERR_INTERRUPTED, "stopped in epoch %d", epoch);
	return OK;
}

/* Criteria of a task that add the same way stand together in the table. */
static bool shares_meter(const struct batch_task *task, int m)
{
	return m > 0 && task->metric[m]->add == task->metric[m - 1]->add;
}

static size_t meter_doubles(const struct batch_task *task, int m)
{
	return metric_doubles(task->metric[m], task->shape.C, task->shape.S);
}

void evaluator_build(struct evaluator *v, struct batch *b, struct arena *a)
{
	v->batch = b;
	v->meter = arena_alloc(a, (size_t)b->K, sizeof(*v->meter));
	for (int k = 0; k < b->K; k++)
		for (int m = 0; m < b->task[k].metrics; m++)
			v->meter[k][m] = shares_meter(&b->task[k], m)
				? v->meter[k][m - 1]
				: NEW_ARRAY(a, double, meter_doubles(&b->task[k], m));
}

static void clear_meters(struct evaluator *v)
{
	const struct dataset *d = v->batch->data;

	for (int k = 0; k < v->batch->K; k++) {
		const struct batch_task *task = &v->batch->task[k];
		int width = d->split[SPLIT_TRAIN].target[task->column].w;

		for (int m = 0; m < task->metrics; m++) {
			memset(v->meter[k][m], 0,
				meter_doubles(task, m) * sizeof(double));
			if (task->metric[m]->start)
				task->metric[m]->start(v->meter[k][m], width);
		}
	}
}

static void meter_batch(struct evaluator *v, int k)
{
	const struct batch_task *task = &v->batch->task[k];
	const struct loss_shape shape = batch_shape(v->batch, k);

	for (int m = 0; m < task->metrics; m++)
		if (!shares_meter(task, m))
			task->metric[m]->add(v->meter[k][m], &shape,
				graph_prediction(v->batch->graph, k), task->target);
}

static int put_task(struct evaluator *v, enum split split, int k, struct loss_sum loss,
	struct row_sheet *rows, struct err *e)
{
	const struct batch_task *task = &v->batch->task[k];
	const char *of = split_names[split];
	int rc;

	if (loss.count == 0) /* a mean over nothing is no figure */
		return OK;
	rc = rows_put(rows, of, task->info.name, "loss", loss_mean(loss), e);
	for (int m = 0; !rc && m < task->metrics; m++)
		rc = rows_put(rows, of, task->info.name, task->metric_name[m],
			task->metric[m]->value(v->meter[k][m], task->shape.C), e);
	return rc;
}

int evaluate(struct evaluator *v, enum split split, const struct evaluate_watch *w,
	struct row_sheet *rows, struct err *e)
{
	struct batch *b = v->batch;
	int samples = b->data->split[split].n;
	struct loss_sum loss[TASKS_MAX] = { 0 };
	int rc = OK;

	clear_meters(v);
	graph_evaluate(b->graph);
	for (int at = 0; !rc && at < samples; at += b->capacity) {
		int n = samples - at < b->capacity ? samples - at : b->capacity;

		rc = batch_load_split(b, split, at, n, e);
		if (rc)
			return rc;
		graph_forward(b->graph);
		for (int k = 0; k < b->K; k++) {
			struct loss_sum sum = batch_loss(b, k, false);

			loss[k].sum += sum.sum;
			loss[k].count += sum.count;
			meter_batch(v, k);
		}
		rc = watch_ask(w, rows->rows.epoch, e);
	}
	for (int k = 0; !rc && k < b->K; k++)
		rc = put_task(v, split, k, loss[k], rows, e);
	return rc;
}
