/*
 * MGDA (Desideri 2012; Sener, Koltun 2018): the convex combination of the tasks' gradients
 * with the smallest norm, solved exactly. `gradients: features` is their upper bound,
 * MGDA-UB. The gradients may be normalised before: by their length, their loss, or both.
 *
 * The weights found on normalised gradients multiply the plain ones, as in the authors'
 * code; `apply: normalized` combines the normalised ones, as LibMTL does. Heads keep the
 * gradients of their own losses, as the paper's algorithm prints; `heads: weighted` is
 * the authors' code, which weighs the losses. A gradient of zero is its own smallest
 * combination. State: the largest residual of the epoch.
 */
#include <math.h>
#include <string.h>
#include "trainer-core/solver/solver.h"
#include "trainer-core/weighting/method.h"

struct mgda {
	struct gradient_options gradient;
	int normalize;
	int apply;
};

static int parse(struct weighting_setup *setup, const struct params *ps,
	struct arena *a, struct err *e)
{
	struct mgda *o = NEW(a, struct mgda);
	int rc = gradient_options(setup, ps, &o->gradient, e);

	setup->options = o;
	if (!rc)
		rc = setting_choice(ps, "normalize", &o->normalize, e);
	return rc ? rc : setting_choice(ps, "apply", &o->apply, e);
}

/* What gradient k is divided by. */
static int divisor(const struct weighting_setup *setup, int k,
	const struct weighting_step *step, double *out, struct err *e)
{
	const struct mgda *o = setup->options;
	double length = sqrt(step->gram[k * setup->K + k]);
	bool by_loss = o->normalize == MGDA_LOSS || o->normalize == MGDA_LOSS_PLUS;

	*out = by_loss ? step->loss[k] : 1;
	if (!(*out > 0))
		return err_set(e, ERR_DIVERGED,
			"task %s: a gradient cannot be divided by a loss of %g",
			setup->task[k].name, step->loss[k]);
	if ((o->normalize == MGDA_L2 || o->normalize == MGDA_LOSS_PLUS) && length > 0)
		*out *= length;
	return OK;
}

static int weigh(const struct weighting_setup *setup, double *state,
	const struct weighting_step *step, double *weight, struct err *e)
{
	const struct mgda *o = setup->options;
	int K = setup->K;
	double M[TASKS_MAX * TASKS_MAX] = { 0 };
	double by[TASKS_MAX];

	for (int k = 0; k < K; k++) {
		int rc = divisor(setup, k, step, &by[k], e);

		if (rc)
			return rc;
	}
	for (int i = 0; i < K; i++)
		for (int j = 0; j < K; j++)
			M[i * K + j] = step->gram[i * K + j] / by[i] / by[j];
	memset(weight, 0, (size_t)K * sizeof(*weight));
	residual_note(state, simplex_quadratic(K, M, NULL, weight));
	for (int k = 0; o->apply == MGDA_APPLY_NORMALIZED && k < K; k++)
		weight[k] /= by[k];
	return OK;
}

static void heads(const struct weighting_setup *setup, const double *state,
	const struct weighting_step *step, const double *weight, double *head)
{
	const struct mgda *o = setup->options;

	if (!o->gradient.weighted_heads)
		heads_unweighted(setup, state, step, weight, head);
}

const struct weighting weighting_mgda = {
	.needs = NEEDS_SHARED_GRADIENTS,
	.parse = parse,
	.state_size = residual_state_size,
	.weigh = weigh,
	.end_epoch = residual_end_epoch,
	.diagnose = residual_diagnose,
	.heads = heads,
};
