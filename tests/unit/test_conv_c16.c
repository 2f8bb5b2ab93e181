/*
 * Convolutions on sixteen channels side by side: every instruction set that this machine
 * has against naive loops in double over plain NCHW arrays. A bound K 2^-24 sum |a||b|
 * belongs to each value of K terms.
 */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "common/arena.h"
#include "tests/lib/each.h"
#include "tests/lib/tables.h"
#include "tests/lib/values.h"
#include "trainer-core/kernel/kernel.h"

static struct arena arena;
static const struct kernels *k; /* of the current test */

static void setup(void)
{
	kernels_init_fpu();
}

static void teardown(void)
{
	tables_reset();
	arena_release(&arena);
}

static size_t round_up(int n)
{
	return (size_t)(n + LANES - 1) / LANES * LANES;
}

/* Where value i of image n of N, C planes of HW, lies in C16 or, with c4, in C4. */
static size_t place(int c4, int N, int HW, int n, size_t i)
{
	size_t lanes = c4 ? 4 : LANES, c = i / HW;

	return ((c / lanes * HW + i % HW) * N + n) * lanes + c % lanes;
}

/* NCHW into C16 or C4, channels behind the last zero. */
static float *packed_values(int c4, int N, int C, int HW, const float *x)
{
	float *y = values_all(&arena, (c4 ? 4 : round_up(C)) * HW * N, 0);

	for (int n = 0; n < N; n++)
		for (size_t i = 0; i < (size_t)C * HW; i++)
			y[place(c4, N, HW, n, i)] = x[(size_t)n * C * HW + i];
	return y;
}

struct sums {
	double *sum, *magnitude; /* of the products' absolute values */
};

static struct sums sums_of(size_t n)
{
	return (struct sums){ NEW_ARRAY(&arena, double, n),
		NEW_ARRAY(&arena, double, n) };
}

static void add_product(struct sums *t, size_t i, float a, float b)
{
	double p = (double)a * (double)b;

	t->sum[i] += p;
	t->magnitude[i] += fabs(p);
}

struct conv_case {
	struct conv_shape s;
	float *x, *w, *b, *dy; /* logical, row-major */
	float *px, *pw, *pb, *pdy; /* as kernels want them */
	void *work;
	struct sums y, dw, dx;
};

static int out_size(int n, int kernel, const struct conv_shape *s)
{
	return (n + 2 * s->pad - s->dilation * (kernel - 1) - 1) / s->stride + 1;
}

/* Adds the products of output pixel (n, o, h, w) to all three results. */
static void add_pixel(struct conv_case *t, int n, int o, int h, int w)
{
	const struct conv_shape *s = &t->s;
	size_t y = (((size_t)n * s->O + o) * s->OH + h) * s->OW + w;

	for (int i = 0; i < s->C * s->kh * s->kw; i++) {
		int c = i / (s->kh * s->kw);
		int r = h * s->stride - s->pad + i / s->kw % s->kh * s->dilation;
		int q = w * s->stride - s->pad + i % s->kw * s->dilation;
		size_t x = (((size_t)n * s->C + c) * s->H + r) * s->W + q;
		size_t at = (size_t)o * s->C * s->kh * s->kw + i;

		if (r < 0 || q < 0 || r >= s->H || q >= s->W)
			continue;
		add_product(&t->y, y, t->x[x], t->w[at]);
		add_product(&t->dw, at, t->x[x], t->dy[y]);
		add_product(&t->dx, x, t->w[at], t->dy[y]);
	}
}

static float *packed_weights(const struct conv_shape *s, const float *w)
{
	float *to = values_all(&arena, conv_c16_floats(s), 0);
	int taps = s->kh * s->kw;

	for (int i = 0; i < s->O * s->C * taps; i++)
		to[conv_c16_index(s, i / taps / s->C, i / taps % s->C, i % taps / s->kw,
			i % s->kw)] = w[i];
	return to;
}

