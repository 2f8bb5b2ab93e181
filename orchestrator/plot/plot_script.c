#include "orchestrator/plot/plot_script.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "orchestrator/print/glyph.h"
#include "orchestrator/print/latex.h"

const char *const plot_format_name[PLOT_FORMATS] = { "svg", "png", "pdf", "tex" };

#define ONE_COLUMN 3.4 /* inches, as two-column papers have them */
#define TWO_COLUMNS 7.0
#define PANEL 2.0 /* height of a panel without its key */
#define KEY_ROW 0.14
#define LETTER 0.066 /* width of a letter, about */
#define SAMPLE 0.5 /* of a line in the key, with blanks around it */

void script_put(struct plot_script *s, const char *fmt, ...)
{
	char buf[512];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(buf, sizeof(buf), fmt, args);
	va_end(args);
	str_put(&s->out, buf);
}

/* A tic's text is a format for its number: a percent sign is doubled there. */
static void put_text(struct plot_script *s, const char *text, bool tic)
{
	struct str tex = { .arena = s->out.arena };
	const char *shown = glyph_printable(s->out.arena, text);

	if (s->format == PLOT_TEX) {
		latex_put(&tex, shown);
		shown = str_get(&tex);
	}
	str_put(&s->out, "'");
	for (; *shown; shown++)
		str_put(&s->out,
			*shown == '\''                 ? "''"
				: *shown == '%' && tic ? "%%"
						       : (char[]){ *shown, '\0' });
	str_put(&s->out, "'");
}

void script_text(struct plot_script *s, const char *text)
{
	put_text(s, text, false);
}

