/*
 * Sign dropout of task gradients (Chen et al. 2020), the arithmetic of GradDrop.
 */
#ifndef DELTAM_SIGN_DROPOUT_H
#define DELTAM_SIGN_DROPOUT_H

#include "trainer-core/weighting/weighting.h"

struct sign_dropout {
	int K;
	double leak; /* share of every gradient that passes in any case */
	double eps;
	double scale; /* of the result */
	/* The draw of coordinate f, in [0, 1). */
	double (*draw)(const void *arg, size_t f);
	const void *arg;
};

/* The chance that the positive sign stays, from what each task (K) says. */
double sign_chance(const struct sign_dropout *o, const double *own);

/*
 * Fills g->out. With g->feature a coordinate is a feature: one draw for the whole batch,
 * decided by the gradients times the features' signs, summed over the batch.
 */
void sign_dropout(const struct sign_dropout *o, struct task_gradients *g);

#endif
