/*
 * Two inputs of one shape, value by value.
 */
#include "trainer-core/graph/layer.h"

static int shape(struct graph *g, struct node *v, struct err *e)
{
	const struct node *a = layer_in(g, v, 0), *b = layer_in(g, v, 1);

	if (a->C != b->C || a->H != b->H || a->W != b->W)
		return err_set(e, ERR_SPEC, "%dx%dx%d and %dx%dx%d", a->C, a->H, a->W,
			b->C, b->H, b->W);
	return layer_same_shape(g, v, e);
}

static void add_forward(struct graph *g, struct node *v)
{
	g->k->join_add(node_floats(v, g->n), layer_in(g, v, 0)->y, layer_in(g, v, 1)->y,
		v->tail->kind == LAYER_RELU, v->tail->y);
}

static void add_backward(struct graph *g, struct node *v, float *grad)
{
	const struct node *t = v->tail;

	(void)grad;
	for (int i = 0; i < 2; i++) {
		int add;
		float *dx = layer_input_grad(g, v, i, &add);

		if (dx)
			g->k->pass_gradient(node_floats(v, g->n), t->dy,
				t->kind == LAYER_RELU ? t->y : NULL, dx, add);
	}
}

static void half_add_forward(struct graph *g, struct node *v)
{
	g->k->half->join_add(node_floats(v, g->n), layer_in(g, v, 0)->half_y,
		layer_in(g, v, 1)->half_y, v->tail->kind == LAYER_RELU,
		v->tail->half_y);
}

static void half_add_backward(struct graph *g, struct node *v, float *grad)
{
	const struct node *t = v->tail;

	(void)grad;
	for (int i = 0; i < 2; i++) {
		int add;
		uint16_t *dx = layer_half_grad(g, v, i, &add);

		if (dx)
			g->k->half->pass_gradient(node_floats(v, g->n), t->half_dy,
				t->kind == LAYER_RELU ? t->half_y : NULL, dx, add);
	}
}

static void mul_forward(struct graph *g, struct node *v)
{
	g->k->join_mul(node_floats(v, g->n), layer_in(g, v, 0)->y, layer_in(g, v, 1)->y,
		0, v->y);
}

static void mul_backward(struct graph *g, struct node *v, float *grad)
{
	(void)grad;
	for (int i = 0; i < 2; i++) {
		int add;
		float *dx = layer_input_grad(g, v, i, &add);

		if (dx)
			g->k->join_mul(node_floats(v, g->n), v->dy,
				layer_in(g, v, 1 - i)->y, add, dx);
	}
}

static void half_mul_forward(struct graph *g, struct node *v)
{
	g->k->half->join_mul(node_floats(v, g->n), layer_in(g, v, 0)->half_y,
		layer_in(g, v, 1)->half_y, 0, v->half_y);
}

static void half_mul_backward(struct graph *g, struct node *v, float *grad)
{
	(void)grad;
	for (int i = 0; i < 2; i++) {
		int add;
		uint16_t *dx = layer_half_grad(g, v, i, &add);

		if (dx)
			g->k->half->join_mul(node_floats(v, g->n), v->half_dy,
				layer_in(g, v, 1 - i)->half_y, add, dx);
	}
}

const struct layer layer_add = { .name = "add",
	.inputs = 2,
	.rule = LAYOUT_OF_INPUT,
	.in_place = true,
	.shape = shape,
	.forward = add_forward,
	.backward = add_backward,
	.half_forward = half_add_forward,
	.half_backward = half_add_backward };

const struct layer layer_mul = { .name = "mul",
	.inputs = 2,
	.rule = LAYOUT_OF_INPUT,
	.shape = shape,
	.forward = mul_forward,
	.backward = mul_backward,
	.half_forward = half_mul_forward,
	.half_backward = half_mul_backward };
