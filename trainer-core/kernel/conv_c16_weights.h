/*
 * The gradient of a convolution's weights with sixteen channels side by side: for each
 * tap, a sum over rows of input times gradient. Included by vector.c alone; all static.
 */
#ifndef DELTAM_KERNEL_CONV_C16_WEIGHTS_H
#define DELTAM_KERNEL_CONV_C16_WEIGHTS_H

#include "trainer-core/kernel/conv_c16.h"

/* Inputs of a tile beside two vectors of outputs, and beside one. */
#if WIDTH == 16
#define DEEP 8
#define DEEP_ONE 16
#else
#define DEEP 4
#define DEEP_ONE 4
#endif

/* Some rows of some lines, for one tap: what is added up before it reaches the total. */
struct patch {
	const float *x, *dy;
	int lines, rows;
	size_t x_line, x_row, dy_line, dy_row;
	size_t dy_plane;
	float *total; /* (depth, width) of the tap */
	int depth;
	size_t width;
};

INLINE void patch_tile(int ins, int vecs, const struct patch *t, int c, int v)
{
	const float *x_line = t->x + c;
	const float *dy_line = t->dy + v / LANES * t->dy_plane + v % LANES;
	size_t x_row = t->x_row, dy_row = t->dy_row, plane = t->dy_plane;
	vec acc[DEEP_ONE][2];

	UNROLL for (int i = 0; i < ins; i++) UNROLL for (int n = 0; n < vecs; n++)
		acc[i][n] = (vec){ 0 };
	for (int l = t->lines; l; l--, x_line += t->x_line, dy_line += t->dy_line) {
		const float *x = x_line, *dy = dy_line;

		for (int r = t->rows; r; r--, x += x_row, dy += dy_row) {
			vec g[2];

			UNROLL for (int n = 0; n < vecs; n++) g[n] = load(
				dy + n * WIDTH / LANES * plane + n * WIDTH % LANES);
			UNROLL for (int i = 0; i < ins; i++)
			{
				float s = x[i];

				UNROLL for (int n = 0; n < vecs; n++) acc[i][n] +=
					g[n] * s;
			}
		}
	}
	UNROLL for (int i = 0; i < ins; i++) if (c + i < t->depth)
		UNROLL for (int n = 0; n < vecs; n++)
	{
		float *to = t->total + (c + i) * t->width + v + n * WIDTH;

		store(to, load(to) + acc[i][n]);
	}
}

/* All inputs of a block and all outputs of a group. */
static void patch(const struct patch *t)
{
	for (int v = 0; v < (int)t->width; v += 2 * WIDTH) {
		int one = (int)t->width - v < 2 * WIDTH;

		if (t->depth <= 4) /* C4 has no more than four lanes to read */
			if (one)
				patch_tile(4, 1, t, 0, v);
			else
				patch_tile(4, 2, t, 0, v);
		else if (one)
			for (int c = 0; c < LANES; c += DEEP_ONE)
				patch_tile(DEEP_ONE, 1, t, c, v);
		else
			for (int c = 0; c < LANES; c += DEEP)
				patch_tile(DEEP, 2, t, c, v);
	}
}

/* Outputs [from, from + count) of an axis. */
struct weights_range {
	int from, count;
};

/* The part of it whose input through tap k exists; *in: the first such input. */
static struct weights_range reached(
	const struct conv_shape *s, struct weights_range r, int k, int ins, int *in)
{
	int shift = k * s->dilation - s->pad;
	int end = r.from + r.count;

	while (r.from < end && r.from * s->stride + shift < 0)
		r.from++;
	while (end > r.from && (end - 1) * s->stride + shift >= ins)
		end--;
	*in = r.from * s->stride + shift;
	r.count = end - r.from;
	return r;
}

struct weights_c16 {
	const struct conv_shape *s;
	const float *x, *dy; /* of a block and the group */
	size_t x_plane;
	int blocks, taps, lanes, depth, width;
	float *total; /* (blocks, taps, depth, width), from that block on */
	int chunk_lines, chunk_columns, chunk_images;
};

/* What tap (ky, kx) adds from a chunk of lines, columns and images [n, n + images). */
static void chunk_tap(const struct weights_c16 *p, struct weights_range lines,
	struct weights_range columns, int n, int images, int tap)
{
	const struct conv_shape *s = p->s;
	int h, w;
	struct weights_range down = reached(s, lines, tap / s->kw, s->H, &h);
	struct weights_range right = reached(s, columns, tap % s->kw, s->W, &w);
	size_t x_pixel = (size_t)s->N * p->lanes, dy_pixel = (size_t)s->N * LANES;
	struct patch t = {
		.lines = down.count,
		.rows = right.count,
		.x_line = s->stride * s->W * x_pixel,
		.x_row = s->stride * x_pixel,
		.dy_line = s->OW * dy_pixel,
		.dy_row = dy_pixel,
		.dy_plane = s->OH * s->OW * dy_pixel,
		.total = p->total + (size_t)tap * p->depth * p->width,
		.depth = p->depth,
		.width = p->width,
	};

