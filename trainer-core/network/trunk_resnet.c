#include <stdio.h>
#include <string.h>
#include "catalogue/choices.h"
#include "catalogue/setting.h"
#include "trainer-core/network/trunk.h"

#define EXPANSION 4 /* of a bottleneck: channels out for each plane */

int resnet_parse(struct resnet *r, const struct params *ps, struct err *e)
{
	*r = (struct resnet){ 0 };
	if (setting_whole(ps, "model.depth", &r->depth, e) ||
		setting_real(ps, "model.width", &r->width, e) ||
		setting_choice(ps, "model.stem", &r->stem, e))
		return e->code;
	if (r->depth != 18 && r->depth != 50 && r->depth != 101)
		return err_set(
			e, ERR_SPEC, "model.depth: %d is not 18, 50 or 101", r->depth);
	return OK;
}

static int planes_of(const struct resnet *r, int stage)
{
	return block_scaled(r->width, 64 << stage);
}

int resnet_channels(const struct resnet *r, int stage)
{
	return planes_of(r, stage) * (r->depth == 18 ? 1 : EXPANSION);
}

/* The input, or a 1x1 convolution of it where the block changes the shape. */
static int identity(
	const struct site *s, const char *name, int in, int units, int stride)
{
	char part[BLOCK_NAME_MAX];

	if (stride == 1 && graph_node(s->g, in)->C == units)
		return in;
	snprintf(part, sizeof(part), "%s.downsample.0", name);
	in = block_conv(s, part, in, (struct filter){ units, 1, stride, 1 });
	snprintf(part, sizeof(part), "%s.downsample.1", name);
	return block_point(s, LAYER_BATCHNORM, part, in);
}

/* NAME.add and NAME.relu. */
static int close_block(const struct site *s, const char *name, int y, int x)
{
	char part[BLOCK_NAME_MAX];

	snprintf(part, sizeof(part), "%s.add", name);
	y = block_pair(s, LAYER_ADD, part, y, x);
	snprintf(part, sizeof(part), "%s.relu", name);
	return block_point(s, LAYER_RELU, part, y);
}

int basic_block_add(const struct site *s, const char *name, int in, struct residual b)
{
	const struct filter first = { b.planes, 3, b.stride, b.first_dilation };
	const struct filter second = { b.planes, 3, 1, b.dilation };
	char part[BLOCK_NAME_MAX];
	int y;

	snprintf(part, sizeof(part), "%s.*1", name);
	y = block_conv_bn_relu(s, part, in, first);
	snprintf(part, sizeof(part), "%s.*2", name);
	y = block_conv_bn(s, part, y, second);
	return close_block(s, name, y, identity(s, name, in, b.planes, b.stride));
}

int bottleneck_add(const struct site *s, const char *name, int in, struct residual b)
{
	const int units = b.planes * EXPANSION;
	const struct filter middle = { b.planes, 3, b.stride, b.dilation };
	char part[BLOCK_NAME_MAX];
	int y;

	snprintf(part, sizeof(part), "%s.*1", name);
	y = block_conv_bn_relu(s, part, in, (struct filter){ b.planes, 1, 1, 1 });
	snprintf(part, sizeof(part), "%s.*2", name);
	y = block_conv_bn_relu(s, part, y, middle);
	snprintf(part, sizeof(part), "%s.*3", name);
	y = block_conv_bn(s, part, y, (struct filter){ units, 1, 1, 1 });
	return close_block(s, name, y, identity(s, name, in, units, b.stride));
}

/* How far apart the taps of a stage are once its stride has become dilation. */
static int rate_of(const struct resnet *r, int stage)
{
	if (r->output_stride == 8 && stage >= 2)
		return stage == 2 ? 2 : 4;
	return r->output_stride == 16 && stage == 3 ? 2 : 1;
}

static int blocks_of(const struct resnet *r, int stage)
{
	static const int blocks18[RESNET_STAGES] = { 2, 2, 2, 2 };
	static const int blocks50[RESNET_STAGES] = { 3, 4, 6, 3 };
	static const int blocks101[RESNET_STAGES] = { 3, 4, 23, 3 };

	return (r->depth == 18           ? blocks18
			: r->depth == 50 ? blocks50
					 : blocks101)[stage];
}

static int add_stage(struct resnet *r, const struct site *s, int stage, int in)
{
	const int blocks = blocks_of(r, stage);
	const int rate = rate_of(r, stage);

	for (int i = 0; i < blocks; i++) {
		int first = i == 0 && rate > 1 ? rate / 2 : rate;
		struct residual b = {
			.planes = planes_of(r, stage),
			.stride = i == 0 && stage > 0 && rate == 1 ? 2 : 1,
			.first_dilation = first,
			.dilation = r->depth == 18 ? rate : first,
		};
		char name[32];

		snprintf(name, sizeof(name), "layer%d.%d", stage + 1, i);
		r->before[stage] = in;
		in = r->depth == 18 ? basic_block_add(s, name, in, b)
				    : bottleneck_add(s, name, in, b);
	}
	return r->stage[stage] = in;
}

static int add_stem(const struct resnet *r, const struct site *s, int in)
{
	const bool large = r->stem == STEM_IMAGENET;
	const struct filter f = { planes_of(r, 0), large ? 7 : 3,
		r->stem == STEM_CIFAR ? 1 : 2, 1 };

	in = block_conv_bn_relu(s, "*1", in, f);
	return large ? block_pool(s, LAYER_MAXPOOL2D, "maxpool", in, 3, 2, 1) : in;
}

int resnet_add(struct resnet *r, const struct site *site, int in)
{
	struct site s = *site;

	s.init = INIT_KAIMING_FAN_OUT;
	s.no_bias = true;
	in = add_stem(r, &s, in);
	for (int stage = 0; stage < RESNET_STAGES; stage++)
		in = add_stage(r, &s, stage, in);
	return in;
}
