#include <check.h>
#include <math.h>
#include <string.h>
#include "trainer-core/graph/graph.h"
#include "trainer-core/optim/optim.h"
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

static int linear(struct graph *g, const char *name, int scope, int in, int units)
{
	return graph_add(g,
		(struct node){ .kind = LAYER_LINEAR,
			.name = name,
			.scope = scope,
			.in = { in },
			.units = units });
}

/* A shared layer and two heads: a flat array with gaps and packing in it. */
static struct graph *network(void)
{
	struct graph *g = graph_new(&arena, 2, kernels_get());
	int x = graph_add(g,
		(struct node){ .kind = LAYER_INPUT,
			.name = "x",
			.scope = SCOPE_SHARED,
			.C = 5,
			.H = 1,
			.W = 1 });
	int trunk = linear(g, "trunk", SCOPE_SHARED, x, 19);
	struct err e;

	graph_output(g, 0, linear(g, "a", 0, trunk, 3));
	graph_output(g, 1, linear(g, "b", 1, trunk, 2));
	ck_assert_int_eq(graph_build(g, 4, true, &e), OK);
	return g;
}

/* "name value" pairs, ended by NULL. */
static struct optim_info parsed(const char *const *pairs)
{
	struct params ps = { 0 };
	struct optim_info info;
	struct err e = { 0 };

	params_set(&ps, &arena, "wd", "0");
	for (; *pairs; pairs += 2)
		params_set(&ps, &arena, pairs[0], pairs[1]);
	ck_assert_msg(optim_parse(&ps, &info, &e) == OK, "%s", e.msg);
	return info;
}

static const char *const settings[][14] = {
	{ "train.optimizer", "adam", "lr", "0.01" },
	{ "train.optimizer", "adam", "lr", "0.01", "wd", "0.1",
		"train.optimizer.amsgrad", "true" },
	{ "train.optimizer", "adam", "lr", "0.01", "train.optimizer.eps", "0" },
	{ "train.optimizer", "adamw", "lr", "0.01", "wd", "0.1" },
	{ "train.optimizer", "sgd", "lr", "0.05", "wd", "0.01" },
	{ "train.optimizer", "sgd", "lr", "0.05", "train.optimizer.dampening", "0.3" },
	{ "train.optimizer", "sgd", "lr", "0.05", "train.optimizer.nesterov", "true" },
	{ "train.optimizer", "sgd", "lr", "0.05", "train.optimizer.momentum", "0" },
	{ "train.optimizer", "gd", "lr", "0.05", "wd", "0.01" },
	{ "train.optimizer", "rmsprop", "lr", "0.01", "wd", "0.01" },
	{ "train.optimizer", "rmsprop", "lr", "0.01", "train.optimizer.momentum",
		"0.5" },
	{ "train.optimizer", "rmsprop", "lr", "0.01", "train.optimizer.eps", "0" },
	{ "train.optimizer", "adagrad", "lr", "0.1", "wd", "0.01" },
	{ "train.optimizer", "adagrad", "lr", "0.1", "train.optimizer.eps", "0" },
};

/* Logical values of every parameter, one after the other; returns how many. */
static int logical(const struct graph *g, const float *flat, float *out)
{
	int n = 0;

	for (int i = 0; i < graph_params(g); i++) {
		graph_param_get(g, i, flat, out + n);
		n += (int)graph_param(g, i)->count;
	}
	return n;
}

static void set_logical(const struct graph *g, float *flat, const float *from)
{
	for (int i = 0; i < graph_params(g); i++) {
		graph_param_set(g, i, flat, from);
		from += graph_param(g, i)->count;
	}
}

START_TEST(the_flat_array_follows_the_scalar_formulas)
{
	const struct optim_info info = parsed(settings[_i]);
	struct graph *g = network();
	struct optim *o = optim_new(&info, g, kernels_get(), &arena);
	float *grad = arena_alloc_aligned(&arena, graph_floats(g) * sizeof(float));
	float p[512], slope[512];
	double want[512], gradient[512], *state;
	int n = logical(g, graph_values(g), p);

	state = NEW_ARRAY(&arena, double, (size_t)n *optim_scalar_floats(&info) + 1);
	for (int i = 0; i < n; i++)
		want[i] = (double)(p[i] = (float)rng_normal(1, RNG_DATA, 0, i));
	set_logical(g, graph_values(g), p);
	for (int t = 1; t <= 20; t++) {
		for (int i = 0; i < n; i++)
			gradient[i] = (double)(slope[i] = (float)rng_normal(
						       2, RNG_DATA, (uint64_t)t, i));
		set_logical(g, grad, slope);
		optim_step(o, info.lr, graph_values(g), (const float *const *)&grad);
		optim_scalar_step(&info, t, n, want, gradient, state);
	}
	logical(g, graph_values(g), p);
	for (int i = 0; i < n; i++)
		ck_assert_double_eq_tol(
			(double)p[i], want[i], 1e-5 * fmax(1, fabs(want[i])));
}
END_TEST

