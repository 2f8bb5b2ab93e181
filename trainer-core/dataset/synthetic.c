/*
 * Regression and classification tasks that share what there is to learn.
 *
 * Inputs are standard normal. A fixed random layer of HIDDEN ReLU units turns them into
 * features, standardised for inputs of unit length in the mean; each task reads all of
 * them through random weights of its own. A regression's target is that sum (standard
 * deviation about 1) plus normal noise; a class is the largest of five such sums, and
 * with probability min(noise, 1) one drawn uniformly instead. The loss scales are no
 * part of the data: they are factors of the losses (struct task_info).
 *
 * Every number is a function of what it is, so neither a longer data set nor one with
 * more tasks changes what a shorter one holds.
 */
#include <math.h>
#include "catalogue/setting.h"
#include "trainer-core/dataset/compose.h"
#include "common/rng.h"

enum { HIDDEN = 32, CLASSES = 5 };

/* Mean and standard deviation of max(z, 0), z standard normal. */
#define RELU_MEAN 0.3989422804014327
#define RELU_STD 0.5838058090500447

/* The teacher: (HIDDEN, features), and for each task (outputs, HIDDEN). */
struct teacher {
	int features;
	double noise;
	double *hidden;
	double *read[TASKS_MAX];
};

static void draw(const char *stream, size_t n, double scale, double *out)
{
	uint64_t id = rng_hash(stream);

	for (size_t i = 0; i < n; i++)
		out[i] = scale * rng_normal(0, RNG_DATA, id, i);
}

static void make_teacher(
	const struct composition *c, struct arena *a, struct teacher *t)
{
	size_t n = (size_t)HIDDEN * (size_t)t->features;

	t->hidden = NEW_ARRAY(a, double, n);
	draw("hidden", n, 1 / sqrt(t->features), t->hidden);
	for (int k = 0; k < c->d->tasks; k++) {
		const struct task_info *task = &c->d->task[k];

		n = (size_t)task->outputs * HIDDEN;
		t->read[k] = NEW_ARRAY(a, double, n);
		draw(arena_printf(a, "read %s", task->name), n, 1 / sqrt(HIDDEN),
			t->read[k]);
	}
}

static int parameters(const struct params *ps, struct teacher *t, struct err *e)
{
	int rc = setting_whole(ps, "dataset.features", &t->features, e);

	return rc ? rc : setting_real(ps, "dataset.noise", &t->noise, e);
}

static int synthetic_plan(struct composition *c, struct err *e)
{
	struct teacher t;
	int rc = parameters(c->ps, &t, e);

	if (rc)
		return rc;
	params_set_number(&c->key, c->a, "dataset.features", t.features);
	params_set_number(&c->key, c->a, "dataset.noise", t.noise);
	params_set_number(&c->key, c->a, "dataset.tasks", c->d->tasks);
	for (int s = 0; s < SPLIT_COUNT; s++) {
		struct split_data *split = &c->d->split[s];

		split->input = (struct dataset_field){ NULL, ELEMENT_F32, 1, t.features,
			1, 1, 0 };
		for (int k = 0; k < c->d->tasks; k++)
			split->target[k] = (struct dataset_field){ NULL,
				c->d->task[k].kind == TASK_CLASS ? ELEMENT_U8
								 : ELEMENT_F32,
				1, 1, 1, 1, 0 };
	}
	return OK;
}

/* x (features) -> feature (HIDDEN). */
static void see(const struct teacher *t, const float *x, double *feature)
{
	for (int j = 0; j < HIDDEN; j++) {
		const double *w = t->hidden + (size_t)j * (size_t)t->features;
		double z = 0;

		for (int i = 0; i < t->features; i++)
			z += w[i] * (double)x[i];
		feature[j] = ((z > 0 ? z : 0) - RELU_MEAN) / RELU_STD;
	}
}

static double read_out(const double *w, const double *feature)
{
	double y = 0;

	for (int j = 0; j < HIDDEN; j++)
		y += w[j] * feature[j];
	return y;
}

static int largest(const double *w, const double *feature)
{
	int best = 0;
	double most = read_out(w, feature);

	for (int j = 1; j < CLASSES; j++) {
		double y = read_out(w + (size_t)j * HIDDEN, feature);

		if (y > most) {
			most = y;
			best = j;
		}
	}
	return best;
}

/* Sample i of a task whose noise comes from the stream `id`. */
static void label_class(const struct teacher *t, const double *w, const double *feature,
	uint64_t id, int i, uint8_t *label)
{
	uint64_t at = 2 * (uint64_t)i;

	label[i] = (uint8_t)largest(w, feature);
	if (rng_uniform(0, RNG_DATA, id, at) < t->noise)
		label[i] = (uint8_t)rng_below(0, RNG_DATA, id, at + 1, CLASSES);
}

static void label_number(const struct teacher *t, const double *w,
	const double *feature, uint64_t id, int i, float *label)
{
	double noise = t->noise * rng_normal(0, RNG_DATA, id, (uint64_t)i);

	label[i] = (float)(read_out(w, feature) + noise);
}

static void fill_split(const struct composition *c, enum split s,
	const struct teacher *t, struct arena *a)
{
	const struct dataset *d = c->d;
	uint64_t id = rng_hash(arena_printf(a, "input %s", split_names[s]));
	uint64_t noise[TASKS_MAX];
	float *input = c->input[s];

	for (int k = 0; k < d->tasks; k++)
		noise[k] = rng_hash(arena_printf(
			a, "noise %s %s", d->task[k].name, split_names[s]));
	for (int i = 0; i < d->split[s].n; i++) {
		size_t at = (size_t)i * (size_t)t->features;
		double feature[HIDDEN];

		for (int j = 0; j < t->features; j++)
			input[at + (size_t)j] =
				(float)rng_normal(0, RNG_DATA, id, at + (size_t)j);
		see(t, input + at, feature);
		for (int k = 0; k < d->tasks; k++) {
			if (d->task[k].kind == TASK_CLASS)
				label_class(t, t->read[k], feature, noise[k], i,
					c->target[s][k]);
			else
				label_number(t, t->read[k], feature, noise[k], i,
					c->target[s][k]);
		}
	}
}

static int synthetic_fill(const struct composition *c, struct err *e)
{
	struct arena a = { 0 };
	struct teacher t;
	int rc = parameters(c->ps, &t, e);

	if (rc)
		return rc;
	make_teacher(c, &a, &t);
	for (int s = 0; s < SPLIT_COUNT; s++)
		fill_split(c, (enum split)s, &t, &a);
	arena_release(&a);
	return OK;
}

extern const struct dataset_ops dataset_synthetic;
const struct dataset_ops dataset_synthetic = {
	.plan = synthetic_plan,
	.fill = synthetic_fill,
};
