/*
 * Building a job from its parameters, and its state as bytes.
 */
#include "trainer-core/train/train_job.h"

#include <stdio.h>
#include <string.h>
#include "catalogue/catalogue.h"
#include "trainer-core/blas.h"
#include "trainer-core/network/initial.h"

/* Small inputs are evaluated this many at a time: prediction does not depend on it. */
#define EVALUATION_BATCH 256
#define SMALL_INPUT 4096

static int parse_schedule(struct train *t, const struct params *ps, struct err *e)
{
	double seed;
	int n = t->data->split[SPLIT_TRAIN].n;

	if (params_integer(ps, "train.epochs", 1, &t->epochs, e) ||
		params_integer(ps, "train.batch", 64, &t->batch, e) ||
		params_number(ps, "seed", 0, &seed, e) ||
		lr_decay_parse(ps, &t->decay, e) || optim_parse(ps, &t->optim_info, e))
		return e->code;
	if (t->epochs < 1)
		return err_set(e, ERR_SPEC, "train.epochs: %d", t->epochs);
	if (t->batch < 1 || t->batch > n)
		return err_set(e, ERR_SPEC, "train.batch: %d of %d training samples",
			t->batch, n);
	if (!(seed >= 0) || seed > 0x1p53)
		return err_set(e, ERR_SPEC, "seed: %g", seed);
	t->seed = (uint64_t)seed;
	return OK;
}

/* All tasks of the data set, or the one that a baseline names. */
static int choose_tasks(
	struct train *t, const struct params *ps, struct arena *a, struct err *e)
{
	const char *only = params_get(ps, "task");

	t->task = NEW_ARRAY(a, struct train_task, t->data->tasks);
	for (int k = 0; k < t->data->tasks; k++) {
		const struct task_info *info = &t->data->task[k];
		struct train_task *task = &t->task[t->K];

		if (only && strcmp(only, info->name) != 0)
			continue;
		task->info = *info;
		task->column = k;
		task->loss = loss_of(info);
		task->metrics = registry_metrics(
			info->kind, task->metric, task->metric_name, METRICS_MAX);
		t->K++;
	}
	if (t->K == 0)
		return err_set(e, ERR_SPEC, "task \"%s\" is not in the data set",
			only ? only : "");
	t->weighting_task = NEW_ARRAY(a, struct task_info, t->K);
	for (int k = 0; k < t->K; k++)
		t->weighting_task[k] = t->task[k].info;
	return OK;
}

/* model.init, which must hold what the job was planned with. */
static int load_initial(const struct train *t, const struct params *ps, struct err *e)
{
	const char *folder = params_get(ps, "model.init");
	const char *planned = params_get(ps, "model.init.digest");
	char hex[33];
	int rc = folder ? initial_load(t->graph, folder, hex, e) : OK;

	if (rc || !folder || !planned || !strcmp(planned, hex))
		return rc;
	return err_set(e, ERR_DATA,
		"%s: initial weights of digest %s, the job was planned with %s: the "
		"files have changed; run `deltam run` again",
		folder, hex, planned);
}

static int build_network(
	struct train *t, const struct params *ps, struct arena *a, struct err *e)
{
	const struct field *x = &t->data->split[SPLIT_TRAIN].input;
	int rc;

	t->network = (struct network){ .task = t->weighting_task, .K = t->K };
	for (int k = 0; k < t->K; k++)
		t->network.column[k] = t->task[k].column;
	t->network.rotates = t->weighting.needs & NEEDS_ROTATION;
	rc = network_add(&t->network, ps, t->data, a, e);
	if (rc)
		return rc;
	t->graph = t->network.graph;
	for (int k = 0; t->data->own_inputs && k < t->K; k++)
		t->task[k].order = NEW_ARRAY(a, int, t->data->split[SPLIT_TRAIN].n);
	t->capacity = t->batch;
	if (x->c * x->h * x->w <= SMALL_INPUT && t->batch < EVALUATION_BATCH &&
		!graph_is_deep(t->graph))
		t->capacity = EVALUATION_BATCH;
	rc = graph_build(t->graph, t->capacity, true, e);
	if (rc)
		return rc;
	graph_init(t->graph, t->seed);
	return load_initial(t, ps, e);
}

