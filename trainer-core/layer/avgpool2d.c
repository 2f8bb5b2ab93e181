/*
 * Means of windows and of whole planes.
 */
#include "trainer-core/graph/layer.h"

static void forward(struct graph *g, struct node *v)
{
	struct window_shape s = layer_window_shape(g, v);

	g->k->pool_mean(&s, layer_in(g, v, 0)->y, v->y);
}

static void backward(struct graph *g, struct node *v, float *grad)
{
	struct window_shape s = layer_window_shape(g, v);
	int add;
	float *dx = layer_input_grad(g, v, 0, &add);

	(void)grad;
	if (dx)
		g->k->pool_spread(&s, v->dy, dx, add);
}

static void half_forward_pass(struct graph *g, struct node *v)
{
	struct window_shape s = layer_window_shape(g, v);

	g->k->half->pool_mean(&s, layer_in(g, v, 0)->half_y, v->half_y);
}

static void half_backward_pass(struct graph *g, struct node *v, float *grad)
{
	struct window_shape s = layer_window_shape(g, v);
	int add;
	uint16_t *dx = layer_half_grad(g, v, 0, &add);

	(void)grad;
	if (dx)
		g->k->half->pool_spread(&s, v->half_dy, dx, add);
}

const struct layer layer_avgpool2d = { .name = "avgpool2d",
	.rule = LAYOUT_IS_IMAGE,
	.accepts = LAYOUT_IS_IMAGE,
	.inputs = 1,
	.shape = layer_window,
	.blind = true,
	.forward = forward,
	.backward = backward,
	.half_forward = half_forward_pass,
	.half_backward = half_backward_pass };

/* x (C, H, W) -> y (C, 1, 1) */
static int global_shape(struct graph *g, struct node *v, struct err *e)
{
	(void)e;
	v->C = layer_in(g, v, 0)->C;
	v->H = v->W = 1;
	return OK;
}

/* The means in C16, where y is rows. */
static size_t global_work(struct graph *g, struct node *v)
{
	return ((size_t)v->C + LANES) * (size_t)g->n * sizeof(float);
}

static void global_forward(struct graph *g, struct node *v)
{
	const struct node *x = layer_in(g, v, 0);
	bool row = v->layout == LAYOUT_ROW;

	g->k->plane_mean(g->n, v->C, x->H * x->W, x->y, row ? g->work : v->y);
	if (row)
		g->k->c16_to_rows(g->n, v->C, 1, g->work, v->y);
}

static void global_backward(struct graph *g, struct node *v, float *grad)
{
	const struct node *x = layer_in(g, v, 0);
	const float *dy = v->dy;
	int add;
	float *dx = layer_input_grad(g, v, 0, &add);

	(void)grad;
	if (!dx)
		return;
	if (v->layout == LAYOUT_ROW) {
		g->k->rows_to_c16(g->n, v->C, 1, dy, g->work);
		dy = g->work;
	}
	g->k->plane_spread(g->n, v->C, x->H * x->W, dy, dx, add);
}

static void half_global_forward(struct graph *g, struct node *v)
{
	const struct node *x = layer_in(g, v, 0);
	bool row = v->layout == LAYOUT_ROW;

	g->k->half->plane_mean(
		g->n, v->C, x->H * x->W, x->half_y, row ? g->work : v->half_y);
	if (row)
		g->k->half->c16_to_rows(g->n, v->C, 1, g->work, v->half_y);
}

static void half_global_backward(struct graph *g, struct node *v, float *grad)
{
	const struct node *x = layer_in(g, v, 0);
	const uint16_t *dy = v->half_dy;
	int add;
	uint16_t *dx = layer_half_grad(g, v, 0, &add);

	(void)grad;
	if (!dx)
		return;
	if (v->layout == LAYOUT_ROW) {
		g->k->half->rows_to_c16(g->n, v->C, 1, dy, g->work);
		dy = g->work;
	}
	g->k->half->plane_spread(g->n, v->C, x->H * x->W, dy, dx, add);
}

const struct layer layer_global_avgpool = { .name = "global_avgpool",
	.rule = LAYOUT_OF_READERS,
	.accepts = LAYOUT_IS_IMAGE,
	.inputs = 1,
	.shape = global_shape,
	.work = global_work,
	.blind = true,
	.forward = global_forward,
	.backward = global_backward,
	.half_forward = half_global_forward,
	.half_backward = half_global_backward };
