#include "trainer-core/layer.h"

static int shape(struct graph *g, struct node *v, struct err *e)
{
	if (!(v->rate >= 0 && v->rate < 1))
		return err_set(e, ERR_SPEC, "a dropout rate of %g", (double)v->rate);
	return layer_same_shape(g, v, e);
}

const struct layer layer_dropout = { .name = "dropout", .inputs = 1, .shape = shape };
