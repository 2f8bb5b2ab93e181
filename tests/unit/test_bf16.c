/*
 * The class bf16: the tile operation of every instruction set that this machine has, to
 * the bit against its definition; rounding; and the passes without products of the tables
 * against each other.
 */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "common/arena.h"
#include "tests/lib/each.h"
#include "tests/lib/mixed_tables.h"
#include "tests/lib/tile_unit.h"
#include "tests/lib/values.h"
#include "trainer-core/kernel/tables.h"

static struct arena arena;
static const struct kernels *k; /* of the current test */

static void setup(void)
{
	kernels_init_fpu();
	mixed_draw_begin();
}

static void teardown(void)
{
	unsetenv("DELTAM_KERNELS");
	arena_release(&arena);
}

/* Table i into k; false where this machine cannot run it. */
static bool choose(int i)
{
	k = mixed_table(i);
	return k;
}

/* ---- the operation ---- */

/* Numbers of all sizes that products and sums of floats can have, denormals among them. */
static uint16_t draw_bf16(int kind)
{
	int exponent = kind == 0 ? mixed_draw_from(120, 130)
		: kind == 1      ? mixed_draw_from(1, 254)
				 : mixed_draw_from(40, 90);

	if (kind == 2 && mixed_draw() % 8 == 0)
		exponent = 0;
	return (uint16_t)((mixed_draw() & 1) << 15 | (uint32_t)exponent << 7 |
		(mixed_draw() & 127));
}

static float widen(uint16_t x)
{
	float y = mixed_float((uint32_t)x << 16);

	return isnormal(y) ? y : copysignf(0, y);
}

static void check_tile(int depth, int kind)
{
	uint16_t a[16 * 32] __attribute__((aligned(64)));
	uint16_t b[16 * 32] __attribute__((aligned(64)));
	float c[16 * 16] __attribute__((aligned(64))), want[16 * 16];
	bool emulated = !strcmp(k->isa, "amx") && kernels_get_bf16() != k;
	long before;

	for (int i = 0; i < 16 * 32; i++) {
		a[i] = draw_bf16(kind);
		b[i] = draw_bf16(kind);
	}
	for (int i = 0; i < 16 * 16; i++) {
		int m = i / 16, n = i % 16;
		struct mixed_chain t = { .sum = widen(draw_bf16(kind)) * 1.001f,
			.depth = depth };

		c[i] = t.sum;
		for (int d = 0; d < depth; d++)
			mixed_chain_add(&t, widen(a[m * depth + d]),
				widen(b[d / 2 * 32 + 2 * n + d % 2]));
		want[i] = t.sum;
	}
	before = tile_unit_products();
	k->half->tile(depth, a, b, c);
	ck_assert(emulated == (tile_unit_products() == before + 1));
	for (int i = 0; i < 16 * 16; i++)
		ASSERT_EACH_MSG(mixed_bits(c[i]) == mixed_bits(want[i]) ||
				(isnan(c[i]) && isnan(want[i])),
			"%s, kind %d: %a, not %a", k->isa, kind, (double)c[i],
			(double)want[i]);
}

START_TEST(a_tile_is_a_chain_of_even_and_one_of_odd_products)
{
	bool flushes = !getenv("DELTAM_TEST_VALGRIND");

	if (!choose(_i))
		return;
	for (int n = 0; n < 300; n++)
		check_tile(n % 2 ? 16 : 32, n / 2 % (flushes ? 3 : 1));
}
END_TEST

START_TEST(a_value_is_rounded_to_the_nearest_of_two_to_the_even)
{
	const float edges[] = { 0, -0.0f, 1, 1.00390625f, 1.01171875f, -1.00390625f,
		3.4e38f, -3.4028235e38f, 3.39e38f, INFINITY, -INFINITY, NAN, 1e-40f,
		-1e-40f, 1.1754944e-38f };
	float *x = values_random(&arena, 512), *y = values_all(&arena, 512, 5);
	uint16_t half[512] = { 0 };

	if (!choose(_i))
		return;
	memcpy(x, edges, sizeof(edges));
	for (int i = COUNT(edges); i < 512; i++)
		x[i] = mixed_float(mixed_draw() & 0xfeffffff);
	k->half->narrow(511, x, half);
	k->half->widen(511, half, y);
	for (int i = 0; i < 511; i++)
		ASSERT_EACH_MSG(mixed_bits(y[i]) == mixed_bits(mixed_nearest(x[i])) ||
				(isnan(y[i]) && isnan(x[i])),
			"%a becomes %a, not %a", (double)x[i], (double)y[i],
			(double)mixed_nearest(x[i]));
	ck_assert(half[511] == 0 && mixed_bits(y[511]) == mixed_bits(5));
}
END_TEST

