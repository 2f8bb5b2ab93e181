/*
 * Inside the graph: what a kind of node implements. For the files graph and layer/ only.
 *
 * A new kind is a row in layer.def and one of these tables. Gradients are accumulated
 * where several nodes read one: layer_input_grad() says where to and whether to add.
 */
#ifndef DELTAM_LAYER_H
#define DELTAM_LAYER_H

#include "trainer-core/graph/graph.h"

/* IMAGE is N16 or C16, one of them in the whole graph (graph_build.c). */
enum layout_rule { LAYOUT_OF_INPUT, LAYOUT_IS_ROW, LAYOUT_IS_IMAGE, LAYOUT_OF_READERS };

struct layer {
	const char *name;
	int inputs; /* how many; 0: node.inputs says */
	enum layout_rule rule; /* of its output */
	enum layout_rule accepts; /* LAYOUT_OF_INPUT: any */
	bool marks; /* needs node.which */
	/* The gradient of its first input may take the place of its own. */
	bool in_place;
	/*
	 * Mixed precision. What it reads is stored in bf16 though its own values, those of
	 * a prediction, may be float.
	 */
	bool rounds;
	/* Checks the attributes, sets C, H, W, declares parameters. ERR_SPEC. */
	int (*shape)(struct graph *g, struct node *v, struct err *e);
	/* Floats of node.kept. NULL: none. */
	size_t (*keep)(const struct node *v);
	/* Bytes of scratch for passes of g->n samples. NULL: none. */
	size_t (*work)(struct graph *g, struct node *v);
	void (*forward)(struct graph *g, struct node *v);
	/* From tail->dy to the input's gradient and to grad. NULL: an input. */
	void (*backward)(struct graph *g, struct node *v, float *grad);
	/*
	 * The same on values that are stored in bf16; a convolution's or linear layer's own
	 * may be float. NULL: passes on floats, copied and rounded (graph_half.c).
	 */
	void (*half_forward)(struct graph *g, struct node *v);
	void (*half_backward)(struct graph *g, struct node *v, float *grad);
	bool multiplies; /* and has no passes on floats in mixed precision */
	bool blind; /* its backward pass reads gradients alone, no values */
};

#define LAYER(kind, id) extern const struct layer layer_##id;
#include "trainer-core/graph/layer.def"
#undef LAYER
extern const struct layer *const layers[LAYER_COUNT];

struct graph {
	struct arena *arena;
	const struct kernels *k;
	int tasks;
	bool rotates; /* tasks read the trunk through rotations */
	bool c16; /* images lie in C16, not in N16: deep networks, mixed precision */
	int batch; /* most samples of a pass */
	int n; /* samples of the current pass */
	bool training; /* and if so, of which step: */
	uint64_t seed;
	int64_t step;

	struct node **node; /* in execution order; pointers stay valid */
	int nodes, node_capacity;
	struct graph_param *param;
	int params, param_capacity;
	struct graph_buffer *buffer;
	int buffers, buffer_capacity;

	int *output; /* (tasks) node ids, -1: none yet */
	float **seeds; /* (tasks) rows */
	float **prediction; /* (tasks) rows, of an output that is an image; else NULL */
	size_t *begin; /* (tasks + 2) of each scope, shared first, then the end */
	float *value;
	float *state; /* of the buffers */
	size_t state_floats;
	/*
	 * Gradients of parameters that several nodes use, or a node of another scope: each
	 * node's share goes through `part` and collects here (graph_param.pending) until
	 * the parameter's own scope has been passed.
	 */
	float *pending;
	size_t pending_floats;
	float *part[2]; /* of weight and bias */
	void *work;
	float *scratch; /* mixed precision: floats of what is stored in bf16 */
	size_t bytes; /* of all that graph_place places */
	bool measuring; /* graph_place counts them first */
	struct err error; /* the first of building */
};

