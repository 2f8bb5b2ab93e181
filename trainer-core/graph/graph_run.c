/*
 * Passes through a built graph. Nothing here allocates.
 */
#include "trainer-core/graph/layer.h"

#include <string.h>

void graph_train(struct graph *g, uint64_t seed, int64_t step)
{
	g->training = true;
	g->seed = seed;
	g->step = step;
}

void graph_evaluate(struct graph *g)
{
	g->training = false;
}

int graph_check_batch(const struct graph *g, int n, struct err *e)
{
	for (int id = 0; id < g->nodes; id++) {
		const struct node *v = g->node[id];

		if (v->kind == LAYER_BATCHNORM && v->H * v->W * n == 1)
			return err_set(e, ERR_SPEC,
				"node %s: batch norm over a batch of one and one "
				"pixel: no variance to train with",
				v->name);
	}
	return OK;
}

/* Rows of f into x, of an input of images. */
static void feed_image(const struct graph *g, const struct node *v,
	const struct dataset_field *f, const int *index, float *x)
{
	const struct kernels *k = g->k;
	bool c4 = v->layout == LAYOUT_C4;
	int HW = v->H * v->W;

	if (f->element == ELEMENT_U8)
		(c4 ? k->gather_u8_c4 : k->gather_u8_c16)(
			g->n, v->C, HW, f->data, index, f->scale, x);
	else
		(c4 ? k->gather_f32_c4 : k->gather_f32_c16)(
			g->n, v->C, HW, f->data, index, x);
}

void graph_feed(struct graph *g, int input, const struct dataset_field *f,
	const int *index, int n)
{
	struct node *v = g->node[input];
	int F = (int)node_size(v);
	bool n16 = v->layout == LAYOUT_N16;
	float *x = v->half ? g->scratch : v->y;

	ASSERT(v->kind == LAYER_INPUT && n >= 1 && n <= g->batch);
	ASSERT(f->c * f->h * f->w == F);
	g->n = n;
	if (v->layout == LAYOUT_C4 || v->layout == LAYOUT_C16)
		feed_image(g, v, f, index, x);
	else if (f->element == ELEMENT_U8)
		(n16 ? g->k->gather_u8_n16 : g->k->gather_u8_rows)(
			n, F, f->data, index, f->scale, x);
	else
		(n16 ? g->k->gather_f32_n16 : g->k->gather_f32_rows)(
			n, F, f->data, index, x);
	if (v->half)
		half_put(g, v, v->half_y);
}

void graph_forward(struct graph *g)
{
	for (int id = 0; id < g->nodes; id++) {
		struct node *v = g->node[id];

		if (v->fused || !layers[v->kind]->forward)
			continue;
		if (g->k->half)
			half_forward(g, v);
		else
			layers[v->kind]->forward(g, v);
	}
	for (int t = 0; t < g->tasks; t++) {
		const struct node *v = g->node[g->output[t]];

		if (g->prediction[t])
			node_to_rows(g, v, half_values(g, v), g->prediction[t]);
	}
}

bool graph_read(const struct graph *g, int id, float *out)
{
	const struct node *v = g->node[id];

	if (!v->y && !v->half_y)
		return false;
	node_to_rows(g, v, half_values(g, v), out);
	return true;
}

const float *graph_prediction(const struct graph *g, int k)
{
	return g->prediction[k] ? g->prediction[k] : g->node[g->output[k]]->y;
}

int graph_prediction_floats(const struct graph *g, int k)
{
	return (int)node_size(g->node[g->output[k]]);
}

float *graph_seed(const struct graph *g, int k)
{
	return g->seeds[k];
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

uint16_t *layer_half_grad(const struct graph *g, const struct node *v, int i, int *add)
{
	struct node *x = layer_in(g, v, i);

	if (!x->half_dy)
		return NULL;
	*add = x->filled;
	x->filled = true;
	return x->half_dy;
}

bool graph_shares_modules(const struct graph *g)
{
	for (int i = 0; i < g->params; i++)
		if (g->param[i].gathered && g->param[i].scope == SCOPE_SHARED)
			return true;
	return false;
}

void graph_backward_begin(struct graph *g)
{
	for (int id = 0; id < g->nodes; id++)
		g->node[id]->filled = false;
	memset(g->pending, 0, g->pending_floats * sizeof(float));
}

static void zero_scope(const struct graph *g, int scope, float *grad)
{
	memset(grad + graph_scope_begin(g, scope), 0,
		graph_scope_floats(g, scope) * sizeof(float));
}

float *layer_grad(const struct graph *g, const struct node *v, float *grad, int param)
{
	if (param < 0)
		return NULL;
	if (g->param[param].gathered)
		return g->part[param == v->bias];
	return grad + g->param[param].offset;
}

/*
 * After the backward pass of v: its share of what others use too. `reached` is false
 * where no gradient came to v; a parameter of its own has gradient zero then.
 */
static void settle_params(
	struct graph *g, const struct node *v, bool reached, float *grad)
{
	const int id[] = { v->weight, v->bias };

	for (int i = 0; i < 2; i++) {
		const struct graph_param *p;

		if (id[i] < 0)
			continue;
		p = &g->param[id[i]];
		if (p->gathered && reached)
			g->k->axpy(p->floats, 1, g->part[i], g->pending + p->pending);
		if (!p->gathered && !reached)
			memset(grad + p->offset, 0, p->floats * sizeof(float));
	}
}

static void backward_scope(struct graph *g, int scope, float *grad)
{
	for (int id = g->nodes - 1; id >= 0; id--) {
		struct node *v = g->node[id];

		if (v->scope != scope || v->fused || !v->needs_grad)
			continue;
		if (v->tail->filled && g->k->half)
			half_backward(g, v, grad);
		else if (v->tail->filled)
			layers[v->kind]->backward(g, v, grad);
		settle_params(g, v, v->tail->filled, grad);
	}
	for (int i = 0; i < g->params; i++) {
		const struct graph_param *p = &g->param[i];

		if (p->gathered && p->scope == scope)
			memcpy(grad + p->offset, g->pending + p->pending,
				p->floats * sizeof(float));
	}
}

/* An output that the trunk itself holds may collect several tasks' seeds. */
static void plant_seed(struct graph *g, int task, double weight)
{
	struct node *v = g->node[g->output[task]];
	const float *seed = g->seeds[task];
	size_t n = node_floats(v, g->n);
	bool add = v->filled;

	if (!v->dy)
		return;
	v->filled = true;
	if (v->layout == LAYOUT_C16) {
		g->k->add_rows_c16(
			g->n, v->C, v->H * v->W, (float)weight, seed, v->dy, add);
		return;
	}
	if (!add)
		memset(v->dy, 0, n * sizeof(float));
	if (v->layout != LAYOUT_ROW) {
		node_from_rows(g, v, seed, g->work);
		seed = g->work;
	}
	g->k->axpy(n, (float)weight, seed, v->dy);
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
