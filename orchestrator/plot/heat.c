/* Validation Δm over learning rate and weight decay, the best configuration of each pair. */
#include <math.h>
#include <stdlib.h>
#include "orchestrator/plot/plot_script.h"

enum { LR, WD, VAL, STOPPED = 4 };
static const char *const column[] = { "lr", "wd", "val_delta_m", "seeds", "stopped",
	NULL };

static int data(struct plot *p, struct err *e)
{
	int rc = plot_read_best(p,
		&(struct plot_search){ .keys = "c.lr, c.wd",
			.point = "c.lr, c.wd, c.val_delta_m, c.seeds, c.stopped",
			.given = "c.lr",
			.ties = "c.config",
			.panel_a_label = true },
		e);

	for (int i = 0; !rc && i < p->n; i++) /* a series a panel */
		plot_title_seeds(p, i, p->series[i]->most);
	return rc;
}

/* Where v stands among the values, which it joins where it is new. */
static int place(double *value, int *n, double v)
{
	for (int i = 0; i < *n; i++)
		if (value[i] == v)
			return i;
	value[*n] = v;
	return (*n)++;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The values of a column, upwards, and their names. */
static int axis(const struct plot_series *x, int columns, int c, struct arena *a,
	double **value, const char ***name)
{
	int n = 0;

	*value = NEW_ARRAY(a, double, x->n);
	*name = NEW_ARRAY(a, const char *, x->n);
	for (int k = 0; k < x->n; k++)
		(void)place(*value, &n, x->point[k * columns + c]);
	qsort(*value, (size_t)n, sizeof(**value), ascending);
	for (int i = 0; i < n; i++)
		(*name)[i] = number_format((*value)[i], arena_alloc(a, NUMBER_MAX, 1));
	return n;
}

static void draw(struct plot_script *s, int panel)
{
	struct arena *a = s->out.arena;
	int columns = s->p->columns;
	const struct plot_series *x = s->p->series[panel]; /* one a panel */
	double *lr, *wd, *value;
	const char **lr_name, **wd_name;
	int n = axis(x, columns, LR, a, &lr, &lr_name);
	int m = axis(x, columns, WD, a, &wd, &wd_name);
	bool *cross = NEW_ARRAY(a, bool, n *m);
	bool any = false;

	value = NEW_ARRAY(a, double, n *m);
	for (int i = 0; i < n * m; i++)
		value[i] = (double)NAN;
	for (int k = 0; k < x->n; k++) {
		const double *at = &x->point[k * columns];
		int c = place(lr, &n, at[LR]);

		c += place(wd, &m, at[WD]) * n;
		value[c] = at[VAL];
		cross[c] = at[STOPPED] != 0;
		any = any || cross[c];
	}
	script_label(
		s, "x", any ? "learning rate (×: stopped early)" : "learning rate");
	script_label(s, "y", "weight decay");
	script_label(s, "cb", PLOT_VAL_DELTA_M);
	script_map(s,
		&(struct plot_map){ .rows = m,
			.columns = n,
			.row = wd_name,
			.column = lr_name,
			.value = value,
			.range = VAL,
			.cross = cross,
			.decimals = 1 });
}

const struct plot_kind plot_heat = {
	.column = column,
	.map = true,
	.data = data,
	.empty = "a search with some results",
	.draw = draw,
};