/* The data set's targets must have the shapes of the heads. */
static int place_targets(struct train *t, struct arena *a, struct err *e)
{
	for (int k = 0; k < t->K; k++) {
		struct train_task *task = &t->task[k];
		const struct field *f =
			&t->data->split[SPLIT_TRAIN].target[task->column];
		int C = task->info.outputs;
		int S = graph_prediction_floats(t->graph, k) / C;
		int floats = loss_target_floats(&task->loss, C, S);

		if (f->c * f->h * f->w != floats)
			return err_set(e, ERR_SPEC,
				"task %s: %d numbers a sample where the network has %d",
				task->info.name, f->c * f->h * f->w, floats);
		task->shape = (struct loss_shape){ 1, C, S };
		task->target = arena_alloc_aligned(
			a, (size_t)floats * (size_t)t->capacity * sizeof(float));
	}
	return OK;
}

static struct trunk_parts parts(const struct graph *g, bool layers, struct arena *a)
{
	int n = graph_shared_parts(g, layers, NULL);
	size_t *begin = NEW_ARRAY(a, size_t, n + 1);

	(void)graph_shared_parts(g, layers, begin);
	return (struct trunk_parts){ n, begin };
}

/* What the method may ask of the network that has been built. */
static int survey_trunk(struct train *t, struct arena *a, struct err *e)
{
	t->trunk.layers = parts(t->graph, true, a);
	t->trunk.arrays = parts(t->graph, false, a);
	t->trunk.channels = graph_rotation_channels(t->graph);
	t->weighting.trunk = &t->trunk;
	if (t->weighting.needs & NEEDS_ROTATION && !t->trunk.channels)
		return err_set(e, ERR_SPEC,
			"method %s turns the features that heads read; here they read "
			"none, or several nodes",
			t->weighting.info->name);
	return OK;
}

static int build_method(struct train *t, struct arena *a, struct err *e)
{
	if (survey_trunk(t, a, e))
		return e->code;
	t->weighting_floats = weighting_state_size(&t->weighting);
	t->weighting_state = NEW_ARRAY(a, double, t->weighting_floats + 1);
	weighting_state_init(&t->weighting, t->weighting_state);
	t->per_task = t->optim_info.per_task;
	if (t->per_task && t->weighting.needs & (NEEDS_GRADIENTS | NEEDS_LOOKAHEAD))
		return err_set(e, ERR_SPEC,
			"method %s makes one gradient of all tasks': no optimizer a "
			"task",
			t->weighting.info->name);
	if (t->weighting.needs & NEEDS_FEATURE_GRADIENTS && !graph_features(t->graph))
		return err_set(e, ERR_SPEC,
			"method %s combines gradients of features that the tasks "
			"share: this network has none",
			t->weighting.info->name);
	t->optim = optim_new(&t->optim_info, t->graph, t->kernels, a);
	return OK;
}

/* The tasks' gradients of what they share, for methods that combine them. */
static void place_gradients(struct train *t, struct arena *a)
{
	struct task_gradients *g = &t->shared;
	size_t bytes;

	if (!(t->weighting.needs & NEEDS_GRADIENTS))
		return;
	g->n = graph_scope_floats(t->graph, SCOPE_SHARED);
	if (t->weighting.needs & NEEDS_FEATURE_GRADIENTS)
		g->n = graph_features(t->graph) * (size_t)t->batch;
	bytes = g->n * sizeof(float);
	g->g = NEW_ARRAY(a, float *, t->K);
	for (int k = 0; k < t->K; k++)
		g->g[k] = arena_alloc_aligned(a, bytes);
	g->out = t->grad[0];
	if (t->weighting.needs & NEEDS_FEATURE_GRADIENTS) {
		g->out = arena_alloc_aligned(a, bytes);
		t->feature = arena_alloc_aligned(a, bytes);
		g->feature = t->feature;
	}
	t->buffer_floats = g->n * (size_t)weighting_buffers(&t->weighting);
	g->buffer = arena_alloc_aligned(a, t->buffer_floats * sizeof(float) + 1);
	g->gram = NEW_ARRAY(a, double, t->K * t->K);
	g->work = NEW_ARRAY(a, double, weighting_work(&t->weighting) + 1);
	t->rotation = NEW_ARRAY(a, double, t->trunk.channels * t->trunk.channels + 1);
	graph_last_shared(t->graph, &g->last, &g->last_n);
}

/* Metrics of a task that add the same way stand together in the table. */
static void place_meters(struct train_task *task, struct arena *a)
{
	for (int m = 0; m < task->metrics; m++) {
		const struct metric *metric = task->metric[m];

		if (m > 0 && metric->add == task->metric[m - 1]->add)
			task->meter[m] = task->meter[m - 1];
		else
			task->meter[m] = NEW_ARRAY(
				a, double, metric_doubles(metric, task->shape.C));
	}
}

