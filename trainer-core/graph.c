#include "trainer-core/layer.h"

#include <math.h>
#include <string.h>
#include "trainer-core/rng.h"

const struct layer *const layers[LAYER_COUNT] = {
#define LAYER(kind, id) [LAYER_##kind] = &layer_##id,
#include "trainer-core/layer.def"
#undef LAYER
};

struct graph *graph_new(struct arena *a, int tasks, const struct kernels *k)
{
	struct graph *g = NEW(a, struct graph);

	ASSERT(tasks >= 1 && tasks <= TASKS_MAX);
	g->arena = a;
	g->k = k;
	g->tasks = tasks;
	g->output = NEW_ARRAY(a, int, tasks);
	g->seed = NEW_ARRAY(a, float *, tasks);
	g->begin = NEW_ARRAY(a, size_t, tasks + 2);
	for (int t = 0; t < tasks; t++)
		g->output[t] = -1;
	return g;
}

/* Remembers the first error of building. */
static int refuse(struct graph *g, const char *name, const char *why)
{
	if (!g->error.code)
		err_set(&g->error, ERR_SPEC, "node %s: %s", name ? name : "?", why);
	return 0;
}

static const char *fault(const struct graph *g, const struct node *v)
{
	const struct layer *layer = layers[v->kind];

	if (!v->name || graph_find(g, v->name) >= 0)
		return "needs a name of its own";
	if (v->scope < SCOPE_SHARED || v->scope >= g->tasks)
		return "belongs to no task of this graph";
	for (int i = 0; i < layer->inputs; i++) {
		if (v->in[i] < 0 || v->in[i] >= g->nodes)
			return "reads a node that is not there yet";
		if (v->scope == SCOPE_SHARED && layer_in(g, v, i)->scope != v->scope)
			return "is shared and cannot read a task's node";
	}
	return NULL;
}

/* Node id of the trunk as task `scope` reads it: its rotation, added where it is new. */
static int rotated(struct graph *g, int scope, int id)
{
	for (int i = id + 1; i < g->nodes; i++)
		if (g->node[i]->kind == LAYER_ROTATION && g->node[i]->scope == scope &&
			g->node[i]->in[0] == id)
			return i;
	return graph_add(g,
		(struct node){ .kind = LAYER_ROTATION,
			.name = arena_printf(
				g->arena, "%s.rotation%d", g->node[id]->name, scope),
			.scope = scope,
			.in = { id } });
}

static bool reads_rotated(const struct graph *g, const struct node *v, int i)
{
	return g->rotates && v->scope != SCOPE_SHARED && v->kind != LAYER_ROTATION &&
		layer_in(g, v, i)->scope == SCOPE_SHARED &&
		layer_in(g, v, i)->kind != LAYER_INPUT;
}

int graph_add(struct graph *g, struct node n)
{
	const char *why;
	struct node *v;

	if (g->error.code)
		return 0;
	why = fault(g, &n);
	if (why)
		return refuse(g, n.name, why);
	for (int i = 0; i < layers[n.kind]->inputs; i++)
		if (reads_rotated(g, &n, i))
			n.in[i] = rotated(g, n.scope, n.in[i]);
	v = NEW(g->arena, struct node);
	*v = n;
	v->name = arena_strdup(g->arena, n.name);
	v->weight = v->bias = -1;
	v->tail = v;
	if (!v->stride)
		v->stride = 1;
	if (!v->dilation)
		v->dilation = 1;
	if (layers[v->kind]->shape(g, v, &g->error)) {
		(void)err_wrap(&g->error, "node %s", v->name);
		return 0;
	}
	/* An array of pointers. NOLINTNEXTLINE(bugprone-sizeof-expression) */
	GROW(g->arena, g->node, g->nodes, g->node_capacity)[g->nodes] = v;
	return g->nodes++;
}

void graph_output(struct graph *g, int task, int node)
{
	if (g->error.code)
		return;
	ASSERT(task >= 0 && task < g->tasks && node >= 0 && node < g->nodes);
	g->output[task] = node;
}

int layer_param(struct graph *g, const struct node *v, const char *suffix,
	const int *shape, int dims, int fan_in)
{
	struct graph_param *p =
		&GROW(g->arena, g->param, g->params, g->param_capacity)[g->params];

	*p = (struct graph_param){ .scope = v->scope, .dims = dims, .count = 1 };
	p->name = arena_printf(g->arena, "%s.%s", v->name, suffix);
	p->bound = 1 / sqrt((double)fan_in);
	for (int i = 0; i < dims; i++) {
		p->shape[i] = shape[i];
		p->count *= (size_t)shape[i];
	}
	p->packed = v->kind == LAYER_LINEAR && dims == 2;
	p->floats = p->packed ? linear_floats(shape[1], shape[0]) : p->count;
	return g->params++;
}

int graph_tasks(const struct graph *g)
{
	return g->tasks;
}

int graph_batch(const struct graph *g)
{
	return g->batch;
}

size_t graph_floats(const struct graph *g)
{
	return g->begin[g->tasks + 1];
}

float *graph_values(const struct graph *g)
{
	return g->value;
}

size_t graph_scope_begin(const struct graph *g, int scope)
{
	return g->begin[scope + 1];
}

size_t graph_scope_floats(const struct graph *g, int scope)
{
	return g->begin[scope + 2] - g->begin[scope + 1];
}

int graph_params(const struct graph *g)
{
	return g->params;
}

const struct graph_param *graph_param(const struct graph *g, int i)
{
	return &g->param[i];
}

/* Where the logical value i of p lies in the flat array. */
static size_t position(const struct graph_param *p, size_t i)
{
	int in = p->shape[1];

	if (!p->packed)
		return p->offset + i;
	return p->offset +
		linear_index(
			in, p->shape[0], (int)(i / (size_t)in), (int)(i % (size_t)in));
}

void graph_param_get(const struct graph *g, int i, const float *flat, float *logical)
{
	for (size_t j = 0; j < g->param[i].count; j++)
		logical[j] = flat[position(&g->param[i], j)];
}

void graph_param_set(const struct graph *g, int i, float *flat, const float *logical)
{
	for (size_t j = 0; j < g->param[i].count; j++)
		flat[position(&g->param[i], j)] = logical[j];
}

void graph_init(struct graph *g, uint64_t seed)
{
	for (int i = 0; i < g->params; i++) {
		const struct graph_param *p = &g->param[i];
		uint64_t stream = rng_hash(p->name);

		for (size_t j = 0; j < p->count; j++) {
			double u = rng_uniform(seed, RNG_INIT, stream, j);

			g->value[position(p, j)] = (float)((2 * u - 1) * p->bound);
		}
	}
}

int graph_nodes(const struct graph *g)
{
	return g->nodes;
}

const struct node *graph_node(const struct graph *g, int id)
{
	return g->node[id];
}

int graph_find(const struct graph *g, const char *name)
{
	for (int i = 0; i < g->nodes; i++)
		if (!strcmp(g->node[i]->name, name))
			return i;
	return -1;
}

struct node *layer_in(const struct graph *g, const struct node *v, int i)
{
	return g->node[v->in[i]];
}

size_t node_size(const struct node *v)
{
	return (size_t)v->C * (size_t)v->H * (size_t)v->W;
}

size_t node_floats(const struct node *v, int n)
{
	if (v->layout == LAYOUT_N16)
		n = (n + LANES - 1) / LANES * LANES;
	return node_size(v) * (size_t)n;
}

float *layer_at(const struct graph *g, float *flat, int param)
{
	return param < 0 ? NULL : flat + g->param[param].offset;
}
