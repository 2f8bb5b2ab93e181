#include "trainer-core/train/freeze.h"

#include <string.h>

/* The scope of the n characters of `name`; as many as there are tasks: none. */
static int scope_named(
	const struct graph *g, const struct task_info *task, const char *name, size_t n)
{
	int k = 0;

	if (n == 5 && !strncmp(name, "trunk", n))
		return SCOPE_SHARED;
	while (k < graph_tasks(g) &&
		(strlen(task[k].name) != n || strncmp(name, task[k].name, n) != 0))
		k++;
	return k;
}

int freeze_parse(struct freeze *f, struct graph *g, const struct task_info *task,
	const struct params *ps, struct arena *a, struct err *e)
{
	const char *list = params_get(ps, "train.freeze");
	int K = graph_tasks(g);
	size_t bytes;

	f->graph = g;
	f->scope = NEW_ARRAY(a, int, K + 1);
	while (list && *list) {
		size_t n = strcspn(list, " ");
		int scope = scope_named(g, task, list, n);

		if (f->scopes > K || scope == K)
			return err_set(e, ERR_SPEC,
				"train.freeze: \"%s\" is neither trunk nor a task",
				list);
		f->scope[f->scopes++] = scope;
		list += n + (list[n] == ' ');
	}
	bytes = f->scopes ? graph_floats(g) * sizeof(float) : 0;
	f->value = arena_alloc_aligned(a, bytes + 1);
	memcpy(f->value, graph_values(g), bytes);
	return OK;
}

void freeze_gradient(const struct freeze *f, float *gradient)
{
	for (int i = 0; i < f->scopes; i++)
		memset(gradient + graph_scope_begin(f->graph, f->scope[i]), 0,
			graph_scope_floats(f->graph, f->scope[i]) * sizeof(float));
}

void freeze_hold(const struct freeze *f)
{
	for (int i = 0; i < f->scopes; i++) {
		size_t begin = graph_scope_begin(f->graph, f->scope[i]);

		memcpy(graph_values(f->graph) + begin, f->value + begin,
			graph_scope_floats(f->graph, f->scope[i]) * sizeof(float));
	}
}
