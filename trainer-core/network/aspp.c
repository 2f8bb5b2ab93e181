#include "trainer-core/network/aspp.h"

#include <stdio.h>
#include "catalogue/setting.h"

#define BRANCHES 5
#define LOW_LEVEL 48 /* channels of V3+'s low-level features */

int aspp_parse(struct aspp *a, const struct params *ps, struct err *e)
{
	*a = (struct aspp){ 0 };
	if (setting_whole(ps, "model.output_stride", &a->output_stride, e) ||
		setting_whole(ps, "model.channels", &a->channels, e) ||
		setting_real(ps, "model.dropout", &a->dropout, e) ||
		setting_bool(ps, "model.align_corners", &a->align_corners, e) ||
		setting_bool(ps, "model.plus", &a->plus, e))
		return e->code;
	if (a->output_stride != 8 && a->output_stride != 16)
		return err_set(e, ERR_SPEC, "model.output_stride: %d is not 8 or 16",
			a->output_stride);
	return OK;
}

/* A head's node: TASK.PART. */
struct head {
	const struct aspp *a;
	struct site s;
	const char *task;
	char name[BLOCK_NAME_MAX];
};

static const char *part(struct head *h, const char *what)
{
	snprintf(h->name, sizeof(h->name), "%s.%s", h->task, what);
	return h->name;
}

static int conv(struct head *h, const char *what, int in, int kernel, int dilation)
{
	return block_conv_bn_relu(&h->s, part(h, what), in,
		(struct filter){ h->a->channels, kernel, 1, dilation });
}

/* The mean of the plane, spread over it again. */
static int pooling_branch(struct head *h, int in)
{
	int y = block_point(&h->s, LAYER_GLOBAL_AVGPOOL, part(h, "aspp4.pool"), in);

	y = conv(h, "aspp4.*", y, 1, 1);
	return block_resize(&h->s, part(h, "aspp4.resize"), y, in, false);
}

/* Five views of the features, brought together. */
static int pyramid(struct head *h, int in)
{
	const int rate = 96 / h->a->output_stride; /* 12 at 8, 6 at 16 */
	int branch[BRANCHES];
	int y;

	branch[0] = conv(h, "aspp0.*", in, 1, 1);
	branch[1] = conv(h, "aspp1.*", in, 3, rate);
	branch[2] = conv(h, "aspp2.*", in, 3, 2 * rate);
	branch[3] = conv(h, "aspp3.*", in, 3, 3 * rate);
	branch[4] = pooling_branch(h, in);
	y = block_concat(&h->s, part(h, "aspp.concat"), branch, BRANCHES);
	y = conv(h, "aspp.*", y, 1, 1);
	if (h->a->dropout > 0)
		y = graph_add(h->s.g,
			(struct node){ .kind = LAYER_DROPOUT,
				.name = part(h, "aspp.dropout"),
				.scope = h->s.scope,
				.in = { y },
				.rate = (float)h->a->dropout });
	return y;
}

/* V3+: the features of stage 1 join what has been resized to their plane. */
static int refine(struct head *h, int in, int low)
{
	const struct filter narrow = { LOW_LEVEL, 1, 1, 1 };
	int join[2];
	int y;

	join[0] = block_resize(&h->s, part(h, "up"), in, low, h->a->align_corners);
	join[1] = block_conv_bn_relu(&h->s, part(h, "low.*"), low, narrow);
	y = block_concat(&h->s, part(h, "low.concat"), join, 2);
	return conv(h, "*1", y, 3, 1);
}

int aspp_head(const struct aspp *a, struct graph *g, int k,
	const struct task_info *task, const struct aspp_on *on)
{
	struct head h = {
		.a = a, .s = { .g = g, .scope = k, .no_bias = true }, .task = task->name
	};
	int y;

	if (!task_is_map(task->kind))
		return block_flat_head(&h.s, task->name, on->features, task->outputs);
	y = pyramid(&h, on->features);
	if (a->plus)
		y = refine(&h, y, on->low);
	y = conv(&h, "*2", y, 3, 1);
	h.s.no_bias = false;
	y = block_conv(
		&h.s, part(&h, "score"), y, (struct filter){ task->outputs, 1, 1, 1 });
	return block_resize(&h.s, task->name, y, on->input, a->align_corners);
}
