/*
 * Two inputs of one shape, value by value.
 */
#include "trainer-core/layer.h"

static int shape(struct graph *g, struct node *v, struct err *e)
{
	const struct node *a = layer_in(g, v, 0), *b = layer_in(g, v, 1);

	if (a->C != b->C || a->H != b->H || a->W != b->W)
		return err_set(e, ERR_SPEC, "%dx%dx%d and %dx%dx%d", a->C, a->H, a->W,
			b->C, b->H, b->W);
	return layer_same_shape(g, v, e);
}

const struct layer layer_add = { .name = "add", .inputs = 2, .shape = shape };
const struct layer layer_mul = { .name = "mul", .inputs = 2, .shape = shape };
