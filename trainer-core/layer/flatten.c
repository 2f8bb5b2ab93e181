#include "trainer-core/graph/layer.h"

#include <string.h>

/* x (C, H, W) -> y (C H W): from images to rows. */
static int shape(struct graph *g, struct node *v, struct err *e)
{
	(void)e;
	v->C = (int)node_size(layer_in(g, v, 0));
	v->H = v->W = 1;
	return OK;
}

/* Room for one gradient in the input's layout, where it must be added. */
static size_t work(struct graph *g, struct node *v)
{
	return node_floats(layer_in(g, v, 0), g->n) * sizeof(float);
}

static void forward(struct graph *g, struct node *v)
{
	const struct node *x = layer_in(g, v, 0);

	node_to_rows(g, x, x->y, v->y);
}

static void backward(struct graph *g, struct node *v, float *grad)
{
	const struct node *x = layer_in(g, v, 0);
	int add;
	float *dx = layer_input_grad(g, v, 0, &add);

	(void)grad;
	if (!dx)
		return;
	node_from_rows(g, x, v->dy, add ? g->work : dx);
	if (add)
		g->k->axpy(node_floats(x, g->n), 1, g->work, dx);
}

static void half_forward_pass(struct graph *g, struct node *v)
{
	const struct node *x = layer_in(g, v, 0);

	if (x->layout == LAYOUT_ROW)
		memcpy(v->half_y, x->half_y, node_floats(x, g->n) * sizeof(*v->half_y));
	else
		g->k->half->c16_to_rows(g->n, x->C, x->H * x->W, x->half_y, v->half_y);
}

static void half_backward_pass(struct graph *g, struct node *v, float *grad)
{
	const struct node *x = layer_in(g, v, 0);
	const uint16_t *dy = v->half_dy;
	int add;
	uint16_t *dx = layer_half_grad(g, v, 0, &add);

	(void)grad;
	if (!dx)
		return;
	if (x->layout != LAYOUT_ROW) {
		g->k->half->rows_to_c16(g->n, x->C, x->H * x->W, dy, g->work);
		dy = g->work;
	}
	g->k->half->pass_gradient(node_floats(x, g->n), dy, NULL, dx, add);
}

const struct layer layer_flatten = { .name = "flatten",
	.inputs = 1,
	.rule = LAYOUT_IS_ROW,
	.shape = shape,
	.work = work,
	.blind = true,
	.forward = forward,
	.backward = backward,
	.half_forward = half_forward_pass,
	.half_backward = half_backward_pass };
