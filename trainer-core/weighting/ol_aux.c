/*
 * OL-AUX (Lin et al. 2019): the weight of an auxiliary task grows by what its gradient
 * does for the primary one, w_k += beta sum lr g_p . g_k, once every N steps; the primary
 * weight stays 1, the others start at 1. lr is the network's. Weights multiply losses, so
 * heads get them too.
 *
 * The public code cuts weights at 0 (`clip`) and takes for g_p the gradient of the whole
 * weighted loss (`main: total`); it also averages gradients over four steps, which is not
 * done here. State: the weights (K), the sums of this round (K).
 */
#include <math.h>
#include <string.h>
#include "trainer-core/optim.h"
#include "trainer-core/primary.h"
#include "trainer-core/weighting/method.h"

struct ol_aux {
	int primary;
	double N, beta;
	int clip;
	int total;
};

static int parse(struct weighting_setup *setup, const struct params *ps,
	struct arena *a, struct err *e)
{
	struct ol_aux *o = NEW(a, struct ol_aux);
	int rc = primary_parse(setup, ps, &o->primary, e);

	setup->options = o;
	if (!rc)
		rc = weighting_option(setup, ps, "N", &o->N, e);
	if (!rc)
		rc = weighting_option(setup, ps, "beta", &o->beta, e);
	if (!rc)
		rc = weighting_choice(setup, ps, "clip", &o->clip, e);
	return rc ? rc : weighting_choice(setup, ps, "main", &o->total, e);
}

static size_t state_size(const struct weighting_setup *setup)
{
	return 2 * (size_t)setup->K;
}

static void init(const struct weighting_setup *setup, double *state)
{
	for (int k = 0; k < setup->K; k++)
		state[k] = 1;
}

static int weigh(const struct weighting_setup *setup, double *state,
	const struct weighting_step *step, double *weight, struct err *e)
{
	(void)step, (void)e;
	memcpy(weight, state, (size_t)setup->K * sizeof(*weight));
	return OK;
}

/* The product of task k's gradient and the main one. */
static double help(
	const struct weighting_setup *setup, const double *w, const double *gram, int k)
{
	const struct ol_aux *o = setup->options;
	double sum = 0;

	if (!o->total)
		return gram[o->primary * setup->K + k];
	for (int j = 0; j < setup->K; j++)
		sum += w[j] * gram[j * setup->K + k];
	return sum;
}

static void update(const struct weighting_setup *setup, double *state,
	const struct weighting_step *step)
{
	const struct ol_aux *o = setup->options;
	double lr = setup->optim->lr * step->lr_factor;
	double *round = state + setup->K;

	for (int k = 0; k < setup->K; k++)
		if (k != o->primary)
			round[k] += lr * help(setup, state, step->gram, k);
	if ((step->step + 1) % (int64_t)o->N != 0)
		return;
	for (int k = 0; k < setup->K; k++) {
		state[k] += o->beta * round[k];
		if (o->clip)
			state[k] = fmax(state[k], 0);
		round[k] = 0;
	}
}

const struct weighting weighting_ol_aux = {
	.needs = NEEDS_SHARED_GRADIENTS,
	.parse = parse,
	.state_size = state_size,
	.init = init,
	.weigh = weigh,
	.update = update,
};
