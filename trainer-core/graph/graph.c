#include "trainer-core/graph/layer.h"

#include <math.h>
#include <string.h>
#include "common/rng.h"

const struct layer *const layers[LAYER_COUNT] = {
#define LAYER(kind, id) [LAYER_##kind] = &layer_##id,
#include "trainer-core/graph/layer.def"
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
	g->seeds = NEW_ARRAY(a, float *, tasks);
	g->prediction = NEW_ARRAY(a, float *, tasks);
	g->training = true;
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

/* What a tied node must have in common with the one whose parameters it uses. */
static bool fits(const struct node *v, const struct node *with)
{
	return v->kind == with->kind && v->units == with->units &&
		v->kernel == with->kernel && v->no_bias == with->no_bias && !with->tied;
}

static const char *fault(const struct graph *g, const struct node *v)
{
	const struct layer *layer = layers[v->kind];

	if (!v->name || graph_find(g, v->name) >= 0)
		return "needs a name of its own";
	if (v->scope < SCOPE_SHARED || v->scope >= g->tasks)
		return "belongs to no task of this graph";
	if (v->inputs < layer->inputs || v->inputs > NODE_INPUTS)
		return "reads too few or too many nodes";
	for (int i = 0; i < v->inputs; i++) {
		if (v->in[i] < 0 || v->in[i] >= g->nodes)
			return "reads a node that is not there yet";
		if (v->scope == SCOPE_SHARED && layer_in(g, v, i)->scope != v->scope)
			return "is shared and cannot read a task's node";
	}
	if (v->tied &&
		(v->tied < 0 || v->tied >= g->nodes || !fits(v, g->node[v->tied])))
		return "is tied to a node that is not like it";
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
	if (layers[n.kind]->inputs)
		n.inputs = layers[n.kind]->inputs;
	why = fault(g, &n);
	if (why)
		return refuse(g, n.name, why);
	for (int i = 0; i < n.inputs; i++)
		if (reads_rotated(g, &n, i))
			n.in[i] = rotated(g, n.scope, n.in[i]);
	v = NEW(g->arena, struct node);
	*v = n;
	v->name = arena_strdup(g->arena, n.name);
	v->params = n.params ? arena_strdup(g->arena, n.params) : v->name;
	v->weight = v->bias = v->running = -1;
	v->tail = v;
	if (!v->stride)
		v->stride = 1;
	if (!v->dilation)
		v->dilation = 1;
	if (layers[v->kind]->shape(g, v, &g->error))
		(void)err_wrap(&g->error, "node %s", v->name);
	if (g->error.code)
		return 0;
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

/* The scope that the parameters of v belong to. */
static int owner(const struct node *v)
{
	return v->shares ? SCOPE_SHARED : v->scope;
}

static int find_param(const struct graph *g, const char *name)
{
	for (int i = 0; i < g->params; i++)
		if (!strcmp(g->param[i].name, name))
			return i;
	return -1;
}

/* One call of graph_add has one node to blame for whatever is wrong. */
static int tied_param(
	struct graph *g, const struct node *v, const char *name, size_t count)
{
	int id = find_param(g, name);

	if (id < 0 || g->param[id].count != count)
		(void)refuse(g, v->name, "is tied to a node of another shape");
	return id < 0 ? 0 : id;
}

int layer_param(struct graph *g, const struct node *v, const char *suffix,
	const int *shape, int dims)
{
	const struct node *named = v->tied ? g->node[v->tied] : v;
	const char *name = arena_printf(g->arena, "%s.%s", named->params, suffix);
	struct graph_param p = {
		.name = name, .scope = owner(v), .dims = dims, .count = 1
	};

	for (int i = 0; i < dims; i++) {
		p.shape[i] = shape[i];
		p.count *= (size_t)shape[i];
	}
	if (v->tied)
		return tied_param(g, v, name, p.count);
	if (find_param(g, name) >= 0)
		(void)refuse(g, v->name, "has the parameters' name of another node");
	GROW(g->arena, g->param, g->params, g->param_capacity)[g->params] = p;
	return g->params++;
}

/* (O, in ...): what enters one output, and what one input enters. */
static void set_initial(
	struct graph_param *weight, struct graph_param *bias, enum node_init init)
{
	double fan_in = (double)weight->count / weight->shape[0];
	double fan_out = (double)weight->count / weight->shape[1];

	if (init == INIT_TORCH) {
		weight->bound = 1 / sqrt(fan_in);
		if (bias)
			bias->bound = weight->bound;
	}
	if (init == INIT_XAVIER_NORMAL)
		weight->deviation = sqrt(2 / (fan_in + fan_out));
	if (init == INIT_KAIMING_FAN_OUT)
		weight->deviation = sqrt(2 / fan_out);
}

void layer_weights(struct graph *g, struct node *v, const int *shape, int dims)
{
	v->weight = layer_param(g, v, "weight", shape, dims);
	if (!v->no_bias)
		v->bias = layer_param(g, v, "bias", shape, 1);
	if (!v->tied && !g->error.code)
		set_initial(&g->param[v->weight],
			v->no_bias ? NULL : &g->param[v->bias], v->init);
}

int layer_buffer(struct graph *g, const struct node *v, const char *suffix, int count,
	float initial)
{
	struct graph_buffer *b =
		&GROW(g->arena, g->buffer, g->buffers, g->buffer_capacity)[g->buffers];

	*b = (struct graph_buffer){
		.scope = owner(v), .count = count, .initial = initial
	};
	b->name = arena_printf(g->arena, "%s.%s", v->params, suffix);
	return g->buffers++;
}

int graph_tasks(const struct graph *g)
{
	return g->tasks;
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

/* Of a convolution's weights: what decides how they are packed. */
static struct conv_shape weight_shape(const struct graph_param *p)
{
	return (struct conv_shape){ .O = p->shape[0],
		.C = p->shape[1],
		.kh = p->shape[2],
		.kw = p->shape[3],
		.c4 = p->packing == PACK_C4 };
}

size_t param_floats(const struct graph_param *p)
{
	struct conv_shape s = weight_shape(p);

	if (p->packing == PACK_NONE)
		return p->count;
	return p->packing == PACK_LINEAR ? linear_floats(p->shape[1], p->shape[0])
					 : conv_c16_floats(&s);
}

size_t param_position(const struct graph_param *p, size_t i)
{
	struct conv_shape s = weight_shape(p);
	size_t tap = i, in;

	if (p->packing == PACK_NONE)
		return p->offset + i;
	if (p->packing == PACK_LINEAR)
		return p->offset +
			linear_index(s.C, s.O, (int)(i / (size_t)s.C),
				(int)(i % (size_t)s.C));
	in = tap / (size_t)(s.kh * s.kw);
	tap %= (size_t)(s.kh * s.kw);
	return p->offset +
		conv_c16_index(&s, (int)(in / (size_t)s.C), (int)(in % (size_t)s.C),
			(int)tap / s.kw, (int)tap % s.kw);
}

void graph_param_get(const struct graph *g, int i, const float *flat, float *logical)
{
	for (size_t j = 0; j < g->param[i].count; j++)
		logical[j] = flat[param_position(&g->param[i], j)];
}

void graph_param_set(const struct graph *g, int i, float *flat, const float *logical)
{
	for (size_t j = 0; j < g->param[i].count; j++)
		flat[param_position(&g->param[i], j)] = logical[j];
}

static float initial(
	const struct graph_param *p, uint64_t seed, uint64_t stream, size_t j)
{
	if (p->bound > 0)
		return (float)((2 * rng_uniform(seed, RNG_INIT, stream, j) - 1) *
			p->bound);
	if (p->deviation > 0)
		return (float)(p->mean +
			p->deviation * rng_normal(seed, RNG_INIT, stream, j));
	return (float)p->mean;
}

void graph_init(struct graph *g, uint64_t seed)
{
	for (int i = 0; i < g->params; i++) {
		const struct graph_param *p = &g->param[i];
		uint64_t stream = rng_hash(p->name);

		for (size_t j = 0; j < p->count; j++) {
			g->value[param_position(p, j)] = initial(p, seed, stream, j);
		}
	}
}

size_t graph_state_floats(const struct graph *g)
{
	return g->state_floats;
}

float *graph_state(const struct graph *g)
{
	return g->state;
}

int graph_buffers(const struct graph *g)
{
	return g->buffers;
}

const struct graph_buffer *graph_buffer(const struct graph *g, int i)
{
	return &g->buffer[i];
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

bool node_reads(const struct node *v, int id)
{
	for (int i = 0; i < v->inputs; i++)
		if (v->in[i] == id)
			return true;
	return false;
}

struct node *node_only_reader(const struct graph *g, int id)
{
	struct node *found = NULL;

	for (int t = 0; t < g->tasks; t++)
		if (g->output[t] == id)
			return NULL;
	for (int i = id + 1; i < g->nodes; i++) {
		if (!node_reads(g->node[i], id))
			continue;
		if (found)
			return NULL;
		found = g->node[i];
	}
	return found;
}

struct node *layer_in(const struct graph *g, const struct node *v, int i)
{
	return g->node[v->in[i]];
}

float *layer_at(const struct graph *g, float *flat, int param)
{
	return param < 0 ? NULL : flat + g->param[param].offset;
}
