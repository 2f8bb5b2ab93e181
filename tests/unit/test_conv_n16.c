/*
 * Convolution on sixteen images side by side: every instruction set that this machine has
 * against naive loops in double over plain NCHW arrays. A bound K 2^-24 sum |a||b| belongs to each value, K terms.
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
static const struct kernels *k; /* of the current test; NULL: cannot run here */

static void setup(void)
{
	kernels_init_fpu();
}

static void teardown(void)
{
	tables_reset();
	arena_release(&arena);
}

struct conv_case {
	struct conv_shape s;
	float *x, *w, *b, *dy; /* NCHW; dy of y */
	float *xb, *dyb; /* N16 */
	float *y;
	uint8_t *which;
	void *work;
	double *full, *weight; /* sums before ReLU and pooling, and their sum |a||b| */
	double *g; /* the gradient there */
};

static int out_size(int n, int kernel, const struct conv_shape *s)
{
	return (n + 2 * s->pad - s->dilation * (kernel - 1) - 1) / s->stride + 1;
}

static int y_plane(const struct conv_shape *s)
{
	return s->pool ? (s->OH / 2) * (s->OW / 2) : s->OH * s->OW;
}

struct term {
	size_t x, w, y; /* indices in NCHW arrays, y before pooling */
};

/* Calls visit for every product of the convolution. */
static void each_term(
	const struct conv_shape *s, void (*visit)(void *, struct term), void *arg)
{
	for (int n = 0; n < s->N; n++)
		for (int o = 0; o < s->O; o++)
			for (int h = 0; h < s->OH; h++)
				for (int v = 0; v < s->OW; v++)
					for (int c = 0; c < s->C; c++)
						for (int i = 0; i < s->kh; i++)
							for (int j = 0; j < s->kw;
								j++) {
								int r = h * s->stride -
									s->pad +
									i * s->dilation;
								int t = v * s->stride -
									s->pad +
									j * s->dilation;

								if (r < 0 || t < 0 ||
									r >= s->H ||
									t >= s->W)
									continue;
								visit(arg,
									(struct term){
										(((size_t)n * s->C +
											 c) *
												s->H +
											r) *
												s->W +
											t,
										(((size_t)o * s->C +
											 c) *
												s->kh +
											i) *
												s->kw +
											j,
										(((size_t)n * s->O +
											 o) *
												s->OH +
											h) *
												s->OW +
											v });
							}
}

static void add_forward(void *arg, struct term t)
{
	struct conv_case *c = arg;
	double p = (double)c->x[t.x] * (double)c->w[t.w];

	c->full[t.y] += p;
	c->weight[t.y] += fabs(p);
}

static void make_inputs(struct conv_case *c, struct conv_shape s)
{
	size_t outs;

	s.OH = out_size(s.H, s.kh, &s);
	s.OW = out_size(s.W, s.kw, &s);
	c->s = s;
	outs = (size_t)s.N * s.O * s.OH * s.OW;
	c->x = values_random(&arena, (size_t)s.N * s.C * s.H * s.W);
	c->w = values_random(&arena, (size_t)s.O * s.C * s.kh * s.kw);
	c->b = values_random(&arena, s.O);
	c->dy = values_random(&arena, (size_t)s.N * s.O * y_plane(&s));
	c->xb = values_n16(&arena, s.N, s.C * s.H * s.W, c->x);
	c->dyb = values_n16(&arena, s.N, s.O * y_plane(&s), c->dy);
	c->full = values_zero(&arena, outs);
	c->weight = values_zero(&arena, outs);
	c->g = values_zero(&arena, outs);
	for (size_t i = 0; i < outs; i++)
		c->full[i] = (double)c->b[i / ((size_t)s.OH * s.OW) % s.O];
	each_term(&c->s, add_forward, c);
}

