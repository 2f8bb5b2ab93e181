#include "trainer-core/corrupt/corrupting.h"

#include <math.h>
#include <string.h>
#include "trainer-core/dataset/dataset.h"
#include "common/rng.h"

struct row {
	const char *name;
	void (*apply)(struct corrupting *x);
	double full[CORRUPT_SEVERITIES][CONSTANTS_MAX];
	double small[CORRUPT_SEVERITIES][CONSTANTS_MAX];
};

static const struct row rows[] = {
#define FULL(...) \
	{ \
		__VA_ARGS__ \
	}
#define SMALL(...) \
	{ \
		__VA_ARGS__ \
	}
#define CORRUPTION(id, set, full, small, summary) { #id, corrupt_##id, full, small },
#include "catalogue/corrupt.def"
#undef CORRUPTION
#undef FULL
#undef SMALL
};

static const struct row *find(const char *name)
{
	for (int i = 0; i < COUNT(rows); i++)
		if (!strcmp(rows[i].name, name))
			return &rows[i];
	BUG("a corruption that corrupt.def does not have");
}

static uint64_t draw_bits(struct corrupting *x)
{
	return rng_bits(x->seed, RNG_CORRUPT, x->stream, x->next++);
}

double draw_uniform(struct corrupting *x)
{
	return (double)(draw_bits(x) >> 11) * 0x1p-53;
}

double draw_between(struct corrupting *x, double from, double to)
{
	return from + (to - from) * draw_uniform(x);
}

int draw_below(struct corrupting *x, int n)
{
	return (int)(((draw_bits(x) >> 32) * (uint64_t)n) >> 32);
}

/* Box-Muller: two of 32 uniform bits each. */
void draw_normals(struct corrupting *x, size_t n, double *out)
{
	const double turn = 6.283185307179586477 * 0x1p-32;

	for (size_t i = 0; i < n; i += 2) {
		uint64_t bits = draw_bits(x);
		double radius = sqrt(-2 * log(((double)(bits >> 32) + 1) * 0x1p-32));
		double angle = turn * (double)(bits & 0xffffffffu);

		out[i] = (radius * cos(angle));
		if (i + 1 < n)
			out[i + 1] = (radius * sin(angle));
	}
}

/* Few events: as many uniform numbers as keep their product above exp(-mean). */
static double count_events(struct corrupting *x, double mean)
{
	double limit = exp(-mean);
	double product = draw_uniform(x);
	int n = 0;

	for (; product > limit; n++)
		product *= draw_uniform(x);
	return n;
}

/* Transformed rejection: Hoermann 1993, algorithm PTRS; what NumPy uses, too. */
double draw_poisson(struct corrupting *x, double mean)
{
	double b = 0.931 + 2.53 * sqrt(mean);
	double a = -0.059 + 0.02483 * b;
	double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);

	if (mean < 10)
		return mean > 0 ? count_events(x, mean) : 0;
	for (;;) {
		double u = draw_uniform(x) - 0.5;
		double v = draw_uniform(x);
		double us = 0.5 - fabs(u);
		double k = floor((2 * a / us + b) * u + mean + 0.43);

		if (us >= 0.07 && v <= 0.9277 - 3.6224 / (b - 2))
			return k;
		if (k < 0 || (us < 0.013 && v > us))
			continue;
		if (log(v * inverse_alpha / (a / (us * us) + b)) <=
			k * log(mean) - mean - lgamma(k + 1))
			return k;
	}
}

void grey(const struct corrupting *x, double *out)
{
	static const double luminance[3] = { 0.299, 0.587, 0.114 };

	for (size_t i = 0; i < plane_size(x); i++) {
		out[i] = 0;
		for (int c = 0; c < x->c; c++)
			out[i] += plane(x, c)[i] *
				(x->c == 3 ? luminance[c] : 1.0 / x->c);
	}
}

void clip(double *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		v[i] = v[i] < 0 ? 0 : v[i] > 1 ? 1 : v[i];
}

void cut_to_bytes(double *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		v[i] = (int)(255 * v[i] + 1e-9) / 255.0; /* k / 255 stays */
}

void corrupt_picture(const struct corruption *k, int index, const int shape[3],
	const uint8_t *in, uint8_t *out, struct arena *a)
{
	const struct row *row = find(k->name);
	size_t n = (size_t)shape[0] * (size_t)shape[1] * (size_t)shape[2];
	int side = shape[1] < shape[2] ? shape[1] : shape[2];
	struct arena_mark mark = arena_mark(a);
	struct corrupting x = { .c = shape[0],
		.h = shape[1],
		.w = shape[2],
		.v = NEW_ARRAY(a, double, n),
		.small = side < CORRUPT_FULL_SIDE,
		.textures = k->textures,
		.a = a,
		.seed = k->seed,
		.stream = rng_hash(k->name) + (uint64_t)k->severity,
		.next = (uint64_t)index << 32 };

	ASSERT(k->severity >= 1 && k->severity <= CORRUPT_SEVERITIES);
	x.k = (x.small ? row->small : row->full)[k->severity - 1];
	for (size_t i = 0; i < n; i++)
		x.v[i] = in[i] / 255.0;
	row->apply(&x);
	clip(x.v, n);
	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)(255 * x.v[i] + 0.5);
	arena_rewind(a, mark);
}

/* Floats that are no share of white are no picture's. */
static int read_floats(const float *v, size_t n, int index, uint8_t *out, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		if (!(v[i] >= 0 && v[i] <= 1))
			return err_set(e, ERR_DATA,
				"sample %d has the value %g: only pictures with values "
				"from 0 to 1 can be corrupted",
				index, (double)v[i]);
		out[i] = (uint8_t)(255 * v[i] + 0.5F);
	}
	return OK;
}

int corrupt_sample(const struct corruption *k, const struct dataset_field *f, int index,
	float *out, struct arena *a, struct err *e)
{
	const int shape[3] = { f->c, f->h, f->w };
	size_t n = (size_t)f->c * (size_t)f->h * (size_t)f->w;
	size_t at = (size_t)index * n;
	bool floats = f->element == ELEMENT_F32;
	float white = floats ? 1 / 255.0F : f->scale;
	struct arena_mark mark = arena_mark(a);
	uint8_t *bytes = NEW_ARRAY(a, uint8_t, n);
	int rc = OK;

	if (floats)
		rc = read_floats((const float *)f->data + at, n, index, bytes, e);
	else
		memcpy(bytes, (const uint8_t *)f->data + at, n);
	if (!rc && k->name)
		corrupt_picture(k, index, shape, bytes, bytes, a);
	for (size_t i = 0; !rc && i < n; i++)
		out[i] = (float)bytes[i] * white;
	arena_rewind(a, mark);
	return rc;
}

int corrupt_check(const struct dataset_field *f, struct err *e)
{
	if (f->h >= PICTURE_SIDE_MIN && f->w >= PICTURE_SIDE_MIN)
		return OK;
	return err_set(e, ERR_SPEC, "inputs of %dx%dx%d are no pictures to corrupt",
		f->c, f->h, f->w);
}
