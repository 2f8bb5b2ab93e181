/*
 * Scores: Δm of every epoch against the baseline of the variant, and what a job is
 * compared by. Reads metric rows, writes baseline and score rows, inside the caller's
 * transaction. Nothing here chooses: see stage.h.
 */
#ifndef DELTAM_SCORE_H
#define DELTAM_SCORE_H

#include "common/store/rows.h"
#include "orchestrator/plan/resolve.h"
#include "orchestrator/stats/stats.h"

/* Whose scores: one variant of one sweep. */
struct scorer {
	struct store *s;
	const struct spec *spec;
	int64_t sweep;
	const struct spec_variant *v;
	const char *primary; /* only the criteria of this task make Δm; NULL: all */
};

/* What Δm compares with, criterion by criterion of one variant. */
struct score_base {
	bool ready;
	struct stats_criterion *criteria;
	double *val, *test;
};

/*
 * Reads what the table baseline holds; b->ready tells whether it is complete. Arrays
 * are in the arena.
 */
MUST_CHECK int score_base_read(
	const struct scorer *sc, struct arena *a, struct score_base *b, struct err *e);

/* The trained baseline of one task: its final jobs that ended well. */
struct score_task {
	int64_t *jobs;
	int n;
};

/*
 * The baseline rows of a variant: means and sample standard deviations over the jobs of
 * tasks[k] (k in the order of v->tasks), each at its epoch of the lowest validation
 * loss; under last10 the mean of its last ten epochs. tasks is NULL where the values are
 * given. *replaced is set when rows were there and differed: then the scores
 * made from them must go. ERR_FAILED: the mean of *undefined is 0, so that there is no Δm.
 */
MUST_CHECK int score_base_write(const struct scorer *sc,
	const struct resolved_variant *given, const struct score_task *tasks,
	bool *replaced, const struct spec_criterion **undefined, struct err *e);

/* Drops the baseline of a variant; *dropped is set where there was one. */
MUST_CHECK int score_base_drop(const struct scorer *sc, bool *dropped, struct err *e);

/* Adds the score rows that the job's committed epochs (epochs_done) lack. */
MUST_CHECK int score_job(const struct scorer *sc, const struct score_base *b,
	int64_t job, int epochs_done, struct err *e);

/*
 * Finds the validation Δm of the last epoch that is committed, whether it has a score row yet
 * or not; NAN where it has none. For people: nothing is written.
 */
MUST_CHECK int score_latest(const struct scorer *sc, const struct score_base *b,
	int64_t job, int epoch, double *delta_m, struct err *e);

/*
 * Finds the epoch of the lowest validation Δm, the first on ties; *epoch is 0 where
 * there are no rows.
 */
MUST_CHECK int score_best(struct store *s, int64_t sweep, int64_t job, int *epoch,
	double *delta_m, struct err *e);

/*
 * Finds the epoch of a task's lowest validation loss, the first on ties; *epoch is 0
 * where there are no rows.
 */
MUST_CHECK int score_best_loss(
	struct store *s, int64_t job, const char *task, int *epoch, struct err *e);

/* Reads the figure of a criterion. ERR_DB where its row is missing. */
MUST_CHECK int score_metric(struct store *s, int64_t job, int epoch, const char *split,
	const struct spec_criterion *c, double *value, struct err *e);

#endif