static void run_forward(struct conv_case *c)
{
	size_t n = values_blocks(c->s.N) * c->s.O * y_plane(&c->s) * LANES;

	c->work = values_all(&arena, k->conv_work(&c->s) / sizeof(float), NAN);
	c->y = values_all(&arena, n, NAN);
	c->which = arena_alloc_aligned(&arena, n + 64);
	memset(c->which, 0xee, n);
	k->conv_forward(
		&c->s, c->xb, c->w, c->b, c->y, c->s.pool ? c->which : NULL, c->work);
}

/* The forward value, and into c->g where its gradient goes. */
static void check_pixel(struct conv_case *c, int n, int o, int at)
{
	const struct conv_shape *s = &c->s;
	int plane = y_plane(s), PW = s->pool ? s->OW / 2 : s->OW;
	size_t f = (size_t)o * plane + at;
	double got = (double)values_n16_at(s->O * plane, c->y, n, (int)f);
	double gradient = (double)c->dy[(size_t)n * s->O * plane + f];
	size_t base = ((size_t)n * s->O + o) * s->OH * s->OW, best;
	double terms = s->C * s->kh * s->kw + 1;

	if (!s->pool) {
		best = base + at;
		if (s->relu && got <= 0)
			ASSERT_EACH(got == 0);
		else
			values_close("forward", got, c->full[best], terms,
				c->weight[best] + 1);
		c->g[best] = s->relu && got <= 0 ? 0 : gradient;
		return;
	}
	uint8_t which =
		c->which[(((size_t)n / LANES) * s->O * plane + f) * LANES + n % LANES];

	if (which == 4) {
		ASSERT_EACH(got == 0);
		for (int q = 0; q < 4; q++) {
			size_t i = base + (size_t)(at / PW * 2 + q / 2) * s->OW +
				at % PW * 2 + q % 2;

			ASSERT_EACH(c->full[i] <= terms * ldexp(c->weight[i] + 1, -24));
		}
		return;
	}
	ck_assert_uint_lt(which, 4);
	ASSERT_EACH(got > 0);
	best = base + (size_t)(at / PW * 2 + which / 2) * s->OW + at % PW * 2 +
		which % 2;
	values_close("pooled", got, c->full[best], terms, c->weight[best] + 1);
	for (int q = 0; q < 4; q++) {
		size_t i = base + (size_t)(at / PW * 2 + q / 2) * s->OW + at % PW * 2 +
			q % 2;

		ASSERT_EACH(c->full[i] <= got + terms * ldexp(c->weight[i] + 1, -24));
	}
	c->g[best] = gradient;
}

struct sums {
	const struct conv_case *c;
	double *sum, *weight;
};

static void add_weights(void *arg, struct term t)
{
	struct sums *s = arg;
	double p = s->c->g[t.y] * (double)s->c->x[t.x];

	s->sum[t.w] += p;
	s->weight[t.w] += fabs(p);
}

static void add_data(void *arg, struct term t)
{
	struct sums *s = arg;
	double p = s->c->g[t.y] * (double)s->c->w[t.w];

	s->sum[t.x] += p;
	s->weight[t.x] += fabs(p);
}

static void check_weights(const struct conv_case *c)
{
	const struct conv_shape *s = &c->s;
	size_t n = (size_t)s->O * s->C * s->kh * s->kw, pixels = (size_t)s->OH * s->OW;
	struct sums t = { c, values_zero(&arena, n), values_zero(&arena, n) };
	float *dw = values_all(&arena, n, NAN), *db = values_all(&arena, s->O, NAN);

	each_term(s, add_weights, &t);
	k->conv_backward_weights(s, c->xb, c->y, c->dyb, c->which, dw, db, c->work);
	for (size_t i = 0; i < n; i++)
		values_close("dw", (double)dw[i], t.sum[i], (double)(s->N * pixels),
			t.weight[i]);
	for (int o = 0; o < s->O; o++) {
		double sum = 0, weight = 0;

		for (size_t i = 0; i < s->N * pixels; i++) {
			double g = c->g[(i / pixels * s->O + o) * pixels + i % pixels];

			sum += g;
			weight += fabs(g);
		}
		values_close("db", (double)db[o], sum, (double)(s->N * pixels), weight);
	}
}

