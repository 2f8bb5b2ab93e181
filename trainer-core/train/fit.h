/*
 * This says whether a weighting method can work with a network: `check` asks before
 * anything is trained, and a job before its first step.
 */
#ifndef DELTAM_FIT_H
#define DELTAM_FIT_H

#include "trainer-core/graph/graph.h"
#include "trainer-core/optim/optim.h"
#include "trainer-core/weighting/weighting.h"

/*
 * Reads method and optimizer of ps, which need not be a whole job: lr, wd and seed are 0
 * where ps has none. Everything lies in the arena. ERR_SPEC.
 */
MUST_CHECK int method_read(struct weighting_setup *w, struct optim_info *optim,
	const struct params *ps, const struct task_info *task, int K, struct arena *a,
	struct err *e);

/*
 * The graph need not have memory yet; it rotates where the method does. ERR_SPEC:
 * gradients of features where heads share none, rotations of none or several, an
 * optimizer a task for what makes one gradient.
 */
MUST_CHECK int method_fits(const struct weighting_setup *w, const struct graph *g,
	const struct optim_info *optim, struct err *e);

#endif
