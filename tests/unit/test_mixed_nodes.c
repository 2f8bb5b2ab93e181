/*
 * Nodes without products in mixed precision: their passes on stored values against those
 * on floats, rounded once.
 */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "tests/lib/each.h"
#include "tests/lib/mixed_tables.h"
#include "tests/lib/values.h"
#include "trainer-core/graph/layer.h"
#include "trainer-core/kernel/tables.h"

#define IMAGES 5
#define CHANNELS 20
#define LANED 32
#define HEIGHT 7
#define WIDE 6
#define BIG 13 /* side of what is resized to */
#define PLANES ((size_t)LANED * IMAGES * HEIGHT * WIDE)
#define RESIZED ((size_t)LANED * IMAGES * BIG * BIG)

static struct arena arena;
static const struct kernels *k; /* of the current test */

static void setup(void)
{
	memset(&arena, 0, sizeof(arena));
	kernels_init_fpu();
}

static void teardown(void)
{
	unsetenv("DELTAM_KERNELS");
	arena_release(&arena);
}

static uint16_t half_of(float x)
{
	return (uint16_t)(mixed_bits(mixed_nearest(x)) >> 16);
}

static float float_of(uint16_t x)
{
	return mixed_float((uint32_t)x << 16);
}

/* The same values twice, as floats and stored. */
struct pair {
	float *x;
	uint16_t *half;
};

static struct pair pair_of(float *x, size_t n)
{
	struct pair p = { x, arena_alloc_aligned(&arena, sizeof(uint16_t) * (n + 64)) };

	for (size_t i = 0; i < n; i++) {
		x[i] = mixed_nearest(x[i]);
		p.half[i] = half_of(x[i]);
	}
	return p;
}

static struct pair drawn(size_t n)
{
	return pair_of(values_random(&arena, n), n);
}

static void check_equal(const char *what, struct pair p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		ASSERT_EACH_MSG(p.half[i] == half_of(p.x[i]), "%s: %s, %a, not %a",
			k->isa, what, (double)float_of(p.half[i]), (double)p.x[i]);
}

static void check_windows(struct window_shape s, int add)
{
	size_t n = (size_t)LANED * IMAGES * (size_t)(s.OH * s.OW);
	struct pair x = drawn(PLANES), y = drawn(n), dy = drawn(n), dx = drawn(PLANES);

	k->pool_mean(&s, x.x, y.x);
	k->half->pool_mean(&s, x.half, y.half);
	check_equal("pool_mean", y, n);
	k->pool_spread(&s, dy.x, dx.x, add);
	k->half->pool_spread(&s, dy.half, dx.half, add);
	check_equal("pool_spread", dx, PLANES);
}

static void check_planes(int add)
{
	size_t n = (size_t)LANED * IMAGES;
	struct pair x = drawn(PLANES), y = drawn(n), dy = drawn(n), dx = drawn(PLANES);

	k->plane_mean(IMAGES, CHANNELS, HEIGHT * WIDE, x.x, y.x);
	k->half->plane_mean(IMAGES, CHANNELS, HEIGHT * WIDE, x.half, y.half);
	check_equal("plane_mean", y, n);
	k->plane_spread(IMAGES, CHANNELS, HEIGHT * WIDE, dy.x, dx.x, add);
	k->half->plane_spread(IMAGES, CHANNELS, HEIGHT * WIDE, dy.half, dx.half, add);
	check_equal("plane_spread", dx, PLANES);
}

static void check_resize(int oh, int ow, int corners, int add)
{
	struct resize_shape s = { IMAGES, CHANNELS, HEIGHT, WIDE, oh, ow, corners };
	struct pair dy = drawn(RESIZED), dx = drawn(PLANES);
	float *work = values_all(&arena, (size_t)IMAGES * HEIGHT * WIDE * LANES, NAN);

	k->resize_back(&s, dy.x, dx.x, add);
	k->half->resize_back(&s, dy.half, dx.half, add, work);
	check_equal("resize_back", dx, PLANES);
}

START_TEST(means_and_resizing_are_those_on_floats_rounded_once)
{
	static const struct window_shape windows[] = {
		{ IMAGES, CHANNELS, HEIGHT, WIDE, 3, 3, 2, 2, 0 },
		{ IMAGES, CHANNELS, HEIGHT, WIDE, 4, 3, 3, 2, 1 },
		{ IMAGES, CHANNELS, HEIGHT, WIDE, 3, 2, 2, 3, 1 },
	};
	int add = _i % 2;

	k = mixed_table(_i / 2);
	if (!k)
		return;
	for (int i = 0; i < COUNT(windows); i++)
		check_windows(windows[i], add);
	check_planes(add);
	for (int corners = 0; corners < 2; corners++) {
		check_resize(BIG, BIG, corners, add);
		check_resize(3, 1, corners, add);
	}
}
END_TEST

