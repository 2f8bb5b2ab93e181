/*
 * From a sweep file to the rows of its database: what `run` does before it prints the
 * table, and `audit` does with a second database.
 */
#ifndef DELTAM_RUN_SWEEP_H
#define DELTAM_RUN_SWEEP_H

#include <stdbool.h>
#include "common/arena.h"

struct run_request {
	const char *sweep; /* path of the sweep file */
	const char *text; /* its text; NULL: it is read */
	const char *db; /* NULL: the sweep's name and .db */
	const char *reuse; /* a database to copy jobs from; NULL: none */
	int workers; /* 0: as many as this machine has cores */
	bool no_prune, yes, quiet;
	bool no_winners; /* train only: nothing of `evaluate` and `save` */
};

struct run_result {
	const char *db; /* NULL where the request was refused before */
	const char *name; /* of the sweep */
};

/*
 * Trains what is missing. *result is set in every case, its texts in the arena or the
 * request. ERR_SPEC with an empty message: the errors are on stderr. ERR_FAILED: a job
 * failed for good; the others are trained.
 */
MUST_CHECK int run_sweep(const struct run_request *q, struct arena *a,
	struct run_result *result, struct err *e);

#endif
