/*
 * Convolution with sixteen images side by side: every lane is one image, weights are
 * broadcast, so any shape fills the vector. Included by vector.c alone; all static.
 *
 * Padding is a copy of the block into `work`; after it there is none. Tiles:
 *	forward (here)     OUTS channels x 2x2 pixels, pooled before they leave registers
 *	backward weights   OUTS channels x TAPS taps of one row of the kernel
 *	backward data      INS channels x 2 pixels
 */
#ifndef DELTAM_KERNEL_CONV_N16_H
#define DELTAM_KERNEL_CONV_N16_H

#include "trainer-core/kernel/layout.h"

#if WIDTH == 16
#define OUTS 5
#else
#define OUTS 2
#endif

struct conv {
	const struct conv_shape *s;
	int H, W; /* of the input with its border */
	int blocks;
	int PH, PW; /* of y */
	int taps; /* C * kh * kw */
};

static struct conv conv_of(const struct conv_shape *s)
{
	return (struct conv){
		.s = s,
		.H = s->H + 2 * s->pad,
		.W = s->W + 2 * s->pad,
		.blocks = (s->N + LANES - 1) / LANES,
		.PH = s->pool ? s->OH / 2 : s->OH,
		.PW = s->pool ? s->OW / 2 : s->OW,
		.taps = s->C * s->kh * s->kw,
	};
}

/* Images in a block. */
static int block_images(const struct conv_shape *s, int block)
{
	return min_int(LANES, s->N - block * LANES);
}

/*
 * One block of the input, behind a border of zeros and with `images` live lanes; the
 * original where nothing is to be changed.
 */
static const float *input_block(
	const struct conv *k, const float *x, int block, int images, float *copy)
{
	const struct conv_shape *s = k->s;
	const float *from = x + (size_t)block * s->C * s->H * s->W * LANES;

	if (!s->pad && images == LANES)
		return from;
	if (s->pad)
		memset(copy, 0, sizeof(float) * LANES * s->C * k->H * k->W);
	for (int row = 0; row < s->C * s->H; row++) {
		int c = row / s->H, h = row % s->H + s->pad;
		float *to = copy + ((size_t)(c * k->H + h) * k->W + s->pad) * LANES;

		for (int i = 0; i < s->W * LANES; i++)
			to[i] = i % LANES < images ? from[i] : 0;
		from += s->W * LANES;
	}
	return copy;
}

/* A row of tiles: the next one starts x_step floats further in x and y_step in y. */
struct forward_row {
	const float *x; /* top left input of the first tile, channel 0 */
	const float *w; /* (taps, channels of the tile) */
	const float *b; /* or NULL */
	const int *tap; /* where each tap lies, in floats from x */
	int taps;
	int tiles;
	size_t x_step, x_right, x_down; /* to the next tile, pixel, row of pixels */
	float *y; /* of the first tile's first channel and pixel */
	uint8_t *which;
	size_t y_plane, y_step, y_right, y_down;
	int relu;
};

INLINE void forward_sums(
	int outs, const struct forward_row *t, const float *x, vec acc[OUTS][4])
{
	const float *w = t->w;
	const float *right = x + t->x_right, *down = x + t->x_down;
	const float *both = down + t->x_right;

	UNROLL for (int o = 0; o < outs; o++)
	{
		vec b = all(t->b ? t->b[o] : 0);

		UNROLL for (int q = 0; q < 4; q++) acc[o][q] = b;
	}
	for (const int *tap = t->tap, *end = tap + t->taps; tap < end;
		tap++, w += outs) {
		vec a[4] = { load(x + *tap), load(right + *tap), load(down + *tap),
			load(both + *tap) };

		PIN4(a);
		UNROLL for (int o = 0; o < outs; o++)
		{
			vec weight = all(w[o]);

			UNROLL for (int q = 0; q < 4; q++) acc[o][q] += a[q] * weight;
		}
	}
}

/* The first maximum of four, NaN above all, then ReLU; the winner's number, or 4. */
#if WIDTH == 16
INLINE void store_pooled(const vec v[4], float *y, uint8_t *which)
{
	__m512 m = (__m512)v[0], zero = _mm512_setzero_ps();
	__m512i winner = _mm512_setzero_si512();
	__mmask16 closed;

	UNROLL for (int q = 1; q < 4; q++)
	{
		__m512 a = (__m512)v[q];
		__mmask16 better = _mm512_cmp_ps_mask(a, m, _CMP_GT_OQ) |
			_mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q);

		m = _mm512_mask_mov_ps(m, better, a);
		winner = _mm512_mask_mov_epi32(winner, better, _mm512_set1_epi32(q));
	}
	closed = _mm512_cmp_ps_mask(m, zero, _CMP_LE_OQ);
	_mm512_storeu_ps(y, _mm512_mask_mov_ps(m, closed, zero));
	winner = _mm512_mask_mov_epi32(winner, closed, _mm512_set1_epi32(4));
	store_bytes(which, (ivec)winner);
}
#else
INLINE void store_pooled(const vec v[4], float *y, uint8_t *which)
{
	vec m = v[0];
	ivec winner = { 0 }, closed;

	UNROLL for (int q = 1; q < 4; q++)
	{
		ivec better = (v[q] > m) | (v[q] != v[q]);

		m = choose(better, v[q], m);
		winner = (better & q) | (~better & winner);
	}
	closed = m <= 0;
	store(y, keep(~closed, m));
	store_bytes(which, (closed & 4) | (~closed & winner));
}
#endif

