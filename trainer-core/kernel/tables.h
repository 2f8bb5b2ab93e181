/*
 * What kernel.c and the builds of vector.c and bf16.c share.
 */
#ifndef DELTAM_KERNEL_TABLES_H
#define DELTAM_KERNEL_TABLES_H

#include "trainer-core/kernel/kernel.h"

#define PANEL 32 /* outputs of a linear layer side by side */

extern const struct kernels kernels_avx512, kernels_avx2, kernels_portable;
extern const struct kernels kernels_bf16_amx, kernels_bf16_avx512, kernels_bf16_avx2,
	kernels_bf16_portable;

#endif
