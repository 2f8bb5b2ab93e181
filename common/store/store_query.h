/*
 * What reports read: one function a question, each a typed list in the caller's arena.
 *
 * They read the views of schema.sql; what a NULL would be is NAN, or NULL for a text.
 * Errors: ERR_DB. `*n` is set in every case.
 */
#ifndef DELTAM_STORE_QUERY_H
#define DELTAM_STORE_QUERY_H

#include "common/store/rows.h"

struct query_sweep {
	int64_t id;
	const char *name;
	const char *text; /* the sweep file */
	bool best; /* select.epoch is best, not last10 */
	bool by_task; /* select.average is tasks, not criteria */
	const char *state; /* open, done, failed */
	const char *stop; /* why its last run stopped short; NULL: see schema.sql */
	bool auxiliary; /* `primary` is given */
	const char *folder; /* where relative paths of the text begin; "": unknown */
	bool skip_zero; /* a task of weight 0 is no part of Δm */
};
MUST_CHECK int query_sweeps(struct store *s, struct arena *a, struct query_sweep **out,
	int *n, struct err *e);

/* A row of the benchmark; mean and deviation over seeds, percent. */
struct query_entry {
	const char *variant;
	const char *method;
	const char *label;
	double lr, wd, temperature;
	const char *weights;
	int tried, seeds, seeds_done;
	double epoch;
	double delta_m, delta_m_std; /* test */
	double val_delta_m, val_delta_m_std;
	const char *hyper; /* what else was searched, as it was chosen; NULL: nothing */
	const char *title; /* given for tables (query_titles); NULL: not filled in */
};
MUST_CHECK int query_benchmark(struct store *s, const struct query_sweep *w,
	struct arena *a, struct query_entry **out, int *n, struct err *e);

/*
 * The auxiliary methods of a sweep with `primary`, which query_benchmark leaves out: a row
 * for each that is listed, whichever tasks it had as primary. query_auxiliary_figures:
 * every criterion from where its task was primary. query_runs: the benchmark with them, a
 * row for each primary task.
 */
MUST_CHECK int query_runs(struct store *s, const struct query_sweep *w, struct arena *a,
	struct query_entry **out, int *n, struct err *e);
MUST_CHECK int query_auxiliary(struct store *s, const struct query_sweep *w,
	struct arena *a, struct query_entry **out, int *n, struct err *e);

/* What one entry reached in one criterion. */
struct query_figure {
	const char *variant;
	const char *label;
	const char *criterion; /* task/name */
	const char *task;
	const char *name;
	bool higher; /* is better */
	double value, std; /* test */
	double val_value, val_std;
	/* Of query_criteria alone. */
	bool counts; /* towards Δm */
	const char *title; /* given by the sweep file, with scale; NULL: the metric's */
	double scale;
};
MUST_CHECK int query_auxiliary_figures(struct store *s, const struct query_sweep *w,
	struct arena *a, struct query_figure **out, int *n, struct err *e);
MUST_CHECK int query_figures(struct store *s, const struct query_sweep *w,
	struct arena *a, struct query_figure **out, int *n, struct err *e);

/*
 * One criterion of one final run that ended well, in the order of the table and of seeds. What
 * knows a primary task and had several in turn stands here twice: by the run (`of_run`), and
 * under the name that it is listed by, each criterion from where its task was primary.
 */
struct query_seed {
	const char *variant;
	const char *label;
	bool stl; /* of the baseline: the run of the criterion's task */
	bool of_run; /* the table lists it under another name */
	int64_t seed;
	const char *criterion;
	double value, val_value;
	bool counts; /* is part of the entry's Δm */
};
MUST_CHECK int query_seeds(struct store *s, const struct query_sweep *w,
	struct arena *a, struct query_seed **out, int *n, struct err *e);

/* The criteria of each variant, in the order of the table's columns; figures unset. */
MUST_CHECK int query_criteria(struct store *s, const struct query_sweep *w,
	struct arena *a, struct query_figure **out, int *n, struct err *e);

/* What the sweep file has tables call an entry. */
struct query_title {
	const char *variant, *label;
	const char *title;
};
MUST_CHECK int query_titles(struct store *s, const struct query_sweep *w,
	struct arena *a, struct query_title **out, int *n, struct err *e);

/*
 * How many values of lr, wd and T an entry's search has tried, the least and the
 * greatest.
 */
struct query_range {
	const char *variant;
	const char *label;
	struct query_span {
		int values;
		double min, max;
	} lr, wd, temperature;
};
MUST_CHECK int query_ranges(struct store *s, const struct query_sweep *w,
	struct arena *a, struct query_range **out, int *n, struct err *e);

/* A phase of an entry that ended without a choice: no configuration was valid. */
struct query_none {
	const char *variant, *label, *phase;
};
MUST_CHECK int query_nones(struct store *s, const struct query_sweep *w,
	struct arena *a, struct query_none **out, int *n, struct err *e);

/*
 * A final run that ended well, and a criterion that lacks a row of metric which its figure
 * is made of, on test rows or on validation rows; run by run.
 */
struct query_lost {
	const char *run, *criterion;
	int epoch; /* 0: one of the last ten */
};
MUST_CHECK int query_lost(struct store *s, const struct query_sweep *w, bool test,
	struct arena *a, struct query_lost **out, int *n, struct err *e);

