/*
 * NYUv2 and Cityscapes as MTAN distributes them: folders train and val with image,
 * label, depth and (NYUv2) normal, files 0.npy, 1.npy ...
 *
 *	image   (H, W, 3)  0 to 1
 *	label   (H, W)     class, -1 where there is none; Cityscapes: label_2, _7, _19
 *	depth   (H, W, 1)  metres, 0 where there is none; Cityscapes: inverse depth
 *	normal  (H, W, 3)  unit vector, shorter where it was resized; there is none where
 *	                   the channels sum to 0, which comes as (0, 0, 0)
 *
 * Any type of number. A permutation of the training folder (RNG_DATA, from the name of
 * the data set) gives its first 4/5 to the training split and its end to the validation
 * split, so that neither changes with the size of the other; the folder val is the test
 * split.
 * Source: Liu, Johns, Davison, CVPR 2019 (arXiv:1803.10704); the split: Elich et al.
 * 2024, who validate on a fifth.
 */
#include <float.h>
#include <string.h>
#include "trainer-core/dataset/compose.h"
#include "trainer-core/dataset/npy.h"
#include "common/rng.h"

struct release {
	const char *name;
	int h, w;
	int folder_train; /* files in the folder train */
	int train; /* of them for the training split */
};

static const struct release nyuv2 = { "nyuv2", 288, 384, 795, 636 };
static const struct release cityscapes = { "cityscapes", 128, 256, 2975, 2380 };

/* One kind of map: its folder, channels, and what its numbers must be. */
struct map {
	const char *folder;
	struct npy_want want;
};

static const struct release *release_of(const struct composition *c)
{
	return c->ops->of;
}

/* How far images and normals may go beyond their range: they have been resized. */
#define SLACK 0.1

/* The map of the image (k = -1) or of task k. */
static struct map map_of(const struct composition *c, int k)
{
	const struct release *r = release_of(c);
	const struct task_info *task = k < 0 ? NULL : &c->d->task[k];
	struct map m = {
		"image",
		{ .dims = 3, .dim = { r->h, r->w, 3 }, .min = -SLACK, .max = 1 + SLACK }
	};

	if (!task)
		return m;
	m.folder = task->name;
	if (task->kind == TASK_SEG) {
		m.folder = "label";
		if (r == &cityscapes)
			m.folder = arena_printf(c->a, "label_%d", task->outputs);
		m.want.dim[2] = 1;
		m.want.whole = true;
		m.want.min = -1;
		m.want.max = task->outputs - 1;
	} else if (task->kind == TASK_DEPTH) {
		m.want.dim[2] = 1;
		m.want.min = 0;
		m.want.max = (double)FLT_MAX;
	} else {
		m.want.min = -1 - SLACK;
	}
	return m;
}

static int mtan_plan(struct composition *c, struct err *e)
{
	const struct release *r = release_of(c);

	for (int s = 0; s < SPLIT_COUNT; s++) {
		struct split_data *split = &c->d->split[s];

		split->input = (struct dataset_field){ NULL, ELEMENT_F32, 1, 3, r->h,
			r->w, 0 };
		for (int k = 0; k < c->d->tasks; k++) {
			split->target[k] = split->input;
			if (c->d->task[k].kind != TASK_NORMAL)
				split->target[k].c = 1;
		}
	}
	if (r == &cityscapes)
		params_set_number(
			&c->key, c->a, "dataset.labels", c->d->task[0].outputs);
	return compose_folder(c, "dataset.path", compose_data_folder(c->a, r->name), e);
}

/* Which files of its folder a split takes, in its order; order holds the permutation. */
static const int *files_of(const struct composition *c, enum split s, struct arena *a)
{
	const struct release *r = release_of(c);
	int *order = NEW_ARRAY(a, int, r->folder_train);

	if (s == SPLIT_TEST) {
		for (int i = 0; i < r->folder_train; i++)
			order[i] = i;
		return order;
	}
	rng_permutation(0, RNG_DATA, rng_hash(r->name), r->folder_train, order);
	return s == SPLIT_TRAIN ? order : order + r->train;
}

static const char *path_of(const struct composition *c, struct arena *a, enum split s,
	const struct map *m, int file)
{
	return arena_printf(a, "%s/%s/%s/%d.npy", params_get(&c->key, "dataset.path"),
		s == SPLIT_TEST ? "val" : "train", m->folder, file);
}

