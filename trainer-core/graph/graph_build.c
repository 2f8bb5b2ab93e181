/*
 * From the list of nodes to a graph that can run: which nodes need gradients, layouts,
 * fusion, and the place of every array.
 */
#include "trainer-core/graph/layer.h"

#include <math.h>

static int id_of(const struct graph *g, const struct node *v)
{
	for (int i = 0; i < g->nodes; i++)
		if (g->node[i] == v)
			return i;
	BUG("a node of another graph");
}

static void mark_gradients(struct graph *g)
{
	for (int id = 0; id < g->nodes; id++) {
		struct node *v = g->node[id];

		v->needs_grad = v->weight >= 0;
		for (int i = 0; i < v->inputs; i++)
			v->needs_grad |= layer_in(g, v, i)->needs_grad;
	}
}

/*
 * Images lie in N16 where every node of the graph is of a kind that exists there (small
 * convolutional networks without batch norm, LeNet); any other graph is C16 throughout.
 */
bool graph_is_deep(const struct graph *g)
{
	for (int id = 0; id < g->nodes; id++)
		switch (g->node[id]->kind) {
		case LAYER_INPUT:
		case LAYER_CONV2D:
		case LAYER_LINEAR:
		case LAYER_RELU:
		case LAYER_LEAKY_RELU:
		case LAYER_SIGMOID:
		case LAYER_TANH:
		case LAYER_ROTATION:
		case LAYER_MAXPOOL2D:
		case LAYER_FLATTEN:
			break;
		default:
			return true;
		}
	return false;
}

/* Does someone behind node id need images? A plane of more than one value is one. */
static bool read_as_image(const struct graph *g, int id)
{
	const struct node *v = g->node[id];

	for (int i = id + 1; i < g->nodes; i++) {
		const struct layer *layer = layers[g->node[i]->kind];

		if (!node_reads(g->node[i], id))
			continue;
		if (layer->accepts == LAYOUT_IS_IMAGE)
			return true;
		if (layer->rule == LAYOUT_OF_INPUT &&
			(v->H * v->W > 1 || read_as_image(g, i)))
			return true;
	}
	return false;
}

/* Inputs of few channels that only convolutions read are C4. */
static bool fits_c4(const struct graph *g, int id)
{
	if (g->node[id]->kind != LAYER_INPUT || g->node[id]->C > 4)
		return false;
	for (int i = id + 1; i < g->nodes; i++)
		if (node_reads(g->node[i], id) && g->node[i]->kind != LAYER_CONV2D)
			return false;
	return true;
}

static enum layout image_layout(const struct graph *g, int id)
{
	if (!g->c16)
		return LAYOUT_N16;
	return fits_c4(g, id) ? LAYOUT_C4 : LAYOUT_C16;
}

static enum layout layout_of(const struct graph *g, int id)
{
	const struct node *v = g->node[id];

	switch (layers[v->kind]->rule) {
	case LAYOUT_OF_INPUT:
		return layer_in(g, v, 0)->layout;
	case LAYOUT_IS_ROW:
		return LAYOUT_ROW;
	case LAYOUT_IS_IMAGE:
		return image_layout(g, id);
	case LAYOUT_OF_READERS:
		break;
	}
	return read_as_image(g, id) ? image_layout(g, id) : LAYOUT_ROW;
}

static int check_layouts(const struct graph *g, const struct node *v, struct err *e)
{
	enum layout_rule accepts = layers[v->kind]->accepts;

	for (int i = 0; i < v->inputs; i++) {
		enum layout l = layer_in(g, v, i)->layout;

		if (accepts == LAYOUT_IS_ROW && l != LAYOUT_ROW)
			return err_set(e, ERR_SPEC,
				"node %s: needs a flatten before it", v->name);
		if (accepts == LAYOUT_IS_IMAGE && l == LAYOUT_ROW)
			return err_set(e, ERR_SPEC,
				"node %s: cannot follow a flat node", v->name);
		if (accepts == LAYOUT_OF_INPUT && v->kind != LAYER_FLATTEN &&
			l != v->layout)
			return err_set(e, ERR_SPEC,
				"node %s: reads an image and a flat node", v->name);
	}
	return OK;
}

