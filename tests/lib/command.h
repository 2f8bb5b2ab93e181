/* A command of deltam within this process. */
#ifndef DELTAM_TESTS_COMMAND_H
#define DELTAM_TESTS_COMMAND_H

#include <stddef.h>
#include "orchestrator/cli/cli.h"

/* Runs what was parsed with stdout in a file; its code, the output in out. */
int command_output(const struct cli_options *o, char *out, size_t size, struct err *e);

#endif
