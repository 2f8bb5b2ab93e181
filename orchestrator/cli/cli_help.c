/* deltam help, --help, version: the tables of options.def for a reader at a terminal. */
#include <string.h>
#include "common/manual.h"
#include "common/str.h"
#include "common/version.h"
#include "orchestrator/cli/cli_tables.h"

#define LEFT 22 /* columns before what an option does */

/* "-o, --out FILE" */
static void spell_flag(const struct cli_flag *f, char *buf, size_t size)
{
	char name[CLI_WORD_MAX];
	char letter[] = { '-', cli_letter(f), ',', ' ', '\0' };

	snprintf(buf, size, "%s--%s%s%s", letter[1] ? letter : "    ",
		cli_spelled(f->id, name), *f->value ? " " : "", f->value);
}

/* Pages are named by where they lie. */
static void put_text(FILE *out, int at, int indent, const char *text)
{
	struct arena a = { 0 };

	cli_wrap(out, at, indent, manual_text(text, &a));
	arena_release(&a);
}

static void put_flags(FILE *out, const struct cli_command *c)
{
	int n;
	const struct cli_flag *flags = cli_flags(&n);

	for (int i = 0; i < n; i++) {
		char left[160];

		if (!cli_takes(c, &flags[i]))
			continue;
		spell_flag(&flags[i], left, sizeof(left));
		if (strlen(left) > LEFT - 4)
			fprintf(out, "  %s\n%*s", left, LEFT, "");
		else
			fprintf(out, "  %-*s", LEFT - 2, left);
		put_text(out, LEFT, LEFT, flags[i].help);
	}
}

static void put_examples(FILE *out, const struct cli_command *c)
{
	int n;
	const struct cli_example *x = cli_examples(&n);
	const char *head = "\nFor example:\n";

	for (int i = 0; i < n; i++) {
		if (strcmp(x[i].command, c->name) != 0)
			continue;
		fprintf(out, "%s  %s\n      ", head, x[i].line);
		put_text(out, 6, 6, x[i].what);
		head = "";
	}
}

/* What the first word may be, where `list` knows the names. */
static void put_names(FILE *out, const struct cli_command *c)
{
	struct arena a = { 0 };
	const char *word = cli_operand(c, 0, &a);
	const char *names = cli_names(word, ", ", &a);

	if (*names)
		cli_wrap(out, 0, 0, arena_printf(&a, "%s: %s", word, names));
	arena_release(&a);
}

static void put_command(FILE *out, const struct cli_command *c)
{
	char usage[160];

	snprintf(usage, sizeof(usage), "deltam %s%s%s [options]", c->name,
		*c->operand ? " " : "", c->operand);
	fputs("usage: ", out);
	cli_wrap(out, 7, 7, usage);
	fputc('\n', out);
	put_text(out, 0, 0, c->help);
	put_names(out, c);
	fputc('\n', out);
	put_flags(out, c);
	put_examples(out, c);
}

void cli_help(FILE *out, const struct cli_command *command)
{
	int n;
	const struct cli_command *all = cli_commands(&n);

	if (command) {
		put_command(out, command);
		return;
	}
	fputs("usage: deltam COMMAND [options]\n\n", out);
	for (int i = 0; i < n; i++) {
		fprintf(out, "  %-10s", all[i].name);
		put_text(out, 12, 12, all[i].help);
	}
	fputs("\n`deltam help COMMAND` explains one, deltam(1) all of them, "
	      "deltam-sweep(5) the\nsweep file. Options of every command:\n",
		out);
	put_flags(out, NULL);
}

int cmd_help(const struct cli_options *o, struct err *e)
{
	const struct cli_command *about = NULL;

	if (o->operand) {
		about = cli_find_command(o->operand);
		if (!about)
			return cli_unknown_command(o->operand, e);
	}
	cli_help(stdout, about);
	return OK;
}

int cmd_version(const struct cli_options *o, struct err *e)
{
	(void)o;
	(void)e;
	printf("deltam %s\n", deltam_version);
	return OK;
}
