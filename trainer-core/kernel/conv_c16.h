/*
 * Convolution with sixteen channels side by side. Forward and backward data are one kind
 * of product: rows (images at a pixel, then neighbouring pixels) times the weights of a
 * tap, summed over the taps that reach the pixel. Backward weights sum over rows instead.
 * Included by vector.c alone; all static.
 *
 * A group is 32 outputs (or the last 16), a block 16 inputs (C4: 4). Every value is the
 * sum of sums over the taps and channels of a few blocks, each of which starts at zero; a
 * weight's gradient the sum, chunk by chunk, of sums over at most CHUNK rows.
 */
#ifndef DELTAM_KERNEL_CONV_C16_H
#define DELTAM_KERNEL_CONV_C16_H

#include "trainer-core/kernel/c16_axis.h"
#include "trainer-core/kernel/layout.h"

#define CHUNK 128 /* rows that backward weights adds up before it adds to the total */
#define BAND 256 /* rows that share a pass over all weights, at least */
#define TERMS 144 /* that a tile adds up before it is stored, at least (a 3x3 block) */

#if WIDTH == 16
#define TALL 12 /* rows of a tile of two vectors */
#define THIN 24 /* of one vector */
#else
#define TALL 6
#define THIN 6
#endif

/* One product: y = sum over taps of x w. */
struct product_c16 {
	int N;
	int H, W, OH, OW; /* of x and y */
	int lanes; /* floats of a pixel of x: 16 or 4 */
	int depth; /* of them multiplied */
	int blocks; /* of x */
	int pass; /* blocks that a tile adds up */
	int outs; /* a multiple of 16 */
	int kh, kw;
	struct c16_axis rows, columns;
	const float *x, *w, *bias;
	float *y;
	int add, relu;
};

/* Rows of one run of pixels that the same taps reach, for one block and two vectors. */
struct strip {
	const float *x, *w, *bias;
	float *y;
	int rows;
	size_t x_row, y_row;
	size_t x_line, x_pixel; /* floats from one input row or column to the next */
	const struct c16_axis_run *down, *right;
	int shift; /* columns past those of the run's first output */
	int kw, depth, blocks;
	size_t x_plane, w_plane; /* from one block to the next */
	size_t w_row; /* outputs of the group */
	size_t y_plane;
	int add, relu;
};

/* ---- forward and backward data ---- */

/*
 * One block of x and w into acc. `row`: floats from one row of x to the next, a constant
 * where it is LANES.
 */
INLINE void strip_block(int rows, int vecs, size_t row, const struct strip *t,
	const float *x, const float *w_block, vec acc[THIN][2])
{
	size_t w_row = t->w_row;

	for (int i = 0; i < t->down->taps; i++)
		for (int j = 0; j < t->right->taps; j++) {
			const struct c16_axis_tap *u = &t->down->tap[i];
			const struct c16_axis_tap *v = &t->right->tap[j];
			const float *a =
				x + u->in * t->x_line + (v->in + t->shift) * t->x_pixel;
			const float *w = w_block +
				(size_t)(u->k * t->kw + v->k) * t->depth * w_row;

			for (int k = t->depth; k; k--, a++, w += w_row) {
				vec b[2];

				UNROLL for (int n = 0; n < vecs; n++) b[n] =
					load(w + n * WIDTH);
				UNROLL for (int r = 0; r < rows; r++)
				{
					float s = a[r * row];

					UNROLL for (int n = 0; n < vecs; n++)
						acc[r][n] += b[n] * s;
				}
			}
		}
}

INLINE void strip_store(
	int rows, int vecs, const struct strip *t, float *y, vec acc[THIN][2])
{
	UNROLL for (int r = 0; r < rows; r++, y += t->y_row)
		UNROLL for (int n = 0; n < vecs; n++)
	{
		float *to = y + n * WIDTH / LANES * t->y_plane + n * WIDTH % LANES;
		vec sum = t->add ? load(to) + acc[r][n] : acc[r][n];

		store(to, t->relu ? relu(sum) : sum);
	}
}

INLINE void strip_tiles(
	int rows, int vecs, size_t row, const struct strip *t, int from, int tiles)
{
	const float *x = t->x + from * row;
	float *y = t->y + from * t->y_row;

	for (; tiles; tiles--, x += rows * row, y += rows * t->y_row) {
		vec acc[THIN][2];

		UNROLL for (int r = 0; r < rows; r++)
			UNROLL for (int n = 0; n < vecs; n++) acc[r][n] =
				t->bias ? load(t->bias + n * WIDTH) : (vec){ 0 };
		for (int i = 0; i < t->blocks; i++)
			strip_block(rows, vecs, row, t, x + i * t->x_plane,
				t->w + i * t->w_plane, acc);
		strip_store(rows, vecs, t, y, acc);
	}
}

