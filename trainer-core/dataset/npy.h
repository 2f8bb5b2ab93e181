/*
 * The .npy format of NumPy, versions 1 to 3, numbers alone.
 *
 *	byte 0      93 "NUMPY", major and minor version
 *	byte 8      length of the header: 2 bytes little-endian, from version 2 on 4
 *	then        {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }, blanks
 *	            and a newline; then the elements
 *
 * Elements: floats of 2, 4 and 8 bytes, whole numbers of 1 to 8 bytes with and without
 * sign, booleans; either byte order; the last index fastest, or (Fortran) the first.
 * Source: numpy.lib.format.
 */
#ifndef DELTAM_NPY_H
#define DELTAM_NPY_H

#include <stdbool.h>
#include <stdio.h>
#include "common/err.h"

#define NPY_DIMS_MAX 8

/* What a caller expects of a file, and how much of it it takes. */
struct npy_want {
	/* Dimensions of size 1 at the end count neither here nor in the file. */
	int dims;
	int dim[NPY_DIMS_MAX];
	bool longer; /* the first dimension may be larger: only the first are read */
	/* What each number must be: min to max, as floats; whole where said. */
	double min, max;
	bool whole;
	/*
	 * `ignore`, as the file's type holds that decimal, becomes `instead` and need not
	 * be what is wanted.
	 */
	bool ignores;
	double ignore;
	float instead;
};

/* How many numbers. */
size_t npy_count(const struct npy_want *want);

/*
 * Looks at the header and the size of the file alone: whether npy_read would find the
 * shape that is wanted and all elements. Errors as there.
 */
MUST_CHECK int npy_look(const char *path, const struct npy_want *want, struct err *e);

/* The size of the first dimension, by the header. ERR_DATA, ERR_SYS. */
MUST_CHECK int npy_rows(const char *path, int *n, struct err *e);

/*
 * Reads the file into out, the last index fastest; out holds npy_count(want) floats,
 * more is never written, and nothing is allocated.
 * Errors: ERR_DATA "PATH: byte N: found, expected" for another magic, header or shape,
 * for a file whose size is not what its header says, and for a number that is not what
 * was wanted, with its sample where the first dimension are samples (longer); ERR_SYS
 * where it cannot be read.
 */
MUST_CHECK int npy_read(
	const char *path, const struct npy_want *want, float *out, struct err *e);

/* The same from an open stream that can seek; path is for messages. */
MUST_CHECK int npy_read_stream(FILE *f, const char *path, const struct npy_want *want,
	float *out, struct err *e);

/*
 * Writes floats as a file of version 1, the last index fastest, in this machine's byte
 * order. ERR_SYS names the path; then there is no file, or a part of one.
 */
MUST_CHECK int npy_write(
	const char *path, const int *dim, int dims, const float *v, struct err *e);

#endif
