#include "tests/lib/mixed_case.h"

#include <check.h>
#include <math.h>
#include <string.h>
#include "tests/lib/each.h"
#include "tests/lib/values.h"

size_t mixed_round_up(int n)
{
	return (size_t)(n + LANES - 1) / LANES * LANES;
}

size_t mixed_place(int c4, int N, int HW, int n, int c, int p)
{
	int lanes = c4 ? 4 : LANES;

	return (((size_t)(c / lanes) * HW + p) * N + n) * lanes + c % lanes;
}

static float weight_at(const struct mixed_case *t, int o, int c, int ky, int kx)
{
	return mixed_nearest(t->w[conv_c16_index(&t->s, o, c, ky, kx)]);
}

static float x_at(const struct mixed_case *t, int n, int c, int y, int x)
{
	const struct conv_shape *s = &t->s;

	if (c >= s->C || y < 0 || x < 0 || y >= s->H || x >= s->W)
		return 0;
	return mixed_nearest(
		t->x[mixed_place(s->c4, s->N, s->H * s->W, n, c, y * s->W + x)]);
}

static float dy_at(const struct mixed_case *t, int n, int o, int y, int x)
{
	const struct conv_shape *s = &t->s;

	if (o >= s->O || y < 0 || x < 0 || y >= s->OH || x >= s->OW)
		return 0;
	return mixed_nearest(
		t->dy[mixed_place(0, s->N, s->OH * s->OW, n, o, y * s->OW + x)]);
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

static float forward_at(const struct mixed_case *t, int n, int o, int y, int x)
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

static float data_at(const struct mixed_case *t, int n, int c, int y, int x)
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

static float gradient_at(const struct mixed_case *t, int o, int c, int ky, int kx)
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

static float bias_at(const struct mixed_case *t, int o)
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

static void expect_forward(struct mixed_case *t)
{
	const struct conv_shape *s = &t->s;
	int HW = s->OH * s->OW;

	t->y = values_all(t->arena, mixed_round_up(s->O) * HW * s->N, 0);
	for (int i = 0; i < s->N * s->O * HW; i++) {
		int n = i / HW / s->O, o = i / HW % s->O, p = i % HW;

		t->y[mixed_place(0, s->N, HW, n, o, p)] =
			forward_at(t, n, o, p / s->OW, p % s->OW);
	}
}

static void expect_data(struct mixed_case *t)
{
	const struct conv_shape *s = &t->s;
	int HW = s->H * s->W;

	t->dx = values_all(t->arena, mixed_round_up(s->C) * HW * s->N, 0);
	for (int i = 0; i < s->N * s->C * HW && !s->c4; i++) {
		int n = i / HW / s->C, c = i / HW % s->C, p = i % HW;

		t->dx[mixed_place(0, s->N, HW, n, c, p)] =
			data_at(t, n, c, p / s->W, p % s->W);
	}
}

static void expect_gradient(struct mixed_case *t)
{
	const struct conv_shape *s = &t->s;
	int taps = s->kh * s->kw;

	t->dw = values_all(t->arena, conv_c16_floats(s), 0);
	t->db = values_all(t->arena, mixed_round_up(s->O), 0);
	for (int i = 0; i < s->O * s->C * taps; i++) {
		int o = i / taps / s->C, c = i / taps % s->C;
		int ky = i % taps / s->kw, kx = i % s->kw;

		t->dw[conv_c16_index(s, o, c, ky, kx)] = gradient_at(t, o, c, ky, kx);
	}
	for (int o = 0; o < s->O; o++)
		t->db[o] = bias_at(t, o);
}

/* Random where a channel is, zero behind the last. */
static float *draw_planes(struct arena *a, int c4, int N, int C, int HW)
{
	size_t n = (c4 ? 4 : mixed_round_up(C)) * (size_t)HW * N;
	float *x = values_all(a, n, 0), *r = values_random(a, n);

	for (int i = 0; i < N * C * HW; i++) {
		size_t at = mixed_place(c4, N, HW, i / HW / C, i / HW % C, i % HW);

		x[at] = r[at];
	}
	return x;
}

void mixed_case_make(struct mixed_case *t, struct conv_shape s, struct arena *a)
{
	int taps = s.kh * s.kw;

	s.OH = (s.H + 2 * s.pad - s.dilation * (s.kh - 1) - 1) / s.stride + 1;
	s.OW = (s.W + 2 * s.pad - s.dilation * (s.kw - 1) - 1) / s.stride + 1;
	t->s = s;
	t->arena = a;
	t->x = draw_planes(a, s.c4, s.N, s.C, s.H * s.W);
	t->dy = draw_planes(a, 0, s.N, s.O, s.OH * s.OW);
	t->old = draw_planes(a, 0, s.N, s.C, s.H * s.W);
	t->w = values_all(a, conv_c16_floats(&s), 0);
	for (int i = 0; i < s.O * s.C * taps; i++)
		t->w[conv_c16_index(&s, i / taps / s.C, i / taps % s.C, i % taps / s.kw,
			i % s.kw)] = values_random(a, 1)[0];
	t->b = values_all(a, mixed_round_up(s.O), 0);
	memcpy(t->b, values_random(a, s.O), sizeof(float) * s.O);
	expect_forward(t);
	expect_data(t);
	expect_gradient(t);
}

void *mixed_stored(const float *x, size_t n, bool wide, struct arena *a)
{
	float *to = values_all(a, n + 1, NAN);

	for (size_t i = 0; i < n && wide; i++)
		to[i] = x[i];
	for (size_t i = 0; i <= n && !wide; i++)
		((uint16_t *)to)[i] = i == n
			? 0xffff
			: (uint16_t)(mixed_bits(mixed_nearest(x[i])) >> 16);
	return to;
}

float *mixed_loaded(const void *x, size_t n, bool wide, struct arena *a)
{
	float *to = values_all(a, n + 1, 0);

	for (size_t i = 0; i <= n; i++)
		to[i] = wide ? ((const float *)x)[i]
			     : mixed_float((uint32_t)((const uint16_t *)x)[i] << 16);
	return to;
}

void mixed_case_same(const struct mixed_case *t, const char *isa, const char *what,
	const float *got, const float *want, size_t n)
{
	const struct conv_shape *s = &t->s;

	for (size_t i = 0; i < n; i++)
		ASSERT_EACH_MSG(mixed_bits(got[i]) == mixed_bits(want[i]),
			"%s %s of %d, %d -> %d, %dx%d, %dx%d, stride %d, pad %d, "
			"dilation %d, relu %d: %a, not %a, at %zu",
			isa, what, s->N, s->C, s->O, s->H, s->W, s->kh, s->kw,
			s->stride, s->pad, s->dilation, s->relu, (double)got[i],
			(double)want[i], i);
	ck_assert(isnan(got[n]));
}
