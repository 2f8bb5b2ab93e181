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

static void gather_u8_c4(int N, int C, int HW, const uint8_t *data, const int *index,
	float scale, float *y)
{
	for (int n = 0; n < N; n++) {
		const uint8_t *x = data + (size_t)index[n] * C * HW;
		float *to = y + (size_t)n * 4;

		for (int i = 0; i < HW; i++, to += (size_t)N * 4)
			for (int c = 0; c < 4; c++)
				to[c] = c < C ? (float)x[(size_t)c * HW + i] * scale
					      : 0;
	}
}

#endif
