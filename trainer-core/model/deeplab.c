#include "trainer-core/network/aspp.h"
#include "trainer-core/model/model.h"

/* A head for each task on a dilated ResNet. */
static int build(struct graph *g, const struct model_io *io, const struct params *ps,
	struct err *e)
{
	const struct site site = { .g = g, .scope = SCOPE_SHARED };
	struct aspp_on on = { .input = io->input };
	struct resnet trunk;
	struct aspp a;

	if (resnet_parse(&trunk, ps, e) || aspp_parse(&a, ps, e))
		return e->code;
	trunk.output_stride = a.output_stride;
	on.features = resnet_add(&trunk, &site, io->input);
	on.low = trunk.stage[0];
	for (int k = 0; k < io->K; k++)
		graph_output(g, k, aspp_head(&a, g, k, &io->task[k], &on));
	return OK;
}

const struct model model_deeplab = { .build = build };
