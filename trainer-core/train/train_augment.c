/*
 * Augmentation of a gathered batch: each sample of the training split by the window
 * drawn for (seed, epoch, its index), input and maps alike.
 */
#include "trainer-core/train/train_job.h"

#include <string.h>

static enum augment_map map_of(const struct task_info *task)
{
	return task->kind == TASK_SEG      ? MAP_LABEL
		: task->kind == TASK_DEPTH ? MAP_DEPTH
					   : MAP_NORMAL;
}

static size_t floats_of(const struct field *f)
{
	return (size_t)f->c * (size_t)f->h * (size_t)f->w;
}

/* The maps must lie over the input, and padding has no label. */
static int check_maps(const struct train *t, struct err *e)
{
	const struct split_data *s = &t->data->split[SPLIT_TRAIN];

	for (int k = 0; k < t->K; k++) {
		const struct field *f = &s->target[t->task[k].column];

		if (!task_is_map(t->task[k].info.kind))
			continue;
		if (t->augment != AUGMENT_SCALE_CROP_FLIP || f->h != s->input.h ||
			f->w != s->input.w)
			return err_set(e, ERR_SPEC,
				"dataset.augment: task %s is a map of %dx%d, which "
				"wants scale_crop_flip and inputs of that size",
				t->task[k].info.name, f->h, f->w);
	}
	return OK;
}

int train_augment_new(
	struct train *t, const struct params *ps, struct arena *a, struct err *e)
{
	const struct split_data *s = &t->data->split[SPLIT_TRAIN];
	size_t largest = floats_of(&s->input);
	int rc = augment_parse(ps, &t->augment, e);

	if (rc || t->augment == AUGMENT_NONE)
		return rc;
	rc = check_maps(t, e);
	for (int k = 0; k < t->K; k++) {
		size_t floats = floats_of(&s->target[t->task[k].column]);

		largest = floats > largest ? floats : largest;
	}
	t->staged = arena_alloc_aligned(
		a, (size_t)t->batch * floats_of(&s->input) * sizeof(float));
	t->sample = arena_alloc_aligned(a, largest * sizeof(float));
	t->staged_row = NEW_ARRAY(a, int, t->batch);
	for (int i = 0; i < t->batch; i++)
		t->staged_row[i] = i;
	return rc;
}

/* v (c, h, w) of f in place, by way of t->sample. */
static void augment(struct train *t, const struct augment_window *w,
	enum augment_map map, const struct field *f, float *v)
{
	const int shape[3] = { f->c, f->h, f->w };

	memcpy(t->sample, v, floats_of(f) * sizeof(float));
	if (t->augment == AUGMENT_SCALE_CROP_FLIP)
		augment_scale_crop_flip(w, map, shape, t->sample, v);
	else
		augment_pad_crop_flip(w, shape, NULL, t->sample, v);
}

/* The inputs x of a batch and the maps of tasks from .. to - 1 that belong to them. */
struct picture {
	const struct field *x;
	int node;
	const int *index;
	int first; /* number of sample 0 among those of all tasks */
	int from, to;
};

static void augment_sample(struct train *t, const struct picture *p, int i)
{
	const struct field *x = p->x;
	struct augment_window w = augment_draw(
		t->augment, t->seed, t->epoch + 1, p->first + p->index[i], x->h, x->w);

	augment(t, &w, MAP_IMAGE, x, t->staged + (size_t)i * floats_of(x));
	for (int k = p->from; k < p->to; k++) {
		struct train_task *task = &t->task[k];
		const struct field *f =
			&t->data->split[SPLIT_TRAIN].target[task->column];

		if (task_is_map(task->info.kind))
			augment(t, &w, map_of(&task->info), f,
				task->target + (size_t)i * floats_of(f));
	}
}

static void augment_batch(struct train *t, const struct picture *p, int n)
{
	struct field staged = *p->x;
	int floats = (int)floats_of(p->x);

	if (staged.element == ELEMENT_U8)
		t->kernels->gather_u8_rows(
			n, floats, staged.data, p->index, staged.scale, t->staged);
	else
		t->kernels->gather_f32_rows(
			n, floats, staged.data, p->index, t->staged);
	for (int i = 0; i < n; i++)
		augment_sample(t, p, i);
	staged.data = t->staged;
	staged.element = ELEMENT_F32;
	staged.scale = 1;
	graph_feed(t->graph, p->node, &staged, t->staged_row, n);
}

void train_augment(struct train *t, int n)
{
	const struct split_data *s = &t->data->split[SPLIT_TRAIN];
	struct picture p = { .x = &s->input,
		.node = t->network.input[0],
		.index = t->task[0].index,
		.to = t->K };

	if (!t->data->own_inputs) {
		augment_batch(t, &p, n);
		return;
	}
	for (int k = 0; k < t->K; k++) {
		const struct train_task *task = &t->task[k];

		p = (struct picture){ .x = &s->own_input[task->column],
			.node = t->network.input[k],
			.index = task->index,
			.first = task->column * s->n,
			.from = k,
			.to = k + 1 };
		augment_batch(t, &p, n);
	}
}
