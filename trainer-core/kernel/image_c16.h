/*
 * Windows, resizing and joins of images in C16: sixteen channels a vector, images at one
 * pixel side by side. Zero lanes stay zero. Included by vector.c and, for both kinds of values,
 * by bf16.c; all static.
 */
#include "trainer-core/kernel/width.h"

#ifndef DELTAM_KERNEL_IMAGE_C16_H
#define DELTAM_KERNEL_IMAGE_C16_H

#define TAPS_MAX (WINDOW_MAX * WINDOW_MAX)

/* The taps of a window that lie inside the image: where, and which in row-major order. */
struct taps {
	int n;
	size_t at[TAPS_MAX]; /* floats from the start of the plane */
	uint8_t which[TAPS_MAX];
};

static void find_taps(const struct window_shape *s, int oy, int ox, struct taps *t)
{
	t->n = 0;
	for (int q = 0; q < s->kernel * s->kernel; q++) {
		int y = oy * s->stride - s->pad + q / s->kernel;
		int x = ox * s->stride - s->pad + q % s->kernel;

		if (y < 0 || y >= s->H || x < 0 || x >= s->W)
			continue;
		t->at[t->n] = ((size_t)y * s->W + x) * s->N * LANES;
		t->which[t->n++] = (uint8_t)q;
	}
}

/* Floats of a plane of sixteen channels on either side. */
static size_t window_in(const struct window_shape *s)
{
	return (size_t)s->H * s->W * s->N * LANES;
}

static size_t window_out(const struct window_shape *s)
{
	return (size_t)s->OH * s->OW * s->N * LANES;
}

/* Every window of every plane: x and y are then the planes, `at` the window's place. */
#define EACH_WINDOW(s, t, in, out, body) \
	for (int b_ = 0; b_ < (s)->C; \
		b_ += LANES, in += window_in(s), out += window_out(s)) \
		for (int o_ = 0; o_ < (s)->OH * (s)->OW; o_++) { \
			size_t at = (size_t)o_ * (s)->N * LANES; \
\
			find_taps(s, o_ / (s)->OW, o_ % (s)->OW, &(t)); \
			for (size_t i = 0; i < (size_t)(s)->N * LANES; i += WIDTH) \
				body \
		}

/* Does every value of the input lie in exactly one window? */
static int windows_tile(const struct window_shape *s)
{
	return s->kernel == s->stride && !s->pad && s->OH * s->kernel == s->H &&
		s->OW * s->kernel == s->W;
}

/* Floats of sixteen channels of the input. */
static size_t resize_floats(const struct resize_shape *s)
{
	return (size_t)s->H * s->W * s->N * LANES;
}

/* An output coordinate lies between two of the input, `part` of the way. */
struct image_between {
	int low, high;
	float part;
};

static struct image_between find_between(
	const struct resize_shape *s, int out, int in, int o)
{
	double at = s->align_corners ? (out > 1 ? (double)o * (in - 1) / (out - 1) : 0)
				     : (o + 0.5) * in / out - 0.5;
	struct image_between b;

	at = at < 0 ? 0 : at;
	b.low = min_int((int)at, in - 1);
	b.high = min_int(b.low + 1, in - 1);
	b.part = (float)(at - b.low);
	return b;
}

/* The four pixels around output pixel o (floats from the start of the plane), and their
 * shares. */
struct corners {
	size_t at[4];
	float share[4];
};

static struct corners find_corners(const struct resize_shape *s, int o)
{
	struct image_between y = find_between(s, s->OH, s->H, o / s->OW);
	struct image_between x = find_between(s, s->OW, s->W, o % s->OW);
	size_t pixel = (size_t)s->N * LANES;

	return (struct corners){
		.at = { ((size_t)y.low * s->W + x.low) * pixel,
			((size_t)y.low * s->W + x.high) * pixel,
			((size_t)y.high * s->W + x.low) * pixel,
			((size_t)y.high * s->W + x.high) * pixel },
		.share = { (1 - y.part) * (1 - x.part), (1 - y.part) * x.part,
			y.part * (1 - x.part), y.part * x.part },
	};
}

