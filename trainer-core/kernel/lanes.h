/*
 * Sums over the sixteen lanes of blocks. Included by vector.c alone; all static.
 */
#ifndef DELTAM_KERNEL_LANES_H
#define DELTAM_KERNEL_LANES_H

#include "trainer-core/kernel/layout.h"

/* Each of n blocks of sixteen lanes becomes its sum, in pairs whatever the width. */
static void sum_lanes(size_t n, const float *lanes, float *sums)
{
	size_t i = 0;

	for (; i + LANES <= n; i += LANES, lanes += LANES * LANES) {
		float t[LANES][LANES] __attribute__((aligned(64)));

		transpose(lanes, LANES, t[0], LANES);
		for (int half = LANES / 2; half; half /= 2)
			for (int k = 0; k < half; k++)
				for (int v = 0; v < LANES; v += WIDTH)
					store(t[k] + v,
						load(t[k] + v) + load(t[k + half] + v));
		memcpy(sums + i, t[0], sizeof(t[0]));
	}
	for (; i < n; i++, lanes += LANES)
		sums[i] = sum_tree(lanes, LANES);
}

#endif
