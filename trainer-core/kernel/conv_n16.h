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

#include "trainer-core/kernel/width.h"

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

struct forward_tile {
	const float *x; /* top left input of the tile, channel 0 */
	const float *w; /* (taps, channels of the tile) */
	const float *b; /* or NULL */
	int C, kh, kw;
	size_t plane, row, column; /* floats from one channel, tap row, tap to the next */
	size_t down, right; /* floats from one output pixel's input to the next one's */
};

INLINE void forward_sums(int outs, const struct forward_tile *t, int h, vec acc[OUTS][4])
{
	const float *w = t->w;

	UNROLL for (int o = 0; o < outs; o++)
		UNROLL for (int q = 0; q < 4; q++)
			acc[o][q] = all(t->b ? t->b[o] : 0);
	for (int c = 0; c < t->C; c++)
		for (int i = 0; i < t->kh; i++) {
			const float *x = t->x + c * t->plane + i * t->row + h * WIDTH;

			for (int j = 0; j < t->kw; j++, x += t->column, w += outs) {
				vec a[4] = { load(x), load(x + t->right),
					load(x + t->down), load(x + t->down + t->right) };

				UNROLL for (int o = 0; o < outs; o++)
					UNROLL for (int q = 0; q < 4; q++)
						acc[o][q] += a[q] * w[o];
			}
		}
}

struct forward_out {
	float *y; /* of the tile's first channel and pixel */
	uint8_t *which;
	size_t plane, down, right; /* floats in y */
	int pool, relu;
};

/* The first maximum of four, NaN above all, then ReLU; the winner's number, or 4. */
INLINE void store_pooled(const vec v[4], float *y, uint8_t *which)
{
	vec m = v[0];
	ivec winner = { 0 };

	UNROLL for (int q = 1; q < 4; q++)
	{
		ivec better = (v[q] > m) | (v[q] != v[q]);

		m = choose(better, v[q], m);
		winner = (better & q) | (~better & winner);
	}
	ivec closed = m <= 0;
	store(y, keep(~closed, m));
	store_bytes(which, (closed & 4) | (~closed & winner));
}

INLINE void forward_tile(int outs, const struct forward_tile *t, const struct forward_out *to)
{
	for (int h = 0; h < HALVES; h++) {
		vec acc[OUTS][4];
		size_t at = (size_t)h * WIDTH;

		forward_sums(outs, t, h, acc);
		UNROLL for (int o = 0; o < outs; o++, at += to->plane)
		{
			if (to->pool) {
				store_pooled(acc[o], to->y + at, to->which + at);
				continue;
			}
			if (to->relu)
				UNROLL for (int q = 0; q < 4; q++)
					acc[o][q] = relu(acc[o][q]);
			store(to->y + at, acc[o][0]);
			store(to->y + at + to->right, acc[o][1]);
			store(to->y + at + to->down, acc[o][2]);
			store(to->y + at + to->down + to->right, acc[o][3]);
		}
	}
}

static void forward_any(int outs, const struct forward_tile *t, const struct forward_out *to)
{
	switch (outs) {
		CASE(1, forward_tile(1, t, to))
		CASE(2, forward_tile(2, t, to))
#if OUTS > 2
		CASE(3, forward_tile(3, t, to))
		CASE(4, forward_tile(4, t, to))
		CASE(5, forward_tile(5, t, to))
#endif
	}
}

