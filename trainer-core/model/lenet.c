#include "trainer-core/model/model.h"

#include <math.h>

/* The reference's count times the width, at least 1. */
static int scaled(double width, int units)
{
	double n = floor(width * units + 0.5);

	return n < 1 ? 1 : (int)n;
}

static int conv(struct graph *g, const char *name, int in, int units, int kernel)
{
	return graph_add(g,
		(struct node){ .kind = LAYER_CONV2D,
			.name = name,
			.scope = SCOPE_SHARED,
			.in = { in },
			.units = units,
			.kernel = kernel });
}

static int relu_pool(struct graph *g, const char *relu, const char *pool, int in)
{
	int id = graph_add(g,
		(struct node){ .kind = LAYER_RELU,
			.name = relu,
			.scope = SCOPE_SHARED,
			.in = { in } });

	return graph_add(g,
		(struct node){ .kind = LAYER_MAXPOOL2D,
			.name = pool,
			.scope = SCOPE_SHARED,
			.in = { id },
			.kernel = 2,
			.stride = 2 });
}

static int linear(struct graph *g, const char *name, int scope, int in, int units)
{
	return graph_add(g,
		(struct node){ .kind = LAYER_LINEAR,
			.name = name,
			.scope = scope,
			.in = { in },
			.units = units });
}

/* Conv 9x9, conv 5x5, linear 50, a linear head a task. */
static int build(struct graph *g, const struct model_io *io, const struct params *ps,
	struct err *e)
{
	double width;
	int id = io->input;

	if (setting_real(ps, "model.width", &width, e))
		return e->code;
	id = relu_pool(g, "relu1", "pool1", conv(g, "conv1", id, scaled(width, 10), 9));
	id = relu_pool(g, "relu2", "pool2", conv(g, "conv2", id, scaled(width, 20), 5));
	id = graph_add(g,
		(struct node){ .kind = LAYER_FLATTEN,
			.name = "flatten",
			.scope = SCOPE_SHARED,
			.in = { id } });
	id = linear(g, "fc1", SCOPE_SHARED, id, scaled(width, 50));
	id = graph_add(g,
		(struct node){ .kind = LAYER_RELU,
			.name = "relu3",
			.scope = SCOPE_SHARED,
			.in = { id } });
	for (int k = 0; k < io->K; k++)
		graph_output(
			g, k, linear(g, io->task[k].name, k, id, io->task[k].outputs));
	return OK;
}

const struct model model_lenet = { .build = build };