#endif

#include "trainer-core/kernel/value.h"

static void NAME(pool_max)(
	const struct window_shape *s, const VALUE *x, VALUE *y, uint8_t *which)
{
	struct taps t;

	EACH_WINDOW(s, t, x, y, {
		vec best = all(-INFINITY);
		ivec winner = { 0 };

		for (int k = 0; k < t.n; k++) {
			vec v = GET(x + t.at[k] + i);
			ivec wins = (v > best) | (v != v);

			best = choose(wins, v, best);
			winner = (wins & t.which[k]) | (~wins & winner);
		}
		PUT(y + at + i, best);
		store_bytes(
			which + (size_t)b_ / LANES * window_out(s) + at + i, winner);
	})
}

#ifdef VALUE_HALF
/* The windows that have pixel (y, x), in row-major order: where, and as which tap. */
static void find_windows(const struct window_shape *s, int y, int x, struct taps *t)
{
	int size = s->kernel, first_y = max_int(0, y + s->pad - size + s->stride);
	int first_x = max_int(0, x + s->pad - size + s->stride);

	t->n = 0;
	for (int oy = first_y / s->stride; oy < s->OH && oy * s->stride <= y + s->pad;
		oy++)
		for (int ox = first_x / s->stride;
			ox < s->OW && ox * s->stride <= x + s->pad; ox++) {
			int ky = y + s->pad - oy * s->stride;
			int kx = x + s->pad - ox * s->stride;

			t->at[t->n] = ((size_t)oy * s->OW + ox) * s->N * LANES;
			t->which[t->n++] = (uint8_t)(ky * size + kx);
		}
}

/* Pixel by pixel: what windows share is added up before it is rounded. */
static void half_pool_scatter(const struct window_shape *s, const uint8_t *which,
	const uint16_t *y, uint16_t *x, int add)
{
	size_t row = (size_t)s->N * LANES;
	struct taps t;

	for (int b = 0; b < s->C;
		b += LANES, y += window_out(s), which += window_out(s))
		for (int p = 0; p < s->H * s->W; p++, x += row) {
			find_windows(s, p / s->W, p % s->W, &t);
			for (size_t i = 0; i < row; i += WIDTH) {
				vec v = { 0 };

				if (add)
					v = load_half(x + i);
				for (int k = 0; k < t.n; k++)
					v += keep(load_bytes(which + t.at[k] + i) ==
							t.which[k],
						load_half(y + t.at[k] + i));
				store_half(x + i, v);
			}
		}
}
#else
static void clear_planes(const struct window_shape *s, float *x)
{
	memset(x, 0, sizeof(*x) * window_in(s) * (size_t)((s->C + LANES - 1) / LANES));
}

static void pool_scatter(const struct window_shape *s, const uint8_t *which,
	const float *y, float *x, int add)
{
	int sets = !add && windows_tile(s);
	struct taps t;

	if (!add && !sets)
		clear_planes(s, x);
	EACH_WINDOW(s, t, x, y, {
		vec v = load(y + at + i);
		ivec winner =
			load_bytes(which + (size_t)b_ / LANES * window_out(s) + at + i);

		for (int k = 0; k < t.n; k++) {
			vec share = keep(winner == t.which[k], v);

			if (!sets)
				share += load(x + t.at[k] + i);
			store(x + t.at[k] + i, share);
		}
	})
}
#endif

static void NAME(pool_gather)(const struct window_shape *s, const uint8_t *which,
	const VALUE *x, VALUE *y, int add)
{
	struct taps t;

	EACH_WINDOW(s, t, x, y, {
		vec v = { 0 };
		ivec winner =
			load_bytes(which + (size_t)b_ / LANES * window_out(s) + at + i);

		for (int k = 0; k < t.n; k++)
			v = choose(winner == t.which[k], GET(x + t.at[k] + i), v);
		if (add)
			v += GET(y + at + i);
		PUT(y + at + i, v);
	})
}

