#include "trainer-core/layer.h"

static int shape(struct graph *g, struct node *v, struct err *e)
{
	if (v->H < 1 || v->W < 1)
		return err_set(e, ERR_SPEC, "resize needs H and W");
	v->C = layer_in(g, v, 0)->C;
	return OK;
}

const struct layer layer_resize = { .name = "resize",
	.rule = LAYOUT_IS_IMAGE,
	.accepts = LAYOUT_IS_IMAGE,
	.inputs = 1,
	.shape = shape };
