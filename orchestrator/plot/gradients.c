/* How alike gradients are, between tasks of a sample and between samples of a task. */
#include <string.h>
#include "orchestrator/plot/plot_script.h"

enum { EPOCH, MEAN, STD, LOW, HIGH, SEEDS };
static const char *const column[] = { "epoch", "mean", "std", "p2_5", "p97_5", "seeds",
	NULL };

enum {
	ROW_VARIANT,
	ROW_FIGURE,
	ROW_LABEL,
	ROW_KIND,
	ROW_TASK,
	ROW_EPOCH,
	ROW_MEAN,
	ROW_STD,
	ROW_LOW,
	ROW_HIGH
};

static void add_epoch(struct plot *p, const struct plot_rows *r, int i, int end)
{
	const char *task = plot_text(r, i, ROW_TASK);
	const char *figure = plot_text(r, i, ROW_FIGURE);
	const char *label = plot_text(r, i, ROW_LABEL);
	int panel = plot_panel(p, plot_join(p, plot_text(r, i, ROW_VARIANT), figure));
	const char *between = *task
		? arena_printf(p->arena, "between samples of %s", task)
		: "between tasks";
	struct plot_series *s =
		plot_series(p, panel, arena_printf(p->arena, "%s %s", label, between));
	double *x = plot_point(p, s, NULL);

	s->title = arena_printf(p->arena, "%s %s", plot_method_title(label), between);
	p->panel[panel].title = plot_join(p, plot_text(r, i, ROW_VARIANT),
		!strcmp(figure, "cosine") ? "cosine"
			: !strcmp(figure, "magnitude_similarity")
			? "magnitudes"
			: "conflicting signs");
	x[EPOCH] = plot_number(r, i, ROW_EPOCH);
	for (int c = MEAN; c <= HIGH; c++)
		x[c] = plot_mean_of(p, r, i, end, ROW_MEAN + c - MEAN).mean;
	x[SEEDS] = plot_mean_of(p, r, i, end, ROW_MEAN).n;
	plot_seeds(s, x[SEEDS]);
}

/* Without --where label=... it is the first method of the sweep that has rows. */
static int data(struct plot *p, struct err *e)
{
	struct plot_rows r;
	int rc = plot_read(p,
		"SELECT t.variant, g.figure, t.label, g.kind, g.task, g.epoch, g.mean, g.std,"
		" g.p2_5, g.p97_5, g.seed, g.lr, g.wd, g.method, CAST(g.job AS TEXT) AS " PLOT_JOB
		" FROM gradient_diagnostics g JOIN sweep w"
		" ON w.name=g.sweep JOIN stage_job m ON m.job=g.job AND m.sweep=w.id"
		" AND m.state='done' JOIN stage t ON t.id=m.stage AND t.stage='final'"
		" WHERE g.sweep=?1 AND g.kind IN ('between_tasks', 'between_samples')"
		" AND g.figure IN ('cosine', 'magnitude_similarity', 'conflicting_share')"
		" ORDER BY t.position, t.label, " PLOT_VARIANT_ORDER(
			"t.variant") ", g.figure, g.kind DESC, g.task, g.epoch, g.seed",
		&r, e);
	const char *label = rc || !r.n ? "" : plot_text(&r, 0, ROW_LABEL);

	for (int i = 0, end; !rc && i < r.n; i = end) {
		end = plot_group_end(&r, i, ROW_EPOCH + 1);
		if (where_names(&p->where, "label") ||
			!strcmp(plot_text(&r, i, ROW_LABEL), label))
			add_epoch(p, &r, i, end);
	}
	return rc;
}

static void draw(struct plot_script *s, int panel)
{
	const struct plot *p = s->p;
	const char *name = p->panel[panel].name;
	bool cosine = strstr(name, "cosine") != NULL;

	script_curves(s, panel,
		cosine                          ? "cosine (1: aligned)"
			: strstr(name, "share") ? "share of conflicting parameters"
						: "magnitude similarity (1: equal)",
		&(struct plot_lines){
			.x = EPOCH, .y = MEAN, .std = STD, .ended = -1, .more = true });
	for (int i = 0; i < p->n; i++)
		for (int c = LOW; p->series[i]->panel == panel && c <= HIGH; c++)
			script_put(s,
				"$s%d using 1:%d with lines lt %d dt 3 lw 0.8 notitle, \\\n",
				i, c + 1, p->series[i]->style + 1);
	script_put(s, "NaN notitle\n");
}

const struct plot_kind plot_gradients = {
	.column = column,
	.note = "band: ± std of pairs; dots: 2.5, 97.5 %",
	.data = data,
	.empty = "`diagnose.gradients` and final runs that ended well",
	.draw = draw,
};
