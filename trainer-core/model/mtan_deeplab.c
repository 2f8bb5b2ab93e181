#include <stdio.h>
#include "trainer-core/network/aspp.h"
#include "trainer-core/network/attention.h"
#include "trainer-core/model/model.h"

/* What one task sees of the trunk. */
struct view {
	const struct resnet *trunk;
	struct site own; /* of the task's nodes */
	struct site called; /* of modules of all tasks */
	const char *task;
};

static const char *named(const struct view *v, const char *part, int i, char *out)
{
	snprintf(out, BLOCK_NAME_MAX, "%s.%s%d", v->task, part, i);
	return out;
}

/* What came of the stage before, next to what its last block is given. */
static int beside(const struct view *v, int i, int prev)
{
	const struct node *like = graph_node(v->own.g, v->trunk->before[i]);
	const struct node *have = graph_node(v->own.g, prev);
	int both[2] = { v->trunk->before[i], prev };
	char name[BLOCK_NAME_MAX];

	if (have->H != like->H || have->W != like->W)
		both[1] = block_pool(&v->own, LAYER_MAXPOOL2D,
			named(v, "att_pool", i - 1, name), prev, 2, 2, 0);
	return block_concat(&v->own, named(v, "att_concat", i, name), both, 2);
}

/* The block that takes the masked features of stage i to the channels of the next. */
static int next_block(const struct view *v, int i, int in)
{
	const int channels = resnet_channels(v->trunk, i + 1);
	struct site s = v->called;
	struct residual b = { .planes = channels, 1, 1, 1 };
	char name[32];

	s.init = INIT_KAIMING_FAN_OUT;
	s.no_bias = true;
	snprintf(name, sizeof(name), "att_block%d", i);
	if (v->trunk->depth == 18)
		return basic_block_add(&s, name, in, b);
	b.planes = channels / 4;
	return bottleneck_add(&s, name, in, b);
}

/* Attention on the last block of every stage. Returns the masked features of the last. */
static int add_view(const struct view *v)
{
	int prev = 0;

	for (int i = 0; i < RESNET_STAGES; i++) {
		const int channels = resnet_channels(v->trunk, i);
		const int middle = v->trunk->depth == 18 ? channels : channels / 4;
		int y = i > 0 ? beside(v, i, prev) : v->trunk->before[i];
		char name[BLOCK_NAME_MAX];

		y = attention_add(
			&v->own, named(v, "att", i, name), y, middle, channels);
		snprintf(name, sizeof(name), "%s.att%d.mul", v->task, i);
		prev = block_pair(&v->own, LAYER_MUL, name, y, v->trunk->stage[i]);
		if (i + 1 < RESNET_STAGES)
			prev = next_block(v, i, prev);
	}
	return prev;
}

/* DeepLab's trunk and head, with attention of each task's own on every stage. */
static int build(struct graph *g, const struct model_io *io, const struct params *ps,
	struct err *e)
{
	const struct site site = { .g = g, .scope = SCOPE_SHARED };
	struct resnet trunk;
	struct aspp a;

	if (resnet_parse(&trunk, ps, e) || aspp_parse(&a, ps, e))
		return e->code;
	trunk.output_stride = a.output_stride;
	(void)resnet_add(&trunk, &site, io->input);
	for (int k = 0; k < io->K; k++) {
		struct view v = { &trunk, site, site, io->task[k].name };
		struct aspp_on on = { .input = io->input, .low = trunk.stage[0] };

		v.own.scope = v.called.scope = k;
		v.called.caller = v.task;
		on.features = add_view(&v);
		graph_output(g, k, aspp_head(&a, g, k, &io->task[k], &on));
	}
	return OK;
}

const struct model model_mtan_deeplab = { .build = build };
