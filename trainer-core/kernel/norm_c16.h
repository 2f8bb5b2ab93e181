/*
 * Batch norm in C16: statistics of a channel over all positions, and the two passes in
 * each direction. A lane is a channel, so every width does the same sums in the same
 * order. Included by vector.c and, for both kinds of values, by bf16.c; all static.
 *
 * Sums run over chunks: in a chunk four chains of floats, over chunks doubles. Variances
 * are taken around the mean of the first positions, not around 0.
 */
#include "trainer-core/kernel/width.h"

#ifndef DELTAM_KERNEL_NORM_C16_H
#define DELTAM_KERNEL_NORM_C16_H

#define NORM_CHUNK 256 /* positions */
#define NORM_CHAINS 4

/* Two sums of a chunk, for sixteen channels. */
struct norm_sums {
	double first[LANES], second[LANES];
};

/* Chains [4] of the two sums, lanes of half h, into the doubles. */
INLINE void norm_gather(
	const vec a[NORM_CHAINS], const vec b[NORM_CHAINS], int h, struct norm_sums *to)
{
	vec first = (a[0] + a[1]) + (a[2] + a[3]);
	vec second = (b[0] + b[1]) + (b[2] + b[3]);

	for (int l = 0; l < WIDTH; l++) {
		to->first[h * WIDTH + l] += (double)first[l];
		to->second[h * WIDTH + l] += (double)second[l];
	}
}

/* The value in front of ReLU: the backward pass asks for its sign once more. */
INLINE vec norm_value(vec x, vec mean, vec scale, vec bias)
{
	return (x - mean) * scale + bias;
}

/* Of a block, half h: what the passes of both directions hold in registers. */
struct norm_lanes {
	vec mean, scale, bias;
};

INLINE struct norm_lanes norm_lanes(const struct norm *t, int at)
{
	return (struct norm_lanes){ load(t->mean + at), load(t->scale + at),
		load(t->bias + at) };
}

/* The gradient in front of ReLU at one position. */
INLINE vec norm_open(const struct norm_lanes *t, vec x, vec dy, int with_relu)
{
	if (!with_relu)
		return dy;
	return keep(norm_value(x, t->mean, t->scale, t->bias) > 0, dy);
}

#endif

#include "trainer-core/kernel/value.h"

/* sum (x - around) and sum (x - around)^2 over n positions. */
static void NAME(norm_moments)(
	const VALUE *x, size_t n, const float *around, struct norm_sums *to)
{
	for (int h = 0; h < HALVES; h++) {
		const VALUE *p = x + h * WIDTH;
		vec a[NORM_CHAINS] = { { 0 } }, b[NORM_CHAINS] = { { 0 } };
		vec m = load(around + h * WIDTH);
		size_t i = 0;

		for (; i + NORM_CHAINS <= n; i += NORM_CHAINS)
			UNROLL for (int k = 0; k < NORM_CHAINS; k++)
			{
				vec d = GET(p + (i + k) * LANES) - m;

				a[k] += d;
				b[k] += d * d;
			}
		for (; i < n; i++) {
			vec d = GET(p + i * LANES) - m;

			a[0] += d;
			b[0] += d * d;
		}
		norm_gather(a, b, h, to);
	}
}

/* The mean of the first positions: near enough to the mean of all. */
static void NAME(norm_first)(const VALUE *x, size_t n, float around[LANES])
{
	int first = n < LANES ? (int)n : LANES;

	for (int l = 0; l < LANES; l += WIDTH) {
		vec sum = { 0 };

		for (int i = 0; i < first; i++)
			sum += GET(x + i * LANES + l);
		store(around + l, sum / (float)first);
	}
}

static void NAME(norm_statistics)(
	const struct norm_shape *s, const VALUE *x, float *mean, float *variance)
{
	for (int b = 0; b < s->C; b += LANES, x += s->n * LANES) {
		struct norm_sums sums = { { 0 }, { 0 } };
		float around[LANES];

		NAME(norm_first)(x, s->n, around);
		for (size_t at = 0; at < s->n; at += NORM_CHUNK)
			NAME(norm_moments)
		(x + at * LANES, s->n - at < NORM_CHUNK ? s->n - at : NORM_CHUNK,
			around, &sums);
		for (int l = 0; l < LANES; l++) {
			double off = sums.first[l] / (double)s->n;
			double square = sums.second[l] / (double)s->n - off * off;

			mean[b + l] = (float)((double)around[l] + off);
			variance[b + l] = (float)(square < 0 ? 0 : square);
		}
	}
}

