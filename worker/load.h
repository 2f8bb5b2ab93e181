/*
 * What a worker is to train: the rows of its job and of its attempt.
 */
#ifndef DELTAM_LOAD_H
#define DELTAM_LOAD_H

#include <stdbool.h>
#include "common/params.h"
#include "common/store/rows.h"

struct job {
	int64_t id;
	const char *token;
	const char *identity;
	const char *kernel_class; /* of the rows there are; "" unknown */
	bool ended; /* has an outcome */
	int epochs; /* of the whole training */
	int stop_epoch; /* of this segment; or the winner's */
	bool evaluate; /* the segment is a winner: see worker/evaluate.h */
	bool keep; /* the parameters of the best epoch so far */
	int rows_epoch; /* the last epoch that has rows; 0 without */
	double checkpoint_seconds; /* 0: after every epoch */
	struct params params;
};

/*
 * Fills *job; texts go into the arena, token must outlive it. ERR_STALE: the token is
 * not that of an open attempt of this job. ERR_DB: rows that cannot be.
 */
MUST_CHECK int job_load(struct job *job, struct store *s, int64_t id, const char *token,
	struct arena *a, struct err *e);

#endif
