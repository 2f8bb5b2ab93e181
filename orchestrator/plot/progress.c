/* Where a sweep stands: the jobs of every stage by their state. */
#include <string.h>
#include "orchestrator/plot/plot_script.h"

enum { PLACE, FIRST, JOBS, EPOCHS_DONE, EPOCHS };
static const char *const column[] = { "place", "first", "jobs", "epochs_done", "epochs",
	NULL };

/* In the order in which bars have them; grey tells light from dark where colours do not. */
static const struct state {
	const char *name, *colour;
} states[] = { { "done", "#0072b2" }, { "stopped", "#56b4e9" },
	{ "diverged", "#d55e00" }, { "failed", "#000000" }, { "running", "#009e73" },
	{ "waiting", "#e69f00" }, { "pending", "#dddddd" } };

enum {
	ROW_VARIANT,
	ROW_LABEL,
	ROW_TASK,
	ROW_STAGE,
	ROW_PHASE,
	ROW_DONE,
	ROW_EPOCHS_DONE = ROW_DONE + COUNT(states),
	ROW_EPOCHS
};

static const char *stage_name(
	const struct plot *p, const struct plot_rows *r, int i, const char *label)
{
	const char *task = plot_text(r, i, ROW_TASK);

	return arena_printf(p->arena, "%s%s%s %s", label, *task ? " " : "", task,
		plot_text(r, i, ROW_PHASE));
}

/* Where the stage stands among those of its panel: behind all that are there. */
static int next_place(const struct plot *p, int panel)
{
	struct plot_at at = { 0 };
	int n = 0;

	while (plot_next(p, panel, &at))
		if (at.x[PLACE] >= n)
			n = (int)at.x[PLACE] + 1;
	return n;
}

static void add_stage(struct plot *p, const struct plot_rows *r, int i, int end)
{
	int panel = plot_panel(p, plot_text(r, i, ROW_VARIANT));
	int place = next_place(p, panel);
	double first = 0;

	(void)end;
	for (int k = 0; k < COUNT(states); k++) {
		double jobs = plot_number(r, i, ROW_DONE + k);
		double *x;

		if (jobs == 0)
			continue;
		x = plot_point(p, plot_series(p, panel, states[k].name),
			stage_name(p, r, i, plot_text(r, i, ROW_LABEL)));
		x[PLACE] = place;
		x[FIRST] = first;
		x[JOBS] = jobs;
		x[EPOCHS_DONE] = plot_number(r, i, ROW_EPOCHS_DONE);
		x[EPOCHS] = plot_number(r, i, ROW_EPOCHS);
		first += jobs;
	}
	if ((place + 1) * 0.17 + 0.7 > p->height)
		p->height = (place + 1) * 0.17 + 0.7;
}

static int data(struct plot *p, struct err *e)
{
	return plot_read_groups(p,
		"SELECT g.variant, g.label, g.task, g.stage, g.phase, g.done, g.stopped,"
		" g.diverged, g.failed, g.running, g.waiting, g.pending, g.epochs_done,"
		" g.epochs, (SELECT t.method FROM stage t JOIN sweep w ON w.id=t.sweep"
		" WHERE w.name=?1 AND t.label=g.label LIMIT 1) AS method"
		" FROM progress g WHERE g.sweep=?1"
		" ORDER BY " PLOT_VARIANT_ORDER("g.variant") ", " PLOT_LABEL_ORDER(
			"g.label") ", g.label, g.task, (SELECT min(t.id) FROM stage t JOIN sweep w"
				   " ON w.id=t.sweep WHERE w.name=?1 AND t.variant=g.variant AND"
				   " t.label=g.label AND t.task=g.task AND t.stage=g.stage AND"
				   " t.phase=g.phase)",
		ROW_PHASE + 1, add_stage, e);
}

/* The names of the stages of a panel from below, and how many jobs the longest bar has. */
static int stages(struct plot_script *s, int panel, const char ***name, double *longest)
{
	const struct plot *p = s->p;
	struct plot_at at = { 0 };
	int n = next_place(p, panel);

	*name = NEW_ARRAY(s->out.arena, const char *, n + 1);
	*longest = 0;
	while (plot_next(p, panel, &at)) {
		const char *tag = p->series[at.series]->tag[at.k];
		size_t label = strcspn(tag, " ");
		const char *title =
			plot_method_title(arena_strndup(s->out.arena, tag, label));

		(*name)[n - 1 - (int)at.x[PLACE]] =
			arena_printf(s->out.arena, "%s%s", title, tag + label);
		if (at.x[FIRST] + at.x[JOBS] > *longest)
			*longest = at.x[FIRST] + at.x[JOBS];
	}
	return n;
}

/* Behind each bar the epochs that are trained, of those that are wanted. */
static void put_epochs(struct plot_script *s, int panel, int n, double longest)
{
	struct plot_at at = { 0 };

	while (plot_next(s->p, panel, &at)) {
		if (at.x[FIRST] != 0) /* once a bar */
			continue;
		script_put(s, "set label ");
		script_text(s,
			arena_printf(s->out.arena, "%.0f/%.0f", at.x[EPOCHS_DONE],
				at.x[EPOCHS]));
		script_put(
			s, " at %.17g,%g left\n", longest * 1.03, n - 1 - at.x[PLACE]);
	}
}

static const char *colour_of(const char *state)
{
	int k = 0;

	while (strcmp(states[k].name, state) != 0)
		k++;
	return states[k].colour;
}

static void draw(struct plot_script *s, int panel)
{
	const struct plot *p = s->p;
	const char **name;
	double longest;
	int n = stages(s, panel, &name, &longest);

	script_name_axis(s, "y", n, name);
	script_put(s, "set lmargin 20\nset offsets\nset xrange [0:%.17g]\n",
		longest * 1.3);
	script_label(s, "x", "jobs (figures: epochs trained/wanted)");
	script_put(s, "unset ylabel\n");
	put_epochs(s, panel, n, longest);
	script_plot(s);
	for (int i = 0; i < p->n; i++)
		if (p->series[i]->panel == panel) {
			script_put(s,
				"$s%d using ($2+$3/2):(%d-$1):2:($2+$3):(%d-$1-.35):(%d-$1+.35) "
				"with boxxyerror fc rgb '%s' fs solid 1 noborder "
				"title ",
				i, n - 1, n - 1, n - 1, colour_of(p->series[i]->name));
			script_key_title(s, p->series[i]);
			script_put(s, ", \\\n");
		}
	script_put(s, "NaN notitle\n");
}

const struct plot_kind plot_progress = {
	.column = column,
	.tag = "stage",
	.note = "states of jobs",
	.data = data,
	.empty = "a sweep that was begun",
	.draw = draw,
};
