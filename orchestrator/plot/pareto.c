/* The final runs of the methods in two criteria, their front, and what it dominates. */
#include <math.h>
#include <string.h>
#include "orchestrator/plot/plot_script.h"
#include "orchestrator/stats/stats.h"

enum { X, X_STD, Y, Y_STD, SEEDS, FRONT, HYPERVOLUME };
static const char *const column[] = { "x", "x_std", "y", "y_std", "seeds", "front",
	"hypervolume", NULL };

enum { ROW_VARIANT, ROW_LABEL, ROW_CRITERION, ROW_VALUE, ROW_STD, ROW_SEEDS };

static void add_figure(struct plot *p, const struct plot_rows *r, int i,
	const struct query_figure *const *c)
{
	const char *criterion = plot_text(r, i, ROW_CRITERION);
	int at = !strcmp(criterion, c[0]->criterion)  ? X
		: !strcmp(criterion, c[1]->criterion) ? Y
						      : -1;
	struct plot_series *s;

	if (at < 0)
		return;
	s = plot_method_series(
		p, plot_text(r, i, ROW_VARIANT), "", plot_text(r, i, ROW_LABEL));
	if (!s->n) {
		plot_point(p, s, NULL)[SEEDS] = plot_number(r, i, ROW_SEEDS);
		plot_seeds(s, plot_number(r, i, ROW_SEEDS));
	}
	s->point[at] = plot_number(r, i, ROW_VALUE);
	s->point[at + 1] = plot_number(r, i, ROW_STD);
}

/* Marks who is on the front of a panel, and how much it dominates of the baseline's box. */
static void find_front(struct plot *p, int panel, const bool higher[2])
{
	double *point = NEW_ARRAY(p->arena, double, 2 * p->n);
	double *unit = NEW_ARRAY(p->arena, double, 2 * p->n);
	bool *keep = NEW_ARRAY(p->arena, bool, p->n);
	double base[2] = { (double)NAN, (double)NAN };
	double volume;
	int n = 0;

	for (int i = 0; i < p->n; i++)
		if (p->series[i]->panel == panel &&
			!strcmp(p->series[i]->name, "stl")) {
			base[0] = p->series[i]->point[X];
			base[1] = p->series[i]->point[Y];
		} else if (p->series[i]->panel == panel) {
			point[2 * n] = p->series[i]->point[X];
			point[2 * n++ + 1] = p->series[i]->point[Y];
		}
	stats_undominated(2, higher, n, point, n, point, keep);
	for (int i = 0; i < 2 * n; i++)
		unit[i] = point[i] / base[i % 2];
	volume = stats_hypervolume(2, higher, n, unit, (double[]){ 1, 1 });
	n = 0;
	for (int i = 0; i < p->n; i++)
		if (p->series[i]->panel == panel) {
			bool stl = !strcmp(p->series[i]->name, "stl");

			p->series[i]->point[FRONT] = stl ? 0 : keep[n++];
			p->series[i]->point[HYPERVOLUME] = volume;
		}
	p->panel[panel].title = arena_printf(p->arena, "%s%shypervolume %.3g%s",
		p->panel[panel].name, *p->panel[panel].name ? ", " : "", volume,
		!isfinite(base[0]) || !isfinite(base[1]) ? ": no STL to compare with"
			: volume > 0                     ? ""
				     : ": no method beats STL in both");
}

static int data(struct plot *p, struct err *e)
{
	const struct query_figure **c;
	struct plot_rows r;
	int n;
	int rc = plot_criteria(p, 2, &c, &n, e);

	if (rc || n < 2)
		return rc;
	rc = plot_read(p,
		"SELECT b.variant, b.label, b.criterion, b.value, b.std, m.seeds_done AS seeds,"
		" m.lr, m.wd, m.temperature, " PLOT_JOB_OF_BENCHMARK " AS " PLOT_JOB
		" FROM benchmark_criterion b JOIN benchmark m"
		" ON m.sweep=b.sweep AND m.variant=b.variant AND m.label=b.label"
		" WHERE b.sweep=?1 ORDER BY " PLOT_VARIANT_ORDER(
			"b.variant") ", b.label='stl', " PLOT_LABEL_ORDER("b.label") ", b.label",
		&r, e);
	for (int i = 0; !rc && i < r.n; i++)
		add_figure(p, &r, i, c);
	for (int i = 0; !rc && i < p->panels; i++)
		find_front(p, i, (bool[]){ c[0]->higher, c[1]->higher });
	return rc;
}

