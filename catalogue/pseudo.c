#include "catalogue/pseudo.h"

#include <string.h>
#include "catalogue/task_list.h"
#include "common/str.h"

static const char param[] = "dataset.pseudo";

#define CONFIDENCE 0.5 /* of Li et al., where the word has none */

/* Reads ":KIND:CLASSES[:CONFIDENCE]", which it takes to pieces. */
static int read_form(struct pseudo_task *p, char *form, struct err *e)
{
	char *part[3] = { form + 1, NULL, NULL };
	int64_t classes;
	int n = 1;
	int rc;

	for (char *c = part[0]; *c && n < 3; c++)
		if (*c == ':') {
			*c = '\0';
			part[n++] = c + 1;
		}
	if (n < 2 || !integer_parse(part[1], &classes) || classes > INT32_MAX ||
		classes < 0)
		return err_set(
			e, ERR_SPEC, "\"%s\" wants its number of classes", part[0]);
	rc = task_kind_read(part[0], (int)classes, &p->info, e);
	if (rc)
		return rc;
	if (p->info.kind != TASK_SEG && p->info.loss != LOSS_SOFT_CE)
		return err_set(e, ERR_SPEC,
			"labels of a network are seg, soft or soft_map, not %s",
			part[0]);
	if (p->info.kind != TASK_SEG && n == 3)
		return err_set(e, ERR_SPEC, "a confidence is for seg");
	p->confidence = p->info.kind == TASK_SEG ? CONFIDENCE : 0;
	if (n == 3 &&
		(!number_parse(part[2], &p->confidence) ||
			!(p->confidence >= 0 && p->confidence <= 1)))
		return err_set(
			e, ERR_SPEC, "\"%s\" is no confidence from 0 to 1", part[2]);
	return OK;
}

/* Reads one word, which it takes to pieces. */
static int read_word(struct pseudo_task *p, char *word, struct arena *a, struct err *e)
{
	char *equals = strchr(word, '=');
	char *colon;
	int rc;

	if (!equals || equals == word || !equals[1])
		return err_set(e, ERR_SPEC, "%s: \"%s\" is not TASK=FILE", param, word);
	*equals = '\0';
	colon = strchr(word, ':');
	*p = (struct pseudo_task){ .task = word, .file = equals + 1, .form = "" };
	if (!colon)
		return OK;
	p->form = arena_strdup(a, colon);
	rc = read_form(p, colon, e);
	*colon = '\0';
	return rc ? err_wrap(e, "%s: \"%s\"", param, word) : OK;
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
		str_printf(&out, "%s%s%s=", i ? " " : "", list[i].task, list[i].form);
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
		str_printf(&out, "%s%s%s", i ? " " : "", list[i].task, list[i].form);
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
		rc = read_word(&list[*n], unescape(arena_strndup(a, at, length)), a, e);
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
		const struct task_info *of =
			*list[i].form ? &list[i].info : find(tasks, real, list[i].task);
		const char *name = arena_printf(a, "pseudo_%s", list[i].task);

		if (!of)
			return err_set(e, ERR_SPEC,
				"%s: the data set has no task \"%s\"; of another one "
				"write TASK:KIND:CLASSES=FILE",
				param, list[i].task);
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
