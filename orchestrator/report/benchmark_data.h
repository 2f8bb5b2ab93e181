/*
 * What the tables of a sweep are made of, read at once, and looked up by row and column.
 */
#ifndef DELTAM_BENCHMARK_DATA_H
#define DELTAM_BENCHMARK_DATA_H

#include "catalogue/catalogue.h"
#include "common/store/store_query.h"
#include "orchestrator/report/inference.h"

/* NAN where a figure is missing; the lists live in the arena. */
struct benchmark {
	const struct query_sweep *sweep;
	struct store *store;
	struct arena *arena;
	struct report *report;
	struct query_entry *entry;
	struct query_figure *figure;
	struct query_figure *criterion;
	struct query_title *title;
	struct query_range *range;
	struct query_temperature *temperature;
	struct query_cost *cost;
	struct query_progress *stage;
	struct query_failure *failure;
	struct query_none *none;
	struct query_lost *lost;
	/* Of a sweep with `primary`: the methods that know one, in a block of their own. */
	struct query_entry *auxiliary;
	int auxiliaries;
	int entries, figures, criteria, titles, ranges, temperatures, costs, stages,
		failures, nones, losts;
	/* Of a trained baseline: seeds in its means, and those that did not end well. */
	int baseline_seeds, baseline_lost;
	int64_t shortest, longest; /* epochs of the jobs; 0: there are none */
	bool baseline_given; /* of some variant: by the sweep file, or another database */
	bool test; /* rows of test, not of val */
	bool front; /* only the Pareto front is shown */
	bool with_cost;
	bool several; /* one of several sweeps that are shown together */
	int digits; /* behind the point; -1: as many as tell rows apart */
	bool std_delta, std_criteria; /* ± at Δm, at criteria */
	bool on_boundary; /* a dagger was printed */
	bool without_results;
	bool compact; /* what the search has tried is not shown */
	bool without_weights; /* nor which weights each T led to */
	struct inference *inference; /* NULL: none is asked for */
};

struct json;

/* Fills the lists; the caller has set sweep, arena, report and test. */
MUST_CHECK int benchmark_read(struct benchmark *b, struct store *s, struct err *e);

/*
 * Keeps the criteria that are named (with commas between; NULL keeps all). ERR_USAGE
 * with the nearest name where one is unknown.
 */
MUST_CHECK int benchmark_keep_criteria(
	struct benchmark *b, const char *names, struct err *e);

/*
 * Keeps the entries of each variant that no other one dominates in the criteria kept,
 * by their means over seeds; the baseline and entries without figures go.
 */
void benchmark_keep_front(struct benchmark *b);

bool benchmark_is_stl(const struct query_entry *x);
/* Whether all seeds of the entry ended well, so that it may be the best. */
bool benchmark_is_complete(const struct query_entry *x);

/* What one entry reached in one criterion; NULL, NAN where there is nothing. */
const struct query_figure *benchmark_figure(const struct benchmark *b,
	const struct query_entry *x, const struct query_figure *criterion);
double benchmark_value(const struct benchmark *b, const struct query_figure *f);
const struct query_range *benchmark_range(
	const struct benchmark *b, const struct query_entry *x);

/* Whether some entry had something searched that has no column of its own. */
bool benchmark_has_hyper(const struct benchmark *b);
const struct query_cost *benchmark_cost(
	const struct benchmark *b, const struct query_entry *x);

/* What tables call an entry, and how they show a criterion. */
const char *benchmark_entry_title(const struct query_title *title, int n,
	const char *variant, const char *method, const char *label);
const char *benchmark_criterion_title(const struct query_figure *criterion);
double benchmark_criterion_scale(const struct query_figure *criterion);

/* Writes a hyperparameter for readers with four digits; programs get all of them. */
const char *benchmark_number(struct arena *a, double v);

/*
 * Decimals for figures that are multiplied by `scale`: those that the user asked for, else
 * one where it makes percent of a share, else three digits of the smallest value (n).
 */
int benchmark_decimals(
	const struct benchmark *b, double scale, const double *value, int n);

/* benchmark_marks.c */
/* Marks best and second of one column among the rows that may be either. */
void benchmark_mark(struct report_table *t, int column, const bool *may, bool higher);
/*
 * Marks column i of one variant's rows as the user asked for it: a criterion or Δm, whose
 * deviation, and marks where they are asked for, stand behind it. label: of each row.
 */
void benchmark_mark_column(struct benchmark *b, struct report_table *t, int i,
	const bool *may, const char *const *label);

/* What a row is called. */
const char *benchmark_title(const struct query_entry *x);
/* By the figures: a Pareto front has no row of the baseline. */
bool benchmark_lacks_baseline(const struct benchmark *b, const char *variant);
/* The sweep file that the database was planned from; NULL: it is none. */
const struct json *benchmark_sweep_file(const struct benchmark *b);

/* benchmark_notes.c: what a reader must know beside the figures. */
void benchmark_notes(struct benchmark *b);
/*
 * benchmark_gaps.c: notes on what is not there: jobs, rows without figures, figures without
 * rows. Before benchmark_keep_front, which leaves such entries out.
 */
void benchmark_gaps(struct benchmark *b);
/* The first of them alone: whether the sweep has ended. */
void benchmark_progress(struct benchmark *b);

#endif
