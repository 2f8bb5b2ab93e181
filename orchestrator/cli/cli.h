/*
 * The command line: options.def says what there is, and words are read and help is
 * printed by it. Results go to stdout, everything else to stderr. A command returns OK
 * or an error and main prints the message, unless it is empty: then the command has
 * told the user already, as the errors of a sweep file with their places.
 */
#ifndef DELTAM_CLI_H
#define DELTAM_CLI_H

#include <stdio.h>
#include "common/err.h"

#define OPTION_TYPE_SWITCH int
#define OPTION_TYPE_TEXT const char *
#define OPTION_TYPE_NUMBER int
#define OPTION_TYPE_PERIOD int
#define OPTION_TYPE_LIST struct cli_list

struct cli_command;

#define CLI_LIST_MAX 64

/* The values of an option that was given several times, in that order. */
struct cli_list {
	const char *item[CLI_LIST_MAX];
	int n;
};

/* What was given; everything else is 0 or NULL. The texts live in argv. */
struct cli_options {
	const struct cli_command *command; /* NULL with --help or --version alone */
	const char *operand;
	const char *second; /* the word after it, where the command has one */
	struct cli_list more; /* those after both, where it takes several */
#define COMMAND(name, operand, flags, help)
#define FLAG(name, kind, value, help) OPTION_TYPE_##kind name;
#include "orchestrator/cli/options.def"
#undef FLAG
#undef COMMAND
};

struct cli_command {
	const char *name;
	const char *operand;
	const char *flags; /* " db  format " */
	const char *help;
	int (*run)(const struct cli_options *o, struct err *e);
};

#define COMMAND(name, operand, flags, help) \
	MUST_CHECK int cmd_##name(const struct cli_options *o, struct err *e);
#define FLAG(name, kind, value, help)
#include "orchestrator/cli/options.def"
#undef FLAG
#undef COMMAND

/*
 * Reads argv. ERR_USAGE, with the nearest known word, where it does not fit
 * options.def.
 */
MUST_CHECK int cli_parse(struct cli_options *o, int argc, char **argv, struct err *e);

/* All commands, or (command not NULL) one with its flags and examples, at 80 columns. */
void cli_help(FILE *out, const struct cli_command *command);

/* ERR_USAGE, with the nearest command there is. */
MUST_CHECK int cli_unknown_command(const char *name, struct err *e);

#endif
