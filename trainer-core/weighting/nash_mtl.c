/*
 * Nash-MTL (Navon et al. 2022): alpha > 0 with M alpha = 1 / alpha, the bargaining
 * solution of the tasks. alpha weighs the losses, so heads get it as well; of the trunk's
 * gradient, whose square length is K, max_norm is left.
 *
 * Where there is no solution (a zero gradient, gradients that can cancel) the last alpha
 * stays, and the step is counted. State: largest residual of the epoch, steps of the
 * epoch without a solution, alpha (K), at first 1.
 */
#include <math.h>
#include "trainer-core/solver/solver.h"
#include "trainer-core/weighting/method.h"

struct nash {
	double max_norm;
	double every;
};

static int parse(struct weighting_setup *setup, const struct params *ps,
	struct arena *a, struct err *e)
{
	struct nash *o = NEW(a, struct nash);
	int rc = setting_real(ps, "max_norm", &o->max_norm, e);

	setup->options = o;
	return rc ? rc : setting_real(ps, "update_every", &o->every, e);
}

static size_t state_size(const struct weighting_setup *setup)
{
	return 2 + (size_t)setup->K;
}

static void init(const struct weighting_setup *setup, double *state)
{
	for (int k = 0; k < setup->K; k++)
		state[2 + k] = 1;
}

static int weigh(const struct weighting_setup *setup, double *state,
	const struct weighting_step *step, double *weight, struct err *e)
{
	const struct nash *o = setup->options;
	double *alpha = state + 2;
	int K = setup->K;
	double residual;
	double length;
	double keep = 1;

	(void)e;
	if (step->step % (int64_t)o->every == 0) {
		if (nash_bargain(K, step->gram, alpha, &residual))
			residual_note(state, residual);
		else
			state[1]++;
	}
	length = sqrt(fmax(form(K, step->gram, alpha, alpha), 0));
	if (o->max_norm > 0 && length > o->max_norm)
		keep = o->max_norm / length;
	for (int k = 0; k < K; k++)
		weight[k] = keep * alpha[k];
	return OK;
}

static void heads(const struct weighting_setup *setup, const double *state,
	const struct weighting_step *step, const double *weight, double *head)
{
	(void)step, (void)weight;
	for (int k = 0; k < setup->K; k++)
		head[k] = state[2 + k];
}

static void end_epoch(
	const struct weighting_setup *setup, double *state, const double *mean_loss)
{
	(void)setup, (void)mean_loss;
	state[0] = state[1] = 0;
}

static int diagnose(const struct weighting_setup *setup, const double *state,
	const double *mean_loss, struct diagnostic *d)
{
	(void)setup, (void)mean_loss;
	d[0] = (struct diagnostic){ "solver_residual", -1, state[0] };
	d[1] = (struct diagnostic){ "steps_without_solution", -1, state[1] };
	return 2;
}

const struct weighting weighting_nash_mtl = {
	.needs = NEEDS_SHARED_GRADIENTS,
	.parse = parse,
	.state_size = state_size,
	.init = init,
	.weigh = weigh,
	.end_epoch = end_epoch,
	.diagnose = diagnose,
	.heads = heads,
};
