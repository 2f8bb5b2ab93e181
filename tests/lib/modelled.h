/*
 * Networks under test: from names and values, for the tasks of a data set.
 */
#ifndef DELTAM_TESTS_MODELLED_H
#define DELTAM_TESTS_MODELLED_H

#include "trainer-core/network/network.h"

#define MODELLED_PARAMS 14

/* What the tasks of the papers' data sets predict. */
#define SEG(n) \
	{ \
		"seg", TASK_SEG, LOSS_CE, n, 1 \
	}
#define DEPTH \
	{ \
		"depth", TASK_DEPTH, LOSS_L1, 1, 1 \
	}
#define NORMAL \
	{ \
		"normal", TASK_NORMAL, LOSS_COSINE, 3, 1 \
	}
#define CLASS(name, n) \
	{ \
		name, TASK_CLASS, LOSS_CE, n, 1 \
	}

/* model.* of names and values in turn, up to the first NULL; train.batch 8. */
struct params *modelled_params(
	const char *const pair[MODELLED_PARAMS], struct arena *a);
/* Of all tasks of d, or the test fails. */
struct network modelled(
	const struct params *ps, const struct dataset *d, struct arena *a);

#endif
