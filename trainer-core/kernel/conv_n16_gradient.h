/*
 * The gradient of a convolution on sixteen images side by side, before pooling and ReLU:
 * expanded row by row for both backward passes. Included by vector.c alone; all static.
 */
#ifndef DELTAM_KERNEL_CONV_N16_GRADIENT_H
#define DELTAM_KERNEL_CONV_N16_GRADIENT_H

#include "trainer-core/kernel/conv_n16.h"

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

#endif
