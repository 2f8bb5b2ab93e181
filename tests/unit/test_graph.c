#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "tests/lib/built.h"
#include "tests/lib/tables.h"
#include "tests/lib/gradcheck.h"
#include "trainer-core/registry.h"
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

static int input(struct graph *g, int C, int H, int W)
{
	return graph_add(g,
		(struct node){ .kind = LAYER_INPUT,
			.name = "x",
			.scope = SCOPE_SHARED,
			.C = C,
			.H = H,
			.W = W });
}

static int add(struct graph *g, enum layer_kind kind, const char *name, int scope,
	int in, int units, int kernel)
{
	return graph_add(g,
		(struct node){ .kind = kind,
			.name = name,
			.scope = scope,
			.in = { in },
			.units = units,
			.kernel = kernel,
			.slope = 0.2f,
			.stride = kind == LAYER_MAXPOOL2D ? 2 : 1 });
}

/* linear, the node, linear: its data gradient reaches the first weights. */
static void check_flat_node(enum layer_kind kind, const struct kernels *k, bool fuse)
{
	const double weight[] = { 1 };
	struct graph *g = graph_new(&arena, 1, k);
	int x = input(g, 7, 1, 1);
	int id = add(g, LAYER_LINEAR, "a", SCOPE_SHARED, x, 33, 0);

	id = add(g, kind, "node", SCOPE_SHARED, id, 18, 0);
	id = add(g, LAYER_LINEAR, "b", SCOPE_SHARED, id, 3, 0);
	graph_output(g, 0, id);
	built(g, 17, fuse);
	built_feed(g, x, 17, 5, &arena);
	built_check_gradient(g, weight, 25, &arena);
}

START_TEST(flat_nodes_have_the_gradient_of_their_values)
{
	static const enum layer_kind kinds[] = { LAYER_LINEAR, LAYER_RELU,
		LAYER_LEAKY_RELU, LAYER_SIGMOID, LAYER_TANH, LAYER_FLATTEN };
	const struct kernels *k = tables_get(_i);

	for (int i = 0; i < COUNT(kinds); i++)
		for (int fuse = 0; fuse < 2; fuse++)
			check_flat_node(kinds[i], k, fuse);
}
END_TEST

/* conv, the node, conv, flatten, linear. */
static void check_image_node(enum layer_kind kind, const struct kernels *k, bool fuse)
{
	const double weight[] = { 1 };
	struct graph *g = graph_new(&arena, 1, k);
	int x = input(g, 2, 10, 8);
	int id = add(g, LAYER_CONV2D, "a", SCOPE_SHARED, x, 5, 3);

	id = add(g, kind, "node", SCOPE_SHARED, id, 3, 2);
	id = add(g, LAYER_CONV2D, "b", SCOPE_SHARED, id, 4, 2);
	id = add(g, LAYER_FLATTEN, "flat", SCOPE_SHARED, id, 0, 0);
	id = add(g, LAYER_LINEAR, "c", SCOPE_SHARED, id, 3, 0);
	graph_output(g, 0, id);
	built(g, 17, fuse);
	built_feed(g, x, 17, 5, &arena);
	built_check_gradient(g, weight, 10, &arena);
}

START_TEST(image_nodes_have_the_gradient_of_their_values)
{
	static const enum layer_kind kinds[] = { LAYER_CONV2D, LAYER_RELU,
		LAYER_LEAKY_RELU, LAYER_SIGMOID, LAYER_TANH, LAYER_MAXPOOL2D };
	const struct kernels *k = tables_get(_i);

	for (int i = 0; i < COUNT(kinds); i++)
		for (int fuse = 0; fuse < 2; fuse++)
			check_image_node(kinds[i], k, fuse);
}
END_TEST

START_TEST(one_node_can_have_readers_of_every_kind)
{
	static const enum layer_kind kinds[] = { LAYER_FLATTEN, LAYER_TANH,
		LAYER_MAXPOOL2D, LAYER_CONV2D, LAYER_FLATTEN };
	const double weight[] = { 1, -0.5, 2, 0.5, 1 };
	struct graph *g = graph_new(&arena, 5, tables_get(_i));
	int x = input(g, 2, 6, 6);
	int trunk = add(g, LAYER_CONV2D, "trunk", SCOPE_SHARED, x, 4, 3);

	for (int k = 0; k < 5; k++) {
		int id = add(
			g, kinds[k], arena_printf(&arena, "node%d", k), k, trunk, 3, 2);

		if (kinds[k] != LAYER_FLATTEN)
			id = add(g, LAYER_FLATTEN, arena_printf(&arena, "flat%d", k), k,
				id, 0, 0);
		id = add(g, LAYER_LINEAR, arena_printf(&arena, "head%d", k), k, id, 2,
			0);
		graph_output(g, k, id);
	}
	built(g, 17, true);
	built_feed(g, x, 17, 5, &arena);
	built_check_gradient(g, weight, 15, &arena);
}
END_TEST

