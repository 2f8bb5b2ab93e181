/*
 * A user's own arrays: a folder a split, a .npy file an array, the first dimension the
 * samples. Where sizes are given the first so many samples of each file are taken, else all.
 *
 *	SPLIT/input.npy          (N, C, H, W)
 *	SPLIT/TASK.npy           class, binary (N); regress (N, outputs); seg, depth
 *	                         (N, H, W); normal (N, 3, H, W)
 *	SPLIT/TASK_mask.npy      (N, H, W), 0 where a pixel does not count; with `mask`
 *
 * What a task ignores becomes what its kind ignores: class -1, depth 0, normal 0. A depth
 * is at least 0, a normal has length 1 or is (0, 0, 0).
 */
#include <float.h>
#include <math.h>
#include <string.h>
#include "catalogue/setting.h"
#include "catalogue/task_list.h"
#include "trainer-core/dataset/compose.h"
#include "trainer-core/dataset/npy.h"

static int read_shape(const struct composition *c, int shape[3], struct err *e)
{
	double v[3];
	int n;
	int rc = setting_list(c->ps, "dataset.input", v, 3, &n, e);

	for (int i = 0; i < 3; i++) {
		shape[i] = i < n && !rc ? (int)v[i] : 1;
		if (!rc && i < n && shape[i] != v[i])
			return err_set(e, ERR_SPEC,
				"dataset.input: %g is no whole number from 1 to 65536",
				v[i]);
	}
	if (!rc && (double)shape[0] * shape[1] * shape[2] > 1 << 28)
		return err_set(e, ERR_SPEC, "dataset.input: more than 2^28 numbers");
	return rc;
}

static bool is_map(const struct task_info *task)
{
	return task->kind == TASK_SEG || task->kind == TASK_DEPTH ||
		task->kind == TASK_NORMAL;
}

static struct dataset_field target_field(const struct task_info *task, int h, int w)
{
	bool byte = task->kind == TASK_CLASS || task->kind == TASK_BINARY;
	struct dataset_field f = { NULL, byte ? ELEMENT_U8 : ELEMENT_F32, 1, 1, 1, 1,
		0 };

	if (task->kind == TASK_REGRESS || task->kind == TASK_NORMAL)
		f.c = task->outputs;
	if (is_map(task)) {
		f.h = h;
		f.w = w;
	}
	return f;
}

static int plan_key(struct composition *c, const int shape[3], struct err *e)
{
	double scale;
	int rc = setting_real(c->ps, "dataset.scale", &scale, e);

	if (rc)
		return rc;
	params_set_number(&c->key, c->a, "dataset.scale", scale);
	params_set(
		&c->key, c->a, "dataset.tasks", setting_text(c->ps, "dataset.tasks"));
	params_set(&c->key, c->a, "dataset.input",
		arena_printf(c->a, "%d %d %d", shape[0], shape[1], shape[2]));
	if (!params_get(c->ps, "dataset.path") || !*params_get(c->ps, "dataset.path"))
		return err_set(e, ERR_SPEC, "dataset.path: the folder of the arrays");
	return compose_folder(c, "dataset.path", "", e);
}

static int npy_plan(struct composition *c, struct err *e)
{
	int shape[3] = { 0 };
	int rc = read_shape(c, shape, e);

	if (rc)
		return rc;
	for (int s = 0; s < SPLIT_COUNT; s++) {
		struct split_data *split = &c->d->split[s];

		split->input = (struct dataset_field){ NULL, ELEMENT_F32, 1, shape[0],
			shape[1], shape[2], 0 };
		for (int k = 0; k < c->d->tasks; k++)
			split->target[k] =
				target_field(&c->d->task[k], shape[1], shape[2]);
	}
	return plan_key(c, shape, e);
}

/* The tasks once more, with what is ignored. The catalogue has read them before. */
static const struct listed_task *listed_tasks(
	const struct composition *c, struct arena *a)
{
	struct listed_task *listed = NEW_ARRAY(a, struct listed_task, TASKS_MAX);
	int n;

	if (task_list_parse(params_get(&c->key, "dataset.tasks"), a, listed, &n, NULL))
		BUG("a list of tasks that was good before");
	return listed;
}

/* The same name in front of whatever is wrong: the key of the sweep file to look at. */
static int blame(const char *key, int rc, struct err *e)
{
	return rc == ERR_DATA ? err_wrap(e, "dataset.%s", key) : rc;
}

static const char *npy_file(const struct composition *c, enum split s, int k)
{
	return arena_printf(c->a, "%s/%s/%s.npy", params_get(&c->key, "dataset.path"),
		split_names[s], k < 0 ? "input" : c->d->task[k].name);
}

