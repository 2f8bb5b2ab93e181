#include "orchestrator/cli/cli_tables.h"

#include <stdio.h>
#include <string.h>
#include "common/str.h"

#define WORDS_MAX 64

static const struct cli_flag *find_flag(const char *name, size_t n)
{
	char buf[CLI_WORD_MAX];
	int count;
	const struct cli_flag *flags = cli_flags(&count);

	for (int i = 0; i < count; i++)
		if (strlen(cli_spelled(flags[i].id, buf)) == n &&
			!strncmp(buf, name, n))
			return &flags[i];
	return NULL;
}

int cli_unknown_command(const char *name, struct err *e)
{
	const char *names[WORDS_MAX];
	char hint[HINT_MAX];
	const char *near;
	int n;
	const struct cli_command *all = cli_commands(&n);

	for (int i = 0; i < n; i++)
		names[i] = all[i].name;
	near = str_nearest(name, names, n);
	return err_set(e, ERR_USAGE, "unknown command \"%s\"%s", name,
		near ? str_hint(near, hint) : "; see deltam --help");
}

static int unknown_flag(
	const struct cli_command *c, const char *name, size_t length, struct err *e)
{
	char spellings[WORDS_MAX][CLI_WORD_MAX];
	const char *names[WORDS_MAX];
	char word[CLI_WORD_MAX];
	const char *near;
	int count;
	const struct cli_flag *flags = cli_flags(&count);
	int n = 0;

	snprintf(word, sizeof(word), "%.*s", (int)length, name);
	for (int i = 0; i < count; i++)
		if (cli_takes(c, &flags[i])) {
			names[n] = cli_spelled(flags[i].id, spellings[n]);
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

static int set_number(
	int *field, const char *what, const char *value, int most, struct err *e)
{
	int64_t number;

	if (!integer_parse(value, &number) || number < 1 || number > most)
		return err_set(e, ERR_USAGE,
			"%s: \"%s\" is not a whole number from 1 to %d", what, value,
			most);
	*field = (int)number;
	return OK;
}

static int add_to_list(
	struct cli_list *list, const char *what, const char *value, struct err *e)
{
	if (list->n == CLI_LIST_MAX)
		return err_set(
			e, ERR_USAGE, "%s: more than %d times", what, CLI_LIST_MAX);
	list->item[list->n++] = value;
	return OK;
}

static int set_value(struct cli_options *o, const struct cli_flag *f, const char *value,
	struct err *e)
{
	void *field = (char *)o + f->offset;
	char name[CLI_WORD_MAX];
	char what[CLI_WORD_MAX + 2];

	snprintf(what, sizeof(what), "--%s", cli_spelled(f->id, name));
	if (f->kind == CLI_NUMBER || f->kind == CLI_PERIOD)
		return set_number(field, what, value, cli_most(f), e);
	if (!*value)
		return err_set(e, ERR_USAGE, "%s: the value is empty", what);
	if (f->kind == CLI_LIST)
		return add_to_list(field, what, value, e);
	if (strchr(f->value, '|') && !among(f->value, value))
		return not_among(what, f->value, value, e);
	memcpy(field, &value, sizeof(value));
	return OK;
}

static void set_switch(struct cli_options *o, const struct cli_flag *f)
{
	int *field = (void *)((char *)o + f->offset);

	(*field)++;
}

/* A word that is no number belongs to the command, not to a flag that may do without one. */
static bool is_whole(const char *word)
{
	int64_t number;

	return word && integer_parse(word, &number);
}

/* argv[*i] is "--name", "--name=value" or, with the value in the next word, "--name". */
static int take_long(struct cli_options *o, char **argv, int *i, struct err *e)
{
	const char *name = argv[*i] + 2;
	size_t n = strcspn(name, "=");
	const struct cli_flag *f = find_flag(name, n);
	const char *value = name[n] ? name + n + 1 : NULL;

	if (!f || !cli_takes(o->command, f))
		return unknown_flag(o->command, name, n, e);
	if (f->kind == CLI_SWITCH) {
		if (value)
			return err_set(
				e, ERR_USAGE, "--%.*s takes no value", (int)n, name);
		set_switch(o, f);
		return OK;
	}
	if (!value && f->kind == CLI_PERIOD && !is_whole(argv[*i + 1]))
		value = "1";
	if (!value)
		value = argv[*i + 1] ? argv[++*i] : NULL;
	if (!value)
		return err_set(e, ERR_USAGE, "--%.*s wants %s", (int)n, name, f->value);
	return set_value(o, f, value, e);
}

static const struct cli_flag *find_letter(char letter)
{
	int n;
	const struct cli_flag *flags = cli_flags(&n);

	for (int i = 0; i < n; i++)
		if (cli_letter(&flags[i]) == letter)
			return &flags[i];
	return NULL;
}

/* argv[*i] is "-qq", "-oFILE" or, with the value in the next word, "-o". */
static int take_short(struct cli_options *o, char **argv, int *i, struct err *e)
{
	for (const char *p = argv[*i] + 1; *p; p++) {
		const struct cli_flag *f = find_letter(*p);

		if (!f || !cli_takes(o->command, f))
			return err_set(e, ERR_USAGE,
				"unknown option -%c%s%s; --help lists what there is",
				*p, f && o->command ? " for " : "",
				f && o->command ? o->command->name : "");
		if (f->kind != CLI_SWITCH) {
			const char *value = p[1] ? p + 1 : argv[*i + 1];

			if (!value)
				return err_set(
					e, ERR_USAGE, "-%c wants %s", *p, f->value);
			*i += !p[1];
			return set_value(o, f, value, e);
		}
		set_switch(o, f);
	}
	return OK;
}

static int take_operand(
	struct cli_options *o, const char *wanted, const char *word, struct err *e)
{
	if (o->second && strstr(wanted, "..."))
		return add_to_list(&o->more, o->command->name, word, e);
	if (o->second || !*wanted)
		return err_set(e, ERR_USAGE, "%s: one word too many: \"%s\"",
			o->command->name, word);
	if (strchr(wanted, '|') && !among(wanted, word))
		return not_among(o->command->name, wanted, word, e);
	if (!*word)
		return err_set(e, ERR_USAGE, "%s: the name is empty", o->command->name);
	if (o->operand)
		o->second = word;
	else
		o->operand = word;
	return OK;
}

static int take_word(struct cli_options *o, const char *word, struct err *e)
{
	struct arena a = { 0 };
	int rc;

	if (!o->command) {
		o->command = cli_find_command(word);
		return o->command ? OK : cli_unknown_command(word, e);
	}
	rc = take_operand(o, cli_operand(o->command, o->operand != NULL, &a), word, e);
	arena_release(&a);
	return rc;
}

/* What the command still wants after all words. */
static int check_operands(const struct cli_options *o, struct err *e)
{
	const char *const given[] = { o->operand, o->second };
	struct arena a = { 0 };
	int rc = OK;

	for (int i = 0; i < 2 && !rc; i++) {
		const char *wanted = cli_operand(o->command, i, &a);
		const char *names = cli_names(wanted, ", ", &a);

		if (*wanted && *wanted != '[' && !given[i])
			rc = err_set(e, ERR_USAGE, "%s wants %s%s%s", o->command->name,
				wanted, *names ? ": " : "", names);
	}
	arena_release(&a);
	return rc;
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
		else
			rc = take_short(o, argv, &i, e);
	}
	if (rc || o->help || o->version)
		return rc;
	if (!o->command)
		return err_set(e, ERR_USAGE, "which command? deltam --help lists them");
	return check_operands(o, e);
}
