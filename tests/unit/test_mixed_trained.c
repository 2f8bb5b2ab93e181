/*
 * Gradients of trained networks in mixed precision beside those of float32: small networks
 * are trained in float32 for a few hundred steps, then both precisions pass the same
 * samples with the same parameters.
 */
#include <check.h>
#include <math.h>
#include <string.h>
#include "common/rng.h"
#include "tests/lib/mixed_tables.h"
#include "tests/lib/modelled.h"
#include "tests/lib/pace.h"
#include "trainer-core/graph/layer.h"
#include "trainer-core/loss.h"
#include "trainer-core/optim/optim.h"

#define BATCH 32
#define SAMPLES (32 * BATCH)
#define FRESH (4 * BATCH) /* behind them: nobody has trained on these */
#define TASKS 3
#define SHARE 0.04 /* of a gradient */
/*
 * The shorter a task's gradient has become, the more of its direction is rounding. How
 * short depends on where training has come, so on the kernel class, too.
 */
#define COSINE 0.1
#define CHANNELS 12 /* of a sample, at most */

static struct arena arena;

static void setup(void)
{
	memset(&arena, 0, sizeof(arena));
	kernels_init_fpu();
}

static void teardown(void)
{
	arena_release(&arena);
}

static const struct row {
	const char *params[MODELLED_PARAMS];
	int c, h, w;
	struct task_info task[TASKS];
	int tasks;
	int steps;
	const char *lr;
	bool deep; /* batch norm over few values */
} rows[] = {
	{ { "name", "mlp", "hidden", "40 24" }, CHANNELS, 1, 1,
		{ { "a", TASK_REGRESS, LOSS_L1, 2, 1 }, CLASS("b", 4) }, 2, 400,
		"0.003", false },
	{ { "name", "lenet" }, 1, 36, 36, { CLASS("a", 4), CLASS("b", 4) }, 2, 100,
		"0.001", false },
	{ { "name", "segnet", "filters", "8 16 32", "layers", "2" }, 3, 24, 32,
		{ SEG(5), DEPTH, NORMAL }, 3, 150, "0.003", false },
	{ { "name", "resnet", "width", "0.25" }, 3, 32, 32,
		{ CLASS("a", 4), CLASS("b", 4) }, 2, 150, "0.001", true },
};

static float draw(uint64_t stream, size_t i)
{
	return (float)rng_normal(9, RNG_DATA, stream, i);
}

#define TRAITS 3
static float traits[SAMPLES + FRESH][CHANNELS][TRAITS];

static void draw_traits(void)
{
	for (int i = 0; i < SAMPLES + FRESH; i++)
		for (int c = 0; c < CHANNELS; c++)
			for (int j = 0; j < TRAITS; j++)
				traits[i][c][j] = draw(
					1, (size_t)((i * CHANNELS + c) * TRAITS + j));
}

/* What decides channel c of sample i: its mean and its slopes down and to the right. */
static float trait(int i, int c, int which)
{
	return traits[i][c][which];
}

/* The channel at (y, x) without the noise that is laid over it. */
static float clean(const struct row *r, int i, int c, int y, int x)
{
	return trait(i, c, 0) + trait(i, c, 1) * ((float)y / (float)r->h - 0.5f) +
		trait(i, c, 2) * ((float)x / (float)r->w - 0.5f);
}

static size_t inputs_of(const struct row *r)
{
	return (size_t)(SAMPLES + FRESH) * (size_t)(r->c * r->h * r->w);
}

static float *inputs(const struct row *r)
{
	size_t plane = (size_t)r->h * (size_t)r->w, n = (SAMPLES + FRESH) * plane;
	float *x = arena_alloc_aligned(&arena, sizeof(float) * n * (size_t)r->c);

	for (int i = 0; i < SAMPLES + FRESH; i++)
		for (int c = 0; c < r->c; c++)
			for (int p = 0; p < (int)plane; p++) {
				size_t at = ((size_t)i * r->c + c) * plane + p;

				x[at] = clean(r, i, c, p / r->w, p % r->w) +
					0.2f * draw(2, at);
			}
	return x;
}

/* A sample's class: of task k the signs of two of its traits. */
static int class_of(int i, int k)
{
	int first = k ? 0 : 1;

	return (trait(i, 0, first) > 0) +
		2 * (trait(i, 0, 2) > trait(i, 0, 1) * (float)k);
}

