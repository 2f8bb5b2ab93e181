/*
 * Pictures of a sweep: `deltam plot KIND`. A kind reads rows of the views into series, and
 * writes commands for gnuplot that draw them; the series alone are what `--data` prints, so
 * whatever is drawn can be computed again from it.
 *
 *	plot.c          the command
 *	plot_rows.c     rows that --where admits, groups of seeds, the best of a search
 *	plot_data.c     panels, series, texts of both
 *	plot_script.c   commands for gnuplot: terminal, texts, panels
 *	plot_shapes.c   what several kinds draw: lines with bands, maps of cells
 *	gnuplot.c       the process
 *	plot.def, ID.c  the kinds
 *
 * Texts of the database reach gnuplot in single quotes alone (plot_script.h).
 */
#ifndef DELTAM_PLOT_H
#define DELTAM_PLOT_H

#include "common/store/store_query.h"
#include "orchestrator/report/where.h"

/* What a query gave: a table of texts and numbers. */
struct plot_cell {
	const char *text; /* NULL: a number, or nothing */
	double number; /* NAN: a text, or nothing */
};
struct plot_rows {
	int columns, n, capacity; /* capacity in cells */
	struct plot_cell *cell; /* (n, columns) */
};

/* A line, a row of cells, a cloud: points of the columns of its kind. */
struct plot_series {
	int panel;
	const char *name; /* as the database has it: what --data says */
	const char *title; /* in the key */
	int style; /* colour, dash and mark: of its name, the same in every panel */
	int fewest, most; /* seeds that a point is the mean of; 0: not said */
	int n, capacity, tag_capacity;
	double *point; /* (n, columns) */
	const char **tag; /* (n): a text of each point; NULL where the kind has none */
};

struct plot_panel {
	const char *name; /* what --data says */
	const char *title; /* NULL: as name */
	const struct query_figure *criterion; /* that it is of; NULL: of none */
};

struct plot {
	struct arena *arena;
	struct store *store;
	const struct query_sweep *sweep;
	const struct plot_kind *kind;
	struct where where;
	const char *criteria; /* --criteria; NULL: not given */
	int columns; /* of the kind */
	struct plot_panel *panel;
	int panels, panel_capacity;
	struct plot_series **series;
	int n, capacity;
	const char **style; /* names of series, in the order of their styles */
	int styles, style_capacity;
	const char **task; /* of a kind that asks for them */
	double height; /* of a panel, where the kind gives none; 0: as most have it */
};

struct plot_script;

struct plot_kind {
	const char *const *column; /* names of the columns of a point, up to NULL */
	const char *tag; /* what the text of a point is; NULL: it has none */
	const char *note; /* in the key: what marks and bands mean; NULL: nothing */
	bool map; /* cells side by side: the key is a scale of colours */
	bool toy; /* of toy problems, not of sweeps */
	bool small; /* two panels stand side by side in one column */
	bool ordered; /* names of series have an order: their colours, too */
	double height; /* of a panel without its key, inches; 0: as most have it */
	/* Fills panels and series. No series: there is nothing to draw, and why is `empty`. */
	int (*data)(struct plot *p, struct err *e);
	const char *empty; /* which rows a sweep must have to be drawn like this */
	void (*before)(
		struct plot_script *s); /* what all panels share; NULL: nothing */
	void (*draw)(struct plot_script *s, int panel);
};

#define PLOT(id, shows, figure) extern const struct plot_kind plot_##id;
#include "orchestrator/plot/plot.def"
#undef PLOT

/* A column of this name says which job a row is of: --where may name its parameters. */
#define PLOT_JOB "job"
/* That of the row c of the view configuration: the first job of it. */
#define PLOT_JOB_OF_CONFIGURATION \
	"(SELECT CAST(min(m.job) AS TEXT) FROM stage t JOIN sweep w ON w.id=t.sweep" \
	" JOIN stage_job m ON m.stage=t.id WHERE w.name=?1 AND t.variant=c.variant" \
	" AND t.label=c.label AND t.stage=c.stage AND t.task='' AND m.config=c.config)"
/* That of the row b of the view benchmark: a final job of it, if there is any. */
#define PLOT_JOB_OF_BENCHMARK \
	"(SELECT CAST(min(m.job) AS TEXT) FROM stage t JOIN sweep w ON w.id=t.sweep" \
	" JOIN stage_job m ON m.stage=t.id WHERE w.name=?1 AND t.variant=b.variant" \
	" AND t.label=b.label AND t.stage='final')"

/* A row of plot.def, for whoever draws all of them. */
struct plot_row {
	const char *id;
	const struct plot_kind *kind;
	const char *shows, *figure;
};
const struct plot_row *plot_row_at(int i); /* NULL behind the last */
/* Fills a plot whose arena, store, sweep and conditions are set, by a kind; see `data`. */
MUST_CHECK int plot_fill(struct plot *p, const struct plot_kind *kind, struct err *e);

