/*
 * Linear layers on rows. Wide ones (16 outputs and more) keep their weights in panels
 * (in, 32): outputs fill the vector. Thin ones keep rows of weights: inputs fill it.
 * Included by vector.c alone; all static.
 */
#ifndef DELTAM_KERNEL_LINEAR_H
#define DELTAM_KERNEL_LINEAR_H

#include "trainer-core/kernel/lanes.h"
#include "trainer-core/kernel/product.h"

static int thin(int out)
{
	return out < LANES;
}

static size_t linear_work(const struct linear_shape *s)
{
	size_t out = max_int(round_up(s->out), PANEL);
	size_t gradient = (size_t)s->N * out;
	size_t copy = (size_t)s->N * round_up(s->in);
	size_t panel = out * PANEL;

	return sizeof(float) * (gradient + (copy > panel ? copy : panel));
}

/* x with rows of a whole number of vectors: itself, or a copy that ends in zeros. */
static const float *padded_rows(int N, int in, const float *x, float *copy)
{
	int row = round_up(in);

	if (in == row)
		return x;
	for (int n = 0; n < N; n++) {
		memcpy(copy + (size_t)n * row, x + (size_t)n * in, sizeof(float) * in);
		memset(copy + (size_t)n * row + in, 0, sizeof(float) * (row - in));
	}
	return copy;
}

/* ---- forward ---- */

#define DOT_ROWS 4
#if WIDTH == 16
#define DOT_OUTS 4
#else
#define DOT_OUTS 2
#endif

/* y of some rows and outputs, each a dot product over rows of F (whole vectors). */
INLINE void dots(int rows, int outs, int F, const float *x, const float *w, float *sums)
{
	float lanes[DOT_ROWS * DOT_OUTS][WIDTH] __attribute__((aligned(64))) = { 0 };
	vec acc[DOT_ROWS][DOT_OUTS];

	UNROLL for (int r = 0; r < rows; r++) UNROLL for (int o = 0; o < outs; o++)
		acc[r][o] = (vec){ 0 };
	for (int f = 0; f < F; f += WIDTH) {
		vec a[DOT_ROWS];

		UNROLL for (int r = 0; r < rows; r++) a[r] =
			load(x + (size_t)r * F + f);
		UNROLL for (int o = 0; o < outs; o++)
		{
			vec b = load(w + (size_t)o * F + f);

			UNROLL for (int r = 0; r < rows; r++) acc[r][o] += a[r] * b;
		}
	}
	UNROLL for (int r = 0; r < rows; r++) UNROLL for (int o = 0; o < outs; o++)
		store(lanes[r * DOT_OUTS + o], acc[r][o]);
#if WIDTH == 16
	sum_lanes(rows > 1 ? DOT_ROWS * DOT_OUTS : 1, lanes[0], sums);
#else
	for (int r = 0; r < rows; r++)
		for (int o = 0; o < outs; o++)
			sums[r * DOT_OUTS + o] =
				sum_tree(lanes[r * DOT_OUTS + o], WIDTH);
#endif
}

static void dots_any(
	int rows, int outs, int F, const float *x, const float *w, float *sums)
{
	if (rows < DOT_ROWS) {
		for (int r = 0; r < rows; r++)
			for (int o = 0; o < outs; o++)
				dots(1, 1, F, x + (size_t)r * F, w + (size_t)o * F,
					sums + r * DOT_OUTS + o);
		return;
	}
	switch (outs) {
		CASE(1, dots(DOT_ROWS, 1, F, x, w, sums))
		CASE(2, dots(DOT_ROWS, 2, F, x, w, sums))
#if DOT_OUTS > 2
		CASE(3, dots(DOT_ROWS, 3, F, x, w, sums))
		CASE(4, dots(DOT_ROWS, 4, F, x, w, sums))
#endif
	}
}

static void thin_forward(const struct linear_shape *s, const float *x, const float *w,
	const float *b, float *y, float *work)
{
	int F = round_up(s->in);
	const float *rows = padded_rows(s->N, s->in, x, work);

	for (int n = 0; n < s->N; n += DOT_ROWS)
		for (int o = 0; o < s->out; o += DOT_OUTS) {
			float sums[DOT_ROWS * DOT_OUTS];
			int R = min_int(DOT_ROWS, s->N - n);
			int O = min_int(DOT_OUTS, s->out - o);

			dots_any(
				R, O, F, rows + (size_t)n * F, w + (size_t)o * F, sums);
			for (int r = 0; r < R; r++)
				for (int i = 0; i < O; i++) {
					float v = sums[r * DOT_OUTS + i] +
						(b ? b[o + i] : 0);

					y[(size_t)(n + r) * s->out + o + i] =
						s->relu && v <= 0 ? 0 : v;
				}
		}
}

static void linear_forward(const struct linear_shape *s, const float *x, const float *w,
	const float *b, float *y, void *work)
{
	float *bias = work;

	if (thin(s->out)) {
		thin_forward(s, x, w, b, y, work);
		return;
	}
	memset(bias, 0, sizeof(float) * round_up(s->out));
	if (b)
		memcpy(bias, b, sizeof(float) * s->out);
	for (int o = 0; o < s->out; o += PANEL) {
		int width = panel_width(s->out, o);

		product(&(struct product){
			.rows = s->N,
			.depth = s->in,
			.columns = width,
			.a = x,
			.a_row = s->in,
			.a_step = 1,
			.b = w + (size_t)o * s->in,
			.b_row = width,
			.c = y + o,
			.c_row = s->out,
			.c_columns = min_int(width, s->out - o),
			.relu = s->relu,
			.bias = bias + o,
		});
	}
}

