/*
 * Aligned-MTL (Senushkin et al. 2023): the tasks' gradients are replaced by the nearest
 * ones whose matrix has equal singular values. With M = V diag(lambda) V^T and the
 * eigenvalues above max(lambda) K eps kept, B = sqrt(lambda_s) V lambda^{-1/2} V^T and the
 * weights are B times the tasks' preference: 1/K each (the paper), or ones (its code).
 * lambda_s is the smallest kept, the lower median, or the mean (rmse).
 */
#include <math.h>
#include <string.h>
#include "trainer-core/solver/solver.h"
#include "trainer-core/weighting/method.h"

struct aligned {
	struct gradient_options gradient;
	int scale;
	int reduction;
	double eps;
};

static int parse(struct weighting_setup *setup, const struct params *ps,
	struct arena *a, struct err *e)
{
	struct aligned *o = NEW(a, struct aligned);
	int rc = gradient_options(setup, ps, &o->gradient, e);

	setup->options = o;
	if (!rc)
		rc = setting_choice(ps, "scale", &o->scale, e);
	if (!rc)
		rc = setting_choice(ps, "reduction", &o->reduction, e);
	return rc ? rc : setting_real(ps, "eps", &o->eps, e);
}

/* value: n kept ones, falling. */
static double common_value(int scale, const double *value, int n)
{
	double sum = 0;

	if (scale == ALIGNED_MIN)
		return value[n - 1];
	if (scale == ALIGNED_MEDIAN)
		return value[n / 2];
	for (int i = 0; i < n; i++)
		sum += value[i];
	return sum / n;
}

static int weigh(const struct weighting_setup *setup, double *state,
	const struct weighting_step *step, double *weight, struct err *e)
{
	const struct aligned *o = setup->options;
	int K = setup->K;
	double value[TASKS_MAX];
	double vector[TASKS_MAX * TASKS_MAX];
	double preference = o->reduction == REDUCTION_SUM ? 1 : 1.0 / K;
	int kept = 0;

	(void)state, (void)e;
	symmetric_eigen(K, step->gram, value, vector);
	while (kept < K && value[kept] > value[0] * K * o->eps && value[kept] > 0)
		kept++;
	memset(weight, 0, (size_t)K * sizeof(*weight));
	for (int i = 0; i < kept; i++) {
		double share = sqrt(common_value(o->scale, value, kept) / value[i]);
		double sum = 0;

		for (int k = 0; k < K; k++)
			sum += vector[k * K + i];
		for (int k = 0; k < K; k++)
			weight[k] += preference * share * sum * vector[k * K + i];
	}
	return OK;
}

static void heads(const struct weighting_setup *setup, const double *state,
	const struct weighting_step *step, const double *weight, double *head)
{
	const struct aligned *o = setup->options;

	if (!o->gradient.weighted_heads)
		heads_unweighted(setup, state, step, weight, head);
}

const struct weighting weighting_aligned_mtl = {
	.needs = NEEDS_SHARED_GRADIENTS,
	.parse = parse,
	.weigh = weigh,
	.heads = heads,
};