static int npy_find(struct composition *c, struct err *e)
{
	const struct listed_task *listed = listed_tasks(c, c->a);
	static const char hint[] = "see dataset.path of npy";

	for (int s = 0; s < SPLIT_COUNT; s++)
		for (int k = -1; k < c->d->tasks; k++) {
			const char *path = npy_file(c, (enum split)s, k);
			int stem = (int)(strlen(path) - strlen(".npy"));
			int rc = compose_find(c, path, hint, e);

			if (!rc && k >= 0 && listed[k].mask)
				rc = compose_find(c,
					arena_printf(c->a, "%.*s_mask.npy", stem, path),
					hint, e);
			if (rc)
				return blame(k < 0 ? "path" : "tasks", rc, e);
		}
	return OK;
}

/* What a file of this field must look like. */
static struct npy_want want_of(const struct dataset_field *f, int n)
{
	return (struct npy_want){ .dims = 4,
		.dim = { n, f->c, f->h, f->w },
		.longer = true,
		.min = -(double)FLT_MAX,
		.max = (double)FLT_MAX };
}

/* Maps have no dimension for a single channel: (N, H, W). */
static struct npy_want want_map(const struct dataset_field *f, int n)
{
	struct npy_want want = want_of(f, n);

	if (f->c == 1)
		want = (struct npy_want){ .dims = 3,
			.dim = { n, f->h, f->w },
			.longer = true,
			.min = want.min,
			.max = want.max };
	return want;
}

static struct npy_want want_target(
	const struct listed_task *t, const struct dataset_field *f, int n)
{
	struct npy_want want = is_map(&t->info) ? want_map(f, n) : want_of(f, n);

	if (t->info.loss == LOSS_CE || t->info.kind == TASK_BINARY) {
		want.whole = true;
		want.min = t->info.kind == TASK_SEG ? -1 : 0;
		want.max = t->info.kind == TASK_BINARY ? 1 : t->info.outputs - 1;
	}
	if (t->info.kind == TASK_DEPTH)
		want.min = 0;
	want.ignores = t->has_ignore;
	want.ignore = t->ignore;
	want.instead = t->info.kind == TASK_SEG ? -1 : 0;
	return want;
}

static struct npy_want want_mask(const struct dataset_field *f, int n)
{
	return (struct npy_want){ .dims = 3,
		.dim = { n, f->h, f->w },
		.longer = true,
		.min = 0,
		.max = 255 };
}

/* A file that would do for no samples at all has too few of them. */
static int look_at(enum split s, const char *key, const char *path,
	const struct npy_want *want, struct err *e)
{
	struct npy_want none = *want;
	int rc = npy_look(path, want, e);

	none.dim[0] = 0;
	if (rc == ERR_DATA && npy_look(path, &none, NULL) == OK)
		key = split_names[s];
	return blame(key, rc, e);
}

static int look_at_split(const struct composition *c, enum split s,
	const struct listed_task *listed, int *source, struct err *e)
{
	const struct split_data *split = &c->d->split[s];
	struct npy_want want = want_of(&split->input, split->n);
	int rc = look_at(s, "input", c->source[(*source)++], &want, e);

	for (int k = 0; k < c->d->tasks && !rc; k++) {
		want = want_target(&listed[k], &split->target[k], split->n);
		rc = look_at(s, "tasks", c->source[(*source)++], &want, e);
		want = want_mask(&split->target[k], split->n);
		if (!rc && listed[k].mask)
			rc = look_at(s, "tasks", c->source[(*source)++], &want, e);
	}
	return rc;
}

/* The rows of input.npy; the other files are then held against it. */
static int npy_count_rows(
	const struct composition *c, enum split s, int *n, struct err *e)
{
	return blame("path", npy_rows(npy_file(c, s, -1), n, e), e);
}

static int npy_look_all(const struct composition *c, struct err *e)
{
	struct arena a = { 0 };
	const struct listed_task *listed = listed_tasks(c, &a);
	int source = 0;
	int rc = OK;

	for (int s = 0; s < SPLIT_COUNT && !rc; s++)
		rc = look_at_split(c, (enum split)s, listed, &source, e);
	arena_release(&a);
	return rc;
}

/* How far a normal's length may be from 1: bytes and resizing round that much off. */
#define LENGTH_SLACK 0.1

