/*
 * From the list of nodes to a graph that can run: which nodes need gradients, layouts,
 * fusion, and the place of every array.
 */
#include "trainer-core/layer.h"

#include <math.h>

static bool reads(const struct graph *g, const struct node *v, int id)
{
	for (int i = 0; i < layers[v->kind]->inputs; i++)
		if (v->in[i] == id)
			return true;
	(void)g;
	return false;
}

/* The only reader of node id, or NULL where it has several, none, or is an output. */
static struct node *only_reader(const struct graph *g, int id)
{
	struct node *found = NULL;

	for (int t = 0; t < g->tasks; t++)
		if (g->output[t] == id)
			return NULL;
	for (int i = id + 1; i < g->nodes; i++) {
		if (!reads(g, g->node[i], id))
			continue;
		if (found)
			return NULL;
		found = g->node[i];
	}
	return found;
}

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
		for (int i = 0; i < layers[v->kind]->inputs; i++)
			v->needs_grad |= layer_in(g, v, i)->needs_grad;
	}
}

/* An input lies in rows unless someone wants its images side by side. */
static enum layout input_layout(const struct graph *g, int id)
{
	const struct node *v = g->node[id];

	for (int i = id + 1; i < g->nodes; i++) {
		const struct layer *layer = layers[g->node[i]->kind];

		if (!reads(g, g->node[i], id))
			continue;
		if (layer->accepts == LAYOUT_IS_N16)
			return LAYOUT_N16;
		if (layer->rule == LAYOUT_OF_INPUT && v->H * v->W > 1)
			return LAYOUT_N16;
	}
	return LAYOUT_ROW;
}

static int assign_layouts(struct graph *g, struct err *e)
{
	for (int id = 0; id < g->nodes; id++) {
		struct node *v = g->node[id];
		const struct layer *layer = layers[v->kind];

		if (v->kind == LAYER_INPUT)
			v->layout = input_layout(g, id);
		else if (layer->rule == LAYOUT_OF_INPUT)
			v->layout = layer_in(g, v, 0)->layout;
		else
			v->layout =
				layer->rule == LAYOUT_IS_N16 ? LAYOUT_N16 : LAYOUT_ROW;
		for (int i = 0; i < layer->inputs; i++) {
			enum layout l = layer_in(g, v, i)->layout;

			if (layer->accepts == LAYOUT_IS_ROW && l != LAYOUT_ROW)
				return err_set(e, ERR_SPEC,
					"node %s: needs a flatten before it", v->name);
			if (layer->accepts == LAYOUT_IS_N16 && l != LAYOUT_N16)
				return err_set(e, ERR_SPEC,
					"node %s: cannot follow a flat node", v->name);
		}
	}
	return OK;
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
	struct node *next = only_reader(g, id_of(g, v));

	return next && next->kind == kind && next->scope == v->scope ? next : NULL;
}

static void fuse_nodes(struct graph *g)
{
	for (int id = 0; id < g->nodes; id++) {
		struct node *v = g->node[id];
		struct node *relu, *pool;

		if (v->kind != LAYER_CONV2D && v->kind != LAYER_LINEAR)
			continue;
		relu = follower(g, v, LAYER_RELU);
		if (!relu)
			continue;
		fuse_into(v, relu);
		if (v->kind != LAYER_CONV2D || relu->H % 2 || relu->W % 2)
			continue;
		pool = follower(g, relu, LAYER_MAXPOOL2D);
		if (pool && pool->kernel == 2 && pool->stride == 2 && !pool->pad)
			fuse_into(v, pool);
	}
}

static size_t round_up(size_t floats)
{
	return (floats + LANES - 1) / LANES * LANES;
}

/* [ shared | task 0 | ... ], in the order of declaration inside each. */
static void place_params(struct graph *g)
{
	size_t at = 0;

	for (int scope = SCOPE_SHARED; scope < g->tasks; scope++) {
		g->begin[scope + 1] = at;
		for (int i = 0; i < g->params; i++) {
			if (g->param[i].scope != scope)
				continue;
			g->param[i].offset = at;
			at += round_up(g->param[i].floats);
		}
	}
	g->begin[g->tasks + 1] = at;
	g->value = arena_alloc_aligned(g->arena, at * sizeof(float));
}

static float *floats_for(struct graph *g, const struct node *v)
{
	return arena_alloc_aligned(
		g->arena, round_up(node_floats(v, g->batch)) * sizeof(float));
}

static void place_nodes(struct graph *g)
{
	size_t work = 0;

	for (int id = 0; id < g->nodes; id++) {
		struct node *v = g->node[id];
		struct node *t = v->tail;

		if (v->fused)
			continue;
		t->y = floats_for(g, t);
		if (v->needs_grad)
			t->dy = floats_for(g, t);
		if (layers[t->kind]->pools)
			v->which = arena_alloc_aligned(
				g->arena, round_up(node_floats(t, g->batch)));
		if (layers[v->kind]->work) {
			size_t bytes = layers[v->kind]->work(g, v);

			work = bytes > work ? bytes : work;
		}
	}
	g->work = arena_alloc_aligned(g->arena, work + 64);
	for (int t = 0; t < g->tasks; t++)
		g->seed[t] = floats_for(g, g->node[g->output[t]]);
}

int graph_build(struct graph *g, int batch, bool fuse, struct err *e)
{
	int rc;

	ASSERT(batch >= 1 && !g->batch);
	if (g->error.code) {
		if (e)
			*e = g->error;
		return g->error.code;
	}
	for (int t = 0; t < g->tasks; t++)
		if (g->output[t] < 0)
			return err_set(e, ERR_SPEC, "task %d has no output", t);
	g->batch = g->n = batch;
	mark_gradients(g);
	rc = assign_layouts(g, e);
	if (rc)
		return rc;
	if (fuse)
		fuse_nodes(g);
	place_params(g);
	place_nodes(g);
	return OK;
}