/*
 * graph_place.c: places every array of a graph whose layouts are known. ERR_SYS where the
 * machine has not that much memory.
 */
MUST_CHECK int graph_place(struct graph *g, struct err *e);

/* graph_features.c: sets node.feature, once gradients have their places. */
void graph_mark_features(struct graph *g);

bool node_reads(const struct node *v, int id);
/* The only node that reads id, or NULL: several, none, or it is an output. */
struct node *node_only_reader(const struct graph *g, int id);

/* The i-th input of v. */
struct node *layer_in(const struct graph *g, const struct node *v, int i);

/* Values of a sample, and floats of a whole pass of n samples in v's layout. */
size_t node_size(const struct node *v);
size_t node_floats(const struct node *v, int n);

/* Where pixel p of channel c of sample i lies in a pass of n samples. */
size_t node_place(const struct node *v, int n, int i, int c, size_t p);

/* Values or gradients of v between its layout and rows (g->n, C, H, W). */
void node_to_rows(
	const struct graph *g, const struct node *v, const float *from, float *rows);
void node_from_rows(
	const struct graph *g, const struct node *v, const float *rows, float *to);

/*
 * Declares a parameter of v, or finds that of the node it is tied to; returns its id.
 * Its initial values are 0 unless the caller sets them in g->param[id].
 */
int layer_param(struct graph *g, const struct node *v, const char *suffix,
	const int *shape, int dims);

/*
 * Weight and bias of a conv2d or linear v, with the initial values that v asks for.
 * weight (dims), its first axis being the outputs.
 */
void layer_weights(struct graph *g, struct node *v, const int *shape, int dims);

/* Declares a buffer of `count` values in the same way. */
int layer_buffer(struct graph *g, const struct node *v, const char *suffix, int count,
	float initial);

/* Where v writes the gradient of its parameter, all of it; NULL for id -1. */
float *layer_grad(const struct graph *g, const struct node *v, float *grad, int param);

/* Sets to zero what lies behind the last channel of v's values or gradient x in C16. */
void layer_clear_tail(const struct graph *g, const struct node *v, float *x);
void layer_half_clear_tail(const struct graph *g, const struct node *v, uint16_t *x);

/* Gives a node the shape of its first input. */
int layer_same_shape(struct graph *g, struct node *v, struct err *e);

/* A pool's windows in this pass. */
struct window_shape layer_window_shape(const struct graph *g, const struct node *v);

/* A pool's: x (C, H, W) -> y (C, OH, OW), floor mode. */
int layer_window(struct graph *g, struct node *v, struct err *e);

/* Floats of a parameter, packing included; where its logical value i lies. */
size_t param_floats(const struct graph_param *p);
size_t param_position(const struct graph_param *p, size_t i);

/* Where a parameter's values or gradient lie in a flat array; NULL for id -1. */
float *layer_at(const struct graph *g, float *flat, int param);

/*
 * Where the gradient of v's i-th input goes; *add: it already holds a share. NULL where
 * nobody needs it. Marks it as filled.
 */
float *layer_input_grad(const struct graph *g, const struct node *v, int i, int *add);
/* The same of a gradient that is stored in bf16. */
uint16_t *layer_half_grad(const struct graph *g, const struct node *v, int i, int *add);

/*
 * graph_half.c, mixed precision. half_forward and half_backward run a node in whichever way
 * it has. Floats of what v has stored in bf16, in scratch until the next call here; and the
 * scratch for what will be stored so, which half_put does.
 */
void half_forward(struct graph *g, struct node *v);
void half_backward(struct graph *g, struct node *v, float *grad);
const float *half_values(const struct graph *g, const struct node *v);
const float *half_gradient(const struct graph *g, const struct node *v);
void half_put(const struct graph *g, const struct node *v, uint16_t *to);
/* How many floats of scratch v needs. */
size_t half_scratch(const struct graph *g, const struct node *v);

#endif
