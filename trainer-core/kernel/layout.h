/*
 * Between rows and blocks of sixteen: transposes of 16 x 16, and the gathering of a batch.
 * Included by vector.c and bf16.c; all static.
 */
#ifndef DELTAM_KERNEL_LAYOUT_H
#define DELTAM_KERNEL_LAYOUT_H

#include "trainer-core/kernel/width.h"

/* f(i, x, y) for every lane i: the indices of a shuffle must be constants. */
#define EACH_OF_4(f, i, x, y) f(i, x, y), f(i + 1, x, y), f(i + 2, x, y), f(i + 3, x, y)
#define EACH_OF_16(f, x, y) \
	EACH_OF_4(f, 0, x, y), EACH_OF_4(f, 4, x, y), EACH_OF_4(f, 8, x, y), \
		EACH_OF_4(f, 12, x, y)

#if WIDTH == 16
/* One stage of the transpose: rows i and i + step exchange their off-diagonal parts. */
#define EXCHANGED(i, step, add) ((add) + ((i) & (step) ? 16 + (i) - (step) : (i)))
#define STAGE(r, step) \
	UNROLL for (int i = 0; i < 16; i++) if (!(i & (step))) \
	{ \
		vec a = r[i], b = r[i + (step)]; \
		r[i] = __builtin_shufflevector(a, b, EACH_OF_16(EXCHANGED, step, 0)); \
		r[i + (step)] = __builtin_shufflevector( \
			a, b, EACH_OF_16(EXCHANGED, step, step)); \
	}

/* to[j * to_row + i] = from[i * from_row + j] */
INLINE void transpose(const float *from, size_t from_row, float *to, size_t to_row)
{
	vec r[16];

	UNROLL for (int i = 0; i < 16; i++) r[i] = load(from + i * from_row);
	STAGE(r, 1)
	STAGE(r, 2)
	STAGE(r, 4)
	STAGE(r, 8)
	UNROLL for (int i = 0; i < 16; i++) store(to + i * to_row, r[i]);
}
#else
INLINE void transpose(const float *from, size_t from_row, float *to, size_t to_row)
{
	for (int j = 0; j < 16; j++)
		UNROLL for (int i = 0; i < 16; i++) to[j * to_row + i] =
			from[i * from_row + j];
}
#endif

/* The transpose where only rows x columns exist. */
static void transpose_part(int rows, int columns, const float *from, size_t from_row,
	float *to, size_t to_row)
{
	for (int j = 0; j < columns; j++)
		for (int i = 0; i < rows; i++)
			to[j * to_row + i] = from[i * from_row + j];
}

static void n16_to_rows(int N, int F, const float *x, float *y)
{
	for (int n = 0; n < N; n += LANES, x += (size_t)F * LANES)
		for (int f = 0; f < F; f += LANES) {
			float *to = y + (size_t)n * F + f;

			if (n + LANES <= N && f + LANES <= F)
				transpose(x + f * LANES, LANES, to, F);
			else
				transpose_part(min_int(LANES, F - f),
					min_int(LANES, N - n), x + f * LANES, LANES, to,
					F);
		}
}

static void rows_to_n16(int N, int F, const float *x, float *y)
{
	for (int n = 0; n < N; n += LANES, y += (size_t)F * LANES) {
		if (n + LANES > N)
			memset(y, 0, sizeof(float) * F * LANES);
		for (int f = 0; f < F; f += LANES) {
			const float *from = x + (size_t)n * F + f;

			if (n + LANES <= N && f + LANES <= F)
				transpose(from, F, y + f * LANES, LANES);
			else
				transpose_part(min_int(LANES, N - n),
					min_int(LANES, F - f), from, F, y + f * LANES,
					LANES);
		}
	}
}

/* Four rounds of interleaving row i with row i + 8 transpose sixteen rows of bytes. */
#define INTERLEAVED(i, first, second) (((i) % 2 ? (second) : (first)) + (i) / 2)

INLINE void interleave(const b16 from[16], b16 to[16])
{
	UNROLL for (int i = 0; i < 8; i++)
	{
		to[2 * i] = __builtin_shufflevector(
			from[i], from[i + 8], EACH_OF_16(INTERLEAVED, 0, 16));
		to[2 * i + 1] = __builtin_shufflevector(
			from[i], from[i + 8], EACH_OF_16(INTERLEAVED, 8, 24));
	}
}

/* Sixteen neighbouring bytes of sixteen rows into (16, 16) floats, image by lane. */
INLINE void transpose_bytes(
	const uint8_t *const row[16], size_t at, float scale, float *to)
{
	b16 r[16], t[16];

	UNROLL for (int i = 0; i < 16; i++) memcpy(&r[i], row[i] + at, 16);
	interleave(r, t);
	interleave(t, r);
	interleave(r, t);
	interleave(t, r);
	UNROLL for (int i = 0; i < 16; i++) UNROLL for (int h = 0; h < HALVES; h++)
	{
		ivec part = widen_part(r[i], h);

		store(to + i * LANES + h * WIDTH,
			__builtin_convertvector(part, vec) * scale);
	}
}

static void gather_u8_n16(
	int N, int F, const uint8_t *data, const int *index, float scale, float *y)
{
	for (int n = 0; n < N; n += LANES, y += (size_t)F * LANES) {
		const uint8_t *row[LANES];
		int images = min_int(LANES, N - n);

		/* Missing images repeat the last one and are cleared below. */
		for (int i = 0; i < LANES; i++)
			row[i] = data + (size_t)index[n + min_int(i, images - 1)] * F;
		for (int f = 0; f + LANES <= F; f += LANES)
			transpose_bytes(row, f, scale, y + f * LANES);
		for (int f = F / LANES * LANES; f < F; f++)
			for (int i = 0; i < LANES; i++)
				y[f * LANES + i] = (float)row[i][f] * scale;
		for (int f = 0; images < LANES && f < F; f++)
			for (int i = images; i < LANES; i++)
				y[f * LANES + i] = 0;
	}
}

static void gather_f32_n16(int N, int F, const float *data, const int *index, float *y)
{
	for (int n = 0; n < N; n += LANES, y += (size_t)F * LANES) {
		int images = min_int(LANES, N - n);

		for (int i = 0; i < LANES; i++) {
			const float *from =
				data + (size_t)index[n + min_int(i, images - 1)] * F;

			for (int f = 0; f < F; f++)
				y[f * LANES + i] = i < images ? from[f] : 0;
		}
	}
}

static void gather_u8_rows(
	int N, int F, const uint8_t *data, const int *index, float scale, float *y)
{
	for (int n = 0; n < N; n++)
		for (int f = 0; f < F; f++)
			y[(size_t)n * F + f] =
				(float)data[(size_t)index[n] * F + f] * scale;
}

static void gather_f32_rows(int N, int F, const float *data, const int *index, float *y)
{
	for (int n = 0; n < N; n++)
		memcpy(y + (size_t)n * F, data + (size_t)index[n] * F,
			sizeof(float) * F);
}

#endif
