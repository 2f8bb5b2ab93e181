/* How many jobs a sweep is. */
#include "orchestrator/plan/plan.h"

#include <string.h>

/* The most points that one axis takes in a refinement; edges reach further. */
static int64_t most_refined(const struct spec_axis *x, struct arena *a)
{
	struct arena_mark mark = arena_mark(a);
	int64_t most = 0;
	int tries[] = { 0, x->count / 2, x->count - 1 };

	for (int i = 0; i < 3; i++) {
		int64_t n = plan_refine_axis(x, tries[i], a).count;

		if (n > most)
			most = n;
	}
	arena_rewind(a, mark);
	return most;
}

/* The points that it takes in the middle. */
static int64_t usual_refined(const struct spec_axis *x, struct arena *a)
{
	struct arena_mark mark = arena_mark(a);
	int64_t n = plan_refine_axis(x, x->count / 2, a).count;

	arena_rewind(a, mark);
	return n;
}

static int64_t refine_points(const struct spec_entry *entry,
	int64_t (*count)(const struct spec_axis *x, struct arena *a), struct arena *a)
{
	int64_t points = 0;

	for (int k = 0; k < entry->naxes; k++)
		if (entry->axes[k].fine > 0)
			points = (points ? points : 1) * count(&entry->axes[k], a);
	return points;
}

static struct plan_entry_jobs count_entry(const struct spec *s,
	const struct spec_variant *v, const struct spec_entry *entry, struct arena *a)
{
	bool baseline = entry->position == 0;
	int64_t tasks = baseline ? v->ntasks : 1;
	int64_t seeds = tasks * (baseline ? 1 : s->search.seeds.n);
	int64_t last = tasks * (baseline ? s->baseline.seeds.n : s->final_seeds.n);
	struct plan_entry_jobs jobs = { .variant = v, .entry = entry, .final = last };
	struct arena_mark mark = arena_mark(a);
	struct plan_grid tune, wd;
	int64_t fine;

	if (!plan_searches(s, v))
		return jobs;
	tune = plan_tune(s, v, entry, a);
	wd = plan_wd(s, &tune, 0, a);
	fine = refine_points(entry, most_refined, a);
	jobs.tune = tune.count * seeds;
	jobs.refine = fine ? (fine - 1) * seeds : 0;
	jobs.refine_usual =
		fine ? (refine_points(entry, usual_refined, a) - 1) * seeds : 0;
	jobs.wd = wd.count ? (wd.count - 1) * seeds : 0;
	arena_rewind(a, mark);
	return jobs;
}

static void add_row(struct plan_counts *c, struct plan_entry_jobs jobs)
{
	c->rows[c->nrows++] = jobs;
	c->total += jobs.tune + jobs.refine + jobs.wd + jobs.final;
}

static void consider(struct plan_counts *c, const char *key, int values)
{
	if (values > c->largest_values) {
		c->largest = key;
		c->largest_values = values;
	}
}

static void find_largest(const struct spec *s, struct plan_counts *c, struct arena *a)
{
	consider(c, "search.lr", s->search.rates.lr.count);
	consider(c, "search.wd", s->search.rates.wd.count);
	consider(c, "search.seeds", s->search.seeds.n);
	consider(c, "final.seeds", s->final_seeds.n);
	consider(c, "baseline.seeds", s->baseline.seeds.n);
	consider(c, "vary", s->nvariants);
	consider(c, "methods", s->variants[0].nentries);
	for (int i = 0; i < s->variants[0].nentries; i++) {
		const struct spec_entry *entry = &s->variants[0].entries[i];

		for (int k = 0; k < entry->naxes; k++)
			consider(c,
				arena_printf(a, "%s of \"%s\"", entry->axes[k].name,
					entry->label),
				entry->axes[k].count);
	}
}

struct plan_counts plan_count(const struct spec *s, struct arena *a)
{
	struct plan_counts c = { 0 };
	int rows = 0;

	for (int i = 0; i < s->nvariants; i++)
		rows += 1 + s->variants[i].nentries;
	c.rows = NEW_ARRAY(a, struct plan_entry_jobs, rows);
	for (int i = 0; i < s->nvariants; i++) {
		const struct spec_variant *v = &s->variants[i];

		if (s->baseline.source == BASELINE_TRAINED && v->stl_of == i)
			add_row(&c, count_entry(s, v, &v->baseline, a));
		for (int k = 0; k < v->nentries; k++)
			add_row(&c, count_entry(s, v, &v->entries[k], a));
	}
	find_largest(s, &c, a);
	return c;
}

int plan_allow(const struct plan_counts *c, bool yes, struct err *e)
{
	if (yes || c->total <= PLAN_JOBS_FREE)
		return OK;
	return err_set(e, ERR_USAGE,
		"this plan has %lld jobs, above %d; most come from %s, which takes %d "
		"values; --yes allows them",
		(long long)c->total, PLAN_JOBS_FREE, c->largest, c->largest_values);
}
