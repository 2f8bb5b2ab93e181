/*
 * The matrix product behind the linear layers: c (rows, columns) = a b, in tiles of ROWS
 * rows and two vectors that stay in registers over the whole depth. Included by vector.c
 * alone; all static.
 */
#ifndef DELTAM_KERNEL_PRODUCT_H
#define DELTAM_KERNEL_PRODUCT_H

#include <stdbool.h>
#include "trainer-core/blas.h"
#include "trainer-core/kernel/width.h"

#if WIDTH == 16
#define ROWS 8
#else
#define ROWS 6
#endif

struct product {
	int rows, depth;
	int columns; /* a multiple of 16 */
	const float *a; /* element (r, k) at r * a_row + k * a_step */
	size_t a_row, a_step;
	const float *b; /* (depth, b_row), rows of `columns` */
	size_t b_row;
	float *c; /* rows of c_columns values, written without what is beyond */
	size_t c_row;
	int c_columns; /* at most `columns` */
	int add, relu;
	const float *bias; /* (columns) or NULL */
};

struct product_tile {
	const float *a, *b, *bias;
	float *c;
	int columns; /* valid ones */
};

INLINE void product_sums(int rows, int vecs, const struct product *p,
	const struct product_tile *t, vec acc[ROWS][2])
{
	const float *a = t->a, *b = t->b;

	UNROLL for (int r = 0; r < rows; r++) UNROLL for (int v = 0; v < vecs; v++)
		acc[r][v] = t->bias ? load(t->bias + v * WIDTH) : (vec){ 0 };
	for (int k = 0; k < p->depth; k++, a += p->a_step, b += p->b_row) {
		vec x[2];

		UNROLL for (int v = 0; v < vecs; v++) x[v] = load(b + v * WIDTH);
		UNROLL for (int r = 0; r < rows; r++)
		{
			float s = a[r * p->a_row];

			UNROLL for (int v = 0; v < vecs; v++) acc[r][v] += x[v] * s;
		}
	}
}

/* A vector of which the first n values exist. */
static void store_part(float *c, vec v, int n, int add)
{
	float t[WIDTH];

	store(t, v);
	for (int i = 0; i < n; i++)
		c[i] = add ? c[i] + t[i] : t[i];
}

INLINE void product_tile(
	int rows, int vecs, const struct product *p, const struct product_tile *t)
{
	vec acc[ROWS][2];

	product_sums(rows, vecs, p, t, acc);
	UNROLL for (int r = 0; r < rows; r++) UNROLL for (int v = 0; v < vecs; v++)
	{
		float *c = t->c + r * p->c_row + v * WIDTH;
		int n = t->columns - v * WIDTH;
		vec sum = p->relu ? relu(acc[r][v]) : acc[r][v];

		if (n >= WIDTH)
			store(c, p->add ? load(c) + sum : sum);
		else
			store_part(c, sum, n, p->add);
	}
}

#define PRODUCT_CASES(vecs) \
	CASE(1, product_tile(1, vecs, p, t)) \
	CASE(2, product_tile(2, vecs, p, t)) \
	CASE(3, product_tile(3, vecs, p, t)) \
	CASE(4, product_tile(4, vecs, p, t)) \
	CASE(5, product_tile(5, vecs, p, t)) \
	CASE(6, product_tile(6, vecs, p, t))

static void product_any(
	int rows, int vecs, const struct product *p, const struct product_tile *t)
{
#if WIDTH == 16
	if (vecs == 1) {
		switch (rows) {
			PRODUCT_CASES(1)
			CASE(7, product_tile(7, 1, p, t))
			CASE(8, product_tile(8, 1, p, t))
		}
		return;
	}
#else
	(void)vecs;
#endif
	switch (rows) {
		PRODUCT_CASES(2)
#if WIDTH == 16
		CASE(7, product_tile(7, 2, p, t))
		CASE(8, product_tile(8, 2, p, t))
#endif
	}
}

#if WIDTH == 4
/* Below this a call of OpenBLAS costs more than it saves. */
#define BLAS_WORTH (1 << 15)

/* The whole product by OpenBLAS; false where that does not pay or is not there. */
static bool product_by_blas(const struct product *p)
{
	int n = min_int(p->columns, p->c_columns);
	struct blas_product blas = { p->rows, n, p->depth, p->a,
		(int)(p->a_step == 1 ? p->a_row : p->a_step), p->a_step != 1, p->b,
		(int)p->b_row, p->c, (int)p->c_row };

	if ((double)p->rows * n * p->depth < BLAS_WORTH || !*blas_core())
		return false;
	for (int r = 0; r < p->rows && !p->add; r++) {
		float *c = p->c + r * p->c_row;

		for (int i = 0; i < n; i++)
			c[i] = p->bias ? p->bias[i] : 0;
	}
	if (!blas_accumulate(&blas))
		return false;
	for (int r = 0; r < p->rows && p->relu; r++) {
		float *c = p->c + r * p->c_row;

		for (int i = 0; i < n; i++)
			c[i] = c[i] <= 0 ? 0 : c[i];
	}
	return true;
}
#endif

static void product(const struct product *p)
{
#if WIDTH == 4
	if (product_by_blas(p))
		return;
#endif
	for (int v = 0; v < p->columns; v += 2 * WIDTH)
		for (int r = 0; r < p->rows; r += ROWS) {
			struct product_tile t = {
				.a = p->a + r * p->a_row,
				.b = p->b + v,
				.bias = p->bias ? p->bias + v : NULL,
				.c = p->c + r * p->c_row + v,
				.columns = p->c_columns - v,
			};

			product_any(min_int(ROWS, p->rows - r),
				min_int(2, (p->columns - v) / WIDTH), p, &t);
		}
}

#endif