static float derivative(enum kernel_slope kind, float a, float y)
{
	if (kind == SLOPE_SIGMOID)
		return y * (1 - y);
	if (kind == SLOPE_TANH)
		return 1 - y * y;
	return y > 0 ? 1 : a;
}

static void check_slope(size_t n, enum kernel_slope kind, float a, int add)
{
	struct pair y = drawn(n), dy = drawn(n), dx = drawn(n);

	k->half->pass_slope(n, kind, a, dy.half, y.half, dx.half, add);
	for (size_t i = 0; i < n; i++) {
		float d = dy.x[i] * derivative(kind, a, y.x[i]);

		dx.x[i] = add ? dx.x[i] + d : d;
	}
	check_equal("pass_slope", dx, n);
}

static void check_rectify(size_t n, float a)
{
	struct pair x = drawn(n), y = drawn(n);

	x.x[0] = x.x[1] = 0;
	x.x[2] = NAN;
	x = pair_of(x.x, n);
	k->half->rectify(n, a, x.half, y.half);
	for (size_t i = 0; i < n; i++)
		y.x[i] = x.x[i] <= 0 ? (a == 0 ? 0 : a * x.x[i]) : x.x[i];
	ck_assert(isnan(float_of(y.half[2])));
	y.x[2] = 0;
	y.half[2] = 0;
	check_equal("rectify", y, n);
}

START_TEST(what_works_value_by_value_is_rounded_once)
{
	const float slopes[] = { 0, 0.01f };

	k = mixed_table(_i);
	if (!k)
		return;
	for (int add = 0; add < 2; add++)
		for (int i = 0; i < COUNT(slopes); i++) {
			check_slope(1003, SLOPE_RECTIFIER, slopes[i], add);
			check_slope(1003, SLOPE_SIGMOID, 0, add);
			check_slope(1003, SLOPE_TANH, 0, add);
			check_rectify(1003, slopes[i]);
		}
}
END_TEST

#define VALUES 65536

static float sigmoid(float x)
{
	return 1 / (1 + expf(-x));
}

/* A node of that kind on every value that bf16 has; it stands before a product. */
static const float *through(enum layer_kind kind, const float *x)
{
	struct graph *g = graph_new(&arena, 1, kernels_get_bf16());
	struct dataset_field f = { x, ELEMENT_F32, 1, VALUES, 1, 1, 0 };
	float *y = values_all(&arena, VALUES, 0);
	int in, id, index = 0;
	struct err e;

	in = graph_add(g,
		(struct node){ .kind = LAYER_INPUT,
			.name = "x",
			.scope = SCOPE_SHARED,
			.C = VALUES,
			.H = 1,
			.W = 1 });
	id = graph_add(g,
		(struct node){ .kind = kind,
			.name = "f",
			.scope = SCOPE_SHARED,
			.in = { in } });
	graph_output(g, 0,
		graph_add(g,
			(struct node){ .kind = LAYER_LINEAR,
				.name = "out",
				.scope = 0,
				.in = { id },
				.units = 1 }));
	ck_assert_int_eq(graph_build(g, 1, true, &e), OK);
	graph_feed(g, in, &f, &index, 1);
	graph_forward(g);
	ck_assert(graph_node(g, id)->half);
	ck_assert(graph_read(g, id, y));
	return y;
}

START_TEST(functions_of_a_value_are_tables_of_the_rounded_ones)
{
	float (*const f[])(float x) = { sigmoid, tanhf };
	const enum layer_kind kinds[] = { LAYER_SIGMOID, LAYER_TANH };
	float *x = values_all(&arena, VALUES, 0);
	const float *y;

	for (int i = 0; i < VALUES; i++)
		x[i] = float_of((uint16_t)i);
	y = through(kinds[_i], x);
	for (int i = 0; i < VALUES; i++) {
		float v = isnormal(x[i]) || !isfinite(x[i]) ? x[i] : copysignf(0, x[i]);
		float want = mixed_nearest(f[_i](v));

		ASSERT_EACH_MSG(mixed_bits(y[i]) == mixed_bits(want) ||
				(isnan(y[i]) && isnan(want)),
			"%a: %a, not %a", (double)v, (double)y[i], (double)want);
	}
}
END_TEST

Suite *suite_mixed_nodes(void);
Suite *suite_mixed_nodes(void)
{
	Suite *s = suite_create("mixed_nodes");
	TCase *t = tcase_create("mixed_nodes");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, means_and_resizing_are_those_on_floats_rounded_once, 0,
		2 * MIXED_TABLES);
	tcase_add_loop_test(
		t, what_works_value_by_value_is_rounded_once, 0, MIXED_TABLES);
	tcase_add_loop_test(
		t, functions_of_a_value_are_tables_of_the_rounded_ones, 0, 2);
	suite_add_tcase(s, t);
	return s;
}
