#include "trainer-core/layer.h"

#include <string.h>

/* x (C, H, W) -> y (C H W): from images side by side to rows. */
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

	if (x->layout == LAYOUT_N16)
		g->k->n16_to_rows(g->n, v->C, x->y, v->y);
	else
		memcpy(v->y, x->y, node_floats(v, g->n) * sizeof(float));
}

static void backward(struct graph *g, struct node *v, float *grad)
{
	const struct node *x = layer_in(g, v, 0);
	int add;
	float *dx = layer_input_grad(g, v, 0, &add);
	float *to;

	(void)grad;
	if (!dx)
		return;
	to = add ? g->work : dx;
	if (x->layout == LAYOUT_N16)
		g->k->rows_to_n16(g->n, v->C, v->dy, to);
	else
		memcpy(to, v->dy, node_floats(v, g->n) * sizeof(float));
	if (add)
		g->k->axpy(node_floats(x, g->n), 1, to, dx);
}

const struct layer layer_flatten = { .name = "flatten",
	.inputs = 1,
	.rule = LAYOUT_IS_ROW,
	.shape = shape,
	.work = work,
	.forward = forward,
	.backward = backward };
