/*
 * Convolution with sixteen images side by side: every lane is one image, weights are
 * broadcast, so any shape fills the vector. Included by vector.c alone; all static.
 *
 * Padding is a copy of the block into `work`; after it there is none. Tiles:
 *	forward            OUTS channels x 2x2 pixels, pooled before they leave registers
 *	backward weights   OUTS channels x TAPS taps of one row of the kernel
 *	backward data      INS channels x 2 pixels
 */
#ifndef DELTAM_KERNEL_CONV_N16_H
#define DELTAM_KERNEL_CONV_N16_H

#include "trainer-core/kernel/layout.h"

#if WIDTH == 16
#define OUTS 5
#define INS 10
#else
#define OUTS 2
#define INS 5
#endif
#define TAPS 5

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

/* ---- forward ---- */

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

/* ---- the gradient before pooling and ReLU ---- */

struct gradient {
	const struct conv *k;
	const float *y, *dy;
	const uint8_t *which;
};

/*
 * Where a channel's expanded rows go: floats from one row and one pixel to the next. The
 * values are added up in `sums`, 16 lanes, unless it is NULL.
 */
struct plane {
	float *at;
	size_t row, pixel;
	float *sums;
};

static void add_sums(const struct plane *to, vec sum)
{
	if (to->sums)
		store(to->sums, load(to->sums) + sum);
}

/* Pooled: one row of dy becomes two, each value at its winner, zero elsewhere. */
static void expand_pooled(
	const float *dy, const uint8_t *which, int n, ivec live, const struct plane *to)
{
	float *top = to->at, *bottom = to->at + to->row;
	vec sum = { 0 };

	for (int i = 0; i < n; i++, dy += LANES, which += LANES) {
		vec g = keep(live, load(dy));
		ivec w = load_bytes(which);

		sum += keep(w < 4, g);
		store(top, keep(w == 0, g));
		store(top + to->pixel, keep(w == 1, g));
		store(bottom, keep(w == 2, g));
		store(bottom + to->pixel, keep(w == 3, g));
		top += 2 * to->pixel;
		bottom += 2 * to->pixel;
	}
	add_sums(to, sum);
}

static void expand_plain(
	const float *dy, const float *y, int n, ivec live, const struct plane *to)
{
	float *out = to->at;
	vec sum = { 0 };

	for (int i = 0; i < n; i++, dy += LANES, out += to->pixel) {
		vec g = keep(live, load(dy));

		if (y) {
			g = keep(~(load(y) <= 0), g);
			y += LANES;
		}
		store(out, g);
		sum += g;
	}
	add_sums(to, sum);
}

static void zero_pixels(const struct plane *to, int row, int column, int n)
{
	for (int i = column; i < n; i++)
		memset(to->at + row * to->row + i * to->pixel, 0,
			sizeof(float) * LANES);
}

/* Rows [first, first + rows) of channel o; with pooling both are even, or the last. */
static void expand_rows(const struct gradient *g, int block, int o, int first, int rows,
	struct plane to)
{
	const struct conv *k = g->k;
	const struct conv_shape *s = k->s;
	int images = block_images(s, block);
	int step = s->pool ? 2 : 1;

	for (int r = 0; r < rows; r += step, to.at += step * to.row) {
		int row = (first + r) / step;
		size_t at = (((size_t)block * s->O + o) * k->PH + row) * k->PW * LANES;

		if (s->pool && row >= k->PH) {
			zero_pixels(&to, 0, 0, s->OW);
			continue;
		}
		for (int h = 0; h < HALVES; h++, at += WIDTH) {
			struct plane half = { to.at + h * WIDTH, to.row, to.pixel,
				to.sums ? to.sums + h * WIDTH : NULL };
			ivec live = first_lanes(images, h);

			if (s->pool)
				expand_pooled(
					g->dy + at, g->which + at, k->PW, live, &half);
			else
				expand_plain(g->dy + at, s->relu ? g->y + at : NULL,
					k->PW, live, &half);
		}
		if (s->pool && s->OW % 2)
			for (int i = 0; i < 2; i++)
				zero_pixels(&to, i, s->OW - 1, s->OW);
	}
}

/* ---- backward weights ---- */

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

/* ---- backward data ---- */

/* Output channels swept at once: their gradient around a tile stays in the L1 cache. */
#define DATA_OUTS 20

/*
 * A tap of the kernel's row, seen from two neighbouring pixels: how far it lies from the
 * left one in g, where in the weights, and which of the two it reaches.
 */
struct tap {
	int g, w;
	enum { REACHES_BOTH, REACHES_LEFT, REACHES_RIGHT, LAST_TAP } reach;
};

