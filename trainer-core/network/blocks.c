#include "trainer-core/network/blocks.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include "catalogue/setting.h"

int block_scaled(double width, int units)
{
	double n = floor(width * units + 0.5);

	return n < 1 ? 1 : (int)n;
}

int block_list(const struct params *ps, const char *key, int *v, int max, int *n,
	struct err *e)
{
	double number[64];
	int rc = setting_list(ps, key, number, max < 64 ? max : 64, n, e);

	for (int i = 0; i < *n && !rc; i++) {
		if (number[i] != floor(number[i]))
			return err_set(e, ERR_SPEC, "%s: %g is no whole number", key,
				number[i]);
		v[i] = (int)number[i];
	}
	return rc;
}

/* The first call of a module: who holds the parameters of that name. */
static int first_call(const struct graph *g, const char *params)
{
	for (int id = 0; id < graph_nodes(g); id++) {
		const struct node *v = graph_node(g, id);

		if (v->shares && !v->tied && !strcmp(v->params, params))
			return id;
	}
	return 0;
}

/* n with the name and scope of the site. */
static int add(const struct site *s, const char *name, struct node n)
{
	char called[BLOCK_NAME_MAX];

	n.scope = s->scope;
	n.name = name;
	if (s->caller) {
		snprintf(called, sizeof(called), "%s@%s", name, s->caller);
		n.name = called;
		n.params = name;
		n.shares = true;
		n.tied = first_call(s->g, name);
	}
	return graph_add(s->g, n);
}

int block_point(const struct site *s, enum layer_kind kind, const char *name, int in)
{
	return add(s, name, (struct node){ .kind = kind, .in = { in } });
}

int block_pair(
	const struct site *s, enum layer_kind kind, const char *name, int x, int y)
{
	return add(s, name, (struct node){ .kind = kind, .in = { x, y } });
}

int block_concat(const struct site *s, const char *name, const int *in, int n)
{
	struct node v = { .kind = LAYER_CONCAT, .inputs = n };

	ASSERT(n >= 1 && n <= NODE_INPUTS);
	memcpy(v.in, in, (size_t)n * sizeof(*in));
	return add(s, name, v);
}

int block_linear(const struct site *s, const char *name, int in, int units)
{
	return add(s, name,
		(struct node){ .kind = LAYER_LINEAR,
			.in = { in },
			.units = units,
			.init = s->init });
}

int block_conv(const struct site *s, const char *name, int in, struct filter f)
{
	int dilation = f.dilation ? f.dilation : 1;

	return add(s, name,
		(struct node){ .kind = LAYER_CONV2D,
			.in = { in },
			.units = f.units,
			.kernel = f.kernel,
			.stride = f.stride,
			.dilation = dilation,
			.pad = dilation * (f.kernel - 1) / 2,
			.no_bias = s->no_bias,
			.init = s->init });
}

int block_pool(const struct site *s, enum layer_kind kind, const char *name, int in,
	int kernel, int stride, int pad)
{
	return add(s, name,
		(struct node){ .kind = kind,
			.in = { in },
			.kernel = kernel,
			.stride = stride,
			.pad = pad });
}

int block_resize(
	const struct site *s, const char *name, int in, int like, bool align_corners)
{
	const struct node *to = graph_node(s->g, like);

	return add(s, name,
		(struct node){ .kind = LAYER_RESIZE,
			.in = { in },
			.H = to->H,
			.W = to->W,
			.align_corners = align_corners });
}

/* A name with a star, and what stands for it; out holds BLOCK_NAME_MAX. */
static const char *filled(const char *name, const char *what, char *out)
{
	const char *star = strchr(name, '*');

	ASSERT(star);
	snprintf(out, BLOCK_NAME_MAX, "%.*s%s%s", (int)(star - name), name, what,
		star + 1);
	return out;
}

int block_conv_bn(const struct site *s, const char *name, int in, struct filter f)
{
	char part[BLOCK_NAME_MAX];

	in = block_conv(s, filled(name, "conv", part), in, f);
	return block_point(s, LAYER_BATCHNORM, filled(name, "bn", part), in);
}

int block_conv_bn_relu(const struct site *s, const char *name, int in, struct filter f)
{
	char part[BLOCK_NAME_MAX];

	in = block_conv_bn(s, name, in, f);
	return block_point(s, LAYER_RELU, filled(name, "relu", part), in);
}

int block_flat_head(const struct site *s, const char *task, int in, int outputs)
{
	char name[BLOCK_NAME_MAX];

	snprintf(name, sizeof(name), "%s.avgpool", task);
	in = block_point(s, LAYER_GLOBAL_AVGPOOL, name, in);
	return block_linear(s, task, in, outputs);
}
