/*
 * What a pass in bf16 reads: the values of one side of a convolution as an image of bf16,
 * and the rows of it that a product takes. Forward passes read x through the taps of
 * their outputs; backward ones read dy through the taps turned round. A linear layer is a
 * convolution of one tap on images of one pixel. Included by bf16.c alone; all static.
 *
 * The order of a sum is the order of its depth, in chunks of 32 (tile.h):
 *	fewer than 32 channels: tap by tap in row-major order, all channels of each,
 *	    side by side without gaps, zeros behind the last
 *	else: 32 channels at a time, zeros behind the last; of those tap by tap
 * A backward pass to the data takes the taps from the last to the first. Taps on padding
 * are zeros.
 */
#ifndef DELTAM_KERNEL_BF16_VIEW_H
#define DELTAM_KERNEL_BF16_VIEW_H

#include "trainer-core/kernel/tile.h"

/* Room in the caller's scratch; without scratch it is only counted. */
struct bf16_room {
	char *at;
	size_t used;
};

static void *room_take(struct bf16_room *r, size_t bytes)
{
	char *p = r->at ? r->at + r->used : NULL;

	r->used += (bytes + 63) / 64 * 64;
	return p;
}

/* How the caller's values lie. */
enum bf16_lie { LIE_ROWS, LIE_C16, LIE_C4 };

struct bf16_view {
	int N, C, H, W; /* what is read */
	int OH, OW; /* positions that read it */
	int kh, kw, taps;
	int stride; /* of the positions, 1 but in a backward pass */
	enum bf16_lie lie;
	bool dense; /* fewer than 32 channels */
	bool runs; /* taps of a row are neighbours in the image, too */
	int depth; /* values of a pixel */
	int blocks, chunks;
	size_t pixel, line, sample; /* values from one to the next */
	uint16_t *image;
	int *ys, *xs; /* (OH, kh), (OW, kw): where a tap reads, or -1 */
	int *order; /* (OW) the positions of a line, those of the same taps together */
};

static int ceil_div(int n, int by)
{
	return (n + by - 1) / by;
}

static void view_axis(
	int outs, int ins, int kernel, const struct conv_shape *s, bool back, int *from)
{
	for (int o = 0; o < outs; o++)
		for (int k = 0; k < kernel; k++) {
			int at = back ? o + s->pad - (kernel - 1 - k) * s->dilation
				      : o * s->stride - s->pad + k * s->dilation;

			if (back && at >= 0)
				at = at % s->stride ? -1 : at / s->stride;
			*from++ = at >= 0 && at < ins ? at : -1;
		}
}

static void view_order(struct bf16_view *v)
{
	int n = 0;

	for (int first = 0; first < v->stride; first++)
		for (int x = first; x < v->OW; x += v->stride)
			v->order[n++] = x;
}

/* The slack behind the image: copies move 32 values whatever there is. */
static size_t view_values(const struct bf16_view *v)
{
	return (size_t)v->N * v->H * v->W * v->depth + 2 * DEPTH;
}

/*
 * The view of s, forward (x) or back (dy). Everything but the values themselves is there
 * afterwards where r has room.
 */
static struct bf16_view view_make(
	const struct conv_shape *s, bool back, enum bf16_lie lie, struct bf16_room *r)
{
	struct bf16_view v = { .N = s->N,
		.C = back ? s->O : s->C,
		.H = back ? s->OH : s->H,
		.W = back ? s->OW : s->W,
		.OH = back ? s->H : s->OH,
		.OW = back ? s->W : s->OW,
		.kh = s->kh,
		.kw = s->kw,
		.taps = s->kh * s->kw,
		.stride = back ? s->stride : 1,
		.lie = lie };

	v.dense = v.C < DEPTH;
	v.runs = s->dilation == 1 && (!back || s->stride == 1);
	v.blocks = ceil_div(v.C, DEPTH);
	v.depth = v.dense ? v.C : v.blocks * DEPTH;
	v.chunks = v.dense ? ceil_div(v.taps * v.C, DEPTH) : v.taps * v.blocks;
	/* Neighbours of a run lie side by side, else the images at one pixel do. */
	v.pixel = (size_t)v.depth * (v.dense ? 1 : v.N);
	v.line = v.pixel * v.W;
	v.sample = v.dense ? v.line * v.H : (size_t)v.depth;
	v.image = room_take(r, view_values(&v) * sizeof(uint16_t));
	v.ys = room_take(r, sizeof(int) * v.OH * v.kh);
	v.xs = room_take(r, sizeof(int) * v.OW * v.kw);
	v.order = room_take(r, sizeof(int) * v.OW);
	if (!r->at)
		return v;
	view_axis(v.OH, v.H, v.kh, s, back, v.ys);
	view_axis(v.OW, v.W, v.kw, s, back, v.xs);
	view_order(&v);
	return v;
}

