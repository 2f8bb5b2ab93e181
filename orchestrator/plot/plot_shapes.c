#include <math.h>
#include "orchestrator/plot/plot_script.h"

static bool has_values(const struct plot *p, const struct plot_series *x, int column)
{
	for (int k = 0; column >= 0 && k < x->n; k++)
		if (isfinite(x->point[k * p->columns + column]))
			return true;
	return false;
}

void script_hover_begin(struct plot_script *s)
{
	script_put(s, "$h%d << EOD\n", s->blocks);
}

void script_hover_point(struct plot_script *s, double x, double y, const char *text)
{
	if (!isfinite(x) || !isfinite(y))
		return;
	script_put(s, "%.17g %.17g %d\n", x, y, s->hovers);
	(void)GROW(s->out.arena, s->hover, s->hovers, s->hover_capacity);
	s->hover[s->hovers++] = text;
}

void script_hover_end(struct plot_script *s)
{
	script_put(s, "NaN NaN 0\nEOD\n");
	s->blocks++;
}

/* A part of the plot command, behind other parts. */
static void put_hover(struct plot_script *s)
{
	script_put(s,
		"$h%d using 1:2:3 with labels hypertext point pt 7 ps 1 lc rgb "
		"'#ff000000' notitle",
		s->blocks - 1);
}

void script_hover_last(struct plot_script *s)
{
	if (!s->page)
		return;
	script_put(s, ", \\\n");
	put_hover(s);
}

#define HOVER_MOST 50 /* points of a line that say what they are */

const char *script_hover_text(
	const struct plot_script *s, const struct plot_series *x, int k)
{
	const struct plot *p = s->p;
	struct str text = { .arena = s->out.arena };

	str_put(&text, x->title);
	for (int c = 0; c < p->columns; c++) {
		double v = x->point[k * p->columns + c];

		if (isfinite(v))
			str_printf(&text, "%s %s %.5g", c ? "," : ":",
				p->kind->column[c], v);
	}
	return str_get(&text);
}

/* Adds what every point of a panel says: its series, then its columns by name. */
static void hover_lines(struct plot_script *s, int panel, int x, int y)
{
	const struct plot *p = s->p;

	script_hover_begin(s);
	for (int i = 0; i < p->n; i++) {
		const struct plot_series *line = p->series[i];
		int step = 1 + (line->n - 1) / HOVER_MOST;

		for (int k = 0; line->panel == panel && k < line->n; k++)
			if (k % step == 0 || k == line->n - 1)
				script_hover_point(s, line->point[k * p->columns + x],
					line->point[k * p->columns + y],
					script_hover_text(s, line, k));
	}
	script_hover_end(s);
}

/* Series by series: its band behind all lines, then its line, then its crosses. */
void script_lines(struct plot_script *s, int panel, const struct plot_lines *l)
{
	const struct plot *p = s->p;
	const char *with = l->marks ? "linespoints" : "lines";

	if (s->page)
		hover_lines(s, panel, l->x, l->y);
	script_plot(s);
	for (int i = 0; i < p->n; i++)
		if (p->series[i]->panel == panel && has_values(p, p->series[i], l->std))
			script_put(s,
				"$s%d using %d:($%d-$%d):($%d+$%d) with filledcurves fc lt %d "
				"fs transparent solid 0.18 noborder notitle, \\\n",
				i, l->x + 1, l->y + 1, l->std + 1, l->y + 1, l->std + 1,
				p->series[i]->style + 1);
	for (int i = 0; i < p->n; i++) {
		const struct plot_series *x = p->series[i];

		if (x->panel != panel)
			continue;
		script_put(s, "$s%d using %d:%d with %s lt %d title ", i, l->x + 1,
			l->y + 1, with, x->style + 1);
		script_key_title(s, x);
		if (l->ended >= 0)
			script_put(s,
				", \\\n$s%d using %d:($%d!=0?$%d:NaN) with points lt %d pt "
				"2 ps 1 lw 2 notitle",
				i, l->x + 1, l->ended + 1, l->y + 1, x->style + 1);
		script_put(s, ", \\\n");
	}
	if (s->page) {
		put_hover(s);
		script_put(s, ", \\\n");
	}
	script_put(s, l->more ? "" : "NaN notitle\n");
}

