/*
 * Gradient cosine similarity (Du et al. 2018): an auxiliary task reaches the trunk where
 * its gradient does not point away from the primary one's, cos >= 0; in the weighted form
 * by max(0, cos). Every head keeps the gradient of its own loss, unless decoders are
 * impartial (impartial.h; state: theirs). A zero gradient has no direction and counts as
 * cosine 0.
 */
#include <math.h>
#include "trainer-core/weighting/shared/impartial.h"
#include "trainer-core/weighting/shared/primary.h"
#include "trainer-core/weighting/method.h"

struct gcs {
	struct impartial decoder; /* first: learned_update */
	int primary;
	int form;
};

static int parse(struct weighting_setup *setup, const struct params *ps,
	struct arena *a, struct err *e)
{
	struct gcs *o = NEW(a, struct gcs);
	int rc = primary_parse(setup, ps, &o->primary, e);

	setup->options = o;
	if (!rc)
		rc = setting_choice(ps, "form", &o->form, e);
	return rc ? rc : impartial_parse(setup, ps, 0, &o->decoder, e);
}

static size_t state_size(const struct weighting_setup *setup)
{
	const struct gcs *o = setup->options;

	return impartial_size(setup, &o->decoder);
}

static void init(const struct weighting_setup *setup, double *state)
{
	const struct gcs *o = setup->options;

	impartial_init(setup, &o->decoder, state);
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

		weight[k] = o->form == GCS_WEIGHTED ? fmax(cosine, 0) : cosine >= 0;
	}
	weight[p] = 1;
	return OK;
}

static void heads(const struct weighting_setup *setup, const double *state,
	const struct weighting_step *step, const double *weight, double *head)
{
	const struct gcs *o = setup->options;

	if (o->decoder.on)
		impartial_heads(setup, &o->decoder, state, head);
	else
		heads_unweighted(setup, state, step, weight, head);
}

static void update(const struct weighting_setup *setup, double *state,
	const struct weighting_step *step)
{
	const struct gcs *o = setup->options;

	if (o->decoder.on)
		learned_update(setup, state, step);
}

const struct weighting weighting_gcs = {
	.needs = NEEDS_SHARED_GRADIENTS,
	.parse = parse,
	.state_size = state_size,
	.init = init,
	.weigh = weigh,
	.update = update,
	.objective = impartial_objective,
	.diagnose = impartial_diagnose,
	.heads = heads,
};