	if (down.count <= 0 || right.count <= 0)
		return;
	t.x = p->x + ((size_t)h * s->W + w) * x_pixel + n * p->lanes;
	t.dy = p->dy + ((size_t)down.from * s->OW + right.from) * dy_pixel + n * LANES;
	if (s->stride == 1 && images == s->N) {
		/* Columns and images lie in one row. */
		t.rows *= images;
		t.x_row = p->lanes;
		t.dy_row = LANES;
	} else if (images > 1) {
		/* One line here: its columns take the place of lines. */
		t.lines = right.count;
		t.x_line = t.x_row;
		t.dy_line = t.dy_row;
		t.rows = images;
		t.x_row = p->lanes;
		t.dy_row = LANES;
	}
	patch(&t);
}

/* What a chunk adds to all blocks of a group of outputs. */
static void group_chunk(const struct weights_c16 *p, struct weights_range lines,
	struct weights_range columns, int n, int images)
{
	struct weights_c16 block = *p;

	for (int i = 0; i < p->blocks; i++) {
		for (int tap = 0; tap < p->taps; tap++)
			chunk_tap(&block, lines, columns, n, images, tap);
		block.x += p->x_plane;
		block.total += (size_t)p->taps * p->depth * p->width;
	}
}

static void group_gradient(const struct weights_c16 *p)
{
	const struct conv_shape *s = p->s;

	memset(p->total, 0, sizeof(float) * p->blocks * p->taps * p->depth * p->width);
	for (int h = 0; h < s->OH; h += p->chunk_lines)
		for (int w = 0; w < s->OW; w += p->chunk_columns)
			for (int n = 0; n < s->N; n += p->chunk_images) {
				struct weights_range lines = { h,
					min_int(p->chunk_lines, s->OH - h) };
				struct weights_range columns = { w,
					min_int(p->chunk_columns, s->OW - w) };

				group_chunk(p, lines, columns, n,
					min_int(p->chunk_images, s->N - n));
			}
}

/* Sums of each channel over n rows of sixteen, in chunks. */
static void channel_sums(size_t n, const float *dy, float *sums)
{
	memset(sums, 0, sizeof(float) * LANES);
	for (size_t from = 0; from < n; from += CHUNK) {
		size_t end = from + CHUNK < n ? from + CHUNK : n;

		for (int v = 0; v < LANES; v += WIDTH) {
			vec acc[4] = { { 0 }, { 0 }, { 0 }, { 0 } };
			size_t r = from;

			for (; r + 4 <= end; r += 4)
				UNROLL for (int i = 0; i < 4; i++) acc[i] +=
					load(dy + (r + i) * LANES + v);
			for (; r < end; r++)
				acc[0] += load(dy + r * LANES + v);
			store(sums + v,
				load(sums + v) +
					((acc[0] + acc[1]) + (acc[2] + acc[3])));
		}
	}
}

static void conv_c16_backward_weights(const struct conv_shape *s, const float *x,
	const float *dy, float *dw, float *db, void *work)
{
	int outs = round_up(s->O);
	size_t dy_rows = (size_t)s->OH * s->OW * s->N;
	struct weights_c16 p = {
		.s = s,
		.x = x,
		.x_plane = (size_t)s->H * s->W * s->N * LANES,
		.blocks = s->c4 ? 1 : round_up(s->C) / LANES,
		.taps = s->kh * s->kw,
		.lanes = s->c4 ? 4 : LANES,
		.depth = s->c4 ? s->C : LANES,
		.total = dw,
		.chunk_images = min_int(s->N, CHUNK),
		.chunk_columns = min_int(s->OW, max_int(1, CHUNK / s->N)),
		.chunk_lines = 1,
	};

	(void)work;
	if (s->stride == 1 && s->N * s->OW <= CHUNK)
		p.chunk_lines = CHUNK / (s->N * s->OW);
	for (int o = 0; o < outs; o += PANEL) {
		p.width = panel_width(outs, o);
		p.dy = dy + o / LANES * dy_rows * LANES;
		group_gradient(&p);
		p.total += (size_t)p.blocks * p.taps * p.depth * p.width;
	}
	for (int o = 0; o < outs && db; o += LANES)
		channel_sums(dy_rows, dy + o / LANES * dy_rows * LANES, db + o);
}

#endif
