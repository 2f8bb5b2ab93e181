/*
 * The kernels of one instruction set: KERNEL_ISA names the table.
 */
#include <math.h>
#include <string.h>
#include "trainer-core/kernel/tables.h"

#define PASTE_(a, b) a##b
#define PASTE(a, b) PASTE_(a, b)
#define TEXT_(a) #a
#define TEXT(a) TEXT_(a)

static size_t conv_work(const struct conv_shape *s)
{
	return sizeof(float) * LANES * s->O * s->OH * s->OW;
}

static float input(const struct conv_shape *s, const float *x, int n, int c, int h, int w)
{
	if (h < 0 || w < 0 || h >= s->H || w >= s->W)
		return 0;
	return x[((((size_t)(n / 16) * s->C + c) * s->H + h) * s->W + w) * 16 + n % 16];
}

static float pre(const struct conv_shape *s, const float *x, const float *w,
	const float *b, int n, int o, int oh, int ow)
{
	float sum = b ? b[o] : 0;
	for (int c = 0; c < s->C; c++)
		for (int i = 0; i < s->kh; i++)
			for (int j = 0; j < s->kw; j++)
				sum += input(s, x, n, c,
					       oh * s->stride - s->pad + i * s->dilation,
					       ow * s->stride - s->pad +
						       j * s->dilation) *
				       w[((o * s->C + c) * s->kh + i) * s->kw + j];
	return sum;
}

static void conv_forward(const struct conv_shape *s, const float *x, const float *w,
	const float *b, float *y, uint8_t *which, void *work)
{
	int PH = s->pool ? s->OH / 2 : s->OH, PW = s->pool ? s->OW / 2 : s->OW;
	(void)work;
	for (int n = 0; n < s->N; n++)
		for (int o = 0; o < s->O; o++)
			for (int h = 0; h < PH; h++)
				for (int q = 0; q < PW; q++) {
					size_t k = ((((size_t)(n / 16) * s->O + o) * PH + h) *
							   PW + q) * 16 + n % 16;
					float m;
					if (!s->pool) {
						m = pre(s, x, w, b, n, o, h, q);
						y[k] = s->relu && m <= 0 ? 0 : m;
						continue;
					}
					which[k] = 0;
					m = pre(s, x, w, b, n, o, 2 * h, 2 * q);
					for (int t = 1; t < 4; t++) {
						float v = pre(s, x, w, b, n, o,
							2 * h + t / 2, 2 * q + t % 2);
						if (v > m || v != v) {
							m = v;
							which[k] = (uint8_t)t;
						}
					}
					if (m <= 0)
						which[k] = 4;
					y[k] = m <= 0 ? 0 : m;
				}
}

static float outer(const struct conv_shape *s, const float *y, const float *dy,
	const uint8_t *which, int n, int o, int h, int w)
{
	int PH = s->pool ? s->OH / 2 : s->OH, PW = s->pool ? s->OW / 2 : s->OW;
	int q = h % 2 * 2 + w % 2;
	size_t k;
	if (s->pool) {
		h /= 2;
		w /= 2;
	}
	if (h >= PH || w >= PW)
		return 0;
	k = ((((size_t)(n / 16) * s->O + o) * PH + h) * PW + w) * 16 + n % 16;
	if (s->pool)
		return which[k] == q ? dy[k] : 0;
	return s->relu && y[k] <= 0 ? 0 : dy[k];
}

static void conv_backward_weights(const struct conv_shape *s, const float *x,
	const float *y, const float *dy, const uint8_t *which, float *dw, float *db,
	void *work)
{
	(void)work;
	memset(dw, 0, sizeof(float) * s->O * s->C * s->kh * s->kw);
	if (db)
		memset(db, 0, sizeof(float) * s->O);
	for (int n = 0; n < s->N; n++)
		for (int o = 0; o < s->O; o++)
			for (int h = 0; h < s->OH; h++)
				for (int q = 0; q < s->OW; q++) {
					float g = outer(s, y, dy, which, n, o, h, q);
					if (g == 0)
						continue;
					if (db)
						db[o] += g;
					for (int c = 0; c < s->C; c++)
						for (int i = 0; i < s->kh; i++)
							for (int j = 0; j < s->kw; j++)
								dw[((o * s->C + c) * s->kh + i) * s->kw + j] +=
									g * input(s, x, n, c,
										h * s->stride - s->pad + i * s->dilation,
										q * s->stride - s->pad + j * s->dilation);
				}
}

