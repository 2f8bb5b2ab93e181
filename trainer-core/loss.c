#include "trainer-core/loss.h"

#include <math.h>
#include <stdint.h>
#include <string.h>
#include "common/err.h"

struct loss loss_of(const struct task_info *task)
{
	struct loss l = { .kind = task->loss };

	if (task->kind == TASK_DEPTH || task->kind == TASK_NORMAL ||
		task->kind == TASK_VECTOR || task->kind == TASK_SOFT_MAP)
		l.mask = MASK_ZERO;
	l.normalise = task->kind == TASK_NORMAL && task->loss == LOSS_COSINE;
	return l;
}

int loss_target_floats(const struct loss *l, int C, int S)
{
	return l->kind == LOSS_CE ? S : C * S;
}

double loss_mean(struct loss_sum s)
{
	return s.count > 0 ? s.sum / s.count : 0;
}

/* Four lanes: what every processor has; masks are all ones or all zeros. */
typedef float lanes __attribute__((vector_size(16)));
typedef int32_t lane_mask __attribute__((vector_size(16)));
typedef uint32_t lane_bits __attribute__((vector_size(16)));
#define WIDTH 4
#define INLINE static inline __attribute__((always_inline))

/*
 * exp(x) for x <= 0: 2^k p(r) with r in [-ln 2 / 2, ln 2 / 2] and a polynomial of degree
 * 6, within 2 ulp. Below -87 it is 0; a NaN stays one. One after the other, libm's expf
 * took a tenth of a small network's step.
 */
static lanes exp_lanes(lanes x)
{
	const lane_mask too_low = x < -87.0f;
	const lanes shifted = x * 1.44269504f + 12582912.0f; /* rounds: 1.5 * 2^23 */
	const lanes k = shifted - 12582912.0f;
	const lanes r = (x - k * 0.693359375f) + k * 2.12194440e-4f;
	/* Unsigned: far below -87 the exponent wraps, in lanes that are masked out. */
	const lanes scale = (lanes)(((lane_bits)shifted << 23) + 0x3f800000u);
	lanes p = 1.3888889e-3f * r + 8.3333333e-3f;

	p = p * r + 4.1666667e-2f;
	p = p * r + 1.6666667e-1f;
	p = p * r + 0.5f;
	p = p * r + 1;
	p = p * r + 1;
	return (lanes)((lane_mask)(p * scale) & ~too_low);
}

static void exp_in_place(size_t n, float *v)
{
	lanes x = { 0 };
	size_t i = 0;

	for (; i + WIDTH <= n; i += WIDTH) {
		memcpy(&x, v + i, sizeof(x));
		x = exp_lanes(x);
		memcpy(v + i, &x, sizeof(x));
	}
	memcpy(&x, v + i, (n - i) * sizeof(float));
	x = exp_lanes(x);
	memcpy(v + i, &x, (n - i) * sizeof(float));
}

/*
 * d = x - max over the scores of each sample. Returns the sum of d at the labels; *count:
 * how many samples have one.
 */
static double subtract_max(const struct loss_shape *s, const float *x,
	const float *label, float *d, double *count)
{
	double at_labels = 0;

	for (int n = 0; n < s->N; n++, x += s->C, d += s->C) {
		int right = (int)label[n];
		float top = x[0];

		for (int c = 1; c < s->C; c++)
			top = x[c] > top ? x[c] : top;
		for (int c = 0; c < s->C; c++)
			d[c] = x[c] - top;
		if (right < 0)
			continue;
		ASSERT(right < s->C);
		at_labels += (double)d[right];
		++*count;
	}
	return at_labels;
}

/* Logarithms of products of LOGS sums: none leaves the range of a double. */
#define LOGS 16

