/*
 * What is written for gnuplot. Numbers stand in blocks of data; a text stands in single
 * quotes, where gnuplot neither runs what is in backquotes nor expands anything, and no
 * terminal reads it as markup.
 */
#ifndef DELTAM_PLOT_SCRIPT_H
#define DELTAM_PLOT_SCRIPT_H

#include "orchestrator/plot/plot.h"

enum plot_format { PLOT_SVG, PLOT_PNG, PLOT_PDF, PLOT_TEX, PLOT_FORMATS };
extern const char *const plot_format_name[PLOT_FORMATS]; /* endings of files */

struct plot_script {
	struct str out;
	const struct plot *p;
	enum plot_format format;
	bool wide; /* two columns of a page, not one */
	int blocks; /* of data that single panels have added */
	/*
	 * The name of the figure in a page (SVG): series are groups that a script can hide, and
	 * points say what they are; NULL: a file, without either.
	 */
	const char *page;
	const char **hover; /* what points say: gnuplot is told their numbers alone */
	int hovers, hover_capacity;
};

/* The whole script, the terminal included, without a name of a file. */
void plot_script_write(struct plot_script *s);

/* What draw functions call. */
void script_put(struct plot_script *s, const char *fmt, ...) PRINTF(2, 3);
void script_text(struct plot_script *s, const char *text);
/* set xlabel 'text'; which: x, y, cb ... */
void script_label(struct plot_script *s, const char *which, const char *text);
/* A logarithmic axis; where few values are shown, each has its tic. x: column of points. */
void script_log_axis(struct plot_script *s, const char *which, int panel, int column);
/* About four tics for the values of a column, which are shown times `scale`. */
void script_few_tics(
	struct plot_script *s, const char *which, int panel, int column, double scale);
/* Tics with names at 0, 1, 2 ...; turned where they would touch. */
void script_name_axis(
	struct plot_script *s, const char *which, int n, const char *const *name);
/*
 * Begins what a panel plots. TikZ gives the title of a key no room: the note of the kind is
 * its first entry there.
 */
void script_plot(struct plot_script *s);
/* What stands in the key for a series: "UW-SO (5 seeds)". */
void script_key_title(struct plot_script *s, const struct plot_series *x);

#define PLOT_VAL_DELTA_M "validation Δm [%] (↓ better)"
#define PLOT_TEST_DELTA_M "test Δm [%] (↓ better)"

/*
 * Points of a panel that say what they are, in a page: script_hover_point between begin and
 * end, then script_hover_last behind the last part of the plot command, which does nothing
 * where no page is drawn. gnuplot writes the text of a point into a script of its picture
 * as it is, so it gets a number instead.
 */
void script_hover_begin(struct plot_script *s);
void script_hover_point(struct plot_script *s, double x, double y, const char *text);
void script_hover_end(struct plot_script *s);
/* Point k of a series: its title, then its columns by name. */
const char *script_hover_text(
	const struct plot_script *s, const struct plot_series *x, int k);
void script_hover_last(struct plot_script *s);

/* Shapes. A column is a place in a point of the kind; -1: none. */
struct plot_lines {
	int x, y;
	int std; /* a band of y ± std */
	int ended; /* not 0: marked with a cross */
	bool marks; /* on every point */
	bool more; /* other plots follow */
};
void script_lines(struct plot_script *s, int panel, const struct plot_lines *l);
/* The same over epochs, with the label of the other axis. */
void script_curves(struct plot_script *s, int panel, const char *label,
	const struct plot_lines *l);

/* value (rows, columns): NAN is an empty cell. */
struct plot_map {
	int rows, columns;
	const char *const *row, *const *column;
	const double *value;
	int decimals; /* of the numbers in the cells */
	int range; /* the column of all points that colours are spread over */
	bool diverging; /* around 0: blue below, red above, else viridis */
	const bool *
		cross; /* (rows, columns): cells with an × behind the figure; NULL: none */
};
/* The scale of colours of a column of all points, the same in every panel. */
void script_palette(struct plot_script *s, int column, bool diverging);
void script_map(struct plot_script *s, const struct plot_map *m);

#endif
