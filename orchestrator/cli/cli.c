#include "orchestrator/cli/cli.h"

#include <stdbool.h>
#include <string.h>
#include "common/str.h"

#define WORDS_MAX 64
#define WORD_MAX 64

#define F(name) " " #name " "
static const struct cli_command commands[] = {
#define COMMAND(name, operand, flags, help) { #name, operand, flags, help, cmd_##name },
#define FLAG(name, kind, value, help)
#include "orchestrator/cli/options.def"
#undef FLAG
#undef COMMAND
};

enum flag_kind { SWITCH, TEXT, NUMBER };

struct flag {
	const char *id; /* as in options.def, with underscores */
	enum flag_kind kind;
	const char *value; /* "" for a switch */
	const char *help;
	size_t offset; /* of its field in struct cli_options */
};

static const struct flag flags[] = {
#define COMMAND(name, operand, flags, help)
#define FLAG(name, kind, value, help) \
	{ #name, kind, value, help, offsetof(struct cli_options, name) },
#include "orchestrator/cli/options.def"
#undef FLAG
#undef COMMAND
};

static const char everywhere[] = " help  version  quiet ";

/* Whether " a  b  c " holds the word. */
static bool holds(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = strstr(list, word); at; at = strstr(at + 1, word))
		if (at[-1] == ' ' && at[n] == ' ')
			return true;
	return false;
}

static bool taken(const struct cli_command *c, const struct flag *f)
{
	return holds(everywhere, f->id) || (c && holds(c->flags, f->id));
}

/* Spells "no_prune" as the user writes it: "no-prune". */
static const char *spelled(const char *id, char buf[WORD_MAX])
{
	snprintf(buf, WORD_MAX, "%s", id);
	for (char *p = buf; *p; p++)
		if (*p == '_')
			*p = '-';
	return buf;
}

