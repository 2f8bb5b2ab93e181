/*
 * From a sweep file to the rows of its database: what `run` does before it prints the
 * table, and `audit` does with a second database.
 */
#ifndef DELTAM_RUN_SWEEP_H
#define DELTAM_RUN_SWEEP_H

#include <stdbool.h>
#include "orchestrator/spec/spec.h"

struct launch_request;

struct run_request {
	struct spec_source sweep; /* the sweep file, or its text */
	const char *db; /* NULL: the sweep's name and .db */
	const char *reuse; /* a database to copy jobs from; NULL: none */
	int workers; /* 0: as many as this machine has cores */
	const char *gpus; /* `--gpus`; NULL: not given */
	const struct launch_request *launch; /* `--launcher`; NULL: here */
	const char *work; /* folder in which DB.d lies; NULL: beside the database */
	const char *kernels; /* `--kernels`; NULL: not given */
	bool no_prune, yes, quiet;
	bool table; /* prints the table of what there is, a failed job or not */
	const char *color; /* of the table: `--color` */
	bool no_winners; /* train only: nothing of `evaluate` and `save` */
};

/*
 * Trains what is missing. An error with an empty message is one of the sweep file or its
 * data, and is on stderr with its place. ERR_FAILED: a job failed for good; the others
 * are trained.
 */
MUST_CHECK int run_sweep(const struct run_request *q, struct arena *a, struct err *e);

#endif
