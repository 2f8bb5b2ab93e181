/* Writes a picture as PNG: 8-bit RGB, one IDAT chunk, no filter. */
#ifndef DELTAM_PNG_H
#define DELTAM_PNG_H

#include <stdint.h>
#include "common/err.h"

/*
 * rgb is (height, width, 3). ERR_SYS names the path; then there is no file, or a part
 * of one.
 */
MUST_CHECK int png_write(
	const char *path, int width, int height, const uint8_t *rgb, struct err *e);

#endif
