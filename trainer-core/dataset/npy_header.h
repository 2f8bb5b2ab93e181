/*
 * The header of a .npy file: what lies behind it, and where.
 */
#ifndef DELTAM_NPY_HEADER_H
#define DELTAM_NPY_HEADER_H

#include <stdint.h>
#include "trainer-core/dataset/npy.h"

/* As large as NumPy itself reads. */
#define NPY_HEADER_MAX 10000

struct npy_header {
	char kind; /* f, i, u, b */
	int size; /* bytes an element */
	bool big; /* byte order */
	bool fortran;
	int dims; /* without those of size 1 at the end */
	uint64_t dim[NPY_DIMS_MAX];
	uint64_t at; /* where the elements begin */
};

/* Reads from the start of f; leaves it at the first element. ERR_DATA, ERR_SYS. */
MUST_CHECK int npy_header_read(
	FILE *f, const char *path, struct npy_header *h, struct err *e);

#endif
