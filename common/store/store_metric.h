/*
 * What a worker writes: the figures of an epoch. The hot path of the store, so texts
 * are bound where they lie, statements stay prepared and insert many rows at once.
 *
 * All of it belongs in a transaction (transaction.h). A row that is there already
 * is fine when it is equal to the bit: a job that starts over writes its rows again.
 * One that differs is ERR_DETERMINISM, and the message names the row and both values.
 * A figure that is not finite is ERR_DIVERGED and never reaches the database.
 */
#ifndef DELTAM_STORE_METRIC_H
#define DELTAM_STORE_METRIC_H

#include "common/metric_row.h"
#include "common/store/rows.h"

/*
 * Writes n rows of one epoch of one job; epochs count from 1. The caller's transaction
 * must be rolled back after an error.
 */
MUST_CHECK int store_metrics_put(struct store *s, int64_t job, int epoch,
	const struct metric_row *rows, int n, struct err *e);
MUST_CHECK int store_weights_put(struct store *s, int64_t job, int epoch,
	const struct weight_row *rows, int n, struct err *e);

/* Checks that the row is there and equal to the bit; else ERR_DETERMINISM. */
MUST_CHECK int store_metric_check(struct store *s, int64_t job, int epoch,
	const struct metric_row *row, struct err *e);

/*
 * Checks that the attempt of this token is still the open one of that job; else
 * ERR_STALE. Inside the transaction of a commit this keeps a worker that was given up
 * from writing.
 */
MUST_CHECK int store_metric_check_token(
	struct store *s, int64_t job, const char *token, struct err *e);

/*
 * Notes the kernel class that a job's rows are computed with, in the transaction that
 * writes them.
 */
MUST_CHECK int store_metric_set_class(
	struct store *s, int64_t job, const char *kernel_class, struct err *e);

/*
 * Drops every row of a job and the scores made from them, because the job starts over.
 */
MUST_CHECK int store_metric_clear(struct store *s, int64_t job, struct err *e);

#endif
