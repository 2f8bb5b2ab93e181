/* Rows of the views that --where admits, and groups of them. */
#include <math.h>
#include <string.h>
#include "common/store/store_runs.h"
#include "orchestrator/plot/plot.h"
#include "orchestrator/stats/stats.h"

/* The text of a column, which is often that of the row before: then it is shared. */
static const char *shared_text(
	struct rows *r, const struct plot_cell *above, struct arena *a)
{
	const char *text = rows_text(r);

	return above && above->text && !strcmp(above->text, text)
		? above->text
		: arena_strdup(a, text);
}

static struct plot_cell read_cell(
	struct rows *r, const struct plot_cell *above, struct arena *a)
{
	struct plot_cell c = { .number = (double)NAN };

	if (rows_is_null(r) || rows_is_number(r))
		c.number = rows_real(r);
	else
		c.text = shared_text(r, above, a);
	return c;
}

/* What of --where no column answers: parameters of jobs, each read once for all of them. */
struct wanted {
	int *at; /* the column of each condition; -1: a parameter */
	bool *met, *known; /* of each condition */
	int job; /* the column that names the job of a row; -1: none */
	struct query_param **param; /* of each condition that names one */
	int *params;
};

static int unknown(
	const struct plot *p, const struct rows *r, const char *name, struct err *e)
{
	const char **names = NEW_ARRAY(p->arena, const char *, r->columns);
	int n = 0;

	for (int c = 0; c < r->columns; c++)
		if (strcmp(rows_name(r, c), PLOT_JOB) != 0)
			names[n++] =
				arena_strdup(p->arena, where_name(rows_name(r, c)));
	return where_unknown(name, "row of this plot", names, n, p->arena, e);
}

static int column_of(const struct rows *r, const char *name)
{
	for (int c = 0; c < r->columns; c++)
		if (!strcmp(where_name(rows_name(r, c)), name))
			return c;
	return -1;
}

static int find_columns(
	const struct plot *p, const struct rows *r, struct wanted *w, struct err *e)
{
	w->at = NEW_ARRAY(p->arena, int, p->where.n + 1);
	w->met = NEW_ARRAY(p->arena, bool, p->where.n + 1);
	w->known = NEW_ARRAY(p->arena, bool, p->where.n + 1);
	w->param = NEW_ARRAY(p->arena, struct query_param *, p->where.n + 1);
	w->params = NEW_ARRAY(p->arena, int, p->where.n + 1);
	w->job = column_of(r, PLOT_JOB);
	for (int i = 0; i < p->where.n; i++) {
		const char *name = p->where.item[i].name;
		int rc;

		w->at[i] = column_of(r, name);
		w->known[i] = w->at[i] >= 0;
		if (w->known[i])
			continue;
		if (w->job < 0)
			return unknown(p, r, name, e);
		rc = query_params(p->store, p->sweep, name, p->arena, &w->param[i],
			&w->params[i], e);
		if (rc)
			return rc;
	}
	return OK;
}

/* What a parameter is in the job of a row; NULL: it has none. */
static const char *param_of(
	const struct wanted *w, const struct plot_cell *row, int condition)
{
	int64_t job = 0;

	if (!row[w->job].text || !integer_parse(row[w->job].text, &job))
		return NULL;
	return query_param_of(w->param[condition], w->params[condition], job);
}

static bool row_is_wanted(
	const struct plot *p, struct wanted *w, const struct plot_cell *row)
{
	for (int i = 0; i < p->where.n; i++) {
		const struct where_condition *c = &p->where.item[i];
		const struct plot_cell *x = w->at[i] < 0 ? NULL : &row[w->at[i]];
		const char *text = x ? x->text : param_of(w, row, i);

		w->met[i] = text ? where_is_text(c, text)
				 : x && where_is_number(c, x->number);
		w->known[i] = w->known[i] || text;
	}
	return where_holds(&p->where, w->met);
}

static void read_row(
	struct rows *r, struct plot *p, struct wanted *w, struct plot_rows *out)
{
	struct plot_cell *row;
	const struct plot_cell *above = NULL;

	while ((out->n + 1) * r->columns > out->capacity)
		out->cell = arena_grow(
			p->arena, out->cell, &out->capacity, sizeof(*out->cell));
	row = &out->cell[out->n * r->columns];
	if (out->n)
		above = row - r->columns;
	for (int c = 0; c < r->columns; c++)
		row[c] = read_cell(r, above ? &above[c] : NULL, p->arena);
	out->n += row_is_wanted(p, w, row);
}

