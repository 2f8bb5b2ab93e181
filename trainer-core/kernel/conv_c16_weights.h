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

/*
 * Neighbouring taps of images of three channels that share a tile: three inputs alone
 * would leave most of the multiplications waiting for their sums.
 */
#define COLOURS 3
#define COLOUR_TAPS (WIDTH == 16 ? 4 : 2)

/* Some rows of some lines, for one tap: what is added up before it reaches the total. */
struct patch {
	const float *x, *dy;
	int lines, rows;
	size_t x_line, x_row, dy_line, dy_row;
	size_t dy_plane;
	float *total; /* (depth, width) of the tap */
	int depth;
	size_t width;
	int taps; /* COLOURS alone: of a row of the kernel, the others behind this one */
	size_t x_tap;
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

/* The same of COLOURS inputs and several taps. */
INLINE void patch_colours(int taps, int vecs, const struct patch *t, int v)
{
	const float *x_line = t->x;
	const float *dy_line = t->dy + v / LANES * t->dy_plane + v % LANES;
	size_t x_row = t->x_row, dy_row = t->dy_row, plane = t->dy_plane;
	size_t x_tap = t->x_tap;
	vec acc[COLOUR_TAPS * COLOURS][2];

	UNROLL for (int i = 0; i < taps * COLOURS; i++)
		UNROLL for (int n = 0; n < vecs; n++) acc[i][n] = (vec){ 0 };
	for (int l = t->lines; l; l--, x_line += t->x_line, dy_line += t->dy_line) {
		const float *x = x_line, *dy = dy_line;

		for (int r = t->rows; r; r--, x += x_row, dy += dy_row) {
			vec g[2];

			UNROLL for (int n = 0; n < vecs; n++) g[n] = load(
				dy + n * WIDTH / LANES * plane + n * WIDTH % LANES);
			UNROLL for (int i = 0; i < taps * COLOURS; i++)
			{
				float s = x[i / COLOURS * x_tap + i % COLOURS];

				UNROLL for (int n = 0; n < vecs; n++) acc[i][n] +=
					g[n] * s;
			}
		}
	}
	UNROLL for (int i = 0; i < taps * COLOURS; i++)
		UNROLL for (int n = 0; n < vecs; n++)
	{
		float *to = t->total + i * t->width + v + n * WIDTH;

		store(to, load(to) + acc[i][n]);
	}
}

#define COLOURS_CASES(vecs) \
	CASE(1, patch_colours(1, vecs, t, v)) \
	CASE(2, patch_colours(2, vecs, t, v))

static void patch_colours_any(int one, const struct patch *t, int v)
{
	if (one) {
		switch (t->taps) {
			COLOURS_CASES(1)
#if WIDTH == 16
			CASE(3, patch_colours(3, 1, t, v))
			CASE(4, patch_colours(4, 1, t, v))
#endif
		}
		return;
	}
	switch (t->taps) {
		COLOURS_CASES(2)
#if WIDTH == 16
		CASE(3, patch_colours(3, 2, t, v))
		CASE(4, patch_colours(4, 2, t, v))
#endif
	}
}

/* All inputs of a block and all outputs of a group. */
static void patch(const struct patch *t)
{
	for (int v = 0; v < (int)t->width; v += 2 * WIDTH) {
		int one = (int)t->width - v < 2 * WIDTH;

		if (t->depth == COLOURS)
			patch_colours_any(one, t, v);
		else if (t->depth <= C4) /* C4 has no more than four lanes to read */
			if (one)
				patch_tile(C4, 1, t, 0, v);
			else
				patch_tile(C4, 2, t, 0, v);
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
	float *bias; /* (width), or NULL */
	int chunk_lines, chunk_columns, chunk_images;
};

/* How many taps from this one on, in its row of the kernel, run as one. */
static int taps_together(
	const struct weights_c16 *p, struct weights_range columns, int tap)
{
	const struct conv_shape *s = p->s;
	int parts = (s->kw + COLOUR_TAPS - 1) / COLOUR_TAPS;
	int most = (s->kw + parts - 1) / parts, kx = tap % s->kw, n = 1, in;
	struct weights_range first;

	if (p->depth != COLOURS)
		return 1;
	first = reached(s, columns, kx, s->W, &in);
	for (; n < most && kx + n < s->kw; n++) {
		struct weights_range r = reached(s, columns, kx + n, s->W, &in);

		if (r.from != first.from || r.count != first.count)
			break;
	}
	return n;
}

/*
 * What `taps` taps from (ky, kx) on add from a chunk of lines, columns and images
 * [n, n + images).
 */
static void chunk_taps(const struct weights_c16 *p, struct weights_range lines,
	struct weights_range columns, int n, int images, int tap, int taps)
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
		.taps = taps,
		.x_tap = s->dilation * x_pixel,
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
		for (int tap = 0, taps; tap < p->taps; tap += taps) {
			taps = taps_together(p, columns, tap);
			chunk_taps(&block, lines, columns, n, images, tap, taps);
		}
		block.x += p->x_plane;
		block.total += (size_t)p->taps * p->depth * p->width;
	}
}

