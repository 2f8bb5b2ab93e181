#include "trainer-core/graph/layer.h"

/* x_i (C_i, H, W) -> y (C_0 + C_1 + ..., H, W) */
static int shape(struct graph *g, struct node *v, struct err *e)
{
	int C = 0;

	if (v->inputs < 1)
		return err_set(e, ERR_SPEC, "concat needs inputs");
	(void)layer_same_shape(g, v, e);
	for (int i = 0; i < v->inputs; i++) {
		const struct node *x = layer_in(g, v, i);

		if (x->H != v->H || x->W != v->W)
			return err_set(e, ERR_SPEC, "%dx%d beside %dx%d", x->H, x->W,
				v->H, v->W);
		C += x->C;
	}
	v->C = C;
	return OK;
}

static void forward(struct graph *g, struct node *v)
{
	struct channel_run run = { .n = (size_t)v->H * (size_t)v->W * (size_t)g->n };

	layer_clear_tail(g, v, v->y);
	for (int i = 0; i < v->inputs; i++) {
		run.C = layer_in(g, v, i)->C;
		g->k->copy_channels(&run, layer_in(g, v, i)->y, v->y, 0);
		run.to += run.C;
	}
}

static void backward(struct graph *g, struct node *v, float *grad)
{
	struct channel_run run = { .n = (size_t)v->H * (size_t)v->W * (size_t)g->n };

	(void)grad;
	for (int i = 0; i < v->inputs; i++) {
		int add;
		float *dx = layer_input_grad(g, v, i, &add);

		run.C = layer_in(g, v, i)->C;
		if (dx && !add)
			layer_clear_tail(g, layer_in(g, v, i), dx);
		if (dx)
			g->k->copy_channels(&run, v->dy, dx, add);
		run.from += run.C;
	}
}

static void half_forward_pass(struct graph *g, struct node *v)
{
	struct channel_run run = { .n = (size_t)v->H * (size_t)v->W * (size_t)g->n };

	layer_half_clear_tail(g, v, v->half_y);
	for (int i = 0; i < v->inputs; i++) {
		run.C = layer_in(g, v, i)->C;
		g->k->half->copy_channels(
			&run, layer_in(g, v, i)->half_y, v->half_y, 0);
		run.to += run.C;
	}
}

static void half_backward_pass(struct graph *g, struct node *v, float *grad)
{
	struct channel_run run = { .n = (size_t)v->H * (size_t)v->W * (size_t)g->n };

	(void)grad;
	for (int i = 0; i < v->inputs; i++) {
		int add;
		uint16_t *dx = layer_half_grad(g, v, i, &add);

		run.C = layer_in(g, v, i)->C;
		if (dx && !add)
			layer_half_clear_tail(g, layer_in(g, v, i), dx);
		if (dx)
			g->k->half->copy_channels(&run, v->half_dy, dx, add);
		run.from += run.C;
	}
}

const struct layer layer_concat = { .name = "concat",
	.rule = LAYOUT_IS_IMAGE,
	.accepts = LAYOUT_IS_IMAGE,
	.shape = shape,
	.blind = true,
	.forward = forward,
	.backward = backward,
	.half_forward = half_forward_pass,
	.half_backward = half_backward_pass };
