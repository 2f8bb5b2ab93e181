/*
 * The static graph of a network: nodes, parameters, one forward and one backward pass.
 *
 * Life: graph_new, graph_add for each node in execution order, graph_output for each
 * task, graph_build (shapes, layouts, fusion, memory: every activation, gradient and
 * workspace is placed there and then), then any number of passes that allocate nothing.
 *
 * Every node is `shared` or belongs to one task. Parameters lie in one flat array
 *	[ shared | task 0 | ... | task K-1 ]
 * each starting on 64 bytes; gradients and optimizer state use the same offsets. Gaps
 * and the padding of packed weights are zero and stay zero under every optimizer.
 */
#ifndef DELTAM_GRAPH_H
#define DELTAM_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "common/arena.h"
#include "catalogue/catalogue.h"
#include "trainer-core/dataset/dataset.h"
#include "trainer-core/kernel/kernel.h"

#define SCOPE_SHARED (-1)
#define NODE_INPUTS 5

enum layer_kind {
#define LAYER(kind, id) LAYER_##kind,
#include "trainer-core/graph/layer.def"
#undef LAYER
	LAYER_COUNT
};

/* Of a node's values: kernel.h. */
enum layout { LAYOUT_ROW, LAYOUT_N16, LAYOUT_C16, LAYOUT_C4 };

/* Initial weights of conv2d and linear; fans are those of the layer. */
enum node_init {
	INIT_TORCH, /* weight and bias U(-a, a), a = 1 / sqrt(fan_in) */
	INIT_XAVIER_NORMAL, /* N(0, 2 / (fan_in + fan_out)), bias 0 */
	INIT_KAIMING_FAN_OUT, /* N(0, 2 / fan_out), bias 0 */
};

struct node {
	/* Given by the builder; what a kind does not have is ignored. */
	enum layer_kind kind;
	const char *name; /* unique */
	int scope; /* SCOPE_SHARED or the task */
	int in[NODE_INPUTS]; /* ids of earlier nodes */
	int inputs; /* concat: how many; computed for the rest */
	int units; /* linear: outputs; conv2d: output channels */
	int kernel, stride, pad; /* conv2d and pools; stride 0 means 1 */
	int dilation; /* conv2d; 0 means 1 */
	float slope; /* leaky_relu */
	float *matrix; /* rotation: (C, C) and its transpose; the identity at first */
	float rate; /* dropout: the share of values that become 0 */
	bool align_corners; /* resize */
	bool no_bias; /* conv2d, linear */
	enum node_init init; /* conv2d, linear */
	int C, H, W; /* given for an input (resize: H, W), else computed; of a sample */

	/*
	 * Parameters are NAME.weight and NAME.bias of the node, or PARAMS.weight ... where
	 * `params` names them. They belong to the node's scope, or to what is shared where
	 * `shares` says so: a module that every task calls for itself. `tied`, where not 0,
	 * is an earlier node of the same kind and shapes whose parameters (and running
	 * statistics) this one uses: gradients add up over the calls, statistics move once
	 * a call, in the order of the nodes.
	 */
	const char *params;
	bool shares;
	int tied;

	/* What graph_add and graph_build compute. */
	enum layout layout;
	int weight, bias; /* parameter ids, -1: none */
	int running; /* batchnorm: buffer id of running_mean; running_var follows. -1: none */
	bool needs_grad; /* a parameter lies at it or before it */
	bool fused; /* its work is done by an earlier node */
	bool half; /* mixed precision: values and gradient are stored in bf16 */
	struct node *tail; /* the last node of what is done here; itself unless fused */
	float *y; /* values, layout above; NULL inside a fused run */
	float *dy; /* gradient of the same shape; NULL where nobody needs it */
	uint16_t *half_y,
		*half_dy; /* the same of a node that is `half`, in their place */
	uint8_t *which; /* pooling: the winner of each window; dropout: its mask */
	float *kept; /* what else the backward pass needs */
	bool feature; /* graph_features */
	bool filled; /* in this backward pass dy holds something */
};

/* How a parameter lies in the flat arrays: row-major, or as the kernels' index says. */
enum packing { PACK_NONE, PACK_LINEAR, PACK_C16, PACK_C4 };

struct graph_param {
	const char *name;
	int scope;
	int shape[4],
		dims; /* logical, as in torch: (out, in), (out, in, kh, kw), (out) */
	size_t count; /* logical values */
	enum packing packing;
	size_t offset, floats; /* in the flat arrays */
	bool gathered; /* several nodes use it, or one of another scope ... */
	size_t pending; /* ... and its gradient is added up here (layer.h) */
	double bound; /* initial values are U(-bound, bound); 0: the next two say */
	double mean, deviation; /* N(mean, deviation^2) */
};

/* What a pass in training moves and no gradient does: a batch norm's running statistics. */
struct graph_buffer {
	const char *name;
	int scope;
	int count;
	size_t offset; /* in the flat array of buffers */
	float initial;
};

struct graph;

/* `tasks` heads; the graph lives in a. */
struct graph *graph_new(struct arena *a, int tasks, const struct kernels *k);

/*
 * Adds a node and returns its id. A node that fits nowhere (a wrong shape, an unknown
 * input) is remembered as the graph's error: graph_build reports the first.
 */
int graph_add(struct graph *g, struct node n);
void graph_output(struct graph *g, int task, int node);

/*
 * From now on a task's node that would read a node of the trunk reads that task's own
 * rotation of it: y = R x over the channels at every place. R is no parameter; it is the
 * identity until graph_set_rotation. Call it before the network is described.
 */
void graph_rotate(struct graph *g);
/* The channels of what is rotated; 0 where heads read none or several nodes. */
int graph_rotation_channels(const struct graph *g);
void graph_set_rotation(struct graph *g, int task, const double *R);