static const struct task_info two_tasks[] = {
	{ .name = "a", .kind = TASK_CLASS, .loss = LOSS_CE, .outputs = 10 },
	{ .name = "b", .kind = TASK_REGRESS, .loss = LOSS_L1, .outputs = 3 }
};

static struct graph *network(const char *name, const struct kernels *k, int batch,
	bool fuse, const struct params *ps)
{
	struct graph *g = graph_new(&arena, 2, k);
	struct model_io io = { .task = two_tasks, .K = 2 };
	struct err e = { 0 };
	bool lenet = !strcmp(name, "lenet");
	struct params named = params_copy(&arena, ps);

	params_set(&named, &arena, "model.name", name);
	io.input = lenet ? input(g, 1, 36, 36) : input(g, 12, 1, 1);
	ck_assert_int_eq(registry_model(name)->build(g, &io, &named, &e), OK);
	built(g, batch, fuse);
	return g;
}

START_TEST(both_networks_have_the_gradient_of_their_values)
{
	const double weight[] = { 0.5, 2 };
	const struct kernels *k = tables_get(_i);
	struct params none = { 0 }, deep = { 0 };

	params_set(&deep, &arena, "model.head_hidden", "16");
	params_set(&deep, &arena, "model.activation", "tanh");
	for (int fuse = 0; fuse < 2; fuse++) {
		struct graph *g = network("mlp", k, 17, fuse, &deep);

		built_feed(g, 0, 17, 5, &arena);
		built_check_gradient(g, weight, 30, &arena);
		g = network("lenet", k, 3, fuse, &none);
		built_feed(g, 0, 3, 5, &arena);
		built_check_gradient(g, weight, 5, &arena);
	}
}
END_TEST

START_TEST(parameter_counts_are_those_of_the_references)
{
	struct params none = { 0 };
	struct graph *g = network("lenet", tables_get(0), 2, true, &none);
	size_t shared = 0, all = 0;

	for (int i = 0; i < graph_params(g); i++) {
		const struct graph_param *p = graph_param(g, i);

		all += p->count;
		shared += p->scope == SCOPE_SHARED ? p->count : 0;
		ck_assert_uint_eq(p->offset % 16, 0);
	}
	ck_assert_uint_eq(shared, 30890);
	ck_assert_uint_eq(all, 30890 + 510 + 153);
}
END_TEST

/* Every value of every node, one after the other. */
static double values_of(struct graph *g, int id)
{
	const struct node *v = graph_node(g, id);
	float *y = NEW_ARRAY(&arena, float, (size_t)v->C * v->H * v->W * 64);
	double sum = 0;

	if (!graph_read(g, id, y))
		return NAN;
	for (int i = 0; i < v->C * v->H * v->W * 20; i++)
		sum += (double)y[i] * (i % 7 + 1);
	return sum;
}

START_TEST(fusion_changes_no_value_and_no_gradient)
{
	const double weight[] = { 1, 0.25 };
	struct params none = { 0 };
	const struct kernels *k = tables_get(_i);
	struct graph *plain = network("lenet", k, 20, false, &none);
	struct graph *fused = network("lenet", k, 20, true, &none);
	size_t bytes = graph_floats(plain) * sizeof(float);
	float *a = arena_alloc_aligned(&arena, bytes);
	float *b = arena_alloc_aligned(&arena, bytes);

	built_feed(plain, 0, 20, 5, &arena);
	built_feed(fused, 0, 20, 5, &arena);
	graph_forward(plain);
	graph_forward(fused);
	ck_assert(isnan(values_of(fused, graph_find(fused, "relu1"))));
	ck_assert_double_eq_tol(values_of(plain, graph_find(plain, "pool2")),
		values_of(fused, graph_find(fused, "pool2")), 1e-2);
	for (int i = 0; i < 20; i++)
		graph_seed(plain, 0)[i] = graph_seed(fused, 0)[i] =
			graph_seed(plain, 1)[i] = graph_seed(fused, 1)[i] = 1;
	graph_backward(plain, weight, a);
	graph_backward(fused, weight, b);
	for (size_t i = 0; i < graph_floats(plain); i++)
		ck_assert_double_eq_tol(
			(double)a[i], (double)b[i], 1e-3 + fabs((double)a[i]) * 1e-4);
}
END_TEST

