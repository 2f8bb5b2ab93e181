/*
 * What mixes the channels of a pixel.
 */
#include "trainer-core/layer.h"

const struct layer layer_log_softmax = { .name = "log_softmax",
	.rule = LAYOUT_IS_IMAGE,
	.accepts = LAYOUT_IS_IMAGE,
	.inputs = 1,
	.shape = layer_same_shape };

const struct layer layer_l2_normalize = { .name = "l2_normalize",
	.rule = LAYOUT_IS_IMAGE,
	.accepts = LAYOUT_IS_IMAGE,
	.inputs = 1,
	.shape = layer_same_shape };