/*
 * The expanded gradient of a block, some channels: (outs, GH, GW, 16). A stride becomes
 * zeros between the values.
 */
struct data {
	const struct conv *k;
	const float *g, *w;
	const struct tap
		*tap; /* kw + 1 of each pair of columns, the last of them LAST_TAP */
	int GH, GW;
	int outs;
};

struct data_tile {
	const float *g; /* first row and tap 0 of channel 0, left pixel */
	const float *w; /* (rows, kw, outs, channels of the tile) */
	const struct tap *tap;
	int rows; /* of the kernel */
	int outs;
	size_t g_row, g_plane, w_row;
};

/* One tap of all output channels, onto the pixels [from, end) of the tile. */
INLINE void data_tap(int ins, int from, int end, const struct data_tile *t,
	const struct tap *tap, vec acc[INS][2])
{
	const float *g = t->g + tap->g, *w = t->w + tap->w * t->outs * ins;

	for (int o = 0; o < t->outs; o++, g += t->g_plane, w += ins) {
		vec a[2];

		UNROLL for (int q = from; q < end; q++)
		{
			a[q] = load(g + q * LANES);
			PIN(a[q]);
		}
		UNROLL for (int c = 0; c < ins; c++)
		{
			vec weight = all(w[c]);

			UNROLL for (int q = from; q < end; q++) acc[c][q] +=
				a[q] * weight;
		}
	}
}

INLINE void data_sums(int ins, const struct data_tile *tile, int h, vec acc[INS][2])
{
	struct data_tile t = *tile;

	t.g += h * WIDTH;
	UNROLL for (int c = 0; c < ins; c++) acc[c][0] = acc[c][1] = (vec){ 0 };
	for (int i = 0; i < t.rows; i++, t.g -= t.g_row, t.w += t.w_row)
		for (const struct tap *tap = t.tap; tap->reach != LAST_TAP; tap++)
			if (tap->reach == REACHES_BOTH)
				data_tap(ins, 0, 2, &t, tap, acc);
			else if (tap->reach == REACHES_LEFT)
				data_tap(ins, 0, 1, &t, tap, acc);
			else
				data_tap(ins, 1, 2, &t, tap, acc);
}

struct data_out {
	float *dx; /* of the tile's first channel, left pixel */
	size_t plane;
	int pair, add;
};

INLINE void data_tile(int ins, const struct data_tile *t, const struct data_out *to)
{
	for (int h = 0; h < HALVES; h++) {
		vec acc[INS][2];

		data_sums(ins, t, h, acc);
		UNROLL for (int c = 0; c < ins; c++)
		{
			float *p = to->dx + c * to->plane + h * WIDTH;

			store(p, to->add ? load(p) + acc[c][0] : acc[c][0]);
			if (to->pair)
				store(p + LANES,
					to->add ? load(p + LANES) + acc[c][1]
						: acc[c][1]);
		}
	}
}

static void data_any(int ins, const struct data_tile *t, const struct data_out *to)
{
	switch (ins) {
		CASE(1, data_tile(1, t, to))
		CASE(2, data_tile(2, t, to))
		CASE(3, data_tile(3, t, to))
		CASE(4, data_tile(4, t, to))
		CASE(5, data_tile(5, t, to))
#if INS > 5
		CASE(6, data_tile(6, t, to))
		CASE(7, data_tile(7, t, to))
		CASE(8, data_tile(8, t, to))
		CASE(9, data_tile(9, t, to))
		CASE(10, data_tile(10, t, to))
#endif
	}
}

/* (O, C, kh, kw) -> groups of DATA_OUTS, of INS channels: (kh, kw, outs, ins) */
static void pack_data(const struct conv *k, const float *w, float *packed)
{
	const struct conv_shape *s = k->s;
	int taps = s->kh * s->kw;

	for (int first = 0; first < s->O; first += DATA_OUTS)
		for (int c = 0; c < s->C; c += INS) {
			int ins = min_int(INS, s->C - c);
			int outs = min_int(DATA_OUTS, s->O - first);

			for (int i = 0; i < taps * outs * ins; i++) {
				int tap = i / (outs * ins);
				int o = first + i / ins % outs, in = c + i % ins;

				*packed++ = w[((size_t)o * s->C + in) * taps + tap];
			}
		}
}

/* Taps k of [0, n) with position - k * dilation in [0, size). */
static void valid_taps(
	int position, int dilation, int n, int size, int *first, int *end)
{
	int over = max_int(0, position - size + 1);

	*first = min_int(n, (over + dilation - 1) / dilation);
	*end = position < 0 ? 0 : min_int(n, position / dilation + 1);
	*end = max_int(*end, *first);
}

