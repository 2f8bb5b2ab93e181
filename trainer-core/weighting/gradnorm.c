/*
 * GradNorm (Chen et al. 2018): weights that bring the lengths G_k = w_k n_k of the
 * weighted gradients of the last shared layer to mean(G) r_k^alpha, r_k = L_k / L_k(0)
 * over its mean. The target is a constant, so the slope of sum_k |G_k - target_k| in w_k is
 * n_k times a sign. Weights move after the step and sum to K.
 *
 *	paper    w itself takes the step, at least FLOOR, and is rescaled to sum K
 *	softmax  w = K softmax(s), s takes the step (LibMTL)
 *
 * `initial: epoch` takes the means of the first epoch, trained with equal weights, for
 * L(0) (LibMTL); `step` the first batch. A task whose L(0) is 0 counts as unchanged.
 *
 * State: 1 once L(0) is known, L(0) (K), the learned scalars (K).
 */
#include <math.h>
#include <string.h>
#include "trainer-core/weighting/shared/learned.h"
#include "trainer-core/weighting/method.h"

#define FLOOR 1e-6

struct gradnorm {
	double alpha;
	int shape;
	int initial;
	int heads;
	struct learned learned;
};

static int parse(struct weighting_setup *setup, const struct params *ps,
	struct arena *a, struct err *e)
{
	struct gradnorm *o = NEW(a, struct gradnorm);
	int layers;
	int rc = setting_real(ps, "alpha", &o->alpha, e);

	setup->options = o;
	o->learned.at = 1 + (size_t)setup->K;
	if (!rc)
		rc = setting_choice(ps, "form", &o->shape, e);
	if (!rc)
		rc = setting_choice(ps, "initial", &o->initial, e);
	if (!rc)
		rc = setting_choice(ps, "heads", &o->heads, e);
	if (!rc)
		rc = setting_choice(ps, "layers", &layers, e);
	if (!rc && layers == GRADNORM_ALL)
		setup->needs &= ~(unsigned)NEEDS_LAST_LAYER;
	return rc ? rc : learned_parse(setup, ps, &o->learned, e);
}

static double *learned_state(const struct weighting_setup *setup, double *state)
{
	return state + 1 + setup->K;
}

static size_t state_size(const struct weighting_setup *setup)
{
	return 1 + (size_t)setup->K + learned_size(setup, setup->K);
}

static void init(const struct weighting_setup *setup, double *state)
{
	learned_init(learned_state(setup, state), setup->K, 1);
}

static int weigh(const struct weighting_setup *setup, double *state,
	const struct weighting_step *step, double *weight, struct err *e)
{
	const struct gradnorm *o = setup->options;
	const double *value = learned_values(learned_state(setup, state));
	int K = setup->K;

	(void)e;
	if (state[0] == 0 && o->initial == GRADNORM_STEP) {
		memcpy(state + 1, step->loss, (size_t)K * sizeof(*state));
		state[0] = 1;
	}
	memcpy(weight, value, (size_t)K * sizeof(*weight));
	if (o->shape == GRADNORM_PAPER)
		return OK;
	softmax(K, value, weight);
	for (int k = 0; k < K; k++)
		weight[k] *= K;
	return OK;
}

/* d sum |G - target| / d w into slope; returns the sum. */
static double slope_of(const struct weighting_setup *setup, const double *first,
	const struct weighting_step *step, const double *weight, double *slope)
{
	const struct gradnorm *o = setup->options;
	int K = setup->K;
	double rate[TASKS_MAX];
	double mean_rate = 0;
	double mean = 0;
	double sum = 0;

	for (int k = 0; k < K; k++) {
		rate[k] = first[k] == 0 ? 1 : step->loss[k] / first[k];
		mean_rate += rate[k] / K;
		slope[k] = sqrt(step->gram[k * K + k]);
		mean += weight[k] * slope[k] / K;
	}
	for (int k = 0; k < K; k++) {
		double relative = mean_rate == 0 ? 1 : rate[k] / mean_rate;
		double off = weight[k] * slope[k] - mean * pow(relative, o->alpha);

		sum += fabs(off);
		slope[k] *= (off > 0) - (off < 0);
	}
	return sum;
}

static void rescale(int K, double *w)
{
	double sum = 0;

	for (int k = 0; k < K; k++)
		sum += w[k] = fmax(w[k], FLOOR);
	for (int k = 0; k < K; k++)
		w[k] *= K / sum;
}

static void update(const struct weighting_setup *setup, double *state,
	const struct weighting_step *step)
{
	const struct gradnorm *o = setup->options;
	double *learned = learned_state(setup, state);
	int K = setup->K;
	double weight[TASKS_MAX];
	double slope[TASKS_MAX];
	double mean = 0;

	if (state[0] == 0 || weigh(setup, state, step, weight, NULL))
		return;
	(void)slope_of(setup, state + 1, step, weight, slope);
	for (int k = 0; k < K; k++)
		mean += slope[k] * weight[k] / K;
	for (int k = 0; o->shape == GRADNORM_SOFTMAX && k < K; k++)
		slope[k] = weight[k] * (slope[k] - mean);
	learned_step(setup, &o->learned, step, slope, state);
	if (o->shape == GRADNORM_PAPER)
		rescale(K, learned + 1);
}

static void heads(const struct weighting_setup *setup, const double *state,
	const struct weighting_step *step, const double *weight, double *head)
{
	const struct gradnorm *o = setup->options;

	if (o->heads == HEADS_OWN)
		heads_unweighted(setup, state, step, weight, head);
}

static void end_epoch(
	const struct weighting_setup *setup, double *state, const double *mean_loss)
{
	if (state[0] != 0)
		return;
	memcpy(state + 1, mean_loss, (size_t)setup->K * sizeof(*state));
	state[0] = 1;
}

const struct weighting weighting_gradnorm = {
	.needs = NEEDS_SHARED_GRADIENTS | NEEDS_LAST_LAYER,
	.parse = parse,
	.state_size = state_size,
	.init = init,
	.weigh = weigh,
	.update = update,
	.end_epoch = end_epoch,
	.heads = heads,
};