/* ---- everything else: the tables agree ---- */

/* Images of three. */
#define CHANNELS 35
#define HEIGHT 7
#define WIDE 6
#define IMAGES 3
#define LANED 48 /* channels rounded up */
#define PLANES ((size_t)LANED * IMAGES * HEIGHT * WIDE)

/* What all passes leave, one behind the other. */
struct trace {
	float *at;
	size_t n;
};

static float *next(struct trace *t, size_t n)
{
	float *p = t->at + t->n;

	t->n += (n + 15) / 16 * 16;
	ck_assert_uint_le(t->n, 40 * PLANES);
	return p;
}

static float *next_copy(struct trace *t, const float *x, size_t n)
{
	float *p = next(t, n);

	memcpy(p, x, n * sizeof(*x));
	return p;
}

static void trace_norm(struct trace *t, const float *x, const float *dy)
{
	struct norm_shape s = { .C = CHANNELS, .n = (size_t)IMAGES * HEIGHT * WIDE };
	float *scale = next_copy(t, x, LANED), *bias = next_copy(t, x + 100, LANED);
	float *mean = next(t, LANED), *variance = next(t, LANED);
	struct norm norm = { mean, scale, bias, bias, scale };

	for (s.relu = 0; s.relu < 2; s.relu++) {
		k->norm_statistics(&s, x, mean, variance);
		k->norm_forward(&s, &norm, x, next(t, PLANES));
		k->norm_backward_sums(&s, &norm, x, dy, next(t, LANED), next(t, LANED));
		k->norm_backward(&s, &norm, x, dy, next(t, PLANES), 0);
		k->norm_backward(&s, &norm, x, dy, next_copy(t, dy, PLANES), 1);
	}
}

static void trace_windows(struct trace *t, const float *x)
{
	struct window_shape s = { IMAGES, CHANNELS, HEIGHT, WIDE, 3, 2, 3, 2, 0 };
	struct resize_shape r = { IMAGES, CHANNELS, HEIGHT, WIDE, 9, 5, 0 };
	uint8_t *which = arena_alloc_aligned(&arena, PLANES);
	float *y = next(t, PLANES);

	k->pool_max(&s, x, y, which);
	k->pool_scatter(&s, which, y, next(t, PLANES), 0);
	k->pool_mean(&s, x, next(t, PLANES));
	k->pool_spread(&s, y, next_copy(t, x, PLANES), 1);
	k->plane_mean(IMAGES, CHANNELS, HEIGHT * WIDE, x, next(t, LANED * IMAGES));
	k->plane_spread(IMAGES, CHANNELS, HEIGHT * WIDE, y, next_copy(t, x, PLANES), 1);
	k->resize(&r, x, next(t, PLANES * 2));
	k->resize_back(&r, x, next(t, PLANES), 0);
}

static void trace_flat(struct trace *t, const float *x, const float *y)
{
	struct adam_step adam = { 0.01f, 0.9f, 0.999f, 1e-8f, 0.01f, 10, 1000, 1, 1 };
	struct sgd_step sgd = { 0.01f, 0.9f, 0.1f, 0.01f, 1, 0 };
	double dot = k->dot(1000, x, y);
	float *m = next_copy(t, x, 1000), *v = next(t, 1000), *max = next(t, 1000);

	memcpy(next(t, 2), &dot, sizeof(dot));
	for (int i = 0; i < 1000; i++)
		max[i] = v[i] = fabsf(y[i]);
	k->adam(1000, next_copy(t, y, 1000), x, m, v, max, &adam);
	k->sgd(1000, next_copy(t, y, 1000), x, next_copy(t, y, 1000), &sgd);
	k->axpy(1000, 0.3f, x, next_copy(t, y, 1000));
	k->join_add(1000, x, y, 1, next(t, 1000));
	k->join_mul(1000, x, y, 1, next_copy(t, x, 1000));
	k->pass_gradient(1000, x, y, next_copy(t, x, 1000), 1);
}

/* ---- passes on stored values: those on floats, rounded once ---- */

/* x as passes on stored values want it. */
static uint16_t *halves(const float *x, size_t n)
{
	uint16_t *to = arena_alloc_aligned(&arena, n * sizeof(*to));

	k->half->narrow(n, x, to);
	return to;
}

