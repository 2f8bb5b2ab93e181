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

static int activation_of(const struct params *ps, enum layer_kind *kind, struct err *e)
{
	static const enum layer_kind kinds[] = { LAYER_RELU, LAYER_LEAKY_RELU,
		LAYER_SIGMOID, LAYER_TANH };
	static const char *const names[] = { "relu", "leaky_relu", "sigmoid", "tanh" };
	const char *name = params_get(ps, "model.activation");

	*kind = LAYER_RELU;
	if (!name)
		return OK;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(name, names[i])) {
			*kind = kinds[i];
			return OK;
		}
	return err_set(e, ERR_SPEC, "model.activation: \"%s\" is none", name);
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

/* models.md (a). */
static int build(struct graph *g, const struct model_io *io, const struct params *ps,
	struct err *e)
{
	double hidden[LAYERS_MAX] = { 32, 24 };
	int layers, head_hidden, id;
	enum layer_kind kind;
	const struct node *x = graph_node(g, io->input);
	bool given = params_get(ps, "model.hidden") != NULL;

	if (params_numbers(ps, "model.hidden", hidden, LAYERS_MAX, &layers, e) ||
		params_integer(ps, "model.head_hidden", 0, &head_hidden, e) ||
		activation_of(ps, &kind, e))
		return e->code;
	for (int i = 0; i < layers; i++)
		if (hidden[i] < 1 || hidden[i] > 65536)
			return err_set(
				e, ERR_SPEC, "model.hidden: %g units", hidden[i]);
	id = io->input;
	if (x->H * x->W > 1)
		id = graph_add(g,
			(struct node){ .kind = LAYER_FLATTEN,
				.name = "flatten",
				.scope = SCOPE_SHARED,
				.in = { id } });
	id = trunk(g, hidden, given ? layers : 2, kind, id);
	for (int k = 0; k < io->K; k++)
		graph_output(g, k, head(g, &io->task[k], k, id, head_hidden));
	return OK;
}

const struct model model_mlp = { .build = build };
