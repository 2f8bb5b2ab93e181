/*
 * Pseudo-tasks: dataset.pseudo is a list of words with blanks between, each
 *
 *	TASK=FILE
 *	TASK:KIND:CLASSES[:CONFIDENCE]=FILE
 *
 * one more task, pseudo_TASK, whose labels are what a trained network makes of every
 * sample. FILE holds the parameters of that network: a winner of another sweep,
 * DATABASE.d/winners/IDENTITY-EPOCH.params; in it a blank is written "\ ". TASK is one of
 * the network's; without KIND it is also one of the data set, whose kind the new task
 * has. KIND is
 *
 *	seg       the likeliest class of every pixel; none where its probability is below
 *	          CONFIDENCE (0.5)
 *	soft      the probabilities of all classes of a sample
 *	soft_map  those of every pixel
 */
#ifndef DELTAM_PSEUDO_H
#define DELTAM_PSEUDO_H

#include "catalogue/catalogue.h"

struct pseudo_task {
	const char *task; /* of the network and, without a kind, of the data set */
	const char *file;
	const char *form; /* ":seg:80:0.5" as it was written; "" without a kind */
	struct task_info info; /* with a kind; name is NULL */
	double confidence; /* seg: labels below are none */
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

/* The tasks with their kinds, a blank between: what is no path in it. */
const char *pseudo_names(const struct params *ps, struct arena *a);

/*
 * Puts the pseudo-tasks of ps behind the *n tasks of the data set. ERR_SPEC: as above, a
 * task that the data set does not have, a name twice, more than TASKS_MAX.
 */
MUST_CHECK int pseudo_tasks(const struct params *ps, struct arena *a,
	struct task_info *tasks, int *n, struct err *e);

#endif
