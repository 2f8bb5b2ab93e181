/*
 * Asks the worker a question that is no training: a process is started and waited for.
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

/* A question about parameters that has been asked, and what came of it. */
struct child_answer {
	const char **argv;
	const char *text; /* what the worker said, where e.code is OK */
	struct err e;
};

/* All that have been asked so far; begins with worker and arena, which holds everything. */
struct child_questions {
	const char *worker; /* path of the program */
	struct arena *a;
	struct child_answer *item;
	int n, capacity;
};

/*
 * Asks the worker `flag` with "name=value" for every parameter that matters, in the order
 * of ps, unless the same has been asked before. The answer is good until the next call.
 */
const struct child_answer *child_ask_once(struct child_questions *q, const char *flag,
	const struct params *ps, bool (*matters)(const char *name));

#endif
