#include "trainer-core/model/model.h"
#include "trainer-core/network/trunk.h"

/* Everything up to the decoder's output is shared. */
static int build(struct graph *g, const struct model_io *io, const struct params *ps,
	struct err *e)
{
	struct site site = {
		.g = g, .scope = SCOPE_SHARED, .init = INIT_XAVIER_NORMAL
	};
	struct segnet s;
	int rc = segnet_parse(&s, ps, e);
	int features;

	if (rc)
		return rc;
	features = segnet_add(&s, &site, io->input);
	for (int k = 0; k < io->K; k++) {
		site.scope = k;
		graph_output(g, k, segnet_head(&s, &site, &io->task[k], features));
	}
	return OK;
}

const struct model model_segnet = { .build = build };
