#include "trainer-core/train/batch.h"

#include <string.h>
#include "common/rng.h"

static size_t floats_of(const struct dataset_field *f)
{
	return (size_t)f->c * (size_t)f->h * (size_t)f->w;
}

/* The data set's targets must have the shapes of the heads. */
static int place_targets(struct batch *b, struct arena *a, struct err *e)
{
	for (int k = 0; k < b->K; k++) {
		struct batch_task *task = &b->task[k];
		const struct dataset_field *f =
			&b->data->split[SPLIT_TRAIN].target[task->column];
		int C = task->info.outputs;
		int S = graph_prediction_floats(b->graph, k) / C;
		int floats = loss_target_floats(&task->loss, C, S);

		if (f->c * f->h * f->w != floats)
			return err_set(e, ERR_SPEC,
				"task %s: %d numbers a sample where the network has %d",
				task->info.name, f->c * f->h * f->w, floats);
		task->shape = (struct loss_shape){ 1, C, S };
		task->target = arena_alloc_aligned(
			a, (size_t)floats * (size_t)b->capacity * sizeof(float));
	}
	return OK;
}

/* The maps must lie over the input, and padding has no label. */
static int check_maps(const struct batch *b, struct err *e)
{
	const struct split_data *s = &b->data->split[SPLIT_TRAIN];

	for (int k = 0; k < b->K; k++) {
		const struct dataset_field *f = &s->target[b->task[k].column];

		if (!task_is_map(b->task[k].info.kind))
			continue;
		if (b->augment != AUGMENT_SCALE_CROP_FLIP || f->h != s->input.h ||
			f->w != s->input.w)
			return err_set(e, ERR_SPEC,
				"dataset.augment: task %s is a map of %dx%d, which "
				"wants scale_crop_flip and inputs of that size",
				b->task[k].info.name, f->h, f->w);
	}
	return OK;
}

static float *room_for_inputs(const struct batch *b, int n, struct arena *a)
{
	size_t floats = floats_of(&b->data->split[SPLIT_TRAIN].input);

	return arena_alloc_aligned(a, (size_t)n * floats * sizeof(float));
}

static int build_augment(
	struct batch *b, const struct params *ps, struct arena *a, struct err *e)
{
	const struct split_data *s = &b->data->split[SPLIT_TRAIN];
	size_t largest = floats_of(&s->input);
	int rc = augment_parse(ps, &b->augment, e);

	if (rc || b->augment == AUGMENT_NONE)
		return rc;
	for (int k = 0; k < b->K; k++) {
		size_t floats = floats_of(&s->target[b->task[k].column]);

		largest = floats > largest ? floats : largest;
	}
	b->augmented = room_for_inputs(b, b->size, a);
	b->sample = arena_alloc_aligned(a, largest * sizeof(float));
	return check_maps(b, e);
}

int batch_build(
	struct batch *b, const struct params *ps, struct arena *a, struct err *e)
{
	int samples = b->data->split[SPLIT_TRAIN].n;

	b->order = NEW_ARRAY(a, int, samples);
	for (int k = 0; b->data->own_inputs && k < b->K; k++)
		b->task[k].order = NEW_ARRAY(a, int, samples);
	b->index = NEW_ARRAY(a, int, b->capacity);
	b->row = NEW_ARRAY(a, int, b->capacity);
	for (int i = 0; i < b->capacity; i++)
		b->row[i] = i;
	if (place_targets(b, a, e))
		return e->code;
	return build_augment(b, ps, a, e);
}

void batch_shuffle(struct batch *b, int epoch)
{
	int samples = b->data->split[SPLIT_TRAIN].n;
	uint64_t number = (uint64_t)epoch;

	b->epoch = epoch;
	rng_permutation(b->seed, RNG_SHUFFLE, number, samples, b->order);
	if (b->other)
		rng_permutation(b->seed, RNG_LOOKAHEAD, number, samples, b->other);
	/* By name: alone, a task sees its samples in the same order. */
	for (int k = 0; b->data->own_inputs && k < b->K; k++)
		rng_permutation(b->seed, RNG_SHUFFLE,
			rng_hash(b->task[k].info.name) + number, samples,
			b->task[k].order);
}

/* ---- select ---- */

static void choose(struct batch *b, enum split split, const int *index, int n)
{
	b->split = &b->data->split[split];
	b->n = n;
	for (int k = 0; k < b->K; k++)
		b->task[k].index = index;
}

/* ---- gather ---- */

static void gather(const struct batch *b, const struct dataset_field *f,
	const int *index, int n, float *to)
{
	size_t floats = floats_of(f);

	if (f->element == ELEMENT_U8)
		b->kernels->gather_u8_rows(
			n, (int)floats, f->data, index, f->scale, to);
	else
		b->kernels->gather_f32_rows(n, (int)floats, f->data, index, to);
	for (size_t i = 0; f->offset != 0 && i < (size_t)n * floats; i++)
		to[i] += f->offset;
}

/* ---- transform ---- */

/* An input of the network, and the tasks from .. to - 1 whose targets belong to it. */
struct picture {
	const struct dataset_field *x;
	int node;
	const int *index;
	int first; /* number of sample 0 among those of all tasks */
	int from, to;
};