static const struct cli_command *find_command(const char *name)
{
	for (int i = 0; i < COUNT(commands); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

static const struct flag *find_flag(const char *name, size_t n)
{
	char buf[WORD_MAX];

	for (int i = 0; i < COUNT(flags); i++)
		if (strlen(spelled(flags[i].id, buf)) == n && !strncmp(buf, name, n))
			return &flags[i];
	return NULL;
}

static int unknown_command(const char *name, struct err *e)
{
	const char *names[COUNT(commands)];
	char hint[HINT_MAX];
	const char *near;

	for (int i = 0; i < COUNT(commands); i++)
		names[i] = commands[i].name;
	near = str_nearest(name, names, COUNT(commands));
	return err_set(e, ERR_USAGE, "unknown command \"%s\"%s", name,
		near ? str_hint(near, hint) : "; see deltam --help");
}

static int unknown_flag(
	const struct cli_command *c, const char *name, size_t length, struct err *e)
{
	char spellings[COUNT(flags)][WORD_MAX];
	const char *names[COUNT(flags)];
	char word[WORD_MAX];
	const char *near;
	int n = 0;

	snprintf(word, sizeof(word), "%.*s", (int)length, name);
	for (int i = 0; i < COUNT(flags); i++)
		if (taken(c, &flags[i])) {
			names[n] = spelled(flags[i].id, spellings[n]);
			n++;
		}
	near = str_nearest(word, names, n);
	return err_set(e, ERR_USAGE, "unknown option --%s%s%s%s%s%s%s", word,
		c ? " for " : "", c ? c->name : "", near ? "; did you mean --" : "",
		near ? near : "", near ? "?" : "",
		near ? "" : "; --help lists what there is");
}

/* Whether word is one of "a|b|c". */
static bool among(const char *choices, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = choices;; at++) {
		size_t length = strcspn(at, "|");

		if (length == n && !strncmp(at, word, n))
			return true;
		at += length;
		if (!*at)
			return false;
	}
}

static const char *nearest_choice(const char *choices, const char *word)
{
	static char copy[256];
	const char *words[WORDS_MAX];
	int n = 0;

	snprintf(copy, sizeof(copy), "%s", choices);
	for (char *at = copy; at && n < WORDS_MAX; n++) {
		words[n] = at;
		at = strchr(at, '|');
		if (at)
			*at++ = '\0';
	}
	return str_nearest(word, words, n);
}

static int not_among(
	const char *what, const char *choices, const char *word, struct err *e)
{
	char hint[HINT_MAX];

	return err_set(e, ERR_USAGE, "%s: \"%s\" is not one of %s%s", what, word,
		choices, str_hint(nearest_choice(choices, word), hint));
}

static int set_value(
	struct cli_options *o, const struct flag *f, const char *value, struct err *e)
{
	char *field = (char *)o + f->offset;
	char name[WORD_MAX];
	char what[WORD_MAX + 2];
	int64_t number;

	snprintf(what, sizeof(what), "--%s", spelled(f->id, name));
	if (f->kind == NUMBER) {
		if (!integer_parse(value, &number) || number < 1 || number > 100000)
			return err_set(e, ERR_USAGE,
				"%s: \"%s\" is not a whole number from 1 to 100000",
				what, value);
		memcpy(field, &(int){ (int)number }, sizeof(int));
		return OK;
	}
	if (!*value)
		return err_set(e, ERR_USAGE, "%s: the value is empty", what);
	if (strchr(f->value, '|') && !among(f->value, value))
		return not_among(what, f->value, value, e);
	memcpy(field, &value, sizeof(value));
	return OK;
}

static void set_switch(struct cli_options *o, const struct flag *f)
{
	int given;
	char *field = (char *)o + f->offset;

	memcpy(&given, field, sizeof(given));
	given++;
	memcpy(field, &given, sizeof(given));
}

/* argv[*i] is "--name", "--name=value" or, with the value in the next word, "--name". */
static int take_long(struct cli_options *o, char **argv, int *i, struct err *e)
{
	const char *name = argv[*i] + 2;
	size_t n = strcspn(name, "=");
	const struct flag *f = find_flag(name, n);
	const char *value = name[n] ? name + n + 1 : NULL;

	if (!f || !taken(o->command, f))
		return unknown_flag(o->command, name, n, e);
	if (f->kind == SWITCH) {
		if (value)
			return err_set(
				e, ERR_USAGE, "--%.*s takes no value", (int)n, name);
		set_switch(o, f);
		return OK;
	}
	if (!value)
		value = argv[*i + 1] ? argv[++*i] : NULL;
	if (!value)
		return err_set(e, ERR_USAGE, "--%.*s wants %s", (int)n, name, f->value);
	return set_value(o, f, value, e);
}

/* Reads "-o FILE", which is short for --out FILE. */
static int take_out(struct cli_options *o, char **argv, int *i, struct err *e)
{
	const struct flag *f = find_flag("out", 3);

	if (!taken(o->command, f))
		return unknown_flag(o->command, "out", 3, e);
	if (!argv[*i + 1])
		return err_set(e, ERR_USAGE, "-o wants %s", f->value);
	return set_value(o, f, argv[++*i], e);
}

static int take_short(struct cli_options *o, const char *letters, struct err *e)
{
	for (const char *p = letters; *p; p++)
		switch (*p) {
		case 'h':
			o->help++;
			break;
		case 'q':
			o->quiet++;
			break;
		default:
			return err_set(e, ERR_USAGE,
				"unknown option -%c; --help lists what there is", *p);
		}
	return OK;
}

static int take_word(struct cli_options *o, const char *word, struct err *e)
{
	const char *operand;

	if (!o->command) {
		o->command = find_command(word);
		return o->command ? OK : unknown_command(word, e);
	}
	operand = o->command->operand;
	if (o->operand || !*operand)
		return err_set(e, ERR_USAGE, "%s: one word too many: \"%s\"",
			o->command->name, word);
	if (strchr(operand, '|') && !among(operand, word))
		return not_among(o->command->name, operand, word, e);
	if (!*word)
		return err_set(e, ERR_USAGE, "%s: the name is empty", o->command->name);
	o->operand = word;
	return OK;
}

int cli_parse(struct cli_options *o, int argc, char **argv, struct err *e)
{
	bool words_only = false;
	int rc = OK;

	*o = (struct cli_options){ 0 };
	for (int i = 1; i < argc && !rc; i++) {
		if (words_only || argv[i][0] != '-' || !argv[i][1])
			rc = take_word(o, argv[i], e);
		else if (!strcmp(argv[i], "--"))
			words_only = true;
		else if (argv[i][1] == '-')
			rc = take_long(o, argv, &i, e);
		else if (!strcmp(argv[i], "-o"))
			rc = take_out(o, argv, &i, e);
		else
			rc = take_short(o, argv[i] + 1, e);
	}
	if (rc || o->help || o->version)
		return rc;
	if (!o->command)
		return err_set(e, ERR_USAGE, "which command? deltam --help lists them");
	if (!o->operand && *o->command->operand && o->command->operand[0] != '[')
		return err_set(e, ERR_USAGE, "%s wants %s", o->command->name,
			o->command->operand);
	return OK;
}

static void help_flags(FILE *out, const struct cli_command *c)
{
	for (int i = 0; i < COUNT(flags); i++) {
		char left[160];
		char name[WORD_MAX];
		const char *value = flags[i].value;

		if (!taken(c, &flags[i]))
			continue;
		snprintf(left, sizeof(left), "--%s%s%s", spelled(flags[i].id, name),
			*value ? " " : "", value);
		if (strlen(left) > 20)
			fprintf(out, "  %s\n  %-20s  %s\n", left, "", flags[i].help);
		else
			fprintf(out, "  %-20s  %s\n", left, flags[i].help);
	}
}

void cli_help(FILE *out, const struct cli_command *command)
{
	if (command) {
		fprintf(out, "usage: deltam %s%s%s [options]\n\n%s\n\n", command->name,
			*command->operand ? " " : "", command->operand, command->help);
		help_flags(out, command);
		return;
	}
	fprintf(out, "usage: deltam COMMAND [options]\n\n");
	for (int i = 0; i < COUNT(commands); i++)
		fprintf(out, "  %-10s%s\n", commands[i].name, commands[i].help);
	fprintf(out,
		"\ndeltam COMMAND --help explains one. Options of every command:\n");
	help_flags(out, NULL);
}