INLINE void forward_row(int outs, int pool, const struct forward_row *t)
{
	size_t plane = t->y_plane, right = t->y_right, down = t->y_down;
	int closing = t->relu;

	for (int i = 0; i < t->tiles * HALVES; i++) {
		size_t h = (size_t)(i % HALVES) * WIDTH;
		size_t at = (size_t)(i / HALVES) * t->y_step + h;
		vec acc[OUTS][4];
		float *y = t->y + at;

		forward_sums(outs, t, t->x + (size_t)(i / HALVES) * t->x_step + h, acc);
		UNROLL for (int o = 0; o < outs; o++, y += plane)
		{
			if (pool) {
				store_pooled(acc[o], y, t->which + at + o * plane);
				continue;
			}
			UNROLL for (int q = 0; q < 4; q++) acc[o][q] =
				closing ? relu(acc[o][q]) : acc[o][q];
			store(y, acc[o][0]);
			store(y + right, acc[o][1]);
			store(y + down, acc[o][2]);
			store(y + down + right, acc[o][3]);
		}
	}
}

INLINE void forward_outs(int outs, int pool, const struct forward_row *t)
{
	switch (outs) {
		CASE(1, forward_row(1, pool, t))
		CASE(2, forward_row(2, pool, t))
#if OUTS > 2
		CASE(3, forward_row(3, pool, t))
#endif
#if OUTS > 3
		CASE(4, forward_row(4, pool, t))
		CASE(5, forward_row(5, pool, t))
#endif
	}
}

static void forward_pooled(int outs, const struct forward_row *t)
{
	forward_outs(outs, 1, t);
}

static void forward_plain(int outs, const struct forward_row *t)
{
	forward_outs(outs, 0, t);
}

struct weights {
	float *packed; /* groups of OUTS channels, each (taps, channels of the group) */
	int *tap;
};

static void pack_forward(const struct conv *k, const float *w, const struct weights *to)
{
	const struct conv_shape *s = k->s;
	float *packed = to->packed;
	int *tap = to->tap;

	for (int c = 0; c < s->C; c++)
		for (int i = 0; i < s->kh; i++)
			for (int j = 0; j < s->kw; j++)
				*tap++ = ((c * k->H + i * s->dilation) * k->W +
						 j * s->dilation) *
					LANES;
	for (int o = 0; o < k->s->O; o += OUTS) {
		int outs = min_int(OUTS, k->s->O - o);

		for (int t = 0; t < k->taps; t++)
			for (int i = 0; i < outs; i++)
				*packed++ = w[(size_t)(o + i) * k->taps + t];
	}
}

/*
 * Two output rows of a block, all channels and columns. At an odd edge without pooling
 * the last tile overlaps its neighbour, in a map of one row or column itself.
 */
static void forward_rows(const struct conv *k, const float *b, const struct weights *w,
	struct forward_row t)
{
	const struct conv_shape *s = k->s;
	int last = max_int(0, s->OW - 2);
	const float *x = t.x;
	float *y = t.y;
	uint8_t *which = t.which;

	for (int o = 0; o < s->O; o += OUTS) {
		int outs = min_int(OUTS, s->O - o);

		t.w = w->packed + (size_t)o * k->taps;
		t.b = b ? b + o : NULL;
		t.x = x;
		t.y = y + o * t.y_plane;
		t.tiles = s->pool ? k->PW : max_int(1, s->OW / 2);
		if (s->pool) {
			t.which = which + o * t.y_plane;
			forward_pooled(outs, &t);
			continue;
		}
		forward_plain(outs, &t);
		if (s->OW % 2) {
			t.tiles = 1;
			t.x += (size_t)last * s->stride * LANES;
			t.y += (size_t)last * LANES;
			forward_plain(outs, &t);
		}
	}
}

static void conv_forward(const struct conv_shape *s, const float *x, const float *w,
	const float *b, float *y, uint8_t *which, void *work)
{
	struct conv k = conv_of(s);
	struct weights packed = { work, (int *)work + (size_t)s->O * k.taps };
	float *copy = (float *)work + (size_t)(s->O + 1) * k.taps + LANES -
		(s->O + 1) * k.taps % LANES;
	int rows = s->pool ? 2 * k.PH : s->OH;
	size_t plane = (size_t)k.PH * k.PW * LANES;

	struct forward_row t = {
		.tap = packed.tap,
		.taps = k.taps,
		.x_step = 2 * (size_t)s->stride * LANES,
		.x_right = s->OW > 1 ? (size_t)s->stride * LANES : 0,
		.x_down = s->OH > 1 ? (size_t)s->stride * k.W * LANES : 0,
		.y_plane = plane,
		.y_step = s->pool ? LANES : 2 * LANES,
		.y_right = s->OW > 1 ? LANES : 0,
		.y_down = s->OH > 1 ? (size_t)k.PW * LANES : 0,
		.relu = s->relu,
	};

	pack_forward(&k, w, &packed);
	for (int block = 0; block < k.blocks; block++) {
		const float *in = input_block(&k, x, block, LANES, copy);

		for (int r = 0; r < rows; r += 2) {
			int row = max_int(0, min_int(r, s->OH - 2));
			size_t at = block * s->O * plane +
				(size_t)(s->pool ? r / 2 : row) * k.PW * LANES;

			t.x = in + (size_t)row * s->stride * k.W * LANES;
			t.y = y + at;
			t.which = s->pool ? which + at : NULL;
			forward_rows(&k, b, &packed, t);
		}
	}
}

#endif
