/*
 * Unpooling: every value goes where the maximum of its window was, the rest is 0.
 */
#include "trainer-core/graph/layer.h"

/* x (C, h, w), the shape of the pool -> y (C, H, W), that of the pool's input. */
static int shape(struct graph *g, struct node *v, struct err *e)
{
	const struct node *x = layer_in(g, v, 0), *pool = layer_in(g, v, 1);
	const struct node *from;

	if (pool->kind != LAYER_MAXPOOL2D || pool->kernel > pool->stride)
		return err_set(e, ERR_SPEC,
			"the second input must be a maxpool2d whose windows do not "
			"overlap");
	if (x->C != pool->C || x->H != pool->H || x->W != pool->W)
		return err_set(e, ERR_SPEC, "%dx%dx%d where the pool has %dx%dx%d",
			x->C, x->H, x->W, pool->C, pool->H, pool->W);
	from = layer_in(g, pool, 0);
	v->C = from->C;
	v->H = from->H;
	v->W = from->W;
	return OK;
}

static void forward(struct graph *g, struct node *v)
{
	const struct node *pool = layer_in(g, v, 1);
	struct window_shape s = layer_window_shape(g, pool);

	g->k->pool_scatter(&s, pool->which, layer_in(g, v, 0)->y, v->y, 0);
}

static void backward(struct graph *g, struct node *v, float *grad)
{
	const struct node *pool = layer_in(g, v, 1);
	struct window_shape s = layer_window_shape(g, pool);
	int add;
	float *dx = layer_input_grad(g, v, 0, &add);

	(void)grad;
	if (dx)
		g->k->pool_gather(&s, pool->which, v->dy, dx, add);
}

static void half_forward_pass(struct graph *g, struct node *v)
{
	const struct node *pool = layer_in(g, v, 1);
	struct window_shape s = layer_window_shape(g, pool);

	g->k->half->pool_scatter(
		&s, pool->which, layer_in(g, v, 0)->half_y, v->half_y, 0);
}

static void half_backward_pass(struct graph *g, struct node *v, float *grad)
{
	const struct node *pool = layer_in(g, v, 1);
	struct window_shape s = layer_window_shape(g, pool);
	int add;
	uint16_t *dx = layer_half_grad(g, v, 0, &add);

	(void)grad;
	if (dx)
		g->k->half->pool_gather(&s, pool->which, v->half_dy, dx, add);
}

const struct layer layer_maxunpool2d = { .name = "maxunpool2d",
	.rule = LAYOUT_IS_IMAGE,
	.accepts = LAYOUT_IS_IMAGE,
	.inputs = 2,
	.shape = shape,
	.blind = true,
	.forward = forward,
	.backward = backward,
	.half_forward = half_forward_pass,
	.half_backward = half_backward_pass };
