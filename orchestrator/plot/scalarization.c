/* Δm and every criterion over the fixed weights of two tasks, beside what learned weights reach. */
#include <math.h>
#include <string.h>
#include "orchestrator/plot/plot_script.h"

enum { WEIGHT, VALUE, SEEDS, LR, WD, STOPPED };
static const char *const column[] = { "weight", "value", "seeds", "lr", "wd", "stopped",
	NULL };

enum {
	ROW_VARIANT,
	ROW_CRITERION,
	ROW_LABEL,
	ROW_WEIGHTS,
	ROW_VALUE,
	ROW_SEEDS,
	ROW_LR,
	ROW_WD,
	ROW_STOPPED,
	ROW_TASK
};

/* The configurations of the search with fixed weights, then final runs without them. */
static const char query[] =
	"WITH f AS MATERIALIZED (SELECT * FROM job_result WHERE sweep=?1"
	" AND weights IS NOT NULL AND stage NOT IN ('baseline', 'final')),"
	" g AS MATERIALIZED (SELECT variant, label, method, stage_id, config, lr, wd, weights,"
	" count(*) AS seeds, max(state='stopped') AS stopped, min(job) AS job,"
	" avg(CASE WHEN state NOT IN ('diverged', 'failed') THEN val_delta_m END) AS val,"
	" avg(CASE WHEN state NOT IN ('diverged', 'failed') THEN delta_m END) AS test"
	" FROM f GROUP BY variant, label, stage_id, config),"
	" k AS (SELECT v.variant, '' AS criterion, '' AS task, '' AS name, -1 AS position"
	" FROM variant v JOIN sweep w ON w.id=v.sweep WHERE w.name=?1 UNION ALL"
	" SELECT c.variant, c.criterion, c.task, c.name, c.position FROM criterion c"
	" JOIN sweep w ON w.id=c.sweep WHERE w.name=?1),"
	" level AS MATERIALIZED (SELECT * FROM benchmark WHERE sweep=?1 AND label NOT IN"
	" (SELECT label FROM g)),"
	" figure AS MATERIALIZED (SELECT variant, label, criterion, value"
	" FROM benchmark_criterion WHERE sweep=?1),"
	" x AS (SELECT g.variant, k.criterion, g.label, g.weights, CASE k.criterion"
	" WHEN '' THEN g.test ELSE (SELECT avg(y.value) FROM f JOIN metric y ON y.job=f.job"
	" AND y.epoch=f.epoch AND y.split='test' AND y.task=k.task AND y.name=k.name"
	" WHERE f.stage_id=g.stage_id AND f.config=g.config"
	" AND f.state NOT IN ('diverged', 'failed')) END AS value, g.seeds, g.lr, g.wd,"
	" g.stopped, k.task, k.position, g.val, g.config, g.method, CAST(g.job AS TEXT) AS job"
	" FROM g JOIN k ON k.variant=g.variant WHERE g.val IS NOT NULL UNION ALL"
	" SELECT b.variant, k.criterion, b.label, NULL, CASE k.criterion WHEN ''"
	" THEN b.delta_m ELSE (SELECT value FROM figure i WHERE i.variant=b.variant"
	" AND i.label=b.label AND i.criterion=k.criterion) END, b.seeds_done, b.lr, b.wd, 0,"
	" k.task, k.position, NULL, 0, b.method, " PLOT_JOB_OF_BENCHMARK
	" FROM level b JOIN k ON k.variant=b.variant WHERE b.seeds_done>0)"
	" SELECT x.variant, x.criterion, x.label, x.weights, x.value, x.seeds, x.lr, x.wd,"
	" x.stopped, x.task, x.method, x.job AS " PLOT_JOB
	" FROM x WHERE x.value IS NOT NULL"
	" ORDER BY " PLOT_VARIANT_ORDER("x.variant") ", x.position, x.weights IS NULL, " PLOT_LABEL_ORDER(
		"x.label") ", x.label, x.weights, x.val, x.stopped, x.lr, x.wd,"
			   " x.config";

/* The criterion of a row; NULL: Δm. */
static const struct query_figure *find(
	const struct query_figure *const *c, int n, const char *criterion)
{
	for (int i = 0; i < n; i++)
		if (!strcmp(c[i]->criterion, criterion))
			return c[i];
	return NULL;
}

