/*
 * Bytes to and from descriptors, all of them: what write(2) alone does not promise.
 */
#ifndef DELTAM_BYTES_H
#define DELTAM_BYTES_H

#include <stdio.h>
#include "common/arena.h"

/* Writes all n bytes, through interruptions. -1: errno says why. */
int bytes_write(int fd, const void *bytes, size_t n);

/* Copies from where `in` stands to its end. -1: errno says why. */
int bytes_copy(int in, int out);

/* The whole of a stream from its start, as a text; what cannot be read is missing. */
const char *bytes_text(FILE *f, struct arena *a);

#endif
