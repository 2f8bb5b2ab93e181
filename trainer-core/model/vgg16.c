#include <stdio.h>
#include <string.h>
#include "trainer-core/network/blocks.h"
#include "trainer-core/model/model.h"

/* What a task calls its own of: the convolutions are everybody's. */
struct pass {
	struct site conv; /* modules of all tasks, or of the trunk */
	struct site rest; /* batch norm, ReLU, pooling */
	const char *prefix; /* "fish." of rest's nodes, "" of a trunk */
	double width;
};

static int layer(const struct pass *p, const char *at, int in, int units)
{
	char name[BLOCK_NAME_MAX];

	snprintf(name, sizeof(name), "conv%s", at);
	in = block_conv(&p->conv, name, in,
		(struct filter){ block_scaled(p->width, units), 3, 1, 1 });
	snprintf(name, sizeof(name), "%sbn%s", p->prefix, at);
	in = block_point(&p->rest, LAYER_BATCHNORM, name, in);
	snprintf(name, sizeof(name), "%srelu%s", p->prefix, at);
	return block_point(&p->rest, LAYER_RELU, name, in);
}

static int trunk(const struct pass *p, int in)
{
	static const struct {
		int units, layers;
	} blocks[] = { { 64, 2 }, { 128, 2 }, { 256, 3 }, { 512, 3 }, { 512, 3 } };
	char name[BLOCK_NAME_MAX];

	for (int b = 0; b < 5; b++) {
		snprintf(name, sizeof(name), "%spool%d", p->prefix, b);
		if (b > 0)
			in = block_pool(&p->rest, LAYER_MAXPOOL2D, name, in, 2, 2, 0);
		for (int i = 0; i < blocks[b].layers; i++) {
			snprintf(name, sizeof(name), "%d_%d", b + 1, i + 1);
			in = layer(p, name, in, blocks[b].units);
		}
	}
	snprintf(name, sizeof(name), "%savgpool", p->prefix);
	return block_point(&p->rest, LAYER_GLOBAL_AVGPOOL, name, in);
}

/* The trunk as task k passes through it, with a batch norm of its own or everybody's. */
static int task_trunk(
	struct pass *p, const struct model_io *io, int k, bool own_norm, int in)
{
	const char *task = io->task[k].name;
	char prefix[BLOCK_NAME_MAX] = "";

	p->conv.scope = p->rest.scope = k;
	p->conv.caller = task;
	p->rest.caller = own_norm ? NULL : task;
	if (own_norm)
		snprintf(prefix, sizeof(prefix), "%s.", task);
	p->prefix = prefix;
	in = trunk(p, in);
	p->prefix = "";
	return in;
}

/*
 * Inputs of every task's own pass one after the other through the same
 * convolutions; a single input passes once where the batch norm is everybody's.
 */
static int build(struct graph *g, const struct model_io *io, const struct params *ps,
	struct err *e)
{
	const struct site site = { .g = g, .scope = SCOPE_SHARED };
	struct pass p = { .conv = site, .rest = site, .prefix = "" };
	bool own_norm;
	int norm;
	int id = 0;

	if (setting_choice(ps, "model.norm", &norm, e) ||
		setting_real(ps, "model.width", &p.width, e))
		return e->code;
	own_norm = norm == VGG_NORM_TASK;
	if (!own_norm && !io->own_input)
		id = trunk(&p, io->input);
	for (int k = 0; k < io->K; k++) {
		struct site head = { .g = g, .scope = k };
		int in = io->own_input ? io->own_input[k] : io->input;

		if (own_norm || io->own_input)
			id = task_trunk(&p, io, k, own_norm, in);
		graph_output(g, k,
			block_linear(&head, io->task[k].name, id, io->task[k].outputs));
	}
	return OK;
}

const struct model model_vgg16 = { .build = build };
