/*
 * Parameters: the flat, sorted list of name and value that determines a training run.
 *
 * One form serves the planner (it writes it), the identity (hash of its canonical
 * JSON), the table job_param (its rows) and the worker (it reads it). Names:
 *	lr  wd  seed  method  task (baseline only: the one task trained)
 *	dataset.name dataset.train dataset.* dataset.digest   model.name model.*
 *	train.epochs train.batch train.optimizer train.optimizer.momentum train.lr_decay ...
 *	a hyperparameter of the method under its own name: T, alpha, weights ...
 * Values are canonical text: numbers by number_format(), lists with one blank between
 * ("0.2 0.3 0.5"), booleans "true" and "false".
 */
#ifndef DELTAM_PARAMS_H
#define DELTAM_PARAMS_H

#include "common/arena.h"
#include "common/str.h"

struct param {
	const char *name;
	const char *value;
};

struct params {
	struct param *p; /* sorted by name (strcmp), names unique */
	int n;
	int capacity;
};

/* Adds the parameter, or replaces its value; both texts are copied into the arena. */
void params_set(
	struct params *ps, struct arena *a, const char *name, const char *value);
void params_set_number(struct params *ps, struct arena *a, const char *name, double v);
void params_unset(struct params *ps, const char *name);

/* A copy of the list: what is added to one of the two the other does not get. */
struct params params_copy(struct arena *a, const struct params *ps);

/* The value of the parameter of that name; NULL where there is none. */
const char *params_get(const struct params *ps, const char *name);

/*
 * Read one value that must be there: ERR_SPEC where it is absent or its text does not
 * fit. What may be absent has a default in the tables (catalogue/setting.h).
 */
MUST_CHECK int params_number(
	const struct params *ps, const char *name, double *v, struct err *e);
MUST_CHECK int params_integer(
	const struct params *ps, const char *name, int *v, struct err *e);

/*
 * Reads the finite numbers of a text "0.2 0.3", at most max of them, into v; an error calls
 * the text `name`.
 */
MUST_CHECK int numbers_parse(
	const char *name, const char *text, double *v, int max, int *n, struct err *e);

/* {"a":"1","b":"x y"} with the names sorted: what identity hashes. */
void params_json(const struct params *ps, struct str *out);

/*
 * Whether name says where files lie (dataset.path ..., model.init) and not what they
 * hold. A job keeps such a parameter, its identity does not: the digest of the files is
 * part of it (dataset.digest, model.init.digest), and a moved folder trains nothing anew.
 */
bool param_is_place(const char *name);

/* Whether its value has the place of a file in it, and maybe more: dataset.pseudo, too. */
bool param_names_file(const char *name);

#endif