/*
 * Reads the rows of a query whose ?1 is the sweep's name, those that --where admits. ERR_USAGE
 * where a condition names neither a column of the query nor a parameter of a job, ERR_DB.
 */
MUST_CHECK int plot_read(
	struct plot *p, const char *sql, struct plot_rows *out, struct err *e);

/* The same, by groups of rows [row, end) that are equal in their first `keys` columns. */
typedef void plot_add_fn(struct plot *p, const struct plot_rows *r, int row, int end);
MUST_CHECK int plot_read_groups(
	struct plot *p, const char *sql, int keys, plot_add_fn *add, struct err *e);

/* Columns of the view configuration c; `keys` tell apart what has a best one each. */
struct plot_search {
	const char *keys; /* "c.lr, c.wd" */
	const char *point; /* what the columns of a point are, the keys first */
	const char *given; /* what a configuration must have */
	const char *ties; /* who is first where validation Δm is equal */
	bool panel_a_label;
};
/* Adds a point for the best configuration of the search of each label for each key. */
MUST_CHECK int plot_read_best(
	struct plot *p, const struct plot_search *q, struct err *e);

/* A term of ORDER BY: variants, by a column of the query, as the sweep file lists them. */
#define PLOT_VARIANT_ORDER(column) \
	"(SELECT v.position FROM variant v JOIN sweep w ON w.id=v.sweep WHERE w.name=?1" \
	" AND v.variant=" column ")"
/* The same for labels. */
#define PLOT_LABEL_ORDER(column) \
	"(SELECT min(o.position) FROM stage o JOIN sweep w ON w.id=o.sweep WHERE w.name=?1" \
	" AND o.label=" column ")"
const char *plot_text(const struct plot_rows *r, int row, int column); /* "" for none */
double plot_number(const struct plot_rows *r, int row, int column);
/* The end of the rows from `row` on that are equal in their first `keys` columns. */
int plot_group_end(const struct plot_rows *r, int row, int keys);

struct plot_mean {
	int n; /* of numbers */
	double mean, std; /* sample deviation; NAN for n < 2 */
};
struct plot_mean plot_mean_of(
	const struct plot *p, const struct plot_rows *r, int row, int end, int column);

/* Each finds the one of that name, or adds it. */
int plot_panel(struct plot *p, const char *name);
/* "title, 3 seeds" */
void plot_title_seeds(struct plot *p, int panel, int seeds);
/* "variant: name", or the one that is not empty. */
const char *plot_join(const struct plot *p, const char *variant, const char *name);
struct plot_series *plot_series(struct plot *p, int panel, const char *name);
/* That of a label, under the title of its method, in the panel "variant: of". */
struct plot_series *plot_method_series(
	struct plot *p, const char *variant, const char *of, const char *label);
/* Adds a point: its columns, NAN all of them. */
double *plot_point(struct plot *p, struct plot_series *s, const char *tag);
/*
 * Adds the mean of a column over rows [row, end) as a point whose columns begin with x, mean,
 * standard deviation and number; a point of the mean of so many seeds.
 */
double *plot_mean_point(struct plot *p, struct plot_series *s, double x,
	const struct plot_rows *r, int row, int end, int column);
void plot_seeds(struct plot_series *s, double seeds);
/* "UW-SO" for uw_so; the label where no method is called so. */
const char *plot_method_title(const char *label);
/* "seg Pix. acc. [%] (↑ better)" of a criterion, and the factor of its figures. */
const char *plot_criterion_title(
	const struct plot *p, const struct query_figure *c, double *scale);
/* The same without the direction. */
const char *plot_criterion_name(const struct plot *p, const struct query_figure *c);
/* The tasks of a list of criteria, in its order; returns how many. */
int plot_tasks(const struct plot *p, const struct query_figure *const *c, int n,
	const char ***out);
/* The numbers of a text like "0.2 0.8", at most `most`; returns how many. */
int plot_numbers(const char *text, int most, double *out);
/* Steps through the points of a panel (-1: of all panels), series by series; begins as 0. */
struct plot_at {
	int series, k; /* where it stands */
	const double *x; /* the point */
};
bool plot_next(const struct plot *p, int panel, struct plot_at *at);
/* Sorts the points of a series by a column, upwards. */
void plot_sort(const struct plot *p, struct plot_series *s, int column);

/*
 * The criteria that --criteria lists, or all of a sweep's first variant, in table order; no more
 * than `most` of them. ERR_USAGE: one that the sweep does not have.
 */
MUST_CHECK int plot_criteria(struct plot *p, int most, const struct query_figure ***out,
	int *n, struct err *e);

#endif
