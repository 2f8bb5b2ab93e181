/*
 * XXH128 (xxHash 0.8, XXH3 family) as 32 hexadecimal digits, big-endian.
 */
#ifndef DELTAM_DIGEST_H
#define DELTAM_DIGEST_H

#include <stddef.h>
#include <stdint.h>
#include "common/err.h"

void digest_bytes(const void *bytes, size_t n, char hex[33]);

/* Digests the content of a file; *size is its length. ERR_SYS: it cannot be read. */
MUST_CHECK int digest_file(
	const char *path, char hex[33], uint64_t *size, struct err *e);

#endif
