/*
 * A convolution in the class bf16 with what its passes should come to: their definition
 * (bf16_view.h) as plain loops. A linear layer is a convolution of one tap.
 */
#ifndef DELTAM_TESTS_MIXED_CASE_H
#define DELTAM_TESTS_MIXED_CASE_H

#include "common/arena.h"
#include "tests/lib/mixed_tables.h"

struct mixed_case {
	struct arena *arena;
	struct conv_shape s;
	float *x, *w, *b, *dy; /* as kernels want them */
	float *old; /* what dx is added to */
	float *y, *dw, *db, *dx; /* as they should be, y without ReLU and rounding */
};

/* Draws the values of a convolution (OH and OW of s are set here) and computes its passes. */
void mixed_case_make(struct mixed_case *t, struct conv_shape s, struct arena *a);

/* Asserts that what a pass has made, with a NaN behind it, is to the bit what was wanted. */
void mixed_case_same(const struct mixed_case *t, const char *isa, const char *what,
	const float *got, const float *want, size_t n);

/* n channels as they are stored: full vectors. */
size_t mixed_round_up(int n);
/* Where value (c, p) of image n lies. */
size_t mixed_place(int c4, int N, int HW, int n, int c, int p);

/* x as passes want it, bf16 or (wide) float, a NaN behind the last value; and back. */
void *mixed_stored(const float *x, size_t n, bool wide, struct arena *a);
float *mixed_loaded(const void *x, size_t n, bool wide, struct arena *a);

#endif
