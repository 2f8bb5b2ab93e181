/*
 * Batch norm over batch and pixels (models.md 0): eps 1e-5, momentum 0.1, running
 * variance unbiased.
 */
#include "trainer-core/layer.h"

static int shape(struct graph *g, struct node *v, struct err *e)
{
	int C = layer_in(g, v, 0)->C;

	v->weight = layer_param(g, v, "weight", &C, 1);
	v->bias = layer_param(g, v, "bias", &C, 1);
	if (v->tied) {
		v->running = g->node[v->tied]->running;
		return layer_same_shape(g, v, e);
	}
	if (!g->error.code)
		g->param[v->weight].mean = 1;
	v->running = layer_buffer(g, v, "running_mean", C, 0);
	(void)layer_buffer(g, v, "running_var", C, 1);
	return layer_same_shape(g, v, e);
}

const struct layer layer_batchnorm = { .name = "batchnorm",
	.rule = LAYOUT_IS_IMAGE,
	.accepts = LAYOUT_IS_IMAGE,
	.inputs = 1,
	.shape = shape };