/*
 * Whether the graph is whole: what graph_build refuses is refused here, and shapes and
 * parameters are known, without memory for values. ERR_SPEC.
 */
MUST_CHECK int graph_check(struct graph *g, struct err *e);

/*
 * Fixes the graph for at most `batch` samples a pass. fuse: conv2d + relu + maxpool2d 2x2
 * and linear + relu become one kernel call where nobody reads between them; without it
 * every node's values can be read. Errors: ERR_SPEC (see graph_add); ERR_SYS where this
 * machine has not enough memory for it, with the figure.
 */
MUST_CHECK int graph_build(struct graph *g, int batch, bool fuse, struct err *e);

/*
 * Whether it has other nodes than convolutions, max-pools and flat layers; known before
 * graph_build, too.
 */
bool graph_is_deep(const struct graph *g);
/*
 * Do heads share modules beside the trunk (node.shares)? Then heads leave gradients of
 * shared parameters, which graph_backward_trunk adds up since graph_backward_begin.
 */
bool graph_shares_modules(const struct graph *g);
int graph_tasks(const struct graph *g);

/* The flat parameter array, graph_floats(g) long, zero until graph_init. */
size_t graph_floats(const struct graph *g);
float *graph_values(const struct graph *g);
/* Where the parameters of a scope begin, and how many floats they take. */
size_t graph_scope_begin(const struct graph *g, int scope);
size_t graph_scope_floats(const struct graph *g, int scope);

int graph_params(const struct graph *g);
const struct graph_param *graph_param(const struct graph *g, int i);
/*
 * These copy between the flat array (values, gradients, moments) and logical row-major
 * order.
 */
void graph_param_get(const struct graph *g, int i, const float *flat, float *logical);
void graph_param_set(const struct graph *g, int i, float *flat, const float *logical);

/*
 * Initial values by parameter name: networks of one seed that share a name share its
 * values, whatever else they hold.
 */
void graph_init(struct graph *g, uint64_t seed);

int graph_nodes(const struct graph *g);
const struct node *graph_node(const struct graph *g, int id);
/* The id of the node of that name; -1: there is none. */
int graph_find(const struct graph *g, const char *name);
/* The values of node id in logical order (n, C, H, W); false inside a fused run. */
bool graph_read(const struct graph *g, int id, float *out);

/*
 * Running statistics and the like: a flat array beside the parameters, at its initial
 * values from graph_build on. Part of what a trained network is.
 */
size_t graph_state_floats(const struct graph *g);
float *graph_state(const struct graph *g);
int graph_buffers(const struct graph *g);
const struct graph_buffer *graph_buffer(const struct graph *g, int i);

/*
 * What the next passes are. Training, of step `step` of the job (where a graph starts:
 * step 0 of seed 0): statistics of the batch, and every forward pass moves the running
 * ones; dropout draws by (seed, step, node). Evaluation: running statistics, no dropout,
 * nothing moves.
 */
void graph_train(struct graph *g, uint64_t seed, int64_t step);
void graph_evaluate(struct graph *g);

/*
 * Checks that n samples can be a batch of training. ERR_SPEC names a batch norm that
 * would see a single value a channel.
 */
MUST_CHECK int graph_check_batch(const struct graph *g, int n, struct err *e);

/*
 * Sets how many samples the next passes have and fills an input from rows of f. Inputs
 * of a graph that has several are filled with the same number.
 */
void graph_feed(struct graph *g, int input, const struct dataset_field *f,
	const int *index, int n);

/* Runs every node on the samples fed last, in the mode set last. */
void graph_forward(struct graph *g);

/* Values of task k's output, (n, C, H, W) row-major; C H W of them a sample. */
const float *graph_prediction(const struct graph *g, int k);
int graph_prediction_floats(const struct graph *g, int k);
/* Where the caller puts d L_k / d output for weight 1, same shape, kept by passes. */
float *graph_seed(const struct graph *g, int k);

/*
 * One backward pass: grad = d (sum_k weight[k] L_k) / d parameters, all of it set. Heads
 * whose weight is 0 are not visited, the trunk is passed once. With one nonzero weight
 * it is that task's own gradient: K such passes into K arrays serve gradient methods.
 */
void graph_backward(struct graph *g, const double *weight, float *grad);

/*
 * Its two halves, for methods that combine gradients of the shared features: begin,
 * any heads in the order of the tasks, then the trunk from what they left in the
 * features' gradients.
 */
void graph_backward_begin(struct graph *g);
void graph_backward_head(struct graph *g, int task, double weight, float *grad);
void graph_backward_trunk(struct graph *g, float *grad);

/*
 * The features between them, rows (n, F) for the n samples of the pass: the values of
 * the trunk's nodes that heads read. F, the values themselves, the gradient that heads
 * have left since graph_backward_begin, and a gradient for the trunk to start from.
 */
size_t graph_features(const struct graph *g);
/* Says whether there are any; nodes are enough, once graph_check has seen them. */
bool graph_shares_features(const struct graph *g);
void graph_features_read(const struct graph *g, float *rows);
void graph_features_gradient(const struct graph *g, float *rows);
void graph_features_seed(struct graph *g, const float *rows);

/*
 * The trunk's parameters in their order: where each layer, or each array (a weight, a
 * bias), begins in the flat array, and the end; returns how many. begin NULL: counts.
 */
int graph_shared_parts(const struct graph *g, bool by_layer, size_t *begin);

/* The last layer of the trunk that has parameters: its floats in a flat array. */
void graph_last_shared(const struct graph *g, size_t *begin, size_t *floats);

#endif
