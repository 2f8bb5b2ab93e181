/*
 * One epoch of a built job: the steps, the evaluation, the rows. Allocates nothing.
 */
#include "trainer-core/train/train_job.h"

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

void train_pick(struct train *t, const int *index)
{
	for (int k = 0; k < t->K; k++)
		t->task[k].index = index;
}

void train_pick_training(struct train *t, int at)
{
	train_pick(t, t->order + at);
	for (int k = 0; t->data->own_inputs && k < t->K; k++)
		t->task[k].index = t->task[k].order + at;
}

void train_gather(struct train *t, const struct split_data *s, int n)
{
	const struct kernels *k = t->kernels;
	bool own = t->data->own_inputs;

	if (!own)
		graph_feed(
			t->graph, t->network.input[0], &s->input, t->task[0].index, n);
	for (int i = 0; i < t->K; i++) {
		struct train_task *task = &t->task[i];
		const struct field *f = &s->target[task->column];
		const int *index = task->index;
		int floats = f->c * f->h * f->w;

		if (own)
			graph_feed(t->graph, t->network.input[i],
				&s->own_input[task->column], index, n);

		if (f->element == ELEMENT_U8)
			k->gather_u8_rows(
				n, floats, f->data, index, f->scale, task->target);
		else
			k->gather_f32_rows(n, floats, f->data, index, task->target);
		if (f->offset != 0)
			for (size_t j = 0; j < (size_t)n * (size_t)floats; j++)
				task->target[j] += f->offset;
	}
}

void train_feed(struct train *t, int n)
{
	train_gather(t, &t->data->split[SPLIT_TRAIN], n);
	if (t->augment)
		train_augment(t, n);
}

struct loss_sum train_task_loss(struct train *t, int k, int n)
{
	const struct train_task *task = &t->task[k];
	struct loss_shape shape = task->shape;
	struct loss_sum sum;

	shape.N = n;
	sum = loss_compute(&task->loss, &shape, graph_prediction(t->graph, k),
		task->target, graph_seed(t->graph, k));
	sum.sum *= task->info.loss_scale;
	return sum;
}

void train_backward(struct train *t, const double *weight, float *gradient)
{
	double *w = t->backward_weight;

	for (int k = 0; k < t->K; k++) {
		w[k] = weight[k] * t->task[k].info.loss_scale;
		t->passes.head += w[k] != 0;
	}
	t->passes.trunk++;
	graph_backward(t->graph, w, gradient);
}

/* The weighted gradient, or each task's share of it in an array of its own. */
static void backward(struct train *t)
{
	double own[TASKS_MAX] = { 0 };

	if (!t->per_task)
		train_backward(t, t->weight, t->grad[0]);
	for (int k = 0; t->per_task && k < t->K; k++) {
		own[k] = t->weight[k];
		train_backward(t, own, t->grad[k]);
		own[k] = 0;
	}
}

/*
 * Each task's own gradient: of its head into grad[0], of what is shared into an array of
 * its own. With features the trunk waits for what comes of them.
 */
static void task_backward(struct train *t, bool features)
{
	for (int k = 0; k < t->K; k++) {
		graph_backward_begin(t->graph);
		graph_backward_head(
			t->graph, k, t->task[k].info.loss_scale, t->grad[0]);
		if (features)
			graph_features_gradient(t->graph, t->shared.g[k]);
		else
			graph_backward_trunk(t->graph, t->shared.g[k]);
	}
	t->passes.head += t->K;
	t->passes.trunk += features ? 0 : t->K;
}

/* The trunk from the features' combined gradient, and the heads under their factors. */
static void feature_backward(struct train *t)
{
	bool again = graph_shares_modules(t->graph);

	graph_backward_begin(t->graph);
	for (int k = 0; again && k < t->K; k++) {
		graph_backward_head(t->graph, k,
			t->task[k].info.loss_scale * t->head[k], t->grad[0]);
		t->head[k] = 1;
	}
	t->passes.head += again ? t->K : 0;
	graph_features_seed(t->graph, t->shared.out);
	graph_backward_trunk(t->graph, t->grad[0]);
	t->passes.trunk++;
}

