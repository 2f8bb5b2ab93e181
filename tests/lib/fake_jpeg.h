/*
 * JPEG files made for tests: one grey, all over.
 */
#ifndef DELTAM_TESTS_FAKE_JPEG_H
#define DELTAM_TESTS_FAKE_JPEG_H

/* w times h pixels of three channels, each `value`; makes the folders above path. */
void fake_jpeg(const char *path, int w, int h, int value);

#endif
