/*
 * Mixed precision: the tile operation and the passes of convolutions and linear layers,
 * of every instruction set that this machine has, to the bit against their definition
 * (tile.h, bf16_view.h) written once more as plain loops; and all other passes of the
 * tables against each other.
 */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "common/arena.h"
#include "tests/lib/each.h"
#include "tests/lib/tile_unit.h"
#include "tests/lib/values.h"
#include "trainer-core/kernel/kernel.h"
#include "trainer-core/kernel/tables.h"

#define DEPTH 32
#define BF16_TABLES 4

static struct arena arena;
static const struct kernels *k; /* of the current test */
static uint64_t drawn;

static void setup(void)
{
	kernels_init_fpu();
	drawn = 88172645463325252u;
}

static void teardown(void)
{
	unsetenv("DELTAM_KERNELS");
	arena_release(&arena);
}

/* The table of AMX on a processor without: instruction by instruction. */
static bool choose_emulated_unit(void)
{
#if defined(__x86_64__)
	k = &kernels_bf16_amx;
	return tile_unit_begin();
#else
	return false;
#endif
}

/* Table i into k; false where this machine cannot run it. */
static bool choose(int i)
{
	const char *word = i == 0 ? kernels_bf16_portable.isa
		: i == 1          ? "avx2"
		: i == 2          ? "avx512"
				  : "amx";

	setenv("DELTAM_KERNELS", word, 1);
	k = kernels_get_bf16();
	if (!strcmp(k->isa, word))
		return true;
	return i == 3 && choose_emulated_unit();
}

static uint32_t draw(void)
{
	drawn ^= drawn << 13;
	drawn ^= drawn >> 7;
	drawn ^= drawn << 17;
	return (uint32_t)(drawn >> 32);
}

static int draw_from(int low, int high)
{
	return low + (int)(draw() % (uint32_t)(high - low + 1));
}

static uint32_t bits_of(float x)
{
	uint32_t u;

	memcpy(&u, &x, sizeof(u));
	return u;
}

static float float_of(uint32_t u)
{
	float x;

	memcpy(&x, &u, sizeof(x));
	return x;
}

/* The definition once more: of the two neighbours the nearer one, of two the even. */
static float nearest(float x)
{
	uint32_t below = bits_of(x) & 0xffff0000, above = below + 0x10000;
	double down = fabs((double)x - (double)float_of(below));
	double up = isinf(float_of(above))
		? fabs(ldexp(copysign(1, (double)x), 128) - (double)x)
		: fabs((double)float_of(above) - (double)x);

	if (isnan(x) || isinf(x))
		return x;
	if (!isnormal(x))
		return copysignf(0, x);
	if (down == up)
		return float_of(below & 0x10000 ? above : below);
	return float_of(down < up ? below : above);
}

/* A sum in the order of the tile operation, value by value. */
struct chain {
	float sum, even, odd;
	int n; /* values of the chunk so far */
};

static void chain_close(struct chain *c)
{
	c->sum += c->even + c->odd;
	c->even = c->odd = 0;
	c->n = 0;
}

static void chain_add(struct chain *c, float a, float b)
{
	float *to = c->n % 2 ? &c->odd : &c->even;

	*to = fmaf(a, b, *to);
	if (++c->n == DEPTH)
		chain_close(c);
}

/* ---- the operation ---- */

/* Numbers of all sizes that products and sums of floats can have, denormals among them. */
static uint16_t draw_bf16(int kind)
{
	int exponent = kind == 0 ? draw_from(120, 130)
		: kind == 1      ? draw_from(1, 254)
				 : draw_from(40, 90);

	if (kind == 2 && draw() % 8 == 0)
		exponent = 0;
	return (uint16_t)((draw() & 1) << 15 | (uint32_t)exponent << 7 |
		(draw() & 127));
}

static float widen(uint16_t x)
{
	float y = float_of((uint32_t)x << 16);

	return isnormal(y) ? y : copysignf(0, y);
}

