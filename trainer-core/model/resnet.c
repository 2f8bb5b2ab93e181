#include "trainer-core/model/model.h"
#include "trainer-core/network/trunk.h"

/* The trunk's maps as a row: means of the plane, or of windows of it. */
static int pool(const struct site *s, int in, int window)
{
	if (!window)
		return block_point(s, LAYER_GLOBAL_AVGPOOL, "avgpool", in);
	in = block_pool(s, LAYER_AVGPOOL2D, "avgpool", in, window, window, 0);
	return block_point(s, LAYER_FLATTEN, "flatten", in);
}

/* The trunk, average pooling, a linear head a task. */
static int build(struct graph *g, const struct model_io *io, const struct params *ps,
	struct err *e)
{
	struct site site = { .g = g, .scope = SCOPE_SHARED };
	struct resnet r;
	int window, fc;
	int id;

	if (resnet_parse(&r, ps, e) || setting_whole(ps, "model.pool", &window, e) ||
		setting_whole(ps, "model.fc", &fc, e))
		return e->code;
	id = pool(&site, resnet_add(&r, &site, io->input), window);
	if (fc) {
		id = block_linear(&site, "fc", id, fc);
		id = block_point(&site, LAYER_RELU, "fc.relu", id);
	}
	for (int k = 0; k < io->K; k++) {
		site.scope = k;
		graph_output(g, k,
			block_linear(&site, io->task[k].name, id, io->task[k].outputs));
	}
	return OK;
}

const struct model model_resnet = { .build = build };