static void conv_backward_data(const struct conv_shape *s, const float *w, const float *y,
	const float *dy, const uint8_t *which, float *dx, int add, void *work)
{
	(void)work;
	if (!add)
		memset(dx, 0, sizeof(float) * 16 * ((s->N + 15) / 16) * s->C * s->H * s->W);
	for (int n = 0; n < s->N; n++)
		for (int o = 0; o < s->O; o++)
			for (int h = 0; h < s->OH; h++)
				for (int q = 0; q < s->OW; q++) {
					float g = outer(s, y, dy, which, n, o, h, q);
					if (g == 0)
						continue;
					for (int c = 0; c < s->C; c++)
						for (int i = 0; i < s->kh; i++)
							for (int j = 0; j < s->kw; j++) {
								int r = h * s->stride - s->pad + i * s->dilation;
								int t = q * s->stride - s->pad + j * s->dilation;
								if (r < 0 || t < 0 || r >= s->H || t >= s->W)
									continue;
								dx[((((size_t)(n / 16) * s->C + c) * s->H + r) * s->W + t) * 16 + n % 16] +=
									g * w[((o * s->C + c) * s->kh + i) * s->kw + j];
							}
				}
}

static size_t linear_work(const struct linear_shape *s)
{
	return sizeof(float) * (s->N + 1) * (s->out + 1);
}

static void linear_forward(const struct linear_shape *s, const float *x, const float *w,
	const float *b, float *y, void *work)
{
	(void)work;
	for (int n = 0; n < s->N; n++)
		for (int o = 0; o < s->out; o++) {
			float sum = b ? b[o] : 0;
			for (int i = 0; i < s->in; i++)
				sum += x[(size_t)n * s->in + i] *
				       w[linear_index(s->in, s->out, o, i)];
			y[(size_t)n * s->out + o] = s->relu && sum <= 0 ? 0 : sum;
		}
}

static float linear_dy(
	const struct linear_shape *s, const float *y, const float *dy, int n, int o)
{
	size_t k = (size_t)n * s->out + o;
	return s->relu && y[k] <= 0 ? 0 : dy[k];
}

static void linear_backward_weights(const struct linear_shape *s, const float *x,
	const float *y, const float *dy, float *dw, float *db, void *work)
{
	(void)work;
	memset(dw, 0, sizeof(float) * linear_floats(s->in, s->out));
	for (int o = 0; o < s->out; o++) {
		float bias = 0;
		for (int n = 0; n < s->N; n++)
			bias += linear_dy(s, y, dy, n, o);
		if (db)
			db[o] = bias;
		for (int i = 0; i < s->in; i++) {
			float sum = 0;
			for (int n = 0; n < s->N; n++)
				sum += linear_dy(s, y, dy, n, o) * x[(size_t)n * s->in + i];
			dw[linear_index(s->in, s->out, o, i)] = sum;
		}
	}
}

static void linear_backward_data(const struct linear_shape *s, const float *w,
	const float *y, const float *dy, float *dx, int add, void *work)
{
	(void)work;
	for (int n = 0; n < s->N; n++)
		for (int i = 0; i < s->in; i++) {
			float sum = 0;
			for (int o = 0; o < s->out; o++)
				sum += linear_dy(s, y, dy, n, o) *
				       w[linear_index(s->in, s->out, o, i)];
			dx[(size_t)n * s->in + i] =
				add ? dx[(size_t)n * s->in + i] + sum : sum;
		}
}

static void n16_to_rows(int N, int F, const float *x, float *y)
{
	for (int n = 0; n < N; n++)
		for (int f = 0; f < F; f++)
			y[(size_t)n * F + f] = x[((size_t)(n / 16) * F + f) * 16 + n % 16];
}