/*
 * The least and the greatest weight, as means over an epoch, that a T has led to in all
 * its jobs and tasks.
 */
struct query_temperature {
	const char *variant;
	const char *label;
	double temperature;
	double min, max;
	int tasks;
};
MUST_CHECK int query_temperatures(struct store *s, const struct query_sweep *w,
	struct arena *a, struct query_temperature **out, int *n, struct err *e);

/* T at the end of a final run of a method that learns it, in the order of seeds. */
struct query_learned {
	const char *variant, *label;
	double temperature;
};
MUST_CHECK int query_learned(struct store *s, const struct query_sweep *w,
	struct arena *a, struct query_learned **out, int *n, struct err *e);

/* Every learning rate and weight decay of a sweep's jobs, each once, upwards. */
MUST_CHECK int query_rates(struct store *s, const struct query_sweep *w,
	struct arena *a, double **out, int *n, struct err *e);

/*
 * What the jobs of a variant's methods were trained with: data set, network, the parameter of
 * that name ("train.batch"), and all others of data set, network and training ("train.epochs=5", a
 * line each, sorted). value NULL: there is no such job.
 */
struct query_setting {
	const char *dataset, *model, *value, *others;
};
MUST_CHECK int query_setting(struct store *s, const struct query_sweep *w,
	const char *variant, const char *name, struct arena *a,
	struct query_setting *out, struct err *e);

/* What it costs to train an entry; passes are counted for one step. */
struct query_cost {
	const char *variant;
	const char *label;
	double seconds_per_epoch;
	double forward, head, trunk; /* passes */
	double cpu_seconds,
		peak_bytes; /* of all its attempts: their sum, the most of one */
	double epochs; /* of a whole training */
};
MUST_CHECK int query_costs(struct store *s, const struct query_sweep *w,
	struct arena *a, struct query_cost **out, int *n, struct err *e);

/* How far a stage has come. */
struct query_progress {
	const char *variant;
	const char *label;
	const char *task; /* "" but for the baseline */
	const char *stage;
	const char *phase;
	const char *state; /* of the stage */
	int jobs, pending, running, waiting, done, stopped, diverged, failed;
	int64_t epochs_done, epochs;
};
MUST_CHECK int query_progress(struct store *s, const struct query_sweep *w,
	struct arena *a, struct query_progress **out, int *n, struct err *e);

/* A worker that trains, or evaluates a winner. */
struct query_attempt {
	int64_t job;
	const char *variant, *label;
	bool baseline;
	const char *run; /* as people call it */
	bool evaluates;
	int epoch, epochs; /* committed; of the whole training */
	int start_epoch; /* committed when it began */
	double started; /* UTC, seconds */
	const char *identity, *token; /* of its folder and its report */
	int pid; /* 0: not known */
	const char *task, *stage; /* of its first stage */
	int pilot; /* 0: here; one at a pilot without a pid waits there for a slot */
};
MUST_CHECK int query_attempts(struct store *s, const struct query_sweep *w,
	struct arena *a, struct query_attempt **out, int *n, struct err *e);

/* The attempts that failed since the last one that did not. */
struct query_in_vain {
	int attempts;
	const char *run, *message; /* of the last; "" where there is none */
};
MUST_CHECK int query_in_vain(struct store *s, const struct query_sweep *w,
	struct arena *a, struct query_in_vain *out, struct err *e);

/* The robustness difference of an entry in one criterion; variant by variant. */
struct query_robustness {
	const char *variant, *method, *label, *criterion;
	int seeds, corruptions;
	double delta, delta_std; /* a share; over seeds */
};
MUST_CHECK int query_robustness(struct store *s, const struct query_sweep *w,
	struct arena *a, struct query_robustness **out, int *n, struct err *e);

/* How many winners a sweep wants, and how far they are. */
struct query_winners {
	int all, done, failed;
};
MUST_CHECK int query_winners(struct store *s, const struct query_sweep *w,
	struct query_winners *out, struct err *e);

/* A process elsewhere that waits for its machine or runs segments. */
struct query_pilot {
	int pilot;
	const char *name; /* of its folder */
	const char *state, *host, *launcher_job, *launcher;
	double slots; /* NAN: not said yet */
	int running, ahead, segments, lost;
	double since; /* it waits or works: UTC, seconds */
};
MUST_CHECK int query_pilots(struct store *s, const struct query_sweep *w,
	struct arena *a, struct query_pilot **out, int *n, struct err *e);

/*
 * A job that diverged or failed for good, or a baseline that is of no use: that one
 * names no job.
 */
struct query_failure {
	const char *variant;
	const char *label;
	const char *task;
	const char *stage;
	const char *state;
	const char *job; /* NULL: none */
	const char *run; /* as people call it; of a baseline, its entry */
	int64_t seed;
	double lr, wd, temperature;
	const char *weights;
	int epoch, attempts;
	const char *message;
	double pilot; /* of its last attempt; NAN: it ran at none */
};
MUST_CHECK int query_failures(struct store *s, const struct query_sweep *w,
	struct arena *a, struct query_failure **out, int *n, struct err *e);

#endif
