/*
 * What mixes the channels of a pixel.
 */
#include "trainer-core/graph/layer.h"

#include <math.h>

/* Pixel i of a pass: its channel c lies at base + step(c). */
struct pixel {
	size_t base, block; /* block: from one group of sixteen channels to the next */
};

static struct pixel pixel_at(const struct graph *g, const struct node *v, size_t i)
{
	if (v->layout == LAYOUT_ROW)
		return (struct pixel){ i * (size_t)v->C, LANES };
	return (struct pixel){ i * LANES,
		(size_t)v->H * (size_t)v->W * (size_t)g->n * LANES };
}

static size_t at(struct pixel p, int c)
{
	return p.base + (size_t)(c / LANES) * p.block + (size_t)(c % LANES);
}

static size_t pixels(const struct graph *g, const struct node *v)
{
	return (size_t)v->H * (size_t)v->W * (size_t)g->n;
}

/* y = x - max - log sum exp(x - max) */
static void softmax_pixel(int C, struct pixel p, const float *x, float *y)
{
	float max = x[at(p, 0)];
	double sum = 0;

	for (int c = 1; c < C; c++)
		max = x[at(p, c)] > max ? x[at(p, c)] : max;
	for (int c = 0; c < C; c++)
		sum += (double)expf(x[at(p, c)] - max);
	for (int c = 0; c < C; c++)
		y[at(p, c)] = (float)((double)x[at(p, c)] - (double)max - log(sum));
}

static void softmax_forward(struct graph *g, struct node *v)
{
	const float *x = layer_in(g, v, 0)->y;

	layer_clear_tail(g, v, v->y);
	for (size_t i = 0; i < pixels(g, v); i++)
		softmax_pixel(v->C, pixel_at(g, v, i), x, v->y);
}

/* dx = dy - exp(y) sum dy */
static void softmax_backward(struct graph *g, struct node *v, float *grad)
{
	int add;
	float *dx = layer_input_grad(g, v, 0, &add);

	(void)grad;
	if (dx && !add)
		layer_clear_tail(g, v, dx);
	for (size_t i = 0; dx && i < pixels(g, v); i++) {
		struct pixel p = pixel_at(g, v, i);
		float sum = 0;

		for (int c = 0; c < v->C; c++)
			sum += v->dy[at(p, c)];
		for (int c = 0; c < v->C; c++) {
			float d = v->dy[at(p, c)] - expf(v->y[at(p, c)]) * sum;

			dx[at(p, c)] = add ? dx[at(p, c)] + d : d;
		}
	}
}

static float length(int C, struct pixel p, const float *x)
{
	float sum = 0;

	for (int c = 0; c < C; c++)
		sum += x[at(p, c)] * x[at(p, c)];
	return sqrtf(sum);
}

static void l2_forward(struct graph *g, struct node *v)
{
	const float *x = layer_in(g, v, 0)->y;

	layer_clear_tail(g, v, v->y);
	for (size_t i = 0; i < pixels(g, v); i++) {
		struct pixel p = pixel_at(g, v, i);
		float l = length(v->C, p, x);

		for (int c = 0; c < v->C; c++)
			v->y[at(p, c)] = x[at(p, c)] / l;
	}
}

/* dx = (dy - y <y, dy>) / |x| */
static void l2_backward(struct graph *g, struct node *v, float *grad)
{
	const float *x = layer_in(g, v, 0)->y;
	int add;
	float *dx = layer_input_grad(g, v, 0, &add);

	(void)grad;
	if (dx && !add)
		layer_clear_tail(g, v, dx);
	for (size_t i = 0; dx && i < pixels(g, v); i++) {
		struct pixel p = pixel_at(g, v, i);
		float l = length(v->C, p, x), dot = 0;

		for (int c = 0; c < v->C; c++)
			dot += v->y[at(p, c)] * v->dy[at(p, c)];
		for (int c = 0; c < v->C; c++) {
			float d = (v->dy[at(p, c)] - v->y[at(p, c)] * dot) / l;

			dx[at(p, c)] = add ? dx[at(p, c)] + d : d;
		}
	}
}

const struct layer layer_log_softmax = { .name = "log_softmax",
	.inputs = 1,
	.rule = LAYOUT_OF_INPUT,
	.shape = layer_same_shape,
	.forward = softmax_forward,
	.backward = softmax_backward };

const struct layer layer_l2_normalize = { .name = "l2_normalize",
	.inputs = 1,
	.rule = LAYOUT_OF_INPUT,
	.shape = layer_same_shape,
	.forward = l2_forward,
	.backward = l2_backward };