static void rows_to_n16(int N, int F, const float *x, float *y)
{
	for (int n = 0; n < (N + 15) / 16 * 16; n++)
		for (int f = 0; f < F; f++)
			y[((size_t)(n / 16) * F + f) * 16 + n % 16] =
				n < N ? x[(size_t)n * F + f] : 0;
}

static void gather_u8_n16(
	int N, int F, const uint8_t *data, const int *index, float scale, float *y)
{
	for (int n = 0; n < (N + 15) / 16 * 16; n++)
		for (int f = 0; f < F; f++)
			y[((size_t)(n / 16) * F + f) * 16 + n % 16] =
				n < N ? (float)data[(size_t)index[n] * F + f] * scale : 0;
}

static void gather_f32_n16(int N, int F, const float *data, const int *index, float *y)
{
	for (int n = 0; n < (N + 15) / 16 * 16; n++)
		for (int f = 0; f < F; f++)
			y[((size_t)(n / 16) * F + f) * 16 + n % 16] =
				n < N ? data[(size_t)index[n] * F + f] : 0;
}

static void gather_u8_rows(
	int N, int F, const uint8_t *data, const int *index, float scale, float *y)
{
	for (int n = 0; n < N; n++)
		for (int f = 0; f < F; f++)
			y[(size_t)n * F + f] =
				(float)data[(size_t)index[n] * F + f] * scale;
}

static void gather_f32_rows(int N, int F, const float *data, const int *index, float *y)
{
	for (int n = 0; n < N; n++)
		memcpy(y + (size_t)n * F, data + (size_t)index[n] * F, sizeof(float) * F);
}

static void adam(size_t n, float *p, const float *g, float *m, float *v, float *vmax,
	const struct adam_step *s)
{
	for (size_t i = 0; i < n; i++) {
		float d = s->decoupled ? g[i] : g[i] + s->wd * p[i];
		float big;
		m[i] = s->beta1 * m[i] + (1 - s->beta1) * d;
		v[i] = s->beta2 * v[i] + (1 - s->beta2) * d * d;
		big = v[i];
		if (s->amsgrad)
			big = vmax[i] = v[i] > vmax[i] ? v[i] : vmax[i];
		if (s->decoupled)
			p[i] *= 1 - s->lr * s->wd;
		p[i] -= s->lr * s->c1 * m[i] / (sqrtf(big * s->c2) + s->eps);
	}
}

static void sgd(
	size_t n, float *p, const float *g, float *buf, const struct sgd_step *s)
{
	for (size_t i = 0; i < n; i++) {
		float d = g[i] + s->wd * p[i];
		if (buf) {
			buf[i] = s->first ? d :
					    s->momentum * buf[i] + (1 - s->dampening) * d;
			d = s->nesterov ? d + s->momentum * buf[i] : buf[i];
		}
		p[i] -= s->lr * d;
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

static double dot(size_t n, const float *x, const float *y)
{
	double sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += (double)x[i] * (double)y[i];
	return sum;
}

const struct kernels PASTE(kernels_, KERNEL_ISA) = {
	.name = TEXT(KERNEL_ISA),
	.conv_work = conv_work,
	.conv_forward = conv_forward,
	.conv_backward_weights = conv_backward_weights,
	.conv_backward_data = conv_backward_data,
	.linear_work = linear_work,
	.linear_forward = linear_forward,
	.linear_backward_weights = linear_backward_weights,
	.linear_backward_data = linear_backward_data,
	.n16_to_rows = n16_to_rows,
	.rows_to_n16 = rows_to_n16,
	.gather_u8_n16 = gather_u8_n16,
	.gather_f32_n16 = gather_f32_n16,
	.gather_u8_rows = gather_u8_rows,
	.gather_f32_rows = gather_f32_rows,
	.adam = adam,
	.sgd = sgd,
	.axpy = axpy,
	.scale = scale,
	.dot = dot,
};
