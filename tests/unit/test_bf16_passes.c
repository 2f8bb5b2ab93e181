/*
 * Passes of convolutions and linear layers in the class bf16, of every instruction set
 * that this machine has, to the bit against their definition (bf16_view.h) as plain loops.
 */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "common/arena.h"
#include "tests/lib/each.h"
#include "tests/lib/mixed_tables.h"
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
	return mixed_nearest(t->w[conv_c16_index(&t->s, o, c, ky, kx)]);
}

static float x_at(const struct conv_case *t, int n, int c, int y, int x)
{
	const struct conv_shape *s = &t->s;

	if (c >= s->C || y < 0 || x < 0 || y >= s->H || x >= s->W)
		return 0;
	return mixed_nearest(t->x[place(s->c4, s->N, s->H * s->W, n, c, y * s->W + x)]);
}

static float dy_at(const struct conv_case *t, int n, int o, int y, int x)
{
	const struct conv_shape *s = &t->s;

	if (o >= s->O || y < 0 || x < 0 || y >= s->OH || x >= s->OW)
		return 0;
	return mixed_nearest(t->dy[place(0, s->N, s->OH * s->OW, n, o, y * s->OW + x)]);
}

/*
 * The depth of a sum over C channels and kh x kw taps: fewer than 32 channels, but 16,
 * count together with the taps of their row.
 */
struct depth {
	int C, kw; /* that there are */
	int channels, taps; /* as they count */
	int step; /* channels of a chunk */
};

static struct depth depth_of(int C, int kh, int kw)
{
	bool joined = C < MIXED_DEPTH && C != 16;
	int channels = joined ? C * kw : C;

	return (struct depth){ C, kw, channels, joined ? kh : kh * kw,
		channels <= 16 ? 16 : MIXED_DEPTH };
}

/* How many values the chunks have. */
static int depth_values(const struct depth *d)
{
	return (d->channels + d->step - 1) / d->step * d->step * d->taps;
}

/* The i-th of them: which tap in row-major order, and which channel; C: none. */
static void depth_at(const struct depth *d, int i, int *c, int *tap)
{
	int at = i / d->step / d->taps * d->step + i % d->step;

	*tap = i / d->step % d->taps;
	*c = at < d->channels ? at : d->C;
	if (d->channels != d->C) {
		*tap = *tap * d->kw + (at < d->channels ? at / d->C : 0);
		*c = at < d->channels ? at % d->C : d->C;
	}
}

static float forward_at(const struct conv_case *t, int n, int o, int y, int x)
{
	const struct conv_shape *s = &t->s;
	struct depth depth = depth_of(s->C, s->kh, s->kw);
	struct mixed_chain sum = { .depth = depth.step };

	for (int i = 0; i < depth_values(&depth); i++) {
		int c, tap;

		depth_at(&depth, i, &c, &tap);
		mixed_chain_add(&sum,
			x_at(t, n, c,
				y * s->stride - s->pad + tap / s->kw * s->dilation,
				x * s->stride - s->pad + tap % s->kw * s->dilation),
			c < s->C ? weight_at(t, o, c, tap / s->kw, tap % s->kw) : 0);
	}
	mixed_chain_close(&sum);
	return sum.sum;
}

static float data_at(const struct conv_case *t, int n, int c, int y, int x)
{
	const struct conv_shape *s = &t->s;
	int taps = s->kh * s->kw;
	struct depth depth = depth_of(s->O, s->kh, s->kw);
	struct mixed_chain sum = { .depth = depth.step };

	for (int i = 0; i < depth_values(&depth); i++) {
		int o, tap, oy, ox;
		bool there;

		depth_at(&depth, i, &o, &tap);
		tap = taps - 1 - tap;
		oy = y + s->pad - tap / s->kw * s->dilation;
		ox = x + s->pad - tap % s->kw * s->dilation;
		there = oy >= 0 && ox >= 0 && oy % s->stride == 0 &&
			ox % s->stride == 0;
		mixed_chain_add(&sum,
			there ? dy_at(t, n, o, oy / s->stride, ox / s->stride) : 0,
			o < s->O ? weight_at(t, o, c, tap / s->kw, tap % s->kw) : 0);
	}
	mixed_chain_close(&sum);
	return sum.sum;
}