/* The target of task k: value c at pixel p of sample i. */
static float target(const struct row *r, int k, int i, int c, int p)
{
	int y = p / r->w, x = p % r->w;
	float v[3];
	float length = 0;

	for (int j = 0; j < 3 && j < r->c; j++) {
		v[j] = clean(r, i, j, y, x);
		length += v[j] * v[j];
	}
	switch (r->task[k].kind) {
	case TASK_CLASS:
		return (float)class_of(i, k);
	case TASK_REGRESS:
		return c ? v[0] * v[1] : v[0] + 0.5f * v[2] * v[2];
	case TASK_SEG:
		return (float)(1 + (v[0] > 0) + 2 * (v[1] > 0));
	case TASK_DEPTH:
		return 3 + v[2];
	default:
		return v[c] / sqrtf(length);
	}
}

struct net {
	const struct row *r;
	const struct dataset *d;
	struct network n;
	struct graph *g;
	float *target[TASKS]; /* of the samples fed last */
};

/* rounded: inputs are values of bf16. */
static const struct dataset *data_of(const struct row *r, bool rounded)
{
	struct dataset *d = NEW(&arena, struct dataset);
	float *x;

	draw_traits();
	x = inputs(r);
	for (size_t i = 0; rounded && i < inputs_of(r); i++)
		x[i] = mixed_nearest(x[i]);
	d->tasks = r->tasks;
	memcpy(d->task, r->task, sizeof(r->task));
	for (int s = 0; s < SPLIT_COUNT; s++)
		d->split[s] = (struct split_data){ .n = SAMPLES + FRESH,
			.input = { x, ELEMENT_F32, 1, r->c, r->h, r->w, 0 } };
	return d;
}

static struct net net_of(
	const struct row *r, const struct dataset *d, const char *precision)
{
	struct params *ps = modelled_params(r->params, &arena);
	struct net t = { .r = r, .d = d };
	struct err e;

	params_set(ps, &arena, "train.precision", precision);
	t.n = modelled(ps, d, &arena);
	t.g = t.n.graph;
	ck_assert_int_eq(graph_build(t.g, BATCH, true, &e), OK);
	graph_init(t.g, 7);
	for (int k = 0; k < r->tasks; k++)
		t.target[k] = NEW_ARRAY(
			&arena, float, BATCH *graph_prediction_floats(t.g, k));
	return t;
}

static struct loss_shape shape_of(const struct net *t, int k)
{
	int outputs = t->r->task[k].outputs;

	return (struct loss_shape){ BATCH, outputs,
		graph_prediction_floats(t->g, k) / outputs };
}

/* Forward pass and losses of samples [from, from + BATCH); returns the sum of losses. */
static double pass(struct net *t, int from, int64_t step)
{
	int index[BATCH];
	double sum = 0;

	for (int i = 0; i < BATCH; i++)
		index[i] = from + i;
	graph_train(t->g, 1, step);
	graph_feed(t->g, t->n.input[0], &t->d->split[0].input, index, BATCH);
	graph_forward(t->g);
	for (int k = 0; k < t->r->tasks; k++) {
		struct loss l = loss_of(&t->r->task[k]);
		struct loss_shape s = shape_of(t, k);
		int floats = loss_target_floats(&l, s.C, s.S);

		for (int i = 0; i < BATCH; i++)
			for (int j = 0; j < floats; j++)
				t->target[k][i * floats + j] =
					target(t->r, k, from + i, j / s.S, j % s.S);
		sum += loss_mean(loss_compute(&l, &s, graph_prediction(t->g, k),
			t->target[k], graph_seed(t->g, k)));
	}
	return sum;
}

static float *gradient_of(struct net *t, const double *weight)
{
	float *grad = arena_alloc_aligned(&arena, sizeof(float) * graph_floats(t->g));

	graph_backward(t->g, weight, grad);
	return grad;
}

/* Trains by Adam; returns by which factor the losses fell. */
static double train(struct net *t, int steps)
{
	const double even[TASKS] = { 1, 1, 1 };
	struct params *ps = NEW(&arena, struct params);
	struct optim_info info;
	struct optim *o;
	struct err e;
	float *grad;
	double first = pass(t, 0, 0);

	params_set(ps, &arena, "train.optimizer", "adam");
	params_set(ps, &arena, "lr", t->r->lr);
	params_set(ps, &arena, "wd", "0");
	ck_assert_msg(optim_parse(ps, &info, &e) == OK, "%s", e.msg);
	o = optim_new(&info, t->g, t->g->k, &arena);
	grad = gradient_of(t, even);
	for (int i = 0; i < steps; i++) {
		(void)pass(t, i * BATCH % SAMPLES, i);
		graph_backward(t->g, even, grad);
		optim_step(o, info.lr, graph_values(t->g), (const float *[]){ grad });
	}
	return first / pass(t, 0, steps);
}