static void check_halves(
	const char *what, const uint16_t *got, const float *want, size_t n)
{
	for (size_t i = 0; i < n; i++)
		ASSERT_EACH_MSG(got[i] == mixed_bits(mixed_nearest(want[i])) >> 16,
			"%s, %s: %04x, not %a, at %zu", k->isa, what, got[i],
			(double)want[i], i);
}

/* Images of bf16 once as floats and once stored. */
struct both {
	float *x, *dy, *old;
	uint16_t *half_x, *half_dy, *half_old;
};

static float *rounded(void)
{
	float *x = values_random(&arena, PLANES);

	for (size_t i = 0; i < PLANES; i++)
		x[i] = mixed_nearest(x[i]);
	return x;
}

static struct both both(void)
{
	struct both b = { rounded(), rounded(), rounded(), NULL, NULL, NULL };

	b.half_x = halves(b.x, PLANES);
	b.half_dy = halves(b.dy, PLANES);
	b.half_old = halves(b.old, PLANES);
	return b;
}

static void check_norm(int relu, int add)
{
	struct norm_shape s = {
		.C = CHANNELS, .n = (size_t)IMAGES * HEIGHT * WIDE, .relu = relu
	};
	struct both b = both();
	float *p = values_random(&arena, 4 * LANED), *got = p + 2 * LANED;
	struct norm norm = { p, b.x, b.x + LANED, b.x + 2 * LANED, b.x + 3 * LANED };
	float *y = values_all(&arena, PLANES, 0);
	uint16_t *half = halves(y, PLANES);

	k->norm_statistics(&s, b.x, p, p + LANED);
	k->half->norm_statistics(&s, b.half_x, got, got + LANED);
	ck_assert(!memcmp(p, got, 2 * LANED * sizeof(*p)));
	k->norm_forward(&s, &norm, b.x, y);
	k->half->norm_forward(&s, &norm, b.half_x, half);
	check_halves("norm_forward", half, y, PLANES);
	p = values_random(&arena, 4 * LANED);
	got = p + 2 * LANED;
	k->norm_backward_sums(&s, &norm, b.x, b.dy, p, p + LANED);
	k->half->norm_backward_sums(&s, &norm, b.half_x, b.half_dy, got, got + LANED);
	ck_assert(!memcmp(p, got, 2 * LANED * sizeof(*p)));
	k->norm_backward(&s, &norm, b.x, b.dy, b.old, add);
	k->half->norm_backward(&s, &norm, b.half_x, b.half_dy, b.half_old, add);
	check_halves("norm_backward", b.half_old, b.old, PLANES);
}

static void check_pools(struct window_shape s, int add)
{
	uint8_t *which = arena_alloc_aligned(&arena, PLANES);
	uint8_t *winner = arena_alloc_aligned(&arena, PLANES);
	size_t n = (size_t)LANED * IMAGES * s.OH * s.OW;
	struct both b = both(), into = both();
	float *y = values_all(&arena, PLANES, 0);
	uint16_t *half = halves(y, PLANES);

	k->pool_max(&s, b.x, y, which);
	k->half->pool_max(&s, b.half_x, half, winner);
	check_halves("pool_max", half, y, n);
	ck_assert(!memcmp(which, winner, n));
	k->pool_gather(&s, which, b.x, into.old, add);
	k->half->pool_gather(&s, which, b.half_x, into.half_old, add);
	check_halves("pool_gather", into.half_old, into.old, n);
	k->pool_scatter(&s, which, b.dy, b.old, add);
	k->half->pool_scatter(&s, which, b.half_dy, b.half_old, add);
	check_halves("pool_scatter", b.half_old, b.old, PLANES);
}

static void check_joins(int flag, size_t n)
{
	struct both b = both();
	struct channel_run run = { (size_t)IMAGES * HEIGHT * WIDE, 20, 3, 8 };
	struct channel_run whole = { (size_t)IMAGES * HEIGHT * WIDE, 32, 0, 16 };
	struct resize_shape r = { IMAGES, CHANNELS, HEIGHT, WIDE, 9, 5, flag };
	size_t resized = (size_t)LANED * IMAGES * 9 * 5;
	float *y = values_all(&arena, resized, 0);
	uint16_t *half = halves(y, resized);

	k->resize(&r, b.x, y);
	k->half->resize(&r, b.half_x, half);
	check_halves("resize", half, y, resized);
	k->join_add(n, b.x, b.dy, flag, y);
	k->half->join_add(n, b.half_x, b.half_dy, flag, half);
	check_halves("join_add", half, y, n);
	k->join_mul(n, b.x, b.dy, flag, b.x);
	k->half->join_mul(n, b.half_x, b.half_dy, flag, b.half_x);
	check_halves("join_mul", b.half_x, b.x, n);
	b = both();
	k->pass_gradient(n, b.x, flag ? b.dy : NULL, b.old, flag);
	k->half->pass_gradient(n, b.half_x, flag ? b.half_dy : NULL, b.half_old, flag);
	check_halves("pass_gradient", b.half_old, b.old, PLANES);
	b = both();
	k->copy_channels(&run, b.x, b.old, flag);
	k->half->copy_channels(&run, b.half_x, b.half_old, flag);
	k->copy_channels(&whole, b.x, b.dy, flag);
	k->half->copy_channels(&whole, b.half_x, b.half_dy, flag);
	check_halves("copy_channels", b.half_old, b.old, PLANES);
	check_halves("copy_channels", b.half_dy, b.dy, PLANES);
}