/* ---- backward ---- */

/* The gradient before ReLU of outputs [o, o + n), as rows of `width` with zeros behind. */
static void masked_panel(const struct linear_shape *s, const float *y, const float *dy,
	int o, int width, float *to)
{
	for (int r = 0; r < s->N; r++) {
		const float *g = dy + (size_t)r * s->out + o;
		const float *value = s->relu ? y + (size_t)r * s->out + o : NULL;

		for (int v = 0; v < width; v += WIDTH, to += WIDTH) {
			int n = s->out - o - v;
			vec d = load_part(g + v, n);

			if (value)
				d = keep(~(load_part(value + v, n) <= 0), d);
			store(to, d);
		}
	}
}

static void sum_rows(int N, int width, const float *g, float *sums)
{
	for (int v = 0; v < width; v += WIDTH) {
		vec sum = { 0 };

		for (int n = 0; n < N; n++)
			sum += load(g + (size_t)n * width + v);
		store(sums + v, sum);
	}
}

static void thin_weights(const struct linear_shape *s, const float *x, const float *g,
	float *dw, float *copy)
{
	int F = round_up(s->in);

	product(&(struct product){
		.rows = s->out,
		.depth = s->N,
		.columns = F,
		.a = g,
		.a_row = 1,
		.a_step = LANES,
		.b = padded_rows(s->N, s->in, x, copy),
		.b_row = F,
		.c = dw,
		.c_row = F,
		.c_columns = F,
	});
}

/*
 * x as (in / 16, N, 16): a tile then reads neighbouring lines, while columns of x lie a
 * whole row apart and fight for the same few cache sets. The last group ends in zeros.
 */
static void pack_inputs(const struct linear_shape *s, const float *x, float *to)
{
	for (int i = 0; i < s->in; i += LANES) {
		int n = min_int(LANES, s->in - i);

		for (int r = 0; r < s->N; r++, to += LANES) {
			const float *from = x + (size_t)r * s->in + i;

			UNROLL for (int v = 0; v < LANES; v += WIDTH)
				store(to + v, load_part(from + v, n - v));
		}
	}
}

/* One panel of dw from packed inputs and a panel of the gradient. */
static void panel_weights(const struct linear_shape *s, const float *x, const float *g,
	int width, float *dw)
{
	for (int i = 0; i < s->in; i += LANES)
		product(&(struct product){
			.rows = min_int(LANES, s->in - i),
			.depth = s->N,
			.columns = width,
			.a = x + (size_t)i * s->N,
			.a_row = 1,
			.a_step = LANES,
			.b = g,
			.b_row = width,
			.c = dw + (size_t)i * width,
			.c_row = width,
			.c_columns = width,
		});
}

static void linear_backward_weights(const struct linear_shape *s, const float *x,
	const float *y, const float *dy, float *dw, float *db, void *work)
{
	float *g = work;
	float *copy = g + (size_t)s->N * PANEL;

	if (!thin(s->out))
		pack_inputs(s, x, copy);
	for (int o = 0; o < s->out; o += PANEL) {
		int width = panel_width(s->out, o);
		float sums[PANEL];

		masked_panel(s, y, dy, o, width, g);
		if (db) {
			sum_rows(s->N, width, g, sums);
			memcpy(db + o, sums,
				sizeof(float) * min_int(width, s->out - o));
		}
		if (thin(s->out))
			thin_weights(s, x, g, dw, copy);
		else
			panel_weights(s, copy, g, width, dw + (size_t)o * s->in);
	}
}

/* Inputs [i, i + width) of the panels of w as rows (out, width). */
static void transposed_panel(
	const struct linear_shape *s, const float *w, int i, int width, float *to)
{
	for (int o = 0; o < s->out; o += PANEL) {
		int n = panel_width(s->out, o);
		const float *panel = w + (size_t)o * s->in;

		for (int p = 0; p < n; p += LANES)
			for (int q = 0; q < width; q += LANES) {
				const float *from = panel + (size_t)(i + q) * n + p;
				float *at = to + (size_t)(o + p) * width + q;

				if (i + q + LANES <= s->in)
					transpose(from, n, at, width);
				else
					transpose_part(s->in - i - q, LANES, from, n,
						at, width);
			}
	}
}

static void linear_backward_data(const struct linear_shape *s, const float *w,
	const float *y, const float *dy, float *dx, int add, void *work)
{
	float *g = work;
	float *panel = g + (size_t)s->N * round_up(s->out);
	struct product p = {
		.rows = s->N,
		.depth = s->out,
		.a = g,
		.a_row = round_up(s->out),
		.a_step = 1,
		.c_row = s->in,
		.add = add,
	};

	masked_panel(s, y, dy, 0, round_up(s->out), g);
	if (thin(s->out)) {
		p.b = w;
		p.b_row = p.columns = round_up(s->in);
		p.c = dx;
		p.c_columns = s->in;
		product(&p);
		return;
	}
	if (s->in % LANES)
		memset(panel, 0, sizeof(float) * PANEL * round_up(s->out));
	for (int i = 0; i < s->in; i += PANEL) {
		p.columns = panel_width(s->in, i);
		transposed_panel(s, w, i, p.columns, panel);
		p.b = panel;
		p.b_row = p.columns;
		p.c = dx + i;
		p.c_columns = min_int(p.columns, s->in - i);
		product(&p);
	}
}

#endif
