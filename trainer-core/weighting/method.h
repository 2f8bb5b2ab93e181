/*
 * What the files in this folder share.
 */
#ifndef DELTAM_WEIGHTING_METHOD_H
#define DELTAM_WEIGHTING_METHOD_H

#include "catalogue/choices.h"
#include "catalogue/setting.h"
#include "trainer-core/weighting/weighting.h"

/* w (K) = softmax(logit), computed with the largest subtracted. w may be logit. */
void softmax(int K, const double *logit, double *w);

/*
 * A state keeps counts as doubles. What is no count, in a file that somebody made, is 0:
 * C does not define the conversion of a double that does not fit.
 */
static inline long state_count(double v)
{
	return v >= 0 && v <= 9007199254740992.0 ? (long)v : 0;
}

/* Most methods on gradients let the sweep file choose both: */
struct gradient_options {
	bool features; /* the gradients are those of the features */
	bool weighted_heads; /* heads get the weights too */
};

/*
 * Reads `gradients` (parameters|features) and `heads` (own|weighted), those that the row
 * has, and sets setup->needs. ERR_SPEC.
 */
MUST_CHECK int gradient_options(struct weighting_setup *setup, const struct params *ps,
	struct gradient_options *o, struct err *e);

/*
 * A state of one double, the largest residual of a solver in this epoch: a diagnostic
 * solver_residual. For struct weighting's functions of these names.
 */
void residual_note(double *state, double residual);
size_t residual_state_size(const struct weighting_setup *setup);
void residual_end_epoch(
	const struct weighting_setup *setup, double *state, const double *mean_loss);
int residual_diagnose(const struct weighting_setup *setup, const double *state,
	const double *mean_loss, struct diagnostic *d);

/* out = sum_k weight[k] g_k: what happens where a method has no `merge`. */
void add_up(int K, const struct kernels *kernels, const double *weight,
	struct task_gradients *g);

/* Every head keeps the gradient of its own loss: for struct weighting's `heads`. */
void heads_unweighted(const struct weighting_setup *setup, const double *state,
	const struct weighting_step *step, const double *weight, double *head);

#endif