/* What an epoch writes: nothing is allocated once training has begun. */
static void place_buffers(struct train *t, struct arena *a)
{
	int metrics = DIAGNOSTICS_MAX + COST_ROWS + train_diagnose_rows(t);
	int grads = t->per_task ? t->K : 1;

	t->grad = NEW_ARRAY(a, float *, t->K);
	for (int k = 0; k < grads; k++)
		t->grad[k] =
			arena_alloc_aligned(a, graph_floats(t->graph) * sizeof(float));
	t->order = NEW_ARRAY(a, int, t->data->split[SPLIT_TRAIN].n);
	t->index = NEW_ARRAY(a, int, t->capacity);
	if (t->weighting.needs & NEEDS_LOOKAHEAD) {
		t->other = NEW_ARRAY(a, int, t->data->split[SPLIT_TRAIN].n);
		t->kept =
			arena_alloc_aligned(a, graph_floats(t->graph) * sizeof(float));
		t->kept_state = arena_alloc_aligned(
			a, graph_state_floats(t->graph) * sizeof(float) + 1);
	}
	t->loss = NEW_ARRAY(a, double, 8 * t->K);
	t->weight = t->loss + t->K;
	t->backward_weight = t->weight + t->K;
	t->mean_loss = t->backward_weight + t->K;
	t->head = t->mean_loss + t->K;
	t->score = t->head + t->K;
	t->loss_after = t->score + t->K;
	t->ahead = t->loss_after + t->K;
	t->diagnostic = NEW_ARRAY(a, struct diagnostic, DIAGNOSTICS_MAX);
	for (int k = 0; k < t->K; k++) {
		metrics += 3 + 2 * t->task[k].metrics;
		place_meters(&t->task[k], a);
	}
	t->metric = NEW_ARRAY(a, struct metric_row, metrics);
	t->weight_row = NEW_ARRAY(a, struct weight_row, t->K);
}

int train_new(struct train **out, const struct params *ps, const struct dataset *d,
	struct arena *a, struct err *e)
{
	struct train *t = NEW(a, struct train);
	struct err local;

	e = e ? e : &local;
	t->data = d;
	t->kernels = kernels_get();
	kernels_init_fpu();
	if (parse_schedule(t, ps, e) || choose_tasks(t, ps, a, e) ||
		weighting_init(&t->weighting, ps, t->K, t->weighting_task,
			&t->optim_info, a, e) ||
		build_network(t, ps, a, e) || place_targets(t, a, e) ||
		build_method(t, a, e) || train_augment_new(t, ps, a, e) ||
		train_diagnose_new(t, ps, a, e) || train_freeze_new(t, ps, a, e))
		return e->code;
	place_buffers(t, a);
	place_gradients(t, a);
	*out = t;
	return OK;
}

void train_turn(struct train *t)
{
	if (!(t->weighting.needs & NEEDS_ROTATION))
		return;
	for (int k = 0; k < t->K; k++) {
		t->weighting.ops->rotation(&t->weighting, t->weighting_state, k,
			t->shared.work, t->rotation);
		graph_set_rotation(t->graph, k, t->rotation);
	}
}

const char *train_kernel_class(void)
{
	static char with_core[64];
	const struct kernels *k = kernels_get();

	if (!k->blas || !*blas_core())
		return k->name;
	snprintf(with_core, sizeof(with_core), "%s+%s", k->name, blas_core());
	return with_core;
}

struct train_passes train_passes(const struct train *t)
{
	return t->passes;
}

int train_epochs_done(const struct train *t)
{
	return t->epoch;
}

/*
 * State: this header, then parameters and optimizer state in float, the method's in
 * double, its buffers and the running statistics in float. The layout digest covers what
 * decides where each number lies. A result is the part of it that the network's figures
 * depend on.
 */
struct state_header {
	char magic[8];
	uint64_t layout;
	int64_t epoch, step, optim_steps;
};

static const char state_magic[8] = "deltam1";
static const char result_magic[8] = "deltamR";

struct span {
	void *data;
	size_t bytes;
};

#define SPANS 5
struct spans {
	struct span span[SPANS];
	int n;
};

static void add_span(struct spans *s, void *data, size_t bytes)
{
	if (bytes)
		s->span[s->n++] = (struct span){ data, bytes };
}

