#include "trainer-core/train/step.h"

#include <math.h>
#include <string.h>
#include "trainer-core/train/fit.h"

/* ---- building ---- */

int step_parse(struct step *s, struct batch *b, const struct params *ps,
	struct arena *a, struct err *e)
{
	struct task_info *task = NEW_ARRAY(a, struct task_info, b->K);

	s->batch = b;
	for (int k = 0; k < b->K; k++)
		task[k] = b->task[k].info;
	if (optim_parse(ps, &s->optim_info, e))
		return e->code;
	return weighting_init(&s->weighting, ps, b->K, task, &s->optim_info, a, e);
}

static struct trunk_parts parts(const struct graph *g, bool layers, struct arena *a)
{
	int n = graph_shared_parts(g, layers, NULL);
	size_t *begin = NEW_ARRAY(a, size_t, n + 1);

	(void)graph_shared_parts(g, layers, begin);
	return (struct trunk_parts){ n, begin };
}

/* What the method may ask of the network that has been built. */
static void survey_trunk(struct step *s, struct arena *a)
{
	const struct graph *g = s->batch->graph;

	s->trunk.layers = parts(g, true, a);
	s->trunk.arrays = parts(g, false, a);
	s->trunk.channels = graph_rotation_channels(g);
	s->weighting.trunk = &s->trunk;
}

static int build_method(struct step *s, struct arena *a, struct err *e)
{
	int rc = method_fits(&s->weighting, s->batch->graph, &s->optim_info, e);

	if (rc)
		return rc;
	survey_trunk(s, a);
	s->state_doubles = weighting_state_size(&s->weighting);
	s->state = NEW_ARRAY(a, double, s->state_doubles + 1);
	weighting_state_init(&s->weighting, s->state);
	s->per_task = s->optim_info.per_task;
	s->optim = optim_new(&s->optim_info, s->batch->graph, s->batch->kernels, a);
	return OK;
}

static void place_figures(struct step *s, struct arena *a)
{
	int K = s->batch->K;

	s->loss = NEW_ARRAY(a, double, 5 * K);
	s->weight = s->loss + K;
	s->counted = NEW_ARRAY(a, bool, K);
	s->head = s->weight + K;
	s->score = s->head + K;
	s->loss_after = s->score + K;
	s->grad = NEW_ARRAY(a, float *, K);
	for (int k = 0; k < (s->per_task ? K : 1); k++)
		s->grad[k] = arena_alloc_aligned(
			a, graph_floats(s->batch->graph) * sizeof(float));
}

/* The tasks' gradients of what they share, for methods that combine them. */
static void place_shared(struct step *s, struct arena *a)
{
	const struct batch *b = s->batch;
	struct task_gradients *g = &s->shared;
	bool features = s->weighting.needs & NEEDS_FEATURE_GRADIENTS;
	size_t bytes;

	if (!(s->weighting.needs & NEEDS_GRADIENTS))
		return;
	g->n = features ? graph_features(b->graph) * (size_t)b->size
			: graph_scope_floats(b->graph, SCOPE_SHARED);
	bytes = g->n * sizeof(float);
	g->g = NEW_ARRAY(a, float *, b->K);
	for (int k = 0; k < b->K; k++)
		g->g[k] = arena_alloc_aligned(a, bytes);
	g->out = features ? arena_alloc_aligned(a, bytes) : s->grad[0];
	s->feature = features ? arena_alloc_aligned(a, bytes) : NULL;
	g->feature = s->feature;
	s->buffer_floats = g->n * (size_t)weighting_buffers(&s->weighting);
	g->buffer = arena_alloc_aligned(a, s->buffer_floats * sizeof(float) + 1);
	g->gram = NEW_ARRAY(a, double, b->K * b->K);
	g->work = NEW_ARRAY(a, double, weighting_work(&s->weighting) + 1);
	s->rotation = NEW_ARRAY(a, double, s->trunk.channels * s->trunk.channels + 1);
	graph_last_shared(b->graph, &g->last, &g->last_n);
}

int step_build(struct step *s, const struct params *ps, struct arena *a, struct err *e)
{
	if (build_method(s, a, e))
		return e->code;
	place_figures(s, a);
	place_shared(s, a);
	return freeze_parse(&s->freeze, s->batch->graph, s->weighting.task, ps, a, e);
}

/* ---- passes ---- */

void step_losses(struct step *s, bool slope, double *loss)
{
	s->passes.forward++;
	graph_forward(s->batch->graph);
	for (int k = 0; k < s->batch->K; k++) {
		struct loss_sum sum = batch_loss(s->batch, k, slope);

		s->counted[k] = sum.count > 0;
		loss[k] = loss_mean(sum);
	}
}

void step_backward(struct step *s, const double *weight, float *gradient)
{
	double w[TASKS_MAX];

	for (int k = 0; k < s->batch->K; k++) {
		w[k] = weight[k] * s->batch->task[k].info.loss_scale;
		s->passes.head += w[k] != 0;
	}
	s->passes.trunk++;
	graph_backward(s->batch->graph, w, gradient);
}

/* A head's own gradient times `factor` into grad[0], since graph_backward_begin. */
static void head_backward(struct step *s, int k, double factor)
{
	graph_backward_head(s->batch->graph, k,
		s->batch->task[k].info.loss_scale * factor, s->grad[0]);
	s->passes.head++;
}

