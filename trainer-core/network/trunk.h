/*
 * Trunks that several networks stand on, with the nodes that heads and attention read.
 */
#ifndef DELTAM_TRUNK_H
#define DELTAM_TRUNK_H

#include "trainer-core/network/blocks.h"

/*
 * SegNet: encoder level i has layers[i] times conv 3x3, batch norm, ReLU to filters[i]
 * channels, then a max-pool 2x2 that keeps its winners; decoder level i, from the
 * deepest, begins with the unpooling of pool i and goes to filters[i - 1] (level 0:
 * filters[0]). Convolutions have a bias, initial weights are xavier normal.
 * Source: MTAN's SegNet, equal in parameters and values.
 */
#define SEGNET_LEVELS_MAX 8

struct segnet {
	int levels;
	int filters[SEGNET_LEVELS_MAX], layers[SEGNET_LEVELS_MAX];
	int depth; /* convolutions a layer: 2 in the deep form */
	/* Nodes of each level: the encoder's first and last layer, ... */
	int first[SEGNET_LEVELS_MAX], last[SEGNET_LEVELS_MAX];
	int pool[SEGNET_LEVELS_MAX], unpool[SEGNET_LEVELS_MAX];
	int decoded[SEGNET_LEVELS_MAX];
	/* Of the heads: filters of the 3x3 convolution, 0: the decoder's; a ReLU behind. */
	int head;
	bool head_relu;
};

/* Reads filters, layers, type, width, head and head_relu of model.*. ERR_SPEC. */
MUST_CHECK int segnet_parse(struct segnet *s, const struct params *ps, struct err *e);

/* Channels of decoder level i. */
int segnet_decoder_filters(const struct segnet *s, int i);

/* Adds the trunk; the node ids go to *s. Returns the decoder's output. */
int segnet_add(struct segnet *s, const struct site *site, int in);

/*
 * A head on node `in`: conv 3x3 (no batch norm), conv 1x1; of a task with one answer a
 * sample that of blocks.h.
 */
int segnet_head(const struct segnet *s, const struct site *site,
	const struct task_info *task, int in);

/*
 * ResNet without its last layer: stem, four stages of basic blocks (18) or bottlenecks
 * (50, 101). A node is named as in torchvision, so its weights are, too (layer1.0.conv1).
 * No biases, kaiming normal. output_stride 8 or 16 turns strides of the last stages into
 * dilation: the first block of such a stage has half its rate.
 * Source: torchvision 0.14, equal bit for bit.
 */
#define RESNET_STAGES 4

struct resnet {
	int depth; /* 18, 50 or 101 */
	int stem; /* enum resnet_stem of choices.h */
	double width;
	int output_stride; /* 0: every stage keeps its stride */
	/* Nodes: the input of each stage's last block, and its output. */
	int before[RESNET_STAGES], stage[RESNET_STAGES];
};

/* Reads depth, stem and width of model.*. ERR_SPEC. */
MUST_CHECK int resnet_parse(struct resnet *r, const struct params *ps, struct err *e);

/* Adds the trunk on node `in`; the node ids go to *r. Returns the last one. */
int resnet_add(struct resnet *r, const struct site *site, int in);

/* Channels that stage i has, 0 to 3. */
int resnet_channels(const struct resnet *r, int stage);

/*
 * A bottleneck block: 1x1 to planes, 3x3, 1x1 to 4 planes, and the input, by way of a
 * 1x1 convolution where the shapes differ. name: "layer2.0".
 */
struct residual {
	int planes;
	int stride;
	int dilation; /* of the 3x3 convolution (basic: of the second) */
	int first_dilation; /* basic: of the first convolution */
};
int bottleneck_add(
	const struct site *site, const char *name, int in, struct residual block);
int basic_block_add(
	const struct site *site, const char *name, int in, struct residual block);

#endif
