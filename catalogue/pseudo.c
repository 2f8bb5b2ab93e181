#include "catalogue/pseudo.h"

#include <string.h>
#include "common/str.h"

static const char param[] = "dataset.pseudo";

/* Reads one word, which it takes to pieces. */
static int read_word(struct pseudo_task *p, char *word, struct err *e)
{
	char *equals = strchr(word, '=');

	if (!equals || equals == word || !equals[1])
		return err_set(e, ERR_SPEC, "%s: \"%s\" is not TASK=FILE", param, word);
	*equals = '\0';
	*p = (struct pseudo_task){ .task = word, .file = equals + 1 };
	return OK;
}

/* The length of the first word: a blank behind a backslash belongs to it. */
static size_t word_length(const char *s)
{
	size_t n = 0;

	while (s[n] && s[n] != ' ')
		n += s[n] == '\\' && s[n + 1] == ' ' ? 2 : 1;
	return n;
}

/* The backslashes in front of blanks go. */
static char *unescape(char *word)
{
	char *to = word;

	for (const char *from = word; *from; from++) {
		from += *from == '\\' && from[1] == ' ';
		*to++ = *from;
	}
	*to = '\0';
	return word;
}

const char *pseudo_words(const struct pseudo_task *list, int n, struct arena *a)
{
	struct str out = { .arena = a };

	for (int i = 0; i < n; i++) {
		str_printf(&out, "%s%s=", i ? " " : "", list[i].task);
		for (const char *c = list[i].file; *c; c++)
			str_printf(&out, "%s%c", *c == ' ' ? "\\" : "", *c);
	}
	return str_get(&out);
}

const char *pseudo_names(const struct params *ps, struct arena *a)
{
	struct pseudo_task *list = NEW_ARRAY(a, struct pseudo_task, TASKS_MAX);
	struct str out = { .arena = a };
	struct err e;
	int n;

	if (pseudo_read(ps, a, list, &n, &e))
		return params_get(ps, param);
	for (int i = 0; i < n; i++)
		str_printf(&out, "%s%s", i ? " " : "", list[i].task);
	return str_get(&out);
}

int pseudo_read(const struct params *ps, struct arena *a, struct pseudo_task *list,
	int *n, struct err *e)
{
	const char *at = params_get(ps, param);

	*n = 0;
	while (at && *(at += strspn(at, " "))) {
		size_t length = word_length(at);
		int rc;

		if (*n == TASKS_MAX)
			return err_set(
				e, ERR_SPEC, "%s: more than %d", param, TASKS_MAX);
		rc = read_word(&list[*n], unescape(arena_strndup(a, at, length)), e);
		if (rc)
			return rc;
		(*n)++;
		at += length;
	}
	return OK;
}

static const struct task_info *find(
	const struct task_info *tasks, int n, const char *name)
{
	for (int k = 0; k < n; k++)
		if (!strcmp(tasks[k].name, name))
			return &tasks[k];
	return NULL;
}

int pseudo_tasks(const struct params *ps, struct arena *a, struct task_info *tasks,
	int *n, struct err *e)
{
	struct pseudo_task list[TASKS_MAX];
	int real = *n;
	int count;
	int rc = pseudo_read(ps, a, list, &count, e);

	for (int i = 0; !rc && i < count; i++) {
		const struct task_info *of = find(tasks, real, list[i].task);
		const char *name = arena_printf(a, "pseudo_%s", list[i].task);

		if (!of)
			return err_set(e, ERR_SPEC,
				"%s: the data set has no task \"%s\"", param,
				list[i].task);
		if (find(tasks, *n, name))
			return err_set(
				e, ERR_SPEC, "%s: task \"%s\" twice", param, name);
		if (*n == TASKS_MAX)
			return err_set(e, ERR_SPEC, "%s: more than %d tasks", param,
				TASKS_MAX);
		tasks[*n] = *of;
		tasks[(*n)++].name = name;
	}
	return rc;
}
