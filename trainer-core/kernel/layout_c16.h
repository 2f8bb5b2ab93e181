/*
 * Between rows and channels side by side: sixteen of them (C16) or four (C4). Included by
 * vector.c and bf16.c; all static.
 */
#ifndef DELTAM_KERNEL_LAYOUT_C16_H
#define DELTAM_KERNEL_LAYOUT_C16_H

#include "trainer-core/kernel/layout.h"

/* At most sixteen channels of an image into pixels that lie `pixel` floats apart. */
static void channels_to_c16(int C, int HW, const float *x, size_t pixel, float *y)
{
	int whole = HW / LANES * LANES;
	float part[LANES * LANES] __attribute__((aligned(64))) = { 0 };

	for (int i = 0; i < whole; i += LANES) {
		for (int c = 0; C < LANES && c < C; c++)
			memcpy(part + c * LANES, x + (size_t)c * HW + i,
				sizeof(float) * LANES);
		if (C < LANES)
			transpose(part, LANES, y + i * pixel, pixel);
		else
			transpose(x + i, HW, y + i * pixel, pixel);
	}
	for (int i = whole; i < HW; i++)
		for (int c = 0; c < LANES; c++)
			y[i * pixel + c] = c < C ? x[(size_t)c * HW + i] : 0;
}

static void c16_to_channels(int C, int HW, const float *x, size_t pixel, float *y)
{
	int whole = HW / LANES * LANES;
	float part[LANES * LANES] __attribute__((aligned(64)));

	for (int i = 0; i < whole; i += LANES) {
		if (C == LANES) {
			transpose(x + i * pixel, pixel, y + i, HW);
			continue;
		}
		transpose(x + i * pixel, pixel, part, LANES);
		for (int c = 0; c < C; c++)
			memcpy(y + (size_t)c * HW + i, part + c * LANES,
				sizeof(float) * LANES);
	}
	for (int c = 0; c < C; c++)
		for (int i = whole; i < HW; i++)
			y[(size_t)c * HW + i] = x[i * pixel + c];
}

static void c16_to_rows(int N, int C, int HW, const float *x, float *y)
{
	for (int n = 0; n < N; n++)
		for (int c = 0; c < C; c += LANES)
			c16_to_channels(min_int(LANES, C - c), HW,
				x + ((size_t)c * HW * N + (size_t)n * LANES),
				(size_t)N * LANES, y + ((size_t)n * C + c) * HW);
}

/* One image of C planes into its place n of N. */
static void image_to_c16(int N, int n, int C, int HW, const float *x, float *y)
{
	for (int c = 0; c < C; c += LANES)
		channels_to_c16(min_int(LANES, C - c), HW, x + (size_t)c * HW,
			(size_t)N * LANES,
			y + ((size_t)c * HW * N + (size_t)n * LANES));
}

static void rows_to_c16(int N, int C, int HW, const float *x, float *y)
{
	for (int n = 0; n < N; n++)
		image_to_c16(N, n, C, HW, x + (size_t)n * C * HW, y);
}

/*
 * y = a x, or y += a x, sixteen pixels of at most sixteen channels; x (C, HW). Here and
 * below `add` is a constant, since a product and a sum in two branches are not fused.
 */
INLINE void add_pixels(
	int add, int C, int HW, float a, const float *x, size_t pixel, float *y)
{
	float planes[LANES * LANES] __attribute__((aligned(64))) = { 0 };
	float turned[LANES * LANES] __attribute__((aligned(64)));

	for (int c = 0; c < C; c++)
		memcpy(planes + c * LANES, x + (size_t)c * HW, sizeof(float) * LANES);
	transpose(planes, LANES, turned, LANES);
	for (int i = 0; i < LANES; i++, y += pixel)
		for (int v = 0; v < LANES; v += WIDTH) {
			vec sum = { 0 };

			if (add)
				sum = load(y + v);
			sum += a * load(turned + i * LANES + v);
			store(y + v, sum);
		}
}

INLINE void add_channels(
	int add, int C, int HW, float a, const float *x, size_t pixel, float *y)
{
	int i = 0;

	for (; i + LANES <= HW; i += LANES)
		add_pixels(add, C, HW, a, x + i, pixel, y + i * pixel);
	for (; i < HW; i++) {
		float one[LANES] = { 0 }, *to = y + i * pixel;

		for (int c = 0; c < C; c++)
			one[c] = x[(size_t)c * HW + i];
		for (int v = 0; v < LANES; v += WIDTH) {
			vec sum = { 0 };

			if (add)
				sum = load(to + v);
			sum += a * load(one + v);
			store(to + v, sum);
		}
	}
}

