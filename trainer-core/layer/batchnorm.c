/*
 * Batch norm over batch and pixels: eps 1e-5, momentum 0.1; the running variance, and it
 * alone, is unbiased. Source: Ioffe and Szegedy 2015, as PyTorch has it.
 */
#include "trainer-core/graph/layer.h"

#include <math.h>

#define EPS 1e-5
#define MOMENTUM 0.1

static int shape(struct graph *g, struct node *v, struct err *e)
{
	int C = layer_in(g, v, 0)->C;

	v->weight = layer_param(g, v, "weight", &C, 1);
	v->bias = layer_param(g, v, "bias", &C, 1);
	if (v->tied) {
		v->running = g->node[v->tied]->running;
		return layer_same_shape(g, v, e);
	}
	if (!g->error.code)
		g->param[v->weight].mean = 1;
	v->running = layer_buffer(g, v, "running_mean", C, 0);
	(void)layer_buffer(g, v, "running_var", C, 1);
	return layer_same_shape(g, v, e);
}

static size_t lanes(const struct node *v)
{
	return (size_t)((v->C + LANES - 1) / LANES) * LANES;
}

/* What is kept of a pass, each a float a channel. */
enum { MEAN, VARIANCE, RSTD, SCALE, SHIFT, SLOPE, KEPT };

static float *kept(const struct node *v, int which)
{
	return v->kept + (size_t)which * lanes(v);
}

static size_t keep(const struct node *v)
{
	return KEPT * lanes(v);
}

static struct norm_shape sizes(const struct graph *g, const struct node *v)
{
	return (struct norm_shape){ .C = v->C,
		.n = (size_t)v->H * (size_t)v->W * (size_t)g->n,
		.relu = v->tail->kind == LAYER_RELU };
}

static struct norm affine(const struct graph *g, const struct node *v)
{
	return (struct norm){ .mean = kept(v, MEAN),
		.scale = kept(v, SCALE),
		.bias = layer_at(g, g->value, v->bias),
		.shift = kept(v, SHIFT),
		.slope = kept(v, SLOPE) };
}

static float *running(const struct graph *g, const struct node *v, int which)
{
	return g->state + g->buffer[v->running + which].offset;
}

static void move(float *to, double by)
{
	*to = (float)((1 - MOMENTUM) * (double)*to + MOMENTUM * by);
}

static void move_running(const struct graph *g, const struct node *v, size_t n)
{
	double unbiased = (double)n / (double)(n - 1);

	for (int c = 0; c < v->C; c++) {
		move(&running(g, v, MEAN)[c], (double)kept(v, MEAN)[c]);
		move(&running(g, v, VARIANCE)[c],
			(double)kept(v, VARIANCE)[c] * unbiased);
	}
}

/* The scale of every channel, from the statistics of the batch or the running ones. */
static void prepare(const struct graph *g, const struct node *v)
{
	const float *weight = layer_at(g, g->value, v->weight);
	const float *mean = g->training ? kept(v, MEAN) : running(g, v, MEAN);
	const float *variance =
		g->training ? kept(v, VARIANCE) : running(g, v, VARIANCE);

	for (int c = 0; c < v->C; c++) {
		double rstd = 1 / sqrt((double)variance[c] + EPS);

		kept(v, MEAN)[c] = mean[c];
		kept(v, RSTD)[c] = (float)rstd;
		kept(v, SCALE)[c] = (float)((double)weight[c] * rstd);
	}
}

static void forward(struct graph *g, struct node *v)
{
	struct norm_shape s = sizes(g, v);
	struct norm t = affine(g, v);
	const float *x = layer_in(g, v, 0)->y;

	if (g->training) {
		ASSERT(s.n > 1); /* graph_check_batch */
		g->k->norm_statistics(&s, x, kept(v, MEAN), kept(v, VARIANCE));
		move_running(g, v, s.n);
	}
	prepare(g, v);
	g->k->norm_forward(&s, &t, x, v->tail->y);
}

static void half_forward_pass(struct graph *g, struct node *v)
{
	struct norm_shape s = sizes(g, v);
	struct norm t = affine(g, v);
	const uint16_t *x = layer_in(g, v, 0)->half_y;

	if (g->training) {
		ASSERT(s.n > 1); /* graph_check_batch */
		g->k->half->norm_statistics(&s, x, kept(v, MEAN), kept(v, VARIANCE));
		move_running(g, v, s.n);
	}
	prepare(g, v);
	g->k->half->norm_forward(&s, &t, x, v->tail->half_y);
}

/*
 * From the sums of dy and of dy (x - mean), which dbias and dweight hold, what the
 * gradient of x needs, and dweight itself.
 */
static void settle(const struct graph *g, const struct node *v, size_t n,
	const float *dbias, float *dweight)
{
	double share = g->training ? 1 / (double)n : 0;

	for (int c = 0; c < v->C; c++) {
		double rstd = (double)kept(v, RSTD)[c];
		double scale = (double)kept(v, SCALE)[c] * share;
		double product = (double)dweight[c];

		kept(v, SHIFT)[c] = (float)(scale * (double)dbias[c]);
		kept(v, SLOPE)[c] = (float)(scale * rstd * rstd * product);
		dweight[c] = (float)(product * rstd);
	}
}

/* dx = scale (dy - mean of dy - xhat mean of (dy xhat)); in evaluation scale dy. */
static void backward(struct graph *g, struct node *v, float *grad)
{
	struct norm_shape s = sizes(g, v);
	struct norm t = affine(g, v);
	const float *x = layer_in(g, v, 0)->y, *dy = v->tail->dy;
	float *dweight = layer_grad(g, v, grad, v->weight);
	float *dbias = layer_grad(g, v, grad, v->bias);
	int add;
	float *dx = layer_input_grad(g, v, 0, &add);

	g->k->norm_backward_sums(&s, &t, x, dy, dbias, dweight);
	settle(g, v, s.n, dbias, dweight);
	if (dx)
		g->k->norm_backward(&s, &t, x, dy, dx, add);
}

static void half_backward_pass(struct graph *g, struct node *v, float *grad)
{
	struct norm_shape s = sizes(g, v);
	struct norm t = affine(g, v);
	const uint16_t *x = layer_in(g, v, 0)->half_y, *dy = v->tail->half_dy;
	float *dweight = layer_grad(g, v, grad, v->weight);
	float *dbias = layer_grad(g, v, grad, v->bias);
	int add;
	uint16_t *dx = layer_half_grad(g, v, 0, &add);

	g->k->half->norm_backward_sums(&s, &t, x, dy, dbias, dweight);
	settle(g, v, s.n, dbias, dweight);
	if (dx)
		g->k->half->norm_backward(&s, &t, x, dy, dx, add);
}

const struct layer layer_batchnorm = { .name = "batchnorm",
	.rule = LAYOUT_IS_IMAGE,
	.accepts = LAYOUT_IS_IMAGE,
	.inputs = 1,
	.in_place = true,
	.shape = shape,
	.keep = keep,
	.rounds = true,
	.forward = forward,
	.backward = backward,
	.half_forward = half_forward_pass,
	.half_backward = half_backward_pass };
