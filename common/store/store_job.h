/*
 * The rows that deltam writes: sweeps, stages, jobs, memberships, attempts, scores and
 * decisions. Every function is one or two statements inside the caller's transaction.
 *
 * A membership (stage_job) is why a stage wants a job, and up to which epoch:
 *
 *	pending -> running -> waiting -> pending ...   a segment, a rung, the next segment
 *	   any of them -> done | diverged | failed     as the job goes
 *	waiting -> stopped                             by a rule
 *
 * What is pending is read from these rows whenever somebody asks (store_member_pending);
 * no list of it is kept anywhere else.
 */
#ifndef DELTAM_STORE_JOB_H
#define DELTAM_STORE_JOB_H

#include "common/params.h"
#include "common/store/rows.h"

enum member_state {
	MEMBER_PENDING, /* wants a segment up to its target */
	MEMBER_RUNNING, /* a worker is at it */
	MEMBER_WAITING, /* its target is reached, a rung: the group decides */
	MEMBER_DONE, /* trained to the end */
	MEMBER_STOPPED, /* by a rule */
	MEMBER_DIVERGED, /* before its target */
	MEMBER_FAILED, /* for good */
	MEMBER_STATES
};

enum stage_state {
	STAGE_NONE, /* there is no such stage */
	STAGE_OPEN, /* its members are on their way */
	STAGE_DONE, /* decided */
	STAGE_FAILED, /* a member failed for good: it cannot be decided */
	STAGE_STATES
};

enum job_outcome { JOB_OPEN, JOB_DONE, JOB_DIVERGED, JOB_FAILED };

/* Whether a membership may go from one state to another. */
bool member_may(enum member_state from, enum member_state to);

/* Whether a stage may go from one state to another. */
bool stage_may(enum stage_state from, enum stage_state to);

struct sweep_row {
	const char *name, *text;
	const char *select_epoch; /* best, last10 */
	const char *average; /* criteria, tasks */
	const char *folder; /* that its relative paths begin from; NULL: unknown */
	bool skip_zero; /* a task of weight 0 is no part of Δm */
};
/*
 * Makes the row of the sweep, or updates the one of its name; *id is that row. *rescore
 * is set where its scores were made by another average, or with other tasks left out.
 */
MUST_CHECK int store_sweep_put(struct store *s, const struct sweep_row *row,
	int64_t *id, bool *rescore, struct err *e);
MUST_CHECK int store_sweep_state(
	struct store *s, int64_t sweep, const char *state, struct err *e);
/*
 * Drops what a sweep file decides: variants, criteria, stages, memberships, decisions.
 * Jobs, what they measured, baselines and scores stay.
 */
MUST_CHECK int store_sweep_clear(struct store *s, int64_t sweep, struct err *e);
MUST_CHECK int store_variant_put(struct store *s, int64_t sweep, const char *variant,
	int position, struct err *e);
struct criterion_row {
	const char *criterion, *task, *name;
	bool higher;
	int position;
	bool counts; /* towards Δm */
	const char *title; /* in tables; NULL: that of the metric of this name */
	double scale; /* with a title */
};
/* Which task an entry is judged by, in the auxiliary setting. */
struct primary_row {
	const char *label;
	const char *listed; /* its label in the sweep file */
	const char *task; /* "": all */
	bool auxiliary; /* the method knows a primary task */
	int position;
};
MUST_CHECK int store_primary_put(struct store *s, int64_t sweep, const char *variant,
	const struct primary_row *row, struct err *e);
MUST_CHECK int store_criterion_put(struct store *s, int64_t sweep, const char *variant,
	const struct criterion_row *row, struct err *e);

/* How many segments of a sweep wait for a worker (winners, too), and their epochs. */
MUST_CHECK int store_sweep_pending(struct store *s, int64_t sweep, int64_t *segments,
	int64_t *epochs, struct err *e);