static void check_rows(int N, int C, int HW)
{
	struct both b = both();
	size_t rows = (size_t)N * C * HW, n = (size_t)(C + 15) / 16 * 16 * HW * N;
	float *y = values_all(&arena, PLANES, 0);
	uint16_t *half = halves(y, PLANES);

	ck_assert_uint_le(n, PLANES);
	k->c16_to_rows(N, C, HW, b.x, y);
	k->half->c16_to_rows(N, C, HW, b.half_x, half);
	check_halves("c16_to_rows", half, y, rows);
	k->rows_to_c16(N, C, HW, b.dy, b.old);
	k->half->rows_to_c16(N, C, HW, b.half_dy, b.half_old);
	check_halves("rows_to_c16", b.half_old, b.old, n);
}

START_TEST(a_pass_on_stored_values_is_that_on_floats_rounded_once)
{
	const struct window_shape windows[] = {
		{ IMAGES, CHANNELS, HEIGHT, WIDE, 3, 3, 2, 2, 0 },
		{ IMAGES, CHANNELS, 6, WIDE, 3, 3, 2, 2, 0 },
		{ IMAGES, CHANNELS, HEIGHT, WIDE, 4, 3, 3, 2, 1 },
		{ IMAGES, CHANNELS, HEIGHT, WIDE, 3, 2, 2, 3, 1 },
	};

	if (!choose(_i / 2))
		return;
	for (int relu = 0; relu < 2; relu++)
		check_norm(relu, _i % 2);
	for (int i = 0; i < COUNT(windows); i++)
		check_pools(windows[i], _i % 2);
	check_rows(IMAGES, CHANNELS, HEIGHT * WIDE);
	check_rows(2, 16, 64);
	check_rows(5, 3, 1);
	check_joins(_i % 2, 1003);
	check_joins(_i % 2, PLANES);
}
END_TEST

START_TEST(every_other_pass_has_the_bits_of_the_portable_one)
{
	const float *x = values_random(&arena, PLANES),
		    *dy = values_random(&arena, PLANES);
	struct trace first = { 0 };

	for (int i = 0; i < MIXED_TABLES; i++) {
		struct trace t = { .at = values_all(&arena, 40 * PLANES, 0) };

		if (!choose(i))
			continue;
		trace_norm(&t, x, dy);
		trace_windows(&t, x);
		trace_flat(&t, x, dy);
		if (!first.at)
			first = t;
		for (size_t j = 0; j < t.n; j++)
			ASSERT_EACH_MSG(mixed_bits(t.at[j]) == mixed_bits(first.at[j]),
				"%s: %a, not %a, at %zu", k->isa, (double)t.at[j],
				(double)first.at[j], j);
	}
}
END_TEST

START_TEST(all_tables_are_one_class)
{
	if (!choose(_i))
		return;
	ck_assert_str_eq(k->name, kernels_bf16_portable.name);
	ck_assert_int_eq(strncmp(k->name, "bf16", 4), 0);
	ck_assert(k->half && !kernels_get()->half);
}
END_TEST

Suite *suite_bf16(void);
Suite *suite_bf16(void)
{
	Suite *s = suite_create("bf16");
	TCase *t = tcase_create("bf16");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(
		t, a_tile_is_a_chain_of_even_and_one_of_odd_products, 0, MIXED_TABLES);
	tcase_add_loop_test(t, a_value_is_rounded_to_the_nearest_of_two_to_the_even, 0,
		MIXED_TABLES);
	tcase_add_loop_test(t, a_pass_on_stored_values_is_that_on_floats_rounded_once,
		0, 2 * MIXED_TABLES);
	tcase_add_test(t, every_other_pass_has_the_bits_of_the_portable_one);
	tcase_add_loop_test(t, all_tables_are_one_class, 0, MIXED_TABLES);
	suite_add_tcase(s, t);
	return s;
}