#define STRIP_CASE(rows, vecs, row) \
	CASE(rows, strip_tiles(rows, vecs, row, t, from, tiles))

/* Rows of x one behind the other. */
static void strip_dense(int rows, int vecs, const struct strip *t, int from, int tiles)
{
#if WIDTH == 16
	if (vecs == 1) {
		switch (rows) {
			STRIP_CASE(8, 1, LANES)
			STRIP_CASE(THIN, 1, LANES)
		}
		return;
	}
#endif
	(void)vecs;
	switch (rows) {
#if WIDTH == 16
		STRIP_CASE(8, 2, LANES)
#endif
		STRIP_CASE(TALL, 2, LANES)
	}
}

/* Rows of x anywhere. */
static void strip_loose(int rows, int vecs, const struct strip *t, int from, int tiles)
{
#if WIDTH == 16
	if (vecs == 1) {
		switch (rows) {
			STRIP_CASE(1, 1, t->x_row)
			STRIP_CASE(2, 1, t->x_row)
			STRIP_CASE(4, 1, t->x_row)
			STRIP_CASE(8, 1, t->x_row)
		}
		return;
	}
#endif
	(void)vecs;
	switch (rows) {
		STRIP_CASE(1, 2, t->x_row)
		STRIP_CASE(2, 2, t->x_row)
		STRIP_CASE(4, 2, t->x_row)
#if WIDTH == 16
		STRIP_CASE(8, 2, t->x_row)
#endif
	}
}

/* Tiles of falling heights: as many of the highest as fit, the rest in powers of two. */
static void strip(int vecs, const struct strip *t)
{
	int dense = t->x_row == LANES, rows = vecs == 1 ? THIN : TALL, from = 0;

	if (t->add && !t->relu && !(t->down->taps && t->right->taps))
		return; /* pixels that no input reaches */
	if (dense && t->rows >= rows) {
		from = t->rows / rows * rows;
		strip_dense(rows, vecs, t, 0, t->rows / rows);
	}
	for (rows = WIDTH == 16 ? 8 : 4; from < t->rows; rows /= 2) {
		int tiles = (t->rows - from) / rows;

		if (tiles && dense && rows == 8)
			strip_dense(rows, vecs, t, from, tiles);
		else if (tiles)
			strip_loose(rows, vecs, t, from, tiles);
		from += tiles * rows;
	}
}

/*
 * The pixels of a run. Where x and y both go on without a gap they are one strip of
 * pixels and images; else each pixel is a strip of images or, for few images, each image
 * a strip of pixels.
 */
static void run_strips(const struct product_c16 *p, struct strip *t, int vecs)
{
	const struct c16_axis *a = &p->columns;
	const struct c16_axis_run *run = t->right;
	size_t y_step = (size_t)a->step * p->N * LANES;
	float *y = t->y;
	const float *x = t->x;

	t->shift = 0;
	t->x_row = p->lanes;
	t->y_row = LANES;
	if (run->count == 1 || (a->step == 1 && a->in_step == 1)) {
		t->rows = run->count * p->N;
		strip(vecs, t);
	} else if (p->N >= TALL) {
		t->rows = p->N;
		for (int i = 0; i < run->count; i++, t->y += y_step) {
			t->shift = i * a->in_step;
			strip(vecs, t);
		}
	} else {
		t->rows = run->count;
		t->x_row = (size_t)a->in_step * t->x_pixel;
		t->y_row = y_step;
		for (int n = 0; n < p->N; n++, t->x += p->lanes, t->y += LANES)
			strip(vecs, t);
	}
	t->x = x;
	t->y = y;
}

/* Lines [from, to) of y, some blocks of x, `vecs` vectors of a group. */
static void band_blocks(
	const struct product_c16 *p, struct strip *t, int vecs, int from, int to)
{
	float *y = t->y;

	for (int i = from; i < to; i++) {
		t->down = &p->rows.run[i];
		for (int j = 0; j < p->columns.runs; j++) {
			t->right = &p->columns.run[j];
			t->y = y +
				((size_t)t->down->first * p->OW + t->right->first) *
					p->N * LANES;
			run_strips(p, t, vecs);
		}
	}
	t->y = y;
}

/* One group of outputs, from output o. */
static void band_group(const struct product_c16 *p, int o, int from, int to)
{
	int width = panel_width(p->outs, o), taps = p->kh * p->kw;
	size_t x_plane = (size_t)p->H * p->W * p->N * p->lanes;
	size_t y_plane = (size_t)p->OH * p->OW * p->N * LANES;
	const float *w = p->w + (size_t)o * p->blocks * taps * p->depth;

	for (int block = 0; block < p->blocks; block += p->pass)
		for (int v = 0; v < width; v += 2 * WIDTH) {
			struct strip t = {
				.x = p->x + block * x_plane,
				.w = w + (size_t)block * taps * p->depth * width + v,
				.bias = p->bias && !block ? p->bias + o + v : NULL,
				.y = p->y + (o + v) / LANES * y_plane + v % LANES,
				.x_line = (size_t)p->W * p->N * p->lanes,
				.x_pixel = (size_t)p->N * p->lanes,
				.kw = p->kw,
				.depth = p->depth,
				.blocks = min_int(p->pass, p->blocks - block),
				.x_plane = x_plane,
				.w_plane = (size_t)taps * p->depth * width,
				.w_row = width,
				.y_plane = y_plane,
				.add = p->add || block,
				.relu = p->relu && block + p->pass >= p->blocks,
			};

			band_blocks(p, &t, min_int(2, (width - v) / WIDTH), from, to);
		}
}