/*
 * The kernel class of most of the sweep's jobs that have rows, those in bf16 aside, whose
 * class is one everywhere; "": none has any.
 */
MUST_CHECK int store_sweep_class(
	struct store *s, int64_t sweep, char *kernel_class, size_t size, struct err *e);

/* The jobs that the sweep's memberships name, each once, rising, into the arena. */
MUST_CHECK int store_sweep_jobs(struct store *s, int64_t sweep, struct arena *a,
	int64_t **jobs, int *n, struct err *e);

struct job_row {
	int64_t id;
	int epochs, epochs_done;
	enum job_outcome outcome;
	int seed;
	char identity[40];
};
/*
 * The parameters of the job's method that fill a column of their own, by name; NULL: none
 * does (method_shown). hyper: what its name says besides (method_hyper).
 */
struct job_shown {
	const char *temperature, *weights, *hyper;
};
/*
 * Makes the job and its parameters unless they are there. One that an older deltam made
 * learns its name. ERR_DB when another job has
 * the same id (the first 63 bits of another identity).
 */
MUST_CHECK int store_job_put(struct store *s, int64_t id, const char *identity,
	const struct params *ps, const struct job_shown *shown, struct job_row *row,
	struct err *e);
/* Everything that determines the job, behind what is in *ps; texts in the arena. */
/*
 * Adds to ps where an earlier run of the method ended, "init.end.TASK" for the rows of that
 * name in its last epoch. ERR_DATA: there is no such run, or it has not ended.
 */
MUST_CHECK int store_run_end(struct store *s, const char *identity, const char *method,
	const char *row, struct params *ps, struct arena *a, struct err *e);
/* ERR_DATA, saying what to do, where there is no such run, or it has not ended. */
MUST_CHECK int store_run_ended(
	struct store *s, const char *identity, const char *method, struct err *e);
MUST_CHECK int store_job_params(
	struct store *s, int64_t id, struct params *ps, struct arena *a, struct err *e);
/* Reads the job's row; ERR_DB where there is none. */
MUST_CHECK int store_job_get(
	struct store *s, int64_t id, struct job_row *row, struct err *e);
/*
 * Counts epochs_done anew from the metric rows: what is committed counts, nothing else.
 */
MUST_CHECK int store_job_refresh(
	struct store *s, int64_t id, struct job_row *row, struct err *e);
MUST_CHECK int store_job_end(struct store *s, int64_t id, enum job_outcome outcome,
	const char *message, struct err *e);

struct stage_row {
	int64_t id, sweep;
	const char *variant, *label, *method, *task, *stage, *phase;
	int position;
	const char *title; /* of the entry in tables; "": the method's, or the label */
};
MUST_CHECK int store_stage_put(
	struct store *s, const struct stage_row *row, struct err *e);
MUST_CHECK int store_stage_state(
	struct store *s, int64_t stage, enum stage_state *state, struct err *e);
/* Moves the stage to this state. A move that the table of states forbids is a BUG. */
MUST_CHECK int store_stage_set(
	struct store *s, int64_t stage, enum stage_state to, struct err *e);
/* Whether a member is still pending or running. O(log n). */
MUST_CHECK int store_stage_busy(
	struct store *s, int64_t stage, bool *busy, struct err *e);

struct member_row {
	int64_t stage, job, sweep;
	int config, target;
	enum member_state state;
};
MUST_CHECK int store_member_put(
	struct store *s, const struct member_row *row, struct err *e);
/*
 * Moves the membership from row->state to this state and sets its target. A move that
 * the table of states forbids is a BUG.
 */
MUST_CHECK int store_member_set(struct store *s, const struct member_row *row,
	enum member_state to, int target, struct err *e);
/* Which of the jobs that are pending may start now. */
struct store_filter {
	bool (*may)(void *arg, int64_t job);
	void *arg;
};
/*
 * Finds the first pending membership of the stages from `first` to `last`, by stage,
 * config and job, whose job may start; *away is how many epochs its target is off. *found
 * tells whether there is one. O(log n), and a step for each that may not.
 */
