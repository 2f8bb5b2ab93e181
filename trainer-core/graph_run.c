/*
 * Passes through a built graph. Nothing here allocates.
 */
#include "trainer-core/layer.h"

#include <string.h>

void graph_feed(
	struct graph *g, int input, const struct field *f, const int *index, int n)
{
	struct node *v = g->node[input];
	int F = (int)node_size(v);
	bool n16 = v->layout == LAYOUT_N16;

	ASSERT(v->kind == LAYER_INPUT && n >= 1 && n <= g->batch);
	ASSERT(f->c * f->h * f->w == F);
	g->n = n;
	if (f->element == ELEMENT_U8)
		(n16 ? g->k->gather_u8_n16 : g->k->gather_u8_rows)(
			n, F, f->data, index, f->scale, v->y);
	else
		(n16 ? g->k->gather_f32_n16 : g->k->gather_f32_rows)(
			n, F, f->data, index, v->y);
}

void graph_forward(struct graph *g)
{
	for (int id = 0; id < g->nodes; id++) {
		struct node *v = g->node[id];

		if (!v->fused && layers[v->kind]->forward)
			layers[v->kind]->forward(g, v);
	}
}

bool graph_read(const struct graph *g, int id, float *out)
{
	const struct node *v = g->node[id];
	size_t F = node_size(v);

	if (!v->y)
		return false;
	if (v->layout == LAYOUT_ROW) {
		memcpy(out, v->y, F * (size_t)g->n * sizeof(float));
		return true;
	}
	for (size_t i = 0; i < (size_t)g->n; i++)
		for (size_t f = 0; f < F; f++)
			out[i * F + f] = v->y[(i / LANES * F + f) * LANES + i % LANES];
	return true;
}

const float *graph_prediction(const struct graph *g, int k)
{
	const struct node *v = g->node[g->output[k]];

	ASSERT(v->layout == LAYOUT_ROW);
	return v->y;
}

int graph_prediction_floats(const struct graph *g, int k)
{
	return (int)node_size(g->node[g->output[k]]);
}

float *graph_seed(const struct graph *g, int k)
{
	return g->seed[k];
}

float *layer_input_grad(const struct graph *g, const struct node *v, int i, int *add)
{
	struct node *x = layer_in(g, v, i);

	if (!x->dy)
		return NULL;
	*add = x->filled;
	x->filled = true;
	return x->dy;
}

void graph_backward_begin(struct graph *g)
{
	for (int id = 0; id < g->nodes; id++)
		g->node[id]->filled = false;
}

static void zero_scope(const struct graph *g, int scope, float *grad)
{
	memset(grad + graph_scope_begin(g, scope), 0,
		graph_scope_floats(g, scope) * sizeof(float));
}

/* A parameter whose node nothing reached has gradient zero. */
static void zero_params(const struct graph *g, const struct node *v, float *grad)
{
	const int id[] = { v->weight, v->bias };

	for (int i = 0; i < 2; i++)
		if (id[i] >= 0)
			memset(layer_at(g, grad, id[i]), 0,
				g->param[id[i]].floats * sizeof(float));
}

static void backward_scope(struct graph *g, int scope, float *grad)
{
	for (int id = g->nodes - 1; id >= 0; id--) {
		struct node *v = g->node[id];

		if (v->scope != scope || v->fused || !v->needs_grad)
			continue;
		if (v->tail->filled)
			layers[v->kind]->backward(g, v, grad);
		else
			zero_params(g, v, grad);
	}
}

/* An output that the trunk itself holds may collect several tasks' seeds. */
static void plant_seed(struct graph *g, int task, double weight)
{
	struct node *v = g->node[g->output[task]];
	size_t n = node_floats(v, g->n);
	float w = (float)weight;

	if (!v->dy)
		return;
	if (!v->filled)
		memset(v->dy, 0, n * sizeof(float));
	g->k->axpy(n, w, g->seed[task], v->dy);
	v->filled = true;
}

void graph_backward_head(struct graph *g, int task, double weight, float *grad)
{
	if (weight == 0) {
		zero_scope(g, task, grad);
		return;
	}
	plant_seed(g, task, weight);
	backward_scope(g, task, grad);
}

void graph_backward_trunk(struct graph *g, float *grad)
{
	backward_scope(g, SCOPE_SHARED, grad);
}

void graph_backward(struct graph *g, const double *weight, float *grad)
{
	graph_backward_begin(g);
	for (int k = 0; k < g->tasks; k++)
		graph_backward_head(g, k, weight[k], grad);
	graph_backward_trunk(g, grad);
}
