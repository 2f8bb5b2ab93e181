/* What corruption costs, against what it costs the single-task baseline: criteria by corruptions. */
#include <math.h>
#include <string.h>
#include "orchestrator/plot/plot_script.h"

enum { DELTA, FIGURES };
static const char *const column[] = { "delta", "figures", NULL };

enum { ROW_VARIANT, ROW_LABEL, ROW_CRITERION, ROW_CORRUPTION, ROW_SEED, ROW_DELTA };

/* The mean over severities and seeds, a series a criterion. */
static void add_cell(struct plot *p, const struct plot_rows *r, int i, int end)
{
	const char *variant = plot_text(r, i, ROW_VARIANT);
	const char *label = plot_text(r, i, ROW_LABEL);
	int panel = plot_panel(p, plot_join(p, variant, label));
	struct plot_series *s = plot_series(p, panel, plot_text(r, i, ROW_CRITERION));
	double *x = plot_point(p, s, plot_text(r, i, ROW_CORRUPTION));
	struct plot_mean m = plot_mean_of(p, r, i, end, ROW_DELTA);
	int seeds = 0;

	for (int k = i; k < end; k = plot_group_end(r, k, ROW_SEED + 1))
		seeds++;
	x[DELTA] = m.mean;
	x[FIGURES] = m.n;
	p->panel[panel].title = plot_join(p, variant, plot_method_title(label));
	plot_title_seeds(p, panel, seeds);
}

static int data(struct plot *p, struct err *e)
{
	return plot_read_groups(p,
		"SELECT d.variant, d.label, d.criterion, d.corruption, d.seed, d.delta,"
		" d.severity, d.method, CAST(d.job AS TEXT) AS " PLOT_JOB
		" FROM corruption_delta d WHERE d.sweep=?1"
		" ORDER BY " PLOT_VARIANT_ORDER("d.variant") ", " PLOT_LABEL_ORDER(
			"d.label") ", d.label, (SELECT c.position FROM criterion c JOIN sweep w ON w.id=c.sweep"
				   " WHERE w.name=?1 AND c.variant=d.variant AND c.criterion=d.criterion),"
				   " d.corruption, d.seed, d.severity",
		ROW_CORRUPTION + 1, add_cell, e);
}

static int place(const char **name, int *n, const char *x)
{
	for (int i = 0; i < *n; i++)
		if (!strcmp(name[i], x))
			return i;
	name[*n] = x;
	return (*n)++;
}

/* Names of rows and columns, and cells where `value` is given; returns the columns. */
static int fill(const struct plot_script *s, int panel, const char **row, int *rows,
	const char **name, double *value, int columns)
{
	const struct plot *p = s->p;
	struct plot_at at = { 0 };
	int n = 0;

	*rows = 0;
	while (plot_next(p, panel, &at)) {
		int y = place(row, rows, p->series[at.series]->name);
		int x = place(name, &n, p->series[at.series]->tag[at.k]);

		if (value)
			value[y * columns + x] = at.x[DELTA];
	}
	return n;
}

static void draw(struct plot_script *s, int panel)
{
	struct arena *a = s->out.arena;
	int most = 0;
	int rows;
	const char **row = NEW_ARRAY(a, const char *, s->p->n);
	const char **name;
	double *value;

	for (int i = 0; i < s->p->n; i++)
		most += s->p->series[i]->n;
	name = NEW_ARRAY(a, const char *, most);
	most = fill(s, panel, row, &rows, name, NULL, 0);
	value = NEW_ARRAY(a, double, rows *most);
	for (int i = 0; i < rows * most; i++)
		value[i] = (double)NAN;
	(void)fill(s, panel, row, &rows, name, value, most);
	script_put(s, "set lmargin 20\nunset xlabel\nunset ylabel\n");
	script_label(s, "cb", "δ (↓ more robust than STL)");
	script_map(s,
		&(struct plot_map){ .rows = rows,
			.columns = most,
			.row = row,
			.column = name,
			.value = value,
			.range = DELTA,
			.decimals = 2,
			.diverging = true });
}

const struct plot_kind plot_corruption = {
	.column = column,
	.tag = "corruption",
	.map = true,
	.data = data,
	.empty = "`evaluate.corruptions` and winners that were tested",
	.draw = draw,
};
