/*
 * A tiny instance of every network on a small picture puzzle: its gradient is the slope of
 * its losses, and it learns all tasks.
 */
#include <check.h>
#include <math.h>
#include <string.h>
#include "tests/lib/modelled.h"
#include "tests/lib/pace.h"
#include "tests/lib/trained.h"
#include "trainer-core/loss.h"
#include "common/rng.h"

static struct arena arena;

static void setup(void)
{
	memset(&arena, 0, sizeof(arena));
}

static void teardown(void)
{
	arena_release(&arena);
}

/* A tiny instance of every network: 3x16x16 (mlp: flat), of the reference's shape. */
static const struct tiny {
	const char *params[MODELLED_PARAMS];
	bool maps, own_inputs;
} tinies[] = {
	{ { "name", "mlp", "hidden", "6" }, false, false },
	{ { "name", "segnet", "filters", "4 6", "layers", "2" }, true, false },
	{ { "name", "segnet", "filters", "4 6", "layers", "1", "type", "deep", "head",
		  "6", "head_relu", "true" },
		true, false },
	{ { "name", "mtan", "filters", "4 6", "layers", "2" }, true, false },
	{ { "name", "resnet", "stem", "cifar", "width", "0.06" }, false, false },
	{ { "name", "resnet", "stem", "s2", "width", "0.06", "depth", "50", "fc", "5" },
		false, false },
	{ { "name", "resnet", "stem", "s2", "width", "0.06", "pool", "1" }, false,
		false },
	{ { "name", "deeplab", "stem", "cifar", "width", "0.06", "channels", "4",
		  "dropout", "0" },
		true, false },
	{ { "name", "deeplab", "stem", "s2", "width", "0.06", "channels", "4", "plus",
		  "true", "output_stride", "16" },
		true, false },
	{ { "name", "mtan_deeplab", "stem", "s2", "width", "0.06", "channels", "4" },
		true, false },
	{ { "name", "vgg16", "width", "0.05" }, false, true },
	{ { "name", "vgg16", "width", "0.05", "norm", "shared" }, false, true },
	{ { "name", "vgg16", "width", "0.05", "norm", "shared" }, false, false },
	{ { "name", "celeba_cnn", "width", "0.05" }, false, false },
};
#define SIDE 16
#define SAMPLES 24

static const struct task_info map_tasks[] = { SEG(4), DEPTH, NORMAL };
static const struct task_info flat_tasks[] = { CLASS("kind", 4),
	{ "size", TASK_REGRESS, LOSS_L1, 1, 1 },
	{ "bit", TASK_BINARY, LOSS_BCE, 1, 1 } };

/* Of sample i: which corner is bright (its class), and how bright. */
static int corner(int i)
{
	return (i * 7 + i / 5) % 4;
}

static double level(int i)
{
	return 0.4 + 0.6 * (i * 5 % 9) / 9.0;
}

/* Is pixel (y, x) of sample i in the bright corner? */
static bool bright(int i, int y, int x)
{
	return y / (SIDE / 2) * 2 + x / (SIDE / 2) == corner(i);
}

static float noise(int i, int at)
{
	return (float)rng_normal(3, RNG_DATA, (uint64_t)i, (uint64_t)at);
}

static struct dataset_field images(int side)
{
	const int plane = side * side;
	float *x = arena_alloc_aligned(
		&arena, (size_t)SAMPLES * 3 * (size_t)plane * sizeof(float));

	for (int i = 0; i < SAMPLES * 3 * plane; i++) {
		int sample = i / (3 * plane), y = i % plane / side, column = i % side;
		int step = SIDE / side;

		x[i] = 0.1f * noise(sample, i % (3 * plane)) +
			(bright(sample, y * step, column * step) ? (float)level(sample)
								 : 0);
	}
	return (struct dataset_field){ x, ELEMENT_F32, 1, 3, side, side, 0 };
}

/* Value c at pixel (y, x) of sample i of a task. */
static double target(const struct task_info *t, int i, int c, int y, int x)
{
	switch (t->kind) {
	case TASK_CLASS:
		return corner(i);
	case TASK_REGRESS:
		return level(i);
	case TASK_BINARY:
		return corner(i) > 1;
	case TASK_SEG:
		return bright(i, y, x) ? corner(i) : -(i % 2);
	case TASK_DEPTH:
		return bright(i, y, x) ? 2 : (i + x) % 5 ? 1 : 0;
	case TASK_SOFT:
		return c == corner(i) ? 0.7 : 0.1;
	case TASK_SOFT_MAP:
		return c == (bright(i, y, x) ? corner(i) : 0);
	case TASK_EDGES:
		return bright(i, y, x);
	case TASK_VECTOR:
		return bright(i, y, x) ? c - 2 : 0;
	case TASK_NORMAL:
		return c == (bright(i, y, x) ? 0 : 2);
	}
	BUG("a task of no kind");
}