/* (O, taps) -> groups of OUTS channels, each (taps, channels of the group) */
static void pack_forward(const struct conv *k, const float *w, float *packed)
{
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
static void forward_rows(const struct conv *k, const float *x, const float *w,
	const float *b, int row, const struct forward_out *to)
{
	const struct conv_shape *s = k->s;
	int pixels = s->pool ? 2 * k->PW : s->OW;
	struct forward_tile t = {
		.C = s->C,
		.kh = s->kh,
		.kw = s->kw,
		.plane = (size_t)k->H * k->W * LANES,
		.row = (size_t)s->dilation * k->W * LANES,
		.column = (size_t)s->dilation * LANES,
		.down = s->OH > 1 ? (size_t)s->stride * k->W * LANES : 0,
		.right = s->OW > 1 ? (size_t)s->stride * LANES : 0,
	};

	for (int o = 0; o < s->O; o += OUTS)
		for (int q = 0; q < pixels; q += 2) {
			int column = max_int(0, min_int(q, s->OW - 2));
			struct forward_out out = *to;

			out.y += o * to->plane +
				 (size_t)(s->pool ? q / 2 : column) * LANES;
			if (s->pool)
				out.which += o * to->plane + (size_t)q / 2 * LANES;
			t.x = x + ((size_t)row * k->W + column) * s->stride * LANES;
			t.w = w + (size_t)o * k->taps;
			t.b = b ? b + o : NULL;
			forward_any(min_int(OUTS, s->O - o), &t, &out);
		}
}

static void conv_forward(const struct conv_shape *s, const float *x, const float *w,
	const float *b, float *y, uint8_t *which, void *work)
{
	struct conv k = conv_of(s);
	float *packed = work;
	float *copy = packed + (size_t)s->O * k.taps + LANES - s->O * k.taps % LANES;
	int rows = s->pool ? 2 * k.PH : s->OH;
	size_t plane = (size_t)k.PH * k.PW * LANES;

	pack_forward(&k, w, packed);
	for (int block = 0; block < k.blocks; block++) {
		const float *in = input_block(&k, x, block, LANES, copy);

		for (int r = 0; r < rows; r += 2) {
			int row = max_int(0, min_int(r, s->OH - 2));
			size_t at = block * s->O * plane +
				    (size_t)(s->pool ? r / 2 : row) * k.PW * LANES;
			struct forward_out to = {
				.y = y + at,
				.which = s->pool ? which + at : NULL,
				.plane = plane,
				.down = s->OH > 1 ? (size_t)k.PW * LANES : 0,
				.right = s->OW > 1 ? LANES : 0,
				.pool = s->pool,
				.relu = s->relu,
			};

			forward_rows(&k, in, packed, b, row, &to);
		}
	}
}

/* ---- the gradient before pooling and ReLU ---- */

struct gradient {
	const struct conv *k;
	const float *y, *dy;
	const uint8_t *which;
};

/* Where a channel's expanded rows go: floats from one row and one pixel to the next. */
struct plane {
	float *at;
	size_t row, pixel;
};

/* Pooled: one row of dy becomes two, each value at its winner, zero elsewhere. */
static void expand_pooled(const float *dy, const uint8_t *which, int n, ivec live,
	const struct plane *to)
{
	float *top = to->at, *bottom = to->at + to->row;

	for (int i = 0; i < n; i++, dy += LANES, which += LANES) {
		vec g = keep(live, load(dy));
		ivec w = load_bytes(which);

		store(top, keep(w == 0, g));
		store(top + to->pixel, keep(w == 1, g));
		store(bottom, keep(w == 2, g));
		store(bottom + to->pixel, keep(w == 3, g));
		top += 2 * to->pixel;
		bottom += 2 * to->pixel;
	}
}

static void expand_plain(
	const float *dy, const float *y, int n, ivec live, const struct plane *to)
{
	float *out = to->at;

	for (int i = 0; i < n; i++, dy += LANES, out += to->pixel) {
		vec g = keep(live, load(dy));

		if (y) {
			g = keep(~(load(y) <= 0), g);
			y += LANES;
		}
		store(out, g);
	}
}

static void zero_pixels(const struct plane *to, int row, int column, int n)
{
	for (int i = column; i < n; i++)
		memset(to->at + row * to->row + i * to->pixel, 0, sizeof(float) * LANES);
}

/* Rows [first, first + rows) of channel o; with pooling both are even, or the last. */
static void expand_rows(
	const struct gradient *g, int block, int o, int first, int rows, struct plane to)
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
			struct plane half = { to.at + h * WIDTH, to.row, to.pixel };
			ivec live = first_lanes(images, h);

			if (s->pool)
				expand_pooled(g->dy + at, g->which + at, k->PW, live,
					&half);
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
	const float *g; /* (channels, rows, columns, 16) */
	float *dw; /* partial sums, 16 lanes each */
	int rows, columns;
	size_t x_row, x_pixel, x_tap;
	size_t g_plane;
	size_t dw_channel;
};

