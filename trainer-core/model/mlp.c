#include <stdio.h>
#include "trainer-core/network/blocks.h"
#include "trainer-core/model/model.h"

#define LAYERS_MAX 64

/* LeakyReLU has its slope, which the others do not look at. */
static int activation(
	const struct site *s, const char *name, int in, enum layer_kind kind)
{
	return graph_add(s->g,
		(struct node){ .kind = kind,
			.name = name,
			.scope = s->scope,
			.in = { in },
			.slope = 0.01f });
}

/* trunk0, trunk1, ... each followed by its activation; returns the last node. */
static int trunk(const struct site *s, const double *hidden, int layers,
	enum layer_kind kind, int id)
{
	char name[32];

	for (int i = 0; i < layers; i++) {
		snprintf(name, sizeof(name), "trunk%d", i);
		id = block_linear(s, name, id, (int)hidden[i]);
		snprintf(name, sizeof(name), "trunk%d.act", i);
		id = activation(s, name, id, kind);
	}
	return id;
}

/* One linear layer; with `hidden` units a linear layer and a ReLU before it. */
static int head(const struct site *s, const struct task_info *t, int id, int hidden)
{
	char name[128];

	if (hidden > 0) {
		snprintf(name, sizeof(name), "%s.h", t->name);
		id = block_linear(s, name, id, hidden);
		snprintf(name, sizeof(name), "%s.relu", t->name);
		id = block_point(s, LAYER_RELU, name, id);
	}
	return block_linear(s, t->name, id, t->outputs);
}

/* A trunk of linear layers, and a head a task on it. */
static int build(struct graph *g, const struct model_io *io, const struct params *ps,
	struct err *e)
{
	static const enum layer_kind kinds[] = { [ACTIVATION_RELU] = LAYER_RELU,
		[ACTIVATION_LEAKY_RELU] = LAYER_LEAKY_RELU,
		[ACTIVATION_SIGMOID] = LAYER_SIGMOID,
		[ACTIVATION_TANH] = LAYER_TANH };
	const struct site shared = { .g = g, .scope = SCOPE_SHARED };
	double hidden[LAYERS_MAX];
	int layers, head_hidden, kind, id;
	const struct node *x = graph_node(g, io->input);

	if (setting_list(ps, "model.hidden", hidden, LAYERS_MAX, &layers, e) ||
		setting_whole(ps, "model.head_hidden", &head_hidden, e) ||
		setting_choice(ps, "model.activation", &kind, e))
		return e->code;
	id = io->input;
	if (x->H * x->W > 1)
		id = block_point(&shared, LAYER_FLATTEN, "flatten", id);
	id = trunk(&shared, hidden, layers, kinds[kind], id);
	for (int k = 0; k < io->K; k++) {
		const struct site own = { .g = g, .scope = k };

		graph_output(g, k, head(&own, &io->task[k], id, head_hidden));
	}
	return OK;
}

const struct model model_mlp = { .build = build };
