#include <stdio.h>
#include "trainer-core/network/attention.h"
#include "trainer-core/model/model.h"

/* B_e and B_d of level i: modules of all tasks. */
static int shared_layer(
	const struct site *s, const char *part, int i, int in, int units)
{
	char name[BLOCK_NAME_MAX];

	snprintf(name, sizeof(name), "%s%d.*", part, i);
	return block_conv_bn_relu(s, name, in, (struct filter){ units, 3, 1, 1 });
}

/* What one task sees. */
struct view {
	const struct segnet *s;
	struct site own; /* of the task's nodes */
	struct site called; /* of modules of all tasks */
	const char *task;
};

/* NAMEi of the task, PART standing for what it is. */
static const char *named(const struct view *v, const char *part, int i, char *out)
{
	snprintf(out, BLOCK_NAME_MAX, "%s.%s%d", v->task, part, i);
	return out;
}

/* A mask from `in`, on the features: a node of the task. */
static int masked(const struct view *v, const char *part, int i, int in, int features)
{
	const int units = graph_node(v->own.g, features)->C;
	char name[BLOCK_NAME_MAX];
	int mask = attention_add(&v->own, named(v, part, i, name), in, units, units);

	snprintf(name, sizeof(name), "%s.%s%d.mul", v->task, part, i);
	return block_pair(&v->own, LAYER_MUL, name, mask, features);
}

static int attend_encoder(const struct view *v, int i, int prev)
{
	const struct segnet *s = v->s;
	const int deeper = s->filters[i + 1 < s->levels ? i + 1 : i];
	const int both[2] = { s->first[i], prev };
	char name[BLOCK_NAME_MAX];
	int y = s->first[i];

	if (i > 0)
		y = block_concat(&v->own, named(v, "att_enc_concat", i, name), both, 2);
	y = masked(v, "att_enc", i, y, s->last[i]);
	y = shared_layer(&v->called, "block_enc", i, y, deeper);
	return block_pool(
		&v->own, LAYER_MAXPOOL2D, named(v, "att_pool", i, name), y, 2, 2, 0);
}

static int attend_decoder(const struct view *v, int i, int prev)
{
	const struct segnet *s = v->s;
	const int last = s->levels - 1;
	const int units = i == last ? s->filters[i] : segnet_decoder_filters(s, i);
	char name[BLOCK_NAME_MAX];
	int both[2] = { s->unpool[i] };
	int y = block_resize(
		&v->own, named(v, "att_up", i, name), prev, s->unpool[i], true);

	both[1] = shared_layer(&v->called, "block_dec", i, y, units);
	y = block_concat(&v->own, named(v, "att_dec_concat", i, name), both, 2);
	return masked(v, "att_dec", i, y, s->decoded[i]);
}

static int add_view(const struct view *v)
{
	int prev = 0;

	for (int i = 0; i < v->s->levels; i++)
		prev = attend_encoder(v, i, prev);
	for (int i = v->s->levels - 1; i >= 0; i--)
		prev = attend_decoder(v, i, prev);
	return prev;
}

/* SegNet, and for each task attention on every level of it. */
static int build(struct graph *g, const struct model_io *io, const struct params *ps,
	struct err *e)
{
	struct site site = {
		.g = g, .scope = SCOPE_SHARED, .init = INIT_XAVIER_NORMAL
	};
	struct segnet s;
	int rc = segnet_parse(&s, ps, e);

	if (rc)
		return rc;
	(void)segnet_add(&s, &site, io->input);
	for (int k = 0; k < io->K; k++) {
		const char *task = io->task[k].name;
		struct view v = { .s = &s, .own = site, .called = site, .task = task };

		v.own.scope = v.called.scope = k;
		v.called.caller = task;
		graph_output(g, k, segnet_head(&s, &v.own, &io->task[k], add_view(&v)));
	}
	return OK;
}

const struct model model_mtan = { .build = build };