void script_curves(
	struct plot_script *s, int panel, const char *label, const struct plot_lines *l)
{
	script_label(s, "x", "epoch");
	script_label(s, "y", label);
	script_lines(s, panel, l);
}

void script_palette(struct plot_script *s, int column, bool diverging)
{
	double low = INFINITY;
	double high = -INFINITY;
	struct plot_at at = { 0 };

	/* One scale for all panels, so that their colours can be compared. */
	while (plot_next(s->p, -1, &at)) {
		double v = at.x[column];

		low = isfinite(v) ? fmin(low, v) : low;
		high = isfinite(v) ? fmax(high, v) : high;
	}
	if (diverging) {
		high = fmax(fabs(low), fabs(high));
		low = -high;
	}
	if (!(high > low)) { /* one value, or none */
		low = isfinite(low) ? low - 1 : 0;
		high = low + 2;
	}
	script_put(s, "set palette defined (%s)\nset cbrange [%.17g:%.17g]\n",
		diverging ? "0 '#2166ac', 1 '#f7f7f7', 2 '#b2182b'"
			  : "0 '#440154', 1 '#3b528b', 2 '#21918c', 3 '#5ec962', 4 "
			    "'#fde725'",
		low, high);
	script_put(s, "dark(v)=%s\n",
		diverging ? arena_printf(s->out.arena, "(abs(v)>%.17g)", 0.6 * high)
			  : arena_printf(s->out.arena, "(v<%.17g)",
				    low + 0.55 * (high - low)));
}

static void hover_cells(struct plot_script *s, const struct plot_map *m)
{
	script_hover_begin(s);
	for (int i = 0; i < m->rows * m->columns; i++)
		script_hover_point(s, i % m->columns,
			isfinite(m->value[i]) ? i / m->columns : (double)NAN,
			arena_printf(s->out.arena, "%s, %s: %.5g",
				m->column[i % m->columns], m->row[i / m->columns],
				m->value[i]));
	script_hover_end(s);
}

void script_map(struct plot_script *s, const struct plot_map *m)
{
	int block = s->blocks++;

	script_palette(s, m->range, m->diverging);
	script_name_axis(s, "x", m->columns, m->column);
	script_name_axis(s, "y", m->rows, m->row);
	script_put(s, "set colorbox\nunset grid\n$m%d << EOD\n", block);
	for (int i = 0; i < m->rows * m->columns; i++)
		if (isfinite(m->value[i])) {
			double v = m->value[i];

			/* A figure that rounds to 0 has no sign. */
			if (fabs(v) < 0.5 * pow(10, -m->decimals))
				v = 0;
			script_put(s, "%d %d %.17g %.*f%s\n", i % m->columns,
				i / m->columns, m->value[i], m->decimals, v,
				!m->cross || !m->cross[i]       ? ""
					: s->format == PLOT_TEX ? "$\\times$"
								: "×");
		}
	script_put(s, "NaN NaN NaN -\nEOD\n");
	if (s->page)
		hover_cells(s, m);
	script_put(s,
		"plot $m%d using 1:2:($1-.5):($1+.5):($2-.5):($2+.5):3 with boxxyerror "
		"fs solid lc palette notitle",
		block);
	for (int dark = 0; dark < 2 && m->columns <= 12; dark++)
		script_put(s,
			", \\\n$m%d using 1:(dark($3)==%d?$2:NaN):4 with labels tc rgb "
			"'%s' notitle",
			block, dark, dark ? "#ffffff" : "#000000");
	script_hover_last(s);
	script_put(s, "\n");
}