/* The folder: a sample has a file of its own. */
static const char *mtan_file(const struct composition *c, enum split s, int k)
{
	struct map m = map_of(c, k);

	return arena_printf(c->a, "%s/%s/%s", params_get(&c->key, "dataset.path"),
		s == SPLIT_TEST ? "val" : "train", m.folder);
}

static int find_split(struct composition *c, enum split s, struct err *e)
{
	const int *file = files_of(c, s, c->a);

	for (int k = -1; k < c->d->tasks; k++) {
		struct map m = map_of(c, k);

		for (int i = 0; i < c->d->split[s].n; i++) {
			const char *path = path_of(c, c->a, s, &m, file[i]);
			int rc = compose_find(c, path,
				"download the data set as MTAN distributes it "
				"(github.com/lorenmt/mtan) and name its folder in "
				"dataset.path",
				e);

			if (rc)
				return rc;
		}
	}
	return OK;
}

static int mtan_find(struct composition *c, struct err *e)
{
	int rc = OK;

	for (int s = 0; s < SPLIT_COUNT && !rc; s++)
		rc = find_split(c, (enum split)s, e);
	return rc;
}

/* The sources stand as find_split has listed them. */
static int mtan_look(const struct composition *c, struct err *e)
{
	const char *const *path = c->source;
	int rc = OK;

	for (int s = 0; s < SPLIT_COUNT; s++)
		for (int k = -1; k < c->d->tasks; k++) {
			struct map m = map_of(c, k);

			for (int i = 0; !rc && i < c->d->split[s].n; i++)
				rc = npy_look(*path++, &m.want, e);
		}
	return rc;
}

/* (pixels, C) -> (C, pixels) */
static void channels_first(int pixels, int C, const float *in, float *out)
{
	for (int c = 0; c < C; c++)
		for (int i = 0; i < pixels; i++)
			out[(size_t)c * (size_t)pixels + (size_t)i] =
				in[(size_t)i * (size_t)C + (size_t)c];
}

/* MTAN's mask of normals is their channels' sum: (3, pixels) */
static void drop_sums_of_0(int pixels, float *v)
{
	for (int i = 0; i < pixels; i++)
		if (v[i] + v[i + pixels] + v[i + 2 * pixels] == 0)
			v[i] = v[i + pixels] = v[i + 2 * pixels] = 0;
}

/* The image (k = -1) or task k of one split. */
static int fill_map(const struct composition *c, enum split s, int k, struct err *e)
{
	struct arena a = { 0 };
	const int *file = files_of(c, s, &a);
	struct map m = map_of(c, k);
	size_t floats = npy_count(&m.want);
	int pixels = m.want.dim[0] * m.want.dim[1];
	bool normals = k >= 0 && c->d->task[k].kind == TASK_NORMAL;
	float *map = NEW_ARRAY(&a, float, floats);
	float *out = k < 0 ? c->input[s] : c->target[s][k];
	int rc = OK;

	for (int i = 0; i < c->d->split[s].n && !rc; i++) {
		struct arena_mark mark = arena_mark(&a);

		rc = npy_read(path_of(c, &a, s, &m, file[i]), &m.want, map, e);
		channels_first(pixels, m.want.dim[2], map, out + (size_t)i * floats);
		if (normals)
			drop_sums_of_0(pixels, out + (size_t)i * floats);
		arena_rewind(&a, mark);
	}
	arena_release(&a);
	return rc;
}

static int mtan_fill(const struct composition *c, struct err *e)
{
	int rc = OK;

	for (int s = 0; s < SPLIT_COUNT; s++)
		for (int k = -1; k < c->d->tasks && !rc; k++)
			rc = fill_map(c, (enum split)s, k, e);
	return rc;
}

extern const struct dataset_ops dataset_nyuv2;
extern const struct dataset_ops dataset_cityscapes;

const struct dataset_ops dataset_nyuv2 = {
	.plan = mtan_plan,
	.find = mtan_find,
	.look = mtan_look,
	.fill = mtan_fill,
	.file = mtan_file,
	.of = &nyuv2,
};
const struct dataset_ops dataset_cityscapes = {
	.plan = mtan_plan,
	.find = mtan_find,
	.look = mtan_look,
	.fill = mtan_fill,
	.file = mtan_file,
	.of = &cityscapes,
};
