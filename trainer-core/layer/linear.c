#include "trainer-core/graph/layer.h"

/* x (F) -> y (units); w (units, F), b (units). */
static int shape(struct graph *g, struct node *v, struct err *e)
{
	const struct node *x = layer_in(g, v, 0);
	const int w[2] = { v->units, x->C };

	if (v->units < 1)
		return err_set(e, ERR_SPEC, "linear needs units");
	if (x->H != 1 || x->W != 1)
		return err_set(e, ERR_SPEC, "needs a flatten before it");
	v->C = v->units;
	v->H = v->W = 1;
	layer_weights(g, v, w, 2);
	return OK;
}

static struct linear_shape sizes(const struct graph *g, const struct node *v)
{
	return (struct linear_shape){ .N = g->n,
		.in = layer_in(g, v, 0)->C,
		.out = v->C,
		.relu = v->tail->kind == LAYER_RELU,
		.wide = !v->tail->half };
}

static size_t work(struct graph *g, struct node *v)
{
	struct linear_shape s = sizes(g, v);

	return g->k->half ? g->k->half->linear_work(&s) : g->k->linear_work(&s);
}

static void forward(struct graph *g, struct node *v)
{
	struct linear_shape s = sizes(g, v);

	g->k->linear_forward(&s, layer_in(g, v, 0)->y, layer_at(g, g->value, v->weight),
		layer_at(g, g->value, v->bias), v->tail->y, g->work);
}

static void backward(struct graph *g, struct node *v, float *grad)
{
	struct linear_shape s = sizes(g, v);
	const struct node *t = v->tail;
	int add;
	float *dx = layer_input_grad(g, v, 0, &add);

	g->k->linear_backward_weights(&s, layer_in(g, v, 0)->y, t->y, t->dy,
		layer_grad(g, v, grad, v->weight), layer_grad(g, v, grad, v->bias),
		g->work);
	if (dx)
		g->k->linear_backward_data(&s, layer_at(g, g->value, v->weight), t->y,
			t->dy, dx, add, g->work);
}

static void half_forward_pass(struct graph *g, struct node *v)
{
	struct linear_shape s = sizes(g, v);
	struct node *t = v->tail;

	g->k->half->linear_forward(&s, layer_in(g, v, 0)->half_y,
		layer_at(g, g->value, v->weight), layer_at(g, g->value, v->bias),
		t->half ? (void *)t->half_y : t->y, g->work);
}

static void half_backward_pass(struct graph *g, struct node *v, float *grad)
{
	struct linear_shape s = sizes(g, v);
	const struct node *t = v->tail;
	const void *y = t->half ? (void *)t->half_y : t->y;
	const void *dy = t->half ? (void *)t->half_dy : t->dy;
	int add;
	uint16_t *dx = layer_half_grad(g, v, 0, &add);

	g->k->half->linear_backward_weights(&s, layer_in(g, v, 0)->half_y, y, dy,
		layer_grad(g, v, grad, v->weight), layer_grad(g, v, grad, v->bias),
		g->work);
	if (dx)
		g->k->half->linear_backward_data(
			&s, layer_at(g, g->value, v->weight), y, dy, dx, add, g->work);
}

const struct layer layer_linear = { .name = "linear",
	.inputs = 1,
	.rule = LAYOUT_IS_ROW,
	.accepts = LAYOUT_IS_ROW,
	.shape = shape,
	.work = work,
	.rounds = true,
	.multiplies = true,
	.forward = forward,
	.backward = backward,
	.half_forward = half_forward_pass,
	.half_backward = half_backward_pass };