void script_label(struct plot_script *s, const char *which, const char *text)
{
	script_put(s, "set %slabel ", which);
	script_text(s, text);
	script_put(s, "\n");
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The different values of a column in a panel, upwards; returns how many. */
static int values_of(const struct plot_script *s, int panel, int column, double **out)
{
	struct plot_at at = { 0 };
	double *x = NULL;
	int n = 0;
	int m = 0;
	int capacity = 0;

	while (plot_next(s->p, panel, &at)) {
		(void)GROW(s->out.arena, x, n, capacity);
		x[n++] = at.x[column];
	}
	*out = x;
	if (!n)
		return 0;
	qsort(x, (size_t)n, sizeof(*x), ascending);
	for (int i = 0; i < n; i++)
		if (!m || x[i] != x[m - 1])
			x[m++] = x[i];
	return m;
}

/* Between tics: 1, 2 or 5 times a power of ten. */
void script_few_tics(
	struct plot_script *s, const char *which, int panel, int column, double scale)
{
	double *x;
	int n = values_of(s, panel, column, &x);
	double span = n ? (x[n - 1] - x[0]) * scale : 0;
	double step = span > 0 ? pow(10, floor(log10(span / 3))) : 1;

	step *= span / step > 15 ? 5 : span / step > 6 ? 2 : 1;
	script_put(s, "set %stics %.17g\n", which, step);
}

void script_log_axis(struct plot_script *s, const char *which, int panel, int column)
{
	double *x;
	int n = values_of(s, panel, column, &x);
	double span = n ? log10(x[n - 1] / x[0]) : 0;
	double last = -INFINITY;
	char buf[NUMBER_MAX];
	char label
		[NUMBER_MAX]; /* Refined values have more digits than an axis has room for. */

	if (!n || x[0] <= 0) /* 0 has no place on a logarithmic axis */
		return;
	script_put(s, "set logscale %s\nset %stics (", which, which);
	for (int i = 0; i < n; i++) { /* those that do not touch */
		bool room = !i || log10(x[i]) - last > span / 8;

		if (room)
			last = log10(x[i]);
		number_format(x[i], buf);
		snprintf(label, sizeof(label), "%.3g", x[i]);
		script_put(s, "%s", i ? ", " : "");
		script_text(s, room ? label : "");
		script_put(s, " %s", buf);
	}
	script_put(s, ")\n");
	if (span == 0)
		script_put(s, "set %srange [%.17g:%.17g]\n", which, x[0] / 2, x[0] * 2);
	else
		script_put(s, "set %srange [%.17g:%.17g]\n", which,
			x[0] * pow(10, -span / 20), x[n - 1] * pow(10, span / 20));
}

void script_name_axis(
	struct plot_script *s, const char *which, int n, const char *const *name)
{
	double widest = 0;
	double room = (s->wide && s->p->panels < 2 ? 6 : 2.5) / n;

	for (int i = 0; i < n; i++)
		widest = fmax(widest, (glyph_text_width(name[i]) + 1) * LETTER);
	script_put(s, "set %stics %s(", which,
		*which == 'x' && widest > room ? "rotate by 45 right " : "norotate ");
	for (int i = 0; i < n; i++) {
		script_put(s, "%s", i ? ", " : "");
		put_text(s, name[i], true);
		script_put(s, " %d", i);
	}
	script_put(s, ")\nset %srange [-0.5:%d.5]\n", which, n - 1);
}

void script_plot(struct plot_script *s)
{
	script_put(s, "plot ");
	if (s->format != PLOT_TEX || !s->p->kind->note)
		return;
	script_put(s, "NaN with lines lc rgb '#ffffff' title ");
	script_text(s, s->p->kind->note);
	script_put(s, ", \\\n");
}

static const char *key_title(const struct plot_script *s, const struct plot_series *x)
{
	struct arena *a = s->out.arena;

	return !x->most ? x->title
		: x->fewest != x->most
		? arena_printf(a, "%s (%d–%d seeds)", x->title, x->fewest, x->most)
		: arena_printf(a, "%s (%d seed%s)", x->title, x->most,
			  x->most == 1 ? "" : "s");
}

void script_key_title(struct plot_script *s, const struct plot_series *x)
{
	script_text(s, key_title(s, x));
}

/* Viridis at five places, of which the palest part is not used on white. */
static const double viridis[][3] = { { 68, 1, 84 }, { 59, 82, 139 }, { 33, 145, 140 },
	{ 94, 201, 98 }, { 253, 231, 37 } };

static void viridis_at(double at, char rgb[8])
{
	int i = at >= 1 ? 3 : (int)(at * 4);
	double part = at * 4 - i;
	int c[3];

	for (int k = 0; k < 3; k++)
		c[k] = (int)(viridis[i][k] +
			part * (viridis[i + 1][k] - viridis[i][k]) + 0.5);
	(void)snprintf(rgb, 8, "#%02x%02x%02x", c[0] & 255, c[1] & 255, c[2] & 255);
}

/*
 * Okabe and Ito's colours for names, viridis for what has an order; dashes and marks tell
 * them apart without colours, too.
 */
static void styles(struct plot_script *s)
{
	static const char *const colour[] = { "#0072b2", "#d55e00", "#009e73",
		"#cc79a7", "#e69f00", "#56b4e9", "#000000", "#808080" };
	static const int mark[] = { 7, 5, 9, 11, 13, 6, 4, 8, 10, 12 };
	int n = s->p->styles;

	for (int i = 0; i < n; i++) {
		char rgb[8];

		viridis_at(n > 1 ? 0.85 * i / (n - 1) : 0, rgb);
		script_put(s, "set linetype %d lc rgb '%s' dt %d pt %d lw 1.3 ps 0.5\n",
			i + 1, s->p->kind->ordered ? rgb : colour[i % COUNT(colour)],
			1 + i % 5, mark[i % COUNT(mark)]);
	}
}

/* How many panels stand side by side, and the rows of the fullest key. */
static int across(const struct plot_script *s)
{
	int n = s->p->panels;

	if (n < 2)
		return 1;
	if (!s->wide)
		return s->p->kind->small ? 2 : 1;
	return s->p->kind->small && n > 3 ? 4 : n < 3 || n == 4 ? 2 : 3;
}

static int key_rows(const struct plot_script *s, double width)
{
	/* What gnuplot cannot measure it takes to be wide. */
	bool measured = s->format == PLOT_PNG || s->format == PLOT_PDF;
	double letter = measured ? LETTER : 1.4 * LETTER;
	const struct plot *p = s->p;
	const char *note = p->kind->note;
	bool entry = note && s->format == PLOT_TEX; /* script_plot */
	int most = 0;

	for (int panel = 0; panel < p->panels && !p->kind->map; panel++) {
		double widest = entry ? glyph_text_width(note) * letter + SAMPLE : 0;
		int n = entry;
		int fit;

		for (int i = 0; i < p->n; i++) {
			int letters;

			if (p->series[i]->panel != panel)
				continue;
			letters = glyph_text_width(key_title(s, p->series[i]));
			widest = fmax(widest, letters * letter + SAMPLE);
			n++;
		}
		fit = (int)fmax(1, (width - 0.6) / widest);
		most = (n + fit - 1) / fit > most ? (n + fit - 1) / fit : most;
	}
	return most + (note && !entry ? 2 : 0);
}

static void terminal(struct plot_script *s, double width, double height)
{
	switch (s->format) {
	case PLOT_PNG: /* 300 dots an inch */
		script_put(s,
			"set terminal pngcairo noenhanced size %.0f,%.0f font 'sans,7' "
			"fontscale 3.125 linewidth 2.6 pointscale 2.6\n",
			width * 300, height * 300);
		break;
	case PLOT_PDF:
		script_put(s,
			"set terminal pdfcairo noenhanced size %.2fin,%.2fin font "
			"'sans,7' linewidth 1 pointscale 0.6\n",
			width, height);
		break;
	case PLOT_TEX:
		script_put(s,
			"set terminal tikz size %.2fin,%.2fin font '\\scriptsize'\n",
			width, height);
		break;
	default:
		script_put(s,
			"set terminal svg noenhanced size %.0f,%.0f font 'sans,9.3' "
			"background 'white'",
			width * 96, height * 96);
		if (s->page)
			script_put(s, " mouse jsdir '.' name '%s'", s->page);
		script_put(s, "\n");
	}
}

static void data_blocks(struct plot_script *s)
{
	const struct plot *p = s->p;
	char buf[NUMBER_MAX];

	for (int i = 0; i < p->n; i++) {
		const struct plot_series *x = p->series[i];

		script_put(s, "$s%d << EOD\n", i);
		for (int k = 0; k < x->n * p->columns; k++) {
			bool end = (k + 1) % p->columns == 0;

			str_put(&s->out,
				isfinite(x->point[k]) ? number_format(x->point[k], buf)
						      : "NaN");
			str_put(&s->out, end ? "\n" : " ");
		}
		script_put(s, "EOD\n");
	}
}

/* What a panel before has set and another one may not want. */
static void panel_begin(struct plot_script *s, int panel)
{
	const struct plot_panel *x = &s->p->panel[panel];

	script_put(s,
		"unset logscale\nunset arrow\nunset label\nunset object\nset xrange [*:*]\n"
		"set yrange [*:*]\nset offsets graph 0,graph 0,graph 0.04,graph 0.04\n"
		"set xtics norotate autofreq\nset ytics autofreq\n");
	if (s->format != PLOT_TEX)
		script_put(s, "set format '%%g'\n");
	if (x->title || *x->name) {
		script_put(s, "set title ");
		script_text(s, x->title ? x->title : x->name);
		script_put(s, "\n");
	} else
		script_put(s, "unset title\n");
	s->p->kind->draw(s, panel);
}

void plot_script_write(struct plot_script *s)
{
	const struct plot *p = s->p;
	double width = s->wide ? TWO_COLUMNS : ONE_COLUMN;
	int columns = across(s);
	int rows = (p->panels + columns - 1) / columns;
	double high = p->height > 0   ? p->height
		: p->kind->height > 0 ? p->kind->height
				      : PANEL;

	script_put(s, "set encoding utf8\n");
	terminal(s, width, rows * (high + KEY_ROW * key_rows(s, width / columns)));
	script_put(s,
		"set border 3 lw 0.6\nset tics nomirror out scale 0.5\nset lmargin 9\n"
		"set rmargin 2\nset grid back lc rgb '#dddddd' lw 0.4 dt 1\n"
		"set style fill solid 1 noborder\n");
	if (s->format != PLOT_TEX) /* TikZ sets its texts closer */
		script_put(s,
			"set xtics offset 0,0.4\nset ytics offset 0.5,0\nset xlabel offset "
			"0,1\nset ylabel offset 0.7,0\nset title offset 0,-0.6\n");
	if (p->kind->map)
		script_put(s, "unset key\nset rmargin 6\nset cblabel offset 1,0\n");
	else
		script_put(s,
			"set key bmargin center horizontal Left reverse samplen 2 width 1\n");
	if (p->kind->note && !p->kind->map && s->format != PLOT_TEX) {
		/* A line of its own keeps it off the axis' label. */
		script_put(s, "set key title \"\\n\" . ");
		script_text(s, p->kind->note);
		script_put(s, "\n");
	}
	styles(s);
	data_blocks(s);
	if (p->kind->before)
		p->kind->before(s);
	script_put(s, "set multiplot layout %d,%d\n", rows, columns);
	for (int i = 0; i < p->panels; i++)
		panel_begin(s, i);
	script_put(s, "unset multiplot\n");
}
