/*
 * y = f(x) value by value; every derivative is a function of y. A NaN stays a NaN, and
 * what lies behind the last channel stays 0 though f(0) may be more.
 */
#include "trainer-core/graph/layer.h"

#include <math.h>

/* forward_NAME and backward_NAME from f(x) and f'(y); `a` is the node's slope. */
#define POINTWISE(id, f, derivative) \
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
	const struct layer layer_##id = { .name = #id, \
		.inputs = 1, \
		.rule = LAYOUT_OF_INPUT, \
		.shape = layer_same_shape, \
		.forward = forward_##id, \
		.backward = backward_##id };

POINTWISE(relu, x <= 0 ? 0 : x, y > 0 ? 1.0f : 0.0f)
POINTWISE(leaky_relu, x <= 0 ? a * x : x, y > 0 ? 1.0f : a)
POINTWISE(sigmoid, 1 / (1 + expf(-x)), y *(1 - y))
POINTWISE(tanh, tanhf(x), 1 - y * y)
