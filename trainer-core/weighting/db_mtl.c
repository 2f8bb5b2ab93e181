/*
 * DB-MTL (Lin et al. 2023): gradients of the losses' logarithms, g' = g / (L + 1e-8),
 * smoothed in a buffer a task, B <- g' + beta / t^beta_sigma (B - g') with B = 0 at first
 * and t from 1, and brought to the length of the longest: alpha_k = max |B| / (|B_k| +
 * 1e-8). The shared gradient is sum alpha B. Heads get the gradient of the logarithm.
 * Losses below zero count as zero.
 *
 * Buffers: B (K). State: steps.
 */
#include <math.h>
#include <string.h>
#include "trainer-core/kernel/kernel.h"
#include "trainer-core/weighting/method.h"

#define ABOVE_ZERO 1e-8

struct db {
	double beta, sigma;
};

static int parse(struct weighting_setup *setup, const struct params *ps,
	struct arena *a, struct err *e)
{
	struct db *o = NEW(a, struct db);
	int rc = setting_real(ps, "beta", &o->beta, e);

	setup->options = o;
	return rc ? rc : setting_real(ps, "beta_sigma", &o->sigma, e);
}

static size_t state_size(const struct weighting_setup *setup)
{
	(void)setup;
	return 1;
}

static int buffers(const struct weighting_setup *setup)
{
	return setup->K;
}

static double log_slope(double loss)
{
	return 1 / (fmax(loss, 0) + ABOVE_ZERO);
}

static void prepare(const struct weighting_setup *setup, double *state,
	const struct weighting_step *step, const struct kernels *kernels,
	struct task_gradients *g)
{
	const struct db *o = setup->options;
	double kept = o->beta / pow(++state[0], o->sigma);

	for (int k = 0; k < setup->K; k++) {
		float *B = g->buffer + (size_t)k * g->n;

		kernels->scale(g->n, (float)kept, B);
		kernels->axpy(g->n, (float)((1 - kept) * log_slope(step->loss[k])),
			g->g[k], B);
		memcpy(g->g[k], B, g->n * sizeof(*B));
	}
}

static int weigh(const struct weighting_setup *setup, double *state,
	const struct weighting_step *step, double *weight, struct err *e)
{
	int K = setup->K;
	double longest = 0;

	(void)state, (void)e;
	for (int k = 0; k < K; k++) {
		weight[k] = sqrt(step->gram[k * K + k]);
		longest = fmax(longest, weight[k]);
	}
	for (int k = 0; k < K; k++)
		weight[k] = longest / (weight[k] + ABOVE_ZERO);
	return OK;
}

static void heads(const struct weighting_setup *setup, const double *state,
	const struct weighting_step *step, const double *weight, double *head)
{
	(void)state, (void)weight;
	for (int k = 0; k < setup->K; k++)
		head[k] = log_slope(step->loss[k]);
}

const struct weighting weighting_db_mtl = {
	.needs = NEEDS_SHARED_GRADIENTS,
	.parse = parse,
	.state_size = state_size,
	.weigh = weigh,
	.buffers = buffers,
	.prepare = prepare,
	.heads = heads,
};