static void check_tile(int kind)
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
		struct chain t = { .sum = widen(draw_bf16(kind)) * 1.001f };

		c[i] = t.sum;
		for (int d = 0; d < DEPTH; d++)
			chain_add(&t, widen(a[m * 32 + d]),
				widen(b[d / 2 * 32 + 2 * n + d % 2]));
		want[i] = t.sum;
	}
	before = tile_unit_products();
	k->tile(a, b, c);
	ck_assert(emulated == (tile_unit_products() == before + 1));
	for (int i = 0; i < 16 * 16; i++)
		ASSERT_EACH_MSG(bits_of(c[i]) == bits_of(want[i]) ||
				(isnan(c[i]) && isnan(want[i])),
			"%s, kind %d: %a, not %a", k->isa, kind, (double)c[i],
			(double)want[i]);
}

START_TEST(a_tile_is_sixteen_even_and_sixteen_odd_products)
{
	bool flushes = !getenv("DELTAM_TEST_VALGRIND");

	if (!choose(_i))
		return;
	for (int n = 0; n < 300; n++)
		check_tile(n % (flushes ? 3 : 1));
}
END_TEST

START_TEST(a_value_is_rounded_to_the_nearest_of_two_to_the_even)
{
	const float edges[] = { 0, -0.0f, 1, 1.00390625f, 1.01171875f, -1.00390625f,
		3.4e38f, -3.4028235e38f, 3.39e38f, INFINITY, -INFINITY, NAN, 1e-40f,
		-1e-40f, 1.1754944e-38f };
	float *x = values_random(&arena, 512), *y = values_all(&arena, 512, 0);

	if (!choose(_i))
		return;
	memcpy(x, edges, sizeof(edges));
	for (int i = COUNT(edges); i < 512; i++)
		x[i] = float_of(draw() & 0xfeffffff);
	memcpy(y, x, sizeof(*x) * 512);
	k->round(511, y);
	for (int i = 0; i < 511; i++)
		ASSERT_EACH_MSG(bits_of(y[i]) == bits_of(nearest(x[i])) ||
				(isnan(y[i]) && isnan(x[i])),
			"%a becomes %a, not %a", (double)x[i], (double)y[i],
			(double)nearest(x[i]));
	ck_assert_int_eq(bits_of(y[511]), bits_of(x[511]));
}
END_TEST

/* ---- convolutions ---- */

static size_t round_up(int n)
{
	return (size_t)(n + LANES - 1) / LANES * LANES;
}

/* Where value (c, p) of image n lies. */
static size_t place(int c4, int N, int HW, int n, int c, int p)
{
	int lanes = c4 ? 4 : LANES;

	return (((size_t)(c / lanes) * HW + p) * N + n) * lanes + c % lanes;
}

struct conv_case {
	struct conv_shape s;
	float *x, *w, *b, *dy,
		*old; /* as kernels want them; old: what dx is added to */
	float *y, *dw, *db, *dx; /* as they should be, y without ReLU and rounding */
};

static float weight_at(const struct conv_case *t, int o, int c, int ky, int kx)
{
	return nearest(t->w[conv_c16_index(&t->s, o, c, ky, kx)]);
}

static float x_at(const struct conv_case *t, int n, int c, int y, int x)
{
	const struct conv_shape *s = &t->s;

	if (c >= s->C || y < 0 || x < 0 || y >= s->H || x >= s->W)
		return 0;
	return nearest(t->x[place(s->c4, s->N, s->H * s->W, n, c, y * s->W + x)]);
}

static float dy_at(const struct conv_case *t, int n, int o, int y, int x)
{
	const struct conv_shape *s = &t->s;

	if (o >= s->O || y < 0 || x < 0 || y >= s->OH || x >= s->OW)
		return 0;
	return nearest(t->dy[place(0, s->N, s->OH * s->OW, n, o, y * s->OW + x)]);
}

/* The i-th of the depth of C channels and so many taps: which channel and tap. */
static void depth_at(int C, int taps, int i, int *c, int *tap)
{
	int block = C < DEPTH ? C : DEPTH;

	*c = i / block / taps * block + i % block;
	*tap = i / block % taps;
}

static int depth_of(int C, int taps)
{
	return C < DEPTH ? C * taps : (C + DEPTH - 1) / DEPTH * DEPTH * taps;
}

