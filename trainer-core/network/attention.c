#include "trainer-core/network/attention.h"

#include <stdio.h>

int attention_add(const struct site *s, const char *name, int in, int middle, int units)
{
	char part[BLOCK_NAME_MAX];

	snprintf(part, sizeof(part), "%s.*1", name);
	in = block_conv_bn_relu(s, part, in, (struct filter){ middle, 1, 1, 1 });
	snprintf(part, sizeof(part), "%s.*2", name);
	in = block_conv_bn(s, part, in, (struct filter){ units, 1, 1, 1 });
	snprintf(part, sizeof(part), "%s.mask", name);
	return block_point(s, LAYER_SIGMOID, part, in);
}