static void make_case(struct conv_case *t, struct conv_shape s)
{
	size_t weights = (size_t)s.O * s.C * s.kh * s.kw;
	size_t ins = (size_t)s.N * s.C * s.H * s.W, outs;

	s.OH = out_size(s.H, s.kh, &s);
	s.OW = out_size(s.W, s.kw, &s);
	outs = (size_t)s.N * s.O * s.OH * s.OW;
	t->s = s;
	t->x = values_random(&arena, ins);
	t->w = values_random(&arena, weights);
	t->b = values_random(&arena, s.O);
	t->dy = values_random(&arena, outs);
	t->px = packed_values(s.c4, s.N, s.C, s.H * s.W, t->x);
	t->pw = packed_weights(&s, t->w);
	t->pb = values_all(&arena, round_up(s.O), 0);
	memcpy(t->pb, t->b, sizeof(float) * s.O);
	t->pdy = packed_values(0, s.N, s.O, s.OH * s.OW, t->dy);
	t->work = values_all(&arena, k->conv_c16_work(&s) / sizeof(float) + 1, NAN);
	t->y = sums_of(outs);
	t->dw = sums_of(weights);
	t->dx = sums_of(ins);
	for (int i = 0; i < s.N * s.O; i++)
		for (int h = 0; h < s.OH; h++)
			for (int w = 0; w < s.OW; w++)
				add_pixel(t, i / s.O, i % s.O, h, w);
}

/* Channels behind the last must be zero. */
static void check_padding(int N, int C, int HW, const float *y)
{
	for (size_t c = C; c < round_up(C); c++)
		for (int n = 0; n < N; n++)
			for (int i = 0; i < HW; i++)
				ASSERT_EACH(!(y[place(0, N, HW, n, c * HW + i)] != 0));
}

static void check_forward(struct conv_case *t, const float *b)
{
	const struct conv_shape *s = &t->s;
	int HW = s->OH * s->OW;
	float *y = values_all(&arena, round_up(s->O) * HW * s->N, NAN);

	k->conv_c16_forward(s, t->px, t->pw, b, y, t->work);
	for (size_t i = 0; i < (size_t)s->N * s->O * HW; i++) {
		size_t image = (size_t)s->O * HW;
		double got = (double)y[place(0, s->N, HW, (int)(i / image), i % image)];
		double bias = b ? (double)t->b[i / HW % s->O] : 0;
		double want = t->y.sum[i] + bias;

		if (s->relu && want < 0)
			want = 0;
		values_close("y", got, want, s->C * s->kh * s->kw + 2,
			t->y.magnitude[i] + fabs(bias));
	}
	check_padding(s->N, s->O, HW, y);
}

static void check_weights(struct conv_case *t)
{
	const struct conv_shape *s = &t->s;
	int taps = s->kh * s->kw, pixels = s->OH * s->OW, used = 0;
	size_t n = conv_c16_floats(s);
	float *dw = values_all(&arena, n, NAN),
	      *db = values_all(&arena, round_up(s->O), NAN);

	k->conv_c16_backward_weights(s, t->px, t->pdy, dw, db, t->work);
	for (int i = 0; i < s->O * s->C * taps; i++) {
		size_t at = conv_c16_index(s, i / taps / s->C, i / taps % s->C,
			i % taps / s->kw, i % s->kw);

		values_close("dw", (double)dw[at], t->dw.sum[i], (double)s->N * pixels,
			t->dw.magnitude[i]);
		dw[at] = NAN;
	}
	for (size_t i = 0; i < n; i++)
		if (isnan(dw[i]))
			used++;
		else
			ASSERT_EACH(dw[i] <= 0 && dw[i] >= 0);
	ck_assert_int_eq(used, s->O * s->C * taps);
	for (size_t o = 0; o < round_up(s->O); o++) {
		struct sums sum = sums_of(1);

		for (int i = 0; i < s->N * pixels && o < (size_t)s->O; i++)
			add_product(&sum, 0, 1,
				t->dy[((size_t)(i / pixels) * s->O + o) * pixels +
					i % pixels]);
		values_close("db", (double)db[o], sum.sum[0], (double)s->N * pixels,
			sum.magnitude[0]);
	}
}

static void check_data(struct conv_case *t, int add)
{
	const struct conv_shape *s = &t->s;
	int HW = s->H * s->W;
	size_t image = (size_t)s->C * HW;
	float *half = values_all(&arena, image * s->N, 0.5f);
	float *dx = add ? packed_values(0, s->N, s->C, HW, half)
			: values_all(&arena, round_up(s->C) * HW * s->N, NAN);

	k->conv_c16_backward_data(s, t->pw, t->pdy, dx, add, t->work);
	for (size_t i = 0; i < image * s->N; i++)
		values_close("dx",
			(double)dx[place(0, s->N, HW, (int)(i / image), i % image)],
			t->dx.sum[i] + (add ? 0.5 : 0), s->O * s->kh * s->kw + 1,
			t->dx.magnitude[i] + 0.5);
	check_padding(s->N, s->C, HW, dx);
}