static float gradient_at(const struct conv_case *t, int o, int c, int ky, int kx)
{
	const struct conv_shape *s = &t->s;
	struct mixed_chain sum = { .depth = MIXED_DEPTH };

	for (int y = 0; y < s->OH; y++) {
		for (int i = 0; i < s->OW * s->N; i++)
			mixed_chain_add(&sum, dy_at(t, i % s->N, o, y, i / s->N),
				x_at(t, i % s->N, c,
					y * s->stride - s->pad + ky * s->dilation,
					i / s->N * s->stride - s->pad +
						kx * s->dilation));
		mixed_chain_close(&sum);
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
			if (i % MIXED_DEPTH != MIXED_DEPTH - 1 && i + 1 < s->OW * s->N)
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

/* x as passes want it, bf16 or (wide) float, a NaN behind the last value; and back. */
static void *stored(const float *x, size_t n, bool wide)
{
	float *to = values_all(&arena, n + 1, NAN);

	for (size_t i = 0; i < n && wide; i++)
		to[i] = x[i];
	for (size_t i = 0; i <= n && !wide; i++)
		((uint16_t *)to)[i] = i == n
			? 0xffff
			: (uint16_t)(mixed_bits(mixed_nearest(x[i])) >> 16);
	return to;
}

static float *loaded(const void *x, size_t n, bool wide)
{
	float *to = values_all(&arena, n + 1, 0);

	for (size_t i = 0; i <= n; i++)
		to[i] = wide ? ((const float *)x)[i]
			     : mixed_float((uint32_t)((const uint16_t *)x)[i] << 16);
	return to;
}

static void same(const struct conv_case *t, const char *what, const float *got,
	const float *want, size_t n)
{
	const struct conv_shape *s = &t->s;

	for (size_t i = 0; i < n; i++)
		ASSERT_EACH_MSG(mixed_bits(got[i]) == mixed_bits(want[i]),
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
	size_t in = (s->c4 ? 4 : round_up(s->C)) * s->H * s->W * s->N;
	float *want = values_all(&arena, n, 0);
	void *y = stored(values_all(&arena, n, NAN), n, s->wide);

	k->half->conv_forward(s, stored(t->x, in, false), t->w, t->b, y, work);
	for (size_t i = 0; i < n; i++) {
		float v = t->y[i] + t->b[i / LANES / plane * LANES + i % LANES];

		v = s->relu && v <= 0 ? 0 : v;
		want[i] = s->wide ? v : mixed_nearest(v);
	}
	same(t, "forward", loaded(y, n, s->wide), want, n);
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

static void check_conv(const struct conv_case *t, void *work)
{
	const struct conv_shape *s = &t->s;
	size_t n = round_up(s->C) * s->H * s->W * s->N;
	size_t in = (s->c4 ? 4 : round_up(s->C)) * s->H * s->W * s->N;
	size_t weights = conv_c16_floats(s), outs = round_up(s->O);
	void *dy = stored(t->dy, outs * s->OH * s->OW * s->N, s->wide);
	float *want = values_all(&arena, n, 0);
	float *dw = values_all(&arena, weights + 1, NAN);
	float *db = values_all(&arena, outs + 1, NAN);

	check_forward(t, work);
	k->half->conv_backward_weights(s, stored(t->x, in, false), dy, dw, db, work);
	same(t, "weights", dw, t->dw, weights);
	same(t, "bias", db, t->db, outs);
	for (int add = 0; add < 2 && !s->c4; add++) {
		uint16_t *dx = stored(t->old, n, false);

		for (size_t i = 0; i < n; i++)
			want[i] = mixed_nearest(
				add ? mixed_nearest(t->old[i]) + t->dx[i] : t->dx[i]);
		k->half->conv_backward_data(s, t->w, dy, dx, add, work);
		same(t, add ? "data, added," : "data", loaded(dx, n, false), want, n);
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
	struct conv_case t = { 0 };
	struct conv_shape s;

	for (int i = COUNT(shapes); i <= _i; i++)
		s = draw_shape();
	if (_i < COUNT(shapes))
		s = shapes[_i];
	make_case(&t, s);
	for (int i = 0; i < MIXED_TABLES; i++)
		if (choose(i))
			check_conv(&t, scratch(&t.s, 0));
}
END_TEST

/* An odd number of them wants the pairs of every position twice. */
START_TEST(scratch_of_a_batch_is_enough_for_a_smaller_one)
{
	struct conv_shape s = shapes[_i];
	struct conv_case t = { 0 };
	size_t guard = 64;

	if (s.N < 2 || !choose(0))
		return;
	s.N--;
	make_case(&t, s);
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
	void *dy = stored(rows_of(l->N, l->out, t->dy), out, l->wide);
	float *sums = rows_of(l->N, l->out, t->y), *want = values_all(&arena, out, 0);
	void *y = stored(values_all(&arena, out, NAN), out, l->wide);
	uint16_t *half = stored(x, in, false);
	uint16_t *dx = stored(values_all(&arena, in, NAN), in, false);
	float *dw = values_all(&arena, weights + 1, NAN);
	float *db = values_all(&arena, l->out + 1, NAN);
	void *work = values_all(&arena, k->half->linear_work(l) / sizeof(float), NAN);

	k->half->linear_forward(l, half, w, t->b, y, work);
	for (size_t i = 0; i < out; i++) {
		float v = sums[i] + t->b[i % l->out];

		v = l->relu && v <= 0 ? 0 : v;
		want[i] = l->wide ? v : mixed_nearest(v);
	}
	same(t, "linear", loaded(y, out, l->wide), want, out);
	if (l->relu) /* the definition's gradients are those in front of it */
		y = stored(values_all(&arena, out, 1), out, l->wide);
	k->half->linear_backward_weights(l, half, y, dy, dw, db, work);
	same(t, "linear weights", dw, packed_of(l, &t->s, t->dw), weights);
	same(t, "linear bias", db, t->db, l->out);
	k->half->linear_backward_data(l, w, y, dy, dx, 0, work);
	x = rows_of(l->N, l->in, t->dx);
	for (size_t i = 0; i < in; i++)
		x[i] = mixed_nearest(x[i]);
	same(t, "linear data", loaded(dx, in, false), x, in);
}

START_TEST(a_linear_layer_is_a_convolution_of_one_tap)
{
	struct conv_case t = { 0 };

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
	uint16_t *x = stored(values_random(&arena, 160), 160, false);
	void *y = stored(values_all(&arena, 80, 0), 80, wide);
	void *dy = stored(values_random(&arena, 80), 80, wide);
	float *w = values_random(&arena, 40 * 32), *db = values_all(&arena, 20, NAN);
	float *dw = values_all(&arena, 40 * 32, NAN);
	uint16_t *dx = stored(values_all(&arena, 160, NAN), 160, false);
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
	tcase_add_loop_test(
		t, a_linear_layer_is_a_convolution_of_one_tap, 0, COUNT(linear_shapes));
	tcase_add_loop_test(
		t, a_closed_ReLU_lets_no_gradient_through, 0, 2 * MIXED_TABLES);
	suite_add_tcase(s, t);
	return s;
}
