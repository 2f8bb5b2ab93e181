/*
 * What a data set implements: its shapes, its source files, the filling of its arrays.
 */
#ifndef DELTAM_COMPOSE_H
#define DELTAM_COMPOSE_H

#include "trainer-core/dataset/dataset.h"
#include "trainer-core/dataset/pseudo.h"

/* One data set on its way into the cache. */
struct composition {
	const struct dataset_ops *ops;
	const struct params *ps; /* dataset.* as the job has them */
	struct arena *a;
	struct dataset *d; /* name, sizes and tasks are there before plan() */
	bool uncounted[SPLIT_COUNT]; /* sizes that are those of the files: count() */
	struct params key; /* all that the arrays depend on, but the source files */
	const char **source; /* paths; see compose_source */
	int sources;
	int source_capacity;
	/* What fill() writes, zeroed; laid out as the fields of *d say. */
	void *input[SPLIT_COUNT]; /* NULL with own_inputs */
	void *own_input[SPLIT_COUNT][TASKS_MAX]; /* NULL without */
	void *target[SPLIT_COUNT][TASKS_MAX];
	/*
	 * Pseudo-tasks stand behind the data set's own, out of d->tasks for its ops.
	 */
	struct pseudo_task pseudo[TASKS_MAX];
	int pseudos;
	const struct labeller *labeller; /* NULL: cannot be composed with any */
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
	/*
	 * Whether the source files, as find() has listed them, can be what fill() wants:
	 * shapes and counts as far as headers and sizes tell, nothing that takes long.
	 * NULL where there are none. ERR_DATA; a message that begins with the name of a
	 * parameter ("dataset.train: ...") is shown at that key of the sweep file.
	 */
	int (*look)(const struct composition *c, struct err *e);
	/*
	 * How many rows the sources of a split have, where its size may be left out; NULL
	 * where it may not. ERR_DATA.
	 */
	int (*count)(const struct composition *c, enum split s, int *n, struct err *e);
	/* Writes every array. The same bytes for the same key and sources, always. */
	int (*fill)(const struct composition *c, struct err *e);
	/*
	 * The file (or folder) that the targets of task k come from, for messages; NULL
	 * where targets are made.
	 */
	const char *(*file)(const struct composition *c, enum split s, int k);
	const void *of; /* what tells apart the data sets that share these functions */
};

/* Adds a source file. The path stays where it is. */
void compose_source(struct composition *c, const char *path);

/* Adds a source file that can be read; else ERR_DATA "PATH: why; HINT". */
MUST_CHECK int compose_find(
	struct composition *c, const char *path, const char *hint, struct err *e);

/* Makes the path begin at the root, unless it does so already. ERR_SYS. */
MUST_CHECK int compose_absolute(
	struct composition *c, const char *path, const char **out, struct err *e);

/*
 * Puts the folder of the files, dataset.path of ps or deflt, into the key as a path
 * from the root, because the cache is named after it and a worker may live in another
 * folder. ERR_SYS.
 */
MUST_CHECK int compose_folder(
	struct composition *c, const char *param, const char *deflt, struct err *e);

/*
 * $DELTAM_DATA/NAME, else $XDG_DATA_HOME/deltam/NAME, else ~/.local/share/deltam/NAME:
 * where files lie that no package brings (dataset/fetch.sh says the same).
 */
const char *compose_data_folder(struct arena *a, const char *name);

#endif