/* N, C, H, W, O, kernel, stride, pad, dilation, relu, c4 */
#define CONV(N, C, H, W, O, kernel, stride, pad, dilation, relu, c4) \
	{ \
		N, C, H, W, O, 0, 0, kernel, kernel, stride, pad, dilation, 0, relu, \
			c4, 0 \
	}

static const struct conv_shape shapes[] = {
	CONV(1, 1, 1, 1, 1, 1, 1, 0, 1, 0, 0),
	CONV(1, 3, 1, 1, 10, 3, 1, 1, 1, 0, 0), /* one tap of nine */
	CONV(17, 16, 2, 2, 16, 3, 1, 1, 1, 1, 0),
	CONV(17, 20, 2, 2, 33, 3, 1, 1, 1, 0, 0),
	CONV(8, 16, 5, 9, 32, 3, 1, 1, 1, 0, 0),
	CONV(8, 33, 4, 6, 64, 3, 1, 1, 1, 1, 0),
	CONV(1, 10, 7, 6, 33, 3, 1, 1, 1, 0, 0),
	CONV(130, 17, 3, 3, 20, 3, 1, 1, 1, 0, 0), /* more images than a chunk */
	CONV(130, 4, 3, 3, 5, 3, 2, 1, 1, 0, 0),
	CONV(2, 20, 30, 40, 10, 3, 1, 1, 1, 0, 0), /* more rows than a chunk */
	CONV(17, 33, 3, 3, 20, 1, 1, 0, 1, 1, 0),
	CONV(17, 10, 9, 8, 20, 1, 2, 0, 1, 0, 0), /* inputs that nobody reads */
	CONV(2, 33, 9, 8, 10, 3, 2, 1, 1, 0, 0),
	CONV(17, 20, 8, 9, 33, 3, 2, 1, 1, 1, 0),
	CONV(3, 10, 13, 11, 10, 4, 3, 2, 1, 0, 0),
	CONV(1, 3, 11, 10, 20, 7, 2, 3, 1, 0, 0),
	CONV(2, 10, 10, 11, 3, 9, 1, 4, 1, 0, 0),
	CONV(1, 10, 9, 12, 20, 2, 1, 0, 1, 0, 0),
	CONV(3, 20, 6, 7, 10, 5, 1, 2, 1, 0, 0),
	CONV(2, 10, 9, 11, 20, 3, 1, 2, 2, 0, 0),
	CONV(2, 20, 6, 7, 10, 3, 1, 36, 36, 0, 0), /* dilation beyond the map */
	CONV(3, 10, 12, 13, 33, 3, 2, 4, 4, 1, 0),
	CONV(2, 10, 6, 5, 3, 6, 1, 5, 1, 0, 0),
	CONV(2, 10, 6, 5, 3, 8, 1, 7, 1, 0, 0), /* more padding than kernel reaches */
	CONV(1, 3, 9, 10, 16, 3, 1, 1, 1, 0, 1),
	CONV(8, 3, 6, 12, 64, 3, 1, 1, 1, 1, 1),
	CONV(8, 3, 6, 21, 16, 3, 1, 1, 1, 1, 1),
	CONV(8, 20, 5, 9, 16, 3, 1, 1, 1, 0, 0),
	CONV(3, 3, 9, 20, 10, 5, 1, 2, 1, 0, 1),
	CONV(17, 1, 9, 8, 20, 7, 2, 3, 1, 0, 1),
	CONV(2, 4, 9, 8, 33, 3, 2, 1, 1, 0, 1),
};

START_TEST(convolutions_equal_naive_sums_in_double)
{
	struct conv_case t;

	if (!tables_choose(_i / COUNT(shapes), &k))
		return;
	make_case(&t, shapes[_i % COUNT(shapes)]);
	check_forward(&t, t.pb);
	check_forward(&t, NULL);
	check_weights(&t);
	if (!t.s.c4) {
		check_data(&t, 0);
		check_data(&t, 1);
	}
}
END_TEST