START_TEST(gaps_and_padding_stay_zero_under_every_optimizer)
{
	const struct optim_info info = parsed(settings[_i]);
	struct graph *g = network();
	struct optim *o = optim_new(&info, g, kernels_get(), &arena);
	float *grad = arena_alloc_aligned(&arena, graph_floats(g) * sizeof(float));
	float ones[512], zeros[512] = { 0 };

	for (int i = 0; i < 512; i++)
		ones[i] = 1;
	set_logical(g, graph_values(g), ones);
	set_logical(g, grad, ones);
	for (int t = 0; t < 3; t++)
		optim_step(o, info.lr, graph_values(g), (const float *const *)&grad);
	set_logical(g, graph_values(g), zeros);
	for (size_t i = 0; i < graph_floats(g); i++)
		ck_assert(graph_values(g)[i] == 0);
}
END_TEST

START_TEST(an_optimizer_a_task_keeps_moments_of_each_tasks_gradient)
{
	const struct optim_info info = parsed((const char *const[]){ "train.optimizer",
		"adam", "lr", "0.01", "train.optimizer.per_task", "true", NULL });
	struct graph *g = network();
	struct optim *o = optim_new(&info, g, kernels_get(), &arena);
	size_t n = graph_floats(g);
	float *a = arena_alloc_aligned(&arena, n * sizeof(float));
	float *b = arena_alloc_aligned(&arena, n * sizeof(float));
	float ones[512], p[512];
	const float *grads[] = { a, b };

	for (int i = 0; i < 512; i++)
		ones[i] = 1;
	set_logical(g, a, ones);
	set_logical(g, b, ones);
	for (size_t i = 0; i < n; i++)
		b[i] *= 1000;
	optim_step(o, 0.01, graph_values(g), grads);
	logical(g, graph_values(g), p);
	/* Adam's first step is lr whatever the size: twice in the trunk, once in a head. */
	ck_assert_double_eq_tol((double)p[0], -0.02, 1e-6);
	graph_param_get(g, 2, graph_values(g), p);
	ck_assert_str_eq(graph_param(g, 2)->name, "a.weight");
	ck_assert_double_eq_tol((double)p[0], -0.01, 1e-6);
}
END_TEST

START_TEST(the_rate_falls_by_steps_or_along_a_cosine)
{
	struct params ps = { 0 };
	struct lr_decay d;
	struct err e = { 0 };

	ck_assert_int_eq(lr_decay_parse(&ps, &d, &e), OK);
	ck_assert_double_eq(lr_decay_factor(&d, 77, 100), 1);
	params_set(&ps, &arena, "train.lr_decay", "20 0.5");
	ck_assert_int_eq(lr_decay_parse(&ps, &d, &e), OK);
	ck_assert_double_eq(lr_decay_factor(&d, 20, 100), 1);
	ck_assert_double_eq(lr_decay_factor(&d, 21, 100), 0.5);
	ck_assert_double_eq(lr_decay_factor(&d, 41, 100), 0.25);
	params_set(&ps, &arena, "train.lr_decay", "cosine");
	ck_assert_int_eq(lr_decay_parse(&ps, &d, &e), OK);
	ck_assert_double_eq(lr_decay_factor(&d, 1, 100), 1);
	ck_assert_double_eq_tol(lr_decay_factor(&d, 51, 100), 0.5, 1e-15);
	params_set(&ps, &arena, "train.lr_decay", "0.5 0.5");
	ck_assert_int_eq(lr_decay_parse(&ps, &d, &e), ERR_SPEC);
}
END_TEST

START_TEST(settings_that_mean_nothing_are_refused)
{
	static const char *const bad[][4] = {
		{ "train.optimizer", "sgd", "train.optimizer.momentum", "1.5" },
		{ "train.optimizer.eps", "-1", "lr", "1" }, { "lr", "-1", "wd", "0" },
		{ "wd", "-1", "lr", "0" },
		{ "train.optimizer", "gd", "train.optimizer.nesterov", "true" }
	};

	for (int i = 0; i < COUNT(bad); i++) {
		struct params ps = { 0 };
		struct optim_info info;
		struct err e = { 0 };

		params_set(&ps, &arena, "lr", "0.001");
		params_set(&ps, &arena, "wd", "0");
		params_set(&ps, &arena, bad[i][0], bad[i][1]);
		params_set(&ps, &arena, bad[i][2], bad[i][3]);
		ck_assert_int_eq(optim_parse(&ps, &info, &e), ERR_SPEC);
	}
}
END_TEST

Suite *suite_optim(void);
Suite *suite_optim(void)
{
	Suite *s = suite_create("optim");
	TCase *t = tcase_create("optim");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(
		t, the_flat_array_follows_the_scalar_formulas, 0, COUNT(settings));
	tcase_add_loop_test(t, gaps_and_padding_stay_zero_under_every_optimizer, 0,
		COUNT(settings));
	tcase_add_test(t, an_optimizer_a_task_keeps_moments_of_each_tasks_gradient);
	tcase_add_test(t, the_rate_falls_by_steps_or_along_a_cosine);
	tcase_add_test(t, settings_that_mean_nothing_are_refused);
	suite_add_tcase(s, t);
	return s;
}
