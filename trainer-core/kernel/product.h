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

/* Tiles one below the other. */
struct product_tile {
	const float *a, *b, *bias;
	float *c;
	int columns; /* valid ones */
	int tiles;
};

INLINE void product_sums(int rows, int vecs, const struct product *p,
	const struct product_tile *t, vec acc[ROWS][2])
{
	const float *a = t->a, *b = t->b;
	size_t a_row = p->a_row, a_step = p->a_step, b_row = p->b_row;

	UNROLL for (int r = 0; r < rows; r++) UNROLL for (int v = 0; v < vecs; v++)
		acc[r][v] = t->bias ? load(t->bias + v * WIDTH) : (vec){ 0 };
	for (int k = p->depth; k; k--, a += a_step, b += b_row) {
		vec x[2];

		UNROLL for (int v = 0; v < vecs; v++) x[v] = load(b + v * WIDTH);
		UNROLL for (int r = 0; r < rows; r++)
		{
			float s = a[r * a_row];

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

INLINE void product_store(int rows, int vecs, const struct product *p, float *c,
	int columns, vec acc[ROWS][2])
{
	UNROLL for (int r = 0; r < rows; r++, c += p->c_row)
		UNROLL for (int v = 0; v < vecs; v++)
	{
		float *to = c + v * WIDTH;
		int n = columns - v * WIDTH;
		vec sum = p->relu ? relu(acc[r][v]) : acc[r][v];

		if (n >= WIDTH)
			store(to, p->add ? load(to) + sum : sum);
		else
			store_part(to, sum, n, p->add);
	}
}

INLINE void product_tiles(
	int rows, int vecs, const struct product *p, const struct product_tile *first)
{
	struct product_tile t = *first;

	for (; t.tiles; t.tiles--, t.a += rows * p->a_row, t.c += rows * p->c_row) {
		vec acc[ROWS][2];

		product_sums(rows, vecs, p, &t, acc);
		product_store(rows, vecs, p, t.c, t.columns, acc);
	}
}

#define PRODUCT_CASES(vecs) \
	CASE(1, product_tiles(1, vecs, p, t)) \
	CASE(2, product_tiles(2, vecs, p, t)) \
	CASE(3, product_tiles(3, vecs, p, t)) \
	CASE(4, product_tiles(4, vecs, p, t)) \
	CASE(5, product_tiles(5, vecs, p, t)) \
	CASE(6, product_tiles(6, vecs, p, t))

static void product_any(
	int rows, int vecs, const struct product *p, const struct product_tile *t)
{
#if WIDTH == 16
	if (vecs == 1) {
		switch (rows) {
			PRODUCT_CASES(1)
			CASE(7, product_tiles(7, 1, p, t))
			CASE(8, product_tiles(8, 1, p, t))
		}
		return;
	}
#else
	(void)vecs;
#endif
	switch (rows) {
		PRODUCT_CASES(2)
#if WIDTH == 16
		CASE(7, product_tiles(7, 2, p, t))
		CASE(8, product_tiles(8, 2, p, t))
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
	for (int v = 0; v < p->columns; v += 2 * WIDTH) {
		int vecs = min_int(2, (p->columns - v) / WIDTH);
		int whole = p->rows / ROWS * ROWS;
		struct product_tile t = {
			.a = p->a,
			.b = p->b + v,
			.bias = p->bias ? p->bias + v : NULL,
			.c = p->c + v,
			.columns = p->c_columns - v,
			.tiles = p->rows / ROWS,
		};

		product_any(ROWS, vecs, p, &t);
		if (whole == p->rows)
			continue;
		t.a += whole * p->a_row;
		t.c += whole * p->c_row;
		t.tiles = 1;
		product_any(p->rows - whole, vecs, p, &t);
	}
}

#endif
