/*
 * The nodes of deep networks inside a graph: gradients against differences, tied
 * modules, running statistics, modes, and what is refused.
 */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "tests/lib/built.h"
#include "tests/lib/tables.h"
#include "tests/lib/gradcheck.h"
#include "trainer-core/graph/layer.h"
#include "common/rng.h"

static struct arena arena;

static void setup(void)
{
	memset(&arena, 0, sizeof(arena));
	kernels_init_fpu();
}

static void teardown(void)
{
	tables_reset();
	arena_release(&arena);
}

/* A name of its own where the test has none for it. */
static int put(struct graph *g, int scope, struct node n)
{
	if (!n.name)
		n.name = arena_printf(&arena, "n%d", graph_nodes(g));
	n.scope = scope;
	return graph_add(g, n);
}
#define NODE(id, ...) \
	put(g, SCOPE_SHARED, (struct node){ .kind = LAYER_##id, __VA_ARGS__ })
#define IN_SCOPE(scope, id, ...) \
	put(g, scope, (struct node){ .kind = LAYER_##id, __VA_ARGS__ })

static int input(struct graph *g, int C, int H, int W)
{
	return NODE(INPUT, .C = C, .H = H, .W = W);
}

static int conv(struct graph *g, int scope, int in, int units)
{
	return IN_SCOPE(scope, CONV2D, .in = { in }, .units = units, .kernel = 3,
		.pad = 1, .no_bias = true);
}

static int norm(struct graph *g, int scope, int in)
{
	return IN_SCOPE(scope, BATCHNORM, .in = { in });
}

/* The node under test behind x and y, two images of ten channels. */
static int under_test(struct graph *g, int which, int x, int y)
{
	int pool;

	switch (which) {
	case 0:
		return norm(g, SCOPE_SHARED, x);
	case 1:
		return NODE(RELU, .in = { norm(g, SCOPE_SHARED, x) });
	case 2:
		return NODE(DROPOUT, .in = { x }, .rate = 0.3f);
	case 3:
		return NODE(MAXPOOL2D, .in = { x }, .kernel = 3, .stride = 2, .pad = 1);
	case 4:
		pool = NODE(MAXPOOL2D, .in = { x }, .kernel = 2, .stride = 2);
		return NODE(MAXUNPOOL2D, .in = { norm(g, SCOPE_SHARED, pool), pool });
	case 5:
		return NODE(AVGPOOL2D, .in = { x }, .kernel = 3, .stride = 2, .pad = 1);
	case 6:
		return NODE(GLOBAL_AVGPOOL, .in = { x });
	case 7:
		return NODE(RESIZE, .in = { x }, .H = 9, .W = 4);
	case 8:
		return NODE(RESIZE, .in = { x }, .H = 9, .W = 4, .align_corners = true);
	case 9:
		return NODE(CONCAT, .in = { x, y, x }, .inputs = 3);
	case 10:
		return NODE(ADD, .in = { x, y });
	case 11:
		return NODE(RELU, .in = { NODE(ADD, .in = { x, y }) });
	case 12:
		return NODE(MUL, .in = { x, y });
	case 13:
		return NODE(LOG_SOFTMAX, .in = { x });
	case 14:
		return NODE(L2_NORMALIZE, .in = { x });
	case 15:
		return NODE(SIGMOID, .in = { x });
	case 16:
		return NODE(ADD, .in = { x, x });
	}
	return -1;
}
#define UNDER_TEST 17

/*
 * Two convolutions, the node, and a convolution behind it, read by two tasks: one sees
 * an image, one what flatten and linear make of it. Input and y have other readers, too.
 */
static struct graph *around(int which, const struct kernels *k, int batch, bool fuse)
{
	struct graph *g = graph_new(&arena, 2, k);
	int x = input(g, 3, 5, 4);
	int a = conv(g, SCOPE_SHARED, x, 10), b = conv(g, SCOPE_SHARED, a, 10);
	int node = under_test(g, which, a, b);
	int last = conv(g, SCOPE_SHARED, node, 18);
	int flat = IN_SCOPE(1, FLATTEN, .in = { last });
	int beside = norm(g, SCOPE_SHARED, b);

	graph_output(g, 0, conv(g, 0, last, 5));
	flat = IN_SCOPE(1, LINEAR, .in = { flat }, .units = 4);
	graph_output(g, 1, flat);
	ck_assert_int_ge(node, 0);
	(void)beside;
	built(g, batch, fuse);
	built_feed(g, x, batch, 5 + (uint64_t)x, &arena);
	return g;
}

/* ReLU and maxima: with many samples every probe crosses a kink somewhere. */
static bool has_kinks(int which)
{
	return which == 1 || which == 3 || which == 4 || which == 11;
}

START_TEST(every_node_has_the_gradient_of_its_values)
{
	static const int batches[2][2] = { { 17, 2 }, { 3, 1 } };
	const double weight[] = { 1, -0.5 };
	int which = _i / TABLES;

	for (int i = 0; i < 4; i++)
		built_check_gradient(around(which, tables_get(_i % TABLES),
					     batches[has_kinks(which)][i / 2], i % 2),
			weight, 4, &arena);
}
END_TEST

START_TEST(in_evaluation_every_node_has_the_gradient_of_its_values)
{
	const double weight[] = { 1, -0.5 };
	struct graph *g = around(_i, tables_get(2), 2, true);

	graph_forward(g); /* moves the statistics off their start */
	graph_evaluate(g);
	built_check_gradient(g, weight, 8, &arena);
}
END_TEST

/* NaN wherever a pass of the whole batch writes, padding included. */
static void poison(struct graph *g, int batch)
{
	for (int id = 0; id < graph_nodes(g); id++) {
		const struct node *v = graph_node(g, id);
		size_t n = node_floats(v, batch);

		for (size_t i = 0; v->y && i < n; i++)
			v->y[i] = NAN;
		for (size_t i = 0; v->dy && i < n; i++)
			v->dy[i] = NAN;
		for (size_t i = 0; v->half_y && i < n; i++)
			v->half_y[i] = 0xffff;
		for (size_t i = 0; v->half_dy && i < n; i++)
			v->half_dy[i] = 0xffff;
	}
}

/* Behind the last channel. */
static void check_zeros(const struct graph *g)
{
	for (int id = 0; id < graph_nodes(g); id++) {
		const struct node *v = graph_node(g, id);
		size_t pixels = (size_t)(v->H * v->W * g->n);
		size_t last = (size_t)(v->C / LANES) * pixels;

		if (v->layout != LAYOUT_C16 || v->C % LANES == 0)
			continue;
		for (size_t p = 0; p < pixels; p++)
			for (int c = v->C % LANES; c < LANES; c++) {
				size_t at = (last + p) * LANES + (size_t)c;

				ck_assert_msg((!v->y || v->y[at] == 0) &&
						(!v->half_y || v->half_y[at] == 0),
					"%s leaves something in lane %d", v->name, c);
			}
	}
}

START_TEST(the_same_pass_gives_the_same_bits)
{
	const double weight[] = { 1, 2 };
	int which = _i % UNDER_TEST;
	const struct kernels *k = _i < UNDER_TEST ? tables_get(2) : kernels_get_bf16();
	struct graph *a = around(which, k, 17, true);
	struct graph *b = around(which, k, 17, true);
	size_t bytes = graph_floats(a) * sizeof(float);
	float *grad = arena_alloc_aligned(&arena, bytes);
	float *same = arena_alloc_aligned(&arena, bytes);

	for (int t = 0; t < 2; t++)
		for (int i = 0; i < 17 * graph_prediction_floats(a, t); i++)
			graph_seed(a, t)[i] = graph_seed(b, t)[i] = (float)(i % 5) - 2;
	graph_forward(a);
	graph_backward(a, weight, grad);
	built_feed(b, 0, 3, 5 + (uint64_t)0,
		&arena); /* what another batch leaves reaches no result */
	graph_forward(b);
	graph_backward(b, weight, same);
	poison(b, 17);
	built_feed(b, 0, 17, 5 + (uint64_t)0, &arena);
	graph_forward(b);
	graph_backward(b, weight, same);
	check_zeros(b);
	ck_assert_mem_eq(grad, same, bytes);
	ck_assert_mem_eq(graph_prediction(a, 0), graph_prediction(b, 0),
		sizeof(float) * 17 * (size_t)graph_prediction_floats(a, 0));
}
END_TEST

/* Task 0 sees the node itself, task 1 what another convolution makes of it. */
static struct graph *seen(int which, const struct kernels *k, int batch)
{
	struct graph *g = graph_new(&arena, 2, k);
	int x = input(g, 3, 5, 4);
	int a = conv(g, SCOPE_SHARED, x, 10), b = conv(g, SCOPE_SHARED, a, 10);
	int node = under_test(g, which, a, b);

	graph_output(g, 0, node);
	graph_output(g, 1, conv(g, 1, node, 18));
	built(g, batch, true);
	built_feed(g, x, batch, 5 + (uint64_t)x, &arena);
	return g;
}

/* The gradient and both predictions in logical order, one behind the other. */
static float *passed(struct graph *g, int batch, size_t *n)
{
	float *grad = arena_alloc_aligned(&arena, sizeof(float) * graph_floats(g));
	float *all =
		arena_alloc_aligned(&arena, sizeof(float) * (graph_floats(g) + 100000));
	float *to = all;

	for (int t = 0; t < 2; t++)
		for (int i = 0; i < batch * graph_prediction_floats(g, t); i++)
			graph_seed(g, t)[i] = (float)(i % 5) - 2;
	graph_forward(g);
	graph_backward(g, (const double[]){ 1, 2 }, grad);
	for (int i = 0; i < graph_params(g); i++) {
		graph_param_get(g, i, grad, to);
		to += graph_param(g, i)->count;
	}
	for (int t = 0; t < 2; t++) {
		size_t values = (size_t)(batch * graph_prediction_floats(g, t));

		memcpy(to, graph_prediction(g, t), values * sizeof(*to));
		to += values;
	}
	*n = (size_t)(to - all);
	ck_assert_uint_le(*n, graph_floats(g) + 100000);
	return all;
}

static double distance(const float *x, const float *y, size_t n)
{
	double square = 0, length = 0;

	for (size_t i = 0; i < n; i++) {
		square += pow((double)x[i] - (double)y[i], 2);
		length += pow((double)y[i], 2);
	}
	return sqrt(square / length);
}

/*
 * Whichever way a node has in mixed precision. Where a prediction is read by another node it is
 * a float among values of bf16. Winners of pools move what is behind them.
 */
START_TEST(every_node_is_near_that_of_float32_in_mixed_precision)
{
	enum { BATCH = 7 };
	int which = _i / 2;
	const struct kernels *half = kernels_get_bf16(), *whole = kernels_get();
	size_t n, same;
	float *mixed, *exact;
	double off;

	mixed = passed(
		_i % 2 ? seen(which, half, BATCH) : around(which, half, BATCH, true),
		BATCH, &n);
	exact = passed(
		_i % 2 ? seen(which, whole, BATCH) : around(which, whole, BATCH, true),
		BATCH, &same);
	ck_assert_uint_eq(n, same);
	off = distance(mixed, exact, n);
	ck_assert_msg(off > 0 && off < (has_kinks(which) ? 0.2 : 0.04), "node %d: %g",
		which, off);
}
END_TEST

/* A module of convolution and batch norm that both tasks call, and task 0 twice. */
static struct graph *tied(const struct kernels *k, bool fuse)
{
	struct graph *g = graph_new(&arena, 2, k);
	int x = input(g, 3, 6, 6);
	int a = conv(g, SCOPE_SHARED, x, 8);
	int first = 0, first_norm = 0, id[3];

	for (int i = 0; i < 3; i++) {
		int scope = i == 2, from = i == 1 ? id[0] : a;

		id[i] = IN_SCOPE(scope, CONV2D, .in = { from }, .units = 8, .kernel = 3,
			.pad = 1, .no_bias = true, .params = "module", .shares = true,
			.tied = first);
		first = first ? first : id[0];
		id[i] = IN_SCOPE(scope, BATCHNORM, .in = { id[i] },
			.params = "module.norm", .shares = true, .tied = first_norm);
		first_norm = first_norm ? first_norm : id[0];
		id[i] = IN_SCOPE(scope, TANH, .in = { id[i] });
	}
	graph_output(g, 0, id[1]);
	graph_output(g, 1, id[2]);
	built(g, 4, fuse);
	built_feed(g, x, 4, 5 + (uint64_t)x, &arena);
	return g;
}

START_TEST(gradients_of_a_tied_module_add_up_over_its_calls)
{
	const double weight[] = { 1, 2 };

	for (int fuse = 0; fuse < 2; fuse++) {
		struct graph *g = tied(tables_get(_i), fuse);

		ck_assert_int_eq(
			graph_params(g), 4); /* trunk, module, its norm's two */
		ck_assert_int_eq(graph_buffers(g), 2);
		ck_assert(graph_shares_modules(g));
		ck_assert_str_eq(graph_param(g, 1)->name, "module.weight");
		ck_assert_int_eq(graph_param(g, 1)->scope, SCOPE_SHARED);
		built_check_gradient(g, weight, 20, &arena);
	}
}
END_TEST

START_TEST(a_task_pass_is_its_share_of_a_tied_module)
{
	const double one[] = { 1, 0 }, two[] = { 0, 1 }, both[] = { 1, 1 };
	struct graph *g = tied(tables_get(2), true);
	size_t n = graph_floats(g);
	float *a = arena_alloc_aligned(&arena, n * sizeof(float));
	float *b = arena_alloc_aligned(&arena, n * sizeof(float));
	float *sum = arena_alloc_aligned(&arena, n * sizeof(float));

	for (int t = 0; t < 2; t++)
		for (int i = 0; i < 4 * graph_prediction_floats(g, t); i++)
			graph_seed(g, t)[i] = (float)(i % 7) - 3;
	graph_forward(g);
	graph_backward(g, one, a);
	graph_backward(g, two, b);
	graph_backward(g, both, sum);
	for (size_t i = 0; i < n; i++)
		ck_assert_double_eq_tol((double)sum[i], (double)a[i] + (double)b[i],
			1e-4 * (1 + fabs((double)sum[i])));
}
END_TEST

/* Mean and variance over n of channel c of a node's values. */
static void moments(
	const struct graph *g, int id, int batch, int c, double *mean, double *variance)
{
	const struct node *v = graph_node(g, id);
	int plane = v->H * v->W, n = batch * plane;
	float *y = NEW_ARRAY(&arena, float, v->C *n);

	ck_assert(graph_read(g, id, y));
	*mean = *variance = 0;
	for (int i = 0; i < n; i++)
		*mean += (double)y[(i / plane * v->C + c) * plane + i % plane] / n;
	for (int i = 0; i < n; i++)
		*variance += pow((double)y[(i / plane * v->C + c) * plane + i % plane] -
					     *mean,
				     2) /
			n;
}

START_TEST(running_statistics_move_once_a_call_in_order)
{
	struct graph *g = tied(tables_get(2), true);
	const float *running = graph_state(g) + graph_buffer(g, 0)->offset;
	const float *variance = graph_state(g) + graph_buffer(g, 1)->offset;
	double mean = 0, var = 1, n = 4 * 36;

	ck_assert_str_eq(graph_buffer(g, 0)->name, "module.norm.running_mean");
	ck_assert(running[3] == 0 && variance[3] == 1);
	graph_forward(g);
	for (int i = 0; i < 3; i++) {
		double m, v;

		moments(g, 2 + 3 * i, 4, 3, &m, &v);
		mean = 0.9 * mean + 0.1 * m;
		var = 0.9 * var + 0.1 * v * n / (n - 1);
	}
	ck_assert_double_eq_tol((double)running[3], mean, 1e-6);
	ck_assert_double_eq_tol((double)variance[3], var, 1e-6);
}
END_TEST

START_TEST(evaluation_reads_the_running_statistics_and_moves_nothing)
{
	struct graph *g = graph_new(&arena, 1, tables_get(2));
	int x = input(g, 3, 4, 4);
	int id = conv(g, SCOPE_SHARED, x, 5), last = norm(g, SCOPE_SHARED, id);
	float before[32], *state;

	graph_output(g, 0, last);
	built(g, 6, true);
	state = graph_state(g);
	ck_assert_uint_eq(graph_state_floats(g), 32);
	state[2] = 0.5f;
	state[16 + 2] = 4;
	memcpy(before, state, sizeof(before));
	graph_evaluate(g);
	built_feed(g, x, 6, 5 + (uint64_t)x, &arena);
	graph_forward(g);
	ck_assert_mem_eq(state, before, sizeof(before));
	for (int i = 0; i < 6; i++) {
		float y[6 * 5 * 16], z;

		ck_assert(graph_read(g, id, y));
		z = (y[(i * 5 + 2) * 16] - 0.5f) / sqrtf(4 + 1e-5f);
		ck_assert_double_eq_tol(
			(double)graph_prediction(g, 0)[(i * 5 + 2) * 16], (double)z,
			1e-6);
	}
	graph_train(g, 0, 1);
	graph_forward(g);
	ck_assert_mem_ne(state, before, sizeof(before));
}
END_TEST

static struct graph *dropout(bool image, float rate, int n)
{
	struct graph *g = graph_new(&arena, 1, tables_get(2));
	int x = image ? input(g, 10, 5, 5) : input(g, 250, 1, 1);
	int id = NODE(DROPOUT, .name = "drop", .in = { x }, .rate = rate);

	graph_output(g, 0, image ? NODE(FLATTEN, .in = { id }) : id);
	built(g, n, true);
	built_feed(g, x, n, 5 + (uint64_t)x, &arena);
	return g;
}

START_TEST(dropout_draws_by_seed_step_and_node_and_keeps_the_mean)
{
	enum { N = 40, F = 250 };
	struct graph *g = dropout(true, 0.25f, N), *flat = dropout(false, 0.25f, N);
	float first[N * F];
	int zeros = 0, other = 0;

	graph_train(g, 7, 3);
	graph_train(flat, 7, 3);
	graph_forward(g);
	graph_forward(flat);
	memcpy(first, graph_prediction(g, 0), sizeof(first));
	ck_assert_mem_eq(first, graph_prediction(flat, 0), sizeof(first));
	for (int i = 0; i < N * F; i++) {
		double x = rng_normal(5, RNG_DATA, 0, (uint64_t)i);

		zeros += first[i] == 0;
		if (first[i] != 0)
			ck_assert_double_eq_tol((double)first[i], x / 0.75, 1e-5);
	}
	ck_assert_int_gt(zeros, N * F / 4 - 200);
	ck_assert_int_lt(zeros, N * F / 4 + 200);
	graph_forward(g);
	ck_assert_mem_eq(first, graph_prediction(g, 0), sizeof(first));
	graph_train(g, 7, 4);
	graph_forward(g);
	for (int i = 0; i < N * F; i++)
		other += (first[i] == 0) != (graph_prediction(g, 0)[i] == 0);
	ck_assert_int_gt(other, N * F / 4);
	graph_evaluate(g);
	graph_forward(g);
	for (int i = 0; i < N * F; i++)
		ck_assert(graph_prediction(g, 0)[i] ==
			(float)rng_normal(5, RNG_DATA, 0, (uint64_t)i));
}
END_TEST

START_TEST(layouts_follow_one_rule)
{
	struct graph *g = graph_new(&arena, 1, tables_get(2));
	int x = input(g, 3, 8, 8), y = input(g, 3, 8, 8);
	int a = conv(g, SCOPE_SHARED, x, 20);
	int pool = NODE(MAXPOOL2D, .in = { a }, .kernel = 2, .stride = 2);

	graph_output(g, 0, NODE(FLATTEN, .in = { pool }));
	built(g, 2, true);
	ck_assert_int_eq(graph_node(g, x)->layout, LAYOUT_N16);
	ck_assert_int_eq(graph_node(g, a)->layout, LAYOUT_N16);

	g = graph_new(&arena, 1, tables_get(2));
	x = input(g, 3, 8, 8);
	y = input(g, 3, 8, 8);
	a = conv(g, SCOPE_SHARED, x, 20);
	y = NODE(CONCAT, .in = { a, y }, .inputs = 2);
	y = norm(g, SCOPE_SHARED, y);
	y = NODE(GLOBAL_AVGPOOL, .in = { y });
	graph_output(g, 0, NODE(LINEAR, .in = { y }, .units = 2));
	built(g, 2, true);
	ck_assert_int_eq(graph_node(g, x)->layout, LAYOUT_C4);
	ck_assert_int_eq(graph_node(g, 1)->layout, LAYOUT_C16);
	ck_assert_int_eq(graph_node(g, a)->layout, LAYOUT_C16);
	ck_assert_int_eq(graph_node(g, y)->layout, LAYOUT_ROW);
	ck_assert_int_eq(graph_param(g, 0)->packing, PACK_C4);
}
END_TEST

START_TEST(images_leave_the_graph_in_rows)
{
	struct graph *g = graph_new(&arena, 1, tables_get(2));
	int x = input(g, 20, 3, 2);
	int id = NODE(ADD, .in = { x, x });

	graph_output(g, 0, id);
	built(g, 9, true);
	built_feed(g, x, 5, 5 + (uint64_t)x, &arena);
	graph_forward(g);
	for (int i = 0; i < 5 * 20 * 6; i++)
		ck_assert(graph_prediction(g, 0)[i] ==
			2 * (float)rng_normal(5, RNG_DATA, 0, (uint64_t)i));
}
END_TEST

/* Features of two nodes, an image and a flat one, against what heads read. */
START_TEST(images_are_features_as_well)
{
	struct graph *g = graph_new(&arena, 2, tables_get(2));
	int x = input(g, 3, 4, 4);
	int a = conv(g, SCOPE_SHARED, x, 10), b = norm(g, SCOPE_SHARED, a);
	int flat = NODE(GLOBAL_AVGPOOL, .in = { b });
	const double weight[] = { 1, 2 };
	float *rows, *direct, *grad;
	size_t F = 10 * 16 + 10;

	graph_output(g, 0, conv(g, 0, b, 4));
	graph_output(g, 1, IN_SCOPE(1, LINEAR, .in = { flat }, .units = 3));
	built(g, 5, true);
	built_feed(g, x, 5, 5 + (uint64_t)x, &arena);
	ck_assert_uint_eq(graph_features(g), F);
	rows = NEW_ARRAY(&arena, float, 5 * F);
	grad = arena_alloc_aligned(&arena, graph_floats(g) * sizeof(float));
	direct = arena_alloc_aligned(&arena, graph_floats(g) * sizeof(float));
	for (int t = 0; t < 2; t++)
		for (int i = 0; i < 5 * graph_prediction_floats(g, t); i++)
			graph_seed(g, t)[i] = (float)(i % 7) - 3;
	graph_forward(g);
	graph_backward(g, weight, direct);
	graph_backward_begin(g);
	graph_backward_head(g, 0, 1, grad);
	graph_backward_head(g, 1, 2, grad);
	graph_features_gradient(g, rows);
	graph_backward_begin(g);
	graph_features_seed(g, rows);
	graph_backward_trunk(g, grad);
	/* Seeded, the plane behind the mean has no gradient through it. */
	for (size_t i = 0; i < graph_scope_floats(g, 0); i++)
		ck_assert(grad[graph_scope_begin(g, 0) + i] ==
			direct[graph_scope_begin(g, 0) + i]);
	for (size_t i = 0; i < graph_scope_floats(g, SCOPE_SHARED); i++)
		ck_assert_double_eq_tol((double)grad[i], (double)direct[i], 1e-4);
	graph_features_read(g, rows);
	ck_assert(graph_read(g, flat, direct));
	for (int i = 0; i < 5; i++)
		ck_assert(rows[(size_t)i * F + 160 + 7] == direct[i * 10 + 7]);
}
END_TEST

START_TEST(the_last_shared_layer_is_a_convolution_with_its_norm)
{
	struct graph *g = graph_new(&arena, 1, tables_get(2));
	int x = input(g, 3, 4, 4);
	int a = norm(g, SCOPE_SHARED, conv(g, SCOPE_SHARED, x, 10));
	int b = norm(g, SCOPE_SHARED, conv(g, SCOPE_SHARED, a, 20));
	size_t begin, floats;

	graph_output(g, 0, conv(g, 0, b, 4));
	built(g, 2, true);
	graph_last_shared(g, &begin, &floats);
	ck_assert_str_eq(graph_param(g, 3)->name, "n3.weight");
	ck_assert_uint_eq(begin, graph_param(g, 3)->offset);
	ck_assert_str_eq(graph_param(g, 5)->name, "n4.bias");
	ck_assert_uint_eq(begin + floats, graph_param(g, 5)->offset + 20);

	/* A trunk comes before the modules that tasks call for themselves. */
	g = tied(tables_get(2), true);
	graph_last_shared(g, &begin, &floats);
	ck_assert_uint_eq(begin, graph_param(g, 0)->offset);
	ck_assert_uint_eq(floats, graph_param(g, 0)->floats);
}
END_TEST

static void refused(struct graph *g, int batch, int code, const char *why)
{
	struct err e = { 0 };

	ck_assert_int_eq(graph_build(g, batch, true, &e), code);
	ck_assert_msg(
		strstr(e.msg, why) != NULL, "\"%s\" does not say \"%s\"", e.msg, why);
}

START_TEST(what_does_not_fit_is_refused_with_the_node)
{
	for (int i = 0; i < 8; i++) {
		static const char *const why[] = { "windows do not overlap",
			"4x8x8 and 5x8x8", "4x4 beside 8x8", "dropout rate of 1",
			"tied to a node that is not like it",
			"tied to a node of another shape", "cannot follow a flat node",
			"needs a flatten" };
		struct graph *g = graph_new(&arena, 1, tables_get(2));
		int x = input(g, 3, 8, 8);
		int a = conv(g, SCOPE_SHARED, x, 4), b = conv(g, SCOPE_SHARED, x, 5);
		int pool =
			NODE(MAXPOOL2D, .in = { a }, .kernel = i ? 2 : 3, .stride = 2);
		int out = a;

		if (i == 0)
			out = NODE(MAXUNPOOL2D, .in = { pool, pool });
		if (i == 1)
			out = NODE(ADD, .in = { a, b });
		if (i == 2)
			out = NODE(CONCAT, .in = { a, pool }, .inputs = 2);
		if (i == 3)
			out = NODE(DROPOUT, .in = { a }, .rate = 1);
		if (i == 4)
			out = NODE(CONV2D, .in = { x }, .units = 7, .kernel = 3,
				.no_bias = true, .tied = a);
		if (i == 5)
			out = NODE(CONV2D, .in = { b }, .units = 4, .kernel = 3,
				.no_bias = true, .tied = a);
		if (i == 6)
			out = norm(g, SCOPE_SHARED, NODE(FLATTEN, .in = { a }));
		if (i == 7)
			out = NODE(
				LINEAR, .in = { norm(g, SCOPE_SHARED, a) }, .units = 2);
		graph_output(g, 0, out);
		refused(g, 2, ERR_SPEC, why[i]);
	}
}
END_TEST

START_TEST(batch_norm_over_one_value_is_refused_by_name)
{
	struct graph *g = graph_new(&arena, 1, tables_get(2));
	int x = input(g, 3, 4, 4);
	int id = norm(g, SCOPE_SHARED, conv(g, SCOPE_SHARED, x, 4));
	struct err e = { 0 };

	id = NODE(GLOBAL_AVGPOOL, .in = { id });
	id = NODE(BATCHNORM, .name = "pool.bn", .in = { id });
	graph_output(g, 0, id);
	built(g, 4, true);
	ck_assert_int_eq(graph_check_batch(g, 2, &e), OK);
	ck_assert_int_eq(graph_check_batch(g, 1, &e), ERR_SPEC);
	ck_assert_ptr_nonnull(strstr(e.msg, "node pool.bn"));
}
END_TEST

START_TEST(a_network_larger_than_the_machine_is_refused_with_its_size)
{
	struct graph *g = graph_new(&arena, 1, tables_get(2));
	int x = input(g, 3, 2048, 2048);

	graph_output(g, 0, norm(g, SCOPE_SHARED, conv(g, SCOPE_SHARED, x, 1024)));
	refused(g, 64, ERR_SYS, " MB for 64 samples");
}
END_TEST

START_TEST(gradients_of_a_chain_share_two_places)
{
	struct graph *g = graph_new(&arena, 1, tables_get(2));
	int x = input(g, 16, 8, 8), id = x;
	const float *place[2] = { NULL, NULL };

	for (int i = 0; i < 10; i++)
		id = NODE(RELU,
			.in = { norm(g, SCOPE_SHARED, conv(g, SCOPE_SHARED, id, 16)) });
	graph_output(g, 0, id);
	built(g, 4, true);
	for (int i = 1; i < graph_nodes(g); i++) {
		const float *dy = graph_node(g, i)->dy;

		if (!dy)
			continue;
		ck_assert(!place[1] || dy == place[0] || dy == place[1]);
		if (!place[0])
			place[0] = dy;
		else if (dy != place[0])
			place[1] = dy;
	}
}
END_TEST

/* Mean square and mean of a parameter's values. */
static void spread_of(const struct graph *g, int param, double *square, double *mean)
{
	const struct graph_param *p = graph_param(g, param);
	float *v = NEW_ARRAY(&arena, float, p->count);

	graph_param_get(g, param, graph_values(g), v);
	*square = *mean = 0;
	for (size_t i = 0; i < p->count; i++) {
		*square += (double)v[i] * (double)v[i] / (double)p->count;
		*mean += (double)v[i] / (double)p->count;
	}
}

START_TEST(initial_values_are_those_of_their_kind)
{
	/* 30 channels to 60, 3x3: what enters an output, what an input enters. */
	const double fan_in = 270, fan_out = 540;
	const double want[] = { 1 / fan_in / 3, 2 / (fan_in + fan_out), 2 / fan_out };
	double square, mean;

	for (int i = 0; i < 3; i++) {
		struct graph *g = graph_new(&arena, 1, tables_get(2));
		int x = input(g, 30, 4, 4);
		int id = NODE(CONV2D, .in = { x }, .units = 60, .kernel = 3,
			.init = (enum node_init)i);

		graph_output(g, 0, norm(g, SCOPE_SHARED, id));
		built(g, 2, true);
		spread_of(g, 0, &square, &mean);
		ck_assert_double_eq_tol(square, want[i], 0.05 * want[i]);
		ck_assert_double_eq_tol(mean, 0, 0.05 * sqrt(want[i]));
		spread_of(g, 1, &square, &mean);
		ck_assert(i == INIT_TORCH ? square > 0.5 * want[i] : square == 0);
		spread_of(g, 2, &square, &mean);
		ck_assert_double_eq_tol(square, 1, 1e-12);
		ck_assert_double_eq_tol(mean, 1, 1e-12);
		spread_of(g, 3, &square, &mean);
		ck_assert(square == 0);
	}
}
END_TEST

Suite *suite_nodes(void);

Suite *suite_nodes(void)
{
	Suite *s = suite_create("nodes");
	TCase *t = tcase_create("nodes");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(
		t, every_node_has_the_gradient_of_its_values, 0, UNDER_TEST * TABLES);
	tcase_add_loop_test(t, in_evaluation_every_node_has_the_gradient_of_its_values,
		0, UNDER_TEST);
	tcase_add_loop_test(t, the_same_pass_gives_the_same_bits, 0, 2 * UNDER_TEST);
	tcase_add_loop_test(t, every_node_is_near_that_of_float32_in_mixed_precision, 0,
		2 * UNDER_TEST);
	tcase_add_loop_test(
		t, gradients_of_a_tied_module_add_up_over_its_calls, 0, TABLES);
	tcase_add_test(t, a_task_pass_is_its_share_of_a_tied_module);
	tcase_add_test(t, running_statistics_move_once_a_call_in_order);
	tcase_add_test(t, evaluation_reads_the_running_statistics_and_moves_nothing);
	tcase_add_test(t, dropout_draws_by_seed_step_and_node_and_keeps_the_mean);
	tcase_add_test(t, layouts_follow_one_rule);
	tcase_add_test(t, images_leave_the_graph_in_rows);
	tcase_add_test(t, images_are_features_as_well);
	tcase_add_test(t, the_last_shared_layer_is_a_convolution_with_its_norm);
	tcase_add_test(t, what_does_not_fit_is_refused_with_the_node);
	tcase_add_test(t, batch_norm_over_one_value_is_refused_by_name);
	tcase_add_test(t, a_network_larger_than_the_machine_is_refused_with_its_size);
	tcase_add_test(t, gradients_of_a_chain_share_two_places);
	tcase_add_test(t, initial_values_are_those_of_their_kind);
	suite_add_tcase(s, t);
	return s;
}