/* The lists of taps for all pairs of columns; w counts channels, not yet floats. */
static void data_taps(const struct conv *k, int GW, struct tap *t)
{
	const struct conv_shape *s = k->s;

	for (int x = s->pad; x < s->W + s->pad; x += 2) {
		struct tap *next = t;
		int first[2], end[2];

		for (int q = 0; q < 2; q++)
			valid_taps(x + q, s->dilation, s->kw, GW, &first[q], &end[q]);
		for (int j = 0; j < s->kw; j++) {
			int left = j >= first[0] && j < end[0];
			int right = j >= first[1] && j < end[1];

			if (left || right)
				*next++ = (struct tap){ -j * s->dilation * LANES, j,
					!left           ? REACHES_RIGHT
						: right ? REACHES_BOTH
							: REACHES_LEFT };
		}
		next->reach = LAST_TAP;
		t += s->kw + 1;
	}
}

/* Row h of dx, INS channels from c on. */
static void data_row(const struct data *d, int c, int h, float *dx, int add)
{
	const struct conv_shape *s = d->k->s;
	int ins = min_int(INS, s->C - c), top, bottom;
	struct data_tile t = {
		.tap = d->tap,
		.outs = d->outs,
		.g_row = (size_t)d->GW * s->dilation * LANES,
		.g_plane = (size_t)d->GH * d->GW * LANES,
		.w_row = (size_t)s->kw * d->outs * ins,
	};
	struct data_out to = {
		.dx = dx + ((size_t)c * s->H + h) * s->W * LANES,
		.plane = (size_t)s->H * s->W * LANES,
		.add = add,
	};

	valid_taps(h + s->pad, s->dilation, s->kh, d->GH, &top, &bottom);
	t.rows = bottom - top;
	t.w = d->w + (size_t)c * d->outs * s->kh * s->kw + top * t.w_row;
	t.g = d->g + ((size_t)(h + s->pad) * d->GW + s->pad) * LANES - top * t.g_row;
	for (int x = 0; x < s->W; x += 2) {
		to.pair = x + 1 < s->W;
		data_any(ins, &t, &to);
		t.g += 2 * LANES;
		t.tap += s->kw + 1;
		to.dx += 2 * LANES;
	}
}

static void conv_backward_data(const struct conv_shape *s, const float *w,
	const float *y, const float *dy, const uint8_t *which, float *dx, int add,
	void *work)
{
	struct conv k = conv_of(s);
	struct gradient from = { &k, y, dy, which };
	int GH = (s->OH - 1) * s->stride + 1, GW = (s->OW - 1) * s->stride + 1;
	size_t plane = (size_t)GH * GW * LANES;
	float *expanded = work;
	float *packed = expanded + DATA_OUTS * plane + (size_t)s->stride * GW * LANES;
	struct tap *tap = (struct tap *)(packed + (size_t)s->O * k.taps);
	struct data d = { &k, expanded, packed, tap, GH, GW, 0 };

	pack_data(&k, w, packed);
	data_taps(&k, GW, tap);
	memset(expanded, 0, sizeof(float) * DATA_OUTS * plane);
	for (int i = 0; i < k.blocks * s->O; i += d.outs) {
		int block = i / s->O, first = i % s->O;

		d.outs = min_int(DATA_OUTS, s->O - first);
		d.w = packed + (size_t)first * k.taps;
		for (int o = 0; o < d.outs; o++)
			expand_rows(&from, block, first + o, 0, s->OH,
				(struct plane){ expanded + o * plane,
					(size_t)s->stride * GW * LANES,
					(size_t)s->stride * LANES, NULL });
		for (int c = 0; c < s->C; c += INS)
			for (int h = 0; h < s->H; h++)
				data_row(&d, c, h,
					dx + (size_t)block * s->C * s->H * s->W * LANES,
					add || first);
	}
}

static size_t conv_work(const struct conv_shape *s)
{
	struct conv k = conv_of(s);
	size_t weights = (size_t)s->O * k.taps;
	size_t copy = (size_t)s->C * k.H * k.W * LANES;
	size_t GH = (size_t)(s->OH - 1) * s->stride + 1;
	size_t GW = (size_t)(s->OW - 1) * s->stride + 1;
	size_t sums = (weights + s->O) * LANES +
		(size_t)OUTS * (chunk_rows(s) + 1) * s->OW * LANES + copy;
	size_t data = (DATA_OUTS * GH + s->stride) * GW * LANES + weights +
		3 * (size_t)(s->kw + 1) * ((s->W + 1) / 2);
	size_t most = sums > data ? sums : data;

	return sizeof(float) * (most + LANES);
}

#endif
