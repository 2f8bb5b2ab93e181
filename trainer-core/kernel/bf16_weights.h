/*
 * Packed weights of float, as optimizers have them, and the tiles of bf16 that products
 * want; and gradients back into their places. Included by bf16.c alone; all static.
 */
#ifndef DELTAM_KERNEL_BF16_WEIGHTS_H
#define DELTAM_KERNEL_BF16_WEIGHTS_H

#include "trainer-core/kernel/bf16_view.h"

/*
 * Where 32 outputs of one input and tap lie: side by side, but for a thin linear layer
 * (kernel.h), whose outputs lie `next` floats apart.
 */
struct weight_run {
	size_t at, next;
	int n;
};

static struct weight_run weight_run(
	const struct conv_shape *s, bool thin, int o, int c, int tap)
{
	struct weight_run r = { .next = 1,
		.n = round_up(s->O) - o < BLOCK ? LANES : BLOCK };

	if (thin)
		return (struct weight_run){ c, round_up(s->C), s->O };
	r.at = conv_c16_index(s, o, c, tap / s->kw, tap % s->kw);
	return r;
}

static void weight_read(const float *w, const struct weight_run *r, float row[BLOCK])
{
	memset(row, 0, sizeof(float) * BLOCK);
	if (r->next == 1)
		memcpy(row, w + r->at, sizeof(float) * r->n);
	for (int i = 0; r->next > 1 && i < r->n; i++)
		row[i] = w[r->at + i * r->next];
}

static void weight_write(float *w, const struct weight_run *r, const float row[BLOCK])
{
	if (r->next == 1)
		memcpy(w + r->at, row, sizeof(float) * r->n);
	for (int i = 0; r->next > 1 && i < r->n; i++)
		w[r->at + i * r->next] = row[i];
}

/* Bytes of the tiles of a product with so many columns. */
static size_t weight_tiles(const struct bf16_view *v, int columns)
{
	return sizeof(uint16_t) * ceil_div(columns, BLOCK) * v->chunks * BLOCK *
		v->step;
}

/* The tiles that hold depth k of a group of 32 columns, the second one behind the first. */
static uint16_t *tiles_at(const struct bf16_view *v, uint16_t *b, int group, int k)
{
	return b + ((size_t)group * v->chunks + k / v->step) * BLOCK * v->step;
}

/* Values of one of them. */
static size_t tile_values(const struct bf16_view *v)
{
	return (size_t)TILE * v->step;
}

/* 32 outputs from o on at depth k of the forward pass, zeros behind its end. */
static void weights_row(const struct bf16_view *v, const struct conv_shape *s,
	bool thin, const float *w, int o, int k, float row[BLOCK])
{
	int chunk = k / v->step, tap = chunk % v->taps;
	int c = chunk / v->taps * v->step + k % v->step;
	struct weight_run r;

	memset(row, 0, sizeof(float) * BLOCK);
	if (c >= v->channels)
		return;
	if (v->joined) {
		tap = tap * v->kw + c / v->C;
		c %= v->C;
	}
	r = weight_run(s, thin, o, c, tap);
	weight_read(w, &r, row);
}

/* Columns are outputs, the depth is that of the forward pass. */
static void weights_forward(const struct bf16_view *v, const struct conv_shape *s,
	bool thin, const float *w, uint16_t *b)
{
	float even[BLOCK] __attribute__((aligned(64)));
	float odd[BLOCK] __attribute__((aligned(64)));

	for (int o = 0; o < s->O; o += BLOCK)
		for (int k = 0; k < v->chunks * v->step; k += 2) {
			uint16_t *to =
				tiles_at(v, b, o / BLOCK, k) + k % v->step / 2 * DEPTH;

			weights_row(v, s, thin, w, o, k, even);
			weights_row(v, s, thin, w, o, k + 1, odd);
			bf16_pack_pairs(even, odd, to);
			bf16_pack_pairs(even + TILE, odd + TILE, to + tile_values(v));
		}
}

/*
 * n outputs of column c from output o on, as the view has tap (ky, kx): two by two where
 * they are pairs of one chunk.
 */
static void column_put(const struct bf16_view *v, uint16_t *b, int c, int o, int ky,
	int kx, const uint16_t *t, int n)
{
	size_t column = c % BLOCK / TILE * tile_values(v) + (size_t)c % TILE * 2;
	uint16_t *to = tiles_at(v, b, c / BLOCK, view_at(v, o, ky, kx)) + column;
	int i = 0;

	for (; !v->joined && i + 2 <= n; i += 2, to += DEPTH)
		memcpy(to, t + i, 2 * sizeof(*t));
	for (; i < n; i++) {
		int k = view_at(v, o + i, ky, kx);

		to = tiles_at(v, b, c / BLOCK, k) + column;
		to[k % v->step / 2 * DEPTH + k % 2] = t[i];
	}
}

/* Columns are inputs, the depth is outputs through the taps from last to first. */
static void weights_backward(const struct bf16_view *v, const struct conv_shape *s,
	bool thin, const float *w, uint16_t *b)
{
	float row[BLOCK] __attribute__((aligned(64)));
	uint16_t t[BLOCK];

	memset(b, 0, weight_tiles(v, s->C));
	for (int o = 0; o < s->O; o += BLOCK)
		for (int c = 0; c < s->C; c++)
			for (int tap = 0; tap < v->kh * v->kw; tap++) {
				struct weight_run r = weight_run(s, thin, o, c, tap);

				weight_read(w, &r, row);
				bf16_pack(row, t);
				bf16_pack(row + LANES, t + LANES);
				column_put(v, b, c, o, v->kh - 1 - tap / v->kw,
					v->kw - 1 - tap % v->kw, t,
					min_int(BLOCK, s->O - o));
			}
}

/* Sums (groups of 32 outputs, chunks, 32, 32 of the depth) to their places. */
static void weights_gradient(const struct bf16_view *v, const struct conv_shape *s,
	bool thin, const float *sums, float *dw)
{
	float row[BLOCK];
	int taps = v->kh * v->kw;

	for (int o = 0; o < s->O; o += BLOCK)
		for (int i = 0; i < s->C * taps; i++) {
			int c = i / taps, tap = i % taps;
			struct weight_run r = weight_run(s, thin, o, c, tap);
			int k = view_at(v, c, tap / v->kw, tap % v->kw);
			const float *from = sums +
				((size_t)o / BLOCK * v->chunks + k / v->step) * BLOCK *
					BLOCK +
				k % v->step;

			for (int j = 0; j < BLOCK; j++)
				row[j] = from[j * BLOCK];
			weight_write(dw, &r, row);
		}
}

#endif
