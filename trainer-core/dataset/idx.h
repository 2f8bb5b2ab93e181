/*
 * The idx format of MNIST: big-endian header, then unsigned bytes; plain or gzip (the
 * content decides, not the name).
 *
 *	byte 0, 1   0
 *	byte 2      8: the elements are unsigned bytes
 *	byte 3      number of dimensions
 *	then        each dimension, 4 bytes; then the elements, the last index fastest
 *
 * Source: yann.lecun.com/exdb/mnist; RFC 1952 for gzip.
 */
#ifndef DELTAM_IDX_H
#define DELTAM_IDX_H

#include <stdint.h>
#include <stdio.h>
#include "common/err.h"

#define IDX_DIMS_MAX 3

struct idx_shape {
	int dims;
	int dim[IDX_DIMS_MAX];
};

/* How many elements. */
size_t idx_count(const struct idx_shape *shape);

/*
 * Looks at the header of the file, and at the size of one that is not packed: whether
 * idx_read would find the shape that is wanted. Errors as there.
 */
MUST_CHECK int idx_look(const char *path, const struct idx_shape *want, struct err *e);

/*
 * Reads the file of exactly this shape into out, which holds idx_count(want) bytes; more
 * is never written or allocated, whatever the file says.
 * Errors: ERR_DATA "PATH: byte N: found, expected" for another magic or shape, for a file
 * that ends early or late, and for damaged gzip; ERR_SYS where it cannot be read. The
 * place counts bytes of the file, or of its unpacked content where the message says so.
 */
MUST_CHECK int idx_read(
	const char *path, const struct idx_shape *want, uint8_t *out, struct err *e);

/* The same from an open stream; path is for messages. */
MUST_CHECK int idx_read_stream(FILE *f, const char *path, const struct idx_shape *want,
	uint8_t *out, struct err *e);

#endif
