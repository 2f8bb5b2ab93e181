/*
 * One epoch of a built job: the steps, the evaluation, the rows. Allocates nothing.
 */
#include "trainer-core/train/job.h"

#include <math.h>
#include <string.h>

static void meter_add(struct meter *m, double v)
{
	double off = v - m->mean;

	m->n++;
	m->mean += off / (double)m->n;
	m->squares += off * (v - m->mean);
}

/* Of the steps as the whole population: 0 for a single one. */
static double meter_std(const struct meter *m)
{
	return m->n > 0 ? sqrt(m->squares / (double)m->n) : 0;
}

static void begin_epoch(struct train *t)
{
	size_t K = (size_t)t->batch.K;

	batch_shuffle(&t->batch, t->epoch + 1);
	memset(t->loss, 0, K * sizeof(*t->loss));
	memset(t->labelled, 0, K * sizeof(*t->labelled));
	memset(t->weight, 0, K * sizeof(*t->weight));
	memset(t->weighted, 0, K * sizeof(*t->weighted));
	diagnosis_begin(&t->diagnosis);
	t->passes_before = t->step.passes;
	rows_begin(&t->sheet, t->epoch + 1);
}

static void meter_step(struct train *t, int n)
{
	const struct step *s = &t->step;

	for (int k = 0; k < t->batch.K; k++) {
		t->loss[k] += s->loss[k] * n;
		t->labelled[k] += s->counted[k] ? n : 0;
		meter_add(&t->weight[k], s->weight[k]);
		meter_add(&t->weighted[k], s->weight[k] * s->loss[k]);
	}
}

/* A step on the n samples at place `at` of the epoch's order, and all that looks at it. */
static int train_batch(struct train *t, int at, int n, double lr_factor, struct err *e)
{
	struct step *s = &t->step;

	diagnosis_pairs(&t->diagnosis, at, n);
	step_forward(s, at, n, lr_factor);
	step_ahead(&t->ahead, at, n);
	if (step_gradient(s, e))
		return err_wrap(
			e, "epoch %d, step %lld", t->epoch + 1, (long long)s->done + 1);
	diagnosis_before(&t->diagnosis);
	step_move(s);
	diagnosis_after(&t->diagnosis);
	step_end(s);
	meter_step(t, n);
	return OK;
}

static double lr_factor(const struct train *t)
{
	int samples = t->batch.data->split[SPLIT_TRAIN].n;
	int steps = (samples + t->batch.size - 1) / t->batch.size;
	const struct lr_place at = { t->epoch, t->epochs, t->step.done,
		(int64_t)steps * t->epochs };

	return lr_decay_factor(&t->decay, &at);
}

static int train_steps(struct train *t, const struct evaluate_watch *w, struct err *e)
{
	int samples = t->batch.data->split[SPLIT_TRAIN].n;

	for (int at = 0; at < samples; at += t->batch.size) {
		int n = samples - at < t->batch.size ? samples - at : t->batch.size;
		int rc = train_batch(t, at, n, lr_factor(t), e);

		if (!rc)
			rc = watch_ask(w, t->epoch + 1, e);
		if (rc)
			return rc;
	}
	for (int k = 0; k < t->batch.K; k++)
		t->loss[k] = t->labelled[k] ? t->loss[k] / t->labelled[k] : 0;
	return OK;
}

/* A loss of the next step would show it, but evaluation comes first. */
static int check_parameters(const struct train *t, struct err *e)
{
	const float *v = graph_values(t->batch.graph);

	for (int i = 0; i < graph_params(t->batch.graph); i++) {
		const struct graph_param *p = graph_param(t->batch.graph, i);

		for (size_t j = p->offset; j < p->offset + p->floats; j++)
			if (!isfinite(v[j]))
				return err_set(e, ERR_DIVERGED,
					"epoch %d, after step %lld: parameter %s is "
					"not finite",
					t->epoch + 1, (long long)t->step.done, p->name);
	}
	for (size_t j = 0; j < graph_state_floats(t->batch.graph); j++)
		if (!isfinite(graph_state(t->batch.graph)[j]))
			return err_set(e, ERR_DIVERGED,
				"epoch %d, after step %lld: a running statistic is not "
				"finite",
				t->epoch + 1, (long long)t->step.done);
	return OK;
}

/* Passes of a step, means of the epoch. */
static int cost_rows(struct train *t, struct err *e)
{
	const struct train_passes *p = &t->step.passes;
	const struct train_passes *b = &t->passes_before;
	const struct {
		const char *name;
		int64_t passes;
	} cost[COST_ROWS] = { { "forward_passes", p->forward - b->forward },
		{ "head_passes", p->head - b->head },
		{ "trunk_passes", p->trunk - b->trunk } };
	int rc = OK;

	for (int i = 0; !rc && i < COST_ROWS; i++)
		rc = rows_put(&t->sheet, "cost", "", cost[i].name,
			(double)cost[i].passes / (double)(p->steps - b->steps), e);
	return rc;
}

static int train_rows(struct train *t, struct err *e)
{
	const struct batch_task *task = t->batch.task;
	int n = weighting_diagnose(
		&t->step.weighting, t->step.state, t->loss, t->diagnostic);
	int rc = OK;

	for (int k = 0; !rc && k < t->batch.K; k++) {
		if (t->labelled[k])
			rc = rows_put(&t->sheet, "train", task[k].info.name, "loss",
				t->loss[k], e);
		t->sheet.weight[t->sheet.rows.weights++] =
			(struct weight_row){ .task = task[k].info.name,
				.weight_mean = t->weight[k].mean,
				.weight_std = meter_std(&t->weight[k]),
				.weighted_loss_mean = t->weighted[k].mean,
				.weighted_loss_std = meter_std(&t->weighted[k]) };
	}
	for (int i = 0; !rc && i < n; i++) {
		const struct diagnostic *d = &t->diagnostic[i];

		rc = rows_put(&t->sheet, "train",
			d->task < 0 ? "" : task[d->task].info.name, d->name, d->value,
			e);
	}
	return rc;
}

int train_epoch(struct train *t, int (*on_step)(void *arg), void *arg,
	const struct epoch_rows **rows, struct err *e)
{
	const struct evaluate_watch watch = { on_step, arg };
	struct row_sheet *sheet = &t->sheet;
	struct err local;

	e = e ? e : &local;
	begin_epoch(t);
	if (train_steps(t, &watch, e) || check_parameters(t, e) || train_rows(t, e) ||
		cost_rows(t, e) || diagnosis_put(&t->diagnosis, sheet, e) ||
		evaluate(&t->evaluator, SPLIT_VAL, &watch, sheet, e) ||
		evaluate(&t->evaluator, SPLIT_TEST, &watch, sheet, e))
		return e->code;
	weighting_end_epoch(&t->step.weighting, t->step.state, t->loss);
	t->epoch++;
	*rows = &sheet->rows;
	return OK;
}

int train_test(struct train *t, const struct corruption *k, struct arena *a,
	int (*on_step)(void *arg), void *arg, const struct epoch_rows **rows,
	struct err *e)
{
	const struct evaluate_watch watch = { on_step, arg };
	struct arena_mark mark = arena_mark(a);
	struct err local;
	int rc;

	e = e ? e : &local;
	rows_begin(&t->sheet, t->epoch);
	batch_corrupt(&t->batch, k, a);
	rc = evaluate(&t->evaluator, SPLIT_TEST, &watch, &t->sheet, e);
	batch_corrupt(&t->batch, NULL, NULL);
	arena_rewind(a, mark);
	*rows = &t->sheet.rows;
	return rc;
}
