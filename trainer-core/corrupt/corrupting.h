/*
 * Inside the corruptions: the picture at hand, random numbers, and what several share.
 */
#ifndef DELTAM_CORRUPTING_H
#define DELTAM_CORRUPTING_H

#include <stddef.h>
#include "trainer-core/corrupt/corrupt.h"

#define CONSTANTS_MAX 7

/* One picture on its way: v is changed in place, clipped to 0 ... 1 and rounded later. */
struct corrupting {
	int c, h, w;
	double *v; /* (c, h, w) */
	const double *k; /* the row's constants at this severity */
	bool small; /* they are CIFAR's */
	const struct textures *textures;
	struct arena *a; /* scratch */
	uint64_t seed, stream, next; /* random numbers: key and counter */
};

static inline double *plane(const struct corrupting *x, int c)
{
	return x->v + (size_t)c * (size_t)x->h * (size_t)x->w;
}

static inline size_t plane_size(const struct corrupting *x)
{
	return (size_t)x->h * (size_t)x->w;
}

/* Each draws the next number of the picture's stream. */
double draw_uniform(struct corrupting *x); /* [0, 1) */
double draw_between(struct corrupting *x, double from, double to);
int draw_below(struct corrupting *x, int n);
double draw_poisson(struct corrupting *x, double mean);
/* Draws n standard normal numbers. */
void draw_normals(struct corrupting *x, size_t n, double *out);

/* Where index i of a row of n lies that goes on beyond its ends. */
enum border {
	BORDER_NEAREST, /* a a a | a b c */
	BORDER_REFLECT, /* c b a | a b c */
	BORDER_MIRROR, /* d c b | a b c: the end is not repeated */
};
int border_index(enum border border, int i, int n);

/*
 * Blurs rows and columns in place by a Gaussian that is cut `truncate` sigmas to either
 * side.
 */
void blur_gaussian(const struct corrupting *x, double *v, double sigma, double truncate,
	enum border border);

/*
 * Blurs along a line, in place: every pixel becomes the mean of those from it on in
 * direction `degrees`, as far as twice `radius`, weighted by one half of a Gaussian.
 */
void blur_motion(const struct corrupting *x, double *v, double radius, double sigma,
	double degrees);

/*
 * Enlarges the middle of a plane `zoom` (>= 1) times, linearly, into another plane,
 * out.
 */
void zoom_middle(const struct corrupting *x, const double *v, double zoom, double *out);

/* The value at (row, column), which lie between pixels. */
double sample_linear(const struct corrupting *x, const double *v, double row,
	double column, enum border border);

/* Computes grey values: the luminance of three channels, else the mean of all. */
void grey(const struct corrupting *x, double *out);

/*
 * clip cuts values to 0 ... 1; cut_to_bytes rounds them down to a multiple of 1/255, as
 * the conversion to a byte does.
 */
void clip(double *v, size_t n);
void cut_to_bytes(double *v, size_t n); /* v: 0 to 1 */

#define FULL(...)
#define SMALL(...)
#define CORRUPTION(id, set, full, small, summary) \
	void corrupt_##id(struct corrupting *x);
#include "catalogue/corrupt.def"
#undef CORRUPTION
#undef FULL
#undef SMALL

#endif
