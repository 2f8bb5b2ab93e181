/*
 * Sheets of samples: how inputs, targets and predictions look, and where text stands.
 *
 * Classes have colours of a palette, and their number where there is one a sample;
 * segmentation the same colours (black: not labelled), depth is dark where it is near,
 * normals are (n + 1) / 2 (black: missing), other vectors the same in the largest's size.
 */
#ifndef DELTAM_SHEET_H
#define DELTAM_SHEET_H

#include "trainer-core/dataset/dataset.h"

enum {
	SHEET_GAP = 4,
	SHEET_DOT = 4, /* pixels of a dot of a class's number */
	SHEET_CLASS = 11 * SHEET_DOT, /* width of a square with it */
	SHEET_LETTER = 8, /* width of a letter of a heading, with the gap behind it */
	SHEET_LINE = 14 /* height of a line of it */
};

/* White where nothing was drawn. */
struct sheet {
	int width, height;
	int zoom; /* pixels a side of one of a picture */
	uint8_t *rgb; /* (height, width, 3) */
};

/*
 * The zoom that makes a picture at least `cell` pixels wide. ERR_SPEC: the inputs are no
 * pictures (smaller than 8 pixels, neither 1 nor 3 channels).
 */
MUST_CHECK int sheet_zoom(
	const struct dataset_field *input, int cell, int *zoom, struct err *e);
/* width, height and zoom are set; the picture is the arena's. */
void sheet_begin(struct sheet *s, struct arena *a);
MUST_CHECK int sheet_write(const struct sheet *s, const char *path, struct err *e);

/* What of a map is drawn brightest: the largest value of a sample, of vectors in size. */
float sheet_largest(const struct dataset_field *f, int kind, int sample);
/* The map of a sample at (x, y); kind < 0: an input. most: as sheet_largest; 0 is black. */
void sheet_map(const struct sheet *s, const struct dataset_field *f, int kind,
	int sample, float most, int x, int y);
/* The class of a sample whose target is one number or the shares of all classes; -1: none. */
int sheet_class_of(const struct dataset_field *f, int sample);
/* A square of the class's colour with its number; none: a black one. */
void sheet_class(const struct sheet *s, int class, int x, int y);
/* A line of at most n letters; what has no letter of ours is a blank. */
void sheet_text(const struct sheet *s, const char *text, int n, int x, int y);

#endif
