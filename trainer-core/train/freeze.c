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

static size_t bytes_of(const struct freeze *f, int i)
{
	return graph_scope_floats(f->graph, f->scope[i]) * sizeof(float);
}

/* Where scope i lies in a flat array. */
static float *place_of(const struct freeze *f, int i, float *flat)
{
	return flat + graph_scope_begin(f->graph, f->scope[i]);
}

static void keep_values(struct freeze *f, struct arena *a)
{
	size_t bytes = 1;
	char *at;

	for (int i = 0; i < f->scopes; i++)
		bytes += bytes_of(f, i);
	f->value = arena_alloc_aligned(a, bytes);
	at = (char *)f->value;
	for (int i = 0; i < f->scopes; at += bytes_of(f, i++))
		memcpy(at, place_of(f, i, graph_values(f->graph)), bytes_of(f, i));
}

int freeze_parse(struct freeze *f, struct graph *g, const struct task_info *task,
	const struct params *ps, struct arena *a, struct err *e)
{
	const char *list = params_get(ps, "train.freeze");
	int K = graph_tasks(g);

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
	keep_values(f, a);
	return OK;
}

void freeze_gradient(const struct freeze *f, float *gradient)
{
	for (int i = 0; i < f->scopes; i++)
		memset(place_of(f, i, gradient), 0, bytes_of(f, i));
}

void freeze_hold(const struct freeze *f)
{
	const char *at = (const char *)f->value;

	for (int i = 0; i < f->scopes; at += bytes_of(f, i++))
		memcpy(place_of(f, i, graph_values(f->graph)), at, bytes_of(f, i));
}