START_TEST(the_same_call_gives_the_same_bits)
{
	struct conv_case t;
	size_t ins, outs, weights;

	if (!tables_choose(_i, &k))
		return;
	make_case(&t, (struct conv_shape)CONV(5, 33, 7, 9, 20, 3, 1, 1, 1, 1, 0));
	ins = (size_t)t.s.N * t.s.H * t.s.W * round_up(t.s.C);
	outs = (size_t)t.s.N * t.s.OH * t.s.OW * round_up(t.s.O);
	weights = conv_c16_floats(&t.s);
	float *y[2], *dx[2], *dw[2], *db[2];

	for (int i = 0; i < 2; i++) {
		y[i] = values_all(&arena, outs, (float)i);
		dx[i] = values_all(&arena, ins, (float)i);
		dw[i] = values_all(&arena, weights, (float)i);
		db[i] = values_all(&arena, round_up(t.s.O), (float)i);
		k->conv_c16_forward(&t.s, t.px, t.pw, t.pb, y[i], t.work);
		k->conv_c16_backward_data(&t.s, t.pw, t.pdy, dx[i], 0, t.work);
		k->conv_c16_backward_weights(&t.s, t.px, t.pdy, dw[i], db[i], t.work);
	}
	ck_assert_mem_eq(y[0], y[1], outs * sizeof(float));
	ck_assert_mem_eq(dx[0], dx[1], ins * sizeof(float));
	ck_assert_mem_eq(dw[0], dw[1], weights * sizeof(float));
	ck_assert_mem_eq(db[0], db[1], round_up(t.s.O) * sizeof(float));
}
END_TEST

/* Eight images of sixteen channels have a tile of their own: the same sums. */
static const struct conv_shape batches[] = {
	CONV(7, 20, 6, 9, 33, 3, 1, 1, 1, 1, 0),
	CONV(8, 20, 6, 9, 16, 3, 1, 1, 1, 1, 0),
	CONV(8, 48, 5, 11, 10, 3, 1, 2, 1, 0, 0),
	CONV(8, 3, 6, 9, 16, 3, 1, 1, 1, 1, 1),
	CONV(8, 16, 6, 9, 16, 3, 1, 2, 2, 0, 0),
};

#define IMAGE 4 /* which is looked at */

START_TEST(an_image_has_the_same_values_in_any_batch)
{
	struct conv_shape s = batches[_i % COUNT(batches)];
	struct conv_case all, one;
	int N = s.N;

	if (!tables_choose(_i / COUNT(batches), &k))
		return;
	make_case(&all, s);
	s.N = 1;
	make_case(&one, s);
	int HW = all.s.OH * all.s.OW, in = s.H * s.W;
	size_t outs = round_up(s.O) * HW, ins = round_up(s.C) * in;
	float *y = values_all(&arena, outs * N, NAN),
	      *y1 = values_all(&arena, outs, NAN);
	float *dx = values_all(&arena, ins * N, NAN),
	      *dx1 = values_all(&arena, ins, NAN);

	one.px = packed_values(s.c4, 1, s.C, in, all.x + (size_t)IMAGE * s.C * in);
	one.pdy = packed_values(0, 1, s.O, HW, all.dy + (size_t)IMAGE * s.O * HW);
	k->conv_c16_forward(&all.s, all.px, all.pw, all.pb, y, all.work);
	k->conv_c16_forward(&one.s, one.px, all.pw, all.pb, y1, one.work);
	for (size_t i = 0; i < (size_t)s.O * HW; i++)
		ASSERT_EACH(y[place(0, N, HW, IMAGE, i)] == y1[place(0, 1, HW, 0, i)]);
	if (s.c4)
		return;
	k->conv_c16_backward_data(&all.s, all.pw, all.pdy, dx, 0, all.work);
	k->conv_c16_backward_data(&one.s, all.pw, one.pdy, dx1, 0, one.work);
	for (size_t i = 0; i < (size_t)s.C * in; i++)
		ASSERT_EACH(
			dx[place(0, N, in, IMAGE, i)] == dx1[place(0, 1, in, 0, i)]);
}
END_TEST

/* Three channels have tiles of several taps, four have not. */
static const struct conv_shape colours[] = {
	CONV(8, 4, 6, 40, 16, 3, 1, 1, 1, 0, 1),
	CONV(8, 4, 6, 9, 40, 3, 1, 1, 1, 0, 1),
	CONV(17, 4, 9, 8, 64, 7, 2, 3, 1, 0, 1),
	CONV(130, 4, 5, 5, 20, 5, 1, 2, 1, 0, 1),
	CONV(2, 4, 9, 11, 20, 3, 1, 2, 2, 0, 1),
	CONV(1, 4, 3, 2, 10, 9, 1, 4, 1, 0, 1),
};

