/*
 * train.freeze: what keeps its initial values, "trunk" or names of tasks whose heads do.
 * Its gradient is computed and measured, but is zero when the optimizer sees it; what
 * decay would do all the same is taken back.
 */
#ifndef DELTAM_FREEZE_H
#define DELTAM_FREEZE_H

#include "trainer-core/graph/graph.h"

struct freeze {
	struct graph *graph;
	int *scope; /* (scopes) */
	int scopes;
	float *value; /* the initial values of all parameters, where a scope is frozen */
};

/* Reads train.freeze; task (K) names the heads of g, which has its initial values. ERR_SPEC */
MUST_CHECK int freeze_parse(struct freeze *f, struct graph *g,
	const struct task_info *task, const struct params *ps, struct arena *a,
	struct err *e);
/* Sets what is frozen to zero in a gradient, before the optimizer's step. */
void freeze_gradient(const struct freeze *f, float *gradient);
/*
 * Puts the initial values back after the step, because decay moves them all the same.
 */
void freeze_hold(const struct freeze *f);

#endif
