/*
 * Passes of convolutions in the class bf16, of every instruction set that this machine has,
 * to the bit against their definition (mixed_case.h).
 */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include "common/arena.h"
#include "tests/lib/each.h"
#include "tests/lib/mixed_case.h"
#include "tests/lib/values.h"

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

static void check_forward(const struct mixed_case *t, void *work)
{
	const struct conv_shape *s = &t->s;
	size_t n = mixed_round_up(s->O) * s->OH * s->OW * s->N;
	size_t plane = (size_t)s->OH * s->OW * s->N;
	size_t in = (s->c4 ? 4 : mixed_round_up(s->C)) * s->H * s->W * s->N;
	float *want = values_all(&arena, n, 0);
	void *y = mixed_stored(values_all(&arena, n, NAN), n, s->wide, &arena);

	k->half->conv_forward(
		s, mixed_stored(t->x, in, false, &arena), t->w, t->b, y, work);
	for (size_t i = 0; i < n; i++) {
		float v = t->y[i] + t->b[i / LANES / plane * LANES + i % LANES];

		v = s->relu && v <= 0 ? 0 : v;
		want[i] = s->wide ? v : mixed_nearest(v);
	}
	mixed_case_same(
		t, k->isa, "forward", mixed_loaded(y, n, s->wide, &arena), want, n);
}

static float *scratch_end; /* of the last call of scratch */

/* What a pass asks for, and `more` floats behind it, all NaN. */
static void *scratch(const struct conv_shape *s, size_t more)
{
	size_t n = k->half->conv_work(s) / sizeof(float);
	float *work = values_all(&arena, n + more, NAN);

	scratch_end = work + n;
	return work;
}

static void check_conv(const struct mixed_case *t, void *work)
{
	const struct conv_shape *s = &t->s;
	size_t n = mixed_round_up(s->C) * s->H * s->W * s->N;
	size_t in = (s->c4 ? 4 : mixed_round_up(s->C)) * s->H * s->W * s->N;
	size_t weights = conv_c16_floats(s), outs = mixed_round_up(s->O);
	void *dy = mixed_stored(t->dy, outs * s->OH * s->OW * s->N, s->wide, &arena);
	float *want = values_all(&arena, n, 0);
	float *dw = values_all(&arena, weights + 1, NAN);
	float *db = values_all(&arena, outs + 1, NAN);

	check_forward(t, work);
	k->half->conv_backward_weights(
		s, mixed_stored(t->x, in, false, &arena), dy, dw, db, work);
	mixed_case_same(t, k->isa, "weights", dw, t->dw, weights);
	mixed_case_same(t, k->isa, "bias", db, t->db, outs);
	for (int add = 0; add < 2 && !s->c4; add++) {
		uint16_t *dx = mixed_stored(t->old, n, false, &arena);

		for (size_t i = 0; i < n; i++)
			want[i] = mixed_nearest(
				add ? mixed_nearest(t->old[i]) + t->dx[i] : t->dx[i]);
		k->half->conv_backward_data(s, t->w, dy, dx, add, work);
		mixed_case_same(t, k->isa, add ? "data, added," : "data",
			mixed_loaded(dx, n, false, &arena), want, n);
	}
}

/* Shapes that matter, then others: those drawn are cut until they are cheap. */
static const struct conv_shape shapes[] = {
	{ .N = 2,
		.C = 3,
		.H = 9,
		.W = 8,
		.O = 16,
		.kh = 7,
		.kw = 7,
		.stride = 2,
		.pad = 3,
		.dilation = 1,
		.c4 = 1 },
	{ .N = 5,
		.C = 1,
		.H = 14,
		.W = 14,
		.O = 10,
		.kh = 9,
		.kw = 9,
		.stride = 1,
		.dilation = 1,
		.c4 = 1,
		.relu = 1 },
	{ .N = 3,
		.C = 10,
		.H = 7,
		.W = 7,
		.O = 20,
		.kh = 5,
		.kw = 5,
		.stride = 1,
		.dilation = 1,
		.relu = 1 },
	{ .N = 8,
		.C = 16,
		.H = 6,
		.W = 6,
		.O = 16,
		.kh = 3,
		.kw = 3,
		.stride = 1,
		.pad = 1,
		.dilation = 1 },
	{ .N = 2,
		.C = 64,
		.H = 6,
		.W = 5,
		.O = 33,
		.kh = 3,
		.kw = 3,
		.stride = 2,
		.pad = 1,
		.dilation = 1 },
	{ .N = 3,
		.C = 40,
		.H = 4,
		.W = 4,
		.O = 70,
		.kh = 1,
		.kw = 1,
		.stride = 2,
		.dilation = 1 },
	{ .N = 1,
		.C = 33,
		.H = 9,
		.W = 9,
		.O = 17,
		.kh = 3,
		.kw = 3,
		.stride = 1,
		.pad = 4,
		.dilation = 4 },
	{ .N = 33,
		.C = 32,
		.H = 2,
		.W = 2,
		.O = 48,
		.kh = 3,
		.kw = 3,
		.stride = 1,
		.pad = 1,
		.dilation = 1 },
	{ .N = 3,
		.C = 16,
		.H = 7,
		.W = 6,
		.O = 16,
		.kh = 3,
		.kw = 5,
		.stride = 2,
		.pad = 2,
		.dilation = 1 },
	{ .N = 5,
		.C = 48,
		.H = 5,
		.W = 2,
		.O = 16,
		.kh = 2,
		.kw = 1,
		.stride = 3,
		.dilation = 2 },
	{ .N = 7,
		.C = 50,
		.H = 3,
		.W = 9,
		.O = 64,
		.kh = 1,
		.kw = 3,
		.stride = 3,
		.pad = 5,
		.dilation = 4 },
	{ .N = 2,
		.C = 16,
		.H = 1,
		.W = 40,
		.O = 13,
		.kh = 1,
		.kw = 1,
		.stride = 1,
		.dilation = 1,
		.wide = 1 },
};

