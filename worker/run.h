/*
 * One segment of one job: trains to its last epoch, an epoch a transaction.
 *
 * What is committed is whole epochs, under a token that is still valid. Interrupted at
 * any instant, the segment run again ends with the same rows: from the checkpoint where
 * there is a valid one, from the beginning otherwise.
 */
#ifndef DELTAM_RUN_H
#define DELTAM_RUN_H

#include "worker/segment.h"

/*
 * Speaks on the pipe (worker/pipe.h, opened by the caller). ERR_STALE, ERR_DIVERGED,
 * ERR_DETERMINISM, ERR_DATA, ERR_DB; ERR_INTERRUPTED after SIGTERM or where nobody
 * reads the pipe any more.
 */
MUST_CHECK int segment_run(
	struct store *s, const struct segment_args *args, struct err *e);

/*
 * The same without a database: the job is args->words, its epochs are lines of a report
 * (worker/lines.h) and its state is in the job's folder. deltam commits the lines.
 */
MUST_CHECK int segment_report(const struct lines_args *args, struct err *e);

#endif
