/* How much the weighted losses of final runs vary inside an epoch: a box a method. */
#include <math.h>
#include "orchestrator/plot/plot_script.h"

enum { LOW, FIRST, MEDIAN, THIRD, HIGH, EPOCHS };
static const char *const column[] = { "low", "first_quartile", "median",
	"third_quartile", "high", "epochs", NULL };

enum { ROW_VARIANT, ROW_TASK, ROW_LABEL, ROW_STD, ROW_SEED };

/* The quantile of rows in ascending order, between two of them where it falls there. */
static double quantile(const struct plot_rows *r, int i, int end, double q)
{
	double at = i + q * (end - 1 - i);
	int below = (int)at;
	double x = plot_number(r, below, ROW_STD);

	return below + 1 < end
		? x + (at - below) * (plot_number(r, below + 1, ROW_STD) - x)
		: x;
}

static int seeds_of(const struct plot *p, const struct plot_rows *r, int i, int end)
{
	double *seed = NEW_ARRAY(p->arena, double, end - i);
	int n = 0;

	for (; i < end; i++) {
		int k = 0;

		while (k < n && seed[k] != plot_number(r, i, ROW_SEED))
			k++;
		if (k == n)
			seed[n++] = plot_number(r, i, ROW_SEED);
	}
	return n;
}

static void add_box(struct plot *p, const struct plot_rows *r, int i, int end)
{
	struct plot_series *s = plot_method_series(p, plot_text(r, i, ROW_VARIANT),
		plot_text(r, i, ROW_TASK), plot_text(r, i, ROW_LABEL));
	double *x = plot_point(p, s, NULL);
	double reach;

	x[FIRST] = quantile(r, i, end, 0.25);
	x[MEDIAN] = quantile(r, i, end, 0.5);
	x[THIRD] = quantile(r, i, end, 0.75);
	x[EPOCHS] = end - i;
	plot_seeds(s, seeds_of(p, r, i, end));
	reach = 1.5 * (x[THIRD] - x[FIRST]);
	for (int k = i; k < end; k++) {
		double v = plot_number(r, k, ROW_STD);

		if (isnan(x[LOW]) && v >= x[FIRST] - reach)
			x[LOW] = v;
		if (v <= x[THIRD] + reach)
			x[HIGH] = v;
	}
}

static int data(struct plot *p, struct err *e)
{
	return plot_read_groups(p,
		"SELECT t.variant, k.task, t.label, k.weighted_loss_std, j.seed, k.epoch, j.lr,"
		" j.wd, j.temperature, j.method, CAST(j.id AS TEXT) AS " PLOT_JOB
		" FROM sweep w JOIN stage t ON t.sweep=w.id"
		" AND t.stage='final' JOIN stage_job m ON m.stage=t.id AND m.state='done'"
		" JOIN job j ON j.id=m.job JOIN task_weight k ON k.job=j.id"
		" JOIN variant v ON v.sweep=w.id AND v.variant=t.variant WHERE w.name=?1"
		" AND k.weighted_loss_std IS NOT NULL"
		" ORDER BY v.position, k.task, t.position, t.label, k.weighted_loss_std",
		ROW_LABEL + 1, add_box, e);
}

static void put_hover(struct plot_script *s, int panel)
{
	const struct plot *p = s->p;
	int n = 0;

	script_hover_begin(s);
	for (int i = 0; i < p->n; i++)
		if (p->series[i]->panel == panel)
			script_hover_point(s, n++, p->series[i]->point[MEDIAN],
				script_hover_text(s, p->series[i], 0));
	script_hover_end(s);
}

static void draw(struct plot_script *s, int panel)
{
	const struct plot *p = s->p;
	const char **name = NEW_ARRAY(s->out.arena, const char *, p->n);
	int n = 0;
	int most = 0;

	for (int i = 0; i < p->n; i++)
		if (p->series[i]->panel == panel) {
			most = p->series[i]->most > most ? p->series[i]->most : most;
			name[n++] = p->series[i]->title;
		}
	script_name_axis(s, "x", n, name);
	script_put(s, "set boxwidth 0.5\n");
	script_label(s, "x",
		arena_printf(s->out.arena, "all epochs of %d seed%s", most,
			most == 1 ? "" : "s"));
	script_label(s, "y", "std of the weighted loss");
	if (s->page)
		put_hover(s, panel);
	script_put(s, "plot ");
	n = 0;
	for (int i = 0; i < p->n; i++)
		if (p->series[i]->panel == panel) {
			script_put(s,
				"$s%d using (%d):2:1:5:4 with candlesticks lt %d dt 1 fs "
				"transparent solid 0.3 border notitle whiskerbars, \\\n"
				"$s%d using (%d):3:3:3:3 with candlesticks lt %d dt 1 lw 2.5 "
				"notitle, \\\n",
				i, n, p->series[i]->style + 1, i, n,
				p->series[i]->style + 1);
			n++;
		}
	script_put(s, "NaN notitle");
	script_hover_last(s);
	script_put(s, "\n");
}

const struct plot_kind plot_boxes = {
	.column = column,
	.data = data,
	.empty = "final runs that ended well",
	.draw = draw,
};
