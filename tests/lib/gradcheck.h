/*
 * Gradient check: the backward pass of a built graph against central differences.
 *
 * The function is L = sum_k weight[k] <r_k, output_k> with fixed random r_k, on the
 * samples fed last. Every parameter is moved by h and by h / 2 to both sides; the central
 * slope is what the analytic gradient must equal. Where the slopes show a kink between
 * the probes (ReLU, another winner of a pool) the parameter is counted as skipped, not
 * as right.
 */
#ifndef DELTAM_TESTS_GRADCHECK_H
#define DELTAM_TESTS_GRADCHECK_H

#include "trainer-core/graph/graph.h"

struct gradcheck {
	double worst; /* |got - want| / max(scale of the parameter's gradient, |want|) */
	const char *where; /* the parameter of the worst */
	int checked, skipped;
};

/*
 * At most `each` values of each parameter, evenly spread. weight (tasks). Scratch comes
 * from a; the graph's values end as they began.
 */
struct gradcheck gradcheck_run(
	struct graph *g, const double *weight, int each, struct arena *a);

#endif
