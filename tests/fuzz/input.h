/*
 * What fuzz targets share: a folder in memory for inputs that must be files, and numbers
 * that are drawn from the input itself.
 */
#ifndef DELTAM_FUZZ_INPUT_H
#define DELTAM_FUZZ_INPUT_H

#include <stddef.h>
#include <stdint.h>
#include "common/err.h"

/* The absolute path of a folder of this process, made at the first call and removed at its end. */
const char *input_folder(void);

/* Writes a file of that folder, and the folders above it. */
void input_write(const char *name, const void *bytes, size_t n);

/* What is left of an input: both take from its front, and give 0 and NULL behind its end. */
struct input {
	const uint8_t *at;
	size_t n;
};
uint64_t input_take(struct input *in, int bytes); /* at most 8, little-endian */
const uint8_t *input_cut(
	struct input *in, size_t *n); /* at most *n bytes; *n: how many */

#endif