static float forward_at(const struct conv_case *t, int n, int o, int y, int x)
{
	const struct conv_shape *s = &t->s;
	struct chain sum = { 0 };

	for (int i = 0; i < depth_of(s->C, s->kh * s->kw); i++) {
		int c, tap;

		depth_at(s->C, s->kh * s->kw, i, &c, &tap);
		chain_add(&sum,
			x_at(t, n, c,
				y * s->stride - s->pad + tap / s->kw * s->dilation,
				x * s->stride - s->pad + tap % s->kw * s->dilation),
			c < s->C ? weight_at(t, o, c, tap / s->kw, tap % s->kw) : 0);
	}
	chain_close(&sum);
	return sum.sum;
}

static float data_at(const struct conv_case *t, int n, int c, int y, int x)
{
	const struct conv_shape *s = &t->s;
	int taps = s->kh * s->kw;
	struct chain sum = { 0 };

	for (int i = 0; i < depth_of(s->O, taps); i++) {
		int o, tap, oy, ox;
		bool there;

		depth_at(s->O, taps, i, &o, &tap);
		tap = taps - 1 - tap;
		oy = y + s->pad - tap / s->kw * s->dilation;
		ox = x + s->pad - tap % s->kw * s->dilation;
		there = oy >= 0 && ox >= 0 && oy % s->stride == 0 &&
			ox % s->stride == 0;
		chain_add(&sum,
			there ? dy_at(t, n, o, oy / s->stride, ox / s->stride) : 0,
			o < s->O ? weight_at(t, o, c, tap / s->kw, tap % s->kw) : 0);
	}
	chain_close(&sum);
	return sum.sum;
}

static float gradient_at(const struct conv_case *t, int o, int c, int ky, int kx)
{
	const struct conv_shape *s = &t->s;
	struct chain sum = { 0 };

	for (int y = 0; y < s->OH; y++) {
		for (int i = 0; i < s->OW * s->N; i++)
			chain_add(&sum, dy_at(t, i % s->N, o, y, i / s->N),
				x_at(t, i % s->N, c,
					y * s->stride - s->pad + ky * s->dilation,
					i / s->N * s->stride - s->pad +
						kx * s->dilation));
		chain_close(&sum);
	}
	return sum.sum;
}

static float bias_at(const struct conv_case *t, int o)
{
	const struct conv_shape *s = &t->s;
	float sum = 0, part = 0;

	for (int y = 0; y < s->OH; y++)
		for (int i = 0; i < s->OW * s->N; i++) {
			part += dy_at(t, i % s->N, o, y, i / s->N);
			if (i % DEPTH != DEPTH - 1 && i + 1 < s->OW * s->N)
				continue;
			sum += part;
			part = 0;
		}
	return sum;
}

static void expect_forward(struct conv_case *t)
{
	const struct conv_shape *s = &t->s;
	int HW = s->OH * s->OW;

	t->y = values_all(&arena, round_up(s->O) * HW * s->N, 0);
	for (int i = 0; i < s->N * s->O * HW; i++) {
		int n = i / HW / s->O, o = i / HW % s->O, p = i % HW;

		t->y[place(0, s->N, HW, n, o, p)] =
			forward_at(t, n, o, p / s->OW, p % s->OW);
	}
}

static void expect_data(struct conv_case *t)
{
	const struct conv_shape *s = &t->s;
	int HW = s->H * s->W;

	t->dx = values_all(&arena, round_up(s->C) * HW * s->N, 0);
	for (int i = 0; i < s->N * s->C * HW && !s->c4; i++) {
		int n = i / HW / s->C, c = i / HW % s->C, p = i % HW;

		t->dx[place(0, s->N, HW, n, c, p)] =
			data_at(t, n, c, p / s->W, p % s->W);
	}
}

static void expect_gradient(struct conv_case *t)
{
	const struct conv_shape *s = &t->s;
	int taps = s->kh * s->kw;

	t->dw = values_all(&arena, conv_c16_floats(s), 0);
	t->db = values_all(&arena, round_up(s->O), 0);
	for (int i = 0; i < s->O * s->C * taps; i++) {
		int o = i / taps / s->C, c = i / taps % s->C;
		int ky = i % taps / s->kw, kx = i % s->kw;

		t->dw[conv_c16_index(s, o, c, ky, kx)] = gradient_at(t, o, c, ky, kx);
	}
	for (int o = 0; o < s->O; o++)
		t->db[o] = bias_at(t, o);
}

