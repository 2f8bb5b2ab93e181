/*
 * What a data set implements: its shapes, its source files, the filling of its arrays.
 */
#ifndef DELTAM_COMPOSE_H
#define DELTAM_COMPOSE_H

#include "trainer-core/dataset.h"

#define SOURCES_MAX 8

/* One data set on its way into the cache. */
struct composition {
	const struct dataset_ops *ops;
	const struct params *ps; /* dataset.* as the job has them */
	struct arena *a;
	struct dataset *d; /* name, sizes and tasks are there before plan() */
	struct params key; /* all that the arrays depend on, but the source files */
	const char *source[SOURCES_MAX]; /* paths */
	int sources;
	/* What fill() writes, zeroed; laid out as the fields of *d say. */
	void *input[SPLIT_COUNT];
	void *target[SPLIT_COUNT][TASKS_MAX];
};

struct dataset_ops {
	/*
	 * Sets the fields of every split (all but data) and adds to the key, which has
	 * name and sizes. Looks at no file. ERR_SPEC.
	 */
	int (*plan)(struct composition *c, struct err *e);
	/*
	 * Lists the source files; NULL where there are none. ERR_DATA with the command
	 * that installs what is missing.
	 */
	int (*find)(struct composition *c, struct err *e);
	/* Writes every array. The same bytes for the same key and sources, always. */
	int (*fill)(const struct composition *c, struct err *e);
	const void *of; /* what tells apart the data sets that share these functions */
};

#endif
