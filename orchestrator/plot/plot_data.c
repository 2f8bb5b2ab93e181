#include <math.h>
#include <string.h>
#include "catalogue/catalogue.h"
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

static bool admits(const struct plot_condition *x, const struct plot_cell *c)
{
	return c->text ? !strcmp(c->text, x->value) : c->number == x->number;
}

/* Whether a row has, of every name, one of the values that are asked for. */
static bool row_is_wanted(
	const struct plot_where *w, const int *at, const struct plot_cell *row)
{
	for (int i = 0; i < w->n; i++) {
		bool any = false;

		for (int k = 0; k < w->n && !any; k++)
			any = at[k] == at[i] && admits(&w->item[k], &row[at[k]]);
		if (!any)
			return false;
	}
	return true;
}

static int find_columns(
	const struct plot *p, const struct rows *r, int *at, struct err *e)
{
	struct str names = { .arena = p->arena };

	for (int c = 0; c < r->columns; c++)
		str_printf(&names, "%s%s", c ? ", " : "", rows_name(r, c));
	for (int i = 0; i < p->where.n; i++) {
		at[i] = -1;
		for (int c = 0; c < r->columns; c++)
			if (!strcmp(rows_name(r, c), p->where.item[i].name))
				at[i] = c;
		if (at[i] < 0)
			return err_set(e, ERR_USAGE,
				"--where: this plot has no \"%s\"; it has %s",
				p->where.item[i].name, str_get(&names));
	}
	return OK;
}

static void read_row(
	struct rows *r, struct plot *p, const int *at, struct plot_rows *out)
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
	out->n += row_is_wanted(&p->where, at, row);
}

int plot_read(struct plot *p, const char *sql, struct plot_rows *out, struct err *e)
{
	struct rows r = rows_open_sql(p->store, sql, ARGS(TEXT(p->sweep->name)), e);
	int *at = NEW_ARRAY(p->arena, int, p->where.n + 1);

	*out = (struct plot_rows){ .columns = r.columns };
	if (!r.rc)
		r.rc = find_columns(p, &r, at, e);
	while (rows_next(&r))
		read_row(&r, p, at, out);
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

int plot_panel(struct plot *p, const char *name)
{
	for (int i = 0; i < p->panels; i++)
		if (!strcmp(p->panel[i].name, name))
			return i;
	(void)GROW(p->arena, p->panel, p->panels, p->panel_capacity);
	p->panel[p->panels] = (struct plot_panel){ .name = name };
	return p->panels++;
}

const char *plot_join(const struct plot *p, const char *variant, const char *name)
{
	return !*variant ? name
		: !*name ? variant
			 : arena_printf(p->arena, "%s: %s", variant, name);
}

static int style_of(struct plot *p, const char *name)
{
	for (int i = 0; i < p->styles; i++)
		if (!strcmp(p->style[i], name))
			return i;
	(void)GROW(p->arena, p->style, p->styles, p->style_capacity);
	p->style[p->styles] = name;
	return p->styles++;
}

struct plot_series *plot_series(struct plot *p, int panel, const char *name)
{
	struct plot_series *s;

	for (int i = p->n - 1; i >= 0; i--)
		if (p->series[i]->panel == panel && !strcmp(p->series[i]->name, name))
			return p->series[i];
	s = NEW(p->arena, struct plot_series);
	*s = (struct plot_series){ .panel = panel, .name = name, .title = name };
	s->style = style_of(p, name);
	(void)GROW(p->arena, p->series, p->n, p->capacity);
	p->series[p->n++] = s;
	return s;
}

double *plot_point(struct plot *p, struct plot_series *s, const char *tag)
{
	double *point;

	while ((s->n + 1) * p->columns > s->capacity)
		s->point =
			arena_grow(p->arena, s->point, &s->capacity, sizeof(*s->point));
	if (p->kind->tag) {
		(void)GROW(p->arena, s->tag, s->n, s->tag_capacity);
		s->tag[s->n] = tag ? tag : "";
	}
	point = &s->point[s->n++ * p->columns];
	for (int c = 0; c < p->columns; c++)
		point[c] = (double)NAN;
	return point;
}

void plot_seeds(struct plot_series *s, double seeds)
{
	int n = (int)seeds;

	if (!s->fewest || n < s->fewest)
		s->fewest = n;
	if (n > s->most)
		s->most = n;
}

const char *plot_method_title(const char *label)
{
	const struct method_info *m = catalogue_method(label);

	return m ? m->title : label;
}

const char *plot_criterion_title(
	const struct plot *p, const char *criterion, bool higher, double *scale)
{
	const char *slash = strrchr(criterion, '/');
	const struct metric_info *m = catalogue_metric(slash ? slash + 1 : criterion);
	int task = slash ? (int)(slash - criterion) : 0;

	*scale = m ? m->scale : 1;
	return arena_printf(p->arena, "%.*s %s (%s is better)", task, criterion,
		m               ? m->title
			: slash ? slash + 1
				: criterion,
		higher ? "higher" : "lower");
}

static const struct query_figure *find_criterion(
	const struct query_figure *c, int n, const char *name)
{
	for (int i = 0; i < n; i++)
		if (!strcmp(c[i].criterion, name))
			return &c[i];
	return NULL;
}

static int named_criteria(struct plot *p, const struct query_figure *c, int all,
	int most, const struct query_figure **out, int *n, struct err *e)
{
	char *rest = arena_strdup(p->arena, p->criteria);

	while (rest && *n < most) {
		char *comma = strchr(rest, ',');

		if (comma)
			*comma = '\0';
		out[*n] = find_criterion(c, all, rest);
		if (!out[*n])
			return err_set(e, ERR_USAGE,
				"--criteria: %s has no criterion \"%s\"; its first is %s",
				p->sweep->name, rest, all ? c[0].criterion : "missing");
		(*n)++;
		rest = comma ? comma + 1 : NULL;
	}
	return rest ? err_set(e, ERR_USAGE, "--criteria: this plot takes %d", most)
		    : OK;
}

int plot_criteria(struct plot *p, int most, const struct query_figure ***out, int *n,
	struct err *e)
{
	struct query_figure *c;
	int all;
	int rc = query_criteria(p->store, p->sweep, p->arena, &c, &all, e);

	*n = 0;
	*out = NEW_ARRAY(p->arena, const struct query_figure *, most + 1);
	if (rc)
		return rc;
	if (p->criteria)
		return named_criteria(p, c, all, most, *out, n, e);
	for (int i = 0; i < all && *n < most; i++)
		if (!strcmp(c[i].variant, c[0].variant))
			(*out)[(*n)++] = &c[i];
	return OK;
}
