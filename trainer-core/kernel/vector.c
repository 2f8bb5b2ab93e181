/*
 * The kernels of one instruction set. This file is compiled once an instruction set;
 * KERNEL_ISA names the table, KERNEL_CLASS the class of the rows that it computes, and
 * everything else is static, so that no instruction of one set can end up in the table of
 * another.
 */
#include "trainer-core/kernel/conv_c16.h"
#include "trainer-core/kernel/conv_c16_weights.h"
#include "trainer-core/kernel/conv_n16_data.h"
#include "trainer-core/kernel/elementwise.h"
#include "trainer-core/kernel/image_c16.h"
#include "trainer-core/kernel/layout.h"
#include "trainer-core/kernel/layout_c16.h"
#include "trainer-core/kernel/linear.h"
#include "trainer-core/kernel/norm_c16.h"

#define PASTE_(a, b) a##b
#define PASTE(a, b) PASTE_(a, b)

const struct kernels PASTE(kernels_, KERNEL_ISA) = {
	.name = KERNEL_CLASS,
	.isa = KERNEL_CLASS,
	.blas = WIDTH == 4,
	.exact = &PASTE(kernels_exact_, KERNEL_ISA),
	.conv_work = conv_work,
	.conv_forward = conv_forward,
	.conv_backward_weights = conv_backward_weights,
	.conv_backward_data = conv_backward_data,
	.conv_c16_work = conv_c16_work,
	.conv_c16_forward = conv_c16_forward,
	.conv_c16_backward_weights = conv_c16_backward_weights,
	.conv_c16_backward_data = conv_c16_backward_data,
	.linear_work = linear_work,
	.linear_forward = linear_forward,
	.linear_backward_weights = linear_backward_weights,
	.linear_backward_data = linear_backward_data,
	KERNELS_OF_BOTH,
};