/* Of samples with one label each: all exponentials at once, then sample by sample. */
static struct loss_sum xent(const struct loss_shape *s, const float *x,
	const float *label, float *d, bool slope)
{
	struct loss_sum total = { 0 };
	double product = 1;
	int factors = 0;
	float scale;

	total.sum = -subtract_max(s, x, label, d, &total.count);
	scale = total.count > 0 ? (float)(1 / total.count) : 0;
	exp_in_place((size_t)s->C * (size_t)s->N, d);
	for (int n = 0; n < s->N; n++, d += s->C) {
		int right = (int)label[n];
		double sum = 0; /* at least 1 and at most C */
		float factor;

		for (int c = 0; c < s->C; c++)
			sum += (double)d[c];
		factor = right < 0 ? 0 : (float)((double)scale / sum);
		for (int c = 0; slope && c < s->C; c++)
			d[c] = right < 0 ? 0 : d[c] * factor;
		if (right < 0)
			continue;
		if (slope)
			d[right] -= scale;
		product *= sum;
		if (++factors % LOGS == 0) {
			total.sum += log(product);
			product = 1;
		}
	}
	total.sum += log(product);
	return total;
}

typedef double wide_lanes __attribute__((vector_size(32)));

/* Neighbouring pixels of a map; those behind the last are not labelled. */
struct pixels {
	int n; /* at most WIDTH */
	int label[WIDTH];
};

INLINE lanes load_pixels(const float *x, int n)
{
	lanes v = { 0 };

	memcpy(&v, x, sizeof(float) * (size_t)n);
	return v;
}

/*
 * WIDTH pixels at once, for each channel one after the other: d loss / dx in d, unless it
 * is NULL. Returns minus the sum of x - max at the labels; the sums of exponentials
 * multiply into *product.
 */
INLINE double xent_pixels(const struct loss_shape *s, const struct pixels *p,
	const float *x, float scale, double *product, float *d)
{
	size_t bytes = sizeof(float) * (size_t)p->n;
	lanes top = load_pixels(x, p->n), factor, v;
	wide_lanes sum = { 0 };
	double at_labels = 0;

	for (int c = 1; c < s->C; c++) {
		v = load_pixels(x + c * s->S, p->n);
		top = (lanes)(((v > top) & (lane_mask)v) |
			(~(v > top) & (lane_mask)top));
	}
	for (int c = 0; c < s->C; c++) {
		v = exp_lanes(load_pixels(x + c * s->S, p->n) - top);
		sum += __builtin_convertvector(v, wide_lanes);
		if (d)
			memcpy(d + c * s->S, &v, bytes);
	}
	factor = __builtin_convertvector((double)scale / sum, lanes);
	for (int c = 0; d && c < s->C; c++) {
		v = load_pixels(d + c * s->S, p->n) * factor;
		memcpy(d + c * s->S, &v, bytes);
	}
	for (int i = 0; i < p->n; i++) {
		int right = p->label[i];

		for (int c = 0; d && right < 0 && c < s->C; c++)
			d[c * s->S + i] = 0;
		if (right < 0)
			continue;
		at_labels += (double)(x[right * s->S + i] - top[i]);
		*product *= sum[i];
		if (d)
			d[right * s->S + i] -= scale;
	}
	return -at_labels;
}

/* The labels of up to WIDTH pixels; returns how many are one. */
static int read_labels(
	const struct loss_shape *s, const float *label, int n, struct pixels *p)
{
	int count = 0;

	p->n = n;
	for (int i = 0; i < WIDTH; i++) {
		p->label[i] = i < n ? (int)label[i] : -1;
		ASSERT(p->label[i] < s->C);
		count += p->label[i] >= 0;
	}
	return count;
}

/* Of maps: xent() with pixels side by side. */
static struct loss_sum xent_maps(const struct loss_shape *s, const float *x,
	const float *label, float *d, bool slope)
{
	struct loss_sum total = { 0 };
	struct pixels p;
	double product = 1;
	float scale;
	int factors = 0;

	for (size_t i = 0; i < (size_t)s->N * (size_t)s->S; i++)
		total.count += (int)label[i] >= 0;
	scale = total.count > 0 ? (float)(1 / total.count) : 0;
	for (int n = 0; n < s->N; n++, x += s->C * s->S, d += s->C * s->S)
		for (int i = 0; i < s->S; i += WIDTH) {
			float *to = slope ? d + i : NULL;
			int have = s->S - i < WIDTH ? s->S - i : WIDTH;

			factors += read_labels(s, label, have, &p);
			label += have;
			/* The full width is a constant to the compiler. */
			if (have == WIDTH) {
				p.n = WIDTH;
				total.sum +=
					xent_pixels(s, &p, x + i, scale, &product, to);
			} else {
				total.sum +=
					xent_pixels(s, &p, x + i, scale, &product, to);
			}
			if (factors >= LOGS - WIDTH) {
				total.sum += log(product);
				product = 1;
				factors = 0;
			}
		}
	total.sum += log(product);
	return total;
}

