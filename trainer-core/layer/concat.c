#include "trainer-core/layer.h"

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

const struct layer layer_concat = { .name = "concat",
	.rule = LAYOUT_IS_IMAGE,
	.accepts = LAYOUT_IS_IMAGE,
	.shape = shape };
