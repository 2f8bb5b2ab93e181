/*
 * FAMO (Liu et al. 2023): z = softmax(xi), D_k = L_k + 1e-8, w_k = (z_k / D_k) over their
 * sum: the gradient of sum z log D, rescaled. After the network's step the losses of the
 * same batch show which tasks fell: with delta_k = log D_k(old) - log D_k(new) the slope
 * of xi is z (delta - z . delta), followed by Adam with decay gamma. One backward pass and a
 * second forward pass a step. Losses below zero count as zero.
 *
 * State: steps, xi (K), Adam's moments.
 */
#include <math.h>
#include "trainer-core/optim/optim.h"
#include "trainer-core/weighting/method.h"

#define ABOVE_ZERO 1e-8

struct famo {
	struct optim_info optim; /* of the logits */
};

static int parse(struct weighting_setup *setup, const struct params *ps,
	struct arena *a, struct err *e)
{
	struct famo *o = NEW(a, struct famo);
	int rc;

	setup->options = o;
	o->optim = (struct optim_info){
		.kind = OPTIM_ADAM, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8
	};
	rc = setting_real(ps, "weight_lr", &o->optim.lr, e);
	return rc ? rc : setting_real(ps, "gamma", &o->optim.wd, e);
}

static size_t state_size(const struct weighting_setup *setup)
{
	const struct famo *o = setup->options;

	return 1 + (size_t)setup->K * (size_t)(1 + optim_scalar_floats(&o->optim));
}

static double distance(double loss)
{
	return fmax(loss, 0) + ABOVE_ZERO;
}

static int weigh(const struct weighting_setup *setup, double *state,
	const struct weighting_step *step, double *weight, struct err *e)
{
	int K = setup->K;
	double sum = 0;

	(void)e;
	softmax(K, state + 1, weight);
	for (int k = 0; k < K; k++)
		sum += weight[k] /= distance(step->loss[k]);
	for (int k = 0; k < K; k++)
		weight[k] /= sum;
	return OK;
}

static void update(const struct weighting_setup *setup, double *state,
	const struct weighting_step *step)
{
	const struct famo *o = setup->options;
	int K = setup->K;
	double *logit = state + 1;
	double z[TASKS_MAX];
	double delta[TASKS_MAX];
	double mean = 0;

	softmax(K, logit, z);
	for (int k = 0; k < K; k++) {
		delta[k] = log(distance(step->loss[k])) -
			log(distance(step->loss_after[k]));
		mean += z[k] * delta[k];
	}
	for (int k = 0; k < K; k++)
		delta[k] = z[k] * (delta[k] - mean);
	state[0]++;
	optim_scalar_step(&o->optim, state_count(state[0]), K, logit, delta, logit + K);
}

const struct weighting weighting_famo = {
	.needs = NEEDS_LOSSES_AFTER,
	.parse = parse,
	.state_size = state_size,
	.weigh = weigh,
	.update = update,
};
