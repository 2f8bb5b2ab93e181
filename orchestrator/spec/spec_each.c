/* A learned scalar that starts at a number a task, or where an earlier run ended. */
#include "orchestrator/spec/spec_read.h"

#include <ctype.h>
#include <string.h>

#define IDENTITY_DIGITS 32

static bool is_identity(const char *text)
{
	size_t n = 0;

	while (isdigit((unsigned char)text[n]) || (text[n] >= 'a' && text[n] <= 'f'))
		n++;
	return n == IDENTITY_DIGITS && !text[n];
}

static const char *read_run(const struct spec_reader *r, const struct json *node,
	const struct spec_axis_rule *rule)
{
	static const char *const keys[] = { "run" };
	const struct json *run = json_get(node, "run");

	if (!read_known(r, node, keys, COUNT(keys)) ||
		!expect_kind(r, run, JSON_STRING, "run"))
		return NULL;
	if (!*rule->info->each)
		diag_add(r->d, run->at,
			"%s writes nothing that another run of it could "
			"start from",
			rule->owner);
	else if (read_at(r, "trainer"))
		diag_add(r->d, run->at,
			"a trainer of your own starts where it wants to: \"run\" is for "
			"deltam's");
	else if (!is_identity(run->string))
		diag_add(r->d, run->at,
			"\"run\" wants a run's identity, %d hexadecimal digits, as "
			"`deltam show` prints it",
			IDENTITY_DIGITS);
	else
		return arena_printf(r->a, PARAM_RUN "%s", run->string);
	return NULL;
}

static bool names_task(const struct json *node, const struct spec_axis_rule *rule)
{
	for (int k = 0; k < rule->tasks; k++)
		if (json_get(node, rule->task[k].name))
			return true;
	return false;
}

/* Equal numbers are one number: the same job as if that had been written. */
static const char *read_tasks(const struct spec_reader *r, const struct json *node,
	const struct spec_axis_rule *rule)
{
	const char **names = NEW_ARRAY(r->a, const char *, rule->tasks);
	struct str out = { .arena = r->a };
	const char *first = NULL;
	bool same = true;

	for (int k = 0; k < rule->tasks; k++)
		names[k] = rule->task[k].name;
	if (!read_known(r, node, names, rule->tasks))
		return NULL;
	for (int k = 0; k < rule->tasks; k++) {
		const struct json *value = json_get(node, names[k]);
		const char *text;

		if (!value) {
			diag_add(r->d, node->at, "%s lacks a number for task \"%s\"",
				rule->info->name, names[k]);
			return NULL;
		}
		text = value_text(r, value, rule->info, rule->owner);
		if (!text)
			return NULL;
		first = first ? first : text;
		same = same && !strcmp(first, text);
		str_printf(&out, "%s%s", k ? " " : "", text);
	}
	return same ? first : str_get(&out);
}

bool read_each(const struct spec_reader *r, const struct json *node,
	const struct spec_axis_rule *rule, const char **text)
{
	if (node->kind != JSON_OBJECT)
		return false;
	if (names_task(node, rule))
		*text = read_tasks(r, node, rule);
	else if (json_get(node, "run"))
		*text = read_run(r, node, rule);
	else
		return false;
	return true;
}