static struct dataset_field targets(const struct task_info *t)
{
	const int side = task_is_map(t->kind) ? SIDE : 1;
	const int C = t->kind == TASK_NORMAL ? 3 : 1;
	const int floats = C * side * side;
	float *y = arena_alloc_aligned(
		&arena, (size_t)SAMPLES * (size_t)floats * sizeof(float));

	for (int i = 0; i < SAMPLES * floats; i++) {
		int at = i % (side * side);

		y[i] = (float)target(t, i / floats, i % floats / (side * side),
			at / side, at % side);
	}
	return (struct dataset_field){ y, ELEMENT_F32, 1, C, side, side, 0 };
}

static struct dataset *tiny_data(const struct tiny *t)
{
	const bool flat = !strcmp(t->params[1], "mlp");
	const struct task_info *task = t->maps ? map_tasks : flat_tasks;
	struct dataset *d = NEW(&arena, struct dataset);

	d->tasks = 3;
	d->own_inputs = t->own_inputs;
	for (int s = 0; s < SPLIT_COUNT; s++) {
		struct split_data *split = &d->split[s];

		split->n = SAMPLES;
		split->input = images(flat ? 4 : SIDE);
		for (int k = 0; k < 3; k++) {
			d->task[k] = task[k];
			split->own_input[k] = split->input;
			split->target[k] = targets(&task[k]);
		}
	}
	return d;
}

/* A built network with eight samples fed, and its losses. */
struct probe {
	struct network net;
	struct graph *g;
	const struct dataset *d;
	float *y[3]; /* targets of the samples */
};
#define FED 8
#define TOLERANCE 0.05
#define TENSORS 40 /* that are tried */

/* Biases of 0 leave values on the kink of a ReLU, and vectors without a direction. */
static void unsettle(struct graph *g)
{
	for (int i = 0; i < graph_params(g); i++) {
		size_t n = graph_param(g, i)->count;
		float *v = NEW_ARRAY(&arena, float, (int)n);

		graph_param_get(g, i, graph_values(g), v);
		for (size_t j = 0; j < n; j++)
			v[j] += 0.02f * (float)((j + (size_t)i) % 5) - 0.03f;
		graph_param_set(g, i, graph_values(g), v);
	}
}

static struct probe probe_of(const struct tiny *t)
{
	static const int index[FED] = { 0, 1, 2, 3, 4, 5, 6, 7 };
	struct probe p = { .d = tiny_data(t) };
	const struct split_data *s = &p.d->split[SPLIT_TRAIN];

	p.net = modelled(modelled_params(t->params, &arena), p.d, &arena);
	p.g = p.net.graph;
	ck_assert_int_eq(graph_build(p.g, FED, true, NULL), OK);
	graph_init(p.g, 5);
	unsettle(p.g);
	for (int i = 0; i < p.net.inputs; i++)
		graph_feed(p.g, p.net.input[i],
			t->own_inputs ? &s->own_input[i] : &s->input, index, FED);
	for (int k = 0; k < 3; k++) {
		const struct dataset_field *f = &s->target[k];

		p.y[k] = arena_alloc_aligned(&arena,
			(size_t)FED * (size_t)(f->c * f->h * f->w) * sizeof(float));
		memcpy(p.y[k], f->data,
			(size_t)FED * (size_t)(f->c * f->h * f->w) * sizeof(float));
	}
	return p;
}

/* Sum of the losses of what the network says now; their gradients go to the seeds. */
static double objective(const struct probe *p)
{
	double sum = 0;

	graph_forward(p->g);
	for (int k = 0; k < 3; k++) {
		const struct loss loss = loss_of(&p->d->task[k]);
		const int C = p->d->task[k].outputs;
		const struct loss_shape shape = { FED, C,
			graph_prediction_floats(p->g, k) / C };

		sum += loss_mean(loss_compute(&loss, &shape, graph_prediction(p->g, k),
			p->y[k], graph_seed(p->g, k)));
	}
	return sum;
}

/* Where a tensor is moved to: against its gradient and in a direction of chance. */
static void direction(
	const struct probe *p, int i, const float *grad, float *step, double *slope)
{
	const struct graph_param *q = graph_param(p->g, i);
	double g2 = 0, r2 = 0;

	graph_param_get(p->g, i, grad, step);
	for (size_t j = 0; j < q->count; j++)
		g2 += (double)step[j] * (double)step[j];
	for (size_t j = 0; j < q->count; j++)
		r2 += pow(rng_normal(9, RNG_DATA, (uint64_t)i, j), 2);
	*slope = 0;
	for (size_t j = 0; j < q->count; j++) {
		double g = (double)step[j];
		double v = rng_normal(9, RNG_DATA, (uint64_t)i, j) / sqrt(r2) +
			(g2 > 0 ? g / sqrt(g2) : 0);

		step[j] = (float)v;
		*slope += v * g;
	}
}