/* Loss of one value, e = prediction - target (bce: both); *d its derivative. */
static float l1(float p, float t, float *d)
{
	float e = p - t;

	*d = e == 0 ? 0 : copysignf(1, e); /* no branch on a random sign */
	return fabsf(e);
}

static float smooth_l1(float p, float t, float *d)
{
	float e = p - t;

	if (fabsf(e) >= 1) {
		*d = copysignf(1, e);
		return fabsf(e) - 0.5f;
	}
	*d = e;
	return 0.5f * e * e;
}

static float l2(float p, float t, float *d)
{
	float e = p - t;

	*d = 2 * e;
	return e * e;
}

static float bce(float p, float t, float *d)
{
	float z = expf(-fabsf(p));

	*d = (p >= 0 ? 1 / (1 + z) : z / (1 + z)) - t;
	return (p > 0 ? p : 0) - p * t + log1pf(z);
}

/*
 * Returns sum q (log sum exp - x) of one pixel, whatever q adds up to; d, unless it is
 * NULL, is not yet divided by the count. exp is libm's, which shares of maps can afford:
 * their networks take far longer.
 */
static double soft_pixel(
	const struct loss_shape *s, const float *x, const float *q, float *d)
{
	double top = (double)x[0], sum = 0, mass = 0, at = 0;

	for (int c = 1; c < s->C; c++)
		if (!((double)x[c * s->S] <= top)) /* a NaN comes through */
			top = (double)x[c * s->S];
	for (int c = 0; c < s->C; c++) {
		sum += exp((double)x[c * s->S] - top);
		mass += (double)q[c * s->S];
		at += (double)q[c * s->S] * ((double)x[c * s->S] - top);
	}
	for (int c = 0; d && c < s->C; c++)
		d[c * s->S] = (float)(mass * exp((double)x[c * s->S] - top) / sum -
			(double)q[c * s->S]);
	return mass * log(sum) - at;
}

/* An edge has this weight and what is none the rest of 1, since edges are few. */
#define EDGE_WEIGHT 0.95f

/* Computes the cross-entropy over the pixels that are labelled; -1 is no label. */
static struct loss_sum edges(
	size_t n, const float *p, const float *t, float *gradient, bool slope)
{
	struct loss_sum total = { 0 };
	float scale;

	for (size_t i = 0; i < n; i++) {
		float weight = t[i] > 0.5f ? EDGE_WEIGHT : 1 - EDGE_WEIGHT;
		float d = 0;

		if (t[i] >= 0) {
			total.sum += (double)(weight * bce(p[i], t[i], &d));
			total.count++;
		}
		if (slope)
			gradient[i] = weight * d;
	}
	scale = total.count > 0 ? (float)(1 / total.count) : 0;
	for (size_t i = 0; slope && i < n; i++)
		gradient[i] *= scale;
	return total;
}

static struct loss_sum each_value(float (*f)(float p, float t, float *d), size_t n,
	const float *p, const float *t, float *gradient, bool slope)
{
	struct loss_sum total = { .count = (double)n };
	float scale = (float)(1 / total.count);

	for (size_t i = 0; i < n; i++) {
		float d;

		total.sum += (double)f(p[i], t[i], &d);
		if (slope)
			gradient[i] = d * scale;
	}
	return total;
}

static bool masked(enum loss_mask mask, const struct loss_shape *s, const float *t)
{
	float none = mask == MASK_ZERO ? 0.0f : -1.0f;

	if (mask == MASK_NONE)
		return false;
	for (int c = 0; c < s->C; c++)
		if (t[c * s->S] != none)
			return false;
	return true;
}

