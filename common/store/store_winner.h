/*
 * Winners: final runs whose parameters at the chosen epoch are kept or tested on
 * corrupted pictures. deltam writes the table winner, the worker corruption and
 * corrupted. Every function is some statements inside the caller's transaction.
 *
 *	pending -> running -> done | failed, or pending again
 */
#ifndef DELTAM_STORE_WINNER_H
#define DELTAM_STORE_WINNER_H

#include "common/store/store_job.h"

struct winner_row {
	int64_t stage, job, sweep;
	int epoch;
	bool save;
	const char *corruptions; /* names, a blank between; "" */
	const char *textures; /* folder with pictures of frost; "" */
	const char *digest; /* of them; "" */
	bool done; /* nothing is missing: else it is pending */
};
/* Makes a winner's row; *made is false where the row was there. */
MUST_CHECK int store_winner_put(
	struct store *s, const struct winner_row *row, bool *made, struct err *e);
/* Finds a sweep's first pending winner that may start; *found tells whether there is one. */
MUST_CHECK int store_winner_pending(struct store *s, int64_t sweep,
	const struct store_filter *filter, int64_t *stage, int64_t *job, bool *found,
	struct err *e);
/* As store_job_claim: the pending winners of the job in the sweep become running. */
MUST_CHECK int store_winner_claim(struct store *s, int64_t sweep, int64_t job,
	struct attempt_row *attempt, bool *claimed, struct err *e);
/* Moves the job's running winners to "done", "failed" or "pending". */
MUST_CHECK int store_winner_end(
	struct store *s, int64_t sweep, int64_t job, const char *state, struct err *e);
/* Counts the winners of a sweep that are not done. */
MUST_CHECK int store_winner_open(
	struct store *s, int64_t sweep, int *open, struct err *e);
/*
 * Reads what is wanted of the job's running winner; texts go to the arena. ERR_STALE:
 * no winner of the job is running.
 */
MUST_CHECK int store_winner_wanted(struct store *s, int64_t job, int epoch,
	struct winner_row *row, struct arena *a, struct err *e);

/* Whether the figures of a corruption are there, made on that basis. */
MUST_CHECK int store_corruption_has(struct store *s, const struct winner_row *w,
	const char *corruption, const char *basis, bool *has, struct err *e);

struct corrupted_row {
	int severity;
	const char *task, *name;
	double value; /* finite */
};
/*
 * Writes all figures of a corruption in place of those that were made on another basis.
 * ERR_DIVERGED: a figure is not finite.
 */
MUST_CHECK int store_corruption_put(struct store *s, const struct winner_row *w,
	const char *corruption, const char *basis, const struct corrupted_row *rows,
	int n, struct err *e);

/* Where the parameters of a winner are kept: "DB.d/winners/IDENTITY-EPOCH.params". */
#define WINNER_PATH_MAX 1400
void winner_path(
	const char *db, const char *identity, int epoch, char path[WINNER_PATH_MAX]);

#endif