int plot_read(struct plot *p, const char *sql, struct plot_rows *out, struct err *e)
{
	struct rows r = rows_open_sql(p->store, sql, ARGS(TEXT(p->sweep->name)), e);
	struct wanted *w = NEW(p->arena, struct wanted);
	bool any = false;

	*out = (struct plot_rows){ .columns = r.columns };
	if (!r.rc)
		r.rc = find_columns(p, &r, w, e);
	for (; rows_next(&r); any = true)
		read_row(&r, p, w, out);
	for (int i = 0; any && !r.rc && i < p->where.n; i++)
		if (!w->known[i])
			r.rc = unknown(p, &r, p->where.item[i].name, e);
	return rows_close(&r);
}

const char *plot_text(const struct plot_rows *r, int row, int column)
{
	const char *text = r->cell[row * r->columns + column].text;

	return text ? text : "";
}

double plot_number(const struct plot_rows *r, int row, int column)
{
	return r->cell[row * r->columns + column].number;
}

static bool cells_are_equal(const struct plot_cell *a, const struct plot_cell *b)
{
	if (a->text || b->text)
		return a->text && b->text && !strcmp(a->text, b->text);
	return a->number == b->number || (isnan(a->number) && isnan(b->number));
}

int plot_group_end(const struct plot_rows *r, int row, int keys)
{
	int end = row + 1;

	for (; end < r->n; end++)
		for (int c = 0; c < keys; c++)
			if (!cells_are_equal(&r->cell[row * r->columns + c],
				    &r->cell[end * r->columns + c]))
				return end;
	return end;
}

struct plot_mean plot_mean_of(
	const struct plot *p, const struct plot_rows *r, int row, int end, int column)
{
	struct arena_mark mark = arena_mark(p->arena);
	double *x = NEW_ARRAY(p->arena, double, end - row);
	struct plot_mean m = { 0 };

	for (int i = row; i < end; i++)
		if (!isnan(plot_number(r, i, column)))
			x[m.n++] = plot_number(r, i, column);
	m.mean = stats_mean(m.n, x);
	m.std = stats_std(m.n, x);
	arena_rewind(p->arena, mark);
	return m;
}

double *plot_mean_point(struct plot *p, struct plot_series *s, double x,
	const struct plot_rows *r, int row, int end, int column)
{
	struct plot_mean m = plot_mean_of(p, r, row, end, column);
	double *point = plot_point(p, s, NULL);

	point[0] = x;
	point[1] = m.mean;
	point[2] = m.std;
	point[3] = m.n;
	plot_seeds(s, m.n);
	return point;
}

int plot_read_groups(
	struct plot *p, const char *sql, int keys, plot_add_fn *add, struct err *e)
{
	struct plot_rows r;
	int rc = plot_read(p, sql, &r, e);

	for (int i = 0, end; !rc && i < r.n; i = end) {
		end = plot_group_end(&r, i, keys);
		add(p, &r, i, end);
	}
	return rc;
}

/* The columns of the rows that follow variant and label are those of the kind's points. */
static void add_best(
	struct plot *p, const struct plot_rows *r, int i, const struct plot_search *q)
{
	enum { VARIANT, LABEL, POINT };
	const char *variant = plot_text(r, i, VARIANT);
	const char *label = plot_text(r, i, LABEL);
	int panel = plot_panel(
		p, q->panel_a_label ? plot_join(p, variant, label) : variant);
	struct plot_series *s = plot_series(p, panel, label);
	double *x = plot_point(p, s, NULL);

	s->title = plot_method_title(label);
	if (q->panel_a_label)
		p->panel[panel].title = plot_join(p, variant, s->title);
	for (int c = 0; c < p->columns; c++) {
		x[c] = plot_number(r, i, POINT + c);
		if (!strcmp(p->kind->column[c], "seeds"))
			plot_seeds(s, x[c]);
	}
}

int plot_read_best(struct plot *p, const struct plot_search *q, struct err *e)
{
	struct plot_rows r;
	char *sql = arena_printf(p->arena,
		"SELECT c.variant, c.label, %s, c.temperature, c.weights, c.stage, c.method,"
		" " PLOT_JOB_OF_CONFIGURATION " AS " PLOT_JOB " FROM configuration c"
		" WHERE c.sweep=?1 AND c.stage<>'final' AND c.val_delta_m IS NOT NULL"
		" AND (%s) IS NOT NULL ORDER BY " PLOT_VARIANT_ORDER("c.variant") ", " PLOT_LABEL_ORDER(
			"c.label") ", c.label, %s, c.val_delta_m, c.stopped, %s",
		q->point, q->given, q->keys, q->ties);
	int keys = 3;
	int rc;

	for (const char *s = q->keys; (s = strchr(s, ',')) != NULL; s++)
		keys++;
	rc = plot_read(p, sql, &r, e);
	for (int i = 0; !rc && i < r.n; i = plot_group_end(&r, i, keys))
		add_best(p, &r, i, q);
	return rc;
}
