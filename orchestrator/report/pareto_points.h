/*
 * Runs as points of a space of criteria: which of them no other one dominates, and which no
 * run of another optimizer does. What counts (pareto --counts, table --layout pareto)
 * and who is dominated by whom is read from them.
 */
#ifndef DELTAM_PARETO_POINTS_H
#define DELTAM_PARETO_POINTS_H

#include "common/store/store_query.h"

#define PARETO_CRITERIA_MAX 64

/* A configuration and where it lies. */
struct pareto_point {
	const char *variant, *label;
	const char *block; /* data set and network: fronts do not mix them */
	const char *digest; /* of the data set; "": nobody took one */
	const char *settings; /* of both, "model.hidden=32 24", a line each */
	int rivals; /* the same number: they compete */
	const char *optimizer;
	int64_t job; /* its first; the same one is the same configuration */
	double lr, wd, temperature;
	const char *weights;
	double value[PARETO_CRITERIA_MAX], base[PARETO_CRITERIA_MAX];
	bool invalid; /* diverged, or outside of select.require: on no front */
	bool optimal;
	bool unbeaten; /* by runs of any other optimizer */
};

struct pareto_points {
	struct pareto_point *item;
	int n, capacity;
	const char *criterion[PARETO_CRITERIA_MAX];
	bool higher[PARETO_CRITERIA_MAX];
	int d; /* criteria that are compared */
	bool by_seed; /* every seed is a point, and may be invalid */
};

/* Which runs are points. */
struct pareto_view {
	const char *split; /* "test" or "val"; NULL is test */
	const char *criteria; /* "seg/miou,depth/abs_err"; NULL is all */
	bool final; /* final runs, not those of the search */
	bool by_seed; /* every seed is a point; those that are invalid count as such */
	const char *option; /* what the user asked for, in messages */
};

/*
 * Reads the points and finds the fronts. ERR_USAGE: an unknown criterion, too many of them,
 * or runs of a search that pruning has stopped, whose figures are no whole training's.
 */
MUST_CHECK int pareto_read(struct store *s, const struct query_sweep *w,
	const struct pareto_view *view, struct pareto_points *p, struct arena *a,
	struct err *e);

/*
 * Whether two points that were read compete: of one data set, by its digest or else its
 * settings, and of one network with all its settings.
 */
bool pareto_same_block(const struct pareto_point *x, const struct pareto_point *y);
/* Whether point i is the first of its block. */
bool pareto_begins_block(const struct pareto_points *p, int i);
/* Whether the block's point i is the first with its label (or its optimizer). */
bool pareto_first_of(const struct pareto_points *p, int i, bool by_label);

/* The points that compete with point `of`, their rows (n, d) and where they come from. */
struct pareto_field {
	double *row;
	int *index;
	int n;
};

struct pareto_field pareto_field_of(
	const struct pareto_points *p, int of, struct arena *a);

#endif
