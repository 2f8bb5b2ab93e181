/*
 * A picture that deltam has drawn (worker/png.h), as pixels.
 */
#ifndef DELTAM_TESTS_SHEET_PNG_H
#define DELTAM_TESTS_SHEET_PNG_H

#include <stdint.h>
#include "common/arena.h"

/* The rows of x.png: one byte 0 (no filter), then RGB; 3 * width + 1 bytes each. */
const uint8_t *sheet_png_read(
	const char *name, struct arena *a, int *width, int *height);

#endif
