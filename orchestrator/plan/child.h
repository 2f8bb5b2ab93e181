/*
 * Asking the worker a question that is no training: one process, waited for.
 */
#ifndef DELTAM_CHILD_H
#define DELTAM_CHILD_H

#include "common/params.h"

/*
 * Runs argv (argv[0] is the program) and returns what it wrote to stdout in the arena.
 * An exit status other than 0 is an error of that kind (ERR_DATA for 3, ERR_SPEC for 2)
 * whose message is what the program wrote to stderr. ERR_SYS: it could not be run.
 */
MUST_CHECK int child_ask(
	const char *const *argv, struct arena *a, const char **answer, struct err *e);

/*
 * The argv of a question about parameters: worker, flag, "name=value" for each that
 * matters, in the order of ps; the array and its new words in the arena.
 */
const char **child_question(const char *worker, const char *flag,
	const struct params *ps, bool (*matters)(const char *name), struct arena *a);
/* Two questions are one: nobody needs to ask again. */
bool child_same_question(const char *const *x, const char *const *y);

#endif
