/*
 * Kirchdorfer et al. 2025, Table 3: where there are many tasks, one mean over all of them in
 * the place of their columns, and in how many criteria a method is better than another one.
 */
#include <math.h>
#include <string.h>
#include "orchestrator/layout/layout_rows.h"
#include "orchestrator/print/shape.h"
#include "orchestrator/stats/stats.h"

/* The criteria of one variant with one metric: the tasks differ. */
struct average {
	const char *variant;
	const struct query_figure **of;
	int n;
};

static bool same_metric(const struct query_figure *x, const struct query_figure *y)
{
	return !strcmp(x->variant, y->variant) && !strcmp(x->name, y->name) &&
		x->higher == y->higher;
}

/* The average that begins with criterion i; n 0: an earlier one has it. */
static struct average average_of(const struct benchmark *b, int i)
{
	const struct query_figure *first = &b->criterion[i];
	struct average x = { first->variant,
		NEW_ARRAY(b->arena, const struct query_figure *, b->criteria + 1), 0 };

	for (int k = 0; k < b->criteria; k++) {
		if (!same_metric(&b->criterion[k], first))
			continue;
		if (k < i)
			return (struct average){ 0 };
		x.of[x.n++] = &b->criterion[k];
	}
	return x;
}

static double mean_of(const struct benchmark *b, const struct average *x,
	const struct query_entry *entry)
{
	double sum = 0;

	for (int i = 0; i < x->n; i++)
		sum += benchmark_value(b, benchmark_figure(b, entry, x->of[i]));
	return sum / x->n;
}

/* Over the seeds of an entry of their own averages. */
static double std_of(const struct sample_set *set, const struct average *x,
	const char *name, const struct query_entry *entry)
{
	const struct sample *of = sample_find(set, x->variant, entry->label);
	int column = sample_column(set, x->variant, name);
	double *value;

	if (!of || of->n < 2)
		return (double)NAN;
	value = NEW_ARRAY(set->arena, double, of->n);
	for (int i = 0; i < of->n; i++)
		value[i] = of->value[i * set->criteria + column];
	return stats_std(of->n, value);
}

/* Gives the sample set the averages of its seeds as a column of that name. */
static void add_to_samples(
	struct sample_set *set, const struct average *x, const char *name)
{
	int *column = NEW_ARRAY(set->arena, int, x->n + 1);

	for (int i = 0; i < x->n; i++)
		column[i] = sample_column(set, x->variant, x->of[i]->criterion);
	sample_add_mean(set, x->variant, name, column, x->n);
}

/* Means over many tasks differ by less than the tasks do: they get one decimal more. */
static int decimals_of(const struct benchmark *b, struct report_table *t,
	const struct average *x, double scale)
{
	double *value = NEW_ARRAY(b->arena, double, table_rows(t) + 1);

	for (int row = 0; row < table_rows(t); row++)
		value[row] = mean_of(b, x, layout_entry(b, t, row)) * scale;
	return benchmark_decimals(b, scale, value, table_rows(t)) + (b->digits < 0);
}

static void put_average(struct benchmark *b, struct report_table *t, int at,
	const struct average *x, const struct sample_set *set, const char *name)
{
	double scale = benchmark_criterion_scale(x->of[0]);
	int decimals = decimals_of(b, t, x, scale);

	for (int row = 0; row < table_rows(t); row++) {
		const struct query_entry *entry = layout_entry(b, t, row);
		double v = mean_of(b, x, entry);
		double std = std_of(set, x, name, entry);
		const char *text = isfinite(v)
			? report_fixed(b->arena, v * scale, decimals)
			: NULL;

		if (text && b->std_criteria && isfinite(std))
			text = arena_printf(b->arena, "%s ± %s", text,
				report_fixed(b->arena, std * scale, decimals));
		table_put_number(t, row, at, v, text);
		table_put_number(t, row, at + 1, std, NULL);
	}
}

