/*
 * A job's parameters read by the tables. Whatever a job leaves out has the default of
 * its row, and what it gives must lie in the row's range: no default stands anywhere
 * but in catalogue/job.def and the tables of data sets, networks, optimizers, methods.
 */
#ifndef DELTAM_SETTING_H
#define DELTAM_SETTING_H

#include "catalogue/catalogue.h"

/*
 * The row of `name`, a parameter of jobs under its full name: train.batch, model.width
 * (of the network that ps names, else of the data set's own), train.optimizer.eps,
 * dataset.noise; anything else is the method's (T). NULL: no table has it, as lr, seed
 * and the parameters of another network.
 */
const struct param_info *setting_row(const struct params *ps, const char *name);

/*
 * The value of `name`: given, or the row's default. Without either *v stays as it was,
 * unless the row says that the parameter is required; so it does where this network,
 * optimizer or method has no such parameter, which must then not be given. ERR_SPEC.
 */
MUST_CHECK int setting_real(
	const struct params *ps, const char *name, double *v, struct err *e);
/*
 * A parameter that may be a number a task (param_info.each): K of them into v. One number
 * stands for all; where it is taken from a run, and without a value or default, v stays.
 */
MUST_CHECK int setting_each(
	const struct params *ps, const char *name, int K, double *v, struct err *e);
/*
 * Whether the method of ps starts where an earlier run ended: its identity, and the name of
 * the rows of its last epoch that are taken.
 */
bool setting_run(const struct params *ps, const char **identity, const char **row);
MUST_CHECK int setting_whole(
	const struct params *ps, const char *name, int *v, struct err *e);
MUST_CHECK int setting_bool(
	const struct params *ps, const char *name, bool *v, struct err *e);
/* The place of the word in the row's choices: its enumerator in choices.h. */
MUST_CHECK int setting_choice(
	const struct params *ps, const char *name, int *v, struct err *e);
/* Reads at most max numbers into v; *n is how many there are. */
MUST_CHECK int setting_list(const struct params *ps, const char *name, double *v,
	int max, int *n, struct err *e);

/* The text of `name`, given or the row's default; NULL where there is neither. */
const char *setting_text(const struct params *ps, const char *name);

/* Whether ps has a value other than the row's default (param_info.written). */
bool setting_is_written(const struct params *ps, const char *name);

/* The place of a word among choices "a|b|c"; -1 where it is none of them. */
int choice_index(const char *choices, const char *word);

/* The default of a row as a job has it: numbers by number_format. NULL: none. */
const char *param_default(struct arena *a, const struct param_info *row);

/*
 * What the identity of a job hashes: the JSON of ps without the places of files and
 * without what came later (param_info.later) and has its default, so that a job that was
 * trained before there was such a parameter keeps its identity. row_of: setting_row.
 * with_paths: dataset.pseudo with its files, as it was once hashed.
 */
void setting_canonical(const struct params *ps,
	const struct param_info *(*row_of)(const struct params *, const char *),
	bool with_paths, struct arena *a, struct str *out);

#endif