/* A method on gradients: weights, heads' factors and grad[0]. */
static int balance(struct train *t, struct weighting_step *s, int n, struct err *e)
{
	bool features = t->weighting.needs & NEEDS_FEATURE_GRADIENTS;
	struct factors f = { t->weight, t->head };
	int rc;

	if (features) {
		t->shared.n = graph_features(t->graph) * (size_t)n;
		t->shared.samples = n;
		graph_features_read(t->graph, t->feature);
	}
	task_backward(t, features);
	rc = weighting_combine(
		&t->weighting, t->weighting_state, s, t->kernels, &t->shared, &f, e);
	if (rc)
		return rc;
	if (features)
		feature_backward(t);
	for (int k = 0; k < t->K; k++)
		if (t->head[k] != 1)
			t->kernels->scale(graph_scope_floats(t->graph, k),
				(float)t->head[k],
				t->grad[0] + graph_scope_begin(t->graph, k));
	return OK;
}

static void meter_step(struct train *t, int n)
{
	for (int k = 0; k < t->K; k++) {
		struct train_task *task = &t->task[k];

		task->train_loss += t->loss[k] * n;
		task->labelled += task->counted ? n : 0;
		meter_add(&task->weight, t->weight[k]);
		meter_add(&task->weighted, t->weight[k] * t->loss[k]);
	}
}

/* How well each task does on the batch, in [0, 1]: its share of hits, or exp(-loss). */
static void score_tasks(struct train *t, int n)
{
	for (int k = 0; k < t->K; k++) {
		const struct train_task *task = &t->task[k];
		struct loss_shape shape = task->shape;
		double meter[METER_RATIO] = { 0, 0 };

		shape.N = n;
		t->score[k] = exp(-t->loss[k] / task->info.loss_scale);
		if (task->info.kind != TASK_CLASS && task->info.kind != TASK_BINARY)
			continue;
		task->metric[0]->add(
			meter, &shape, graph_prediction(t->graph, k), task->target);
		t->score[k] = task->metric[0]->value(meter, shape.C);
		if (task->info.kind == TASK_BINARY)
			t->score[k] = 1 - t->score[k]; /* its metric is the error */
	}
}

void train_losses(struct train *t, int n, double *loss)
{
	t->passes.forward++;
	graph_forward(t->graph);
	for (int k = 0; k < t->K; k++) {
		struct loss_sum sum = train_task_loss(t, k, n);

		t->task[k].counted = sum.count > 0;
		loss[k] = loss_mean(sum);
	}
}

/* The gradient of the step, under the method's weights. */
static int weighted_gradient(
	struct train *t, struct weighting_step *s, int n, struct err *e)
{
	int rc;

	if (t->weighting.needs & NEEDS_GRADIENTS)
		return balance(t, s, n, e);
	rc = weighting_weigh(&t->weighting, t->weighting_state, s, t->weight, e);
	if (rc == OK)
		backward(t);
	return rc;
}

/* On the n samples at place `at` of the epoch's order. */
static int step(struct train *t, int at, int n, double lr_factor, struct err *e)
{
	struct weighting_step s = { .epoch = t->epoch + 1,
		.step = t->step,
		.lr_factor = lr_factor,
		.loss = t->loss,
		.score = t->score,
		.loss_after = t->loss_after };

	train_diagnose_pairs(t, at, n);
	train_pick_training(t, at);
	graph_train(t->graph, t->seed, t->step);
	train_feed(t, n);
	train_losses(t, n, t->loss);
	if (t->weighting.needs & NEEDS_LOOKAHEAD)
		train_look_ahead(t, &s, at, n);
	if (t->weighting.needs & NEEDS_SCORES)
		score_tasks(t, n);
	if (weighted_gradient(t, &s, n, e))
		return err_wrap(
			e, "epoch %d, step %lld", s.epoch, (long long)t->step + 1);
	train_diagnose_before(t);
	for (int k = 0; k < (t->per_task ? t->K : 1); k++)
		train_freeze(t, t->grad[k]);
	optim_step(t->optim, t->optim_info.lr * lr_factor, graph_values(t->graph),
		(const float *const *)t->grad);
	train_hold(t);
	train_diagnose_after(t);
	if (t->weighting.needs & NEEDS_LOSSES_AFTER)
		train_losses(t, n, t->loss_after);
	weighting_update(&t->weighting, t->weighting_state, &s);
	train_turn(t);
	meter_step(t, n);
	t->passes.steps++;
	t->step++;
	return OK;
}