/* The channels of one row, zeros behind the last up to the depth. */
static void pack_row(const struct bf16_view *v, const float *x, uint16_t *to)
{
	int c = 0;

	for (; c + LANES <= v->C; c += LANES)
		bf16_pack(x + c, to + c);
	for (; c < v->C; c++)
		to[c] = (uint16_t)(bf16_nearest(float_bits(x[c])) >> 16);
	for (; c < v->depth; c++)
		to[c] = 0;
}

/* The same of a pixel in C16, whose blocks are `plane` floats apart. */
static void pack_pixel(
	const struct bf16_view *v, const float *x, size_t plane, uint16_t *to)
{
	for (int c = 0; c < v->C; c += LANES, x += plane)
		bf16_pack(x, to + c);
	for (int c = round_up(v->C); c < v->depth; c++)
		to[c] = 0;
}

/* Four values, of which C are a pixel's. */
static void pack_four(const float *x, uint16_t *to)
{
	for (int c = 0; c < 4; c++)
		to[c] = (uint16_t)(bf16_nearest(float_bits(x[c])) >> 16);
}

/* The channels of pixel p of sample n: to has room for sixteen behind them. */
static void pack_one(
	const struct bf16_view *v, const float *x, int n, int p, uint16_t *to)
{
	size_t plane = (size_t)v->H * v->W * v->N, at = (size_t)p * v->N + n;

	if (v->lie == LIE_ROWS)
		pack_row(v, x + (size_t)n * v->C, to);
	else if (v->lie == LIE_C4)
		pack_four(x + at * 4, to);
	else
		pack_pixel(v, x + at * LANES, plane * LANES, to);
}

/*
 * Images side by side of which a pixel is read together, since they lie so. Each pixel may
 * write behind its end, where the next ones of the image write over it; the last ones of
 * an image go through t.
 */
#define TOGETHER 16

static void view_fill(const struct bf16_view *v, const float *x)
{
	int last = v->H * v->W - 1;
	uint16_t t[2 * DEPTH];

	for (int first = 0; first < v->N; first += TOGETHER)
		for (int p = 0; p <= last; p++)
			for (int n = first; n < min_int(first + TOGETHER, v->N); n++) {
				uint16_t *to = v->image + n * v->sample + p * v->pixel;

				if (!v->dense || (last - p) * v->C >= LANES) {
					pack_one(v, x, n, p, to);
					continue;
				}
				pack_one(v, x, n, p, t);
				memcpy(to, t, sizeof(*t) * v->C);
			}
	memset(v->image + view_values(v) - 2 * DEPTH, 0, 2 * DEPTH * sizeof(*t));
}

/* Up to 32 positions of a line of outputs. */
struct bf16_rows {
	int y, n;
	int x[BLOCK], sample[BLOCK];
};

/* Those from the at-th on, of N x OW in this order of the columns (NULL: as they are). */
static void rows_take(
	const struct bf16_view *v, const int *order, int y, int at, struct bf16_rows *r)
{
	r->y = y;
	r->n = min_int(BLOCK, v->N * v->OW - at);
	for (int i = 0; i < r->n; i++) {
		int x = (at + i) / v->N;

		r->x[i] = order ? order[x] : x;
		r->sample[i] = (at + i) % v->N;
	}
}