static void check_data(const struct conv_case *c, int add)
{
	const struct conv_shape *s = &c->s;
	int F = s->C * s->H * s->W;
	struct sums t = { c, values_zero(&arena, (size_t)s->N * F),
		values_zero(&arena, (size_t)s->N * F) };
	float *dx = values_all(&arena, values_blocks(s->N) * F * LANES, NAN);

	for (size_t i = 0; add && i < values_blocks(s->N) * F * LANES; i++)
		dx[i] = 0.5f;
	each_term(s, add_data, &t);
	k->conv_backward_data(s, c->w, c->y, c->dyb, c->which, dx, add, c->work);
	for (int n = 0; n < s->N; n++)
		for (int f = 0; f < F; f++) {
			size_t i = (size_t)n * F + f;
			double start = add ? 0.5 : 0;

			values_close("dx", (double)values_n16_at(F, dx, n, f),
				t.sum[i] + start, s->O * s->kh * s->kw + 1,
				t.weight[i] + start);
		}
}

static void check_conv(struct conv_shape s)
{
	struct conv_case c;

	make_inputs(&c, s);
	run_forward(&c);
	for (int n = 0; n < s.N; n++)
		for (int o = 0; o < s.O; o++)
			for (int i = 0; i < y_plane(&c.s); i++)
				check_pixel(&c, n, o, i);
	check_weights(&c);
	check_data(&c, 0);
	check_data(&c, 1);
}

/* N, C, H, W, O, (OH, OW), kh, kw, stride, pad, dilation, pool, relu */
#define CONV(N, C, H, W, O, kh, kw, stride, pad, dilation, pool, relu) \
	{ \
		N, C, H, W, O, 0, 0, kh, kw, stride, pad, dilation, pool, relu, 0, 0 \
	}

static const struct conv_shape conv_shapes[] = {
	CONV(1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 0, 0),
	CONV(17, 1, 2, 2, 3, 1, 1, 1, 0, 1, 1, 1),
	CONV(16, 3, 2, 2, 10, 2, 2, 1, 0, 1, 0, 1),
	CONV(17, 1, 12, 12, 10, 9, 9, 1, 0, 1, 1, 1), /* LeNet's first, smaller */
	CONV(17, 10, 8, 8, 20, 5, 5, 1, 0, 1, 1, 1), /* and second */
	CONV(1, 3, 7, 6, 4, 3, 3, 1, 1, 1, 0, 0),
	CONV(17, 3, 7, 9, 7, 3, 3, 1, 1, 1, 1, 1), /* 7x9 pools to 3x4 */
	CONV(17, 20, 5, 5, 33, 3, 3, 1, 1, 1, 0, 1),
	CONV(16, 33, 4, 5, 3, 2, 4, 1, 2, 1, 0, 0),
	CONV(2, 10, 9, 9, 12, 3, 3, 2, 1, 1, 0, 1),
	CONV(17, 2, 10, 11, 6, 3, 3, 2, 0, 1, 1, 1),
	CONV(3, 3, 9, 8, 5, 3, 3, 1, 2, 2, 0, 1),
	CONV(17, 4, 13, 11, 5, 3, 2, 2, 3, 3, 1, 1),
	CONV(5, 11, 8, 9, 1, 6, 7, 1, 3, 1, 0, 0),
	CONV(4, 1, 9, 9, 2, 8, 8, 3, 0, 1, 0, 1),
	CONV(1, 2, 1, 5, 2, 1, 3, 1, 0, 1, 0, 1),
	CONV(1, 2, 5, 1, 2, 3, 1, 1, 0, 1, 0, 1),
	CONV(33, 1, 36, 8, 10, 9, 5, 1, 0, 1, 1, 1), /* more rows than one chunk */
};