/* A task of weight 0 has learned nothing: its criteria are no figures. */
static bool is_trained(const char *task, const char *const *tasks, const double *weight)
{
	for (int k = 0; k < 2; k++)
		if (!strcmp(tasks[k], task))
			return weight[k] != 0;
	return true;
}

static void add_point(struct plot *p, const struct plot_rows *r, int i,
	const struct query_figure *const *c, int n, const char *const *tasks)
{
	const char *criterion = plot_text(r, i, ROW_CRITERION);
	const char *weights = plot_text(r, i, ROW_WEIGHTS);
	double w[3] = { 0, 0, 0 };
	int panel;
	struct plot_series *s;
	double *x;

	if (*weights &&
		(plot_numbers(weights, 3, w) != 2 || w[0] + w[1] == 0 ||
			!is_trained(plot_text(r, i, ROW_TASK), tasks, w)))
		return;
	panel = plot_panel(p,
		plot_join(p, plot_text(r, i, ROW_VARIANT),
			*criterion ? criterion : "delta_m"));
	p->panel[panel].criterion = find(c, n, criterion);
	p->panel[panel].title = *plot_text(r, i, ROW_VARIANT)
		? plot_text(r, i, ROW_VARIANT)
		: arena_printf(p->arena, "over the weight of %s", tasks[0]);
	s = plot_series(p, panel, plot_text(r, i, ROW_LABEL));
	s->title = plot_method_title(s->name);
	x = plot_point(p, s, NULL);
	for (int k = VALUE; k <= STOPPED; k++)
		x[k] = plot_number(r, i, ROW_VALUE + k - VALUE);
	if (*weights)
		x[WEIGHT] = w[0] / (w[0] + w[1]);
	plot_seeds(s, x[SEEDS]);
}

/* Final runs are levels to compare with; alone they are no curve. */
static bool has_curve(const struct plot *p)
{
	for (int i = 0; i < p->n; i++)
		if (isfinite(p->series[i]->point[WEIGHT]))
			return true;
	return false;
}

static int data(struct plot *p, struct err *e)
{
	const struct query_figure **c;
	const char **tasks;
	struct plot_rows r;
	int n;
	int rc;

	p->criteria = NULL; /* all of them have a panel */
	rc = plot_criteria(p, 1000, &c, &n, e);
	if (rc || plot_tasks(p, c, n, &tasks) != 2)
		return rc;
	rc = plot_read(p, query, &r, e);
	for (int i = 0; !rc && i < r.n; i = plot_group_end(&r, i, ROW_WEIGHTS + 1))
		add_point(p, &r, i, c, n, tasks);
	for (int i = 0; !rc && i < p->n; i++)
		plot_sort(p, p->series[i], WEIGHT);
	if (!has_curve(p))
		p->n = 0;
	return rc;
}

static void draw(struct plot_script *s, int panel)
{
	const struct plot *p = s->p;
	const struct query_figure *c = p->panel[panel].criterion;
	double f = 1;

	script_label(s, "y", c ? plot_criterion_title(p, c, &f) : PLOT_TEST_DELTA_M);
	script_label(s, "x", "weight of the first task, share of both");
	script_put(s, "set xrange [0:1]\n");
	script_plot(s);
	for (int i = 0; i < p->n; i++) {
		const struct plot_series *x = p->series[i];

		if (x->panel != panel)
			continue;
		if (isfinite(x->point[WEIGHT]))
			script_put(s,
				"$s%d using 1:($2*%g) with linespoints lt %d dt 1 title ",
				i, f, x->style + 1);
		else
			script_put(s, "%.17g with lines lt %d title ",
				x->point[VALUE] * f, x->style + 1);
		script_key_title(s, x);
		script_put(s, ", \\\n");
		if (isfinite(x->point[WEIGHT]))
			script_put(s,
				"$s%d using 1:($6!=0?$2*%g:NaN) with points lt %d pt 2 ps 1 lw 2 "
				"notitle, \\\n",
				i, f, x->style + 1);
	}
	script_put(s, "NaN notitle\n");
}

const struct plot_kind plot_scalarization = {
	.column = column,
	.note = "mean of seeds; ×: stopped early; levels: final runs",
	.data = data,
	.empty = "a search over fixed weights of two tasks, of the rule `best`",
	.draw = draw,
};
