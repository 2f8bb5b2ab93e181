/*
 * train.freeze: what keeps its initial values, "trunk" or names of tasks whose heads do.
 * Its gradient is computed and measured, but is zero when the optimizer sees it; what
 * decay would do all the same is taken back.
 */
#include <string.h>
#include "trainer-core/train/train_job.h"

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

static size_t floats_of(const struct train *t, int scope)
{
	return graph_scope_floats(t->graph, scope);
}

/* The initial values, one scope behind the other. */
static void keep_values(struct train *t, struct arena *a)
{
	size_t n = 0;
	float *at;

	for (int i = 0; i < t->freezes; i++)
		n += floats_of(t, t->frozen[i]);
	at = t->frozen_values = arena_alloc_aligned(a, n * sizeof(*at) + 1);
	for (int i = 0; i < t->freezes; at += floats_of(t, t->frozen[i++]))
		memcpy(at,
			graph_values(t->graph) +
				graph_scope_begin(t->graph, t->frozen[i]),
			floats_of(t, t->frozen[i]) * sizeof(*at));
}

int train_freeze_new(
	struct train *t, const struct params *ps, struct arena *a, struct err *e)
{
	const char *list = params_get(ps, "train.freeze");

	t->frozen = NEW_ARRAY(a, int, t->K + 1);
	while (list && *list) {
		size_t n = strcspn(list, " ");

		if (t->freezes > t->K ||
			scope_named(t, list, n, &t->frozen[t->freezes++]))
			return err_set(e, ERR_SPEC,
				"train.freeze: \"%s\" is neither trunk nor a task",
				list);
		list += n + (list[n] == ' ');
	}
	keep_values(t, a);
	return OK;
}

void train_freeze(const struct train *t, float *gradient)
{
	for (int i = 0; i < t->freezes; i++)
		memset(gradient + graph_scope_begin(t->graph, t->frozen[i]), 0,
			floats_of(t, t->frozen[i]) * sizeof(*gradient));
}

void train_hold(struct train *t)
{
	const float *at = t->frozen_values;

	for (int i = 0; i < t->freezes; at += floats_of(t, t->frozen[i++]))
		memcpy(graph_values(t->graph) +
				graph_scope_begin(t->graph, t->frozen[i]),
			at, floats_of(t, t->frozen[i]) * sizeof(*at));
}
