/*
 * Pseudo-tasks (catalogue/pseudo.h) of a composed data set: targets behind those of the data
 * set itself, of the shape of the task that they imitate, in float, on every split.
 */
#ifndef DELTAM_DATASET_PSEUDO_H
#define DELTAM_DATASET_PSEUDO_H

#include "catalogue/pseudo.h"
#include "trainer-core/dataset/dataset.h"

/* Who can tell what the network in a file says; training needs none. */
struct labeller {
	/*
	 * Whether the file is one that can label task k of d, as far as its name and the
	 * rows of its job tell. Errors as those of label.
	 */
	int (*look)(const struct pseudo_task *p, const struct dataset *d, int k,
		struct arena *a, struct err *e);
	/*
	 * Task k of d is that of p. Writes the targets of every sample, split by split:
	 * the inputs of d are there. The same for the same file, always.
	 * ERR_DATA: a file that is torn, foreign, or of a network that does not fit d.
	 */
	int (*label)(const struct pseudo_task *p, const struct dataset *d, int k,
		float *const out[SPLIT_COUNT], struct arena *a, struct err *e);
};

/* The sizes of the splits: given, or all rows of the files. ERR_SPEC, ERR_DATA. */
MUST_CHECK int dataset_count(
	const struct params *ps, struct arena *a, int n[SPLIT_COUNT], struct err *e);

/*
 * Whether dataset_prepare would find its source files, of the right shapes and
 * sizes: no array is read, nothing is written. Errors as there.
 */
MUST_CHECK int dataset_look(const struct params *ps, const struct labeller *labeller,
	struct arena *a, struct err *e);

/* The steps of a composition, as those of struct dataset_ops. */
struct composition;
MUST_CHECK int pseudo_plan(struct composition *c, struct err *e);
MUST_CHECK int pseudo_find(struct composition *c, struct err *e);
MUST_CHECK int pseudo_look(const struct composition *c, struct err *e);
MUST_CHECK int pseudo_fill(const struct composition *c, struct err *e);

#endif
