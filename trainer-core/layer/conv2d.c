#include "trainer-core/graph/layer.h"

static int extent(const struct node *v, int in)
{
	int span = in + 2 * v->pad - v->dilation * (v->kernel - 1) - 1;

	return span < 0 ? 0 : span / v->stride + 1;
}

/* x (C, H, W) -> y (units, OH, OW); w (units, C, kernel, kernel), b (units). */
static int shape(struct graph *g, struct node *v, struct err *e)
{
	const struct node *x = layer_in(g, v, 0);
	const int w[4] = { v->units, x->C, v->kernel, v->kernel };

	if (v->units < 1 || v->kernel < 1 || v->stride < 1 || v->pad < 0)
		return err_set(e, ERR_SPEC, "conv2d needs units and a kernel");
	v->C = v->units;
	v->H = extent(v, x->H);
	v->W = extent(v, x->W);
	if (v->H < 1 || v->W < 1)
		return err_set(e, ERR_SPEC, "a %dx%d kernel does not fit into %dx%d",
			v->kernel, v->kernel, x->H, x->W);
	layer_weights(g, v, w, 4);
	return OK;
}

static struct conv_shape sizes(const struct graph *g, const struct node *v)
{
	const struct node *x = layer_in(g, v, 0);
	bool pool = v->tail->kind == LAYER_MAXPOOL2D;

	return (struct conv_shape){ .N = g->n,
		.C = x->C,
		.H = x->H,
		.W = x->W,
		.O = v->C,
		.OH = v->H,
		.OW = v->W,
		.kh = v->kernel,
		.kw = v->kernel,
		.stride = v->stride,
		.pad = v->pad,
		.dilation = v->dilation,
		.pool = pool,
		.relu = pool || v->tail->kind == LAYER_RELU,
		.c4 = x->layout == LAYOUT_C4,
		.wide = !v->tail->half };
}

static size_t work(struct graph *g, struct node *v)
{
	struct conv_shape s = sizes(g, v);

	if (g->k->half)
		return g->k->half->conv_work(&s);
	return g->c16 ? g->k->conv_c16_work(&s) : g->k->conv_work(&s);
}

static void forward(struct graph *g, struct node *v)
{
	struct conv_shape s = sizes(g, v);
	const float *x = layer_in(g, v, 0)->y;
	const float *w = layer_at(g, g->value, v->weight);
	const float *b = layer_at(g, g->value, v->bias);

	if (g->c16)
		g->k->conv_c16_forward(&s, x, w, b, v->tail->y, g->work);
	else
		g->k->conv_forward(&s, x, w, b, v->tail->y, v->which, g->work);
}

/* The kernels want the gradient in front of ReLU: it takes the place of the other. */
static void backward_c16(struct graph *g, struct node *v, float *grad)
{
	struct conv_shape s = sizes(g, v);
	const float *w = layer_at(g, g->value, v->weight);
	float *dy = v->tail->dy;
	int add;
	float *dx = layer_input_grad(g, v, 0, &add);

	if (s.relu)
		g->k->pass_gradient(node_floats(v, g->n), dy, v->tail->y, dy, 0);
	g->k->conv_c16_backward_weights(&s, layer_in(g, v, 0)->y, dy,
		layer_grad(g, v, grad, v->weight), layer_grad(g, v, grad, v->bias),
		g->work);
	if (dx)
		g->k->conv_c16_backward_data(&s, w, dy, dx, add, g->work);
}

static void backward(struct graph *g, struct node *v, float *grad)
{
	struct conv_shape s = sizes(g, v);
	const struct node *t = v->tail;
	int add;
	float *dx;

	if (g->c16) {
		backward_c16(g, v, grad);
		return;
	}
	dx = layer_input_grad(g, v, 0, &add);
	g->k->conv_backward_weights(&s, layer_in(g, v, 0)->y, t->y, t->dy, v->which,
		layer_grad(g, v, grad, v->weight), layer_grad(g, v, grad, v->bias),
		g->work);
	if (dx)
		g->k->conv_backward_data(&s, layer_at(g, g->value, v->weight), t->y,
			t->dy, v->which, dx, add, g->work);
}

static void half_forward_pass(struct graph *g, struct node *v)
{
	struct conv_shape s = sizes(g, v);
	struct node *t = v->tail;

	g->k->half->conv_forward(&s, layer_in(g, v, 0)->half_y,
		layer_at(g, g->value, v->weight), layer_at(g, g->value, v->bias),
		t->half ? (void *)t->half_y : t->y, g->work);
}

/* The gradient in front of ReLU takes the place of the other, as above. */
static void *half_open(const struct graph *g, const struct node *v, bool relu)
{
	const struct node *t = v->tail;
	size_t n = node_floats(v, g->n);

	if (relu && t->half)
		g->k->half->pass_gradient(n, t->half_dy, t->half_y, t->half_dy, 0);
	else if (relu)
		g->k->pass_gradient(n, t->dy, t->y, t->dy, 0);
	return t->half ? (void *)t->half_dy : t->dy;
}

static void half_backward_pass(struct graph *g, struct node *v, float *grad)
{
	struct conv_shape s = sizes(g, v);
	const void *dy = half_open(g, v, s.relu);
	int add;
	uint16_t *dx = layer_half_grad(g, v, 0, &add);

	g->k->half->conv_backward_weights(&s, layer_in(g, v, 0)->half_y, dy,
		layer_grad(g, v, grad, v->weight), layer_grad(g, v, grad, v->bias),
		g->work);
	if (dx)
		g->k->half->conv_backward_data(
			&s, layer_at(g, g->value, v->weight), dy, dx, add, g->work);
}

const struct layer layer_conv2d = { .name = "conv2d",
	.inputs = 1,
	.rule = LAYOUT_IS_IMAGE,
	.accepts = LAYOUT_IS_IMAGE,
	.shape = shape,
	.work = work,
	.rounds = true,
	.multiplies = true,
	.forward = forward,
	.backward = backward,
	.half_forward = half_forward_pass,
	.half_backward = half_backward_pass };
