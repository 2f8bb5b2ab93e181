#include "orchestrator/report/robust.h"

#include <math.h>
#include <string.h>
#include "orchestrator/report/benchmark_data.h"

/* What the table is made of. */
struct robust {
	const struct query_sweep *sweep;
	struct arena *arena;
	struct query_robustness *figure;
	struct query_figure *criterion;
	struct query_title *title;
	int figures, criteria, titles;
};

static bool same_row(const struct query_robustness *x, const struct query_robustness *y)
{
	return !strcmp(x->variant, y->variant) && !strcmp(x->label, y->label);
}

/* A share has no unit: "Acc. [%]" without the bracket. */
static const char *title_of(const struct robust *b, const struct query_figure *f)
{
	const char *title = benchmark_criterion_title(f);
	size_t n = strcspn(title, "[");

	while (n > 0 && title[n - 1] == ' ')
		n--;
	return arena_printf(b->arena, "δ %.*s", (int)n, title);
}

static void columns(const struct robust *b, struct report_table *t, const char *variant)
{
	table_column(t, "sweep", "")->audience = FOR_PROGRAMS;
	table_column(t, "variant", "")->audience = FOR_PROGRAMS;
	table_column(t, "method", "")->audience = FOR_PROGRAMS;
	table_column(t, "label", "Method");
	for (int i = 0; i < b->criteria; i++) {
		const struct query_figure *f = &b->criterion[i];
		struct report_column *c;

		if (strcmp(f->variant, variant) != 0)
			continue;
		c = table_column(t, f->criterion, title_of(b, f));
		c->group = f->task;
		c->arrow = -1;
		c->right = true;
		c = table_column(t, arena_printf(b->arena, "%s_std", f->criterion), "");
		c->audience = FOR_PROGRAMS;
	}
	table_column(t, "seeds", "seeds")->right = true;
	table_column(t, "corruptions", "corruptions")->right = true;
}

static const struct query_robustness *figure_of(const struct robust *b,
	const struct query_robustness *row, const struct query_figure *c)
{
	for (int i = 0; i < b->figures; i++)
		if (same_row(&b->figure[i], row) &&
			!strcmp(b->figure[i].criterion, c->criterion))
			return &b->figure[i];
	return NULL;
}

static const char *to_read(struct arena *a, const struct query_robustness *f)
{
	if (!isfinite(f->delta_std))
		return report_fixed(a, f->delta, 3);
	return arena_printf(a, "%s ± %s", report_fixed(a, f->delta, 3),
		report_fixed(a, f->delta_std, 3));
}

static void row(const struct robust *b, struct report_table *t,
	const struct query_robustness *x)
{
	table_text(t, b->sweep->name);
	table_text(t, x->variant);
	table_text(t, x->method);
	table_text(t,
		benchmark_entry_title(
			b->title, b->titles, x->variant, x->method, x->label))
		->exact = x->label;
	for (int i = 0; i < b->criteria; i++) {
		const struct query_figure *c = &b->criterion[i];
		const struct query_robustness *f = figure_of(b, x, c);

		if (strcmp(c->variant, x->variant) != 0)
			continue;
		table_number(
			t, f ? f->delta : (double)NAN, f ? to_read(b->arena, f) : NULL);
		table_number(t, f ? f->delta_std : (double)NAN, NULL);
	}
	table_number(t, x->seeds, NULL);
	table_number(t, x->corruptions, NULL);
}

/* Rows from `first` on that are of one variant; returns the next variant's first. */
static int block(const struct robust *b, struct report *r, int first)
{
	const char *variant = b->figure[first].variant;
	struct report_table *t = report_table(r, *variant ? variant : NULL);
	bool *may = NEW_ARRAY(b->arena, bool, b->figures);
	int n = 0;
	int i = first;

	columns(b, t, variant);
	for (; i < b->figures && !strcmp(b->figure[i].variant, variant); i++)
		if (i == first || !same_row(&b->figure[i], &b->figure[i - 1])) {
			row(b, t, &b->figure[i]);
			may[n++] = true;
		}
	for (int c = 0; c < t->columns; c++)
		if (t->column[c].arrow)
			benchmark_mark(t, c, may, false);
	return i;
}

/* Why there is not one figure, by what the plan wants and has. */
static void note_none(const struct query_sweep *w, const struct query_winners *winners,
	struct report *r)
{
	if (winners->failed)
		report_note(r,
			"No figures: %d of %d winners could not be evaluated (`deltam "
			"failures` says why).",
			winners->failed, winners->all);
	else if (winners->done < winners->all)
		report_note(r, "No figures yet: %d of %d winners are evaluated.",
			winners->done, winners->all);
	else if (!strcmp(w->state, "open"))
		report_note(r,
			"No figures yet: they want \"evaluate\" in the sweep file, and "
			"a baseline and final runs that are trained.");
	else
		report_note(r,
			"No figures: they want \"evaluate\" in the sweep file, and a "
			"baseline and final runs that were trained.");
}

int robust_report(
	struct store *s, const struct query_sweep *w, struct report *r, struct err *e)
{
	struct robust b = { .sweep = w, .arena = r->arena };
	struct query_winners winners = { 0 };
	int rc = query_criteria(s, w, b.arena, &b.criterion, &b.criteria, e);

	if (!rc)
		rc = query_titles(s, w, b.arena, &b.title, &b.titles, e);
	if (!rc)
		rc = query_robustness(s, w, b.arena, &b.figure, &b.figures, e);
	if (!rc)
		rc = query_winners(s, w, &winners, e);
	if (rc)
		return rc;
	r->title = w->name;
	for (int i = 0; i < b.figures;)
		i = block(&b, r, i);
	if (!b.figures) {
		note_none(w, &winners, r);
		return OK;
	}
	report_note(r,
		"δ: what corrupted test pictures cost, as a share of the figure on "
		"clean ones, less what they cost STL (Elich et al., eq. 6): mean over "
		"corruptions and severities, mean ± sample standard deviation over "
		"seeds; negative is more robust than STL.");
	return OK;
}
