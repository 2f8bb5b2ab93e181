/*
 * Passes of linear layers in the class bf16, of every instruction set that this machine has,
 * to the bit against the definition of a convolution (mixed_case.h).
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

static const struct linear_shape linear_shapes[] = {
	{ 1, 1, 1, 0, 0 },
	{ 17, 33, 10, 0, 1 },
	{ 64, 70, 1, 0, 1 },
	{ 5, 16, 4, 1, 0 },
	{ 16, 50, 15, 0, 0 },
	{ 17, 64, 16, 1, 0 },
	{ 33, 20, 17, 0, 0 },
	{ 40, 500, 50, 1, 0 },
	{ 9, 129, 81, 1, 0 },
};

/* A linear layer is a convolution of one tap: the same values, laid out so. */
static void linear_case(struct mixed_case *t, const struct linear_shape *l)
{
	mixed_case_make(t,
		(struct conv_shape){ .N = l->N,
			.C = l->in,
			.H = 1,
			.W = 1,
			.O = l->out,
			.kh = 1,
			.kw = 1,
			.stride = 1,
			.dilation = 1 },
		&arena);
}

static float *rows_of(int N, int C, const float *x)
{
	float *rows = values_all(&arena, (size_t)N * C + 1, NAN);

	for (int i = 0; i < N * C; i++)
		rows[i] = x[mixed_place(0, N, 1, i / C, i % C, 0)];
	return rows;
}

static float *packed_of(
	const struct linear_shape *l, const struct conv_shape *s, const float *w)
{
	float *to = values_all(&arena, linear_floats(l->in, l->out) + 1, 0);

	to[linear_floats(l->in, l->out)] = NAN;
	for (int i = 0; i < l->in * l->out; i++)
		to[linear_index(l->in, l->out, i / l->in, i % l->in)] =
			w[conv_c16_index(s, i / l->in, i % l->in, 0, 0)];
	return to;
}

static void check_linear(const struct linear_shape *l, struct mixed_case *t)
{
	size_t in = (size_t)l->N * l->in, out = (size_t)l->N * l->out;
	size_t weights = linear_floats(l->in, l->out);
	float *x = rows_of(l->N, l->in, t->x), *w = packed_of(l, &t->s, t->w);
	void *dy = mixed_stored(rows_of(l->N, l->out, t->dy), out, l->wide, &arena);
	float *sums = rows_of(l->N, l->out, t->y), *want = values_all(&arena, out, 0);
	void *y = mixed_stored(values_all(&arena, out, NAN), out, l->wide, &arena);
	uint16_t *half = mixed_stored(x, in, false, &arena);
	uint16_t *dx = mixed_stored(values_all(&arena, in, NAN), in, false, &arena);
	float *dw = values_all(&arena, weights + 1, NAN);
	float *db = values_all(&arena, l->out + 1, NAN);
	void *work = values_all(&arena, k->half->linear_work(l) / sizeof(float), NAN);

	k->half->linear_forward(l, half, w, t->b, y, work);
	for (size_t i = 0; i < out; i++) {
		float v = sums[i] + t->b[i % l->out];

		v = l->relu && v <= 0 ? 0 : v;
		want[i] = l->wide ? v : mixed_nearest(v);
	}
	mixed_case_same(
		t, k->isa, "linear", mixed_loaded(y, out, l->wide, &arena), want, out);
	if (l->relu) /* the definition's gradients are those in front of it */
		y = mixed_stored(values_all(&arena, out, 1), out, l->wide, &arena);
	k->half->linear_backward_weights(l, half, y, dy, dw, db, work);
	mixed_case_same(
		t, k->isa, "linear weights", dw, packed_of(l, &t->s, t->dw), weights);
	mixed_case_same(t, k->isa, "linear bias", db, t->db, l->out);
	k->half->linear_backward_data(l, w, y, dy, dx, 0, work);
	x = rows_of(l->N, l->in, t->dx);
	for (size_t i = 0; i < in; i++)
		x[i] = mixed_nearest(x[i]);
	mixed_case_same(
		t, k->isa, "linear data", mixed_loaded(dx, in, false, &arena), x, in);
}

START_TEST(a_linear_layer_is_a_convolution_of_one_tap)
{
	struct mixed_case t = { 0 };

	linear_case(&t, &linear_shapes[_i]);
	for (int i = 0; i < MIXED_TABLES; i++)
		if (choose(i))
			check_linear(&linear_shapes[_i], &t);
}
END_TEST

START_TEST(a_closed_ReLU_lets_no_gradient_through)
{
	bool wide = _i % 2;
	struct linear_shape l = { 4, 40, 20, 1, wide };
	uint16_t *x = mixed_stored(values_random(&arena, 160), 160, false, &arena);
	void *y = mixed_stored(values_all(&arena, 80, 0), 80, wide, &arena);
	void *dy = mixed_stored(values_random(&arena, 80), 80, wide, &arena);
	float *w = values_random(&arena, 40 * 32), *db = values_all(&arena, 20, NAN);
	float *dw = values_all(&arena, 40 * 32, NAN);
	uint16_t *dx = mixed_stored(values_all(&arena, 160, NAN), 160, false, &arena);
	void *work;

	if (!choose(_i / 2))
		return;
	work = values_all(&arena, k->half->linear_work(&l) / sizeof(float), NAN);
	k->half->linear_backward_weights(&l, x, y, dy, dw, db, work);
	k->half->linear_backward_data(&l, w, y, dy, dx, 0, work);
	for (int i = 0; i < 160; i++)
		ASSERT_EACH(dx[i] == 0 && db[i % 20] == 0 && dw[i] == 0);
}
END_TEST

Suite *suite_bf16_linear(void);
Suite *suite_bf16_linear(void)
{
	Suite *s = suite_create("bf16_linear");
	TCase *t = tcase_create("bf16_linear");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(
		t, a_linear_layer_is_a_convolution_of_one_tap, 0, COUNT(linear_shapes));
	tcase_add_loop_test(
		t, a_closed_ReLU_lets_no_gradient_through, 0, 2 * MIXED_TABLES);
	suite_add_tcase(s, t);
	return s;
}