/* Two channels light up in turn, the kernel adds them: a plane of ones, all tied. */
static float first_winner(const struct kernels *k, bool fuse)
{
	const double weight[] = { 1 };
	const float x[8] = { 1, 0, 0, 0, 0, 1, 1, 1 }, ones[2] = { 1, 1 };
	const struct dataset_field f = { x, ELEMENT_F32, 1, 2, 2, 2, 0 };
	const int index[] = { 0 };
	struct graph *g = graph_new(&arena, 1, k);
	int id = input(g, 2, 2, 2);
	float *grad, got[2];

	id = add(g, LAYER_CONV2D, "conv", SCOPE_SHARED, id, 1, 1);
	id = add(g, LAYER_RELU, "relu", SCOPE_SHARED, id, 0, 0);
	id = add(g, LAYER_MAXPOOL2D, "pool", SCOPE_SHARED, id, 0, 2);
	graph_output(g, 0, add(g, LAYER_FLATTEN, "y", SCOPE_SHARED, id, 0, 0));
	built(g, 1, fuse);
	graph_param_set(g, 0, graph_values(g), ones);
	graph_param_set(g, 1, graph_values(g), (const float[]){ 0 });
	grad = arena_alloc_aligned(&arena, graph_floats(g) * sizeof(float));
	graph_feed(g, 0, &f, index, 1);
	graph_forward(g);
	graph_seed(g, 0)[0] = 1;
	graph_backward(g, weight, grad);
	graph_param_get(g, 0, grad, got);
	return got[0] - got[1];
}

START_TEST(of_equal_values_in_a_window_the_first_wins)
{
	for (int fuse = 0; fuse < 2; fuse++)
		ck_assert(first_winner(tables_get(_i), fuse) == 1);
}
END_TEST

START_TEST(a_task_pass_is_its_share_of_the_weighted_pass)
{
	const double one[] = { 1, 0 }, two[] = { 0, 1 }, both[] = { 0.5, 3 };
	struct params none = { 0 };
	struct graph *g = network("mlp", tables_get(2), 20, true, &none);
	size_t n = graph_floats(g);
	float *a = arena_alloc_aligned(&arena, n * sizeof(float));
	float *b = arena_alloc_aligned(&arena, n * sizeof(float));
	float *sum = arena_alloc_aligned(&arena, n * sizeof(float));

	built_feed(g, 0, 20, 5, &arena);
	graph_forward(g);
	for (int i = 0; i < 60; i++)
		graph_seed(g, 0)[i] = graph_seed(g, 1)[i] = (float)(i % 5) - 2;
	graph_backward(g, both, a); /* leaves what the next pass must overwrite */
	graph_backward(g, one, a);
	graph_backward(g, two, b);
	graph_backward(g, both, sum);
	for (size_t i = 0; i < n; i++)
		ck_assert_double_eq_tol((double)sum[i],
			0.5 * (double)a[i] + 3 * (double)b[i],
			1e-4 * (1 + fabs((double)sum[i])));
	for (size_t i = 0; i < graph_scope_floats(g, 1); i++)
		ck_assert(a[graph_scope_begin(g, 1) + i] == 0);
}
END_TEST

START_TEST(networks_of_one_seed_share_values_by_name)
{
	struct params none = { 0 };
	struct graph *both = network("mlp", tables_get(0), 4, true, &none);
	struct graph *one = graph_new(&arena, 1, tables_get(0));
	struct model_io io = { .task = two_tasks + 1, .K = 1 };
	struct params named = { 0 };
	struct err e = { 0 };

	params_set(&named, &arena, "model.name", "mlp");
	io.input = input(one, 12, 1, 1);
	ck_assert_int_eq(registry_model("mlp")->build(one, &io, &named, &e), OK);
	built(one, 4, true);
	for (int i = 0; i < graph_params(one); i++) {
		const struct graph_param *p = graph_param(one, i);
		float *a = NEW_ARRAY(&arena, float, p->count);
		float *b = NEW_ARRAY(&arena, float, p->count);
		int j = 0;

		while (strcmp(graph_param(both, j)->name, p->name))
			j++;
		graph_param_get(one, i, graph_values(one), a);
		graph_param_get(both, j, graph_values(both), b);
		ck_assert_mem_eq(a, b, p->count * sizeof(float));
		ck_assert(fabsf(a[0]) <= (float)p->bound && a[0] != 0);
	}
}
END_TEST