INLINE void NAME(norm_apply)(const struct norm_shape *s, const struct norm *t,
	const VALUE *x, VALUE *y, int with_relu)
{
	for (int b = 0; b < s->C; b += LANES)
		for (int h = 0; h < HALVES; h++) {
			const VALUE *p = x + b * s->n + h * WIDTH;
			VALUE *q = y + b * s->n + h * WIDTH;
			vec mean = load(t->mean + b + h * WIDTH);
			vec scale = load(t->scale + b + h * WIDTH);
			vec bias = load(t->bias + b + h * WIDTH);

			for (size_t i = 0; i < s->n; i++) {
				vec v = norm_value(
					GET(p + i * LANES), mean, scale, bias);

				PUT_STORED(q + i * LANES, with_relu ? relu(v) : v);
			}
		}
}

static void NAME(norm_forward)(
	const struct norm_shape *s, const struct norm *t, const VALUE *x, VALUE *y)
{
	if (s->relu)
		NAME(norm_apply)(s, t, x, y, 1);
	else
		NAME(norm_apply)(s, t, x, y, 0);
}

/* sum dy and sum dy (x - mean) over n positions; at: the first channel. */
INLINE void NAME(norm_chunk)(const struct norm *t, int at, const VALUE *x,
	const VALUE *dy, size_t n, int with_relu, struct norm_sums *to)
{
	for (int h = 0; h < HALVES; h++) {
		struct norm_lanes l = norm_lanes(t, at + h * WIDTH);
		vec a[NORM_CHAINS] = { { 0 } }, b[NORM_CHAINS] = { { 0 } };
		const VALUE *p = x + h * WIDTH, *q = dy + h * WIDTH;
		size_t i = 0;

		for (; i + NORM_CHAINS <= n; i += NORM_CHAINS)
			UNROLL for (int k = 0; k < NORM_CHAINS; k++)
			{
				vec v = GET(p + (i + k) * LANES);
				vec d = norm_open(
					&l, v, GET(q + (i + k) * LANES), with_relu);

				a[k] += d;
				b[k] += d * (v - l.mean);
			}
		for (; i < n; i++) {
			vec v = GET(p + i * LANES);
			vec d = norm_open(&l, v, GET(q + i * LANES), with_relu);

			a[0] += d;
			b[0] += d * (v - l.mean);
		}
		norm_gather(a, b, h, to);
	}
}

static void NAME(norm_backward_sums)(const struct norm_shape *s, const struct norm *t,
	const VALUE *x, const VALUE *dy, float *sum, float *product)
{
	for (int b = 0; b < s->C; b += LANES, x += s->n * LANES, dy += s->n * LANES) {
		struct norm_sums sums = { { 0 }, { 0 } };

		for (size_t at = 0; at < s->n; at += NORM_CHUNK) {
			size_t n = s->n - at < NORM_CHUNK ? s->n - at : NORM_CHUNK;

			if (s->relu)
				NAME(norm_chunk)
			(t, b, x + at * LANES, dy + at * LANES, n, 1, &sums);
			else NAME(norm_chunk)(
				t, b, x + at * LANES, dy + at * LANES, n, 0, &sums);
		}
		for (int l = 0; l < LANES; l++) {
			sum[b + l] = (float)sums.first[l];
			product[b + l] = (float)sums.second[l];
		}
	}
}

INLINE void NAME(norm_spread)(const struct norm_shape *s, const struct norm *t,
	const VALUE *x, const VALUE *dy, VALUE *dx, int with_relu, int add)
{
	for (int b = 0; b < s->C; b += LANES)
		for (int h = 0; h < HALVES; h++) {
			size_t at = b * s->n + h * WIDTH;
			struct norm_lanes l = norm_lanes(t, b + h * WIDTH);
			vec shift = load(t->shift + b + h * WIDTH);
			vec slope = load(t->slope + b + h * WIDTH);

			for (size_t i = 0; i < s->n; i++) {
				vec v = GET(x + at + i * LANES);
				vec d = norm_open(
					&l, v, GET(dy + at + i * LANES), with_relu);

				d = d * l.scale - shift - slope * (v - l.mean);
				if (add)
					d += GET(dx + at + i * LANES);
				PUT_STORED(dx + at + i * LANES, d);
			}
		}
}

static void NAME(norm_backward)(const struct norm_shape *s, const struct norm *t,
	const VALUE *x, const VALUE *dy, VALUE *dx, int add)
{
	switch (2 * !!s->relu + !!add) {
		CASE(0, NAME(norm_spread)(s, t, x, dy, dx, 0, 0))
		CASE(1, NAME(norm_spread)(s, t, x, dy, dx, 0, 1))
		CASE(2, NAME(norm_spread)(s, t, x, dy, dx, 1, 0))
		CASE(3, NAME(norm_spread)(s, t, x, dy, dx, 1, 1))
	}
}
