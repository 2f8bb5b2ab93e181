/*
 * Floats and bf16: the upper half of a float, rounded to the nearest, of two to the even
 * one. Denormals become zero, as the tile unit has it, and a NaN stays a NaN. Included by
 * bf16.c alone; all static.
 */
#ifndef DELTAM_KERNEL_BF16_H
#define DELTAM_KERNEL_BF16_H

#include "trainer-core/kernel/width.h"

/* The float that is nearest among those of bf16, as its bits. */
INLINE uint32_t bf16_nearest(uint32_t u)
{
	uint32_t magnitude = u & 0x7fffffff;
	uint32_t rounded = u + 0x7fff + (u >> 16 & 1);

	rounded = magnitude > 0x7f800000 ? u | 0x400000 : rounded;
	rounded = magnitude < 0x00800000 ? u & 0x80000000 : rounded;
	return rounded & 0xffff0000;
}

INLINE uint32_t float_bits(float x)
{
	uint32_t u;

	memcpy(&u, &x, sizeof(u));
	return u;
}

/* A block of lanes to bf16; to has no alignment. */
INLINE void bf16_pack(const float *x, uint16_t *to)
{
	for (int i = 0; i < LANES; i++)
		to[i] = (uint16_t)(bf16_nearest(float_bits(x[i])) >> 16);
}

/* Two blocks of lanes side by side: value i of both is a pair. */
INLINE void bf16_pack_pairs(const float *x, const float *y, uint16_t *to)
{
	for (int i = 0; i < LANES; i++) {
		uint32_t pair = bf16_nearest(float_bits(x[i])) >> 16 |
			bf16_nearest(float_bits(y[i]));

		memcpy(to + 2 * i, &pair, sizeof(pair));
	}
}

INLINE void bf16_pair(const uint16_t *x, const uint16_t *y, uint16_t *to)
{
	for (int i = 0; i < LANES; i++) {
		uint32_t pair = x[i] | (uint32_t)y[i] << 16;

		memcpy(to + 2 * i, &pair, sizeof(pair));
	}
}

#endif
