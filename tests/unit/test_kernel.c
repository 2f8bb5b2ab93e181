/*
 * Kernels: every instruction set that this machine has against naive loops in double over
 * plain NCHW arrays. A bound K 2^-24 sum |a||b| belongs to each value, K terms.
 */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "common/arena.h"
#include "tests/lib/tables.h"
#include "trainer-core/kernel.h"

/* ck_assert_float_eq promotes to double, which warns. */
#define EQUAL(a, b) ck_assert((a) == (b))
#define COUNT(a) (int)(sizeof(a) / sizeof((a)[0]))

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

static float *floats(size_t n)
{
	return arena_alloc_aligned(&arena, n * sizeof(float) + 64);
}

static float *nans(size_t n)
{
	float *p = floats(n);

	for (size_t i = 0; i < n; i++)
		p[i] = NAN;
	return p;
}

static double *doubles(size_t n)
{
	return NEW_ARRAY(&arena, double, n + 1);
}

static unsigned state = 1;

static float random_value(void)
{
	state = state * 1664525u + 1013904223u;
	return (float)(int)(state >> 8) / (float)(1 << 23) - 1.0f;
}

static float *random_floats(size_t n)
{
	float *p = floats(n);

	for (size_t i = 0; i < n; i++)
		p[i] = random_value();
	return p;
}

static size_t blocks(int N)
{
	return (size_t)(N + LANES - 1) / LANES;
}

/* NCHW to N16 with NaN behind the last image. */
static float *to_n16(int N, int F, const float *x)
{
	float *y = nans(blocks(N) * F * LANES);

	for (int n = 0; n < N; n++)
		for (int f = 0; f < F; f++)
			y[((size_t)(n / LANES) * F + f) * LANES + n % LANES] =
				x[(size_t)n * F + f];
	return y;
}

static float n16_at(int F, const float *x, int n, int f)
{
	return x[((size_t)(n / LANES) * F + f) * LANES + n % LANES];
}

static void close_to(
	const char *what, double got, double want, double terms, double sum)
{
	double bound = terms * ldexp(sum, -24) + 1e-30;

	ck_assert_msg(fabs(got - want) <= bound, "%s %s: %.9g, not %.9g (bound %.2g)",
		k->name, what, got, want, bound);
}

/* ---- convolution ---- */

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
	c->x = random_floats((size_t)s.N * s.C * s.H * s.W);
	c->w = random_floats((size_t)s.O * s.C * s.kh * s.kw);
	c->b = random_floats(s.O);
	c->dy = random_floats((size_t)s.N * s.O * y_plane(&s));
	c->xb = to_n16(s.N, s.C * s.H * s.W, c->x);
	c->dyb = to_n16(s.N, s.O * y_plane(&s), c->dy);
	c->full = doubles(outs);
	c->weight = doubles(outs);
	c->g = doubles(outs);
	for (size_t i = 0; i < outs; i++)
		c->full[i] = (double)c->b[i / ((size_t)s.OH * s.OW) % s.O];
	each_term(&c->s, add_forward, c);
}

