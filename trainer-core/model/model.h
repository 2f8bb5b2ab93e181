/*
 * Networks. One file each, one row in model.def; catalogue/catalogue.h has their parameters.
 */
#ifndef DELTAM_MODEL_H
#define DELTAM_MODEL_H

#include "catalogue/choices.h"
#include "catalogue/setting.h"
#include "trainer-core/graph/graph.h"

/* What a network is built for. */
struct model_io {
	int input; /* node of g that graph_feed fills */
	/* (K) a node for each task where their inputs are their own, else NULL */
	const int *own_input;
	const struct task_info *task;
	int K;
};

struct model {
	/*
	 * Adds the trunk (scope shared) and a head a task, named after it, and says
	 * graph_output for each. Errors: ERR_SPEC for parameters; a shape that does not
	 * fit is reported by graph_build.
	 */
	int (*build)(struct graph *g, const struct model_io *io,
		const struct params *ps, struct err *e);
};

/* Parameters are drawn by name: a baseline's head equals the one beside other heads. */
#define MODEL(id, ...) extern const struct model model_##id;
#define P(...)
#include "catalogue/model.def"
#undef P
#undef MODEL

#endif
