/*
 * Inside the graph: what a kind of node implements. For the files graph and layer/ only.
 *
 * A new kind is a row in layer.def and one of these tables. Gradients are accumulated
 * where several nodes read one: layer_input_grad() says where to and whether to add.
 */
#ifndef DELTAM_LAYER_H
#define DELTAM_LAYER_H

#include "trainer-core/graph.h"

enum layout_rule { LAYOUT_OF_INPUT, LAYOUT_IS_ROW, LAYOUT_IS_N16 };

struct layer {
	const char *name;
	int inputs;
	enum layout_rule rule; /* of its output */
	enum layout_rule accepts; /* LAYOUT_OF_INPUT: any */
	bool pools; /* needs node.which */
	/* Checks the attributes, sets C, H, W, declares parameters. ERR_SPEC. */
	int (*shape)(struct graph *g, struct node *v, struct err *e);
	/* Bytes of scratch for passes of g->n samples. NULL: none. */
	size_t (*work)(struct graph *g, struct node *v);
	void (*forward)(struct graph *g, struct node *v);
	/* From tail->dy to the input's gradient and to grad. NULL: an input. */
	void (*backward)(struct graph *g, struct node *v, float *grad);
};

#define LAYER(kind, id) extern const struct layer layer_##id;
#include "trainer-core/layer.def"
#undef LAYER
extern const struct layer *const layers[LAYER_COUNT];

struct graph {
	struct arena *arena;
	const struct kernels *k;
	int tasks;
	bool rotates; /* tasks read the trunk through rotations */
	int batch; /* most samples of a pass */
	int n; /* samples of the current pass */

	struct node **node; /* in execution order; pointers stay valid */
	int nodes, node_capacity;
	struct graph_param *param;
	int params, param_capacity;

	int *output; /* (tasks) node ids, -1: none yet */
	float **seed; /* (tasks) */
	size_t *begin; /* (tasks + 2) of each scope, shared first, then the end */
	float *value;
	void *work;
	struct err error; /* the first of building */
};

/* The i-th input of v. */
struct node *layer_in(const struct graph *g, const struct node *v, int i);

/* Values of a sample, and floats of a whole pass of n samples in v's layout. */
size_t node_size(const struct node *v);
size_t node_floats(const struct node *v, int n);

/* Declares a parameter of v; returns its id. fan_in decides the initial range. */
int layer_param(struct graph *g, const struct node *v, const char *suffix,
	const int *shape, int dims, int fan_in);

/* Where a parameter's values or gradient lie in a flat array; NULL for id -1. */
float *layer_at(const struct graph *g, float *flat, int param);

/*
 * Where the gradient of v's i-th input goes; *add: it already holds a share. NULL where
 * nobody needs it. Marks it as filled.
 */
float *layer_input_grad(const struct graph *g, const struct node *v, int i, int *add);

#endif
