/*
 * Backward data on sixteen images side by side, and what all passes take of `work`.
 * Included by vector.c alone; all static.
 */
#ifndef DELTAM_KERNEL_CONV_N16_DATA_H
#define DELTAM_KERNEL_CONV_N16_DATA_H

#include "trainer-core/kernel/conv_n16_weights.h"

#if WIDTH == 16
#define INS 10
#else
#define INS 5
#endif

/* Output channels swept at once: their gradient around a tile stays in the L1 cache. */
#define DATA_OUTS 20

/*
 * A tap of the kernel's row, seen from two neighbouring pixels: how far it lies from the
 * left one in g, where in the weights, and which of the two it reaches.
 */
struct data_tap {
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
	const struct data_tap
		*tap; /* kw + 1 of each pair of columns, the last of them LAST_TAP */
	int GH, GW;
	int outs;
};

struct data_tile {
	const float *g; /* first row and tap 0 of channel 0, left pixel */
	const float *w; /* (rows, kw, outs, channels of the tile) */
	const struct data_tap *tap;
	int rows; /* of the kernel */
	int outs;
	size_t g_row, g_plane, w_row;
};

/* One tap of all output channels, onto the pixels [from, end) of the tile. */
INLINE void data_tap(int ins, int from, int end, const struct data_tile *t,
	const struct data_tap *tap, vec acc[INS][2])
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
		for (const struct data_tap *tap = t.tap; tap->reach != LAST_TAP; tap++)
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
static void data_taps(const struct conv *k, int GW, struct data_tap *t)
{
	const struct conv_shape *s = k->s;

	for (int x = s->pad; x < s->W + s->pad; x += 2) {
		struct data_tap *next = t;
		int first[2], end[2];

		for (int q = 0; q < 2; q++)
			valid_taps(x + q, s->dilation, s->kw, GW, &first[q], &end[q]);
		for (int j = 0; j < s->kw; j++) {
			int left = j >= first[0] && j < end[0];
			int right = j >= first[1] && j < end[1];

			if (left || right)
				*next++ =
					(struct data_tap){ -j * s->dilation * LANES, j,
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
	struct data_tap *tap = (struct data_tap *)(packed + (size_t)s->O * k.taps);
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
