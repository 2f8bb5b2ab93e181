/* Validation Δm over the fixed weights of three tasks, in a triangle. */
#include "orchestrator/plot/plot_script.h"

enum { FIRST, SECOND, THIRD, VAL, TEST, SEEDS, LR, WD, STOPPED };
static const char *const column[] = { "weight_1", "weight_2", "weight_3", "val_delta_m",
	"delta_m", "seeds", "lr", "wd", "stopped", NULL };

enum {
	ROW_VARIANT,
	ROW_LABEL,
	ROW_WEIGHTS,
	ROW_VAL,
	ROW_TEST,
	ROW_SEEDS,
	ROW_LR,
	ROW_WD,
	ROW_STOPPED
};

static void add_point(struct plot *p, const struct plot_rows *r, int i, int end)
{
	const char *variant = plot_text(r, i, ROW_VARIANT);
	const char *label = plot_text(r, i, ROW_LABEL);
	double w[4];
	double sum;
	int panel;
	struct plot_series *s;
	double *x;

	(void)end;
	if (plot_numbers(plot_text(r, i, ROW_WEIGHTS), 4, w) != 3)
		return;
	sum = w[0] + w[1] + w[2];
	if (sum == 0)
		return;
	panel = plot_panel(p, plot_join(p, variant, label));
	p->panel[panel].title = plot_join(p, variant, plot_method_title(label));
	s = plot_series(p, panel, label);
	x = plot_point(p, s, NULL);
	for (int k = 0; k < 3; k++)
		x[k] = w[k] / sum;
	for (int k = VAL; k <= STOPPED; k++)
		x[k] = plot_number(r, i, ROW_VAL + k - VAL);
	plot_seeds(s, x[SEEDS]);
}

/* The best configuration of each weights. */
static int data(struct plot *p, struct err *e)
{
	const struct query_figure **c;
	int n;
	int rc = plot_read_groups(p,
		"SELECT c.variant, c.label, c.weights, c.val_delta_m, c.delta_m, c.seeds, c.lr,"
		" c.wd, c.stopped, c.stage, c.method, " PLOT_JOB_OF_CONFIGURATION
		" AS " PLOT_JOB
		" FROM configuration c WHERE c.sweep=?1 AND c.weights IS NOT NULL"
		" AND c.stage<>'final' AND c.val_delta_m IS NOT NULL"
		" ORDER BY " PLOT_VARIANT_ORDER("c.variant") ", " PLOT_LABEL_ORDER(
			"c.label") ", c.label, c.weights, c.val_delta_m, c.stopped, c.lr, c.wd,"
				   " c.config",
		ROW_WEIGHTS + 1, add_point, e);

	if (rc)
		return rc;
	for (int i = 0; i < p->n; i++) { /* a series a panel */
		plot_title_seeds(p, i, p->series[i]->most);
		p->panel[i].title = arena_printf(
			p->arena, "%s; ×: stopped early", p->panel[i].title);
	}
	p->criteria = NULL;
	rc = plot_criteria(p, 1000, &c, &n, e);
	if (!rc && plot_tasks(p, c, n, &p->task) != 3)
		p->n = 0;
	return rc;
}

#define HIGH 0.8660254037844386 /* of a triangle with sides of 1 */

/* The triangle, a line each fifth, and the tasks at their corners. */
static void put_frame(struct plot_script *s, const char *const *task)
{
	static const char *const at[] = { "0,-0.06 center", "1,-0.06 center",
		"0.5,0.93 center" };

	for (int k = 0; k <= 5; k++) {
		double t = k / 5.0;
		const char *look =
			k ? "lw 0.4 lc rgb '#cccccc'" : "lw 1 lc rgb '#000000'";

		script_put(s,
			"set arrow from %.4f,%.4f to %.4f,%.4f nohead back %s\n"
			"set arrow from %.4f,0 to %.4f,%.4f nohead back %s\n"
			"set arrow from %.4f,0 to %.4f,%.4f nohead back %s\n",
			t / 2, t * HIGH, 1 - t / 2, t * HIGH, look, t, (1 + t) / 2,
			(1 - t) * HIGH, look, 1 - t, (1 - t) / 2, (1 - t) * HIGH, look);
	}
	for (int k = 0; k < 3; k++) {
		script_put(s, "set label ");
		script_text(s, arena_printf(s->out.arena, "%s alone", task[k]));
		script_put(s, " at %s\n", at[k]);
	}
}

static void draw(struct plot_script *s, int panel)
{
	script_put(s,
		"unset border\nunset xtics\nunset ytics\nunset grid\n"
		"unset ylabel\nset offsets\nset lmargin 2\nset xrange [-0.2:1.2]\n"
		"set yrange [-0.12:1]\n");
	put_frame(s, s->p->task);
	script_label(s, "x", "lines: a fifth of the weight each");
	script_label(s, "cb", PLOT_VAL_DELTA_M);
	script_palette(s, VAL, false);
	script_put(s,
		"set colorbox\nplot $s%d using ($2+$3/2):($3*%.6f):4 with points pt 7 ps 1.6 "
		"lc palette notitle, \\\n$s%d using ($2+$3/2):($9!=0?$3*%.6f:NaN) with points "
		"pt 2 ps 0.7 lw 1 lc rgb '#808080' notitle\n",
		panel, HIGH, panel, HIGH);
}

const struct plot_kind plot_ternary = {
	.column = column,
	.map = true,
	.height = 2.6,
	.data = data,
	.empty = "a search over fixed weights of three tasks",
	.draw = draw,
};
