/*
 * What kernel.c and the three builds of vector.c share.
 */
#ifndef DELTAM_KERNEL_TABLES_H
#define DELTAM_KERNEL_TABLES_H

#include "trainer-core/kernel/kernel.h"

#define PANEL 32 /* outputs of a linear layer side by side */

extern const struct kernels kernels_avx512, kernels_avx2, kernels_portable;

#endif
