/*
 * Loops over flat arrays: optimizer steps and the sums of gradient methods. Included by
 * vector.c and bf16.c; all static.
 */
#ifndef DELTAM_KERNEL_ELEMENTWISE_H
#define DELTAM_KERNEL_ELEMENTWISE_H

#include "trainer-core/kernel/width.h"

/*
 * m / (sqrt(v) + eps). Where root and division are slow they start from the processor's
 * 14-bit guesses and gain the rest by one Newton step. A denominator of zero counts as
 * the smallest number, so that an element which never had a gradient stays where it is.
 * The class bf16 guesses nowhere: its bits are those of every processor.
 */
#if WIDTH == 16 && !defined(KERNEL_BF16)
INLINE vec ratio(vec m, vec v, vec eps)
{
	vec tiny = all(FLT_MIN);
	vec big = (vec)_mm512_max_ps((__m512)tiny, (__m512)v);
	vec r = (vec)_mm512_rsqrt14_ps((__m512)big);
	vec root = big * r;
	vec d, q;

	root += 0.5f * root * (1.0f - root * r);
	d = root + eps;
	q = (vec)_mm512_rcp14_ps((__m512)d);
	q += q * (1.0f - d * q);
	return m * q;
}
#else
INLINE vec ratio(vec m, vec v, vec eps)
{
	vec d;

	for (int i = 0; i < WIDTH; i++)
		d[i] = sqrtf(v[i]);
	d += eps;
	return m / choose(d == 0.0f, all(FLT_MIN), d);
}
#endif

struct adam_vectors {
	vec p, g, m, v, max;
};

INLINE void adam_one(struct adam_vectors *a, const struct adam_step *s)
{
	vec g = s->decoupled ? a->g : a->g + s->wd * a->p;
	vec big;

	a->m += (1 - s->beta1) * (g - a->m);
	a->v = s->beta2 * a->v + (1 - s->beta2) * g * g;
	if (s->decoupled)
		a->p *= 1 - s->lr * s->wd;
	a->max = choose(a->max > a->v, a->max, a->v);
	big = s->amsgrad ? a->max : a->v;
	a->p -= s->lr * s->c1 * ratio(a->m, s->c2 * big, all(s->eps));
}

INLINE void adam_many(size_t n, float *p, const float *g, float *m, float *v,
	float *vmax, const struct adam_step *s)
{
	for (size_t i = 0; i < n; i += WIDTH) {
		struct adam_vectors a = { load(p + i), load(g + i), load(m + i),
			load(v + i), { 0 } };

		if (s->amsgrad)
			a.max = load(vmax + i);
		adam_one(&a, s);
		store(p + i, a.p);
		store(m + i, a.m);
		store(v + i, a.v);
		if (s->amsgrad)
			store(vmax + i, a.max);
	}
}

static void adam(size_t n, float *p, const float *g, float *m, float *v, float *vmax,
	const struct adam_step *s)
{
	size_t whole = n / WIDTH * WIDTH, rest = n - whole;
	struct adam_step plain = *s;
	float t[5][WIDTH] = { { 0 } };
	float *const tail[5] = { p, m, v, s->amsgrad ? vmax : NULL, NULL };

	plain.amsgrad = 0;
	plain.decoupled = 0;
	if (s->amsgrad || s->decoupled)
		adam_many(whole, p, g, m, v, vmax, s);
	else
		adam_many(whole, p, g, m, v, NULL, &plain);
	for (int i = 0; tail[i]; i++)
		memcpy(t[i], tail[i] + whole, sizeof(float) * rest);
	memcpy(t[4], g + whole, sizeof(float) * rest);
	adam_many(WIDTH, t[0], t[4], t[1], t[2], t[3], s);
	for (int i = 0; tail[i]; i++)
		memcpy(tail[i] + whole, t[i], sizeof(float) * rest);
}

static void sgd(
	size_t n, float *p, const float *g, float *buf, const struct sgd_step *s)
{
	float keep_old = s->first ? 0 : s->momentum;
	float take_new = s->first ? 1 : 1 - s->dampening;

	if (!buf) {
		for (size_t i = 0; i < n; i++)
			p[i] -= s->lr * (g[i] + s->wd * p[i]);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		float d = g[i] + s->wd * p[i];
		float b = s->first ? d : keep_old * buf[i] + take_new * d;

		buf[i] = b;
		p[i] -= s->lr * (s->nesterov ? d + s->momentum * b : b);
	}
}

static void axpy(size_t n, float a, const float *x, float *y)
{
	for (size_t i = 0; i < n; i++)
		y[i] += a * x[i];
}

static void scale(size_t n, float a, float *x)
{
	for (size_t i = 0; i < n; i++)
		x[i] *= a;
}

/* Sixteen chains of doubles, then a tree: an order that only n decides. */
static double dot(size_t n, const float *x, const float *y)
{
	double sum[LANES] = { 0 };
	size_t whole = n / LANES * LANES;

	for (size_t i = 0; i < whole; i += LANES)
		for (int k = 0; k < LANES; k++)
			sum[k] += (double)x[i + k] * (double)y[i + k];
	for (size_t i = whole; i < n; i++)
		sum[i - whole] += (double)x[i] * (double)y[i];
	for (int half = LANES / 2; half; half /= 2)
		for (int k = 0; k < half; k++)
			sum[k] += sum[k + half];
	return sum[0];
}

#endif