/* Adds the sums of each channel over n rows of sixteen, at most a chunk. */
static void add_channel_sums(size_t n, const float *dy, float *sums)
{
	for (int v = 0; v < LANES; v += WIDTH) {
		vec acc[4] = { { 0 }, { 0 }, { 0 }, { 0 } };
		size_t r = 0;

		for (; r + 4 <= n; r += 4)
			UNROLL for (int i = 0; i < 4; i++) acc[i] +=
				load(dy + (r + i) * LANES + v);
		for (; r < n; r++)
			acc[0] += load(dy + r * LANES + v);
		store(sums + v,
			load(sums + v) + ((acc[0] + acc[1]) + (acc[2] + acc[3])));
	}
}

/*
 * The gradient of the bias from rows [from, to) of the group's outputs, a multiple of
 * CHUNK up to the last ones. Asked for behind the chunk that has read these rows, it
 * finds them in the cache.
 */
static void add_bias(const struct weights_c16 *p, size_t from, size_t to)
{
	size_t plane = (size_t)p->s->OH * p->s->OW * p->s->N * LANES;

	for (; from < to; from += CHUNK)
		for (int o = 0; p->bias && o < p->width; o += LANES)
			add_channel_sums(to - from < CHUNK ? to - from : CHUNK,
				p->dy + o / LANES * plane + from * LANES, p->bias + o);
}

/* Chunks follow one another as the rows of dy do. */
static void group_gradient(const struct weights_c16 *p)
{
	const struct conv_shape *s = p->s;
	size_t read = 0, added = 0;

	memset(p->total, 0, sizeof(float) * p->blocks * p->taps * p->depth * p->width);
	if (p->bias)
		memset(p->bias, 0, sizeof(float) * p->width);
	for (int h = 0; h < s->OH; h += p->chunk_lines)
		for (int w = 0; w < s->OW; w += p->chunk_columns)
			for (int n = 0; n < s->N; n += p->chunk_images) {
				struct weights_range lines = { h,
					min_int(p->chunk_lines, s->OH - h) };
				struct weights_range columns = { w,
					min_int(p->chunk_columns, s->OW - w) };
				int images = min_int(p->chunk_images, s->N - n);

				group_chunk(p, lines, columns, n, images);
				read += (size_t)lines.count * columns.count * images;
				add_bias(p, added, read / CHUNK * CHUNK);
				added = read / CHUNK * CHUNK;
			}
	add_bias(p, added, read);
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
		.lanes = s->c4 ? C4 : LANES,
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
		p.bias = db ? db + o : NULL;
		group_gradient(&p);
		p.total += (size_t)p.blocks * p.taps * p.depth * p.width;
	}
}

#endif
