/*
 * What networks are built of: graph_add for the layers and groups of layers that most of
 * them share. Every function adds nodes and returns the id of the last one; an error is
 * remembered by the graph.
 */
#ifndef DELTAM_BLOCKS_H
#define DELTAM_BLOCKS_H

#include "common/params.h"
#include "trainer-core/graph/graph.h"

#define BLOCK_NAME_MAX 128

/* Where nodes are added, and what all of them have in common. */
struct site {
	struct graph *g;
	int scope; /* SCOPE_SHARED or the task */
	enum node_init init; /* of convolutions and linear layers */
	bool no_bias; /* convolutions without bias */
	/*
	 * The task that calls a module of all tasks (NULL: no such module). Node NAME is
	 * then NAME@caller, its parameters are NAME.weight ... of what is shared, the same
	 * for every caller.
	 */
	const char *caller;
};

/* A convolution that keeps the size at stride 1: padding dilation (kernel - 1) / 2. */
struct filter {
	int units, kernel;
	int stride, dilation; /* 0 means 1 */
};

/* Multiplies a reference's count by the width, rounds it, and returns at least 1. */
int block_scaled(double width, int units);

/* Reads `key` of ps: a list of at most max whole numbers, each at least `least`. */
MUST_CHECK int block_list(const struct params *ps, const char *key, int *v, int max,
	int *n, struct err *e);

/* Adds a node of a kind without attributes: relu, flatten, global_avgpool ... */
int block_point(const struct site *s, enum layer_kind kind, const char *name, int in);
/* Adds a node of kind add or mul. */
int block_pair(
	const struct site *s, enum layer_kind kind, const char *name, int x, int y);
int block_concat(const struct site *s, const char *name, const int *in, int n);
int block_linear(const struct site *s, const char *name, int in, int units);
int block_conv(const struct site *s, const char *name, int in, struct filter f);
/* Adds a pool; kind is maxpool2d or avgpool2d. */
int block_pool(const struct site *s, enum layer_kind kind, const char *name, int in,
	int kernel, int stride, int pad);
/* Bilinear to the plane of node `like`. */
int block_resize(
	const struct site *s, const char *name, int in, int like, bool align_corners);

/*
 * Convolution and batch norm, and ReLU. name has a star for what the node is:
 * "layer1.0.*1" makes layer1.0.conv1, layer1.0.bn1, layer1.0.relu1.
 */
int block_conv_bn(const struct site *s, const char *name, int in, struct filter f);
int block_conv_bn_relu(const struct site *s, const char *name, int in, struct filter f);

/* Adds a head of one answer a sample on maps: the mean of the plane, a linear layer. */
int block_flat_head(const struct site *s, const char *task, int in, int outputs);

#endif
