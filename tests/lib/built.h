/*
 * Graphs under test: built or the test fails, fed with noise, their gradient checked.
 */
#ifndef DELTAM_TESTS_BUILT_H
#define DELTAM_TESTS_BUILT_H

#include "trainer-core/graph/graph.h"

/* Initial values are those of seed 3. */
void built(struct graph *g, int batch, bool fuse);
/* n standard normal samples into input `id`, of that stream. */
void built_feed(struct graph *g, int id, int n, uint64_t stream, struct arena *a);
/* By gradcheck_run: within 5e-3 of the worst difference. */
void built_check_gradient(
	struct graph *g, const double *weight, int each, struct arena *a);

#endif