/* The front as steps from its best in x to its best in y: what lies behind it is dominated. */
static void put_front(struct plot_script *s, int panel, const bool higher[2])
{
	const struct plot *p = s->p;
	double last = higher[0] ? INFINITY : -INFINITY;

	script_put(s, "$f%d << EOD\n", panel);
	for (;;) { /* few points: the next in x each time */
		const double *next = NULL;

		for (int i = 0; i < p->n; i++) {
			const double *x = p->series[i]->point;
			bool after = higher[0] ? x[X] < last : x[X] > last;
			bool nearer =
				!next || (higher[0] ? x[X] > next[X] : x[X] < next[X]);

			if (p->series[i]->panel == panel && x[FRONT] != 0 && after &&
				nearer)
				next = x;
		}
		if (!next)
			break;
		last = next[X];
		script_put(s, "%.17g %.17g\n", next[X], next[Y]);
	}
	script_put(s, "NaN NaN\nEOD\n");
}

/* What is at each method in the units of the axes. */
static void put_hover(struct plot_script *s, int panel,
	const struct query_figure *const *c, const double f[2])
{
	const struct plot *p = s->p;

	script_hover_begin(s);
	for (int i = 0; i < p->n; i++) {
		const double *x = p->series[i]->point;

		if (p->series[i]->panel == panel)
			script_hover_point(s, x[X] * f[0], x[Y] * f[1],
				arena_printf(s->out.arena, "%s: %s %.5g, %s %.5g%s",
					p->series[i]->title,
					plot_criterion_name(p, c[0]), x[X] * f[0],
					plot_criterion_name(p, c[1]), x[Y] * f[1],
					x[FRONT] != 0 ? ", on the front" : ""));
	}
	script_hover_end(s);
}

static void draw(struct plot_script *s, int panel)
{
	const struct plot *p = s->p;
	const struct query_figure **c;
	double f[2];
	int n;

	if (plot_criteria((struct plot *)(uintptr_t)p, 2, &c, &n, NULL))
		return;
	for (int k = 0; k < 2; k++)
		script_label(s, k ? "y" : "x", plot_criterion_title(p, c[k], &f[k]));
	put_front(s, panel, (bool[]){ c[0]->higher, c[1]->higher });
	script_put(s, "set offsets graph 0.1,0.1,0.1,0.1\n");
	script_few_tics(s, "x", panel, X, f[0]);
	if (s->page)
		put_hover(s, panel, c, f);
	script_plot(s);
	script_put(s,
		"$f%d using ($1*%g):($2*%g) with fsteps lc rgb '#808080' dt 2 lw 2 "
		"title 'front'",
		panel, f[0], f[1]);
	for (int i = 0; i < p->n; i++)
		if (p->series[i]->panel == panel) {
			script_put(s,
				", \\\n$s%d using ($%d*%g):($%d*%g):(%s):(%s) with "
				"xyerrorbars lt %d dt 1 ps 0.8 title ",
				i, X + 1, f[0], Y + 1, f[1],
				arena_printf(s->out.arena, "$%d==$%d?$%d*%g:0",
					X_STD + 1, X_STD + 1, X_STD + 1, f[0]),
				arena_printf(s->out.arena, "$%d==$%d?$%d*%g:0",
					Y_STD + 1, Y_STD + 1, Y_STD + 1, f[1]),
				p->series[i]->style + 1);
			script_key_title(s, p->series[i]);
		}
	script_hover_last(s);
	script_put(s, "\nset offsets\n");
}

const struct plot_kind plot_pareto = {
	.column = column,
	.note = "mean of seeds; bars: ± std",
	.data = data,
	.empty = "two criteria, and final runs that ended well",
	.draw = draw,
};
