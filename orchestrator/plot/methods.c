/* The best Δm of each method, a mark a variant: optimizers side by side, for example. */
#include <string.h>
#include "orchestrator/plot/plot_script.h"

enum { PLACE, DELTA_M, STD, SEEDS };
static const char *const column[] = { "place", "delta_m", "std", "seeds", NULL };

enum { ROW_VARIANT, ROW_LABEL, ROW_DELTA_M, ROW_STD, ROW_SEEDS };

static int data(struct plot *p, struct err *e)
{
	struct plot_rows r;
	const char *last = NULL;
	int place = -1;
	int rc = plot_read(p,
		"SELECT b.variant, b.label, b.delta_m, b.delta_m_std, b.seeds_done, b.lr, b.wd,"
		" b.temperature, " PLOT_JOB_OF_BENCHMARK " AS " PLOT_JOB
		" FROM benchmark b WHERE b.sweep=?1 AND b.method<>'stl'"
		" AND b.delta_m IS NOT NULL ORDER BY " PLOT_LABEL_ORDER(
			"b.label") ", b.label, " PLOT_VARIANT_ORDER("b.variant"),
		&r, e);

	for (int i = 0; !rc && i < r.n; i++) {
		const char *label = plot_text(&r, i, ROW_LABEL);
		struct plot_series *s = plot_series(
			p, plot_panel(p, ""), plot_text(&r, i, ROW_VARIANT));
		double *x = plot_point(p, s, label);

		place += !last || strcmp(last, label) != 0;
		last = label;
		s->title = *s->name ? s->name : "final runs";
		x[PLACE] = place;
		x[DELTA_M] = plot_number(&r, i, ROW_DELTA_M);
		x[STD] = plot_number(&r, i, ROW_STD);
		x[SEEDS] = plot_number(&r, i, ROW_SEEDS);
		plot_seeds(s, x[SEEDS]);
	}
	return rc;
}

/* The labels by their places. */
static int names(const struct plot_script *s, const char ***out)
{
	struct plot_at at = { 0 };
	int capacity = 0;
	int n = 0;

	*out = NULL;
	while (plot_next(s->p, -1, &at)) {
		int place = (int)at.x[PLACE];

		while (n <= place) {
			(void)GROW(s->out.arena, *out, n, capacity);
			(*out)[n++] = "";
		}
		(*out)[place] = plot_method_title(s->p->series[at.series]->tag[at.k]);
	}
	return n;
}

/* Marks of a method stand side by side, in the order of the variants. */
static double shift_of(const struct plot *p, int series)
{
	return p->n > 1 ? 0.5 * series / (p->n - 1) - 0.25 : 0;
}

static void put_hover(struct plot_script *s)
{
	const struct plot *p = s->p;
	struct plot_at at = { 0 };

	script_hover_begin(s);
	while (plot_next(p, -1, &at)) {
		const struct plot_series *x = p->series[at.series];

		script_hover_point(s, at.x[PLACE] + shift_of(p, at.series),
			at.x[DELTA_M],
			arena_printf(s->out.arena, "%s, %s",
				plot_method_title(x->tag[at.k]),
				script_hover_text(s, x, at.k)));
	}
	script_hover_end(s);
}

static void draw(struct plot_script *s, int panel)
{
	const struct plot *p = s->p;
	const char **name;
	int n = names(s, &name);

	(void)panel;
	script_name_axis(s, "x", n, name);
	script_put(s, "unset xlabel\n");
	script_label(s, "y", PLOT_TEST_DELTA_M);
	if (s->page)
		put_hover(s);
	script_plot(s);
	script_put(s, "0 with lines lc rgb '#808080' lw 0.8 dt 2 title 'STL'");
	for (int i = 0; i < p->n; i++) {
		script_put(s,
			", \\\n$s%d using ($1%+.3f):2:($3==$3?$3:0) with yerrorbars lt %d dt 1 "
			"ps 0.8 title ",
			i, shift_of(p, i), p->series[i]->style + 1);
		script_key_title(s, p->series[i]);
	}
	script_hover_last(s);
	script_put(s, "\n");
}

const struct plot_kind plot_methods = {
	.column = column,
	.tag = "label",
	.note = "mean of seeds; bars: ± std",
	.data = data,
	.empty = "final runs that ended well",
	.draw = draw,
};
