#include "trainer-core/network/blocks.h"
#include "trainer-core/model/model.h"

/* Without padding, as LeNet's are. */
static int conv(const struct site *s, const char *name, int in, int units, int kernel)
{
	return graph_add(s->g,
		(struct node){ .kind = LAYER_CONV2D,
			.name = name,
			.scope = s->scope,
			.in = { in },
			.units = units,
			.kernel = kernel });
}

static int relu_pool(const struct site *s, const char *relu, const char *pool, int in)
{
	return block_pool(s, LAYER_MAXPOOL2D, pool,
		block_point(s, LAYER_RELU, relu, in), 2, 2, 0);
}

/* Conv 9x9, conv 5x5, linear 50, a linear head a task. */
static int build(struct graph *g, const struct model_io *io, const struct params *ps,
	struct err *e)
{
	const struct site trunk = { .g = g, .scope = SCOPE_SHARED };
	double width;
	int id = io->input;

	if (setting_real(ps, "model.width", &width, e))
		return e->code;
	id = conv(&trunk, "conv1", id, block_scaled(width, 10), 9);
	id = relu_pool(&trunk, "relu1", "pool1", id);
	id = conv(&trunk, "conv2", id, block_scaled(width, 20), 5);
	id = relu_pool(&trunk, "relu2", "pool2", id);
	id = block_point(&trunk, LAYER_FLATTEN, "flatten", id);
	id = block_linear(&trunk, "fc1", id, block_scaled(width, 50));
	id = block_point(&trunk, LAYER_RELU, "relu3", id);
	for (int k = 0; k < io->K; k++) {
		const struct site head = { .g = g, .scope = k };

		graph_output(g, k,
			block_linear(&head, io->task[k].name, id, io->task[k].outputs));
	}
	return OK;
}

const struct model model_lenet = { .build = build };