static void run_forward(struct conv_case *c)
{
	size_t n = blocks(c->s.N) * c->s.O * y_plane(&c->s) * LANES;

	c->work = nans(k->conv_work(&c->s) / sizeof(float));
	c->y = nans(n);
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
	double got = (double)n16_at(s->O * plane, c->y, n, (int)f);
	double gradient = (double)c->dy[(size_t)n * s->O * plane + f];
	size_t base = ((size_t)n * s->O + o) * s->OH * s->OW, best;
	double terms = s->C * s->kh * s->kw + 1;

	if (!s->pool) {
		best = base + at;
		if (s->relu && got <= 0)
			ck_assert_double_eq(got, 0);
		else
			close_to("forward", got, c->full[best], terms,
				c->weight[best] + 1);
		c->g[best] = s->relu && got <= 0 ? 0 : gradient;
		return;
	}
	uint8_t which =
		c->which[(((size_t)n / LANES) * s->O * plane + f) * LANES + n % LANES];

	if (which == 4) {
		ck_assert_double_eq(got, 0);
		for (int q = 0; q < 4; q++) {
			size_t i = base + (size_t)(at / PW * 2 + q / 2) * s->OW +
				at % PW * 2 + q % 2;

			ck_assert(c->full[i] <= terms * ldexp(c->weight[i] + 1, -24));
		}
		return;
	}
	ck_assert_uint_lt(which, 4);
	ck_assert(got > 0);
	best = base + (size_t)(at / PW * 2 + which / 2) * s->OW + at % PW * 2 +
		which % 2;
	close_to("pooled", got, c->full[best], terms, c->weight[best] + 1);
	for (int q = 0; q < 4; q++) {
		size_t i = base + (size_t)(at / PW * 2 + q / 2) * s->OW + at % PW * 2 +
			q % 2;

		ck_assert(c->full[i] <= got + terms * ldexp(c->weight[i] + 1, -24));
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
	struct sums t = { c, doubles(n), doubles(n) };
	float *dw = nans(n), *db = nans(s->O);

	each_term(s, add_weights, &t);
	k->conv_backward_weights(s, c->xb, c->y, c->dyb, c->which, dw, db, c->work);
	for (size_t i = 0; i < n; i++)
		close_to("dw", (double)dw[i], t.sum[i], (double)(s->N * pixels),
			t.weight[i]);
	for (int o = 0; o < s->O; o++) {
		double sum = 0, weight = 0;

		for (size_t i = 0; i < s->N * pixels; i++) {
			double g = c->g[(i / pixels * s->O + o) * pixels + i % pixels];

			sum += g;
			weight += fabs(g);
		}
		close_to("db", (double)db[o], sum, (double)(s->N * pixels), weight);
	}
}

static void check_data(const struct conv_case *c, int add)
{
	const struct conv_shape *s = &c->s;
	int F = s->C * s->H * s->W;
	struct sums t = { c, doubles((size_t)s->N * F), doubles((size_t)s->N * F) };
	float *dx = nans(blocks(s->N) * F * LANES);

	for (size_t i = 0; add && i < blocks(s->N) * F * LANES; i++)
		dx[i] = 0.5f;
	each_term(s, add_data, &t);
	k->conv_backward_data(s, c->w, c->y, c->dyb, c->which, dx, add, c->work);
	for (int n = 0; n < s->N; n++)
		for (int f = 0; f < F; f++) {
			size_t i = (size_t)n * F + f;
			double start = add ? 0.5 : 0;

			close_to("dx", (double)n16_at(F, dx, n, f), t.sum[i] + start,
				s->O * s->kh * s->kw + 1, t.weight[i] + start);
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
		N, C, H, W, O, 0, 0, kh, kw, stride, pad, dilation, pool, relu, 0 \
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
	c.xb = to_n16(17, 36, c.x);
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
			c.xb = to_n16(3, 16, c.x);
			run_forward(&c);
			ck_assert(isnan(c.y[(size_t)where * LANES + 1]));
			ck_assert(!isnan(c.y[(size_t)where * LANES]));
		}
}
END_TEST

START_TEST(the_same_call_gives_the_same_bits)
{
	struct conv_shape s = CONV(33, 3, 12, 12, 7, 5, 5, 1, 1, 1, 1, 1);
	struct conv_case c;
	size_t weights = 7 * 3 * 25;
	float *first = floats(weights), *again = floats(weights), *y;

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

/* ---- linear ---- */

static const struct linear_shape linear_shapes[] = {
	{ 1, 1, 1, 0 },
	{ 17, 33, 10, 0 },
	{ 64, 256, 1, 0 },
	{ 5, 16, 4, 1 },
	{ 16, 50, 15, 0 },
	{ 17, 64, 16, 1 },
	{ 1, 20, 17, 0 },
	{ 64, 64, 32, 1 },
	{ 17, 500, 50, 1 },
	{ 33, 31, 100, 1 },
	{ 3, 7, 48, 0 },
	{ 9, 129, 81, 1 },
};

struct linear_case {
	struct linear_shape s;
	float *x, *w, *b, *dy, *y; /* w logical (out, in) */
	float *packed;
	void *work;
	double *g;
};

static void make_linear(struct linear_case *c, struct linear_shape s)
{
	c->s = s;
	c->x = random_floats((size_t)s.N * s.in);
	c->w = random_floats((size_t)s.out * s.in);
	c->b = random_floats(s.out);
	c->dy = random_floats((size_t)s.N * s.out);
	c->y = nans((size_t)s.N * s.out + 1);
	c->work = nans(k->linear_work(&s) / sizeof(float));
	c->packed = floats(linear_floats(s.in, s.out));
	c->g = doubles((size_t)s.N * s.out);
	for (int o = 0; o < s.out; o++)
		for (int i = 0; i < s.in; i++)
			c->packed[linear_index(s.in, s.out, o, i)] =
				c->w[(size_t)o * s.in + i];
}

static void check_linear_forward(struct linear_case *c)
{
	struct linear_shape s = c->s;

	k->linear_forward(&s, c->x, c->packed, c->b, c->y, c->work);
	ck_assert(isnan(c->y[(size_t)s.N * s.out]));
	for (int n = 0; n < s.N; n++)
		for (int o = 0; o < s.out; o++) {
			size_t at = (size_t)n * s.out + o;
			double sum = (double)c->b[o], weight = fabs(sum);

			for (int i = 0; i < s.in; i++) {
				double p = (double)c->x[(size_t)n * s.in + i] *
					(double)c->w[(size_t)o * s.in + i];

				sum += p;
				weight += fabs(p);
			}
			if (s.relu && sum < 0)
				sum = 0;
			close_to("linear", (double)c->y[at], sum, s.in + 1, weight);
			c->g[at] = s.relu && c->y[at] <= 0 ? 0 : (double)c->dy[at];
		}
}

static void check_linear_weights(struct linear_case *c)
{
	struct linear_shape s = c->s;
	size_t count = linear_floats(s.in, s.out);
	float *dw = nans(count), *db = nans(s.out + 1);

	k->linear_backward_weights(&s, c->x, c->y, c->dy, dw, db, c->work);
	ck_assert(isnan(db[s.out]));
	for (int o = 0; o < s.out; o++) {
		double bias = 0, bias_weight = 0;

		for (int n = 0; n < s.N; n++) {
			bias += c->g[(size_t)n * s.out + o];
			bias_weight += fabs(c->g[(size_t)n * s.out + o]);
		}
		close_to("linear db", (double)db[o], bias, s.N, bias_weight);
		for (int i = 0; i < s.in; i++) {
			size_t at = linear_index(s.in, s.out, o, i);
			double sum = 0, weight = 0;

			for (int n = 0; n < s.N; n++) {
				double p = c->g[(size_t)n * s.out + o] *
					(double)c->x[(size_t)n * s.in + i];

				sum += p;
				weight += fabs(p);
			}
			close_to("linear dw", (double)dw[at], sum, s.N, weight);
			dw[at] = 0;
		}
	}
	for (size_t i = 0; i < count; i++)
		EQUAL(dw[i], 0); /* padding got zero */
}

static void check_linear_data(struct linear_case *c, int add)
{
	struct linear_shape s = c->s;
	float *dx = nans((size_t)s.N * s.in + 1);

	for (size_t i = 0; add && i < (size_t)s.N * s.in; i++)
		dx[i] = 0.5f;
	k->linear_backward_data(&s, c->packed, c->y, c->dy, dx, add, c->work);
	ck_assert(isnan(dx[(size_t)s.N * s.in]));
	for (int n = 0; n < s.N; n++)
		for (int i = 0; i < s.in; i++) {
			double sum = add ? 0.5 : 0, weight = sum;

			for (int o = 0; o < s.out; o++) {
				double p = c->g[(size_t)n * s.out + o] *
					(double)c->w[(size_t)o * s.in + i];

				sum += p;
				weight += fabs(p);
			}
			close_to("linear dx", (double)dx[(size_t)n * s.in + i], sum,
				s.out + 1, weight);
		}
}

START_TEST(linear_layers_equal_naive_sums_in_double)
{
	struct linear_case c;

	if (!tables_choose(_i / COUNT(linear_shapes), &k))
		return;
	make_linear(&c, linear_shapes[_i % COUNT(linear_shapes)]);
	check_linear_forward(&c);
	check_linear_weights(&c);
	check_linear_data(&c, 0);
	check_linear_data(&c, 1);
}
END_TEST

START_TEST(every_weight_of_a_linear_layer_has_a_place_of_its_own)
{
	for (int out = 1; out < 100; out += 3)
		for (int in = 1; in < 40; in += 6) {
			size_t n = linear_floats(in, out);
			char *seen = NEW_ARRAY(&arena, char, n);

			for (int o = 0; o < out; o++)
				for (int i = 0; i < in; i++) {
					size_t at = linear_index(in, out, o, i);

					ck_assert_uint_lt(at, n);
					ck_assert_int_eq(seen[at]++, 0);
				}
		}
}
END_TEST

/* ---- layouts ---- */

static const int layout_shapes[][2] = { { 1, 1 }, { 16, 16 }, { 17, 5 }, { 33, 40 },
	{ 64, 500 } };

START_TEST(blocks_and_rows_are_the_same_numbers)
{
	if (!tables_choose(_i, &k))
		return;
	for (int t = 0; t < COUNT(layout_shapes); t++) {
		int N = layout_shapes[t][0], F = layout_shapes[t][1];
		float *rows = random_floats((size_t)N * F);
		float *block = nans(blocks(N) * F * LANES);
		float *back = nans((size_t)N * F + 1);

		k->rows_to_n16(N, F, rows, block);
		for (size_t n = 0; n < blocks(N) * LANES; n++)
			for (int f = 0; f < F; f++)
				EQUAL(n16_at(F, block, (int)n, f),
					n < (size_t)N ? rows[n * F + f] : 0);
		k->n16_to_rows(N, F, to_n16(N, F, rows), back);
		ck_assert_mem_eq(rows, back, sizeof(float) * N * F);
		ck_assert(isnan(back[(size_t)N * F]));
	}
}
END_TEST

START_TEST(a_batch_is_gathered_by_index_and_scaled)
{
	if (!tables_choose(_i, &k))
		return;
	for (int t = 0; t < COUNT(layout_shapes); t++) {
		int N = layout_shapes[t][0], F = layout_shapes[t][1], M = 7, index[64];
		uint8_t *bytes = arena_alloc(&arena, (size_t)M * F, 1);
		float *values = random_floats((size_t)M * F);
		float *a = nans(blocks(N) * F * LANES),
		      *b = nans(blocks(N) * F * LANES);
		float *c = nans((size_t)N * F), *d = nans((size_t)N * F);

		for (int i = 0; i < M * F; i++)
			bytes[i] = (uint8_t)(i * 37);
		for (int n = 0; n < N; n++)
			index[n] = n * 5 % M;
		k->gather_u8_n16(N, F, bytes, index, 0.25f, a);
		k->gather_f32_n16(N, F, values, index, b);
		k->gather_u8_rows(N, F, bytes, index, 0.25f, c);
		k->gather_f32_rows(N, F, values, index, d);
		for (int n = 0; n < (int)blocks(N) * LANES; n++)
			for (int f = 0; f < F; f++) {
				size_t at = n < N ? (size_t)index[n] * F + f : 0;
				float byte = n < N ? (float)bytes[at] * 0.25f : 0;
				float value = n < N ? values[at] : 0;

				EQUAL(n16_at(F, a, n, f), byte);
				EQUAL(n16_at(F, b, n, f), value);
				if (n >= N)
					continue;
				EQUAL(c[(size_t)n * F + f], byte);
				EQUAL(d[(size_t)n * F + f], value);
			}
	}
}
END_TEST

/* ---- elementwise ---- */

#define ADAM_N 37
#define ADAM_STEPS 5

static void check_adam(int decoupled, int amsgrad, float wd, float size)
{
	float *p = random_floats(ADAM_N), *m = floats(ADAM_N), *v = floats(ADAM_N);
	float *max = floats(ADAM_N);
	double P[ADAM_N], M[ADAM_N] = { 0 }, V[ADAM_N] = { 0 }, MAX[ADAM_N] = { 0 };
	double lr = (double)1e-2f, b1 = (double)0.9f, b2 = (double)0.999f,
	       eps = (double)1e-8f;

	p[ADAM_N] = NAN;
	for (int i = 0; i < ADAM_N; i++)
		P[i] = (double)p[i];
	for (int t = 1; t <= ADAM_STEPS; t++) {
		float *g = random_floats(ADAM_N);
		struct adam_step s = { 1e-2f, 0.9f, 0.999f, 1e-8f, wd,
			(float)(1 / (1 - pow(b1, t))), (float)(1 / (1 - pow(b2, t))),
			decoupled, amsgrad };

		for (int i = 0; i < ADAM_N; i++) {
			double d, step;

			g[i] = i == 3 ? 0 : g[i] * size;
			d = (double)g[i] + (decoupled ? 0 : (double)wd * P[i]);
			M[i] = b1 * M[i] + (1 - b1) * d;
			V[i] = b2 * V[i] + (1 - b2) * d * d;
			MAX[i] = V[i] > MAX[i] ? V[i] : MAX[i];
			if (decoupled)
				P[i] *= 1 - lr * (double)wd;
			step = lr / (1 - pow(b1, t)) * M[i] /
				(sqrt((amsgrad ? MAX[i] : V[i]) / (1 - pow(b2, t))) +
					eps);
			P[i] -= step;
		}
		k->adam(ADAM_N, p, g, m, v, amsgrad ? max : NULL, &s);
	}
	for (int i = 0; i < ADAM_N; i++)
		ck_assert_msg(fabs((double)p[i] - P[i]) <= 1e-6 * (fabs(P[i]) + 5 * lr),
			"%s adam %d: %.9g, not %.9g", k->name, i, (double)p[i], P[i]);
	ck_assert(isnan(p[ADAM_N]));
}

START_TEST(adam_follows_its_formula_in_double)
{
	static const float sizes[] = { 1e-7f, 1e-3f, 1, 1e4f };

	if (!tables_choose(_i, &k))
		return;
	for (int t = 0; t < COUNT(sizes); t++) {
		check_adam(0, 0, 0, sizes[t]);
		check_adam(0, 0, 0.01f, sizes[t]);
		check_adam(1, 0, 0.01f, sizes[t]);
		check_adam(0, 1, 0.01f, sizes[t]);
	}
}
END_TEST

START_TEST(one_adam_step_is_right_to_six_digits_of_the_step)
{
	struct adam_step s = { 1, 0, 0, 0, 0, 1, 1, 0, 0 };

	if (!tables_choose(_i, &k))
		return;
	s.beta2 = 0.5f;
	for (int e = -15; e < 15; e++) {
		float *p = floats(16), *g = random_floats(16), *m = floats(16),
		      *v = floats(16);

		for (int i = 0; i < 15; i++)
			g[i] = ldexpf(1.0f + 0.06f * (float)i, e);
		g[15] = 0; /* no gradient, no eps: stays */
		k->adam(16, p, g, m, v, NULL, &s);
		for (int i = 0; i < 15; i++)
			ck_assert_double_le(
				fabs((double)p[i] + sqrt(2)), 1e-6 * sqrt(2));
		EQUAL(p[15], 0);
		g[2] = NAN;
		k->adam(16, p, g, m, v, NULL, &s);
		ck_assert(isnan(p[2]));
	}
}
END_TEST

static void check_sgd(double mu, double damp, double wd, int nesterov)
{
	enum { N = 37 };
	float *p = random_floats(N), *buf = nans(N);
	double P[N], B[N] = { 0 };

	p[N] = NAN;
	for (int i = 0; i < N; i++)
		P[i] = (double)p[i];
	for (int t = 0; t < 4; t++) {
		float *g = random_floats(N);
		struct sgd_step s = { 0.125f, (float)mu, (float)damp, (float)wd,
			nesterov, !t };

		k->sgd(N, p, g, mu > 0 ? buf : NULL, &s);
		for (int i = 0; i < N; i++) {
			double d = (double)g[i] + wd * P[i];

			if (mu > 0) {
				B[i] = t ? mu * B[i] + (1 - damp) * d : d;
				d = nesterov ? d + mu * B[i] : B[i];
			}
			P[i] -= 0.125 * d;
			ck_assert_double_eq_tol((double)p[i], P[i], 2e-6);
		}
	}
	ck_assert(isnan(p[N]));
}

START_TEST(sgd_follows_its_formula_in_double)
{
	if (!tables_choose(_i, &k))
		return;
	check_sgd(0, 0, 0, 0);
	check_sgd(0, 0, 0.25, 0);
	check_sgd(0.5, 0, 0.25, 0);
	check_sgd(0.5, 0.25, 0, 0);
	check_sgd(0.5, 0, 0, 1);
}
END_TEST

START_TEST(sums_of_vectors_are_right)
{
	enum { N = 83 };
	float *x = random_floats(N), *y = random_floats(N), *z = floats(N);
	double sum = 0;

	if (!tables_choose(_i, &k))
		return;
	for (int i = 0; i < N; i++)
		sum += (double)x[i] * (double)y[i];
	ck_assert_double_eq_tol(k->dot(N, x, y), sum, 1e-12);
	memcpy(z, y, sizeof(float) * N);
	k->axpy(N, 0.5f, x, z);
	for (int i = 0; i < N; i++)
		ck_assert(fabsf(z[i] - (y[i] + 0.5f * x[i])) <= 1e-7f);
	k->scale(N, 0.5f, z);
	ck_assert(fabsf(z[N - 1] - 0.5f * (y[N - 1] + 0.5f * x[N - 1])) <= 1e-7f);
}
END_TEST

/* ---- the choice ---- */

START_TEST(an_unknown_wish_gets_the_best_table)
{
	const struct kernels *best;

	unsetenv("DELTAM_KERNELS");
	best = kernels_get();
	setenv("DELTAM_KERNELS", "neon", 1);
	ck_assert_ptr_eq(kernels_get(), best);
	setenv("DELTAM_KERNELS", "portable", 1);
	ck_assert_str_eq(kernels_get()->name, "portable");
}
END_TEST

START_TEST(denormals_count_as_zero)
{
	volatile float tiny = 1e-30f;

	if (!getenv("DELTAM_TEST_VALGRIND")) /* which has no such mode */
		EQUAL(tiny * 1e-10f, 0);
}
END_TEST

Suite *suite_kernel(void);
Suite *suite_kernel(void)
{
	Suite *s = suite_create("kernel");
	TCase *t = tcase_create("kernel");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, convolutions_equal_naive_sums_in_double, 0,
		TABLES * COUNT(conv_shapes));
	tcase_add_loop_test(
		t, ties_go_to_the_first_pixel_and_zero_closes_relu, 0, TABLES);
	tcase_add_loop_test(
		t, a_nan_pixel_reaches_every_output_that_sees_it, 0, TABLES);
	tcase_add_loop_test(t, the_same_call_gives_the_same_bits, 0, TABLES);
	tcase_add_loop_test(t, linear_layers_equal_naive_sums_in_double, 0,
		TABLES * COUNT(linear_shapes));
	tcase_add_test(t, every_weight_of_a_linear_layer_has_a_place_of_its_own);
	tcase_add_loop_test(t, blocks_and_rows_are_the_same_numbers, 0, TABLES);
	tcase_add_loop_test(t, a_batch_is_gathered_by_index_and_scaled, 0, TABLES);
	tcase_add_loop_test(t, adam_follows_its_formula_in_double, 0, TABLES);
	tcase_add_loop_test(
		t, one_adam_step_is_right_to_six_digits_of_the_step, 0, TABLES);
	tcase_add_loop_test(t, sgd_follows_its_formula_in_double, 0, TABLES);
	tcase_add_loop_test(t, sums_of_vectors_are_right, 0, TABLES);
	tcase_add_test(t, an_unknown_wish_gets_the_best_table);
	tcase_add_test(t, denormals_count_as_zero);
	suite_add_tcase(s, t);
	return s;
}