static void add_rows_c16(
	int N, int C, int HW, float a, const float *x, float *y, int add)
{
	for (int n = 0; n < N; n++)
		for (int c = 0; c < C; c += LANES) {
			const float *from = x + ((size_t)n * C + c) * HW;
			float *to = y + ((size_t)c * HW * N + (size_t)n * LANES);
			int channels = min_int(LANES, C - c);
			size_t pixel = (size_t)N * LANES;

			if (add)
				add_channels(1, channels, HW, a, from, pixel, to);
			else
				add_channels(0, channels, HW, a, from, pixel, to);
		}
}

static void gather_f32_c16(
	int N, int C, int HW, const float *data, const int *index, float *y)
{
	for (int n = 0; n < N; n++)
		image_to_c16(N, n, C, HW, data + (size_t)index[n] * C * HW, y);
}

static void gather_u8_c16(int N, int C, int HW, const uint8_t *data, const int *index,
	float scale, float *y)
{
	for (int n = 0; n < N; n++) {
		const uint8_t *x = data + (size_t)index[n] * C * HW;

		for (int c = 0; c < round_up(C); c++) {
			float *to = y + (size_t)(c / LANES) * HW * N * LANES +
				(size_t)n * LANES + c % LANES;

			for (int i = 0; i < HW; i++)
				to[(size_t)i * N * LANES] = c < C
					? (float)x[(size_t)c * HW + i] * scale
					: 0;
		}
	}
}

static void gather_f32_c4(
	int N, int C, int HW, const float *data, const int *index, float *y)
{
	for (int n = 0; n < N; n++) {
		const float *x = data + (size_t)index[n] * C * HW;
		float *to = y + (size_t)n * 4;

		for (int i = 0; i < HW; i++, to += (size_t)N * 4)
			for (int c = 0; c < 4; c++)
				to[c] = c < C ? x[(size_t)c * HW + i] : 0;
	}
}

typedef float quad __attribute__((vector_size(16)));

/* Four planes of sixteen values into sixteen pixels of four. */
INLINE void planes_to_pixels(float plane[4][LANES], size_t pixel, float *y)
{
	for (int i = 0; i < LANES; i += 4, y += 4 * pixel) {
		quad r[4], low[2], high[2], to[4];

		for (int c = 0; c < 4; c++)
			memcpy(&r[c], plane[c] + i, sizeof(r[c]));
		for (int c = 0; c < 2; c++) {
			quad a = r[2 * c], b = r[2 * c + 1];

			low[c] = __builtin_shufflevector(a, b, 0, 4, 1, 5);
			high[c] = __builtin_shufflevector(a, b, 2, 6, 3, 7);
		}
		to[0] = __builtin_shufflevector(low[0], low[1], 0, 1, 4, 5);
		to[1] = __builtin_shufflevector(low[0], low[1], 2, 3, 6, 7);
		to[2] = __builtin_shufflevector(high[0], high[1], 0, 1, 4, 5);
		to[3] = __builtin_shufflevector(high[0], high[1], 2, 3, 6, 7);
		for (int p = 0; p < 4; p++)
			memcpy(y + p * pixel, &to[p], sizeof(to[p]));
	}
}

static void gather_u8_c4(int N, int C, int HW, const uint8_t *data, const int *index,
	float scale, float *y)
{
	float plane[4][LANES] __attribute__((aligned(64))) = { { 0 } };
	size_t pixel = (size_t)N * 4;

	for (int n = 0; n < N; n++) {
		const uint8_t *x = data + (size_t)index[n] * C * HW;
		float *to = y + (size_t)n * 4;
		int i = 0;

		for (; i + LANES <= HW; i += LANES, to += LANES * pixel) {
			for (int c = 0; c < C; c++)
				for (int v = 0; v < LANES; v += WIDTH)
					store(plane[c] + v,
						__builtin_convertvector(
							load_bytes(x + (size_t)c * HW +
								i + v),
							vec) *
							scale);
			planes_to_pixels(plane, pixel, to);
		}
		for (; i < HW; i++, to += pixel)
			for (int c = 0; c < 4; c++)
				to[c] = c < C ? (float)x[(size_t)c * HW + i] * scale
					      : 0;
	}
}

#endif