#ifdef VALUE_HALF
/* Window by window as above, but for the mean of each. */
static void half_pool_spread(
	const struct window_shape *s, const uint16_t *y, uint16_t *x, int add)
{
	size_t row = (size_t)s->N * LANES;
	float share = 1.0f / (float)(s->kernel * s->kernel);
	struct taps t;

	for (int b = 0; b < s->C; b += LANES, y += window_out(s))
		for (int p = 0; p < s->H * s->W; p++, x += row) {
			find_windows(s, p / s->W, p % s->W, &t);
			for (size_t i = 0; i < row; i += WIDTH) {
				vec v = { 0 };

				if (add)
					v = load_half(x + i);
				for (int k = 0; k < t.n; k++)
					v += load_half(y + t.at[k] + i) * share;
				store_half(x + i, v);
			}
		}
}
#endif

static void NAME(resize)(const struct resize_shape *s, const VALUE *x, VALUE *y)
{
	size_t pixel = (size_t)s->N * LANES;

	for (int b = 0; b < s->C; b += LANES, x += (size_t)s->H * s->W * pixel)
		for (int o = 0; o < s->OH * s->OW; o++, y += pixel) {
			struct corners c = find_corners(s, o);

			for (size_t i = 0; i < pixel; i += WIDTH)
				PUT(y + i,
					(GET(x + c.at[0] + i) * c.share[0] +
						GET(x + c.at[1] + i) * c.share[1]) +
						(GET(x + c.at[2] + i) * c.share[2] +
							GET(x + c.at[3] + i) *
								c.share[3]));
		}
}

/* Of sixteen channels: adds the shares of every output, in their order, to dx. */
static void NAME(resize_block_back)(
	const struct resize_shape *s, const VALUE *dy, float *dx)
{
	size_t pixel = (size_t)s->N * LANES;

	for (int o = 0; o < s->OH * s->OW; o++, dy += pixel) {
		struct corners c = find_corners(s, o);

		for (size_t i = 0; i < pixel; i += WIDTH)
			for (int k = 0; k < 4; k++) {
				float *to = dx + c.at[k] + i;

				store(to, load(to) + GET(dy + i) * c.share[k]);
			}
	}
}

#ifdef VALUE_HALF
/* Shares add up in floats, those of sixteen channels, before they are rounded. */
static void half_resize_back(const struct resize_shape *s, const uint16_t *dy,
	uint16_t *dx, int add, void *work)
{
	size_t in = resize_floats(s), out = (size_t)s->OH * s->OW * s->N * LANES;
	float *sums = work;

	for (int b = 0; b < s->C; b += LANES, dy += out, dx += in) {
		if (add)
			widen(in, dx, sums);
		else
			memset(sums, 0, sizeof(*sums) * in);
		half_resize_block_back(s, dy, sums);
		narrow(in, sums, dx);
	}
}
#endif

/* y += x, some lanes of a block. */
static void NAME(add_lanes)(int lanes, const VALUE *x, VALUE *y)
{
	VALUE a[LANES] = { 0 }, b[LANES] = { 0 };

	memcpy(a, x, sizeof(*x) * lanes);
	memcpy(b, y, sizeof(*y) * lanes);
	for (int l = 0; l < LANES; l += WIDTH)
		PUT(b + l, GET(b + l) + GET(a + l));
	memcpy(y, b, sizeof(*y) * lanes);
}

/* Lanes of a run of channels that stay side by side, at all n positions. */
static void NAME(copy_lanes)(size_t n, int lanes, const VALUE *x, VALUE *y, int add)
{
	for (size_t i = 0; i < n; i++, x += LANES, y += LANES)
		if (add)
			NAME(add_lanes)(lanes, x, y);
		else
			memcpy(y, x, sizeof(*x) * lanes);
}

