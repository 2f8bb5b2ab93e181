/*
 * What the main table may claim of its means: intervals, tests against one method, and
 * marks for what cannot be told apart (docs/STATISTICS.md). Columns and cells are added to
 * the tables of benchmark.c, only where they are asked for.
 */
#ifndef DELTAM_INFERENCE_H
#define DELTAM_INFERENCE_H

#include "orchestrator/cli/cli.h"
#include "orchestrator/print/report.h"
#include "orchestrator/report/sample.h"

#define INFERENCE_ALPHA 0.05

/* What is asked for; all 0: nothing. */
struct inference_view {
	const char *against; /* a label; NULL: no tests */
	int level; /* of intervals, in percent; 0: none */
	bool bootstrap; /* intervals by it, not by Student's t */
	const char *mark; /* best, letters, tests; NULL is best, unsaid */
	const char *test; /* behind marks: t, sign-flip, wilcoxon; NULL is t */
};

/* From the options of `table`. ERR_USAGE: a level below 50 or above 99. */
MUST_CHECK int inference_parse(
	struct inference_view *v, const struct cli_options *o, struct err *e);
bool inference_wanted(const struct inference_view *v);

enum { INFERENCE_T, INFERENCE_FLIPS, INFERENCE_RANKS, INFERENCE_TESTS };

/* One entry of the variant. */
struct inference_row {
	const char *label;
	struct stats_interval delta_m;
	int pairs; /* with `against`; 0 for itself */
	double difference;
	struct stats_interval difference_interval;
	double p[INFERENCE_TESTS], holm[INFERENCE_TESTS]; /* NAN: not tested */
	double smallest_p; /* of flips and ranks */
};

/* The state of a report: begin, then each variant, then notes. */
struct inference {
	struct inference_view view;
	struct sample_set set;
	const char *against_title;
	const char *variant; /* the one that rows are of */
	struct inference_row *row;
	int rows;
	bool gains; /* figures are shown with the other sign */
	/* For the notes. */
	int tests; /* most of one family */
	int fewest_pairs, most_pairs;
	double smallest_p;
	bool fixed_base, no_letters;
};

/* Reads the seeds. ERR_USAGE, with the nearest label, where `against` is unknown. */
MUST_CHECK int inference_begin(struct inference *f, struct store *s,
	const struct query_sweep *w, bool test, struct err *e);

/* The rows of one variant; every label but that of the baseline once. */
void inference_variant(
	struct inference *f, const char *variant, const char *const *label, int n);

void inference_columns(const struct inference *f, struct report_table *t);
void inference_cells(
	const struct inference *f, struct report_table *t, const char *label);

/*
 * Marks a column by tests: letters, or bold for the best and all that it cannot be told
 * apart from, among the rows that may; label: of each row; criterion NULL: Δm.
 * What programs read of it is put into the column `mark`.
 */
void inference_mark(struct inference *f, struct report_table *t, int column, int mark,
	const bool *may, const char *const *label, const char *criterion);

void inference_notes(const struct inference *f, struct report *r);
/* How the marks are explained; NULL: as without tests. */
const char *inference_marks_note(const struct inference *f, struct arena *a);

/* "0.031", "<0.001"; NULL for NAN. */
const char *inference_p_text(struct arena *a, double p);

#endif
