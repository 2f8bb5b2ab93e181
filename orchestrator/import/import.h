/*
 * deltam import: results that exist already become rows, so that tables and tests come
 * from runs that deltam never started (docs/TRAINERS.md has the two forms of file).
 *
 *	import_file -> import_csv, import_json -> import_run (whose row is it?)
 *	import_check (is it whole?) -> import
 *
 * Everything is read and checked before the database is opened, and written in one
 * transaction. What is wrong is added to the diag of its file, at its place.
 */
#ifndef DELTAM_IMPORT_H
#define DELTAM_IMPORT_H

#include "common/metric_row.h"
#include "orchestrator/plan/plan.h"
#include "orchestrator/plan/resolve.h"
#include "orchestrator/json/diag.h"

/* Where something stands in a file. */
struct import_place {
	struct diag *d;
	size_t at;
};

struct import_figure {
	int epoch;
	struct metric_row row;
	struct import_place place;
};

struct import_weight {
	int epoch;
	struct weight_row row;
	struct import_place place;
};

/* A job that files have figures of. */
struct import_run {
	const struct spec_variant *variant;
	const struct spec_entry *entry;
	const char *task; /* of a baseline; NULL: a method */
	struct params params;
	char identity[IDENTITY_MAX];
	int64_t job;
	struct import_place place; /* where it is named first */
	const char *device; /* of `hello`; NULL: unknown */
	const char *diverged; /* why, in the epoch behind the last; NULL: it did not */
	struct import_figure *figure; /* import_check sorts both by epoch */
	int figures, figure_capacity;
	struct import_weight *weight;
	int weights, weight_capacity;
	int epochs; /* that have figures; import_check counts them */
};

struct import_slot;

struct import_set {
	struct arena *a;
	const struct resolved *resolved;
	struct import_run **run; /* in the order in which they are named */
	int runs, run_capacity;
	struct import_slot *slot; /* finds a run by how a file names it */
	int slots, slots_used;
	const char **word; /* splits, tasks and names of figures, each once */
	int words, word_capacity;
};

/* The columns of a file; every other one is a hyperparameter. */
enum import_column {
	IMPORT_LABEL,
	IMPORT_VARIANT,
	IMPORT_TASK_OF_BASELINE,
	IMPORT_LR,
	IMPORT_WD,
	IMPORT_SEED,
	IMPORT_EPOCH,
	IMPORT_SPLIT,
	IMPORT_TASK,
	IMPORT_NAME,
	IMPORT_VALUE,
	IMPORT_OUTCOME,
	IMPORT_WEIGHT_MEAN,
	IMPORT_WEIGHT_STD,
	IMPORT_LOSS_MEAN,
	IMPORT_LOSS_STD,
	IMPORT_COLUMNS
};

struct import_cell {
	const char *text; /* NULL: there is no such column; "": nothing is said */
	size_t at;
};

/* A line of a file; whoever reads it owns the texts. */
struct import_record {
	struct diag *d;
	size_t at; /* where the line begins */
	struct import_cell known[IMPORT_COLUMNS];
	const char **hyper; /* names of the other columns */
	struct import_cell *value; /* of each */
	int hypers;
};

/* import_run.c */

/*
 * Which column that is: an import_column, or IMPORT_COLUMNS for a hyperparameter that an
 * entry of the sweep has; -1: neither, and reported at `at`.
 */
int import_column_of(
	struct import_set *im, struct diag *d, const char *name, size_t at);

/* Whether all columns that a figure, or a weight, must have are there; else reported. */
bool import_is_whole(const struct import_record *r);

/* The run that the record names; NULL: none of this sweep, and reported once. */
struct import_run *import_run_of(struct import_set *im, const struct import_record *r);

/* Takes one figure, or the figures of one weight, to its run. */
void import_take(struct import_set *im, const struct import_record *r);

/* The same for a figure that has been read already. */
void import_put_figure(struct import_set *im, struct import_run *run, int epoch,
	const struct metric_row *row, struct import_place place);
void import_put_weight(struct import_set *im, struct import_run *run, int epoch,
	const struct weight_row *row, struct import_place place);

/*
 * import_file.c: the whole file d->path into d->text. ERR_DATA: it cannot be read. Then
 * all that it says, to its runs, in the form that its first character tells.
 */
MUST_CHECK int import_file_read(struct diag *d, struct err *e);
void import_file_take(struct import_set *im, struct diag *d);

/* import_csv.c, import_json.c: all lines of d->text, each to its run. */
void import_csv(struct import_set *im, struct diag *d);
void import_json(struct import_set *im, struct diag *d);

/* import_check.c: whether the run has every epoch from the first, each once and whole. */
void import_check(struct import_run *run);

#endif
