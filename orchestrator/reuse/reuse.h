/*
 * `--reuse FILE`: jobs that another database has trained are copied, not trained again.
 *
 * A job is the same where its identity is. Its rows are those of the kernel class that
 * computed them and keep it; where they came from stands in job.origin. Attempts are the
 * other database's business and stay there. Copies are part of the transaction that
 * plans the job, so a job is there with all that it reached or not at all.
 */
#ifndef DELTAM_REUSE_H
#define DELTAM_REUSE_H

#include "common/store/store_winner.h"

struct reuse {
	struct store from; /* only read */
	bool commands; /* other trainers: folders in the place of checkpoints */
	int jobs; /* copied so far */
	int64_t epochs;
};

/* ERR_DB: as store_open for a reader. ERR_USAGE: path is the database `into` itself. */
MUST_CHECK int reuse_open(
	struct reuse *r, const char *path, const char *into, struct err *e);
void reuse_close(struct reuse *r); /* after a failed open, too */

/*
 * Brings *job as far as the other database has it, where that helps: it ended there, its
 * rows reach the target, or it left a checkpoint to go on from (which is copied, too).
 * *job is updated. Rows of another kernel class than those that the job has already stay
 * away. ERR_DETERMINISM: a row is there already with another value.
 */
MUST_CHECK int reuse_job(struct reuse *r, struct store *s, struct job_row *job,
	int target, struct err *e);

/*
 * Copies what the other database has of a winner of *job: its file, and its figures on
 * corrupted pictures.
 */
MUST_CHECK int reuse_winner(struct reuse *r, struct store *s,
	const struct winner_row *w, const struct job_row *job, struct err *e);

/* Figures alone, of a winner that both databases know: those that *s lacks. */
MUST_CHECK int reuse_corruptions(struct store *from, struct store *s,
	const struct winner_row *w, struct arena *a, struct err *e);

#endif
