/*
 * UW-SO with a learned temperature: the objective is sum w_k(T) L_k + 1/T, the weights
 * are constants for the network (Kirchdorfer et al. 2025, eq. 24). With alpha = sum w a
 * and Lbar = sum w L its slope is
 *
 *	d/dT = -Cov_w(a, L)/T^2 - 1/T^2 = (alpha Lbar - 2)/T^2
 *
 * since sum w_k a_k L_k = 1 above the floor. T itself takes the optimizer's steps, as printed
 * in the paper, which is silent on T > 0: here one step may at most halve T. Where
 * alpha Lbar stays below 2, as for two losses with a ratio below 5.83, T grows for ever.
 *
 * State: losses below the floor in this epoch, then the learned scalar T.
 */
#include "trainer-core/weighting/shared/inverse.h"
#include "trainer-core/weighting/shared/learned.h"
#include "trainer-core/weighting/method.h"

struct uw_so_learned {
	struct learned learned; /* first: learned_update */
	double init;
	struct inverse_floor floor;
};

static int parse(struct weighting_setup *setup, const struct params *ps,
	struct arena *a, struct err *e)
{
	struct uw_so_learned *o = NEW(a, struct uw_so_learned);
	int rc;

	setup->options = o;
	o->learned = (struct learned){ .n = 1, .at = 1, .positive = true };
	rc = setting_real(ps, "init", &o->init, e);
	if (!rc)
		rc = inverse_floor_parse(ps, &o->floor, e);
	return rc ? rc : learned_parse(setup, ps, &o->learned, e);
}

static size_t state_size(const struct weighting_setup *setup)
{
	return 1 + learned_size(setup, 1);
}

static void init(const struct weighting_setup *setup, double *state)
{
	const struct uw_so_learned *o = setup->options;

	learned_init(state + 1, 1, o->init);
}

static double temperature(const double *state)
{
	return learned_values(state + 1)[0];
}

static int weigh(const struct weighting_setup *setup, double *state,
	const struct weighting_step *step, double *weight, struct err *e)
{
	const struct uw_so_learned *o = setup->options;

	(void)e;
	state[0] += inverse_softmax(
		setup->K, step->loss, &o->floor, temperature(state), weight);
	return OK;
}

static double objective(const struct weighting_setup *setup, const double *state,
	const double *loss, double *gradient)
{
	const struct uw_so_learned *o = setup->options;
	double T = temperature(state);
	double w[TASKS_MAX];

	(void)inverse_softmax(setup->K, loss, &o->floor, T, w);
	gradient[0] = (inverse_residual(setup->K, loss, &o->floor, w) - 1) / (T * T);
	return inverse_mean_loss(setup->K, loss, w) + 1 / T;
}

static int diagnose(const struct weighting_setup *setup, const double *state,
	const double *mean_loss, struct diagnostic *d)
{
	const struct uw_so_learned *o = setup->options;
	int n = inverse_diagnose(
		setup->K, mean_loss, &o->floor, temperature(state), state[0], d);

	d[n++] = (struct diagnostic){ "temperature", -1, temperature(state) };
	return n;
}

const struct weighting weighting_uw_so_learned = {
	.parse = parse,
	.state_size = state_size,
	.init = init,
	.weigh = weigh,
	.update = learned_update,
	.objective = objective,
	.end_epoch = inverse_end_epoch,
	.diagnose = diagnose,
};
