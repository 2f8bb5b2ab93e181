#include "trainer-core/loss.h"

#include <math.h>
#include <stdint.h>
#include <string.h>
#include "common/err.h"
#include "trainer-core/kernel/kernel.h"

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
	kernels_get()->exact->exp_all((size_t)s->C * (size_t)s->N, d);
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

/* Neighbouring pixels of a map that are summed up together. */
#define GROUP 4

/* A cross-entropy over the pixels of maps, as far as it is. */
struct xent_maps {
	const struct loss_shape *s;
	const struct kernels_exact *k;
	float scale;
	double loss;
	double product; /* of sums whose logarithms are not yet in the loss ... */
	int factors; /* ... and how many they are */
};

/*
 * The labelled ones of n pixels, of which x are the scores, top the largest and sum the
 * sums of exponentials. Completes d, unless it is NULL.
 */
static void add_labelled(struct xent_maps *t, int n, const float *label, const float *x,
	const float *top, const double *sum, float *d)
{
	const int C = t->s->C, S = t->s->S;
	double at_labels = 0;

	for (int i = 0; i < n; i++) {
		int right = (int)label[i];

		ASSERT(right < C);
		for (int c = 0; d && right < 0 && c < C; c++)
			d[c * S + i] = 0;
		if (right < 0)
			continue;
		at_labels += (double)(x[right * S + i] - top[i]);
		t->product *= sum[i];
		t->factors++;
		if (d)
			d[right * S + i] -= t->scale;
	}
	t->loss -= at_labels;
	if (t->factors >= LOGS - GROUP) {
		t->loss += log(t->product);
		t->product = 1;
		t->factors = 0;
	}
}

/* Up to LANES pixels. */
static void add_pixels(
	struct xent_maps *t, int n, const float *label, const float *x, float *d)
{
	float top[LANES];
	double sum[LANES];

	t->k->softmax_pixels(
		n, t->s->C, (size_t)t->s->S, (double)t->scale, x, top, sum, d);
	for (int i = 0; i < n; i += GROUP)
		add_labelled(t, n - i < GROUP ? n - i : GROUP, label + i, x + i,
			top + i, sum + i, d ? d + i : NULL);
}

/* Of maps: xent() with pixels side by side. */
static struct loss_sum xent_maps(const struct loss_shape *s, const float *x,
	const float *label, float *d, bool slope)
{
	struct loss_sum total = { 0 };
	struct xent_maps t = { .s = s, .k = kernels_get()->exact, .product = 1 };

	for (size_t i = 0; i < (size_t)s->N * (size_t)s->S; i++)
		total.count += (int)label[i] >= 0;
	t.scale = total.count > 0 ? (float)(1 / total.count) : 0;
	for (int n = 0; n < s->N; n++, x += s->C * s->S, d += s->C * s->S)
		for (int i = 0; i < s->S; i += LANES) {
			int have = s->S - i < LANES ? s->S - i : LANES;

			add_pixels(&t, have, label, x + i, slope ? d + i : NULL);
			label += have;
		}
	total.sum = t.loss + log(t.product);
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
