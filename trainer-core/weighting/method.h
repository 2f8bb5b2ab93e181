/*
 * What the files in this folder share.
 */
#ifndef DELTAM_WEIGHTING_METHOD_H
#define DELTAM_WEIGHTING_METHOD_H

#include "trainer-core/weighting.h"

/*
 * The real parameter `name`: from ps, else the default of weighting.def. Where that has
 * none *v stays as it was. ERR_SPEC outside its range.
 */
MUST_CHECK int weighting_option(const struct weighting_setup *setup,
	const struct params *ps, const char *name, double *v, struct err *e);

/* The index of a choice parameter's value in its list. ERR_SPEC. */
MUST_CHECK int weighting_choice(const struct weighting_setup *setup,
	const struct params *ps, const char *name, int *index, struct err *e);

/* w (K) = softmax(logit), computed with the largest subtracted. w may be logit. */
void softmax(int K, const double *logit, double *w);

/* Every head keeps the gradient of its own loss: for struct weighting's `heads`. */
void heads_unweighted(const struct weighting_setup *setup, const double *state,
	const struct weighting_step *step, const double *weight, double *head);

#endif
