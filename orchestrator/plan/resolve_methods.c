#include "orchestrator/plan/resolve_methods.h"

#include <string.h>

struct words {
	struct arena *a;
	const char **item;
	int n, capacity;
};

static void put(struct words *w, const char *word)
{
	(void)GROW(w->a, w->item, w->n, w->capacity);
	w->item[w->n++] = word;
}

static void put_pair(struct words *w, const char *name, const char *value)
{
	put(w, arena_printf(w->a, "%s=%s", name, value));
}

/* Says what network and method depend on; initial weights are asked for elsewhere. */
static bool matters(const char *name)
{
	return (!strncmp(name, "dataset.", 8) || !strncmp(name, "train.", 6) ||
		       !strncmp(name, "model.", 6)) &&
		strncmp(name, "model.init", 10) != 0;
}

/* Puts one method with the first value of every axis, but value `at` of axis `of`. */
static void put_entry(struct words *w, const struct spec_entry *e, int of, int at)
{
	put_pair(w, "method", e->method->name);
	for (int i = 0; i < e->naxes; i++)
		put_pair(w, e->axes[i].name, e->axes[i].text[i == of ? at : 0]);
}

/* Choices decide what a method needs; numbers and weights do not. */
static bool is_choice(const struct spec_entry *e, const struct spec_axis *x)
{
	const struct param_info *row = param_info_find(e->method->params, x->name);

	return row && (row->kind == PARAM_CHOICE || row->kind == PARAM_BOOL);
}

static void put_choices(struct words *w, const struct spec_entry *e)
{
	put_entry(w, e, -1, 0);
	for (int i = 0; i < e->naxes; i++)
		for (int k = 1; is_choice(e, &e->axes[i]) && k < e->axes[i].count; k++)
			put_entry(w, e, i, k);
}

const struct child_answer *resolve_ask_methods(struct child_questions *q,
	const struct spec_variant *v, const struct params *ps)
{
	struct words w = { .a = q->a };

	put(&w, q->worker);
	put(&w, "--methods");
	for (int i = 0; i < ps->n; i++)
		if (matters(ps->p[i].name))
			put_pair(&w, ps->p[i].name, ps->p[i].value);
	for (int i = 0; i < v->nentries; i++)
		put_choices(&w, &v->entries[i]);
	put(&w, NULL);
	return child_ask_words(q, w.item);
}
