#include "orchestrator/plan/plan.h"

#include <string.h>

enum { LR, WD, HYPER }; /* axes of a grid */

int grid_index(const struct plan_grid *g, int i, int k)
{
	for (int last = g->naxes - 1; last > k; last--)
		i /= g->axes[last].count;
	return i % g->axes[k].count;
}

static void count_points(struct plan_grid *g)
{
	g->count = 1;
	for (int k = 0; k < g->naxes; k++)
		g->count *= g->axes[k].count; /* spec_methods.c bounds the product */
}

/* Makes value i of x an axis of its own. */
static struct spec_axis one_value(const struct spec_axis *x, int i)
{
	struct spec_axis one = *x;

	one.text = x->text + i;
	one.value = x->value + i;
	one.count = 1;
	return one;
}

bool plan_searches(const struct spec *s, const struct spec_variant *v)
{
	return s->select.epoch != EPOCH_LAST10 && !(s->pin_winner && v->position > 0);
}

/* The index of v among an axis' values; -1 where it is none of them. */
static int index_of(const struct spec_axis *x, double v)
{
	for (int i = 0; i < x->count; i++)
		if (x->value[i] == v)
			return i;
	return -1;
}

/* The wd of a line search's first stage. */
static struct spec_axis fixed_wd(const struct spec_rates *rates, struct arena *a)
{
	int at = index_of(&rates->wd, rates->fixed_wd);
	char buf[NUMBER_MAX];
	struct spec_axis x;

	if (at >= 0)
		return one_value(&rates->wd, at);
	x = rates->wd;
	x.text = NEW(a, const char *);
	x.value = NEW(a, double);
	x.text[0] = arena_strdup(a, number_format(rates->fixed_wd, buf));
	x.value[0] = rates->fixed_wd;
	x.count = 1;
	return x;
}

struct plan_grid plan_tune(const struct spec *s, const struct spec_variant *v,
	const struct spec_entry *entry, struct arena *a)
{
	struct plan_grid g = { .rates = entry->position ? &s->search.rates
							: &s->baseline.rates,
		.naxes = HYPER + entry->naxes };

	(void)v;
	g.axes = NEW_ARRAY(a, struct spec_axis, g.naxes);
	g.axes[LR] = g.rates->lr;
	g.axes[WD] = s->search.kind == SEARCH_LINE ? fixed_wd(g.rates, a) : g.rates->wd;
	for (int k = 0; k < entry->naxes; k++)
		g.axes[HYPER + k] = entry->axes[k];
	count_points(&g);
	return g;
}

struct plan_grid plan_point(const struct plan_grid *g, int i, struct arena *a)
{
	struct plan_grid one = { g->rates, NEW_ARRAY(a, struct spec_axis, g->naxes),
		g->naxes, 1 };

	for (int k = 0; k < g->naxes; k++)
		one.axes[k] = one_value(&g->axes[k], grid_index(g, i, k));
	return one;
}

struct plan_grid plan_refine(
	const struct spec *s, const struct plan_grid *g, int best, struct arena *a)
{
	struct plan_grid fine = plan_point(g, best, a);
	bool any = false;

	(void)s;
	for (int k = HYPER; k < g->naxes; k++)
		if (g->axes[k].fine > 0) {
			fine.axes[k] = plan_refine_axis(
				&g->axes[k], grid_index(g, best, k), a);
			any = true;
		}
	if (!any)
		return (struct plan_grid){ 0 };
	count_points(&fine);
	return fine;
}

struct plan_grid plan_wd(
	const struct spec *s, const struct plan_grid *g, int best, struct arena *a)
{
	struct plan_grid wd = plan_point(g, best, a);
	const struct spec_axis *all = &g->rates->wd;
	struct spec_axis *own = &wd.axes[WD];

	if (s->search.kind != SEARCH_LINE ||
		(all->count == 1 && all->value[0] == own->value[0]))
		return (struct plan_grid){ 0 };
	if (index_of(all, own->value[0]) >= 0) {
		*own = *all;
	} else {
		struct spec_axis more = *all;

		more.count = all->count + 1;
		more.text = NEW_ARRAY(a, const char *, more.count);
		more.value = NEW_ARRAY(a, double, more.count);
		more.text[0] = own->text[0];
		more.value[0] = own->value[0];
		memcpy(more.text + 1, all->text,
			(size_t)all->count * sizeof(*all->text));
		memcpy(more.value + 1, all->value,
			(size_t)all->count * sizeof(*all->value));
		*own = more;
	}
	count_points(&wd);
	return wd;
}
