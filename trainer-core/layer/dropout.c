#include "trainer-core/graph/layer.h"

#include <string.h>
#include "common/rng.h"

static int shape(struct graph *g, struct node *v, struct err *e)
{
	if (!(v->rate >= 0 && v->rate < 1))
		return err_set(e, ERR_SPEC, "a dropout rate of %g", (double)v->rate);
	return layer_same_shape(g, v, e);
}

/*
 * The mask of this step: a function of seed, step, the node's name and the value's place
 * in logical order, whatever the layout. All passes of a step see the same one.
 */
static void draw(const struct graph *g, struct node *v)
{
	size_t plane = (size_t)v->H * (size_t)v->W;
	uint64_t stream = rng_hash(v->name) + (uint64_t)g->step * 0x9e3779b97f4a7c15u;

	for (int i = 0; i < g->n; i++)
		for (int c = 0; c < v->C; c++)
			for (size_t p = 0; p < plane; p++) {
				size_t index =
					((size_t)i * (size_t)v->C + (size_t)c) * plane +
					p;

				v->which[node_place(v, g->n, i, c, p)] =
					rng_uniform(g->seed, RNG_DROPOUT, stream,
						index) >= (double)v->rate;
			}
}

static void forward(struct graph *g, struct node *v)
{
	const float *x = layer_in(g, v, 0)->y;
	size_t n = node_floats(v, g->n);
	float factor = 1 / (1 - v->rate);

	if (!g->training || v->rate == 0) {
		memcpy(v->y, x, n * sizeof(float));
		return;
	}
	draw(g, v);
	for (size_t i = 0; i < n; i++)
		v->y[i] = v->which[i] ? x[i] * factor : 0;
}

static void backward(struct graph *g, struct node *v, float *grad)
{
	size_t n = node_floats(v, g->n);
	bool open = !g->training || v->rate == 0;
	float factor = open ? 1 : 1 / (1 - v->rate);
	int add;
	float *dx = layer_input_grad(g, v, 0, &add);

	(void)grad;
	for (size_t i = 0; dx && i < n; i++) {
		float d = open || v->which[i] ? v->dy[i] * factor : 0;

		dx[i] = add ? dx[i] + d : d;
	}
}

const struct layer layer_dropout = { .name = "dropout",
	.inputs = 1,
	.rule = LAYOUT_OF_INPUT,
	.marks = true,
	.shape = shape,
	.forward = forward,
	.backward = backward };
