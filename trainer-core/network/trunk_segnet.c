#include <stdio.h>
#include <string.h>
#include "catalogue/choices.h"
#include "catalogue/setting.h"
#include "trainer-core/network/trunk.h"

/* filters and layers, the last number of layers again for the levels beyond. */
static int parse_levels(struct segnet *s, const struct params *ps, struct err *e)
{
	int given;
	int rc = block_list(
		ps, "model.filters", s->filters, SEGNET_LEVELS_MAX, &s->levels, e);

	if (!rc)
		rc = block_list(
			ps, "model.layers", s->layers, SEGNET_LEVELS_MAX, &given, e);
	if (rc)
		return rc;
	for (int i = given; i < s->levels; i++)
		s->layers[i] = s->layers[given - 1];
	return OK;
}

int segnet_parse(struct segnet *s, const struct params *ps, struct err *e)
{
	double width;
	int type;

	*s = (struct segnet){ .depth = 1 };
	if (parse_levels(s, ps, e) || setting_real(ps, "model.width", &width, e) ||
		setting_whole(ps, "model.head", &s->head, e) ||
		setting_bool(ps, "model.head_relu", &s->head_relu, e) ||
		setting_choice(ps, "model.type", &type, e))
		return e->code;
	if (type == SEGNET_WIDE)
		s->filters[s->levels - 1] *= 2;
	if (type == SEGNET_DEEP)
		s->depth = 2;
	for (int i = 0; i < s->levels; i++)
		s->filters[i] = block_scaled(width, s->filters[i]);
	if (!s->head)
		s->head = s->filters[0];
	return OK;
}

int segnet_decoder_filters(const struct segnet *s, int i)
{
	return s->filters[i > 0 ? i - 1 : 0];
}

/* Layer number n of a level: PART2.0.conv ... and in the deep form PART2.0.conv2 ... */
static int layer(const struct segnet *s, const struct site *site, const char *part,
	int n, int in, int units)
{
	char name[BLOCK_NAME_MAX];
	struct filter f = { .units = units, .kernel = 3 };

	snprintf(name, sizeof(name), "%s.%d.*", part, n);
	in = block_conv_bn_relu(site, name, in, f);
	snprintf(name, sizeof(name), "%s.%d.*2", part, n);
	return s->depth > 1 ? block_conv_bn_relu(site, name, in, f) : in;
}

static int encode(struct segnet *s, const struct site *site, int i, int in)
{
	char part[32];

	snprintf(part, sizeof(part), "enc%d", i);
	for (int n = 0; n < s->layers[i]; n++) {
		in = layer(s, site, part, n, in, s->filters[i]);
		if (n == 0)
			s->first[i] = in;
	}
	s->last[i] = in;
	snprintf(part, sizeof(part), "pool%d", i);
	return s->pool[i] = block_pool(site, LAYER_MAXPOOL2D, part, in, 2, 2, 0);
}

static int decode(struct segnet *s, const struct site *site, int i, int in)
{
	char part[32];

	snprintf(part, sizeof(part), "unpool%d", i);
	in = s->unpool[i] = block_pair(site, LAYER_MAXUNPOOL2D, part, in, s->pool[i]);
	snprintf(part, sizeof(part), "dec%d", i);
	for (int n = 0; n < s->layers[i]; n++)
		in = layer(s, site, part, n, in, segnet_decoder_filters(s, i));
	return s->decoded[i] = in;
}

int segnet_add(struct segnet *s, const struct site *site, int in)
{
	for (int i = 0; i < s->levels; i++)
		in = encode(s, site, i, in);
	for (int i = s->levels - 1; i >= 0; i--)
		in = decode(s, site, i, in);
	return in;
}

int segnet_head(const struct segnet *s, const struct site *site,
	const struct task_info *task, int in)
{
	char name[BLOCK_NAME_MAX];

	if (!task_is_map(task->kind))
		return block_flat_head(site, task->name, in, task->outputs);
	snprintf(name, sizeof(name), "%s.conv", task->name);
	in = block_conv(site, name, in, (struct filter){ s->head, 3, 1, 1 });
	snprintf(name, sizeof(name), "%s.relu", task->name);
	if (s->head_relu)
		in = block_point(site, LAYER_RELU, name, in);
	return block_conv(
		site, task->name, in, (struct filter){ task->outputs, 1, 1, 1 });
}
