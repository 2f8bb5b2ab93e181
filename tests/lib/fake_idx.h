/*
 * Idx files made for tests, by other code than the one that reads them: the four files
 * of MNIST, 60,000 and 10,000 images, whose every pixel follows from its index.
 */
#ifndef DELTAM_TESTS_FAKE_IDX_H
#define DELTAM_TESTS_FAKE_IDX_H

#include <stddef.h>
#include <stdint.h>

enum { FAKE_SIDE = 28, FAKE_TRAIN = 60000, FAKE_TEST = 10000 };

/* An idx of unsigned bytes: header and n elements. Returns its size; out holds it. */
size_t fake_idx(int dims, const int *dim, const uint8_t *elements, uint8_t *out);

/* in as one gzip member; returns its size. out holds 2 * n + 64 bytes. */
size_t fake_gzip(const uint8_t *in, size_t n, uint8_t *out);

/*
 * Pixel (y, x) of image i of the training (test = 0) or test files. The first and the
 * last three pixels spell i, the fourth from either end tells test from training.
 */
uint8_t fake_pixel(int test, int i, int y, int x);
int fake_label(int test, int i);

/* Writes the four files into the current folder, plain or as .gz. */
void fake_write_plain(void);
void fake_write_gzip(void);

/* multi_mnist of 300, 100 and 120 pairs of these images in the current folder. */
#define FAKE_DIGEST "0c9574531e291794313d07bb35c04727"
struct params;
struct arena;
void fake_params(struct params *ps, struct arena *a);

#endif
