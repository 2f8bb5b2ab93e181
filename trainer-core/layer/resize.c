#include "trainer-core/graph/layer.h"

/* x (C, h, w) -> y (C, H, W), H and W given. */
static int shape(struct graph *g, struct node *v, struct err *e)
{
	if (v->H < 1 || v->W < 1)
		return err_set(e, ERR_SPEC, "resize needs H and W");
	v->C = layer_in(g, v, 0)->C;
	return OK;
}

static struct resize_shape sizes(const struct graph *g, const struct node *v)
{
	const struct node *x = layer_in(g, v, 0);

	return (struct resize_shape){ .N = g->n,
		.C = v->C,
		.H = x->H,
		.W = x->W,
		.OH = v->H,
		.OW = v->W,
		.align_corners = v->align_corners };
}

/* Sums of sixteen channels, of what is stored in bf16. */
static size_t work(struct graph *g, struct node *v)
{
	const struct node *x = layer_in(g, v, 0);
	size_t pixels = (size_t)x->H * (size_t)x->W * (size_t)g->n;

	return g->k->half ? pixels * LANES * sizeof(float) : 0;
}

static void forward(struct graph *g, struct node *v)
{
	struct resize_shape s = sizes(g, v);

	g->k->resize(&s, layer_in(g, v, 0)->y, v->y);
}

static void backward(struct graph *g, struct node *v, float *grad)
{
	struct resize_shape s = sizes(g, v);
	int add;
	float *dx = layer_input_grad(g, v, 0, &add);

	(void)grad;
	if (dx)
		g->k->resize_back(&s, v->dy, dx, add);
}

static void half_forward_pass(struct graph *g, struct node *v)
{
	struct resize_shape s = sizes(g, v);

	g->k->half->resize(&s, layer_in(g, v, 0)->half_y, v->half_y);
}

static void half_backward_pass(struct graph *g, struct node *v, float *grad)
{
	struct resize_shape s = sizes(g, v);
	int add;
	uint16_t *dx = layer_half_grad(g, v, 0, &add);

	(void)grad;
	if (dx)
		g->k->half->resize_back(&s, v->half_dy, dx, add, g->work);
}

const struct layer layer_resize = { .name = "resize",
	.rule = LAYOUT_IS_IMAGE,
	.accepts = LAYOUT_IS_IMAGE,
	.inputs = 1,
	.shape = shape,
	.work = work,
	.blind = true,
	.forward = forward,
	.backward = backward,
	.half_forward = half_forward_pass,
	.half_backward = half_backward_pass };
