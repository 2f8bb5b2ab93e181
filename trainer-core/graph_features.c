/*
 * The features: nodes of the trunk that a head reads, or that are a task's output. What
 * passes between heads and trunk in a backward pass goes through their gradients.
 *
 * Outside they are rows (n, F) whatever the layout inside: node after node, each sample's
 * values in logical order.
 */
#include <string.h>
#include "trainer-core/layer.h"

static bool is_feature(const struct graph *g, int id)
{
	const struct node *v = g->node[id];

	if (v->scope != SCOPE_SHARED || !v->dy)
		return false;
	for (int t = 0; t < g->tasks; t++)
		if (g->output[t] == id)
			return true;
	for (int i = id + 1; i < g->nodes; i++) {
		const struct node *reader = g->node[i];

		if (reader->scope == SCOPE_SHARED)
			continue;
		for (int k = 0; k < layers[reader->kind]->inputs; k++)
			if (reader->in[k] == id)
				return true;
	}
	return false;
}

size_t graph_features(const struct graph *g)
{
	size_t F = 0;

	for (int id = 0; id < g->nodes; id++)
		if (is_feature(g, id))
			F += node_size(g->node[id]);
	return F;
}

/* Where value f of sample i lies. */
static size_t place(const struct node *v, size_t i, size_t f)
{
	size_t F = node_size(v);

	return v->layout == LAYOUT_ROW ? i * F + f
				       : (i / LANES * F + f) * LANES + i % LANES;
}

/* `from` of one node into its columns of rows of `width`. */
static void to_rows(const struct graph *g, const struct node *v, const float *from,
	size_t width, float *rows)
{
	for (size_t i = 0; i < (size_t)g->n; i++)
		for (size_t f = 0; f < node_size(v); f++)
			rows[i * width + f] = from[place(v, i, f)];
}

void graph_features_read(const struct graph *g, float *rows)
{
	size_t width = graph_features(g);

	for (int id = 0; id < g->nodes; id++)
		if (is_feature(g, id)) {
			to_rows(g, g->node[id], g->node[id]->y, width, rows);
			rows += node_size(g->node[id]);
		}
}

void graph_features_gradient(const struct graph *g, float *rows)
{
	size_t width = graph_features(g);

	memset(rows, 0, width * (size_t)g->n * sizeof(*rows));
	for (int id = 0; id < g->nodes; id++) {
		const struct node *v = g->node[id];

		if (!is_feature(g, id))
			continue;
		if (v->filled)
			to_rows(g, v, v->dy, width, rows);
		rows += node_size(v);
	}
}

void graph_features_seed(struct graph *g, const float *rows)
{
	size_t width = graph_features(g);

	for (int id = 0; id < g->nodes; id++) {
		struct node *v = g->node[id];
		size_t F = node_size(v);

		if (!is_feature(g, id))
			continue;
		memset(v->dy, 0, node_floats(v, g->n) * sizeof(*v->dy));
		for (size_t i = 0; i < (size_t)g->n; i++)
			for (size_t f = 0; f < F; f++)
				v->dy[place(v, i, f)] = rows[i * width + f];
		v->filled = true;
		rows += F;
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

void graph_last_shared(const struct graph *g, size_t *begin, size_t *floats)
{
	*begin = *floats = 0;
	for (int id = 0; id < g->nodes; id++) {
		const struct node *v = g->node[id];
		const int part[] = { v->weight, v->bias };
		bool first = true;

		for (int i = 0; v->scope == SCOPE_SHARED && i < 2; i++) {
			const struct graph_param *p;

			if (part[i] < 0)
				continue;
			p = &g->param[part[i]];
			if (first)
				*begin = p->offset;
			first = false;
			*floats = p->offset + p->floats - *begin;
		}
	}
}
