/*
 * y = f(x) value by value; every derivative is a function of y. A NaN stays a NaN, and
 * what lies behind the last channel stays 0 though f(0) may be more.
 */
#include "trainer-core/graph/layer.h"

#include <math.h>

/*
 * forward_NAME and backward_NAME from f(x) and f'(y); `a` is the node's slope. half: the
 * passes on stored values, slope: how their kernel calls f'.
 */
#define POINTWISE(id, f, derivative, checks, half, derived) \
	static void forward_##id(struct graph *g, struct node *v) \
	{ \
		const float *input = layer_in(g, v, 0)->y; \
		size_t n = node_floats(v, g->n); \
		float a = v->slope; \
\
		(void)a; \
		for (size_t i = 0; i < n; i++) { \
			float x = input[i]; \
\
			v->y[i] = (f); \
		} \
		layer_clear_tail(g, v, v->y); \
	} \
\
	static void backward_##id(struct graph *g, struct node *v, float *grad) \
	{ \
		size_t n = node_floats(v, g->n); \
		float a = v->slope; \
		int add; \
		float *dx = layer_input_grad(g, v, 0, &add); \
\
		(void)a; \
		(void)grad; \
		for (size_t i = 0; dx && i < n; i++) { \
			float y = v->y[i]; \
			float d = v->dy[i] * (derivative); \
\
			dx[i] = add ? dx[i] + d : d; \
		} \
	} \
\
	static void half_backward_##id(struct graph *g, struct node *v, float *grad) \
	{ \
		(void)grad; \
		half_slope(g, v, derived); \
	} \
\
	const struct layer layer_##id = { .name = #id, \
		.inputs = 1, \
		.rule = LAYOUT_OF_INPUT, \
		.shape = checks, \
		.forward = forward_##id, \
		.backward = backward_##id, \
		.half_forward = half, \
		.half_backward = half_backward_##id };

static void half_slope(struct graph *g, struct node *v, enum kernel_slope kind)
{
	float a = v->kind == LAYER_LEAKY_RELU ? v->slope : 0;
	int add;
	uint16_t *dx = layer_half_grad(g, v, 0, &add);

	if (dx)
		g->k->half->pass_slope(
			node_floats(v, g->n), kind, a, v->half_dy, v->half_y, dx, add);
}

static void half_rectify(struct graph *g, struct node *v)
{
	float a = v->kind == LAYER_LEAKY_RELU ? v->slope : 0;

	g->k->half->rectify(
		node_floats(v, g->n), a, layer_in(g, v, 0)->half_y, v->half_y);
}

/*
 * bf16 has 65,536 values, so a function of one is a table; libm's exponential costs many
 * times as much as a product of this arithmetic.
 */
#define VALUES 65536
#define SOME 1024 /* of them at a time */

struct table {
	bool made;
	uint16_t of[VALUES];
};

static float sigmoid(float x)
{
	return 1 / (1 + expf(-x));
}

static void make_table(
	const struct kernels_half *k, float (*f)(float x), struct table *t)
{
	uint16_t bits[SOME];
	float value[SOME];

	for (int from = 0; from < VALUES && !t->made; from += SOME) {
		for (int i = 0; i < SOME; i++)
			bits[i] = (uint16_t)(from + i);
		k->widen(SOME, bits, value);
		for (int i = 0; i < SOME; i++)
			value[i] = f(value[i]);
		k->narrow(SOME, value, t->of + from);
	}
	t->made = true;
}

static struct table sigmoids, tangents;

static int shape_sigmoid(struct graph *g, struct node *v, struct err *e)
{
	if (g->k->half)
		make_table(g->k->half, sigmoid, &sigmoids);
	return layer_same_shape(g, v, e);
}

static int shape_tanh(struct graph *g, struct node *v, struct err *e)
{
	if (g->k->half)
		make_table(g->k->half, tanhf, &tangents);
	return layer_same_shape(g, v, e);
}

static void look_up(struct graph *g, struct node *v, const struct table *t)
{
	const uint16_t *x = layer_in(g, v, 0)->half_y;
	size_t n = node_floats(v, g->n);

	for (size_t i = 0; i < n; i++)
		v->half_y[i] = t->of[x[i]];
	layer_half_clear_tail(g, v, v->half_y);
}

static void half_sigmoid(struct graph *g, struct node *v)
{
	look_up(g, v, &sigmoids);
}

static void half_tanh(struct graph *g, struct node *v)
{
	look_up(g, v, &tangents);
}

POINTWISE(relu, x <= 0 ? 0 : x, y > 0 ? 1.0f : 0.0f, layer_same_shape, half_rectify,
	SLOPE_RECTIFIER)
POINTWISE(leaky_relu, x <= 0 ? a * x : x, y > 0 ? 1.0f : a, layer_same_shape,
	half_rectify, SLOPE_RECTIFIER)
POINTWISE(sigmoid, sigmoid(x), y *(1 - y), shape_sigmoid, half_sigmoid, SLOPE_SIGMOID)
POINTWISE(tanh, tanhf(x), 1 - y * y, shape_tanh, half_tanh, SLOPE_TANH)