START_TEST(a_channels_gradient_does_not_ask_for_the_others)
{
	struct conv_shape s = colours[_i % COUNT(colours)];
	struct conv_case four, three;
	float *dw[2];

	if (!tables_choose(_i / COUNT(colours), &k))
		return;
	make_case(&four, s);
	s.C = 3;
	make_case(&three, s);
	for (int n = 0; n < s.N; n++)
		memcpy(three.x + (size_t)n * 3 * s.H * s.W,
			four.x + (size_t)n * 4 * s.H * s.W,
			sizeof(float) * 3 * s.H * s.W);
	three.px = packed_values(1, s.N, 3, s.H * s.W, three.x);
	for (int i = 0; i < 2; i++) {
		struct conv_case *t = i ? &three : &four;

		dw[i] = values_all(&arena, conv_c16_floats(&t->s), NAN);
		k->conv_c16_backward_weights(
			&t->s, t->px, four.pdy, dw[i], NULL, t->work);
	}
	for (int i = 0; i < s.O * 3 * s.kh * s.kw; i++) {
		int taps = s.kh * s.kw, o = i / taps / 3, c = i / taps % 3;
		int y = i % taps / s.kw, x = i % s.kw;

		ASSERT_EACH(dw[0][conv_c16_index(&four.s, o, c, y, x)] ==
			dw[1][conv_c16_index(&three.s, o, c, y, x)]);
	}
}
END_TEST

START_TEST(a_nan_pixel_reaches_every_output_that_sees_it)
{
	struct conv_case t;
	float *y;

	if (!tables_choose(_i, &k))
		return;
	make_case(&t, (struct conv_shape)CONV(2, 3, 5, 6, 4, 3, 1, 1, 1, 1, 0));
	t.px[place(0, 2, 30, 1, 2 * 30 + 0)] = NAN; /* image 1, channel 2, top left */
	y = values_all(&arena, (size_t)2 * 30 * LANES, 0);
	k->conv_c16_forward(&t.s, t.px, t.pw, t.pb, y, t.work);
	for (int n = 0; n < 2; n++)
		for (int i = 0; i < 4 * 30; i++) {
			int sees = n == 1 && i % 30 / 6 < 2 && i % 6 < 2;

			ck_assert_int_eq(!!isnan(y[place(0, 2, 30, n, i)]), sees);
		}
}
END_TEST

START_TEST(every_weight_has_a_place_of_its_own)
{
	for (int i = 0; i < COUNT(shapes); i++) {
		const struct conv_shape *s = &shapes[i];
		size_t n = conv_c16_floats(s);
		int taps = s->kh * s->kw;
		char *used = NEW_ARRAY(&arena, char, n);

		for (int j = 0; j < s->O * s->C * taps; j++) {
			size_t at = conv_c16_index(s, j / taps / s->C, j / taps % s->C,
				j % taps / s->kw, j % s->kw);

			ASSERT_EACH(at < n);
			ASSERT_EACH(!used[at]);
			used[at] = 1;
		}
	}
}
END_TEST

/* ---- between layouts ---- */

static const struct {
	int N, C, HW;
} values[] = { { 1, 1, 1 }, { 3, 16, 20 }, { 17, 20, 35 }, { 2, 33, 16 },
	{ 5, 3, 70 } };

START_TEST(sixteen_channels_and_rows_are_the_same_numbers)
{
	int N = values[_i % COUNT(values)].N, C = values[_i % COUNT(values)].C;
	int HW = values[_i % COUNT(values)].HW;
	size_t n = (size_t)N * C * HW, floats = round_up(C) * HW * N;

	if (!tables_choose(_i / COUNT(values), &k))
		return;
	float *x = values_random(&arena, n), *y = values_all(&arena, floats, NAN),
	      *back = values_all(&arena, n, NAN);

	k->rows_to_c16(N, C, HW, x, y);
	ck_assert_mem_eq(y, packed_values(0, N, C, HW, x), floats * sizeof(float));
	k->c16_to_rows(N, C, HW, y, back);
	ck_assert_mem_eq(back, x, n * sizeof(float));
}
END_TEST

