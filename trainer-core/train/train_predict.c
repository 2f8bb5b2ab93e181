/*
 * Predictions in the form of targets.
 */
#include <math.h>
#include <string.h>
#include "trainer-core/train/job.h"

/* Writes the probabilities of pixel i, out[c * S + i]; returns the largest. */
static double shares_of(
	const struct loss_shape *s, const float *score, int i, float *out)
{
	double top = (double)score[i], sum = 0;

	for (int c = 1; c < s->C; c++)
		top = fmax(top, (double)score[c * s->S + i]);
	for (int c = 0; c < s->C; c++)
		sum += exp((double)score[c * s->S + i] - top);
	for (int c = 0; out && c < s->C; c++)
		out[c * s->S + i] =
			(float)(exp((double)score[c * s->S + i] - top) / sum);
	return 1 / sum;
}

/* One sample; score (C, S), out (S). */
static void classes(
	const struct loss_shape *s, double confidence, const float *score, float *out)
{
	for (int i = 0; i < s->S; i++) {
		int best = 0;

		for (int c = 1; c < s->C; c++)
			if (score[c * s->S + i] > score[best * s->S + i])
				best = c;
		out[i] = (float)best;
		if (confidence > 0 && !(shares_of(s, score, i, NULL) >= confidence))
			out[i] = -1;
	}
}

/* v and out (C, S): every pixel's vector at unit length; zero stays. */
static void unit_vectors(const struct loss_shape *s, const float *v, float *out)
{
	for (int i = 0; i < s->S; i++) {
		double square = 0;

		for (int c = 0; c < s->C; c++)
			square += (double)v[c * s->S + i] * (double)v[c * s->S + i];
		for (int c = 0; c < s->C; c++)
			out[c * s->S + i] = square > 0
				? (float)((double)v[c * s->S + i] / sqrt(square))
				: 0;
	}
}

static void as_target(const struct batch_task *task, const struct predict_form *form,
	const float *prediction, float *out)
{
	const struct loss_shape *s = &task->shape;
	bool shares = form->shares || task->info.loss == LOSS_SOFT_CE;

	for (int i = 0; shares && i < s->S; i++)
		(void)shares_of(s, prediction, i, out);
	if (shares)
		return;
	switch (task->info.kind) {
	case TASK_CLASS:
	case TASK_SEG:
		classes(s, form->confidence, prediction, out);
		break;
	case TASK_BINARY:
	case TASK_EDGES:
		for (int i = 0; i < s->C * s->S; i++)
			out[i] = prediction[i] > 0;
		break;
	case TASK_NORMAL:
		unit_vectors(s, prediction, out);
		break;
	case TASK_SOFT:
	case TASK_SOFT_MAP: /* shares, above */
		break;
	case TASK_REGRESS:
	case TASK_DEPTH:
	case TASK_VECTOR:
		memcpy(out, prediction, sizeof(float) * (size_t)(s->C * s->S));
		break;
	}
}

static int find(const struct batch *b, const char *task)
{
	for (int k = 0; k < b->K; k++)
		if (!strcmp(b->task[k].info.name, task))
			return k;
	return -1;
}

int train_tasks(const struct train *t, int column[TASKS_MAX])
{
	for (int k = 0; k < t->batch.K; k++)
		column[k] = t->batch.task[k].column;
	return t->batch.K;
}

int train_predict(struct train *t, const char *task, const struct predict_form *form,
	const struct dataset_field *x, int n, float *out, struct err *e)
{
	struct batch *b = &t->batch;
	int k = find(b, task);
	size_t floats, values;

	if (k < 0)
		return err_set(e, ERR_SPEC, "the network has no task \"%s\"", task);
	floats = form->shares ? (size_t)(b->task[k].shape.C * b->task[k].shape.S)
			      : (size_t)loss_target_floats(&b->task[k].loss,
					b->task[k].shape.C, b->task[k].shape.S);
	values = (size_t)graph_prediction_floats(b->graph, k);
	graph_evaluate(b->graph);
	for (int at = 0; at < n; at += b->capacity) {
		int m = n - at < b->capacity ? n - at : b->capacity;

		/* Where tasks have inputs of their own, the other tasks' matter not. */
		for (int i = 0; i < b->network.inputs; i++)
			graph_feed(b->graph, b->network.input[i], x,
				batch_count(b, at, m), m);
		graph_forward(b->graph);
		for (int i = 0; i < m; i++)
			as_target(&b->task[k], form,
				graph_prediction(b->graph, k) + (size_t)i * values,
				out + (size_t)(at + i) * floats);
	}
	return OK;
}
