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
extern const struct kernels_exact kernels_exact_portable, kernels_exact_avx2,
	kernels_exact_avx512;

/* What stands in the table of either file: functions under the names of their members. */
#define KERNELS_OF_BOTH \
	.n16_to_rows = n16_to_rows, .rows_to_n16 = rows_to_n16, \
	.gather_u8_n16 = gather_u8_n16, .gather_f32_n16 = gather_f32_n16, \
	.gather_u8_rows = gather_u8_rows, .gather_f32_rows = gather_f32_rows, \
	.norm_statistics = norm_statistics, .norm_forward = norm_forward, \
	.norm_backward_sums = norm_backward_sums, .norm_backward = norm_backward, \
	.pool_max = pool_max, .pool_scatter = pool_scatter, \
	.pool_gather = pool_gather, .pool_mean = pool_mean, \
	.pool_spread = pool_spread, .plane_mean = plane_mean, \
	.plane_spread = plane_spread, .resize = resize, .resize_back = resize_back, \
	.copy_channels = copy_channels, .join_add = join_add, .join_mul = join_mul, \
	.pass_gradient = pass_gradient, .c16_to_rows = c16_to_rows, \
	.rows_to_c16 = rows_to_c16, .add_rows_c16 = add_rows_c16, \
	.gather_u8_c16 = gather_u8_c16, .gather_f32_c16 = gather_f32_c16, \
	.gather_u8_c4 = gather_u8_c4, .gather_f32_c4 = gather_f32_c4, .adam = adam, \
	.sgd = sgd, .axpy = axpy, .scale = scale, .dot = dot

#endif