static void move(
	const struct probe *p, int i, const float *from, const float *step, float h)
{
	const struct graph_param *q = graph_param(p->g, i);
	float *to = NEW_ARRAY(&arena, float, (int)q->count);

	for (size_t j = 0; j < q->count; j++)
		to[j] = from[j] + h * step[j];
	graph_param_set(p->g, i, graph_values(p->g), to);
}

/* The slope of the objective along a step of one tensor, by differences. */
static double difference(const struct probe *p, int i, const float *step, float h)
{
	float *from = NEW_ARRAY(&arena, float, (int)graph_param(p->g, i)->count);
	double up, down;

	graph_param_get(p->g, i, graph_values(p->g), from);
	move(p, i, from, step, h);
	up = objective(p);
	move(p, i, from, step, -h);
	down = objective(p);
	graph_param_set(p->g, i, graph_values(p->g), from);
	return (up - down) / (2 * (double)h);
}

/*
 * How far a slope is from the differences, as a share. Kinks of ReLU lie between any two
 * points of a deep network and a short step drowns in rounding: the best of some lengths.
 */
static double distance(const struct probe *p, int i, const float *grad)
{
	static const int length[] = { 12, 10, 14, 16, 8 };
	float *step = NEW_ARRAY(&arena, float, (int)graph_param(p->g, i)->count);
	double slope, least = 1e9;

	direction(p, i, grad, step, &slope);
	for (int n = 0; n < COUNT(length); n++) {
		double want = difference(p, i, step, ldexpf(1, -length[n]));
		double off = fabs(slope - want) / (fabs(want) + 0.05);

		least = fmin(least, off);
		if (least < TOLERANCE)
			return least;
	}
	return least;
}

/* The gradient takes the places of an unpooling as given; a step may move them. */
static bool moves_places(const struct tiny *t, const char *param)
{
	return t->maps && !strncmp(param, "enc", 3);
}

START_TEST(the_gradient_of_all_losses_is_the_slope_of_every_tensor)
{
	const double weight[] = { 1, 1, 1 };
	struct probe p = probe_of(&tinies[_i]);
	float *grad = arena_alloc_aligned(&arena, graph_floats(p.g) * sizeof(float));
	const int tensors = pace(TENSORS, 9);
	int checked = 0, every = 1 + graph_params(p.g) / tensors;

	(void)objective(&p);
	graph_backward(p.g, weight, grad);
	for (int i = 0; i < graph_params(p.g); i++) {
		const char *name = graph_param(p.g, i)->name;
		double off;

		if (i % every || moves_places(&tinies[_i], name))
			continue;
		off = distance(&p, i, grad);
		ck_assert_msg(off < TOLERANCE, "network %d, %s: %g", _i, name, off);
		checked++;
	}
	ck_assert_int_ge(checked, 5);
}
END_TEST

#define EPOCHS 30

/* The least loss of each task over the epochs: training jumps about at this rate. */
static void train_tiny(const struct tiny *tiny, const struct dataset *d, int epochs,
	double first[3], double train[3], double val[3])
{
	static const char *const pairs[][2] = { { "lr", "0.01" }, { "wd", "0" },
		{ "seed", "1" }, { "method", "ew" }, { "train.epochs", "30" },
		{ "train.optimizer", "adam" } };
	struct params *ps = modelled_params(tiny->params, &arena);
	struct train *t;

	for (int i = 0; i < COUNT(pairs); i++)
		params_set(ps, &arena, pairs[i][0], pairs[i][1]);
	t = trained_job(ps, d, &arena);
	for (int n = 0; n < epochs; n++) {
		const struct epoch_rows *epoch = trained_epoch(t);

		for (int k = 0; k < 3; k++) {
			const char *task = d->task[k].name;
			double now = trained_figure(epoch, "train", task, "loss");

			first[k] = n ? first[k] : now;
			train[k] = n ? fmin(train[k], now) : now;
			now = trained_figure(epoch, "val", task, "loss");
			val[k] = n ? fmin(val[k], now) : now;
		}
	}
}

START_TEST(every_network_learns_all_tasks)
{
	const bool few = pace_slow(); /* epochs: nothing is learned yet */
	const double share = few ? 1.5 : 0.5;
	const struct dataset *d = tiny_data(&tinies[_i]);
	double first[3], train[3], val[3];

	train_tiny(&tinies[_i], d, few ? 2 : EPOCHS, first, train, val);
	for (int k = 0; k < 3; k++)
		ck_assert_msg(train[k] < share * first[k] && val[k] < share * first[k],
			"network %d, %s: from %g to %g, val %g", _i, d->task[k].name,
			first[k], train[k], val[k]);
}
END_TEST

Suite *suite_learn(void);

Suite *suite_learn(void)
{
	Suite *s = suite_create("learn");
	TCase *t = tcase_create("learn");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, the_gradient_of_all_losses_is_the_slope_of_every_tensor,
		0, COUNT(tinies));
	tcase_add_loop_test(t, every_network_learns_all_tasks, 0, COUNT(tinies));
	suite_add_tcase(s, t);
	return s;
}