/* rounded: to values of bf16. */
static void copy_parameters(const struct net *from, struct net *to, bool rounded)
{
	for (int i = 0; i < graph_params(from->g); i++) {
		size_t n = graph_param(from->g, i)->count;
		float *v = NEW_ARRAY(&arena, float, n);

		graph_param_get(from->g, i, graph_values(from->g), v);
		for (size_t j = 0; rounded && j < n; j++)
			v[j] = mixed_nearest(v[j]);
		graph_param_set(to->g, i, graph_values(to->g), v);
	}
}

/* A gradient in logical order; shared: of the trunk alone. */
static size_t logical(const struct net *t, const float *grad, bool shared, float *out)
{
	size_t n = 0;

	for (int i = 0; i < graph_params(t->g); i++) {
		const struct graph_param *p = graph_param(t->g, i);

		if (shared && p->scope != SCOPE_SHARED)
			continue;
		graph_param_get(t->g, i, grad, out + n);
		n += p->count;
	}
	return n;
}

/* Sums over batches: of squares of differences, of squares. */
struct far {
	double square, length;
	double share; /* the root of the one by the other */
	double cosine; /* the largest difference between cosines of two tasks */
};

static double dot(size_t n, const float *a, const float *b)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (double)a[i] * (double)b[i];
	return sum;
}

static double cosine_of(size_t n, const float *a, const float *b)
{
	return dot(n, a, b) / sqrt(dot(n, a, a) * dot(n, b, b));
}

/* The gradients of one batch in both precisions: of all tasks together, and cosines. */
static void compare(struct net *a, struct net *b, int from, struct far *f)
{
	const double even[TASKS] = { 1, 1, 1 };
	size_t floats = graph_floats(a->g) + graph_floats(b->g), n = 0;
	float *p[2][TASKS + 1];
	struct net *net[2] = { a, b };

	for (int i = 0; i < 2; i++) {
		(void)pass(net[i], from, 1);
		for (int k = 0; k <= a->r->tasks; k++) {
			double one[TASKS] = { k == 0, k == 1, k == 2 };
			bool all = k == a->r->tasks;

			p[i][k] = NEW_ARRAY(&arena, float, (int)floats);
			n = logical(net[i], gradient_of(net[i], all ? even : one), !all,
				p[i][k]);
		}
	}
	for (size_t j = 0; j < n; j++) {
		double want = (double)p[0][a->r->tasks][j];
		double off = (double)p[1][a->r->tasks][j] - want;

		f->square += off * off;
		f->length += want * want;
	}
	n = logical(a, p[0][0], true, NEW_ARRAY(&arena, float, (int)floats));
	for (int k = 1; k < a->r->tasks; k++) {
		double off =
			cosine_of(n, p[1][0], p[1][k]) - cosine_of(n, p[0][0], p[0][k]);

		f->cosine = fmax(f->cosine, fabs(off));
	}
}

static struct far compared(struct net *a, struct net *b)
{
	struct far f = { 0 };

	for (int i = 0; i < pace(FRESH / BATCH, 1); i++)
		compare(a, b, SAMPLES + i * BATCH, &f);
	f.share = sqrt(f.square / f.length);
	return f;
}

/*
 * Within 4 %. Where batch norm has few values a channel, that is what it makes of rounded
 * inputs and parameters in float32, too: no more than twice as far as these.
 */
START_TEST(gradients_of_trained_networks_are_those_of_float32_but_for_rounding)
{
	const struct row *r = &rows[_i];
	const struct dataset *d = data_of(r, false);
	struct net a = net_of(r, d, "float32"), b = net_of(r, d, "bf16");
	struct net c = net_of(r, data_of(r, true), "float32");
	double fell = train(&a, pace(r->steps, 2));
	struct far mixed, rounded;

	copy_parameters(&a, &b, false);
	copy_parameters(&a, &c, true);
	mixed = compared(&a, &b);
	rounded = compared(&a, &c);
	ck_assert(mixed.share > 0);
	if (pace_slow())
		return;
	ck_assert_msg(fell > 1.5, "%s has not learnt: %.2f", r->params[1], fell);
	ck_assert_msg(mixed.share <= fmax(SHARE, 2 * rounded.share * r->deep),
		"%s: %.4f of the gradient", r->params[1], mixed.share);
	ck_assert_msg(mixed.cosine <= COSINE, "%s: %.4f of a cosine", r->params[1],
		mixed.cosine);
}
END_TEST

Suite *suite_mixed_trained(void);
Suite *suite_mixed_trained(void)
{
	Suite *s = suite_create("mixed_trained");
	TCase *t = tcase_create("mixed_trained");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t,
		gradients_of_trained_networks_are_those_of_float32_but_for_rounding, 0,
		COUNT(rows));
	suite_add_tcase(s, t);
	return s;
}
