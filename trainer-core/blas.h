/*
 * Matrix products by OpenBLAS, for processors that our own vector kernels do not know.
 *
 * The library is loaded at the first call and not linked: its start costs each process
 * more than a millisecond, and with AVX2 or AVX-512 nobody needs it (docs/PERFORMANCE.md).
 */
#ifndef DELTAM_BLAS_H
#define DELTAM_BLAS_H

#include <stdbool.h>

struct blas_product {
	int rows, columns, depth;
	const float *a; /* (rows, depth), or (depth, rows) with a_turned; row-major */
	int a_row; /* floats from one row to the next, and so below */
	bool a_turned;
	const float *b; /* (depth, columns) */
	int b_row;
	float *c; /* (rows, columns) */
	int c_row;
};

/*
 * Computes c += a b in one thread; false where there is no OpenBLAS, and c is as it
 * was.
 */
bool blas_accumulate(const struct blas_product *p);

/*
 * The name of OpenBLAS's kernels on this processor; "" without OpenBLAS, and where the
 * environment's DELTAM_BLAS is `none`, so that machines with and without the library can
 * train the same bits. Whoever gets "" must not call blas_accumulate.
 */
const char *blas_core(void);

#endif
