/*
 * The run that a word of the user names.
 */
#ifndef DELTAM_RUN_FIND_H
#define DELTAM_RUN_FIND_H

#include "orchestrator/report/run_list.h"

/*
 * word: its name (`deltam runs`) or the words that it begins with, at least six digits of
 * its identity, or its number. ERR_USAGE: none, with the nearest name; or several, listed.
 */
MUST_CHECK int run_find(const struct run_list *l, const char *word, struct arena *a,
	const struct query_run **out, struct err *e);

#endif
