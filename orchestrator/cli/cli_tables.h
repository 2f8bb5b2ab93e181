/*
 * options.def as tables, for whoever explains the command line instead of running it: help,
 * man page, completion. The order is that of the file.
 */
#ifndef DELTAM_CLI_TABLES_H
#define DELTAM_CLI_TABLES_H

#include <stdbool.h>
#include <stddef.h>
#include "common/arena.h"
#include "orchestrator/cli/cli.h"

#define CLI_WORD_MAX 64

enum cli_flag_kind { CLI_SWITCH, CLI_TEXT, CLI_NUMBER, CLI_PERIOD, CLI_LIST };

struct cli_flag {
	const char *id; /* as in options.def, with underscores */
	enum cli_flag_kind kind;
	const char *value; /* "" for a switch; in brackets where it may be left out */
	const char *help;
	size_t offset; /* of its field in struct cli_options */
};

struct cli_example {
	const char *command;
	const char *line, *what;
};

const struct cli_command *cli_commands(int *n);
const struct cli_flag *cli_flags(int *n);
const struct cli_example *cli_examples(int *n);

/* The letter that stands for the flag; '\0': it has none. */
char cli_letter(const struct cli_flag *f);

/* The largest number that it takes, where it takes one. */
int cli_most(const struct cli_flag *f);

/* NULL where there is none of that name. */
const struct cli_command *cli_find_command(const char *name);

/* Whether the command takes the flag; command NULL: whether every command does. */
bool cli_takes(const struct cli_command *c, const struct cli_flag *f);

/* "no_prune" as the user writes it, "no-prune", in buf. */
const char *cli_spelled(const char *id, char buf[CLI_WORD_MAX]);

/*
 * The names that `deltam list` has under a kind ("plots") or under the word of options.def
 * that stands for one of them ("KIND"), with `between` between them; "" where it is neither.
 */
const char *cli_names(const char *of, const char *between, struct arena *a);

/*
 * The n-th word (0, 1) of what a command takes, "[NAME]"; "" where it has none. A last one with
 * dots, "[SWEEP...]", is every later one as well.
 */
const char *cli_operand(const struct cli_command *c, int n, struct arena *a);

/*
 * Text in lines of at most 80 columns, and a newline; the first begins at column `at`, the
 * others are indented by `indent`. Characters count, not bytes.
 */
void cli_wrap(FILE *out, int at, int indent, const char *text);

#endif
