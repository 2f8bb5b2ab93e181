/*
 * Pseudo-tasks: dataset.pseudo is a list of words with blanks between, each
 *
 *	TASK=FILE
 *
 * one more task, pseudo_TASK, of the kind of the data set's TASK, whose labels are what a
 * trained network makes of every sample. In FILE a blank is written "\ ". FILE holds the parameters of that network: a
 * winner of another sweep, DATABASE.d/winners/IDENTITY-EPOCH.params.
 */
#ifndef DELTAM_PSEUDO_H
#define DELTAM_PSEUDO_H

#include "catalogue/catalogue.h"

struct pseudo_task {
	const char *task; /* of the data set */
	const char *file;
};

/*
 * Reads the words of dataset.pseudo into list, which has room for TASKS_MAX; *n is 0
 * where ps has no such parameter. Texts go to the arena. ERR_SPEC names the word that
 * is wrong.
 */
MUST_CHECK int pseudo_read(const struct params *ps, struct arena *a,
	struct pseudo_task *list, int *n, struct err *e);

/* The list as pseudo_read reads it. */
const char *pseudo_words(const struct pseudo_task *list, int n, struct arena *a);

/* The tasks alone, a blank between: what is no path in it. */
const char *pseudo_names(const struct params *ps, struct arena *a);

/*
 * Puts the pseudo-tasks of ps behind the *n tasks of the data set. ERR_SPEC: as above, a
 * task that the data set does not have, a name twice, more than TASKS_MAX.
 */
MUST_CHECK int pseudo_tasks(const struct params *ps, struct arena *a,
	struct task_info *tasks, int *n, struct err *e);

#endif
