/* Every run of the methods over parallel axes, a criterion each; those that no other beats stand out. */
#include <math.h>
#include <stdint.h>
#include <string.h>
#include "orchestrator/plot/plot_script.h"
#include "orchestrator/stats/stats.h"

enum { RUN, AXIS, VALUE, HEIGHT, OPTIMAL };
static const char *const column[] = { "run", "axis", "value", "height", "optimal",
	NULL };

enum { ROW_VARIANT, ROW_LABEL, ROW_JOB, ROW_CRITERION, ROW_VALUE };

/* Runs with all criteria: what a line needs. */
struct lines {
	const struct query_figure *const *criterion;
	int axes;
	const char **variant, **label;
	double *value; /* (n, axes) */
	int n;
};

static void read_lines(const struct plot_rows *r, struct lines *l)
{
	for (int i = 0, end; i < r->n; i = end) {
		double *value = &l->value[l->n * l->axes];
		int found = 0;

		end = plot_group_end(r, i, ROW_JOB + 1);
		for (int a = 0; a < l->axes; a++)
			for (int k = i; k < end; k++)
				if (!strcmp(plot_text(r, k, ROW_CRITERION),
					    l->criterion[a]->criterion) &&
					isfinite(plot_number(r, k, ROW_VALUE))) {
					value[a] = plot_number(r, k, ROW_VALUE);
					found++;
				}
		l->variant[l->n] = plot_text(r, i, ROW_VARIANT);
		l->label[l->n] = plot_text(r, i, ROW_LABEL);
		l->n += found == l->axes;
	}
}

/* 0 at the worst value of an axis, 1 at the best. */
static double height_of(const struct lines *l, int axis, double value)
{
	double low = INFINITY;
	double high = -INFINITY;

	for (int i = 0; i < l->n; i++) {
		low = fmin(low, l->value[i * l->axes + axis]);
		high = fmax(high, l->value[i * l->axes + axis]);
	}
	if (low == high)
		return 0.5;
	value = (value - low) / (high - low);
	return l->criterion[axis]->higher ? value : 1 - value;
}

/* Colours are variants (optimizers, in the paper) where there are several, else methods. */
static void add_lines(struct plot *p, const struct lines *l)
{
	bool *higher = NEW_ARRAY(p->arena, bool, l->axes);
	bool *keep = NEW_ARRAY(p->arena, bool, l->n + 1);
	bool several = false;

	for (int a = 0; a < l->axes; a++)
		higher[a] = l->criterion[a]->higher;
	stats_undominated(l->axes, higher, l->n, l->value, l->n, l->value, keep);
	for (int i = 0; i < l->n; i++)
		several = several || strcmp(l->variant[i], l->variant[0]) != 0;
	for (int i = 0; i < l->n; i++) {
		struct plot_series *s = plot_series(
			p, plot_panel(p, ""), several ? l->variant[i] : l->label[i]);

		s->title = several ? s->name : plot_method_title(s->name);
		for (int a = 0; a < l->axes; a++) {
			double *x = plot_point(p, s, l->criterion[a]->criterion);

			x[RUN] = i + 1;
			x[AXIS] = a;
			x[VALUE] = l->value[i * l->axes + a];
			x[HEIGHT] = height_of(l, a, x[VALUE]);
			x[OPTIMAL] = keep[i];
		}
	}
}

static int data(struct plot *p, struct err *e)
{
	struct lines l = { 0 };
	const struct query_figure **c;
	struct plot_rows r;
	int rc;

	p->criteria = NULL; /* all of them have an axis */
	rc = plot_criteria(p, 1000, &c, &l.axes, e);
	if (rc || l.axes < 2)
		return rc;
	rc = plot_read(p,
		"SELECT r.variant, r.label, CAST(r.job AS TEXT) AS " PLOT_JOB
		", c.criterion,"
		" x.value, r.lr, r.wd, r.temperature, r.seed, r.stage, r.method"
		" FROM job_result r JOIN criterion c ON c.sweep=r.sweep_id AND c.variant=r.variant"
		" JOIN metric x ON x.job=r.job AND x.epoch=r.epoch AND x.split='test'"
		" AND x.task=c.task AND x.name=c.name WHERE r.sweep=?1 AND r.stage<>'baseline'"
		" AND r.state='done' AND NOT EXISTS (SELECT 1 FROM stage_job o JOIN stage t"
		" ON t.id=o.stage WHERE o.job=r.job AND o.state='done' AND o.stage<r.stage_id"
		" AND t.sweep=r.sweep_id AND t.variant=r.variant AND t.label=r.label)"
		" ORDER BY " PLOT_VARIANT_ORDER(
			"r.variant") ", r.position, r.label, r.stage_id,"
				     " r.config, r.seed, r.job, c.position",
		&r, e);
	if (rc)
		return rc;
	l.criterion = c;
	l.variant = NEW_ARRAY(p->arena, const char *, r.n + 1);
	l.label = NEW_ARRAY(p->arena, const char *, r.n + 1);
	l.value = NEW_ARRAY(p->arena, double, (r.n + 1) * l.axes);
	read_lines(&r, &l);
	add_lines(p, &l);
	return rc;
}