static int assign_layouts(struct graph *g, struct err *e)
{
	g->c16 = g->k->half || graph_is_deep(g);
	for (int id = 0; id < g->nodes; id++) {
		struct node *v = g->node[id];

		v->layout = layout_of(g, id);
		if (check_layouts(g, v, e))
			return e ? e->code : ERR_SPEC;
	}
	return OK;
}

/* How the weights lie follows from how the values do. */
static int pack_params(struct graph *g, struct err *e)
{
	for (int id = 0; id < g->nodes; id++) {
		const struct node *v = g->node[id];
		enum packing packing = PACK_NONE;
		struct graph_param *p;

		if (v->weight < 0)
			continue;
		p = &g->param[v->weight];
		if (v->kind == LAYER_LINEAR)
			packing = PACK_LINEAR;
		if (v->kind == LAYER_CONV2D && v->layout == LAYOUT_C16)
			packing = layer_in(g, v, 0)->layout == LAYOUT_C4 ? PACK_C4
									 : PACK_C16;
		if (packing != PACK_NONE && v->kind == LAYER_CONV2D && v->kernel > 9)
			return err_set(e, ERR_SPEC,
				"node %s: a kernel of %d where 9 is the most", v->name,
				v->kernel);
		if (v->tied && packing != p->packing)
			return err_set(e, ERR_SPEC,
				"node %s: is tied to one whose input lies otherwise",
				v->name);
		p->packing = packing;
	}
	for (int i = 0; i < g->params; i++)
		g->param[i].floats = param_floats(&g->param[i]);
	return OK;
}

static bool is_output(const struct graph *g, int id)
{
	for (int t = 0; t < g->tasks; t++)
		if (g->output[t] == id)
			return true;
	return false;
}

/*
 * In mixed precision predictions stay float, and so does what lies between the last
 * product of a head and its prediction (a softmax, a resizing).
 */
static void mark_half(struct graph *g)
{
	for (int id = g->nodes - 1; id >= 0 && g->k->half; id--) {
		const struct node *reader = node_only_reader(g, id);
		struct node *v = g->node[id];

		v->half = v->kind == LAYER_INPUT ||
			!(is_output(g, id) ||
				(reader && !reader->half &&
					!layers[reader->kind]->rounds));
	}
}

static void fuse_into(struct node *head, struct node *next)
{
	next->fused = true;
	head->tail = next;
}

/* The reader of v's result if it is of this kind, of the same scope and the only one. */
static struct node *follower(
	const struct graph *g, const struct node *v, enum layer_kind kind)
{
	struct node *next = node_only_reader(g, id_of(g, v));

	return next && next->kind == kind && next->scope == v->scope ? next : NULL;
}

static void fuse_nodes(struct graph *g)
{
	for (int id = 0; id < g->nodes; id++) {
		struct node *v = g->node[id];
		struct node *relu, *pool;

		if (v->kind != LAYER_CONV2D && v->kind != LAYER_LINEAR &&
			v->kind != LAYER_BATCHNORM && v->kind != LAYER_ADD)
			continue;
		relu = follower(g, v, LAYER_RELU);
		if (!relu)
			continue;
		fuse_into(v, relu);
		if (v->layout != LAYOUT_N16 || relu->H % 2 || relu->W % 2)
			continue;
		pool = follower(g, relu, LAYER_MAXPOOL2D);
		if (pool && pool->kernel == 2 && pool->stride == 2 && !pool->pad)
			fuse_into(v, pool);
	}
}

int graph_check(struct graph *g, struct err *e)
{
	int rc;

	if (g->error.code) {
		if (e)
			*e = g->error;
		return g->error.code;
	}
	for (int t = 0; t < g->tasks; t++)
		if (g->output[t] < 0)
			return err_set(e, ERR_SPEC, "task %d has no output", t);
	mark_gradients(g);
	rc = assign_layouts(g, e);
	return rc ? rc : pack_params(g, e);
}

int graph_build(struct graph *g, int batch, bool fuse, struct err *e)
{
	int rc;

	ASSERT(batch >= 1 && !g->batch);
	rc = graph_check(g, e);
	if (rc)
		return rc;
	g->batch = g->n = batch;
	mark_half(g);
	if (fuse)
		fuse_nodes(g);
	rc = graph_place(g, e);
	if (!rc)
		graph_mark_features(g);
	return rc;
}
