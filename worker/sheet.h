/*
 * Sheets of samples: how inputs, targets and predictions look, and where text stands.
 *
 * Classes have colours of a palette, and their number where there is one a sample (bits are
 * classes 0 and 1, shares the likeliest); other numbers of a sample are written;
 * segmentation the same colours (black: not labelled), depth is dark where it is near,
 * inputs go from 0 to 1, or from their least to their largest number where one lies
 * outside, normals are (n + 1) / 2 (black: missing), other vectors the same in the
 * largest's size.
 */
#ifndef DELTAM_SHEET_H
#define DELTAM_SHEET_H

#include "trainer-core/dataset/dataset.h"

enum {
	SHEET_GAP = 4,
	SHEET_DOT = 4, /* pixels of a dot of a class's number */
	SHEET_CLASS = 11 * SHEET_DOT, /* width of a square with it */
	SHEET_CLASS_HIGH = 7 * SHEET_DOT,
	SHEET_LETTER = 8, /* width of a letter of a heading, with the gap behind it */
	SHEET_NUMBER =
		10 * SHEET_LETTER, /* width of a number of three digits, and a blank */
	SHEET_LINE = 14 /* height of a line of it */
};

/* White where nothing was drawn. */
struct sheet {
	int width, height;
	int zoom; /* pixels a side of one of a picture */
	int high; /* of a row: as a picture, and no less than a class */
	uint8_t *rgb; /* (height, width, 3) */
};

/*
 * Sets zoom, so that a picture is at least `cell` pixels wide, and high. ERR_SPEC: the inputs
 * are no pictures (smaller than 8 pixels, neither 1 nor 3 channels).
 */
MUST_CHECK int sheet_fit(
	struct sheet *s, const struct dataset_field *input, int cell, struct err *e);
/* All but rgb is set; the picture is the arena's. */
void sheet_begin(struct sheet *s, struct arena *a);
MUST_CHECK int sheet_write(const struct sheet *s, const char *path, struct err *e);

/* What of a map is drawn brightest: the largest value of a sample, of vectors in size. */
float sheet_largest(const struct dataset_field *f, int kind, int sample);
/* The input of a sample at (x, y). */
void sheet_input(
	const struct sheet *s, const struct dataset_field *f, int sample, int x, int y);
/*
 * What a target of that kind says of a sample, or a prediction in its form, at (x, y): a map
 * (most: as sheet_largest; 0 is black), a class, or numbers, one below the other as far as
 * the pictures go.
 */
void sheet_target(const struct sheet *s, const struct dataset_field *f, int kind,
	int sample, float most, int x, int y);
/* A line of at most n letters; what has no letter of ours is a blank. */
void sheet_text(const struct sheet *s, const char *text, int n, int x, int y);

#endif