static void begin_epoch(struct train *t)
{
	rng_permutation(t->seed, RNG_SHUFFLE, (uint64_t)t->epoch + 1,
		t->data->split[SPLIT_TRAIN].n, t->order);
	if (t->weighting.needs & NEEDS_LOOKAHEAD)
		rng_permutation(t->seed, RNG_LOOKAHEAD, (uint64_t)t->epoch + 1,
			t->data->split[SPLIT_TRAIN].n, t->other);
	for (int k = 0; k < t->K; k++) {
		struct train_task *task = &t->task[k];

		task->train_loss = 0;
		task->labelled = 0;
		task->weight = task->weighted = (struct meter){ 0 };
		/* By name: alone, a task sees its samples in the same order. */
		if (task->order)
			rng_permutation(t->seed, RNG_SHUFFLE,
				rng_hash(task->info.name) + (uint64_t)t->epoch + 1,
				t->data->split[SPLIT_TRAIN].n, task->order);
	}
	train_diagnose_begin(t);
	t->passes_before = t->passes;
	t->rows = (struct epoch_rows){
		.epoch = t->epoch + 1, .metric = t->metric, .weight = t->weight_row
	};
}

/* Whoever watches over the training, asked after every batch. */
struct watch {
	int (*on_step)(void *arg);
	void *arg;
};

static int look_up(const struct train *t, const struct watch *w, struct err *e)
{
	if (w->on_step && w->on_step(w->arg))
		return err_set(e, ERR_INTERRUPTED, "stopped in epoch %d", t->epoch + 1);
	return OK;
}

static int train_steps(struct train *t, const struct watch *w, struct err *e)
{
	int samples = t->data->split[SPLIT_TRAIN].n;
	double factor = lr_decay_factor(&t->decay, t->epoch + 1, t->epochs);

	for (int at = 0; at < samples; at += t->batch) {
		int n = samples - at < t->batch ? samples - at : t->batch;
		int rc = step(t, at, n, factor, e);

		if (!rc)
			rc = look_up(t, w, e);
		if (rc)
			return rc;
	}
	for (int k = 0; k < t->K; k++) {
		const struct train_task *task = &t->task[k];

		t->mean_loss[k] =
			task->labelled ? task->train_loss / task->labelled : 0;
	}
	return OK;
}

/* A loss of the next step would show it, but evaluation comes first. */
static int check_parameters(const struct train *t, struct err *e)
{
	const float *v = graph_values(t->graph);

	for (int i = 0; i < graph_params(t->graph); i++) {
		const struct graph_param *p = graph_param(t->graph, i);

		for (size_t j = p->offset; j < p->offset + p->floats; j++)
			if (!isfinite(v[j]))
				return err_set(e, ERR_DIVERGED,
					"epoch %d, after step %lld: parameter %s is "
					"not finite",
					t->epoch + 1, (long long)t->step, p->name);
	}
	for (size_t j = 0; j < graph_state_floats(t->graph); j++)
		if (!isfinite(graph_state(t->graph)[j]))
			return err_set(e, ERR_DIVERGED,
				"epoch %d, after step %lld: a running statistic is not "
				"finite",
				t->epoch + 1, (long long)t->step);
	return OK;
}

int train_put_row(struct train *t, const char *split, const char *task,
	const char *name, double value, struct err *e)
{
	if (!isfinite(value))
		return err_set(e, ERR_DIVERGED, "epoch %d: %s %s/%s is %g",
			t->epoch + 1, split, task, name, value);
	t->metric[t->rows.metrics++] = (struct metric_row){ split, task, name, value };
	return OK;
}

static double each(int64_t after, int64_t before, int64_t steps)
{
	return (double)(after - before) / (double)steps;
}

/* Passes of a step, means of the epoch. */
static int cost_rows(struct train *t, struct err *e)
{
	const struct train_passes *p = &t->passes;
	const struct train_passes *b = &t->passes_before;
	int64_t steps = p->steps - b->steps;

	if (train_put_row(t, "cost", "", "forward_passes",
		    each(p->forward, b->forward, steps), e) ||
		train_put_row(
			t, "cost", "", "head_passes", each(p->head, b->head, steps), e))
		return e->code;
	return train_put_row(
		t, "cost", "", "trunk_passes", each(p->trunk, b->trunk, steps), e);
}

