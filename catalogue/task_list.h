/*
 * Tasks written out in a sweep file, for a user's own arrays: words with a blank between,
 *
 *	NAME=KIND[:OUTPUTS][:ignore=V][:mask]
 *
 *	class:5       one of 5 classes a sample          cross-entropy
 *	regress[:3]   numbers, 1 where none is said      L1
 *	binary        one bit                            cross-entropy with logits
 *	seg:13        one of 13 classes a pixel          cross-entropy
 *	depth         a number a pixel, 0 ignored        L1
 *	normal        a unit vector a pixel, 0 ignored   1 - cosine
 *	edges         1 on an edge, else 0             cross-entropy, edges 0.95, others 0.05
 *	vector[:2]    numbers a pixel, all 0 ignored   L1 over the channels
 *	soft:5        shares of 5 classes a sample     cross-entropy with all shares
 *	soft_map:5    the same a pixel, all 0 ignored  cross-entropy with all shares
 *
 * `ignore=V` (seg, depth, edges): V in the file marks pixels that do not count. `mask`
 * (whatever is a map): a second file has 0 where pixels do not count.
 */
#ifndef DELTAM_TASK_LIST_H
#define DELTAM_TASK_LIST_H

#include "catalogue/catalogue.h"

struct listed_task {
	struct task_info info;
	bool has_ignore;
	double ignore;
	bool mask;
};

/*
 * Reads such a list of 1 to TASKS_MAX tasks with unique names. ERR_SPEC names the word
 * that is wrong.
 */
MUST_CHECK int task_list_parse(const char *text, struct arena *a,
	struct listed_task *tasks, int *n, struct err *e);

/* Fills in a task of that kind and so many outputs, without its name. ERR_SPEC. */
MUST_CHECK int task_kind_read(
	const char *name, int outputs, struct task_info *info, struct err *e);

#endif