MUST_CHECK int store_member_pending(struct store *s, int64_t first, int64_t last,
	const struct store_filter *filter, int64_t *job, int *away, bool *found,
	struct err *e);
/* Reads every membership of a job, in all sweeps, into the arena. */
MUST_CHECK int store_member_of_job(struct store *s, int64_t job, struct arena *a,
	struct member_row **rows, int *n, struct err *e);
/* A member with its job; a stage's are read in the order of the primary key. */
struct member {
	struct member_row row;
	struct job_row job;
};
MUST_CHECK int store_member_of_stage(struct store *s, int64_t stage, struct arena *a,
	struct member **members, int *n, struct err *e);

#define TOKEN_MAX 40
struct attempt_row {
	int64_t id, job;
	char token[TOKEN_MAX];
	int start_epoch, stop_epoch;
	bool evaluate; /* a winner; else it trains */
	double checkpoint_seconds; /* between checkpoints; the caller sets it */
	bool keep; /* the best parameters beside the checkpoint; the caller sets it */
	int64_t pilot; /* where it runs; 0: here; the caller sets it */
};
/*
 * Claims the segment of a job: its pending memberships in the sweep become running and
 * an attempt with a new random token begins, up to the last of their targets.
 * *claimed is false when nothing is pending (any more).
 */
MUST_CHECK int store_job_claim(struct store *s, int64_t sweep, int64_t job,
	struct attempt_row *attempt, bool *claimed, struct err *e);
/* Its process is there. One that waited at a pilot for a slot has started now, not when it was claimed. */
MUST_CHECK int store_attempt_pid(
	struct store *s, int64_t attempt, int pid, struct err *e);
struct attempt_end {
	const char *outcome; /* as the table's CHECK lists them */
	const char *message, *build, *kernel_class; /* NULL or "" : unknown */
	int pid;
	double seconds;
	double cpu_seconds; /* NAN: unknown */
	int64_t peak_bytes; /* 0: unknown */
};
MUST_CHECK int store_attempt_end(
	struct store *s, int64_t attempt, const struct attempt_end *end, struct err *e);
/*
 * Counts the attempts behind number `since`, of the job and kind of this one, that
 * began at `epoch` and had this outcome.
 */
MUST_CHECK int store_attempt_count(struct store *s, const struct attempt_row *attempt,
	int64_t since, int epoch, const char *outcome, int *n, struct err *e);
/*
 * Adds up the seconds of the attempts behind number `since`, of the job and kind of
 * this one.
 */
MUST_CHECK int store_attempt_seconds(struct store *s, const struct attempt_row *attempt,
	int64_t since, double *seconds, struct err *e);
/* Begins an attempt of what the caller has claimed: sets its id and a random token. */
MUST_CHECK int store_attempt_begin(
	struct store *s, struct attempt_row *attempt, struct err *e);
/* Reads the id of the newest attempt. */
MUST_CHECK int store_attempt_last(struct store *s, int64_t *id, struct err *e);
/*
 * Clears up what a dead orchestrator has left. Its open attempts become lost, so that
 * commits of their workers are refused from here on; running memberships become
 * pending, and their jobs count the epochs that were committed.
 */
MUST_CHECK int store_orphans(struct store *s, struct err *e);

struct decision_row {
	int64_t stage, sweep;
	const char *kind, *rule, *reason, *digest;
	int epoch, config;
	double figure; /* NAN: NULL */
};
MUST_CHECK int store_decision_put(
	struct store *s, const struct decision_row *row, struct err *e);
/* Reads which configuration the stage has chosen; *found tells whether it has. */
MUST_CHECK int store_decision_selected(
	struct store *s, int64_t stage, int *config, bool *found, struct err *e);

#endif
