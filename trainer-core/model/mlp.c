#include "trainer-core/model/model.h"

#include <stdio.h>
#include <string.h>

#define LAYERS_MAX 64

static int linear(struct graph *g, const char *name, int scope, int in, int units)
{
	return graph_add(g,
		(struct node){ .kind = LAYER_LINEAR,
			.name = name,
			.scope = scope,
			.in = { in },
			.units = units });
}

static int point(
	struct graph *g, const char *name, int scope, int in, enum layer_kind kind)
{
	return graph_add(g,
		(struct node){ .kind = kind,
			.name = name,
			.scope = scope,
			.in = { in },
			.slope = 0.01f });
}

/* trunk0, trunk1, ... each followed by its activation; returns the last node. */
static int trunk(
	struct graph *g, const double *hidden, int layers, enum layer_kind kind, int id)
{
	char name[32];

	for (int i = 0; i < layers; i++) {
		snprintf(name, sizeof(name), "trunk%d", i);
		id = linear(g, name, SCOPE_SHARED, id, (int)hidden[i]);
		snprintf(name, sizeof(name), "trunk%d.act", i);
		id = point(g, name, SCOPE_SHARED, id, kind);
	}
	return id;
}

/* One linear layer; with `hidden` units a linear layer and a ReLU before it. */
static int head(struct graph *g, const struct task_info *t, int k, int id, int hidden)
{
	char name[128];

	if (hidden > 0) {
		snprintf(name, sizeof(name), "%s.h", t->name);
		id = linear(g, name, k, id, hidden);
		snprintf(name, sizeof(name), "%s.relu", t->name);
		id = point(g, name, k, id, LAYER_RELU);
	}
	return linear(g, t->name, k, id, t->outputs);
}

/* A trunk of linear layers, and a head a task on it. */
static int build(struct graph *g, const struct model_io *io, const struct params *ps,
	struct err *e)
{
	static const enum layer_kind kinds[] = { [ACTIVATION_RELU] = LAYER_RELU,
		[ACTIVATION_LEAKY_RELU] = LAYER_LEAKY_RELU,
		[ACTIVATION_SIGMOID] = LAYER_SIGMOID,
		[ACTIVATION_TANH] = LAYER_TANH };
	double hidden[LAYERS_MAX];
	int layers, head_hidden, activation, id;
	const struct node *x = graph_node(g, io->input);

	if (setting_list(ps, "model.hidden", hidden, LAYERS_MAX, &layers, e) ||
		setting_whole(ps, "model.head_hidden", &head_hidden, e) ||
		setting_choice(ps, "model.activation", &activation, e))
		return e->code;
	id = io->input;
	if (x->H * x->W > 1)
		id = graph_add(g,
			(struct node){ .kind = LAYER_FLATTEN,
				.name = "flatten",
				.scope = SCOPE_SHARED,
				.in = { id } });
	id = trunk(g, hidden, layers, kinds[activation], id);
	for (int k = 0; k < io->K; k++)
		graph_output(g, k, head(g, &io->task[k], k, id, head_hidden));
	return OK;
}

const struct model model_mlp = { .build = build };
