#include "tests/lib/gradcheck.h"

#include <math.h>
#include <string.h>
#include "trainer-core/graph/layer.h"
#include "common/rng.h"

#define STEP 0x1p-7f
#define KINK 5e-3 /* of the gradient; rounding alone stays below a fifth of it */

/* sum_k weight[k] <r_k, output_k>, r_k being the seeds. */
static double objective(struct graph *g, const double *weight)
{
	double total = 0;

	graph_forward(g);
	for (int k = 0; k < graph_tasks(g); k++) {
		const float *y = graph_prediction(g, k);
		const float *r = graph_seed(g, k);
		int n = g->n * graph_prediction_floats(g, k);

		for (int i = 0; i < n; i++)
			total += weight[k] * (double)r[i] * (double)y[i];
	}
	return total;
}

/* L where the value at x is moved by h; *moved: by how much it was, rounded. */
static double moved(
	struct graph *g, const double *weight, float *x, float h, double *by)
{
	float saved = *x;
	volatile float there = saved + h;
	double value;

	*by = (double)there - (double)saved;
	*x = there;
	value = objective(g, weight);
	*x = saved;
	return value;
}

/* Slopes of L on both sides of the value at x. */
struct sides {
	double left, right;
};

static struct sides slopes(
	struct graph *g, const double *weight, float *x, float h, double here)
{
	double back, forth;
	double below = moved(g, weight, x, -h, &back);
	double above = moved(g, weight, x, h, &forth);

	return (struct sides){ (below - here) / back, (above - here) / forth };
}

/*
 * A smooth function's bend (right - left) halves with the step and its central slopes
 * agree; a kink between the probes breaks one of the two.
 */
static bool kinked(struct sides coarse, struct sides fine, double size)
{
	double bend = (coarse.right - coarse.left) - 2 * (fine.right - fine.left);
	double drift = (coarse.right + coarse.left) - (fine.right + fine.left);

	return fabs(bend) > KINK * size || fabs(drift) > KINK * size;
}

static void plant_seeds(struct graph *g)
{
	for (int k = 0; k < graph_tasks(g); k++) {
		float *r = graph_seed(g, k);
		int n = g->n * graph_prediction_floats(g, k);

		for (int i = 0; i < n; i++)
			r[i] = (float)rng_normal(1, RNG_INIT, (uint64_t)k, (uint64_t)i);
	}
}

struct check {
	struct graph *g;
	const double *weight;
	double here; /* L */
	float *logical; /* a parameter's gradient */
	struct gradcheck result;
};

static double scale_of(const float *v, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (double)v[i] * (double)v[i];
	return sqrt(sum / (double)n);
}

static void check_value(
	struct check *c, const struct graph_param *p, size_t i, double scale)
{
	size_t at = param_position(p, i);
	float *x = c->g->value + at;
	struct sides coarse = slopes(c->g, c->weight, x, STEP, c->here);
	struct sides fine = slopes(c->g, c->weight, x, STEP / 2, c->here);
	double want = (coarse.left + coarse.right) / 2;
	double size = fmax(fabs(want), scale);
	double off = fabs((double)c->logical[i] - want) / fmax(size, 1e-30);

	if (kinked(coarse, fine, size)) {
		c->result.skipped++;
		return;
	}
	c->result.checked++;
	if (off > c->result.worst || !isfinite(off)) {
		c->result.worst = off;
		c->result.where = p->name;
	}
}

struct gradcheck gradcheck_run(
	struct graph *g, const double *weight, int each, struct arena *a)
{
	float *grad = arena_alloc_aligned(a, graph_floats(g) * sizeof(float));
	struct check c = { .g = g, .weight = weight };

	plant_seeds(g);
	c.here = objective(g, weight);
	graph_backward(g, weight, grad);
	for (int id = 0; id < graph_params(g); id++) {
		const struct graph_param *p = graph_param(g, id);
		size_t stride = p->count / (size_t)each + 1;
		double scale;

		c.logical = NEW_ARRAY(a, float, p->count);
		graph_param_get(g, id, grad, c.logical);
		scale = scale_of(c.logical, p->count);
		for (size_t i = 0; i < p->count; i += stride)
			check_value(&c, p, i, scale);
	}
	return c.result;
}
