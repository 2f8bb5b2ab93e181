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
#define C4 4 /* floats of a pixel of few channels */
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
	int shared; /* SHARED_ ...: how strip_shared may run it; 0: it may not */
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

#if WIDTH == 16
/*
 * One vector of outputs has as many loads as multiplications, one too many for the
 * processor. With eight images, three neighbouring taps of a row and no stride, a tile of
 * three pixels reads five of the input, and a value of the middle ones is loaded once for
 * all outputs that want it. The five are taken in the order in which the taps meet an
 * output, so that its sum keeps its order: from left to right in the forward pass, from
 * right to left (MIRRORED) in the backward one.
 */
#define SHARED_IMAGES 8
#define SHARED_TAPS 3
#define SHARED_PIXELS (THIN / SHARED_IMAGES)
enum { SHARED_NOT, SHARED_FORWARD, SHARED_MIRRORED };

/* Input pixel i of the five: a times the taps that it is of to outputs. */
INLINE void shared_pixel(int i, int mirrored, size_t row, const struct strip *t,
	const float *a, const float *w, vec acc[THIN][2])
{
	size_t tap = (size_t)t->depth * LANES;

	for (int k = t->depth; k; k--, a++, w += LANES) {
		vec b[SHARED_TAPS];

		UNROLL for (int j = 0; j < SHARED_TAPS; j++) if (i - j >= 0 &&
			i - j < SHARED_PIXELS) b[j] = load(w + j * tap);
		UNROLL for (int n = 0; n < SHARED_IMAGES; n++)
		{
			vec s = all(a[n * row]);

			if (i > 0 && i < SHARED_PIXELS + SHARED_TAPS - 2)
				PIN(s);
			UNROLL for (int j = 0; j < SHARED_TAPS; j++)
			{
				int pixel =
					mirrored ? SHARED_PIXELS - 1 - (i - j) : i - j;

				if (pixel >= 0 && pixel < SHARED_PIXELS)
					acc[pixel * SHARED_IMAGES + n][0] += b[j] * s;
			}
		}
	}
}

/* One block of x and w into acc, as strip_block has it. */
INLINE void strip_shared(int mirrored, size_t row, const struct strip *t,
	const float *x, const float *w_block, vec acc[THIN][2])
{
	size_t pixel = SHARED_IMAGES * row;
	const struct c16_axis_tap *v = t->right->tap;

	for (int i = 0; i < t->down->taps; i++) {
		const struct c16_axis_tap *u = &t->down->tap[i];
		const float *a = x + u->in * t->x_line + v->in * pixel;
		const float *w =
			w_block + (size_t)(u->k * t->kw + v->k) * t->depth * LANES;
		ptrdiff_t next = mirrored ? -(ptrdiff_t)pixel : (ptrdiff_t)pixel;

		if (mirrored)
			a += (SHARED_PIXELS - 1) * pixel;
		shared_pixel(0, mirrored, row, t, a, w, acc);
		shared_pixel(1, mirrored, row, t, a + next, w, acc);
		shared_pixel(2, mirrored, row, t, a + 2 * next, w, acc);
		shared_pixel(3, mirrored, row, t, a + 3 * next, w, acc);
		shared_pixel(4, mirrored, row, t, a + 4 * next, w, acc);
	}
}

/* Are the taps of the run neighbours that read neighbouring pixels? */
static int shared_of(const struct product_c16 *p, const struct strip *t)
{
	const struct c16_axis_tap *v = t->right->tap;
	int step = v[1].in - v[0].in;

	if (p->N != SHARED_IMAGES || t->right->taps != SHARED_TAPS ||
		t->w_row != LANES || v[1].k != v[0].k + 1 || v[2].k != v[0].k + 2 ||
		v[2].in - v[1].in != step)
		return SHARED_NOT;
	return step == 1 ? SHARED_FORWARD : step == -1 ? SHARED_MIRRORED : SHARED_NOT;
}
#else
static int shared_of(const struct product_c16 *p, const struct strip *t)
{
	(void)p;
	(void)t;
	return 0;
}
#endif

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

/* shared: SHARED_ ..., a constant. */
INLINE void strip_tiles_by(int shared, int rows, int vecs, size_t row,
	const struct strip *t, int from, int tiles)
{
	const float *x = t->x + from * row;
	float *y = t->y + from * t->y_row;

	(void)shared;
	for (; tiles; tiles--, x += rows * row, y += rows * t->y_row) {
		vec acc[THIN][2];

		UNROLL for (int r = 0; r < rows; r++)
			UNROLL for (int n = 0; n < vecs; n++) acc[r][n] =
				t->bias ? load(t->bias + n * WIDTH) : (vec){ 0 };
		for (int i = 0; i < t->blocks; i++) {
			const float *a = x + i * t->x_plane;
			const float *w = t->w + i * t->w_plane;

#if WIDTH == 16
			if (shared)
				strip_shared(
					shared == SHARED_MIRRORED, row, t, a, w, acc);
			else
#endif
				strip_block(rows, vecs, row, t, a, w, acc);
		}
		strip_store(rows, vecs, t, y, acc);
	}
}

INLINE void strip_tiles(
	int rows, int vecs, size_t row, const struct strip *t, int from, int tiles)
{
	strip_tiles_by(0, rows, vecs, row, t, from, tiles);
}

#define STRIP_CASE(rows, vecs, row) \
	CASE(rows, strip_tiles(rows, vecs, row, t, from, tiles))

#if WIDTH == 16
static void strip_of_three(const struct strip *t, int from, int tiles)
{
	if (t->x_row == LANES && t->shared == SHARED_FORWARD)
		strip_tiles_by(SHARED_FORWARD, THIN, 1, LANES, t, from, tiles);
	else if (t->x_row == LANES)
		strip_tiles_by(SHARED_MIRRORED, THIN, 1, LANES, t, from, tiles);
	else
		strip_tiles_by(SHARED_FORWARD, THIN, 1, C4, t, from, tiles);
}
#endif

/* Rows of x one behind the other, `row` floats of them, a constant. */
INLINE void strip_dense_by(
	size_t row, int rows, int vecs, const struct strip *t, int from, int tiles)
{
#if WIDTH == 16
	if (vecs == 1) {
		switch (rows) {
			STRIP_CASE(8, 1, row)
			STRIP_CASE(THIN, 1, row)
		}
		return;
	}
#endif
	(void)vecs;
	switch (rows) {
#if WIDTH == 16
		STRIP_CASE(8, 2, row)
#endif
		STRIP_CASE(TALL, 2, row)
	}
}

static void strip_dense(int rows, int vecs, const struct strip *t, int from, int tiles)
{
#if WIDTH == 16
	if (t->shared && rows == THIN) {
		strip_of_three(t, from, tiles);
		return;
	}
#endif
	if (t->x_row == LANES)
		strip_dense_by(LANES, rows, vecs, t, from, tiles);
	else
		strip_dense_by(C4, rows, vecs, t, from, tiles);
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
	int dense = t->x_row == LANES || t->x_row == C4;
	int rows = vecs == 1 ? THIN : TALL, from = 0;

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
	t->shared = 0;
	t->x_row = p->lanes;
	t->y_row = LANES;
	if (run->count == 1 || (a->step == 1 && a->in_step == 1)) {
		t->rows = run->count * p->N;
		t->shared = shared_of(p, t);
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
		.lanes = s->c4 ? C4 : LANES,
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
