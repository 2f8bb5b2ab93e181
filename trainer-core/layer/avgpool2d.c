#include "trainer-core/layer.h"

static int shape(struct graph *g, struct node *v, struct err *e)
{
	return layer_window(g, v, e);
}

/* x (C, H, W) -> y (C, 1, 1) */
static int global_shape(struct graph *g, struct node *v, struct err *e)
{
	(void)e;
	v->C = layer_in(g, v, 0)->C;
	v->H = v->W = 1;
	return OK;
}

const struct layer layer_avgpool2d = { .name = "avgpool2d",
	.rule = LAYOUT_IS_IMAGE,
	.accepts = LAYOUT_IS_IMAGE,
	.inputs = 1,
	.shape = shape };

const struct layer layer_global_avgpool = { .name = "global_avgpool",
	.rule = LAYOUT_OF_READERS,
	.accepts = LAYOUT_IS_IMAGE,
	.inputs = 1,
	.shape = global_shape };
