#include "trainer-core/graph/layer.h"

static int shape(struct graph *g, struct node *v, struct err *e)
{
	(void)g;
	if (v->C < 1 || v->H < 1 || v->W < 1)
		return err_set(e, ERR_SPEC, "an input needs C, H and W");
	return OK;
}

/* Its values come from graph_feed. */
const struct layer layer_input = {
	.name = "input", .rule = LAYOUT_OF_READERS, .shape = shape
};