/* The method's state is part of it: a method may turn what the heads read. */
static struct spans result_spans(const struct train *t)
{
	struct spans s = { .n = 0 };

	add_span(&s, graph_values(t->graph), graph_floats(t->graph) * sizeof(float));
	add_span(&s, t->weighting_state, t->weighting_floats * sizeof(double));
	add_span(&s, graph_state(t->graph),
		graph_state_floats(t->graph) * sizeof(float));
	return s;
}

static struct spans state_spans(const struct train *t)
{
	struct spans s = { .n = 0 };

	add_span(&s, graph_values(t->graph), graph_floats(t->graph) * sizeof(float));
	add_span(&s, optim_state(t->optim),
		optim_state_floats(t->optim) * sizeof(float));
	add_span(&s, t->weighting_state, t->weighting_floats * sizeof(double));
	add_span(&s, t->shared.buffer, t->buffer_floats * sizeof(float));
	add_span(&s, graph_state(t->graph),
		graph_state_floats(t->graph) * sizeof(float));
	return s;
}

static uint64_t layout_digest(const struct train *t)
{
	uint64_t digest = rng_hash(t->weighting.info->name) + t->optim_info.kind;

	for (int i = 0; i < graph_params(t->graph); i++) {
		const struct graph_param *p = graph_param(t->graph, i);

		digest = digest * 0x100000001b3u ^ rng_hash(p->name) ^ p->offset ^
			p->count << 32;
	}
	for (int i = 0; i < graph_buffers(t->graph); i++)
		digest = digest * 0x100000001b3u ^
			rng_hash(graph_buffer(t->graph, i)->name);
	return digest;
}

static size_t image_size(const struct spans *s)
{
	size_t bytes = sizeof(struct state_header);

	for (int i = 0; i < s->n; i++)
		bytes += s->span[i].bytes;
	return bytes;
}

static void image_write(
	const struct train *t, const struct spans *s, const char magic[8], char *at)
{
	struct state_header h = { .layout = layout_digest(t),
		.epoch = t->epoch,
		.step = t->step,
		.optim_steps = *optim_steps(t->optim) };

	memcpy(h.magic, magic, sizeof(h.magic));
	memcpy(at, &h, sizeof(h));
	at += sizeof(h);
	for (int i = 0; i < s->n; at += s->span[i++].bytes)
		memcpy(at, s->span[i].data, s->span[i].bytes);
}

static int image_read(struct train *t, const struct spans *s, const char magic[8],
	const char *at, size_t n, struct err *e)
{
	struct state_header h;

	if (n != image_size(s))
		return err_set(e, ERR_CHECKPOINT, "%zu bytes of state where %zu belong",
			n, image_size(s));
	memcpy(&h, at, sizeof(h));
	at += sizeof(h);
	if (memcmp(h.magic, magic, sizeof(h.magic)) != 0 ||
		h.layout != layout_digest(t))
		return err_set(e, ERR_CHECKPOINT, "the state of another network");
	if (h.epoch < 0 || h.epoch > t->epochs || h.step < 0 || h.optim_steps < 0)
		return err_set(e, ERR_CHECKPOINT, "epoch %lld of %d",
			(long long)h.epoch, t->epochs);
	t->epoch = (int)h.epoch;
	t->step = h.step;
	*optim_steps(t->optim) = h.optim_steps;
	for (int i = 0; i < s->n; at += s->span[i++].bytes)
		memcpy(s->span[i].data, at, s->span[i].bytes);
	train_turn(t);
	return OK;
}

size_t train_state_size(const struct train *t)
{
	const struct spans s = state_spans(t);

	return image_size(&s);
}

void train_state_save(const struct train *t, void *bytes)
{
	const struct spans s = state_spans(t);

	image_write(t, &s, state_magic, bytes);
}

int train_state_load(struct train *t, const void *bytes, size_t n, struct err *e)
{
	const struct spans s = state_spans(t);

	return image_read(t, &s, state_magic, bytes, n, e);
}

size_t train_result_size(const struct train *t)
{
	const struct spans s = result_spans(t);

	return image_size(&s);
}

void train_result_save(const struct train *t, void *bytes)
{
	const struct spans s = result_spans(t);

	image_write(t, &s, result_magic, bytes);
}

int train_result_load(struct train *t, const void *bytes, size_t n, struct err *e)
{
	const struct spans s = result_spans(t);

	return image_read(t, &s, result_magic, bytes, n, e);
}
