/*
 * train.freeze: what keeps its initial values, "trunk" or names of tasks whose heads do.
 * Its gradient is computed and measured, but is zero when the optimizer sees it.
 */
#include <string.h>
#include "trainer-core/train_job.h"

static int scope_named(const struct train *t, const char *name, size_t n, int *scope)
{
	if (n == 5 && !strncmp(name, "trunk", n)) {
		*scope = SCOPE_SHARED;
		return OK;
	}
	for (int k = 0; k < t->K; k++)
		if (strlen(t->task[k].info.name) == n &&
			!strncmp(name, t->task[k].info.name, n)) {
			*scope = k;
			return OK;
		}
	return ERR_SPEC;
}

int train_freeze_new(
	struct train *t, const struct params *ps, struct arena *a, struct err *e)
{
	const char *list = params_get(ps, "train.freeze");

	t->frozen = NEW_ARRAY(a, int, t->K + 1);
	if (list && t->optim_info.wd != 0)
		return err_set(
			e, ERR_SPEC, "train.freeze: what is frozen cannot decay");
	while (list && *list) {
		size_t n = strcspn(list, " ");

		if (t->freezes > t->K ||
			scope_named(t, list, n, &t->frozen[t->freezes++]))
			return err_set(e, ERR_SPEC,
				"train.freeze: \"%s\" is neither trunk nor a task",
				list);
		list += n + (list[n] == ' ');
	}
	return OK;
}

void train_freeze(struct train *t)
{
	int arrays = t->per_task ? t->K : 1;

	for (int i = 0; i < t->freezes; i++)
		for (int k = 0; k < arrays; k++)
			memset(t->grad[k] + graph_scope_begin(t->graph, t->frozen[i]),
				0,
				graph_scope_floats(t->graph, t->frozen[i]) *
					sizeof(float));
}