static void product_c16(const struct product_c16 *p)
{
	int lines = max_int(1, BAND / (p->OW * p->N));

	for (int from = 0; from < p->OH; from += lines)
		for (int o = 0; o < p->outs; o += PANEL)
			band_group(p, o, from, min_int(p->OH, from + lines));
}

static size_t whole_lines(size_t bytes)
{
	return (bytes + 63) / 64 * 64;
}

static size_t axes_bytes(const struct conv_shape *s)
{
	return whole_lines(axis_bytes(max_int(s->OH, s->H), s->kh)) +
		whole_lines(axis_bytes(max_int(s->OW, s->W), s->kw));
}

static size_t conv_c16_work(const struct conv_shape *s)
{
	size_t weights = (size_t)round_up(s->C) * s->kh * s->kw * round_up(s->O);

	return axes_bytes(s) + sizeof(float) * (s->c4 ? 0 : weights);
}

/* Fills the lists of taps into work. */
static void product_axes(
	struct product_c16 *p, const struct conv_shape *s, int transposed, char *work)
{
	struct c16_axis_rule down = { p->OH, p->H, s->kh, s->stride, s->pad,
		s->dilation, transposed };
	struct c16_axis_rule right = { p->OW, p->W, s->kw, s->stride, s->pad,
		s->dilation, transposed };

	int terms = s->kh * s->kw * p->depth; /* of a block, for a pixel */

	if (transposed)
		terms = max_int(1, terms / (s->stride * s->stride));
	p->pass = (TERMS + terms - 1) / terms;
	p->rows = axis_of(&down, 0, work);
	p->columns = axis_of(
		&right, 1, work + whole_lines(axis_bytes(max_int(s->OH, s->H), s->kh)));
}

static void conv_c16_forward(const struct conv_shape *s, const float *x, const float *w,
	const float *b, float *y, void *work)
{
	struct product_c16 p = {
		.N = s->N,
		.H = s->H,
		.W = s->W,
		.OH = s->OH,
		.OW = s->OW,
		.lanes = s->c4 ? 4 : LANES,
		.depth = s->c4 ? s->C : LANES,
		.blocks = s->c4 ? 1 : round_up(s->C) / LANES,
		.outs = round_up(s->O),
		.kh = s->kh,
		.kw = s->kw,
		.x = x,
		.w = w,
		.bias = b,
		.y = y,
		.relu = s->relu,
	};

	product_axes(&p, s, 0, work);
	product_c16(&p);
}

/* Weights whose inputs and outputs have changed places, packed like any others. */
static void transpose_weights(const struct conv_shape *s, const float *w, float *to)
{
	int ins = round_up(s->C), outs = round_up(s->O), taps = s->kh * s->kw;

	for (int o = 0; o < outs; o += LANES)
		for (int c = 0; c < ins; c += LANES) {
			int og = o / PANEL * PANEL, cg = c / PANEL * PANEL;
			int wide = panel_width(outs, og),
			    to_wide = panel_width(ins, cg);
			const float *from = w + (size_t)og * ins * taps +
				(size_t)c * taps * wide + (o - og);
			float *into = to + (size_t)cg * outs * taps +
				(size_t)o * taps * to_wide + (c - cg);

			for (int i = 0; i < taps; i++)
				transpose(from + (size_t)i * LANES * wide, wide,
					into + (size_t)i * LANES * to_wide, to_wide);
		}
}

static void conv_c16_backward_data(const struct conv_shape *s, const float *w,
	const float *dy, float *dx, int add, void *work)
{
	float *transposed = (void *)((char *)work + axes_bytes(s));
	struct product_c16 p = {
		.N = s->N,
		.H = s->OH,
		.W = s->OW,
		.OH = s->H,
		.OW = s->W,
		.lanes = LANES,
		.depth = LANES,
		.blocks = round_up(s->O) / LANES,
		.outs = round_up(s->C),
		.kh = s->kh,
		.kw = s->kw,
		.x = dy,
		.w = transposed,
		.y = dx,
		.add = add,
	};

	transpose_weights(s, w, transposed);
	product_axes(&p, s, 1, work);
	product_c16(&p);
}

#endif
