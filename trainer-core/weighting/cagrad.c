/*
 * CAGrad (Liu et al. 2021): of all directions within c |g0| of the mean gradient g0, the
 * one that serves the worst task best. Its dual finds w on the simplex that minimises
 * g_w . g0 + c |g0| |g_w| with g_w = sum w g; then d = g0 + c |g0| g_w / |g_w|.
 *
 * rescale divides d by 1 + c^2 (1) or 1 + c (2), as reference codes do; reduction sum
 * multiplies it by K. Where the gradients cancel (|g_w| below 1e-6 of the longest) that
 * direction is noise and d = g0. State: the largest residual of the epoch.
 *
 * eps smooths as the authors' toy does: lengths are sqrt(|v|^2 + eps), that of g0 being
 * the sum's over K, and g_w is divided by its length + eps.
 */
#include <math.h>
#include "trainer-core/solver/solver.h"
#include "trainer-core/weighting/method.h"

#define CANCELLED 1e-6

struct cagrad {
	double c, rescale, eps;
	int reduction;
};

static int parse(struct weighting_setup *setup, const struct params *ps,
	struct arena *a, struct err *e)
{
	struct cagrad *o = NEW(a, struct cagrad);
	int rc = setting_real(ps, "c", &o->c, e);

	setup->options = o;
	if (!rc)
		rc = setting_real(ps, "rescale", &o->rescale, e);
	if (!rc)
		rc = setting_real(ps, "eps", &o->eps, e);
	return rc ? rc : setting_choice(ps, "reduction", &o->reduction, e);
}

static double factor_of(const struct cagrad *o, int K)
{
	double f = o->reduction == REDUCTION_SUM ? K : 1;

	if (o->rescale == 1)
		f /= 1 + o->c * o->c;
	if (o->rescale == 2)
		f /= 1 + o->c;
	return f;
}

static int weigh(const struct weighting_setup *setup, double *state,
	const struct weighting_step *step, double *weight, struct err *e)
{
	const struct cagrad *o = setup->options;
	int K = setup->K;
	double M[TASKS_MAX * TASKS_MAX]; /* |g_w|^2 + eps = w^T M w where w sums to 1 */
	double b[TASKS_MAX]; /* g_k . g0 */
	double w[TASKS_MAX];
	double square = 0;
	double longest = 0;
	double radius;
	double length;

	(void)e;
	for (int i = 0; i < K; i++) {
		b[i] = 0;
		for (int j = 0; j < K; j++)
			b[i] += step->gram[i * K + j] / K;
		square += b[i] / K;
		longest = fmax(longest, sqrt(step->gram[i * K + i]));
	}
	for (int i = 0; i < K * K; i++)
		M[i] = step->gram[i] + o->eps;
	radius = o->c * sqrt(fmax(square + o->eps / K / K, 0));
	residual_note(state, simplex_norm(K, M, b, radius, w));
	length = sqrt(fmax(form(K, M, w, w), 0)) + o->eps;
	for (int k = 0; k < K; k++) {
		weight[k] = 1.0 / K;
		if (length > CANCELLED * longest)
			weight[k] += radius * w[k] / length;
		weight[k] *= factor_of(o, K);
	}
	return OK;
}

const struct weighting weighting_cagrad = {
	.needs = NEEDS_SHARED_GRADIENTS,
	.parse = parse,
	.state_size = residual_state_size,
	.weigh = weigh,
	.end_epoch = residual_end_epoch,
	.diagnose = residual_diagnose,
	.heads = heads_unweighted,
};