/* Random where a channel is, zero behind the last. */
static float *draw_planes(int c4, int N, int C, int HW)
{
	size_t n = (c4 ? 4 : round_up(C)) * (size_t)HW * N;
	float *x = values_all(&arena, n, 0), *r = values_random(&arena, n);

	for (int i = 0; i < N * C * HW; i++) {
		size_t at = place(c4, N, HW, i / HW / C, i / HW % C, i % HW);

		x[at] = r[at];
	}
	return x;
}

static void make_case(struct conv_case *t, struct conv_shape s)
{
	int taps = s.kh * s.kw;

	s.OH = (s.H + 2 * s.pad - s.dilation * (s.kh - 1) - 1) / s.stride + 1;
	s.OW = (s.W + 2 * s.pad - s.dilation * (s.kw - 1) - 1) / s.stride + 1;
	t->s = s;
	t->x = draw_planes(s.c4, s.N, s.C, s.H * s.W);
	t->dy = draw_planes(0, s.N, s.O, s.OH * s.OW);
	t->old = draw_planes(0, s.N, s.C, s.H * s.W);
	t->w = values_all(&arena, conv_c16_floats(&s), 0);
	for (int i = 0; i < s.O * s.C * taps; i++)
		t->w[conv_c16_index(&s, i / taps / s.C, i / taps % s.C, i % taps / s.kw,
			i % s.kw)] = values_random(&arena, 1)[0];
	t->b = values_all(&arena, round_up(s.O), 0);
	memcpy(t->b, values_random(&arena, s.O), sizeof(float) * s.O);
	expect_forward(t);
	expect_data(t);
	expect_gradient(t);
}

static void same(const struct conv_case *t, const char *what, const float *got,
	const float *want, size_t n)
{
	const struct conv_shape *s = &t->s;

	for (size_t i = 0; i < n; i++)
		ASSERT_EACH_MSG(bits_of(got[i]) == bits_of(want[i]),
			"%s %s of %d, %d -> %d, %dx%d, %dx%d, stride %d, pad %d, "
			"dilation %d, relu %d: %a, not %a, at %zu",
			k->isa, what, s->N, s->C, s->O, s->H, s->W, s->kh, s->kw,
			s->stride, s->pad, s->dilation, s->relu, (double)got[i],
			(double)want[i], i);
	ck_assert(isnan(got[n]));
}

static void check_forward(const struct conv_case *t, void *work)
{
	const struct conv_shape *s = &t->s;
	size_t n = round_up(s->O) * s->OH * s->OW * s->N;
	size_t plane = (size_t)s->OH * s->OW * s->N;
	float *y = values_all(&arena, n + 1, NAN), *want = values_all(&arena, n, 0);

	k->conv_c16_forward(s, t->x, t->w, t->b, y, work);
	for (size_t i = 0; i < n; i++) {
		float v = t->y[i] + t->b[i / LANES / plane * LANES + i % LANES];

		v = s->relu && v <= 0 ? 0 : v;
		want[i] = s->wide ? v : nearest(v);
	}
	same(t, "forward", y, want, n);
}

