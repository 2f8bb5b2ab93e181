/*
 * Mixed precision: nodes between values of bf16 and passes on floats.
 *
 * A node that is `half` has its values and gradient in half_y and half_dy. A kind that has
 * passes on such values (layer.h) takes them as they are. Every other one, and what lies
 * between a head's last product and its prediction, finds floats in y and dy for as long as
 * it runs: copies in scratch, which are rounded into their places behind it. So a value is
 * rounded once whoever computes it.
 */
#include "trainer-core/graph/layer.h"

const float *half_values(const struct graph *g, const struct node *v)
{
	if (!v->half)
		return v->y;
	g->k->half->widen(node_floats(v, g->n), v->half_y, g->scratch);
	return g->scratch;
}

const float *half_gradient(const struct graph *g, const struct node *v)
{
	if (!v->half)
		return v->dy;
	g->k->half->widen(node_floats(v, g->n), v->half_dy, g->scratch);
	return g->scratch;
}

void half_put(const struct graph *g, const struct node *v, uint16_t *to)
{
	g->k->half->narrow(node_floats(v, g->n), g->scratch, to);
}

static bool runs_half(const struct node *v, bool back)
{
	const struct layer *l = layers[v->kind];

	if (l->multiplies)
		return true;
	return v->tail->half &&
		(back ? l->half_backward != NULL : l->half_forward != NULL);
}

/* Do the inputs of v lie as its passes want them, in both directions? */
static bool runs_in_place(const struct graph *g, const struct node *v)
{
	bool back = v->needs_grad && layers[v->kind]->backward;
	bool half = runs_half(v, false);

	if (back && runs_half(v, true) != half)
		return false;
	for (int i = 0; i < v->inputs; i++)
		if (layer_in(g, v, i)->half != half)
			return false;
	return half || !v->tail->half;
}

size_t half_scratch(const struct graph *g, const struct node *v)
{
	size_t own = node_floats(v->tail, g->batch), floats = 2 * own + 2 * LANES;

	if (v->inputs == 0 || runs_in_place(g, v))
		return own;
	for (int i = 0; i < v->inputs; i++)
		floats += 2 * (node_floats(layer_in(g, v, i), g->batch) + LANES);
	return floats;
}

/* The next n floats of scratch. */
static float *take(const struct graph *g, size_t *used, size_t n)
{
	float *p = g->scratch + *used;

	*used += (n + LANES - 1) / LANES * LANES;
	return p;
}

/* Copies of an input's values, and in a backward pass of its gradient, of the other kind. */
static void lend_floats(
	const struct graph *g, struct node *x, bool values, bool back, size_t *used)
{
	size_t n = node_floats(x, g->n);

	x->y = take(g, used, n);
	if (values)
		g->k->half->widen(n, x->half_y, x->y);
	if (!back || !x->half_dy)
		return;
	x->dy = take(g, used, n);
	if (x->filled)
		g->k->half->widen(n, x->half_dy, x->dy);
}

static void lend_halves(const struct graph *g, struct node *x, bool back, size_t *used)
{
	size_t n = node_floats(x, g->n);

	x->half_y = (uint16_t *)take(g, used, n);
	g->k->half->narrow(n, x->y, x->half_y);
	if (!back || !x->dy)
		return;
	x->half_dy = (uint16_t *)take(g, used, n);
	if (x->filled)
		g->k->half->narrow(n, x->dy, x->half_dy);
}

/* What a pass wants beside what there is. An input that v reads twice is lent once. */
static void lend(const struct graph *g, struct node *v, bool half, bool back)
{
	bool values = !back || !layers[v->kind]->blind;
	struct node *t = v->tail;
	size_t n = node_floats(t, g->n), used = 0;

	for (int i = 0; i < v->inputs; i++) {
		struct node *x = layer_in(g, v, i);

		if (half && !x->half_y)
			lend_halves(g, x, back, &used);
		if (!half && !x->y)
			lend_floats(g, x, values, back, &used);
	}
	if (half || !t->half)
		return;
	t->y = take(g, &used, n);
	if (back && values)
		g->k->half->widen(n, t->half_y, t->y);
	if (!back)
		return;
	t->dy = take(g, &used, n);
	g->k->half->widen(n, t->half_dy, t->dy);
}

/* Puts what the pass has changed where it belongs. */
static void give_back(const struct graph *g, struct node *v, bool half, bool back)
{
	struct node *t = v->tail;

	for (int i = 0; i < v->inputs; i++) {
		struct node *x = layer_in(g, v, i);
		size_t n = node_floats(x, g->n);

		if (half && !x->half && x->half_y) {
			if (back && x->dy && x->filled)
				g->k->half->widen(n, x->half_dy, x->dy);
			x->half_y = x->half_dy = NULL;
		}
		if (!half && x->half && x->y) {
			if (back && x->half_dy && x->filled)
				g->k->half->narrow(n, x->dy, x->half_dy);
			x->y = x->dy = NULL;
		}
	}
	if (half || !t->half)
		return;
	if (!back)
		g->k->half->narrow(node_floats(t, g->n), t->y, t->half_y);
	t->y = t->dy = NULL;
}

void half_forward(struct graph *g, struct node *v)
{
	bool half = runs_half(v, false);

	lend(g, v, half, false);
	(half ? layers[v->kind]->half_forward : layers[v->kind]->forward)(g, v);
	give_back(g, v, half, false);
}

void half_backward(struct graph *g, struct node *v, float *grad)
{
	bool half = runs_half(v, true);

	lend(g, v, half, true);
	(half ? layers[v->kind]->half_backward : layers[v->kind]->backward)(g, v, grad);
	give_back(g, v, half, true);
}
