/*
 * Gradient cosine similarity (Du et al. 2018): an auxiliary task reaches the trunk where
 * its gradient does not point away from the primary one's, cos >= 0; in the weighted form
 * by max(0, cos). Every head keeps the gradient of its own loss. A zero gradient has no
 * direction and counts as cosine 0.
 */
#include <math.h>
#include "trainer-core/primary.h"
#include "trainer-core/weighting/method.h"

struct gcs {
	int primary;
	int weighted;
};

static int parse(struct weighting_setup *setup, const struct params *ps,
	struct arena *a, struct err *e)
{
	struct gcs *o = NEW(a, struct gcs);
	int rc = primary_parse(setup, ps, &o->primary, e);

	setup->options = o;
	return rc ? rc : weighting_choice(setup, ps, "form", &o->weighted, e);
}

static int weigh(const struct weighting_setup *setup, double *state,
	const struct weighting_step *step, double *weight, struct err *e)
{
	const struct gcs *o = setup->options;
	const double *M = step->gram;
	int K = setup->K;
	int p = o->primary;

	(void)state, (void)e;
	for (int k = 0; k < K; k++) {
		double lengths = sqrt(M[p * K + p]) * sqrt(M[k * K + k]);
		double cosine = lengths > 0 ? M[p * K + k] / lengths : 0;

		weight[k] = o->weighted ? fmax(cosine, 0) : cosine >= 0;
	}
	weight[p] = 1;
	return OK;
}

const struct weighting weighting_gcs = {
	.needs = NEEDS_SHARED_GRADIENTS,
	.parse = parse,
	.weigh = weigh,
	.heads = heads_unweighted,
};
