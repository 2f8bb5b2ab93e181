/*
 * RotoGrad's rotations: where the tasks' feature gradients should point, and how far a
 * task's rotation is from turning them there (Javaloy, Valera 2022).
 *
 * Rows are (n, C S) as in struct task_gradients: C channels of S places a sample; every
 * place counts as a row of its own.
 */
#ifndef DELTAM_ROTATION_PULL_H
#define DELTAM_ROTATION_PULL_H

#include "trainer-core/weighting/weighting.h"

/*
 * target (n floats) = mean of the gradients, each brought to the length of their plain
 * mean; a zero gradient has no direction and is left out.
 */
void rotation_target(int K, const struct kernels *kernels,
	const struct task_gradients *g, float *target);

/*
 * Mean over rows of |R u - R g|^2, u a row of target and R g that of the gradient as the
 * head sees it, a constant. slope (C, C) is its slope in the entries of R.
 * work: C C + 2 C doubles.
 */
double rotation_pull(int C, const struct task_gradients *g, const float *target, int k,
	const double *R, double *slope, double *work);

#endif