static void copy_chunk(uint16_t *to, const uint16_t *from)
{
	memcpy(to, from, DEPTH * sizeof(*to));
}

static void clear_chunk(uint16_t *to)
{
	memset(to, 0, DEPTH * sizeof(*to));
}

/* Where row i reads through tap (ky, kx); NULL: padding. */
static const uint16_t *row_source(
	const struct bf16_view *v, const struct bf16_rows *r, int i, int ky, int kx)
{
	int y = v->ys[r->y * v->kh + ky], x = v->xs[r->x[i] * v->kw + kx];

	if (y < 0 || x < 0)
		return NULL;
	return v->image + y * v->line + x * v->pixel + r->sample[i] * v->sample;
}

/* Chunk `chunk` of the rows of a view that is not dense, zeros below the last; is any used? */
static bool gather_chunk(const struct bf16_view *v, const struct bf16_rows *r,
	int chunk, uint16_t to[CHUNK_VALUES])
{
	int tap = chunk % v->taps, block = chunk / v->taps;
	bool used = false;

	for (int i = 0; i < BLOCK; i++, to += DEPTH) {
		const uint16_t *from =
			i < r->n ? row_source(v, r, i, tap / v->kw, tap % v->kw) : NULL;

		if (from)
			copy_chunk(to, from + block * DEPTH);
		else
			clear_chunk(to);
		used |= from != NULL;
	}
	return used;
}

/* A row of a dense view. `to` has room for a chunk behind its depth. */
static void gather_row(
	const struct bf16_view *v, const struct bf16_rows *r, int i, uint16_t *to)
{
	const int *ys = v->ys + r->y * v->kh, *xs = v->xs + r->x[i] * v->kw;
	const uint16_t *image = v->image + r->sample[i] * v->sample;
	bool whole = v->runs && xs[0] >= 0 && xs[v->kw - 1] >= 0;
	int run = v->kw * v->C;

	for (int ky = 0; ky < v->kh; ky++, to += run) {
		const uint16_t *line = image + ys[ky] * (ptrdiff_t)v->line;

		if (whole && ys[ky] >= 0) {
			const uint16_t *from = line + xs[0] * v->pixel;

			for (int c = 0; c < run; c += DEPTH)
				copy_chunk(to + c, from + c);
			continue;
		}
		for (int kx = 0; kx < v->kw; kx++)
			if (ys[ky] >= 0 && xs[kx] >= 0)
				copy_chunk(to + kx * v->C, line + xs[kx] * v->pixel);
			else
				clear_chunk(to + kx * v->C);
	}
	clear_chunk(to);
}

/* All chunks of the rows: strip (chunks, 32, 32), used (chunks); row: scratch of a row. */
static void gather_rows(const struct bf16_view *v, const struct bf16_rows *r,
	uint16_t *row, uint16_t *strip, uint8_t *used)
{
	for (int k = 0; !v->dense && k < v->chunks; k++)
		used[k] = gather_chunk(v, r, k, strip + (size_t)k * CHUNK_VALUES);
	for (int i = 0; v->dense && i < BLOCK; i++) {
		if (i < r->n)
			gather_row(v, r, i, row);
		else
			memset(row, 0, sizeof(*row) * v->chunks * DEPTH);
		for (int k = 0; k < v->chunks; k++)
			copy_chunk(strip + ((size_t)k * BLOCK + i) * DEPTH,
				row + k * DEPTH);
	}
	if (v->dense)
		memset(used, 1, v->chunks);
}

/* Values of a row's scratch. */
static size_t row_values(const struct bf16_view *v)
{
	return (size_t)(v->chunks + 2) * DEPTH;
}

/* The place of channel c of tap t in the depth. */
static int view_at(const struct bf16_view *v, int c, int t)
{
	return v->dense ? t * v->C + c : (c / DEPTH * v->taps + t) * DEPTH + c % DEPTH;
}

#endif