static int train_rows(struct train *t, struct err *e)
{
	int n = weighting_diagnose(
		&t->weighting, t->weighting_state, t->mean_loss, t->diagnostic);

	for (int k = 0; k < t->K; k++) {
		struct train_task *task = &t->task[k];

		if (task->labelled &&
			train_put_row(t, "train", task->info.name, "loss",
				t->mean_loss[k], e))
			return e->code;
		t->weight_row[t->rows.weights++] =
			(struct weight_row){ .task = task->info.name,
				.weight_mean = task->weight.mean,
				.weight_std = meter_std(&task->weight),
				.weighted_loss_mean = task->weighted.mean,
				.weighted_loss_std = meter_std(&task->weighted) };
	}
	for (int i = 0; i < n; i++) {
		const struct diagnostic *d = &t->diagnostic[i];
		const char *task = d->task < 0 ? "" : t->task[d->task].info.name;

		if (train_put_row(t, "train", task, d->name, d->value, e))
			return e->code;
	}
	return OK;
}

static bool owns_meter(const struct train_task *task, int m)
{
	return m == 0 || task->meter[m] != task->meter[m - 1];
}

static void clear_meters(struct train *t)
{
	for (int k = 0; k < t->K; k++) {
		struct train_task *task = &t->task[k];

		for (int m = 0; m < task->metrics; m++)
			memset(task->meter[m], 0,
				metric_doubles(task->metric[m], task->shape.C) *
					sizeof(double));
	}
}

static void meter_batch(struct train_task *task, const struct loss_shape *shape,
	const float *prediction)
{
	for (int m = 0; m < task->metrics; m++)
		if (owns_meter(task, m))
			task->metric[m]->add(
				task->meter[m], shape, prediction, task->target);
}

/* Losses and criteria of a split, pooled over all of its samples. */
static int evaluate(
	struct train *t, enum split split, const struct watch *w, struct err *e)
{
	const struct split_data *s = &t->data->split[split];
	struct loss_sum loss[TASKS_MAX] = { 0 };

	clear_meters(t);
	graph_evaluate(t->graph);
	for (int at = 0; at < s->n; at += t->capacity) {
		int n = s->n - at < t->capacity ? s->n - at : t->capacity;

		for (int i = 0; i < n; i++)
			t->index[i] = at + i;
		train_pick(t, t->index);
		train_gather(t, s, n);
		if (t->corruption && train_corrupt(t, s, t->index, n, e))
			return e->code;
		graph_forward(t->graph);
		for (int k = 0; k < t->K; k++) {
			struct train_task *task = &t->task[k];
			struct loss_sum sum = train_task_loss(t, k, n);
			struct loss_shape shape = task->shape;

			shape.N = n;
			loss[k].sum += sum.sum;
			loss[k].count += sum.count;
			meter_batch(task, &shape, graph_prediction(t->graph, k));
		}
		if (look_up(t, w, e))
			return e->code;
	}
	for (int k = 0; k < t->K; k++) {
		struct train_task *task = &t->task[k];
		const char *name = task->info.name;

		if (loss[k].count == 0) /* a mean over nothing is no figure */
			continue;
		if (train_put_row(
			    t, split_names[split], name, "loss", loss_mean(loss[k]), e))
			return e->code;
		for (int m = 0; m < task->metrics; m++)
			if (train_put_row(t, split_names[split], name,
				    task->metric_name[m],
				    task->metric[m]->value(
					    task->meter[m], task->shape.C),
				    e))
				return e->code;
	}
	return OK;
}

int train_epoch(struct train *t, int (*on_step)(void *arg), void *arg,
	const struct epoch_rows **rows, struct err *e)
{
	const struct watch watch = { on_step, arg };
	struct err local;

	e = e ? e : &local;
	begin_epoch(t);
	if (train_steps(t, &watch, e) || check_parameters(t, e) || train_rows(t, e) ||
		cost_rows(t, e) || train_diagnose_put(t, e) ||
		evaluate(t, SPLIT_VAL, &watch, e) || evaluate(t, SPLIT_TEST, &watch, e))
		return e->code;
	weighting_end_epoch(&t->weighting, t->weighting_state, t->mean_loss);
	t->epoch++;
	*rows = &t->rows;
	return OK;
}

int train_test(struct train *t, const struct corruption *k, struct arena *a,
	int (*on_step)(void *arg), void *arg, const struct epoch_rows **rows,
	struct err *e)
{
	const struct watch watch = { on_step, arg };
	struct err local;
	int rc;

	e = e ? e : &local;
	t->rows = (struct epoch_rows){ .epoch = t->epoch, .metric = t->metric };
	t->corruption = k;
	t->scratch = a;
	rc = evaluate(t, SPLIT_TEST, &watch, e);
	t->corruption = NULL;
	*rows = &t->rows;
	return rc;
}
