/*
 * What deltam writes of a trainer that reports in lines: how far a report was read, and the
 * rows that it replaces. Every function is part of the caller's transaction.
 */
#ifndef DELTAM_STORE_REPORT_H
#define DELTAM_STORE_REPORT_H

#include "common/store/store_job.h"

/* The last epoch of a job that has rows; 0 without. */
MUST_CHECK int store_report_rows(
	struct store *s, int64_t job, int *epoch, struct err *e);

/*
 * The first `bytes` bytes of an attempt's report are committed; so many epochs again. The
 * device is that of its `hello`, "" before: whoever reads on after a death finds it here.
 */
MUST_CHECK int store_report_read(struct store *s, int64_t attempt, int64_t bytes,
	int again, const char *device, struct err *e);

/*
 * Drops the rows of a job from an epoch on, and the scores made from them; the decisions
 * that read them stay, and are marked.
 */
MUST_CHECK int store_report_drop(
	struct store *s, int64_t job, int epoch, struct err *e);

/* The device that the job's rows were made on; "" unknown. */
#define STORE_DEVICE_MAX 64
MUST_CHECK int store_report_device(
	struct store *s, int64_t job, char device[STORE_DEVICE_MAX], struct err *e);

/* The attempts of a job before `before`, oldest first, into the arena. */
struct store_report {
	int64_t attempt;
	char token[TOKEN_MAX];
	int64_t read_bytes;
	int stop_epoch;
	char device[STORE_DEVICE_MAX]; /* "": no `hello` is committed */
};
MUST_CHECK int store_report_attempts(struct store *s, int64_t job, int64_t before,
	struct arena *a, struct store_report **out, int *n, struct err *e);

/* How many attempts after `since` began at the first epoch although rows were there. */
MUST_CHECK int store_report_anew(
	struct store *s, int64_t job, int64_t since, int *n, struct err *e);

/* Whether the attempt before this one trained its segment to the end. */
MUST_CHECK int store_report_ended_well(
	struct store *s, int64_t job, int64_t before, bool *well, struct err *e);

/* Whether a job of that identity is there, trained to its end, or wanted by a stage. */
struct store_job_use {
	bool known, ended, wanted;
};
MUST_CHECK int store_report_use(struct store *s, const char *identity,
	struct store_job_use *use, struct err *e);

#endif
