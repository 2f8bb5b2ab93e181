/*
 * Loops over flat arrays of values that are stored in bf16. Included by bf16.c alone; all
 * static.
 */
#ifndef DELTAM_KERNEL_HALF_FLAT_H
#define DELTAM_KERNEL_HALF_FLAT_H

#include "trainer-core/kernel/width.h"

/* Up to WIDTH values, zeros behind the last. */
INLINE vec take_half(const uint16_t *p, size_t n)
{
	uint16_t t[WIDTH] = { 0 };

	if (n >= WIDTH)
		return load_half(p);
	memcpy(t, p, n * sizeof(*p));
	return load_half(t);
}

INLINE void give_half(uint16_t *p, size_t n, vec v)
{
	uint16_t t[WIDTH];

	if (n >= WIDTH) {
		store_half(p, v);
		return;
	}
	store_half(t, v);
	memcpy(p, t, n * sizeof(*p));
}

static void narrow(size_t n, const float *x, uint16_t *y)
{
	for (size_t i = 0; i < n; i += WIDTH)
		give_half(y + i, n - i,
			load_part(x + i, (int)(n - i < WIDTH ? n - i : WIDTH)));
}

static void widen(size_t n, const uint16_t *x, float *y)
{
	size_t i = 0;

	for (; i + WIDTH <= n; i += WIDTH)
		store(y + i, load_half(x + i));
	for (vec v = take_half(x + i, n - i); i < n; i++)
		y[i] = v[i % WIDTH];
}

static void half_join_add(
	size_t n, const uint16_t *a, const uint16_t *b, int with_relu, uint16_t *y)
{
	for (size_t i = 0; i < n; i += WIDTH) {
		vec v = take_half(a + i, n - i) + take_half(b + i, n - i);

		give_half(y + i, n - i, with_relu ? relu(v) : v);
	}
}

static void half_join_mul(
	size_t n, const uint16_t *a, const uint16_t *b, int add, uint16_t *y)
{
	for (size_t i = 0; i < n; i += WIDTH) {
		vec v = take_half(a + i, n - i) * take_half(b + i, n - i);

		give_half(y + i, n - i, add ? take_half(y + i, n - i) + v : v);
	}
}

static void half_pass_gradient(
	size_t n, const uint16_t *dy, const uint16_t *y, uint16_t *dx, int add)
{
	for (size_t i = 0; i < n; i += WIDTH) {
		vec d = take_half(dy + i, n - i);

		if (y)
			d = keep(take_half(y + i, n - i) > 0, d);
		if (add)
			d = take_half(dx + i, n - i) + d;
		give_half(dx + i, n - i, d);
	}
}

static void half_rectify(size_t n, float a, const uint16_t *x, uint16_t *y)
{
	for (size_t i = 0; i < n; i += WIDTH) {
		vec v = take_half(x + i, n - i);

		/* a 0 would make a negative zero of what is closed. */
		give_half(y + i, n - i, a == 0 ? relu(v) : choose(v <= 0, a * v, v));
	}
}

INLINE vec slope_of(enum kernel_slope kind, float a, vec y)
{
	switch (kind) {
	case SLOPE_SIGMOID:
		return y * (1.0f - y);
	case SLOPE_TANH:
		return 1.0f - y * y;
	case SLOPE_RECTIFIER:
		break;
	}
	return choose(y > 0, all(1), all(a));
}

INLINE void pass_slope(size_t n, enum kernel_slope kind, float a, const uint16_t *dy,
	const uint16_t *y, uint16_t *dx, int add)
{
	for (size_t i = 0; i < n; i += WIDTH) {
		vec d = take_half(dy + i, n - i) *
			slope_of(kind, a, take_half(y + i, n - i));

		give_half(dx + i, n - i, add ? take_half(dx + i, n - i) + d : d);
	}
}

static void half_pass_slope(size_t n, enum kernel_slope kind, float a,
	const uint16_t *dy, const uint16_t *y, uint16_t *dx, int add)
{
	switch (kind) {
		CASE(SLOPE_SIGMOID, pass_slope(n, SLOPE_SIGMOID, a, dy, y, dx, add))
		CASE(SLOPE_TANH, pass_slope(n, SLOPE_TANH, a, dy, y, dx, add))
		CASE(SLOPE_RECTIFIER, pass_slope(n, SLOPE_RECTIFIER, a, dy, y, dx, add))
	}
}

#endif
