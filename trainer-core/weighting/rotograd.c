/*
 * RotoGrad (Javaloy, Valera 2022): feature gradients brought to one length and, by a
 * rotation of the features before each head, to one direction.
 *
 *	scale     C sum g_k / n_k with C = sum a_k n_k, a_k = r_k / sum r, r_k = n_k / n_k0;
 *	          n_k0 is the length of the first step, taken anew at step `burn_in`
 *	rotation  R_k follows the mean direction of all tasks (rotation_pull.h) by steps of
 *	          the job's optimizer at `follow` times its rate; R_k = exp(skew), R_k = I at
 *	          first, and a step turns no coordinate by more than TURN_MAX
 *
 * Heads keep the gradients of their own losses. A zero gradient has no direction: it is
 * left out and its rotation stays. A first length of zero counts as no change since.
 *
 * State: 1 once n0 is known, n0 (K), the rotations' steps, coordinates (K, x), the
 * optimizer's state of each. Evaluation goes through the rotations, too.
 */
#include <math.h>
#include <string.h>
#include "trainer-core/kernel/kernel.h"
#include "trainer-core/optim/optim.h"
#include "trainer-core/weighting/shared/rotation_pull.h"
#include "trainer-core/solver/rotation.h"
#include "trainer-core/weighting/method.h"

#define TURN_MAX 0.5

struct rotograd {
	int parts;
	double burn_in;
	double follow;
};

static int parse(struct weighting_setup *setup, const struct params *ps,
	struct arena *a, struct err *e)
{
	struct rotograd *o = NEW(a, struct rotograd);
	int rc = setting_choice(ps, "parts", &o->parts, e);

	setup->options = o;
	if (!rc && o->parts == ROTOGRAD_SCALE)
		setup->needs &= ~(unsigned)NEEDS_ROTATION;
	if (!rc)
		rc = setting_real(ps, "burn_in", &o->burn_in, e);
	return rc ? rc : setting_real(ps, "follow", &o->follow, e);
}

static int channels(const struct weighting_setup *setup)
{
	return setup->needs & NEEDS_ROTATION ? setup->trunk->channels : 0;
}

/* Coordinates of a rotation. */
static size_t coordinates(const struct weighting_setup *setup)
{
	int C = channels(setup);

	return C ? rotation_coordinates(C) : 0;
}

static const double *rotation_of_task(
	const struct weighting_setup *setup, const double *state, int k)
{
	return state + 2 + setup->K + (size_t)k * coordinates(setup);
}

static size_t state_size(const struct weighting_setup *setup)
{
	size_t each = 1 + (size_t)optim_scalar_floats(setup->optim);

	return 2 + (size_t)setup->K + (size_t)setup->K * coordinates(setup) * each;
}

/* E, R, the slope in the coordinates, and the scratch of what computes them. */
static size_t work(const struct weighting_setup *setup)
{
	int C = channels(setup);

	return C ? 3 * (size_t)C * (size_t)C + 2 * (size_t)C + rotation_work(C) : 0;
}

static void rotation(const struct weighting_setup *setup, const double *state, int k,
	double *room, double *R)
{
	rotation_of(channels(setup), rotation_of_task(setup, state, k), R, room);
}

/* One step of task k's rotation towards the target. */
static void follow(const struct weighting_setup *setup, double *state,
	const struct optim_info *optim, const struct task_gradients *g,
	const float *target, int k)
{
	int C = channels(setup);
	int n = (int)coordinates(setup);
	double *x = state + 2 + setup->K;
	double *moments = x + setup->K * n;
	double *slope = g->work;
	double *E = slope + C * C;
	double *R = E + C * C;
	double *room = R + C * C;

	x += k * n;
	moments += k * n * optim_scalar_floats(optim);
	rotation_of(C, x, R, room);
	(void)rotation_pull(C, g, target, k, R, E, room);
	rotation_slope(C, x, E, slope, room);
	memcpy(E, x, (size_t)n * sizeof(*x));
	optim_scalar_step(
		optim, state_count(state[1 + setup->K]), n, x, slope, moments);
	for (int i = 0; i < n; i++)
		x[i] = fmin(fmax(x[i], E[i] - TURN_MAX), E[i] + TURN_MAX);
}

static void prepare(const struct weighting_setup *setup, double *state,
	const struct weighting_step *step, const struct kernels *kernels,
	struct task_gradients *g)
{
	const struct rotograd *o = setup->options;
	struct optim_info optim = *setup->optim;

	if (!channels(setup))
		return;
	optim.lr *= o->follow * step->lr_factor;
	optim.wd = 0;
	state[1 + setup->K]++;
	rotation_target(setup->K, kernels, g, g->out);
	for (int k = 0; k < setup->K; k++)
		if (kernels->dot(g->n, g->g[k], g->g[k]) > 0)
			follow(setup, state, &optim, g, g->out, k);
}

static int weigh(const struct weighting_setup *setup, double *state,
	const struct weighting_step *step, double *weight, struct err *e)
{
	const struct rotograd *o = setup->options;
	double *first = state + 1;
	int K = setup->K;
	double rates = 0;
	double common = 0;

	(void)e;
	for (int k = 0; k < K; k++)
		weight[k] = sqrt(step->gram[k * K + k]);
	if (state[0] == 0 || (o->burn_in > 0 && (double)step->step == o->burn_in))
		memcpy(first, weight, (size_t)K * sizeof(*first));
	state[0] = 1;
	for (int k = 0; k < K; k++) {
		double rate = first[k] > 0 ? weight[k] / first[k] : 1;

		rates += rate;
		common += rate * weight[k];
	}
	for (int k = 0; k < K; k++)
		weight[k] = o->parts == ROTOGRAD_ROTATION ? 1
			: weight[k] > 0                   ? common / rates / weight[k]
							  : 0;
	return OK;
}

const struct weighting weighting_rotograd = {
	.needs = NEEDS_FEATURE_GRADIENTS | NEEDS_ROTATION,
	.parse = parse,
	.state_size = state_size,
	.weigh = weigh,
	.prepare = prepare,
	.work = work,
	.rotation = rotation,
	.heads = heads_unweighted,
};
