#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "catalogue/catalogue.h"
#include "orchestrator/plot/plot.h"

int plot_panel(struct plot *p, const char *name)
{
	for (int i = 0; i < p->panels; i++)
		if (!strcmp(p->panel[i].name, name))
			return i;
	(void)GROW(p->arena, p->panel, p->panels, p->panel_capacity);
	p->panel[p->panels] = (struct plot_panel){ .name = name };
	return p->panels++;
}

void plot_title_seeds(struct plot *p, int panel, int seeds)
{
	struct plot_panel *x = &p->panel[panel];

	x->title = arena_printf(p->arena, "%s, %d seed%s",
		x->title ? x->title : x->name, seeds, seeds == 1 ? "" : "s");
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

struct plot_series *plot_method_series(
	struct plot *p, const char *variant, const char *of, const char *label)
{
	struct plot_series *s =
		plot_series(p, plot_panel(p, plot_join(p, variant, of)), label);

	s->title = plot_method_title(s->name);
	return s;
}

bool plot_next(const struct plot *p, int panel, struct plot_at *at)
{
	at->k += at->x != NULL;
	for (; at->series < p->n; at->series++, at->k = 0) {
		const struct plot_series *s = p->series[at->series];

		if ((panel >= 0 && s->panel != panel) || at->k >= s->n)
			continue;
		at->x = &s->point[at->k * p->columns];
		return true;
	}
	return false;
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

const char *plot_criterion_name(const struct plot *p, const struct query_figure *c)
{
	const struct metric_info *m = catalogue_metric(c->name);

	return arena_printf(p->arena, "%s %s", c->task,
		c->title    ? c->title
			: m ? m->title
			    : c->name);
}

const char *plot_criterion_title(
	const struct plot *p, const struct query_figure *c, double *scale)
{
	const struct metric_info *m = catalogue_metric(c->name);

	*scale = isfinite(c->scale) && c->scale != 0 ? c->scale : m ? m->scale : 1;
	return arena_printf(p->arena, "%s (%s better)", plot_criterion_name(p, c),
		c->higher ? "↑" : "↓");
}

int plot_tasks(const struct plot *p, const struct query_figure *const *c, int n,
	const char ***out)
{
	int tasks = 0;

	*out = NEW_ARRAY(p->arena, const char *, n + 1);
	for (int i = 0; i < n; i++) {
		int k = 0;

		while (k < tasks && strcmp((*out)[k], c[i]->task) != 0)
			k++;
		if (k == tasks)
			(*out)[tasks++] = c[i]->task;
	}
	return tasks;
}

int plot_numbers(const char *text, int most, double *out)
{
	int n = 0;

	while (n < most) {
		char *end;
		double x = strtod(text, &end);

		if (end == text)
			break;
		out[n++] = x;
		text = end;
	}
	return n;
}

void plot_sort(const struct plot *p, struct plot_series *s, int column)
{
	size_t size = (size_t)p->columns * sizeof(double);
	double *held = arena_alloc(p->arena, size, sizeof(double));

	for (int i = 1; i < s->n; i++) { /* few points, mostly in order */
		int k = i;

		memcpy(held, &s->point[i * p->columns], size);
		for (; k > 0 && s->point[(k - 1) * p->columns + column] > held[column];
			k--)
			memcpy(&s->point[k * p->columns],
				&s->point[(k - 1) * p->columns], size);
		memcpy(&s->point[k * p->columns], held, size);
	}
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