START_TEST(convolutions_equal_naive_sums_in_double)
{
	if (tables_choose(_i / COUNT(conv_shapes), &k))
		check_conv(conv_shapes[_i % COUNT(conv_shapes)]);
}
END_TEST

START_TEST(ties_go_to_the_first_pixel_and_zero_closes_relu)
{
	struct conv_shape s = CONV(17, 1, 6, 6, 3, 3, 3, 1, 0, 1, 1, 1);
	struct conv_case c;

	if (!tables_choose(_i, &k))
		return;
	make_inputs(&c, s);
	for (int i = 0; i < 17 * 36; i++)
		c.x[i] = 0.25f;
	for (int i = 0; i < 27; i++)
		c.w[i] = (float)(i / 9) - 1;
	for (int i = 0; i < 3; i++)
		c.b[i] = 0;
	c.xb = values_n16(&arena, 17, 36, c.x);
	run_forward(&c);
	for (int n = 0; n < 17; n++)
		for (int o = 0; o < 3; o++)
			for (int i = 0; i < 4; i++) {
				size_t at = ((size_t)(n / 16 * 3 + o) * 4 + i) * 16 +
					n % 16;

				ck_assert_int_eq(c.which[at], o == 2 ? 0 : 4);
				EQUAL(c.y[at], o == 2 ? 2.25f : 0);
			}
}
END_TEST

START_TEST(a_nan_pixel_reaches_every_output_that_sees_it)
{
	if (!tables_choose(_i, &k))
		return;
	for (int at = 0; at < 16; at++)
		for (int pool = 0; pool < 2; pool++) {
			struct conv_shape s =
				CONV(3, 1, 4, 4, 1, 1, 1, 1, 0, 1, pool, 1);
			struct conv_case c;
			int where = pool ? at / 8 * 2 + at % 4 / 2 : at;

			make_inputs(&c, s);
			c.x[16 + at] = NAN;
			c.xb = values_n16(&arena, 3, 16, c.x);
			run_forward(&c);
			ASSERT_EACH(isnan(c.y[(size_t)where * LANES + 1]));
			ASSERT_EACH(!isnan(c.y[(size_t)where * LANES]));
		}
}
END_TEST

START_TEST(the_same_call_gives_the_same_bits)
{
	struct conv_shape s = CONV(33, 3, 12, 12, 7, 5, 5, 1, 1, 1, 1, 1);
	struct conv_case c;
	size_t weights = 7 * 3 * 25;
	float *first = values_all(&arena, weights, 0),
	      *again = values_all(&arena, weights, 0), *y;

	if (!tables_choose(_i, &k))
		return;
	make_inputs(&c, s);
	run_forward(&c);
	y = c.y;
	k->conv_backward_weights(&c.s, c.xb, c.y, c.dyb, c.which, first, NULL, c.work);
	run_forward(&c);
	k->conv_backward_weights(&c.s, c.xb, c.y, c.dyb, c.which, again, NULL, c.work);
	ck_assert_mem_eq(first, again, weights * sizeof(float));
	ck_assert_mem_eq(y, c.y, 2 * 7 * 25 * sizeof(float));
}
END_TEST

Suite *suite_conv_n16(void);
Suite *suite_conv_n16(void)
{
	Suite *s = suite_create("conv_n16");
	TCase *t = tcase_create("conv_n16");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, convolutions_equal_naive_sums_in_double, 0,
		TABLES * COUNT(conv_shapes));
	tcase_add_loop_test(
		t, ties_go_to_the_first_pixel_and_zero_closes_relu, 0, TABLES);
	tcase_add_loop_test(
		t, a_nan_pixel_reaches_every_output_that_sees_it, 0, TABLES);
	tcase_add_loop_test(t, the_same_call_gives_the_same_bits, 0, TABLES);
	suite_add_tcase(s, t);
	return s;
}
