/*
 * JPEG images by libjpeg-turbo, decoded the slow and exact way (islow DCT, smooth
 * upsampling), which gives the same bytes on every processor.
 */
#ifndef DELTAM_JPEG_H
#define DELTAM_JPEG_H

#include <stdint.h>
#include <stdio.h>
#include "common/err.h"

/*
 * Reads a color image of exactly w times h into rgb (h, w, 3); nothing is written before
 * the size is checked.
 * Errors: ERR_DATA "PATH: byte N: found, expected" for another size, damage (libjpeg's
 * warnings count) and for a file that ends early or goes on behind the image; ERR_SYS.
 */
MUST_CHECK int jpeg_read(const char *path, int w, int h, uint8_t *rgb, struct err *e);

/* Whether the header is that of an image that jpeg_read wants. Errors as above. */
MUST_CHECK int jpeg_look(const char *path, int w, int h, struct err *e);

/* Width and height of any JPEG image, from its header. Errors as above. */
MUST_CHECK int jpeg_size(const char *path, int *w, int *h, struct err *e);

/*
 * (h, w, 3) -> (3, H, W): every new pixel is the mean of the area that it covers, parts
 * of pixels by their share, rounded to the nearest. H <= h and W <= w.
 */
void image_shrink(int w, int h, const uint8_t *rgb, int W, int H, uint8_t *out);

#endif