/* Over the channels of one pixel; d is not yet divided by the count. */
static double l1_pixel(
	const struct loss_shape *s, const float *p, const float *t, float *d)
{
	double sum = 0;

	for (int c = 0; c < s->C; c++)
		sum += (double)l1(p[c * s->S], t[c * s->S], &d[c * s->S]);
	return sum;
}

/*
 * 1 - p.t, p divided by its length where the network has not done it. d, unless it is
 * NULL, is not yet divided by the count.
 */
static double cosine_pixel(const struct loss_shape *s, bool normalise, const float *p,
	const float *t, float *d)
{
	double dot = 0, square = 0, length = 1;

	for (int c = 0; c < s->C; c++) {
		dot += (double)p[c * s->S] * (double)t[c * s->S];
		square += (double)p[c * s->S] * (double)p[c * s->S];
	}
	if (normalise)
		length = square > 0 ? sqrt(square) : 1;
	for (int c = 0; d && c < s->C; c++) {
		double u =
			normalise ? (double)p[c * s->S] * dot / (length * length) : 0;

		d[c * s->S] = (float)((u - (double)t[c * s->S]) / length);
	}
	return 1 - dot / length;
}

/* d is NULL without a slope; room is of the same place in any case. */
static double pixel(const struct loss *l, const struct loss_shape *s, const float *p,
	const float *t, float *d, float *room)
{
	if (l->kind == LOSS_COSINE)
		return cosine_pixel(s, l->normalise, p, t, d);
	return l->kind == LOSS_SOFT_CE ? soft_pixel(s, p, t, d)
				       : l1_pixel(s, p, t, room);
}

static struct loss_sum each_pixel(const struct loss *l, const struct loss_shape *s,
	const float *p, const float *t, float *gradient, bool slope)
{
	size_t size = (size_t)s->C * s->S;
	struct loss_sum total = { 0 };
	float scale;

	if (slope)
		memset(gradient, 0, size * (size_t)s->N * sizeof(float));
	for (int n = 0; n < s->N; n++)
		for (int i = 0; i < s->S; i++) {
			size_t at = (size_t)n * size + (size_t)i;

			if (masked(l->mask, s, t + at))
				continue;
			total.count++;
			total.sum += pixel(l, s, p + at, t + at,
				slope ? gradient + at : NULL, gradient + at);
		}
	scale = total.count > 0 ? (float)(1 / total.count) : 0;
	for (size_t i = 0; slope && i < size * (size_t)s->N; i++)
		gradient[i] *= scale;
	return total;
}

static struct loss_sum compute(const struct loss *l, const struct loss_shape *s,
	const float *p, const float *t, float *d, bool slope)
{
	size_t n = (size_t)s->N * s->C * s->S;

	switch (l->kind) {
	case LOSS_CE:
		return s->S > 1 ? xent_maps(s, p, t, d, slope)
				: xent(s, p, t, d, slope);
	case LOSS_L1:
		if (l->mask != MASK_NONE)
			return each_pixel(l, s, p, t, d, slope);
		return each_value(l1, n, p, t, d, slope);
	case LOSS_SMOOTH_L1:
		return each_value(smooth_l1, n, p, t, d, slope);
	case LOSS_L2:
		return each_value(l2, n, p, t, d, slope);
	case LOSS_BCE:
		return each_value(bce, n, p, t, d, slope);
	case LOSS_COSINE:
		return each_pixel(l, s, p, t, d, slope);
	case LOSS_SOFT_CE:
		return each_pixel(l, s, p, t, d, slope);
	case LOSS_EDGES:
		return edges(n, p, t, d, slope);
	}
	BUG("an unknown loss");
}

struct loss_sum loss_compute(const struct loss *l, const struct loss_shape *s,
	const float *prediction, const float *target, float *gradient)
{
	return compute(l, s, prediction, target, gradient, true);
}

struct loss_sum loss_value(const struct loss *l, const struct loss_shape *s,
	const float *prediction, const float *target, float *room)
{
	return compute(l, s, prediction, target, room, false);
}
