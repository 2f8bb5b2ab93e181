/* Where descents on the problem of CAGrad go, over the contours of its mean loss (`deltam toy`). */
#include <string.h>
#include "orchestrator/plot/plot_script.h"

enum { STEP, X1, X2, LOSS };
static const char *const column[] = { "step", "x1", "x2", "mean_loss", NULL };

enum {
	ROW_OPTIMIZER,
	ROW_METHOD,
	ROW_LR,
	ROW_START,
	ROW_STEP,
	ROW_X1,
	ROW_X2,
	ROW_LOSS
};

#define CONTOURS \
	(-1) /* the panel of the grid, which none of the panels draws as a series */

static void add_point(struct plot *p, const struct plot_rows *r, int i, int end)
{
	const char *optimizer = plot_text(r, i, ROW_OPTIMIZER);
	const char *method = plot_text(r, i, ROW_METHOD);
	double lr = plot_number(r, i, ROW_LR);
	int panel = plot_panel(
		p, arena_printf(p->arena, "%s %s lr %g", optimizer, method, lr));
	struct plot_series *s = plot_series(p, panel,
		arena_printf(p->arena, "start %g", plot_number(r, i, ROW_START)));
	double *x = plot_point(p, s, NULL);

	(void)end;
	p->panel[panel].title = arena_printf(p->arena, "%s %s, lr %g",
		strcmp(optimizer, "gd") != 0 ? "Adam" : "GD", plot_method_title(method),
		lr);
	for (int c = STEP; c <= LOSS; c++)
		x[c] = plot_number(r, i, ROW_STEP + c);
}

/* The grid is the same whatever --where admits. */
static int read_grid(struct plot *p, struct err *e)
{
	struct rows r = rows_open_sql(p->store,
		"SELECT x1, x2, (loss1+loss2)/2 FROM toy_surface ORDER BY x1, x2",
		NO_ARGS, e);
	struct plot_series *s = plot_series(p, CONTOURS, "contours");

	p->styles--; /* it has a look of its own */
	while (rows_next(&r)) {
		double *x = plot_point(p, s, NULL);

		x[X1] = rows_real(&r);
		x[X2] = rows_real(&r);
		x[LOSS] = rows_real(&r);
	}
	return rows_close(&r);
}

/*
 * Of each method under each optimizer the learning rate that brings most starts to the
 * minimum, then in the fewest steps, or ends lowest where none gets there; with --where lr=
 * those that are asked for.
 */
static int data(struct plot *p, struct err *e)
{
	int rc = plot_read_groups(p,
		arena_printf(p->arena,
			"WITH rate AS (SELECT t.method, t.optimizer, t.lr, row_number() OVER"
			" (PARTITION BY t.method, t.optimizer ORDER BY sum(t.outcome='reached') DESC,"
			" CASE WHEN sum(t.outcome='reached')>0 THEN max(t.steps) END,"
			" avg(x.loss1+x.loss2), t.lr) AS place FROM toy_run t LEFT JOIN toy_point x"
			" ON x.run=t.run AND x.step=t.steps GROUP BY t.method, t.optimizer, t.lr),"
			" kept AS MATERIALIZED (SELECT t.* FROM toy_run t JOIN rate r"
			" ON r.method=t.method AND r.optimizer=t.optimizer AND r.lr=t.lr"
			" WHERE (?1 IS NOT NULL) AND %s)"
			" SELECT t.optimizer, t.method, t.lr, t.start, x.step, x.x1, x.x2,"
			" (x.loss1+x.loss2)/2 AS mean_loss, t.outcome FROM kept t"
			" JOIN toy_point x ON x.run=t.run ORDER BY t.optimizer DESC, t.run, x.step",
			where_names(&p->where, "lr") ? "1" : "r.place=1"),
		ROW_STEP + 1, add_point, e);

	return rc || !p->n ? rc : read_grid(p, e);
}

static const struct plot_series *grid_of(const struct plot *p)
{
	for (int i = 0; i < p->n; i++)
		if (p->series[i]->panel == CONTOURS)
			return p->series[i];
	return NULL;
}

/* gnuplot finds the contours of a grid once; a blank line ends each of its rows. */
static void contours(struct plot_script *s)
{
	const struct plot_series *x = grid_of(s->p);
	int columns = s->p->columns;

	if (!x || !x->n) /* of a database from before there was a grid */
		return;
	script_put(s, "$grid << EOD\n");
	for (int k = 0; k < x->n; k++) {
		const double *at = &x->point[k * columns];

		script_put(s, "%s%.6g %.6g %.6g\n",
			k && at[X1] != at[X1 - columns] ? "\n" : "", at[X1], at[X2],
			at[LOSS]);
	}
	script_put(s,
		"EOD\nset contour base\nunset surface\nset cntrparam levels incremental -16,3,8\n"
		"set table $contours\nsplot $grid using 1:2:3\nunset table\nunset contour\n"
		"set surface\n");
}

static void draw(struct plot_script *s, int panel)
{
	const struct plot *p = s->p;
	const struct plot_series *grid = grid_of(p);

	script_label(s, "x", "x₁");
	script_label(s, "y", "x₂");
	script_put(s,
		"unset grid\nset offsets\nset lmargin 6\nset xrange [-12:12]\n"
		"set yrange [-12:12]\nset xtics 5\nset ytics 5\n");
	script_plot(s);
	if (grid && grid->n)
		script_put(s,
			"$contours using 1:2 with lines lw 0.6 lc rgb '#c8c8c8' title "
			"'mean loss', \\\n");
	for (int i = 0; i < p->n; i++)
		if (p->series[i]->panel == panel) {
			int style = p->series[i]->style + 1;

			script_put(
				s, "$s%d using 2:3 with lines lt %d title ", i, style);
			script_key_title(s, p->series[i]);
			script_put(s,
				", \\\n$s%d using 2:3 every ::0::0 with points lt %d ps 0.8 "
				"notitle, \\\n$s%d using 2:3 every ::%d with points lt %d pt 2 "
				"ps 0.9 lw 2 notitle, \\\n",
				i, style, i, p->series[i]->n - 1, style);
		}
	script_put(s, "NaN notitle\n");
}

const struct plot_kind plot_trajectories = {
	.column = column,
	.note = "×: the last step",
	.toy = true,
	.small = true,
	.height = 1.7,
	.data = data,
	.empty = "what `deltam toy` writes",
	.before = contours,
	.draw = draw,
};
