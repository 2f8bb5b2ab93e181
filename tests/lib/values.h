/*
 * Arrays for kernels under test, aligned and with room behind them, in the test's arena;
 * and how far a sum of floats may be off.
 */
#ifndef DELTAM_TESTS_VALUES_H
#define DELTAM_TESTS_VALUES_H

#include "common/arena.h"

/* ck_assert_float_eq promotes to double, which warns. */
#define EQUAL(a, b) ck_assert((a) == (b))

float *values_all(struct arena *a, size_t n, float v);
/* In [-1, 1), others with every call. */
float *values_random(struct arena *a, size_t n);
double *values_zero(struct arena *a, size_t n);

size_t values_blocks(int N); /* of sixteen images */
/* (N, F) in blocks of sixteen images, NaN behind the last one; value f of image n there. */
float *values_n16(struct arena *a, int N, int F, const float *x);
float values_n16_at(int F, const float *x, int n, int f);

/* `got` is a sum in float of so many terms, the sum of whose sizes is `sum`. */
void values_close(const char *what, double got, double want, double terms, double sum);

#endif
