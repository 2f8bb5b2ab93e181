/*
 * Questions to the worker about the saved network of a run.
 */
#ifndef DELTAM_WINNER_ASK_H
#define DELTAM_WINNER_ASK_H

#include "orchestrator/cli/cli.h"

/*
 * Asks `deltam-worker FLAG OUT WINNER` of the run that `word` names (run_find.h) in the
 * database and the sweep that the options mean.
 * ERR_USAGE: no such run, or one whose parameters nobody wanted to keep; ERR_DATA: they are
 * not there yet, or no longer; what the worker says.
 */
MUST_CHECK int winner_ask(const struct cli_options *o, const char *word,
	const char *flag, const char *out, struct err *e);

#endif
