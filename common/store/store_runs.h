/*
 * Runs one by one, for whoever lists, shows or exports them. Errors: ERR_DB.
 */
#ifndef DELTAM_STORE_RUNS_H
#define DELTAM_STORE_RUNS_H

#include "common/params.h"
#include "common/store/store_query.h"

/* A job as an entry of a sweep wants it: a row of the view `runs`, and what became of it. */
struct query_run {
	int64_t stage_id, job;
	const char *identity, *run, *variant, *label, *method;
	const char *task; /* "" but for the baseline */
	const char *stage, *phase, *state;
	int config;
	int64_t seed;
	int epochs, epochs_done;
	double lr, wd;
	const char *outcome; /* done, diverged, failed; NULL: not ended */
	int epoch; /* that the sweep's rule takes; 0: none, or a mean of several */
	double val_delta_m, delta_m; /* NAN: none */
	const char *kernel_class, *origin, *message; /* NULL: none */
	double seconds, cpu_seconds, peak_bytes; /* of all attempts; NAN: unknown */
	struct params hyper; /* what its method was given, by name */
};
/* In the order of stages, configurations and seeds. */
MUST_CHECK int query_run_list(struct store *s, const struct query_sweep *w,
	struct arena *a, struct query_run **out, int *n, struct err *e);

/* A parameter of a job as text, numbers in their shortest exact spelling. */
struct query_param {
	int64_t job;
	const char *name, *value;
};
/* Reads one parameter of all jobs of a sweep, in the order of jobs; name NULL: hyperparameters. */
MUST_CHECK int query_params(struct store *s, const struct query_sweep *w,
	const char *name, struct arena *a, struct query_param **out, int *n,
	struct err *e);
/* The value of a job in what was read of one parameter; NULL: the job has none. */
const char *query_param_of(const struct query_param *p, int n, int64_t job);

#endif
