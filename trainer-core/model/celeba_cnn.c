#include <stdio.h>
#include "trainer-core/network/blocks.h"
#include "trainer-core/model/model.h"

/* NAME.conv without bias, batch norm, ReLU. On a plane of 1x1 it is a linear layer. */
static int layer(const struct site *s, const char *part, int i, int in, struct filter f)
{
	char name[BLOCK_NAME_MAX];

	snprintf(name, sizeof(name), "%s%d.*", part, i);
	return block_conv_bn_relu(s, name, in, f);
}

/* Seven convolutions, and two layers on the mean of each plane. */
static int build(struct graph *g, const struct model_io *io, const struct params *ps,
	struct err *e)
{
	static const int units[] = { 64, 128, 128, 256, 256, 512, 512 };
	struct site s = { .g = g, .scope = SCOPE_SHARED, .no_bias = true };
	char name[BLOCK_NAME_MAX];
	double width;
	int id = io->input;

	if (setting_real(ps, "model.width", &width, e))
		return e->code;
	for (int i = 0; i < 7; i++) {
		snprintf(name, sizeof(name), "pool%d", i / 2);
		if (i % 2)
			id = block_pool(&s, LAYER_MAXPOOL2D, name, id, 2, 2, 0);
		id = layer(&s, "layer", i, id,
			(struct filter){ block_scaled(width, units[i]), 3, 1, 1 });
	}
	id = block_point(&s, LAYER_GLOBAL_AVGPOOL, "avgpool", id);
	for (int i = 0; i < 2; i++)
		id = layer(&s, "fc", i, id,
			(struct filter){ block_scaled(width, 512), 1, 1, 1 });
	id = block_point(&s, LAYER_FLATTEN, "flatten", id);
	for (int k = 0; k < io->K; k++) {
		struct site head = { .g = g, .scope = k };

		graph_output(g, k,
			block_linear(&head, io->task[k].name, id, io->task[k].outputs));
	}
	return OK;
}

const struct model model_celeba_cnn = { .build = build };
