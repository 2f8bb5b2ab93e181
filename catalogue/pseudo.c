#include "catalogue/pseudo.h"

#include <string.h>

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

int pseudo_read(const struct params *ps, struct arena *a, struct pseudo_task *list,
	int *n, struct err *e)
{
	const char *at = params_get(ps, param);

	*n = 0;
	while (at && *(at += strspn(at, " "))) {
		size_t length = strcspn(at, " ");
		int rc;

		if (*n == TASKS_MAX)
			return err_set(
				e, ERR_SPEC, "%s: more than %d", param, TASKS_MAX);
		rc = read_word(&list[*n], arena_strndup(a, at, length), e);
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
