/*
 * The features: nodes of the trunk that a head reads, or that are a task's output. What
 * passes between heads and trunk in a backward pass goes through their gradients.
 *
 * Outside they are rows (n, F) whatever the layout inside: node after node, each sample's
 * values in logical order.
 */
#include <string.h>
#include "trainer-core/graph/layer.h"

/* Says whether a node of the trunk is read by a head, or is a task's output. */
static bool is_read(const struct graph *g, int id)
{
	if (g->node[id]->scope != SCOPE_SHARED)
		return false;
	for (int t = 0; t < g->tasks; t++)
		if (g->output[t] == id)
			return true;
	for (int i = id + 1; i < g->nodes; i++) {
		const struct node *reader = g->node[i];

		if (reader->scope == SCOPE_SHARED)
			continue;
		for (int k = 0; k < reader->inputs; k++)
			if (reader->in[k] == id)
				return true;
	}
	return false;
}

void graph_mark_features(struct graph *g)
{
	for (int id = 0; id < g->nodes; id++)
		g->node[id]->feature =
			(g->node[id]->dy || g->node[id]->half_dy) && is_read(g, id);
}

bool graph_shares_features(const struct graph *g)
{
	for (int id = 0; id < g->nodes; id++)
		if (g->node[id]->needs_grad && is_read(g, id))
			return true;
	return false;
}

size_t graph_features(const struct graph *g)
{
	size_t F = 0;

	for (int id = 0; id < g->nodes; id++)
		if (g->node[id]->feature)
			F += node_size(g->node[id]);
	return F;
}

/* `from` of one node into its columns of rows of `width`. */
static void to_rows(const struct graph *g, const struct node *v, const float *from,
	size_t width, float *rows)
{
	size_t plane = (size_t)v->H * (size_t)v->W;

	if (width == node_size(v)) {
		node_to_rows(g, v, from, rows);
		return;
	}
	for (int i = 0; i < g->n; i++)
		for (int c = 0; c < v->C; c++)
			for (size_t p = 0; p < plane; p++)
				rows[(size_t)i * width + (size_t)c * plane + p] =
					from[node_place(v, g->n, i, c, p)];
}

static void from_rows(const struct graph *g, const struct node *v, const float *rows,
	size_t width, float *to)
{
	size_t plane = (size_t)v->H * (size_t)v->W;

	if (width == node_size(v)) {
		node_from_rows(g, v, rows, to);
		return;
	}
	memset(to, 0, node_floats(v, g->n) * sizeof(*to));
	for (int i = 0; i < g->n; i++)
		for (int c = 0; c < v->C; c++)
			for (size_t p = 0; p < plane; p++)
				to[node_place(v, g->n, i, c, p)] =
					rows[(size_t)i * width + (size_t)c * plane + p];
}

void graph_features_read(const struct graph *g, float *rows)
{
	size_t width = graph_features(g);

	for (int id = 0; id < g->nodes; id++)
		if (g->node[id]->feature) {
			to_rows(g, g->node[id], half_values(g, g->node[id]), width,
				rows);
			rows += node_size(g->node[id]);
		}
}

void graph_features_gradient(const struct graph *g, float *rows)
{
	size_t width = graph_features(g);

	memset(rows, 0, width * (size_t)g->n * sizeof(*rows));
	for (int id = 0; id < g->nodes; id++) {
		const struct node *v = g->node[id];

		if (!g->node[id]->feature)
			continue;
		if (v->filled)
			to_rows(g, v, half_gradient(g, v), width, rows);
		rows += node_size(v);
	}
}

void graph_features_seed(struct graph *g, const float *rows)
{
	size_t width = graph_features(g);

	for (int id = 0; id < g->nodes; id++) {
		struct node *v = g->node[id];

		if (!g->node[id]->feature)
			continue;
		from_rows(g, v, rows, width, v->half ? g->scratch : v->dy);
		if (v->half)
			half_put(g, v, v->half_dy);
		v->filled = true;
		rows += node_size(v);
	}
}

/* "conv1" of "conv1.weight": how many characters of a parameter's name are its layer's. */
static size_t layer_length(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot ? (size_t)(dot - name) : strlen(name);
}

static bool same_layer(const struct graph_param *a, const struct graph_param *b)
{
	size_t n = layer_length(a->name);

	return n == layer_length(b->name) && !memcmp(a->name, b->name, n);
}

int graph_shared_parts(const struct graph *g, bool by_layer, size_t *begin)
{
	const struct graph_param *last = NULL;
	int n = 0;

	for (int i = 0; i < g->params; i++) {
		const struct graph_param *p = &g->param[i];

		if (p->scope != SCOPE_SHARED)
			continue;
		if (begin && !(by_layer && last && same_layer(last, p)))
			begin[n] = p->offset;
		n += !(by_layer && last && same_layer(last, p));
		last = p;
	}
	if (begin)
		begin[n] = graph_scope_floats(g, SCOPE_SHARED);
	return n;
}

/* From the first to the last float of v's shared parameters; 0 of them: none. */
static void span_of(
	const struct graph *g, const struct node *v, size_t *begin, size_t *floats)
{
	const int part[] = { v->weight, v->bias };

	*begin = *floats = 0;
	for (int i = 0; i < 2; i++) {
		const struct graph_param *p;

		if (part[i] < 0 || g->param[part[i]].scope != SCOPE_SHARED)
			continue;
		p = &g->param[part[i]];
		if (!*floats)
			*begin = p->offset;
		*floats = p->offset + p->floats - *begin;
	}
}

/*
 * A convolution and its batch norm are one layer. Modules that tasks call for themselves
 * count where the trunk has no layer.
 */
void graph_last_shared(const struct graph *g, size_t *begin, size_t *floats)
{
	const struct node *last = NULL;
	size_t first, before;

	for (int id = 0; id < g->nodes; id++) {
		const struct node *v = g->node[id];

		span_of(g, v, &first, &before);
		if (before && !v->tied &&
			(!last || v->scope == SCOPE_SHARED ||
				last->scope != SCOPE_SHARED))
			last = v;
	}
	*begin = *floats = 0;
	if (!last)
		return;
	span_of(g, last, begin, floats);
	if (last->kind != LAYER_BATCHNORM)
		return;
	span_of(g, layer_in(g, last, 0), &first, &before);
	if (before && first < *begin && *begin - first - before < LANES) {
		*floats += *begin - first;
		*begin = first;
	}
}