/* The gradient of a prediction that lies in rows, times a task's weight. */
START_TEST(rows_are_added_to_sixteen_channels)
{
	int N = values[_i % COUNT(values)].N, C = values[_i % COUNT(values)].C;
	int HW = values[_i % COUNT(values)].HW;
	size_t n = (size_t)N * C * HW, floats = round_up(C) * HW * N;
	const float a = 0.7f;

	if (!tables_choose(_i / COUNT(values), &k))
		return;
	for (int add = 0; add < 2; add++) {
		float *x = values_random(&arena, n);
		float *old = packed_values(0, N, C, HW, values_random(&arena, n));
		float *y = values_all(&arena, floats, NAN);
		float *want = packed_values(0, N, C, HW, x);

		if (add)
			memcpy(y, old, floats * sizeof(float));
		else
			memset(old, 0, floats * sizeof(float));
		k->axpy(floats, a, want, old);
		k->add_rows_c16(N, C, HW, a, x, y, add);
		ck_assert_mem_eq(y, old, floats * sizeof(float));
	}
}
END_TEST

static void check_gather(int c4, int N, int C, int HW)
{
	size_t n = (size_t)N * C * HW, floats = (c4 ? 4 : round_up(C)) * HW * N;
	float *x = values_random(&arena, n), *picked = values_all(&arena, n, NAN),
	      *y = values_all(&arena, floats, NAN);
	uint8_t *bytes = NEW_ARRAY(&arena, uint8_t, n);
	int *index = NEW_ARRAY(&arena, int, N);

	for (int i = 0; i < N; i++) {
		index[i] = (i * 7 + 1) % N;
		memcpy(picked + (size_t)i * C * HW, x + (size_t)index[i] * C * HW,
			sizeof(float) * C * HW);
	}
	(c4 ? k->gather_f32_c4 : k->gather_f32_c16)(N, C, HW, x, index, y);
	ck_assert_mem_eq(
		y, packed_values(c4, N, C, HW, picked), floats * sizeof(float));
	for (size_t i = 0; i < n; i++)
		bytes[i] = (uint8_t)(i * 37 % 256);
	for (size_t i = 0; i < n; i++) {
		size_t image = (size_t)C * HW;
		uint8_t b = bytes[index[i / image] * image + i % image];

		picked[i] = (float)b * (1.0f / 255);
	}
	y = values_all(&arena, floats, NAN);
	(c4 ? k->gather_u8_c4 : k->gather_u8_c16)(
		N, C, HW, bytes, index, 1.0f / 255, y);
	ck_assert_mem_eq(
		y, packed_values(c4, N, C, HW, picked), floats * sizeof(float));
}

START_TEST(a_batch_is_gathered_by_index_and_scaled)
{
	int N = values[_i % COUNT(values)].N, C = values[_i % COUNT(values)].C;
	int HW = values[_i % COUNT(values)].HW;

	if (!tables_choose(_i / COUNT(values), &k))
		return;
	check_gather(0, N, C, HW);
	if (C <= 4)
		check_gather(1, N, C, HW);
}
END_TEST

Suite *suite_conv_c16(void);
Suite *suite_conv_c16(void)
{
	Suite *s = suite_create("conv_c16");
	TCase *t = tcase_create("conv_c16");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(
		t, convolutions_equal_naive_sums_in_double, 0, TABLES * COUNT(shapes));
	tcase_add_loop_test(t, the_same_call_gives_the_same_bits, 0, TABLES);
	tcase_add_loop_test(t, an_image_has_the_same_values_in_any_batch, 0,
		TABLES * COUNT(batches));
	tcase_add_loop_test(t, a_channels_gradient_does_not_ask_for_the_others, 0,
		TABLES * COUNT(colours));
	tcase_add_loop_test(
		t, rows_are_added_to_sixteen_channels, 0, TABLES * COUNT(values));
	tcase_add_loop_test(
		t, a_nan_pixel_reaches_every_output_that_sees_it, 0, TABLES);
	tcase_add_test(t, every_weight_has_a_place_of_its_own);
	tcase_add_loop_test(t, sixteen_channels_and_rows_are_the_same_numbers, 0,
		TABLES * COUNT(values));
	tcase_add_loop_test(
		t, a_batch_is_gathered_by_index_and_scaled, 0, TABLES * COUNT(values));
	suite_add_tcase(s, t);
	return s;
}