static void check_conv(const struct conv_case *t)
{
	const struct conv_shape *s = &t->s;
	size_t n = round_up(s->C) * s->H * s->W * s->N;
	size_t weights = conv_c16_floats(s), outs = round_up(s->O);
	void *work = values_all(&arena, k->conv_c16_work(s) / sizeof(float), NAN);
	float *dx = values_all(&arena, n + 1, NAN), *want = values_all(&arena, n, 0);
	float *dw = values_all(&arena, weights + 1, NAN);
	float *db = values_all(&arena, outs + 1, NAN);

	check_forward(t, work);
	k->conv_c16_backward_weights(s, t->x, t->dy, dw, db, work);
	same(t, "weights", dw, t->dw, weights);
	same(t, "bias", db, t->db, outs);
	for (int add = 0; add < 2 && !s->c4; add++) {
		for (size_t i = 0; i < n; i++)
			want[i] = nearest(add ? t->old[i] + t->dx[i] : t->dx[i]);
		memcpy(dx, t->old, sizeof(float) * n);
		k->conv_c16_backward_data(s, t->w, t->dy, dx, add, work);
		same(t, add ? "data, added," : "data", dx, want, n);
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
	struct conv_shape s = { .N = draw_from(1, 33),
		.C = draw_from(1, 70),
		.H = draw_from(1, 40),
		.W = draw_from(1, 40),
		.O = draw_from(1, 70),
		.kh = draw_from(1, 5),
		.kw = draw_from(1, 5),
		.stride = draw_from(1, 3),
		.dilation = draw_from(1, 3),
		.relu = draw() % 2,
		.wide = draw() % 4 == 0 };

	s.pad = draw_from(0, s.dilation * (s.kh < s.kw ? s.kh : s.kw) / 2);
	s.c4 = draw() % 5 == 0;
	if (s.c4)
		s.C = draw_from(1, 4);
	while (products(&s) > CHEAP) {
		int *most = s.H > s.W ? &s.H : &s.W;

		if (s.N > *most)
			most = &s.N;
		if (s.O > 2 * *most)
			most = &s.O;
		if (!s.c4 && s.C > 2 * *most)
			most = &s.C;
		*most = *most / 2 + (int)(draw() % 2);
	}
	while (s.H + 2 * s.pad < s.dilation * (s.kh - 1) + 1)
		s.H++;
	while (s.W + 2 * s.pad < s.dilation * (s.kw - 1) + 1)
		s.W++;
	return s;
}

START_TEST(a_convolution_is_its_definition_to_the_bit)
{
	struct conv_case t = { 0 };
	struct conv_shape s;

	for (int i = COUNT(shapes); i <= _i; i++)
		s = draw_shape();
	if (_i < COUNT(shapes))
		s = shapes[_i];
	make_case(&t, s);
	for (int i = 0; i < BF16_TABLES; i++)
		if (choose(i))
			check_conv(&t);
}
END_TEST

/* Rounding twice, of both factors, and of what is stored. */
START_TEST(a_convolution_is_near_the_sum_in_double)
{
	struct conv_case t = { 0 };
	const struct conv_shape *s = &t.s;

	make_case(&t, shapes[3]);
	for (int i = 0; i < s->O * s->OH * s->OW; i++) {
		int o = i / s->OH / s->OW, p = i % (s->OH * s->OW);
		double sum = 0, size = 0;
		float got = t.y[place(0, s->N, s->OH * s->OW, 1, o, p)];

		for (int d = 0; d < s->C * 9; d++) {
			int y = p / s->OW + d % 9 / 3 - 1, x = p % s->OW + d % 3 - 1;
			double v;

			if (y < 0 || x < 0 || y >= s->H || x >= s->W)
				continue;
			v = (double)t.x[place(
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

/* ---- linear layers ---- */

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
static void linear_case(struct conv_case *t, const struct linear_shape *l)
{
	make_case(t,
		(struct conv_shape){ .N = l->N,
			.C = l->in,
			.H = 1,
			.W = 1,
			.O = l->out,
			.kh = 1,
			.kw = 1,
			.stride = 1,
			.dilation = 1 });
}

static float *rows_of(int N, int C, const float *x)
{
	float *rows = values_all(&arena, (size_t)N * C + 1, NAN);

	for (int i = 0; i < N * C; i++)
		rows[i] = x[place(0, N, 1, i / C, i % C, 0)];
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

static void check_linear(const struct linear_shape *l, struct conv_case *t)
{
	size_t in = (size_t)l->N * l->in, out = (size_t)l->N * l->out;
	size_t weights = linear_floats(l->in, l->out);
	float *x = rows_of(l->N, l->in, t->x), *w = packed_of(l, &t->s, t->w);
	float *dy = rows_of(l->N, l->out, t->dy), *sums = rows_of(l->N, l->out, t->y);
	float *y = values_all(&arena, out + 1, NAN), *want = values_all(&arena, out, 0);
	float *dx = values_all(&arena, in + 1, NAN);
	float *dw = values_all(&arena, weights + 1, NAN);
	float *db = values_all(&arena, l->out + 1, NAN);
	void *work = values_all(&arena, k->linear_work(l) / sizeof(float), NAN);

	k->linear_forward(l, x, w, t->b, y, work);
	for (size_t i = 0; i < out; i++) {
		float v = sums[i] + t->b[i % l->out];

		v = l->relu && v <= 0 ? 0 : v;
		want[i] = l->wide ? v : nearest(v);
	}
	same(t, "linear", y, want, out);
	if (l->relu) /* the definition's gradients are those in front of it */
		for (size_t i = 0; i < out; i++)
			y[i] = 1;
	k->linear_backward_weights(l, x, y, dy, dw, db, work);
	same(t, "linear weights", dw, packed_of(l, &t->s, t->dw), weights);
	same(t, "linear bias", db, t->db, l->out);
	k->linear_backward_data(l, w, y, dy, dx, 0, work);
	x = rows_of(l->N, l->in, t->dx);
	k->round(in, x);
	same(t, "linear data", dx, x, in);
}

START_TEST(a_linear_layer_is_a_convolution_of_one_tap)
{
	struct conv_case t = { 0 };

	linear_case(&t, &linear_shapes[_i]);
	for (int i = 0; i < BF16_TABLES; i++)
		if (choose(i))
			check_linear(&linear_shapes[_i], &t);
}
END_TEST

START_TEST(a_closed_ReLU_lets_no_gradient_through)
{
	struct linear_shape l = { 4, 40, 20, 1, 0 };
	float *x = values_random(&arena, 160), *y = values_all(&arena, 80, 0);
	float *dy = values_random(&arena, 80), *dw = values_all(&arena, 40 * 32, NAN);
	float *w = values_random(&arena, 40 * 32);
	float *db = values_all(&arena, 20, NAN), *dx = values_all(&arena, 160, NAN);

	if (!choose(_i))
		return;
	k->linear_backward_weights(&l, x, y, dy, dw, db,
		values_all(&arena, k->linear_work(&l) / sizeof(float), NAN));
	k->linear_backward_data(&l, w, y, dy, dx, 0,
		values_all(&arena, k->linear_work(&l) / sizeof(float), NAN));
	for (int i = 0; i < 160; i++)
		ASSERT_EACH(dx[i] == 0 && db[i % 20] == 0 && dw[i] == 0);
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

START_TEST(every_other_pass_has_the_bits_of_the_portable_one)
{
	const float *x = values_random(&arena, PLANES),
		    *dy = values_random(&arena, PLANES);
	struct trace first = { 0 };

	for (int i = 0; i < BF16_TABLES; i++) {
		struct trace t = { .at = values_all(&arena, 40 * PLANES, 0) };

		if (!choose(i))
			continue;
		trace_norm(&t, x, dy);
		trace_windows(&t, x);
		trace_flat(&t, x, dy);
		if (!first.at)
			first = t;
		for (size_t j = 0; j < t.n; j++)
			ASSERT_EACH_MSG(bits_of(t.at[j]) == bits_of(first.at[j]),
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
	ck_assert(k->bf16 && !kernels_get()->bf16);
}
END_TEST

Suite *suite_bf16(void);
Suite *suite_bf16(void)
{
	Suite *s = suite_create("bf16");
	TCase *t = tcase_create("bf16");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(
		t, a_tile_is_sixteen_even_and_sixteen_odd_products, 0, BF16_TABLES);
	tcase_add_loop_test(t, a_value_is_rounded_to_the_nearest_of_two_to_the_even, 0,
		BF16_TABLES);
	tcase_add_loop_test(t, a_convolution_is_its_definition_to_the_bit, 0,
		COUNT(shapes) + DRAWN_SHAPES);
	tcase_add_test(t, a_convolution_is_near_the_sum_in_double);
	tcase_add_loop_test(
		t, a_linear_layer_is_a_convolution_of_one_tap, 0, COUNT(linear_shapes));
	tcase_add_loop_test(t, a_closed_ReLU_lets_no_gradient_through, 0, BF16_TABLES);
	tcase_add_test(t, every_other_pass_has_the_bits_of_the_portable_one);
	tcase_add_loop_test(t, all_tables_are_one_class, 0, BF16_TABLES);
	suite_add_tcase(s, t);
	return s;
}
