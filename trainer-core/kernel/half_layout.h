/*
 * Between sixteen channels side by side and planes, of values that are stored in bf16.
 * Included by bf16.c alone; all static.
 */
#ifndef DELTAM_KERNEL_HALF_LAYOUT_H
#define DELTAM_KERNEL_HALF_LAYOUT_H

#include "trainer-core/kernel/bf16.h"
#include "trainer-core/kernel/layout.h"

#define TURNED 32 /* positions that are turned together */
#define TURNED_VALUES (TURNED * LANES)

/*
 * Sixteen rows of pairs, transposed, and taken apart: the first ones of all pairs of a row
 * to first, the second ones to second, `next` values behind those of the row before. A
 * pair moves as one float, which nobody computes with.
 */
INLINE void turn_pairs(
	const float *pairs, uint16_t *first, uint16_t *second, size_t next)
{
	float turned[LANES * LANES] __attribute__((aligned(64)));

	transpose(pairs, LANES, turned, LANES);
	for (int k = 0; k < LANES; k++)
		for (int l = 0; l < LANES; l++) {
			uint32_t pair = float_bits(turned[k * LANES + l]);

			first[k * next + l] = (uint16_t)pair;
			second[k * next + l] = (uint16_t)(pair >> 16);
		}
}

/* Sixteen channels at 32 positions, (32, 16), to planes (16, 32). */
static void turn_to_planes(const uint16_t *from, uint16_t *to)
{
	float pairs[LANES * LANES] __attribute__((aligned(64)));

	for (int i = 0; i < LANES; i++)
		bf16_pair(from + i * LANES, from + (i + LANES) * LANES,
			(uint16_t *)(pairs + i * LANES));
	turn_pairs(pairs, to, to + LANES, TURNED);
}

/* And back. */
static void turn_to_channels(const uint16_t *from, uint16_t *to)
{
	float pairs[LANES * LANES] __attribute__((aligned(64)));

	for (int k = 0; k < LANES; k++)
		bf16_pair(from + k * TURNED, from + k * TURNED + LANES,
			(uint16_t *)(pairs + k * LANES));
	turn_pairs(pairs, to, to + TURNED_VALUES / 2, LANES);
}

/* The value of channel c, pixel p of image n is at pixel_at(...) in C16. */
INLINE size_t pixel_at(int N, int HW, int n, int c, int p)
{
	return (((size_t)c / LANES * HW + p) * N + n) * LANES;
}

static void half_c16_to_rows(int N, int C, int HW, const uint16_t *x, uint16_t *y)
{
	uint16_t t[TURNED_VALUES] __attribute__((aligned(64))) = { 0 };
	uint16_t planes[TURNED_VALUES] __attribute__((aligned(64)));

	for (int i = 0; i < N * ((C + LANES - 1) / LANES); i++)
		for (int p = 0; p < HW; p += TURNED) {
			int n = i % N, c = i / N * LANES,
			    live = min_int(TURNED, HW - p);

			for (int q = 0; q < live; q++)
				memcpy(t + q * LANES, x + pixel_at(N, HW, n, c, p + q),
					sizeof(*t) * LANES);
			turn_to_planes(t, planes);
			for (int k = 0; k < LANES && c + k < C; k++)
				memcpy(y + ((size_t)n * C + c + k) * HW + p,
					planes + k * TURNED, sizeof(*y) * live);
		}
}

static void half_rows_to_c16(int N, int C, int HW, const uint16_t *x, uint16_t *y)
{
	uint16_t t[TURNED_VALUES] __attribute__((aligned(64)));
	uint16_t planes[TURNED_VALUES] __attribute__((aligned(64)));

	for (int i = 0; i < N * ((C + LANES - 1) / LANES); i++)
		for (int p = 0; p < HW; p += TURNED) {
			int n = i % N, c = i / N * LANES,
			    live = min_int(TURNED, HW - p);

			memset(planes, 0, sizeof(planes));
			for (int k = 0; k < LANES && c + k < C; k++)
				memcpy(planes + k * TURNED,
					x + ((size_t)n * C + c + k) * HW + p,
					sizeof(*x) * live);
			turn_to_channels(planes, t);
			for (int q = 0; q < live; q++)
				memcpy(y + pixel_at(N, HW, n, c, p + q), t + q * LANES,
					sizeof(*t) * LANES);
		}
}

#endif