static void NAME(copy_channels)(
	const struct channel_run *r, const VALUE *x, VALUE *y, int add)
{
	for (int c = 0; c < r->C;) {
		int from = r->from + c, to = r->to + c;
		int lanes =
			min_int(r->C - c, LANES - max_int(from % LANES, to % LANES));
		const VALUE *p = x + from / LANES * r->n * LANES + from % LANES;
		VALUE *q = y + to / LANES * r->n * LANES + to % LANES;

		if (lanes == LANES && !add)
			memcpy(q, p, sizeof(*x) * r->n * LANES);
		else if (lanes == LANES)
			NAME(copy_lanes)(r->n, LANES, p, q, 1);
		else
			NAME(copy_lanes)(r->n, lanes, p, q, add);
		c += lanes;
	}
}

static void NAME(pool_mean)(const struct window_shape *s, const VALUE *x, VALUE *y)
{
	float share = 1.0f / (float)(s->kernel * s->kernel);
	struct taps t;

	EACH_WINDOW(s, t, x, y, {
		vec sum = { 0 };

		for (int k = 0; k < t.n; k++)
			sum += GET(x + t.at[k] + i);
		PUT(y + at + i, sum * share);
	})
}

static void NAME(plane_mean)(int N, int C, int HW, const VALUE *x, VALUE *y)
{
	size_t row = (size_t)N * LANES;

	for (int b = 0; b < C; b += LANES, x += row * HW, y += row)
		for (size_t i = 0; i < row; i += WIDTH) {
			vec sum = { 0 };

			for (int p = 0; p < HW; p++)
				sum += GET(x + p * row + i);
			PUT(y + i, sum / (float)HW);
		}
}

static void NAME(plane_spread)(int N, int C, int HW, const VALUE *y, VALUE *x, int add)
{
	size_t row = (size_t)N * LANES;

	for (int b = 0; b < C; b += LANES, x += row * HW, y += row)
		for (int p = 0; p < HW; p++)
			for (size_t i = 0; i < row; i += WIDTH) {
				vec v = GET(y + i) / (float)HW;

				if (add)
					v += GET(x + p * row + i);
				PUT(x + p * row + i, v);
			}
}

#ifndef VALUE_HALF
static void pool_spread(const struct window_shape *s, const float *y, float *x, int add)
{
	float share = 1.0f / (float)(s->kernel * s->kernel);
	struct taps t;

	if (!add)
		clear_planes(s, x);
	EACH_WINDOW(s, t, x, y, {
		vec v = load(y + at + i) * share;

		for (int k = 0; k < t.n; k++)
			store(x + t.at[k] + i, load(x + t.at[k] + i) + v);
	})
}

static void resize_back(
	const struct resize_shape *s, const float *dy, float *dx, int add)
{
	size_t in = resize_floats(s), out = (size_t)s->OH * s->OW * s->N * LANES;

	for (int b = 0; b < s->C; b += LANES, dy += out, dx += in) {
		if (!add)
			memset(dx, 0, sizeof(*dx) * in);
		resize_block_back(s, dy, dx);
	}
}

static void join_add(size_t n, const float *a, const float *b, int with_relu, float *y)
{
	if (with_relu)
		for (size_t i = 0; i < n; i++) {
			float v = a[i] + b[i];

			y[i] = v <= 0 ? 0 : v;
		}
	else
		for (size_t i = 0; i < n; i++)
			y[i] = a[i] + b[i];
}

static void join_mul(size_t n, const float *a, const float *b, int add, float *y)
{
	if (add)
		for (size_t i = 0; i < n; i++)
			y[i] += a[i] * b[i];
	else
		for (size_t i = 0; i < n; i++)
			y[i] = a[i] * b[i];
}

/* dx = dy, where y is given only where it is open. */
static void pass_gradient(size_t n, const float *dy, const float *y, float *dx, int add)
{
	for (size_t i = 0; i < n; i++) {
		float d = !y || y[i] > 0 ? dy[i] : 0;

		dx[i] = add ? dx[i] + d : d;
	}
}
#endif
