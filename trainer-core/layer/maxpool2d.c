/*
 * Max-pool, floor mode. The first maximum in row-major order wins (strict >), padding counts
 * as -inf; node.which keeps the winner's place in its window.
 */
#include "trainer-core/graph/layer.h"

#include <math.h>
#include <string.h>

/* Sixteen windows at output row oy, column ox. x: one plane. */
static void pool_window(const struct node *v, const struct node *x, const float *plane,
	int oy, int ox, float *y, uint8_t *which)
{
	for (int l = 0; l < LANES; l++) {
		y[l] = -INFINITY;
		which[l] = 0;
	}
	for (int q = 0; q < v->kernel * v->kernel; q++) {
		int iy = oy * v->stride - v->pad + q / v->kernel;
		int ix = ox * v->stride - v->pad + q % v->kernel;
		const float *p = plane + ((size_t)iy * x->W + ix) * LANES;

		if (iy < 0 || iy >= x->H || ix < 0 || ix >= x->W)
			continue;
		for (int l = 0; l < LANES; l++) {
			bool wins = p[l] > y[l] || isnan(p[l]);

			y[l] = wins ? p[l] : y[l];
			which[l] = wins ? (uint8_t)q : which[l];
		}
	}
}

static void forward_n16(struct graph *g, struct node *v)
{
	const struct node *x = layer_in(g, v, 0);
	size_t planes = (size_t)((g->n + LANES - 1) / LANES) * (size_t)v->C;
	size_t in = (size_t)x->H * x->W * LANES;
	size_t at = 0;

	for (size_t c = 0; c < planes; c++)
		for (int oy = 0; oy < v->H; oy++)
			for (int ox = 0; ox < v->W; ox++, at += LANES)
				pool_window(v, x, x->y + c * in, oy, ox, v->y + at,
					v->which + at);
}

/* Hands dy of sixteen windows to their winners. */
static void unpool_window(const struct node *v, const struct node *x, float *plane,
	int oy, int ox, size_t at)
{
	for (int l = 0; l < LANES; l++) {
		int q = v->which[at + l];
		int iy = oy * v->stride - v->pad + q / v->kernel;
		int ix = ox * v->stride - v->pad + q % v->kernel;

		if (iy >= 0 && iy < x->H && ix >= 0 && ix < x->W)
			plane[((size_t)iy * x->W + ix) * LANES + l] += v->dy[at + l];
	}
}

static void forward(struct graph *g, struct node *v)
{
	struct window_shape s = layer_window_shape(g, v);

	if (g->c16)
		g->k->pool_max(&s, layer_in(g, v, 0)->y, v->y, v->which);
	else
		forward_n16(g, v);
}

static void backward_n16(struct graph *g, const struct node *v, float *dx, int add)
{
	const struct node *x = layer_in(g, v, 0);
	size_t planes = (size_t)((g->n + LANES - 1) / LANES) * (size_t)v->C;
	size_t in = (size_t)x->H * x->W * LANES;
	size_t at = 0;

	if (!add)
		memset(dx, 0, planes * in * sizeof(float));
	for (size_t c = 0; c < planes; c++)
		for (int oy = 0; oy < v->H; oy++)
			for (int ox = 0; ox < v->W; ox++, at += LANES)
				unpool_window(v, x, dx + c * in, oy, ox, at);
}

static void backward(struct graph *g, struct node *v, float *grad)
{
	struct window_shape s = layer_window_shape(g, v);
	int add;
	float *dx = layer_input_grad(g, v, 0, &add);

	(void)grad;
	if (dx && g->c16)
		g->k->pool_scatter(&s, v->which, v->dy, dx, add);
	else if (dx)
		backward_n16(g, v, dx, add);
}

static void half_forward_pass(struct graph *g, struct node *v)
{
	struct window_shape s = layer_window_shape(g, v);

	g->k->half->pool_max(&s, layer_in(g, v, 0)->half_y, v->half_y, v->which);
}

static void half_backward_pass(struct graph *g, struct node *v, float *grad)
{
	struct window_shape s = layer_window_shape(g, v);
	int add;
	uint16_t *dx = layer_half_grad(g, v, 0, &add);

	(void)grad;
	if (dx)
		g->k->half->pool_scatter(&s, v->which, v->half_dy, dx, add);
}

const struct layer layer_maxpool2d = { .name = "maxpool2d",
	.inputs = 1,
	.rule = LAYOUT_IS_IMAGE,
	.accepts = LAYOUT_IS_IMAGE,
	.marks = true,
	.shape = layer_window,
	.blind = true,
	.forward = forward,
	.backward = backward,
	.half_forward = half_forward_pass,
	.half_backward = half_backward_pass };
