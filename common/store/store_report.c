#include "common/store/store_report.h"

#include <stdio.h>
#include <string.h>

static int one_int(
	struct store *s, enum stmt id, const struct arg *args, int *out, struct err *e)
{
	int64_t wide;
	int rc = store_int(s, id, args, 0, &wide, e);

	*out = (int)wide;
	return rc;
}

int store_report_rows(struct store *s, int64_t job, int *epoch, struct err *e)
{
	return one_int(s, STMT_REPORT_ROWS, ARGS(INT(job)), epoch, e);
}

int store_report_read(struct store *s, int64_t attempt, int64_t bytes, int again,
	const char *device, struct err *e)
{
	return store_run(s, STMT_REPORT_READ,
		ARGS(INT(bytes), INT(again), TEXT(device), INT(attempt)), e);
}

int store_report_drop(struct store *s, int64_t job, int epoch, struct err *e)
{
	static const enum stmt steps[] = { STMT_REPORT_DROP_METRIC,
		STMT_REPORT_DROP_WEIGHT, STMT_REPORT_DROP_SCORE, STMT_REPORT_STALE };
	int rc = OK;

	for (int i = 0; !rc && i < COUNT(steps); i++)
		rc = store_run(s, steps[i], ARGS(INT(job), INT(epoch)), e);
	return rc;
}

int store_report_device(
	struct store *s, int64_t job, char device[STORE_DEVICE_MAX], struct err *e)
{
	struct rows r = rows_open(s, STMT_REPORT_CLASS, ARGS(INT(job)), e);

	device[0] = '\0';
	if (rows_next(&r))
		snprintf(device, STORE_DEVICE_MAX, "%s", rows_text(&r));
	return rows_close(&r);
}

int store_report_attempts(struct store *s, int64_t job, int64_t before, struct arena *a,
	struct store_report **out, int *n, struct err *e)
{
	struct rows r =
		rows_open(s, STMT_REPORT_ATTEMPTS, ARGS(INT(job), INT(before)), e);
	int capacity = 0;

	*out = NULL;
	*n = 0;
	while (rows_next(&r)) {
		struct store_report *x;

		(void)GROW(a, *out, *n, capacity);
		x = &(*out)[(*n)++];
		x->attempt = rows_int64(&r);
		snprintf(x->token, sizeof(x->token), "%s", rows_text(&r));
		x->read_bytes = rows_int64(&r);
		x->stop_epoch = rows_int(&r);
		snprintf(x->device, sizeof(x->device), "%s", rows_text(&r));
	}
	return rows_close(&r);
}

int store_report_anew(
	struct store *s, int64_t job, int64_t since, int *n, struct err *e)
{
	return one_int(s, STMT_REPORT_ANEW, ARGS(INT(job), INT(since)), n, e);
}

int store_report_ended_well(
	struct store *s, int64_t job, int64_t before, bool *well, struct err *e)
{
	int n;
	int rc = one_int(s, STMT_REPORT_ENDED_WELL, ARGS(INT(job), INT(before)), &n, e);

	*well = n != 0;
	return rc;
}

int store_report_use(
	struct store *s, const char *identity, struct store_job_use *use, struct err *e)
{
	struct rows r = rows_open(s, STMT_REPORT_STATE, ARGS(TEXT(identity)), e);

	*use = (struct store_job_use){ 0 };
	if (rows_next(&r)) {
		int epochs = rows_int(&r);
		int done = rows_int(&r);
		bool diverged = !strcmp(rows_text(&r), "diverged");

		use->known = true;
		use->ended = done >= epochs || diverged;
		use->wanted = rows_int(&r) > 0;
	}
	return rows_close(&r);
}