/* How well each task does on the batch, in [0, 1]: its share of hits, or exp(-loss). */
static void score_tasks(struct step *s)
{
	for (int k = 0; k < s->batch->K; k++) {
		const struct batch_task *task = &s->batch->task[k];
		const struct loss_shape shape = batch_shape(s->batch, k);
		double meter[METER_RATIO] = { 0, 0 };

		s->score[k] = exp(-s->loss[k] / task->info.loss_scale);
		if (task->info.kind != TASK_CLASS && task->info.kind != TASK_BINARY)
			continue;
		task->metric[0]->add(meter, &shape,
			graph_prediction(s->batch->graph, k), task->target);
		s->score[k] = task->metric[0]->value(meter, shape.C);
		if (task->info.kind == TASK_BINARY)
			s->score[k] = 1 - s->score[k]; /* its metric is the error */
	}
}

void step_forward(struct step *s, int at, int n, double lr_factor)
{
	struct batch *b = s->batch;

	s->now = (struct weighting_step){ .epoch = b->epoch,
		.step = s->done,
		.lr_factor = lr_factor,
		.loss = s->loss,
		.score = s->score,
		.loss_after = s->loss_after };
	graph_train(b->graph, b->seed, s->done);
	batch_load_training(b, at, n);
	step_losses(s, true, s->loss);
}

/* ---- the gradient ---- */

/* The weighted gradient, or each task's share of it in an array of its own. */
static void weighted_backward(struct step *s)
{
	double own[TASKS_MAX] = { 0 };

	if (!s->per_task)
		step_backward(s, s->weight, s->grad[0]);
	for (int k = 0; s->per_task && k < s->batch->K; k++) {
		own[k] = s->weight[k];
		step_backward(s, own, s->grad[k]);
		own[k] = 0;
	}
}

/*
 * Each task's own gradient: of its head into grad[0], of what is shared into an array of
 * its own. With features the trunk waits for what comes of them.
 */
static void task_backward(struct step *s, bool features)
{
	struct graph *g = s->batch->graph;

	for (int k = 0; k < s->batch->K; k++) {
		graph_backward_begin(g);
		head_backward(s, k, 1);
		if (features)
			graph_features_gradient(g, s->shared.g[k]);
		else
			graph_backward_trunk(g, s->shared.g[k]);
		s->passes.trunk += !features;
	}
}

/*
 * The trunk from the features' combined gradient. Where heads share modules, these get
 * their gradients from heads that are passed once more under their factors. Returns the
 * factors (K) that the heads' gradients in grad[0] still lack, NULL for none.
 */
static const double *feature_backward(struct step *s)
{
	struct graph *g = s->batch->graph;
	bool again = graph_shares_modules(g);

	graph_backward_begin(g);
	for (int k = 0; again && k < s->batch->K; k++)
		head_backward(s, k, s->head[k]);
	graph_features_seed(g, s->shared.out);
	graph_backward_trunk(g, s->grad[0]);
	s->passes.trunk++;
	return again ? NULL : s->head;
}

/* A method on gradients: weights, heads' factors and grad[0]. */
static int combined_backward(struct step *s, struct err *e)
{
	const struct batch *b = s->batch;
	bool features = s->weighting.needs & NEEDS_FEATURE_GRADIENTS;
	struct factors f = { s->weight, s->head };
	const double *left;
	int rc;

	if (features) {
		s->shared.n = graph_features(b->graph) * (size_t)b->n;
		s->shared.samples = b->n;
		graph_features_read(b->graph, s->feature);
	}
	task_backward(s, features);
	rc = weighting_combine(
		&s->weighting, s->state, &s->now, b->kernels, &s->shared, &f, e);
	if (rc)
		return rc;
	left = features ? feature_backward(s) : s->head;
	for (int k = 0; left && k < b->K; k++)
		if (left[k] != 1)
			b->kernels->scale(graph_scope_floats(b->graph, k),
				(float)left[k],
				s->grad[0] + graph_scope_begin(b->graph, k));
	return OK;
}

int step_gradient(struct step *s, struct err *e)
{
	int rc;

	if (s->weighting.needs & NEEDS_SCORES)
		score_tasks(s);
	if (s->weighting.needs & NEEDS_GRADIENTS)
		return combined_backward(s, e);
	rc = weighting_weigh(&s->weighting, s->state, &s->now, s->weight, e);
	if (rc == OK)
		weighted_backward(s);
	return rc;
}

/* ---- the update ---- */

void step_move(struct step *s)
{
	for (int k = 0; k < (s->per_task ? s->batch->K : 1); k++)
		freeze_gradient(&s->freeze, s->grad[k]);
	optim_step(s->optim, s->optim_info.lr * s->now.lr_factor,
		graph_values(s->batch->graph), (const float *const *)s->grad);
	freeze_hold(&s->freeze);
}

void step_turn(struct step *s)
{
	if (!(s->weighting.needs & NEEDS_ROTATION))
		return;
	for (int k = 0; k < s->batch->K; k++) {
		s->weighting.ops->rotation(
			&s->weighting, s->state, k, s->shared.work, s->rotation);
		graph_set_rotation(s->batch->graph, k, s->rotation);
	}
}

void step_end(struct step *s)
{
	if (s->weighting.needs & NEEDS_LOSSES_AFTER)
		step_losses(s, false, s->loss_after);
	weighting_update(&s->weighting, s->state, &s->now);
	step_turn(s);
	s->passes.steps++;
	s->done++;
}