static struct picture picture_of(const struct batch *b, int input)
{
	const struct batch_task *task = &b->task[input];
	bool own = b->data->own_inputs;

	return (struct picture){
		.x = own ? &b->split->own_input[task->column] : &b->split->input,
		.node = b->network.input[input],
		.index = task->index,
		.first = own ? task->column * b->split->n : 0,
		.from = input,
		.to = own ? input + 1 : b->K,
	};
}

static enum augment_map map_of(const struct task_info *task)
{
	return task->kind == TASK_SEG      ? MAP_LABEL
		: task->kind == TASK_DEPTH ? MAP_DEPTH
					   : MAP_NORMAL;
}

/* b->sample, an image or map like f, through the window. */
static void augment(const struct batch *b, const struct augment_window *w,
	enum augment_map map, const struct dataset_field *f, float *out)
{
	const int shape[3] = { f->c, f->h, f->w };

	if (b->augment == AUGMENT_SCALE_CROP_FLIP)
		augment_scale_crop_flip(w, map, shape, b->sample, out);
	else
		augment_pad_crop_flip(w, shape, NULL, b->sample, out);
}

/* Sample i by the window drawn for (seed, epoch, its number), its maps by the same. */
static void augment_sample(struct batch *b, const struct picture *p, int i, float *out)
{
	const struct dataset_field *x = p->x;
	struct augment_window w = augment_draw(
		b->augment, b->seed, b->epoch, p->first + p->index[i], x->h, x->w);

	gather(b, x, &p->index[i], 1, b->sample);
	augment(b, &w, MAP_IMAGE, x, out);
	for (int k = p->from; k < p->to; k++) {
		const struct batch_task *task = &b->task[k];
		const struct dataset_field *f = &b->split->target[task->column];
		float *map = task->target + (size_t)i * floats_of(f);

		if (!task_is_map(task->info.kind))
			continue;
		memcpy(b->sample, map, floats_of(f) * sizeof(float));
		augment(b, &w, map_of(&task->info), f, map);
	}
}

static int transform(struct batch *b, const struct picture *p, bool training,
	float *out, struct err *e)
{
	int rc = OK;

	for (int i = 0; !rc && i < b->n; i++, out += floats_of(p->x))
		if (training)
			augment_sample(b, p, i, out);
		else
			rc = corrupt_sample(
				b->corruption, p->x, p->index[i], out, b->scratch, e);
	return rc;
}

/* ---- feed ---- */

static int feed(struct batch *b, const struct picture *p, struct err *e)
{
	bool training = b->split == &b->data->split[SPLIT_TRAIN];
	float *room = training ? b->augmented : b->corrupted;
	struct dataset_field staged = *p->x;
	int rc;

	if (!room) {
		graph_feed(b->graph, p->node, p->x, p->index, b->n);
		return OK;
	}
	rc = transform(b, p, training, room, e);
	if (rc)
		return rc;
	staged.data = room;
	staged.element = ELEMENT_F32;
	staged.scale = 1;
	graph_feed(b->graph, p->node, &staged, b->row, b->n);
	return OK;
}

static int load(struct batch *b, struct err *e)
{
	int rc = OK;

	for (int k = 0; k < b->K; k++)
		gather(b, &b->split->target[b->task[k].column], b->task[k].index, b->n,
			b->task[k].target);
	for (int i = 0; !rc && i < b->network.inputs; i++) {
		const struct picture p = picture_of(b, i);

		rc = feed(b, &p, e);
	}
	return rc;
}

static void load_training(struct batch *b)
{
	if (load(b, NULL))
		BUG("augmentation does not fail");
}

void batch_load_training(struct batch *b, int at, int n)
{
	choose(b, SPLIT_TRAIN, b->order + at, n);
	for (int k = 0; b->data->own_inputs && k < b->K; k++)
		b->task[k].index = b->task[k].order + at;
	load_training(b);
}

void batch_load_other(struct batch *b, int at, int n)
{
	choose(b, SPLIT_TRAIN, b->other + at, n);
	load_training(b);
}

const int *batch_count(struct batch *b, int at, int n)
{
	for (int i = 0; i < n; i++)
		b->index[i] = at + i;
	return b->index;
}

int batch_load_split(struct batch *b, enum split split, int at, int n, struct err *e)
{
	choose(b, split, batch_count(b, at, n), n);
	return load(b, e);
}

void batch_corrupt(struct batch *b, const struct corruption *k, struct arena *a)
{
	b->corruption = k;
	b->corrupted = k ? room_for_inputs(b, b->capacity, a) : NULL;
	b->scratch = a;
}

struct loss_shape batch_shape(const struct batch *b, int k)
{
	struct loss_shape shape = b->task[k].shape;

	shape.N = b->n;
	return shape;
}

struct loss_sum batch_loss(const struct batch *b, int k, bool slope)
{
	const struct batch_task *task = &b->task[k];
	const struct loss_shape shape = batch_shape(b, k);
	struct loss_sum sum = (slope ? loss_compute : loss_value)(&task->loss, &shape,
		graph_prediction(b->graph, k), task->target, graph_seed(b->graph, k));

	sum.sum *= task->info.loss_scale;
	return sum;
}