/* The lines of a series, those that are optimal or the others, with a gap behind each. */
static bool put_lines(struct plot_script *s, int i, bool optimal)
{
	const struct plot *p = s->p;
	const struct plot_series *x = p->series[i];
	bool any = false;

	script_put(s, "$%c%d << EOD\n", optimal ? 'o' : 'r', i);
	for (int k = 0; k < x->n; k++) {
		const double *at = &x->point[k * p->columns];

		if ((at[OPTIMAL] != 0) != optimal)
			continue;
		script_put(s, "%s%.17g %.17g\n", any && at[AXIS] == 0 ? "\n" : "",
			at[AXIS], at[HEIGHT]);
		any = true;
	}
	script_put(s, "NaN NaN\nEOD\n");
	return any;
}

/* The worst value under an axis and the best above it. */
static void put_ends(struct plot_script *s, int axis, double scale)
{
	for (int end = 0; end < 2; end++) {
		struct plot_at at = { 0 };
		double value = NAN;

		while (plot_next(s->p, -1, &at))
			if ((int)at.x[AXIS] == axis && at.x[HEIGHT] == end)
				value = at.x[VALUE];
		if (!isfinite(value))
			continue;
		script_put(s, "set label ");
		script_text(s, arena_printf(s->out.arena, "%.3g", value * scale));
		script_put(s, " at %d,%g center\n", axis, end ? 1.07 : -0.07);
	}
}

/* Lines, and under each the task and the metric of its criterion. */
static void put_axes(struct plot_script *s)
{
	const struct plot *p = s->p;
	const struct query_figure **c;
	int n;

	if (plot_criteria((struct plot *)(uintptr_t)p, 1000, &c, &n, NULL))
		return; /* the series were made from them */
	for (int a = 0; a < n; a++) {
		const char *name = plot_criterion_name(p, c[a]);
		size_t task = strlen(c[a]->task);
		double scale;

		(void)plot_criterion_title(p, c[a], &scale);
		put_ends(s, a, scale);
		script_put(s,
			"set arrow from %d,0 to %d,1 nohead back lw 0.8\nset label ", a,
			a);
		script_text(s, c[a]->task);
		script_put(s, " at %d,-0.2 center\nset label ", a);
		script_text(s, name + task + 1);
		script_put(s, " at %d,-0.32 center\n", a);
	}
	script_put(s, "set xrange [-0.5:%d.5]\n", n - 1);
}

static void draw(struct plot_script *s, int panel)
{
	const struct plot *p = s->p;
	bool *any = NEW_ARRAY(s->out.arena, bool, p->n);

	(void)panel;
	put_axes(s);
	script_put(s,
		"unset border\nunset grid\nunset xtics\nunset ytics\nset offsets\n"
		"set yrange [-0.38:1.12]\nset lmargin 5\n");
	script_label(s, "y", "worse → better");
	for (int i = 0; i < p->n; i++) {
		(void)put_lines(s, i, false);
		any[i] = put_lines(s, i, true);
	}
	script_plot(s);
	for (int i = 0; i < p->n; i++)
		script_put(s,
			"$r%d using 1:2 with lines lt %d dt 1 lw 0.4 lc rgb '#c8c8c8' notitle, \\\n",
			i, p->series[i]->style + 1);
	for (int i = 0; i < p->n; i++) {
		script_put(s, "%s with linespoints lt %d lw 1.6 title ",
			any[i] ? arena_printf(s->out.arena, "$o%d using 1:2", i)
			       : "NaN",
			p->series[i]->style + 1);
		script_key_title(s, p->series[i]);
		script_put(s, ", \\\n");
	}
	script_put(s, "NaN notitle\n");
}

const struct plot_kind plot_parallel = {
	.column = column,
	.tag = "criterion",
	.note = "coloured: no other run is as good in all",
	.height = 2.3,
	.data = data,
	.empty = "two criteria and runs that ended well, of the rule `best`",
	.draw = draw,
};
