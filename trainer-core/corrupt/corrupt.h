/*
 * Common corruptions (corrupt.def): pictures made worse in nineteen ways, each in five
 * severities, to see how much of a network's figures survives.
 *
 * A picture is 8-bit, (c, h, w); three channels are red, green, blue, any other number is
 * so many grey pictures. What comes out is 8-bit again, rounded to the nearest. It is a
 * function of (seed, corruption, severity, index) and the picture: every run is tested on
 * the same pictures.
 *
 * Whose constants: those of ImageNet-C (224 pixels) where the shorter side is at least 85
 * pixels, the geometric mean of 32 and 224, else those of CIFAR-10-C.
 *
 * Where we leave the published code: pixels that change places in glass_blur do (there
 * one is lost), borders of every blur are the code's, sizes need not be square, values
 * are rounded where the code cuts them off. Frost wants pictures of frost: JPEG files.
 */
#ifndef DELTAM_CORRUPT_H
#define DELTAM_CORRUPT_H

#include <stdbool.h>
#include <stdint.h>
#include "common/arena.h"
#include "catalogue/catalogue.h"

struct dataset_field;

#define CORRUPT_SEVERITIES 5
#define CORRUPT_FULL_SIDE 85

/* Pictures of frost, each (3, h, w). */
struct textures {
	int n;
	struct texture {
		int h, w;
		const uint8_t *rgb;
	} * texture;
	char digest[33]; /* of their files, hexadecimal; "" without */
};

/*
 * Reads every .jpg and .jpeg of the folder in the order of their names. ERR_DATA: there
 * is none, or a file is no whole JPEG image or smaller than h times w after the
 * shrinking that w asks for.
 */
MUST_CHECK int textures_read(const char *folder, int h, int w, struct textures *t,
	struct arena *a, struct err *e);

/* What is done to a picture. */
struct corruption {
	const char *name; /* a row of corrupt.def; NULL: nothing */
	int severity; /* 1 to 5 */
	uint64_t seed;
	const struct textures *textures; /* frost only; never empty then */
};

/*
 * Corrupts in (c, h, w) into out (c, h, w), which may be the same. Scratch comes from
 * the arena and is given back.
 */
void corrupt_picture(const struct corruption *k, int index, const int shape[3],
	const uint8_t *in, uint8_t *out, struct arena *a);

/*
 * Corrupts sample `index` of f, whose pictures are bytes or floats from 0 to 1, into
 * out: (c, h, w) floats, as f's values would be. ERR_DATA: a float lies outside.
 */
MUST_CHECK int corrupt_sample(const struct corruption *k, const struct dataset_field *f,
	int index, float *out, struct arena *a, struct err *e);

/* Checks that f holds pictures, of 8 pixels a side at least; else ERR_SPEC. */
MUST_CHECK int corrupt_check(const struct dataset_field *f, struct err *e);

#endif
