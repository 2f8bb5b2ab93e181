/*
 * DeepLab's head on a dilated ResNet: an atrous spatial pyramid (conv 1x1, three 3x3 of
 * rising dilation, the plane's mean), brought together, and resized to the input.
 * Source: torchvision 0.14 (V3), Chen et al. 2018 (V3+).
 */
#ifndef DELTAM_ASPP_H
#define DELTAM_ASPP_H

#include "trainer-core/network/trunk.h"

struct aspp {
	int output_stride; /* of the trunk; dilations are 96 / output_stride times 1, 2, 3 */
	int channels;
	double dropout;
	bool align_corners; /* of the last resizing */
	bool plus; /* V3+: with the features of the trunk's first stage */
};

/*
 * Reads output_stride, channels, dropout, align_corners and plus of model.*. ERR_SPEC.
 */
MUST_CHECK int aspp_parse(struct aspp *a, const struct params *ps, struct err *e);

/* What a head stands on: nodes of the trunk, or of the task. */
struct aspp_on {
	int features; /* the last stage */
	int low; /* the first stage, for V3+ */
	int input; /* whose plane the result has */
};

/*
 * Adds task k's head, its last node named after the task: (outputs, H, W), or that of
 * blocks.h on the last stage for a task with one answer a sample.
 */
int aspp_head(const struct aspp *a, struct graph *g, int k,
	const struct task_info *task, const struct aspp_on *on);

#endif
