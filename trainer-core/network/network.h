/*
 * The network of a job: what model.* says, on the inputs and for the tasks of its data.
 */
#ifndef DELTAM_NETWORK_H
#define DELTAM_NETWORK_H

#include "catalogue/describe_network.h"
#include "trainer-core/model/model.h"

struct network {
	/* Given: the tasks that are trained, and which of the data set's each one is. */
	const struct task_info *task; /* (K) */
	int column[TASKS_MAX];
	int K;
	bool rotates; /* heads read the trunk through rotations (graph_rotate) */

	/* Of network_add: */
	struct graph *graph; /* its nodes and parameters are there, no memory yet */
	int input[TASKS_MAX]; /* what to feed: of each task, or [0] of all */
	int inputs; /* K or 1 */
};

/*
 * Adds every node: shapes are checked and parameters counted, however large the network;
 * graph_build gives it memory. Of d shapes and sizes alone are read.
 * Errors: ERR_SPEC, also for a batch that batch norm cannot normalise.
 */
MUST_CHECK int network_add(struct network *n, const struct params *ps,
	const struct dataset *d, struct arena *a, struct err *e);

/* How many parameters it has. */
void network_measure(const struct network *n, struct network_size *s);

#endif