START_TEST(what_a_short_batch_leaves_behind_reaches_no_result)
{
	const double weight[] = { 1, 1 };
	struct params none = { 0 };
	const struct kernels *k = tables_get(_i);
	struct graph *used = network("lenet", k, 48, true, &none);
	struct graph *fresh = network("lenet", k, 48, true, &none);
	size_t bytes = graph_floats(used) * sizeof(float);
	float *a = arena_alloc_aligned(&arena, bytes);
	float *b = arena_alloc_aligned(&arena, bytes);

	built_feed(used, 0, 48, 5, &arena);
	graph_forward(used);
	for (int i = 0; i < 48 * 3; i++)
		graph_seed(used, 0)[i] = graph_seed(used, 1)[i] =
			graph_seed(fresh, 0)[i] = graph_seed(fresh, 1)[i] = 1e3f;
	graph_backward(used, weight, a);
	built_feed(used, 0, 5, 5, &arena);
	built_feed(fresh, 0, 5, 5, &arena);
	graph_forward(used);
	graph_forward(fresh);
	graph_backward(used, weight, a);
	graph_backward(fresh, weight, b);
	ck_assert_mem_eq(a, b, bytes);
}
END_TEST

START_TEST(a_network_that_does_not_fit_is_refused)
{
	struct graph *g = graph_new(&arena, 1, tables_get(0));
	struct err e = { 0 };
	int x = input(g, 1, 8, 8);
	int id = add(g, LAYER_CONV2D, "conv", SCOPE_SHARED, x, 4, 9);

	id = add(g, LAYER_RELU, "relu", SCOPE_SHARED, id, 0, 0);
	graph_output(g, 0, id);
	ck_assert_int_eq(graph_build(g, 4, true, &e), ERR_SPEC);
	ck_assert_ptr_nonnull(strstr(e.msg, "node conv: a 9x9 kernel"));

	g = graph_new(&arena, 1, tables_get(0));
	x = input(g, 3, 8, 8);
	graph_output(g, 0, add(g, LAYER_LINEAR, "fc", SCOPE_SHARED, x, 4, 0));
	ck_assert_int_eq(graph_build(g, 4, true, &e), ERR_SPEC);
	ck_assert_ptr_nonnull(strstr(e.msg, "flatten"));

	g = graph_new(&arena, 1, tables_get(0));
	input(g, 3, 1, 1);
	ck_assert_int_eq(graph_build(g, 4, true, &e), ERR_SPEC);
	ck_assert_ptr_nonnull(strstr(e.msg, "task 0 has no output"));
}
END_TEST

Suite *suite_graph(void);

Suite *suite_graph(void)
{
	Suite *s = suite_create("graph");
	TCase *t = tcase_create("graph");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, flat_nodes_have_the_gradient_of_their_values, 0, TABLES);
	tcase_add_loop_test(
		t, image_nodes_have_the_gradient_of_their_values, 0, TABLES);
	tcase_add_loop_test(t, one_node_can_have_readers_of_every_kind, 0, TABLES);
	tcase_add_loop_test(
		t, both_networks_have_the_gradient_of_their_values, 0, TABLES);
	tcase_add_test(t, parameter_counts_are_those_of_the_references);
	tcase_add_loop_test(t, fusion_changes_no_value_and_no_gradient, 0, TABLES);
	tcase_add_loop_test(t, of_equal_values_in_a_window_the_first_wins, 0, TABLES);
	tcase_add_test(t, a_task_pass_is_its_share_of_the_weighted_pass);
	tcase_add_test(t, networks_of_one_seed_share_values_by_name);
	tcase_add_loop_test(
		t, what_a_short_batch_leaves_behind_reaches_no_result, 0, TABLES);
	tcase_add_test(t, a_network_that_does_not_fit_is_refused);
	suite_add_tcase(s, t);
	return s;
}