#define DRAWN_SHAPES 24
#define CHEAP 150000.0 /* products of a pass */

static double products(const struct conv_shape *s)
{
	return (double)s->N * s->C * s->O * s->kh * s->kw * s->H * s->W /
		(s->stride * s->stride);
}

static struct conv_shape draw_shape(void)
{
	struct conv_shape s = { .N = mixed_draw_from(1, 33),
		.C = mixed_draw_from(1, 70),
		.H = mixed_draw_from(1, 40),
		.W = mixed_draw_from(1, 40),
		.O = mixed_draw_from(1, 70),
		.kh = mixed_draw_from(1, 5),
		.kw = mixed_draw_from(1, 5),
		.stride = mixed_draw_from(1, 3),
		.dilation = mixed_draw_from(1, 3),
		.relu = mixed_draw() % 2,
		.wide = mixed_draw() % 4 == 0 };

	s.pad = mixed_draw_from(0, s.dilation * (s.kh < s.kw ? s.kh : s.kw) / 2);
	s.c4 = mixed_draw() % 5 == 0;
	if (mixed_draw() % 4 == 0)
		s.C = 16;
	if (mixed_draw() % 4 == 0)
		s.O = 16;
	if (s.c4)
		s.C = mixed_draw_from(1, 4);
	while (products(&s) > CHEAP) {
		int *most = s.H > s.W ? &s.H : &s.W;

		if (s.N > *most)
			most = &s.N;
		if (s.O != 16 && s.O > 2 * *most)
			most = &s.O;
		if (!s.c4 && s.C != 16 && s.C > 2 * *most)
			most = &s.C;
		*most = *most / 2 + (int)(mixed_draw() % 2);
	}
	while (s.H + 2 * s.pad < s.dilation * (s.kh - 1) + 1)
		s.H++;
	while (s.W + 2 * s.pad < s.dilation * (s.kw - 1) + 1)
		s.W++;
	return s;
}

START_TEST(a_convolution_is_its_definition_to_the_bit)
{
	struct mixed_case t = { 0 };
	struct conv_shape s;

	for (int i = COUNT(shapes); i <= _i; i++)
		s = draw_shape();
	if (_i < COUNT(shapes))
		s = shapes[_i];
	mixed_case_make(&t, s, &arena);
	for (int i = 0; i < MIXED_TABLES; i++)
		if (choose(i))
			check_conv(&t, scratch(&t.s, 0));
}
END_TEST

/* An odd number of them wants the pairs of every position twice. */
START_TEST(scratch_of_a_batch_is_enough_for_a_smaller_one)
{
	struct conv_shape s = shapes[_i];
	struct mixed_case t = { 0 };
	size_t guard = 64;

	if (s.N < 2 || !choose(0))
		return;
	s.N--;
	mixed_case_make(&t, s, &arena);
	s = t.s;
	s.N++;
	check_conv(&t, scratch(&s, guard));
	for (size_t i = 0; i < guard; i++)
		ASSERT_EACH(isnan(scratch_end[i]));
}
END_TEST

/* Rounding twice, of both factors, and of what is stored. */
START_TEST(a_convolution_is_near_the_sum_in_double)
{
	struct mixed_case t = { 0 };
	const struct conv_shape *s = &t.s;

	mixed_case_make(&t, shapes[3], &arena);
	for (int i = 0; i < s->O * s->OH * s->OW; i++) {
		int o = i / s->OH / s->OW, p = i % (s->OH * s->OW);
		double sum = 0, size = 0;
		float got = t.y[mixed_place(0, s->N, s->OH * s->OW, 1, o, p)];

		for (int d = 0; d < s->C * 9; d++) {
			int y = p / s->OW + d % 9 / 3 - 1, x = p % s->OW + d % 3 - 1;
			double v;

			if (y < 0 || x < 0 || y >= s->H || x >= s->W)
				continue;
			v = (double)t.x[mixed_place(
				    0, s->N, s->H * s->W, 1, d / 9, y * s->W + x)] *
				(double)t.w[conv_c16_index(
					s, o, d / 9, d % 9 / 3, d % 3)];
			sum += v;
			size += fabs(v);
		}
		ASSERT_EACH_MSG(fabs((double)got - sum) <= size * 0x1.02p-8,
			"%g, not %g of %g", (double)got, sum, size);
	}
}
END_TEST

Suite *suite_bf16_passes(void);
Suite *suite_bf16_passes(void)
{
	Suite *s = suite_create("bf16_passes");
	TCase *t = tcase_create("bf16_passes");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, a_convolution_is_its_definition_to_the_bit, 0,
		COUNT(shapes) + DRAWN_SHAPES);
	tcase_add_loop_test(
		t, scratch_of_a_batch_is_enough_for_a_smaller_one, 0, COUNT(shapes));
	tcase_add_test(t, a_convolution_is_near_the_sum_in_double);
	suite_add_tcase(s, t);
	return s;
}