/* A chunk of rows starts at zero and is added to the total: chains stay short. */
INLINE void weights_tile(int outs, int taps, const struct weights_tile *t)
{
	for (int h = 0; h < HALVES; h++) {
		vec acc[OUTS][TAPS];
		const float *g = t->g + h * WIDTH;

		UNROLL for (int o = 0; o < outs; o++)
			UNROLL for (int k = 0; k < taps; k++)
				acc[o][k] = (vec){ 0 };
		for (int r = 0; r < t->rows; r++) {
			const float *x = t->x + r * t->x_row + h * WIDTH;

			for (int i = 0; i < t->columns; i++) {
				vec d[OUTS];

				UNROLL for (int o = 0; o < outs; o++)
					d[o] = load(g + o * t->g_plane);
				UNROLL for (int k = 0; k < taps; k++)
				{
					vec a = load(x + k * t->x_tap);

					UNROLL for (int o = 0; o < outs; o++)
						acc[o][k] += d[o] * a;
				}
				g += LANES;
				x += t->x_pixel;
			}
		}
		UNROLL for (int o = 0; o < outs; o++)
			UNROLL for (int k = 0; k < taps; k++)
			{
				float *p = t->dw + o * t->dw_channel + k * LANES +
					   h * WIDTH;

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
static void weights_chunk(
	const struct conv *k, const float *x, int outs, int first, struct weights_tile *t)
{
	const struct conv_shape *s = k->s;
	float *dw = t->dw;

	for (int c = 0; c < s->C; c++)
		for (int i = 0; i < s->kh; i++)
			for (int j = 0; j < s->kw; j += TAPS) {
				size_t row = first * s->stride + i * s->dilation;

				t->x = x + (((size_t)c * k->H + row) * k->W +
						   (size_t)j * s->dilation) *
						   LANES;
				t->dw = dw + ((size_t)(c * s->kh + i) * s->kw + j) * LANES;
				weights_any(outs, min_int(TAPS, s->kw - j), t);
			}
	t->dw = dw;
}

/* Rows whose expanded gradient (of OUTS channels) stays in half of the L1 cache. */
static int chunk_rows(const struct conv_shape *s)
{
	int fit = 24 * 1024 / (int)(OUTS * s->OW * LANES * sizeof(float));

	return min_int(max_int(fit, 2) / 2 * 2, s->OH);
}

static void add_planes(int outs, size_t pixels, const float *g, float *sums)
{
	for (int o = 0; o < outs; o++)
		for (int h = 0; h < HALVES; h++) {
			const float *p = g + o * pixels * LANES + h * WIDTH;
			float *to = sums + o * LANES + h * WIDTH;
			vec sum = { 0 };

			for (size_t i = 0; i < pixels; i++)
				sum += load(p + i * LANES);
			store(to, load(to) + sum);
		}
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
		t.g_plane = (size_t)t.rows * s->OW * LANES;
		for (int i = 0; i < outs; i++)
			expand_rows(g, block, o + i, first, t.rows,
				(struct plane){ expanded + i * t.g_plane,
					(size_t)s->OW * LANES, LANES });
		add_planes(outs, (size_t)t.rows * s->OW, expanded, db + o * LANES);
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
	for (size_t i = 0; i < weights; i++)
		dw[i] = sum_tree(sums + i * LANES, LANES);
	for (int o = 0; db && o < s->O; o++)
		db[o] = sum_tree(bias + o * LANES, LANES);
}

/* ---- backward data ---- */

/*
 * The expanded gradient of a block, all channels: (O, GH, GW, 16). A stride becomes
 * zeros between the values, and a column of zeros on each side lets two neighbouring
 * pixels share their taps.
 */
struct data {
	const struct conv *k;
	const float *g, *w;
	int GH, GW;
};

struct data_tile {
	const float *g; /* tap 0 of channel 0, left pixel; taps go backwards */
	const float *w; /* (O, kh, kw, channels of the tile) */
	int O, kh, kw;
	int top, bottom, left, right; /* taps [top, bottom) x [left, right) */
	size_t plane, row, column;
};

INLINE void data_sums(int ins, const struct data_tile *t, int h, vec acc[INS][2])
{
	UNROLL for (int c = 0; c < ins; c++)
		acc[c][0] = acc[c][1] = (vec){ 0 };
	for (int o = 0; o < t->O; o++)
		for (int i = t->top; i < t->bottom; i++) {
			const float *g = t->g + o * t->plane + h * WIDTH -
					 i * t->row - t->left * t->column;
			const float *w = t->w +
					 (size_t)((o * t->kh + i) * t->kw + t->left) * ins;

			for (int j = t->left; j < t->right; j++) {
				vec a = load(g), b = load(g + LANES);

				UNROLL for (int c = 0; c < ins; c++)
				{
					acc[c][0] += a * w[c];
					acc[c][1] += b * w[c];
				}
				g -= t->column;
				w += ins;
			}
		}
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
				store(p + LANES, to->add ? load(p + LANES) + acc[c][1] :
							   acc[c][1]);
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

/* (O, C, kh, kw) -> groups of INS input channels, each (O, kh, kw, channels) */
static void pack_data(const struct conv *k, const float *w, float *packed)
{
	const struct conv_shape *s = k->s;
	int taps = s->kh * s->kw;

	for (int c = 0; c < s->C; c += INS) {
		int ins = min_int(INS, s->C - c);

		for (int o = 0; o < s->O; o++)
			for (int t = 0; t < taps; t++)
				for (int i = 0; i < ins; i++)
					*packed++ = w[((size_t)o * s->C + c + i) * taps + t];
	}
}

/* Taps k of [0, n) with position - k * dilation in [low, high]. */
static void valid_taps(
	int position, int dilation, int n, int low, int high, int *first, int *end)
{
	int over = max_int(0, position - high);

	*first = min_int(n, (over + dilation - 1) / dilation);
	*end = position < low ? 0 : min_int(n, (position - low) / dilation + 1);
	*end = max_int(*end, *first);
}

static void data_row(const struct data *d, int block, int h, float *dx, int add)
{
	const struct conv *k = d->k;
	const struct conv_shape *s = k->s;
	size_t plane = (size_t)s->H * s->W * LANES;
	struct data_tile t = {
		.O = s->O,
		.kh = s->kh,
		.kw = s->kw,
		.plane = (size_t)d->GH * d->GW * LANES,
		.row = (size_t)s->dilation * d->GW * LANES,
		.column = (size_t)s->dilation * LANES,
	};

	valid_taps(h + s->pad, s->dilation, s->kh, 0, d->GH - 1, &t.top, &t.bottom);
	for (int c = 0; c < s->C; c += INS)
		for (int x = 0; x < s->W; x += 2) {
			int at = x + s->pad;
			struct data_out to = {
				.dx = dx + (block * s->C + c) * plane +
				      ((size_t)h * s->W + x) * LANES,
				.plane = plane,
				.pair = x + 1 < s->W,
				.add = add,
			};

			valid_taps(at, s->dilation, s->kw, -1, d->GW - 3, &t.left,
				&t.right);
			t.g = d->g + ((size_t)(h + s->pad) * d->GW + at + 1) * LANES;
			t.w = d->w + (size_t)c * s->O * s->kh * s->kw;
			data_any(min_int(INS, s->C - c), &t, &to);
		}
}

static void conv_backward_data(const struct conv_shape *s, const float *w, const float *y,
	const float *dy, const uint8_t *which, float *dx, int add, void *work)
{
	struct conv k = conv_of(s);
	struct gradient from = { &k, y, dy, which };
	int GH = (s->OH - 1) * s->stride + 1, GW = (s->OW - 1) * s->stride + 3;
	size_t plane = (size_t)GH * GW * LANES;
	float *expanded = work;
	float *packed = expanded + s->O * plane + (size_t)s->stride * GW * LANES;
	struct data d = { &k, expanded, packed, GH, GW };

	pack_data(&k, w, packed);
	memset(expanded, 0, sizeof(float) * s->O * plane);
	for (int block = 0; block < k.blocks; block++) {
		for (int o = 0; o < s->O; o++)
			expand_rows(&from, block, o, 0, s->OH,
				(struct plane){ expanded + o * plane + LANES,
					(size_t)s->stride * GW * LANES,
					(size_t)s->stride * LANES });
		for (int h = 0; h < s->H; h++)
			data_row(&d, block, h, dx, add);
	}
}

static size_t conv_work(const struct conv_shape *s)
{
	struct conv k = conv_of(s);
	size_t weights = (size_t)s->O * k.taps;
	size_t copy = (size_t)s->C * k.H * k.W * LANES;
	size_t GH = (size_t)(s->OH - 1) * s->stride + 1;
	size_t GW = (size_t)(s->OW - 1) * s->stride + 3;
	size_t sums = (weights + s->O) * LANES +
		      (size_t)OUTS * (chunk_rows(s) + 1) * s->OW * LANES + copy;
	size_t data = (s->O * GH + s->stride) * GW * LANES + weights;
	size_t most = sums > data ? sums : data;

	return sizeof(float) * (most + LANES);
}

#endif
