/*
 * Passes that give every processor the same bits, in jobs of any precision: losses are no
 * part of a kernel class. This file is compiled once an instruction set like vector.c, but
 * nothing is contracted (-ffp-contract=off), every lane is a value of its own, and sums
 * belong to one lane.
 */
#include "trainer-core/kernel/width.h"

typedef uint32_t bits __attribute__((vector_size(4 * WIDTH)));

/*
 * exp(x) for x <= 0: 2^k p(r) with r in [-ln 2 / 2, ln 2 / 2] and a polynomial of degree
 * 6, within 2 ulp. Below -87 it is 0; a NaN stays one. One after the other, libm's expf
 * took a tenth of a small network's step.
 */
INLINE vec exp_of(vec x)
{
	const vec shifted = x * 1.44269504f + 12582912.0f; /* rounds: 1.5 * 2^23 */
	const vec k = shifted - 12582912.0f;
	const vec r = (x - k * 0.693359375f) + k * 2.12194440e-4f;
	/* Unsigned: far below -87 the exponent wraps, in lanes that are masked out. */
	const vec scale = (vec)(((bits)shifted << 23) + 0x3f800000u);
	vec p = 1.3888889e-3f * r + 8.3333333e-3f;

	p = p * r + 4.1666667e-2f;
	p = p * r + 1.6666667e-1f;
	p = p * r + 0.5f;
	p = p * r + 1;
	p = p * r + 1;
	return keep(~(x < -87.0f), p * scale);
}

/* Of a vector the first n values. */
INLINE void put_part(float *p, vec v, int n)
{
	float t[WIDTH];

	if (n >= WIDTH) {
		store(p, v);
		return;
	}
	store(t, v);
	if (n > 0)
		memcpy(p, t, sizeof(float) * (size_t)n);
}

static void exp_all(size_t n, float *x)
{
	for (size_t i = 0; i < n; i += WIDTH) {
		int part = n - i < WIDTH ? (int)(n - i) : WIDTH;

		put_part(x + i, exp_of(load_part(x + i, part)), part);
	}
}

/* The largest of C scores at each of n pixels. */
INLINE void find_top(int n, int C, size_t plane, const float *x, float *top)
{
	for (int v = 0; v < LANES; v += WIDTH) {
		vec best = load_part(x + v, n - v);

		for (int c = 1; c < C; c++) {
			vec s = load_part(x + c * plane + v, n - v);

			best = choose(s > best, s, best);
		}
		store(top + v, best);
	}
}

INLINE void softmax_by(int n, int C, size_t plane, double scale, const float *x,
	float *top, double *sum, float *d)
{
	float e[LANES] __attribute__((aligned(64)));

	find_top(n, C, plane, x, top);
	for (int i = 0; i < LANES; i++)
		sum[i] = 0;
	for (int c = 0; c < C; c++) {
		for (int v = 0; v < LANES; v += WIDTH) {
			vec s = load_part(x + c * plane + v, n - v);

			store(e + v, exp_of(s - load(top + v)));
			if (d)
				put_part(d + c * plane + v, load(e + v), n - v);
		}
		for (int i = 0; i < LANES; i++)
			sum[i] += (double)e[i];
	}
	for (int i = 0; i < LANES; i++)
		e[i] = (float)(scale / sum[i]);
	for (int c = 0; d && c < C; c++)
		for (int v = 0; v < LANES; v += WIDTH) {
			float *to = d + c * plane + v;

			put_part(to, load_part(to, n - v) * load(e + v), n - v);
		}
}

/* The whole width is a constant to the compiler. */
static void softmax_pixels(int n, int C, size_t plane, double scale, const float *x,
	float *top, double *sum, float *d)
{
	if (n == LANES)
		softmax_by(LANES, C, plane, scale, x, top, sum, d);
	else
		softmax_by(n, C, plane, scale, x, top, sum, d);
}

#define PASTE_(a, b) a##b
#define PASTE(a, b) PASTE_(a, b)

const struct kernels_exact PASTE(kernels_exact_, KERNEL_ISA) = {
	.exp_all = exp_all,
	.softmax_pixels = softmax_pixels,
};