static void add_average(struct benchmark *b, struct report_table *t,
	const struct average *x, struct sample_set *set)
{
	const struct query_figure *first = x->of[0];
	const char *name = arena_printf(b->arena, "average_%s", first->name);
	const char *title =
		arena_printf(b->arena, "Avg. %s", benchmark_criterion_title(first));
	int at = shape_find(t, "lr");
	struct report_column *c = shape_insert(t, at, name, title);

	c->right = true;
	c->arrow = first->higher ? 1 : -1;
	c->spare = 1;
	shape_insert(t, at + 1, arena_printf(b->arena, "%s_std", name), "")->audience =
		FOR_PROGRAMS;
	if (b->inference && b->inference->view.mark)
		shape_insert(t, at + 2, arena_printf(b->arena, "%s_mark", name), "")
			->audience = FOR_PROGRAMS;
	add_to_samples(set, x, name);
	put_average(b, t, at, x, set, name);
	layout_mark(b, t, at);
}

/* In how many criteria of the variant x is better than y, and in how many it is worse. */
struct score {
	int won, lost, compared;
};

static struct score score_of(const struct benchmark *b, const struct query_entry *x,
	const struct query_entry *y)
{
	struct score s = { 0 };

	for (int i = 0; i < b->criteria; i++) {
		const struct query_figure *c = &b->criterion[i];
		double u;
		double v;

		if (strcmp(c->variant, x->variant) != 0)
			continue;
		u = benchmark_value(b, benchmark_figure(b, x, c));
		v = benchmark_value(b, benchmark_figure(b, y, c));
		s.compared += isfinite(u) && isfinite(v);
		s.won += c->higher ? u > v : u < v;
		s.lost += c->higher ? u < v : u > v;
	}
	return s;
}

static const char *opponent(const struct benchmark *b)
{
	return b->inference && b->inference->view.against ? b->inference->view.against
							  : "stl";
}

static void add_score(struct benchmark *b, struct report_table *t)
{
	int at = shape_find(t, "lr");
	const struct query_entry *y =
		layout_find(b, layout_entry(b, t, 0)->variant, opponent(b));

	shape_insert(t, at, "won_lost", "won:lost")->audience = FOR_READERS;
	t->column[at].right = true;
	shape_insert(t, at + 1, "won", "")->audience = FOR_PROGRAMS;
	shape_insert(t, at + 2, "lost", "")->audience = FOR_PROGRAMS;
	for (int row = 0; row < table_rows(t) && y; row++) {
		const struct query_entry *x = layout_entry(b, t, row);
		struct score s = score_of(b, x, y);

		if (x == y || !s.compared)
			continue;
		table_put_text(
			t, row, at, arena_printf(b->arena, "%d:%d", s.won, s.lost));
		table_put_number(t, row, at + 1, s.won, NULL);
		table_put_number(t, row, at + 2, s.lost, NULL);
	}
}

static void average_table(
	struct benchmark *b, struct report_table *t, struct sample_set *set)
{
	const char *variant;

	if (!table_rows(t))
		return;
	variant = layout_entry(b, t, 0)->variant;
	for (int i = 0; i < b->criteria; i++) {
		struct average x = average_of(b, i);

		if (strcmp(b->criterion[i].variant, variant) != 0)
			continue;
		shape_hide(
			t, arena_printf(b->arena, " %s ", b->criterion[i].criterion));
		if (x.n)
			add_average(b, t, &x, set);
	}
	add_score(b, t);
}

static int build(struct benchmark *b, struct layout_whole *w, struct err *e)
{
	struct sample_set own = { .arena = b->arena };
	struct sample_set *set = b->inference ? &b->inference->set : &own;
	int rc = b->inference ? OK : sample_read(&own, b->store, b->sweep, b->test, e);

	(void)w;
	if (rc)
		return rc;
	for (int k = 0; k < b->report->tables; k++)
		average_table(b, &b->report->table[k], set);
	layout_compact(b);
	layout_note_chosen(b);
	report_note(b->report,
		"Avg.: mean over the tasks. won:lost: in how many criteria a method "
		"is better, and worse, than %s, by means over seeds.",
		layout_title(b, opponent(b)));
	return OK;
}

const struct layout_shape layout_average = { MEET_NAMED, build, layout_letters };