/* v (n, 3, pixels) */
static int check_lengths(const struct dataset_field *f, int n, const char *path,
	const float *v, struct err *e)
{
	int pixels = f->h * f->w;

	for (int i = 0; i < n; i++, v += 3 * (size_t)pixels)
		for (int p = 0; p < pixels; p++) {
			double x = (double)v[p], y = (double)v[p + pixels];
			double z = (double)v[p + 2 * (size_t)pixels];
			double length = sqrt(x * x + y * y + z * z);

			if (length != 0 && !(fabs(length - 1) <= LENGTH_SLACK))
				return err_set(e, ERR_DATA,
					"%s: sample %d, row %d, column %d: found a "
					"normal (%g, %g, %g) of length %.4g, expected "
					"length 1, or (0, 0, 0) where there is none",
					path, i, p / f->w, p % f->w, x, y, z, length);
		}
	return OK;
}

/* mask (N, pixels), v (N, channels, pixels) */
static void apply_mask(const struct listed_task *t, const struct dataset_field *f,
	int n, const float *mask, float *v)
{
	size_t pixels = (size_t)f->h * (size_t)f->w;
	float none = t->info.kind == TASK_SEG ? -1 : 0;

	for (size_t i = 0; i < (size_t)n; i++)
		for (size_t c = 0; c < (size_t)f->c; c++)
			for (size_t p = 0; p < pixels; p++)
				if (mask[i * pixels + p] == 0)
					v[(i * (size_t)f->c + c) * pixels + p] = none;
}

static int read_mask(const struct listed_task *t, const struct dataset_field *f, int n,
	const char *path, float *v, struct err *e)
{
	struct npy_want want = want_mask(f, n);
	struct arena a = { 0 };
	float *mask = NEW_ARRAY(&a, float, npy_count(&want));
	int rc = npy_read(path, &want, mask, e);

	if (!rc)
		apply_mask(t, f, n, mask, v);
	arena_release(&a);
	return rc;
}

/* Task k of a split from its file, *source on, into v. */
static int read_target(const struct composition *c, const struct listed_task *t,
	const struct dataset_field *f, int n, float *v, int *source, struct err *e)
{
	const struct npy_want want = want_target(t, f, n);
	const char *path = c->source[(*source)++];
	int rc = npy_read(path, &want, v, e);

	if (!rc && t->mask)
		rc = read_mask(t, f, n, c->source[(*source)++], v, e);
	if (!rc && t->info.kind == TASK_NORMAL)
		rc = check_lengths(f, n, path, v, e);
	return rc;
}

static int fill_target(const struct composition *c, enum split s, int k,
	const struct listed_task *t, int *source, struct err *e)
{
	const struct dataset_field *f = &c->d->split[s].target[k];
	int n = c->d->split[s].n;
	struct arena a = { 0 };
	size_t count = (size_t)n * (size_t)f->c * (size_t)f->h * (size_t)f->w;
	bool byte = f->element == ELEMENT_U8;
	float *v = byte ? NEW_ARRAY(&a, float, count) : c->target[s][k];
	int rc = read_target(c, t, f, n, v, source, e);

	for (size_t i = 0; byte && i < count && !rc; i++)
		((uint8_t *)c->target[s][k])[i] = (uint8_t)v[i];
	arena_release(&a);
	return rc;
}

static int fill_input(
	const struct composition *c, enum split s, const char *path, struct err *e)
{
	struct npy_want want = want_of(&c->d->split[s].input, c->d->split[s].n);
	float *v = c->input[s];
	double scale;
	int rc = setting_real(&c->key, "dataset.scale", &scale, e);

	if (rc)
		return rc;
	if (scale > 1) { /* so that no product rounds up to infinity */
		want.max *= (1 - (double)FLT_EPSILON) / scale;
		want.min = -want.max;
	}
	rc = npy_read(path, &want, v, e);
	for (size_t i = 0; !rc && scale != 1 && i < npy_count(&want); i++)
		v[i] = (float)((double)v[i] * scale);
	return rc;
}

static int npy_fill(const struct composition *c, struct err *e)
{
	struct arena a = { 0 };
	const struct listed_task *listed = listed_tasks(c, &a);
	int source = 0;
	int rc = OK;

	for (int s = 0; s < SPLIT_COUNT && !rc; s++) {
		rc = fill_input(c, (enum split)s, c->source[source++], e);
		for (int k = 0; k < c->d->tasks && !rc; k++)
			rc = fill_target(c, (enum split)s, k, &listed[k], &source, e);
	}
	arena_release(&a);
	return rc;
}

extern const struct dataset_ops dataset_npy;
const struct dataset_ops dataset_npy = {
	.plan = npy_plan,
	.find = npy_find,
	.count = npy_count_rows,
	.look = npy_look_all,
	.fill = npy_fill,
	.file = npy_file,
};
