/*
 * Backward weights on sixteen images side by side: lanes are added up at the end. Included
 * by vector.c alone; all static.
 */
#ifndef DELTAM_KERNEL_CONV_N16_WEIGHTS_H
#define DELTAM_KERNEL_CONV_N16_WEIGHTS_H

#include "trainer-core/kernel/conv_n16_gradient.h"
#include "trainer-core/kernel/lanes.h"

#define TAPS 5

struct weights_tile {
	const float *x; /* the input below the first pixel and tap */
	const float *g; /* (rows, columns, channels, 16) */
	float *dw; /* partial sums, 16 lanes each */
	int rows, columns;
	size_t x_row, x_pixel, x_tap;
	size_t dw_channel;
};

INLINE void weights_sums(
	int outs, int taps, const struct weights_tile *t, int h, vec acc[OUTS][TAPS])
{
	const float *g = t->g + h * WIDTH, *x = t->x + h * WIDTH;
	size_t x_pixel = t->x_pixel, x_tap = t->x_tap;
	size_t to_next_row = t->x_row - t->columns * x_pixel;
	int columns = t->columns;

	for (int r = t->rows; r; r--, x += to_next_row)
		for (int i = columns; i; i--, x += x_pixel, g += outs * LANES) {
			vec d[OUTS];

			UNROLL for (int o = 0; o < outs; o++) d[o] =
				load(g + o * LANES);
			UNROLL for (int k = 0; k < taps; k++)
			{
				vec a = load(x + k * x_tap);

				PIN(a);
				UNROLL for (int o = 0; o < outs; o++) acc[o][k] +=
					d[o] * a;
			}
		}
}

/*
 * A chunk of rows starts at zero and is added to the total: chains stay short.
 */
INLINE void weights_tile(int outs, int taps, const struct weights_tile *t)
{
	for (int h = 0; h < HALVES; h++) {
		vec acc[OUTS][TAPS];
		float *dw = t->dw + h * WIDTH;

		UNROLL for (int o = 0; o < outs; o++)
			UNROLL for (int k = 0; k < taps; k++)
		{
			acc[o][k] = (vec){ 0 };
		}
		weights_sums(outs, taps, t, h, acc);
		UNROLL for (int o = 0; o < outs; o++)
			UNROLL for (int k = 0; k < taps; k++)
		{
			float *p = dw + o * t->dw_channel + k * LANES;

			store(p, load(p) + acc[o][k]);
		}
	}
}

INLINE void weights_outs(int outs, int taps, const struct weights_tile *t)
{
	switch (taps) {
		CASE(1, weights_tile(outs, 1, t))
		CASE(2, weights_tile(outs, 2, t))
		CASE(3, weights_tile(outs, 3, t))
		CASE(4, weights_tile(outs, 4, t))
		CASE(5, weights_tile(outs, 5, t))
	}
}

static void weights_any(int outs, int taps, const struct weights_tile *t)
{
	switch (outs) {
		CASE(1, weights_outs(1, taps, t))
		CASE(2, weights_outs(2, taps, t))
#if OUTS > 2
		CASE(3, weights_outs(3, taps, t))
		CASE(4, weights_outs(4, taps, t))
		CASE(5, weights_outs(5, taps, t))
#endif
	}
}

/* All taps of one group of channels over one chunk of rows. */
static void weights_chunk(const struct conv *k, const float *x, int outs, int first,
	struct weights_tile *t)
{
	const struct conv_shape *s = k->s;
	float *dw = t->dw;

	for (int c = 0; c < s->C; c++)
		for (int i = 0; i < s->kh; i++)
			for (int j = 0; j < s->kw; j += TAPS) {
				size_t row = first * s->stride + i * s->dilation;

				t->x = x +
					(((size_t)c * k->H + row) * k->W +
						(size_t)j * s->dilation) *
						LANES;
				t->dw = dw +
					((size_t)(c * s->kh + i) * s->kw + j) * LANES;
				weights_any(outs, min_int(TAPS, s->kw - j), t);
			}
	t->dw = dw;
}

/* Rows whose expanded gradient (of OUTS channels) leaves some of the L1 cache to x. */
static int chunk_rows(const struct conv_shape *s)
{
	int fit = 36 * 1024 / (int)(OUTS * s->OW * LANES * sizeof(float));

	return min_int(max_int(fit, 2) / 2 * 2, s->OH);
}

/* The sweep of one block by one group of channels. */
static void weights_group(const struct gradient *g, const float *x, int block, int o,
	float *dw, float *db, float *expanded)
{
	const struct conv *k = g->k;
	const struct conv_shape *s = k->s;
	int outs = min_int(OUTS, s->O - o), chunk = chunk_rows(s);
	struct weights_tile t = {
		.g = expanded,
		.dw = dw + (size_t)o * k->taps * LANES,
		.columns = s->OW,
		.x_row = (size_t)s->stride * k->W * LANES,
		.x_pixel = (size_t)s->stride * LANES,
		.x_tap = (size_t)s->dilation * LANES,
		.dw_channel = (size_t)k->taps * LANES,
	};

	for (int first = 0; first < s->OH; first += chunk) {
		t.rows = min_int(chunk, s->OH - first);
		for (int i = 0; i < outs; i++)
			expand_rows(g, block, o + i, first, t.rows,
				(struct plane){ expanded + i * LANES,
					(size_t)s->OW * outs * LANES,
					(size_t)outs * LANES, db + (o + i) * LANES });
		weights_chunk(k, x, outs, first, &t);
	}
}

static void conv_backward_weights(const struct conv_shape *s, const float *x,
	const float *y, const float *dy, const uint8_t *which, float *dw, float *db,
	void *work)
{
	struct conv k = conv_of(s);
	struct gradient g = { &k, y, dy, which };
	size_t weights = (size_t)s->O * k.taps;
	float *sums = work, *bias = sums + weights * LANES;
	float *expanded = bias + s->O * LANES;
	float *copy = expanded + (size_t)OUTS * (chunk_rows(s) + 1) * s->OW * LANES;

	memset(sums, 0, sizeof(float) * (weights + s->O) * LANES);
	for (int block = 0; block < k.blocks; block++) {
		int images = block_images(s, block);
		const float *in = input_block(&k, x, block, images, copy);

		for (int o = 0; o < s->O; o += OUTS)
			weights_group(&g, in, block, o, sums, bias, expanded);
	}
	sum_lanes(weights, sums, dw);
	if (db)
		sum_lanes(s->O, bias, db);
}

#endif
