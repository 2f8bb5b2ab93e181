/*
 * Dynamic weight average: w = K softmax(r / T), r_k the rate at which loss k moves.
 *
 *	epoch   r_k = mean loss of the last epoch / of the one before; ones in the first
 *	        two epochs. State: epochs ended, last means (K), means before (K).
 *	window  r_k = newer half / older half of the last 2n steps, this one included; the
 *	        history starts as ones, the weights are ones through step n (as in the code
 *	        of Nash-MTL). State: 2n rows of K, the row of step s at s modulo 2n.
 *
 * A rate over an old loss of zero is not known and counts as 1, no movement.
 */
#include <string.h>
#include "trainer-core/weighting/method.h"

struct dwa {
	int form;
	double T;
	int n;
};

static int parse(struct weighting_setup *setup, const struct params *ps,
	struct arena *a, struct err *e)
{
	struct dwa *o = NEW(a, struct dwa);
	int rc;

	setup->options = o;
	rc = setting_choice(ps, "form", &o->form, e);
	if (!rc)
		rc = setting_real(ps, "T", &o->T, e);
	if (!rc)
		rc = setting_whole(ps, "window", &o->n, e);
	return rc;
}

static size_t state_size(const struct weighting_setup *setup)
{
	const struct dwa *o = setup->options;
	size_t K = (size_t)setup->K;

	return o->form == DWA_EPOCH ? 1 + 2 * K : 2 * K * (size_t)o->n;
}

static void init(const struct weighting_setup *setup, double *state)
{
	const struct dwa *o = setup->options;

	if (o->form == DWA_WINDOW)
		for (size_t i = 0; i < state_size(setup); i++)
			state[i] = 1;
}

/* weight (K) holds the rates on entry. */
static void weigh_rates(int K, double T, double *weight)
{
	for (int k = 0; k < K; k++)
		weight[k] /= T;
	softmax(K, weight, weight);
	for (int k = 0; k < K; k++)
		weight[k] *= K;
}

static double rate(double newer, double older)
{
	return older == 0 ? 1 : newer / older;
}

static void epoch_rates(int K, const double *state, double *r)
{
	const double *last = state + 1;
	const double *before = last + K;

	for (int k = 0; k < K; k++)
		r[k] = state[0] < 2 ? 1 : rate(last[k], before[k]);
}

static void window_rates(int K, int n, const double *history, int64_t step, double *r)
{
	for (int k = 0; k < K; k++) {
		double half[2] = { 0, 0 }; /* older, newer */

		for (int i = 0; i < 2 * n; i++) /* from the oldest */
			half[i / n] += history[(step + 1 + i) % (2 * n) * K + k];
		r[k] = rate(half[1], half[0]);
	}
}

static int weigh(const struct weighting_setup *setup, double *state,
	const struct weighting_step *step, double *weight, struct err *e)
{
	const struct dwa *o = setup->options;
	int K = setup->K;

	(void)e;
	if (o->form == DWA_EPOCH) {
		epoch_rates(K, state, weight);
	} else {
		memcpy(state + step->step % (2 * o->n) * K, step->loss,
			(size_t)K * sizeof(*state));
		if (step->step > o->n)
			window_rates(K, o->n, state, step->step, weight);
		else
			for (int k = 0; k < K; k++)
				weight[k] = 1;
	}
	weigh_rates(K, o->T, weight);
	return OK;
}

static void end_epoch(
	const struct weighting_setup *setup, double *state, const double *mean_loss)
{
	const struct dwa *o = setup->options;
	size_t K = (size_t)setup->K;

	if (o->form == DWA_WINDOW)
		return;
	state[0]++;
	memcpy(state + 1 + K, state + 1, K * sizeof(*state));
	memcpy(state + 1, mean_loss, K * sizeof(*state));
}

const struct weighting weighting_dwa = {
	.parse = parse,
	.state_size = state_size,
	.init = init,
	.weigh = weigh,
	.end_epoch = end_epoch,
};
