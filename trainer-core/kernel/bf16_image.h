/*
 * The values of a view from where the caller has them. Included by bf16.c alone; all
 * static.
 */
#ifndef DELTAM_KERNEL_BF16_IMAGE_H
#define DELTAM_KERNEL_BF16_IMAGE_H

#include "trainer-core/kernel/bf16_view.h"

/* n of the caller's values side by side, from the at-th on. */
INLINE void take_values(
	const struct bf16_view *v, const void *x, size_t at, int n, uint16_t *to)
{
	const float *wide = (const float *)x + at;

	if (!v->wide)
		memcpy(to, (const uint16_t *)x + at, sizeof(*to) * n);
	for (int c = 0; v->wide && c < n; c++)
		to[c] = (uint16_t)(bf16_nearest(float_bits(wide[c])) >> 16);
}

/* ---- joined: first sample by sample, pixels side by side without gaps ---- */

/* The channels of pixel (y, x) of sample n: `to` has room for sixteen behind them. */
static void take_pixel(
	const struct bf16_view *v, const void *from, int n, int y, int x, uint16_t *to)
{
	size_t p = (size_t)y * v->W + x, at = p * v->N + n;
	size_t plane = (size_t)v->H * v->W * v->N;

	if (v->lie == LIE_ROWS)
		take_values(v, from, (size_t)n * v->C, v->C, to);
	else if (v->lie == LIE_C4)
		take_values(v, from, at * 4, 4, to);
	else
		for (int c = 0; c < v->C; c += LANES)
			take_values(v, from, c * plane + at * LANES, LANES, to + c);
}

/*
 * Samples side by side of which a pixel is read together, since they lie so. Each pixel is
 * written through t, for it has more room than there is.
 */
#define TOGETHER 16

static void fill_dense(const struct bf16_view *v, const void *from)
{
	uint16_t t[2 * DEPTH];
	uint16_t *first = v->dense + (size_t)v->border * v->C;

	memset(v->dense, 0, dense_values(v) * sizeof(*t));
	for (int part = 0; part < v->N; part += TOGETHER)
		for (int p = 0; p < v->H * v->W; p++)
			for (int n = part; n < min_int(part + TOGETHER, v->N); n++) {
				int y = p / v->W, x = p % v->W;
				size_t line = (size_t)n * v->H + y;

				take_pixel(v, from, n, y, x, t);
				memcpy(first + line * v->dense_line + x * v->C, t,
					sizeof(*t) * v->C);
			}
}

/* What position x reads of a line, from value c of the run on, where taps lie apart. */
static void join_apart(
	const struct bf16_view *v, const uint16_t *line, int x, int c, uint16_t *to)
{
	for (int i = 0; i < LANES; i++) {
		int column =
			c + i < v->channels ? v->xs[x * v->kw + (c + i) / v->C] : -1;

		to[i] = column < 0 ? 0 : line[column * v->C + (c + i) % v->C];
	}
}

/* Values c to c + 15 of what every position reads of line y, zeros behind the last. */
static void join_line(const struct bf16_view *v, int c, int y, uint16_t *to, int pitch)
{
	size_t sample = v->H * v->dense_line;
	const uint16_t *line = v->dense + y * v->dense_line;
	uint16_t mask[LANES];

	for (int i = 0; i < LANES; i++)
		mask[i] = c + i < v->channels ? 0xffff : 0;
	for (int x = 0; x < v->OW; x++) {
		int at = (v->first + x * v->stride + v->border) * v->C + c;

		for (int n = 0; n < v->N; n++, to += pitch) {
			const uint16_t *from = line + n * sample;

			if (v->stride < 0)
				join_apart(v, from, x, c, to);
			else
				for (int i = 0; i < LANES; i++)
					to[i] = from[at + i] & mask[i];
		}
	}
}

/* ---- line by line, sixteen channels after the other ---- */

/* Rows of all images: the `live` channels there are, of sixteen, from the at-th value on. */
static void take_rows(const struct bf16_view *v, const void *x, size_t at, int live,
	uint16_t *to, int pitch)
{
	size_t next = v->lie == LIE_ROWS ? (size_t)v->C : LANES;

	if (live == LANES) {
		for (int i = 0; i < v->N; i++, at += next, to += pitch)
			take_values(v, x, at, LANES, to);
		return;
	}
	for (int i = 0; i < v->N; i++, at += next, to += pitch) {
		take_values(v, x, at, live, to);
		memset(to + live, 0, sizeof(*to) * (LANES - live));
	}
}

static void clear_rows(int n, uint16_t *to, int pitch)
{
	for (int i = 0; i < n; i++, to += pitch)
		memset(to, 0, sizeof(*to) * LANES);
}

/* Channels c to c + 15 of column `column` of line y. */
static void fill_column(const struct bf16_view *v, const void *x, int c, int y,
	int column, uint16_t *to, int pitch)
{
	size_t line = ((size_t)c / LANES * v->H + y) * v->W;

	if (c >= v->C || column < 0 || column >= v->W)
		clear_rows(v->N, to, pitch);
	else if (v->lie == LIE_ROWS)
		take_rows(v, x, (size_t)c, min_int(LANES, v->C - c), to, pitch);
	else
		take_rows(v, x, (line + column) * v->N * LANES, LANES, to, pitch);
}

/* The same of a whole line, its border included. */
static void fill_line(
	const struct bf16_view *v, const void *x, int c, int y, uint16_t *to, int pitch)
{
	if (v->joined) {
		join_line(v, c, y, to, pitch);
		return;
	}
	for (int phase = 0; phase < v->phases; phase++)
		for (int i = 0; i < v->columns; i++) {
			fill_column(
				v, x, c, y, i * v->phases + phase - v->left, to, pitch);
			to += (size_t)v->N * pitch;
		}
}

static void fill_rows(const struct bf16_view *v, const void *x)
{
	uint16_t *to = v->image;

	for (int c = 0; c < v->channels; c += v->step)
		for (int y = 0; y < v->H; y++, to += v->rows * v->step)
			for (int half = 0; half < v->step; half += LANES)
				fill_line(v, x, c + half, y, to + half, v->step);
}

/* Two neighbouring rows are the pairs of a row of a tile. */
static void fill_pairs(const struct bf16_view *v, const void *x)
{
	size_t pairs = v->rows / 2 + 1;

	memset(v->line + v->rows * LANES, 0, 3 * LANES * sizeof(*v->line));
	for (int c = 0; c < v->channels; c += LANES)
		for (int y = 0; y < v->H; y++) {
			uint16_t *to = v->image + c / LANES * v->plane;

			fill_line(v, x, c, y, v->line, LANES);
			for (int parity = 0; parity < v->parities; parity++) {
				const uint16_t *from = v->line + parity * LANES;
				uint16_t *p = to + (parity * v->H + y) * pairs * DEPTH;

				for (size_t i = 0; i < pairs; i++, from += 2 * LANES)
					bf16_pair(from, from + LANES, p + i * DEPTH);
			}
		}
}

static void view_fill(const struct bf16_view *v, const void *x)
{
	if (v->joined)
		fill_dense(v, x);
	if (v->pairs)
		fill_pairs(v, x);
	else
		fill_rows(v, x);
	memset(v->image + view_values(v) - VIEW_SLACK, 0,
		VIEW_SLACK * sizeof(*v->image));
}

#endif
