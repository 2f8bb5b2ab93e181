#include "orchestrator/cli/cli_tables.h"

#include <stdio.h>
#include <string.h>
#include "common/arena.h"
#include "common/manual.h"
#include "orchestrator/pilot/launch.h"

#define LINE 80 /* columns */
#define NUMBER_MOST 100000 /* of a flag without a bound of its own (MOST) */

#define F(name) " " #name " "
static const struct cli_command commands[] = {
#define COMMAND(name, operand, flags, help) { #name, operand, flags, help, cmd_##name },
#define FLAG(name, kind, value, help)
#include "orchestrator/cli/options.def"
#undef FLAG
#undef COMMAND
};

static const struct cli_flag flags[] = {
#define COMMAND(name, operand, flags, help)
#define FLAG(name, kind, value, help) \
	{ #name, CLI_##kind, value, help, offsetof(struct cli_options, name) },
#include "orchestrator/cli/options.def"
#undef FLAG
#undef COMMAND
};

static const struct cli_example examples[] = {
#define COMMAND(name, operand, flags, help)
#define FLAG(name, kind, value, help)
#define EXAMPLE(command, line, what) { #command, line, what },
#include "orchestrator/cli/options.def"
#undef FLAG
#undef COMMAND
};

static const char everywhere[] = " help  version  quiet  color ";

const struct cli_command *cli_commands(int *n)
{
	*n = COUNT(commands);
	return commands;
}

const struct cli_flag *cli_flags(int *n)
{
	*n = COUNT(flags);
	return flags;
}

const struct cli_example *cli_examples(int *n)
{
	*n = COUNT(examples);
	return examples;
}

char cli_letter(const struct cli_flag *f)
{
#define COMMAND(name, operand, flags, help)
#define FLAG(name, kind, value, help)
#define SHORT(letter, flag) \
	if (!strcmp(f->id, #flag)) \
		return letter;
#include "orchestrator/cli/options.def"
#undef FLAG
#undef COMMAND
	return '\0';
}

int cli_most(const struct cli_flag *f)
{
#define COMMAND(name, operand, flags, help)
#define FLAG(name, kind, value, help)
#define MOST(flag, number) \
	if (!strcmp(f->id, #flag)) \
		return number;
#include "orchestrator/cli/options.def"
#undef FLAG
#undef COMMAND
	return NUMBER_MOST;
}

const struct cli_command *cli_find_command(const char *name)
{
	for (int i = 0; i < COUNT(commands); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

/* Whether " a  b  c " holds the word. */
static bool holds(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = strstr(list, word); at; at = strstr(at + 1, word))
		if (at[-1] == ' ' && at[n] == ' ')
			return true;
	return false;
}

bool cli_takes(const struct cli_command *c, const struct cli_flag *f)
{
	return holds(everywhere, f->id) || (c && holds(c->flags, f->id));
}

const char *cli_spelled(const char *id, char buf[CLI_WORD_MAX])
{
	snprintf(buf, CLI_WORD_MAX, "%s", id);
	for (char *p = buf; *p; p++)
		if (*p == '_')
			*p = '-';
	return buf;
}

const char *cli_operand(const struct cli_command *c, int n, struct arena *a)
{
	const char *at = c->operand;

	for (size_t word = strcspn(at, " "); n > 0; n--, word = strcspn(at, " ")) {
		if (!at[word] && strstr(at, "..."))
			break; /* one that may be given several times */
		at += word + (at[word] == ' ');
	}
	return arena_strndup(a, at, strcspn(at, " "));
}

void cli_wrap(FILE *out, int at, int indent, const char *text)
{
	bool begun = false; /* something stands on this line already */

	while (*text) {
		size_t n = strcspn(text, " ");
		int width = 0;

		for (size_t i = 0; i < n; i++)
			width += (text[i] & 0xc0) != 0x80;
		if (begun && at + 1 + width > LINE) {
			fprintf(out, "\n%*s", indent, "");
			at = indent;
		} else if (begun) {
			fputc(' ', out);
			at++;
		}
		fprintf(out, "%.*s", (int)n, text);
		begun = true;
		at += width;
		text += n + (text[n] == ' ');
	}
	fputc('\n', out);
}
