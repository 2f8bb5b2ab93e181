#include "common/store/store_pilot.h"

#include <stdio.h>

int store_pilot_put(struct store *s, int64_t sweep, const char *name,
	const char *launcher, int64_t *id, struct err *e)
{
	char now[TIME_MAX];
	int rc = store_run(s, STMT_PILOT_PUT,
		ARGS(INT(sweep), TEXT(name), TEXT(launcher), TEXT(store_time(now))), e);

	return rc ? rc : store_int(s, STMT_ATTEMPT_ID, NO_ARGS, 0, id, e);
}

int store_pilot_job(struct store *s, int64_t pilot, const char *job, struct err *e)
{
	return store_run(s, STMT_PILOT_JOB, ARGS(TEXT(job), INT(pilot)), e);
}

int store_pilot_hello(struct store *s, int64_t pilot, const struct pilot_hello_row *row,
	struct err *e)
{
	char now[TIME_MAX];

	return store_run(s, STMT_PILOT_HELLO,
		ARGS(TEXT(row->host), INT(row->slots), TEXT(row->gpus),
			TEXT(row->kernel_class), TEXT(store_time(now)), INT(pilot)),
		e);
}

int store_pilot_end(struct store *s, int64_t pilot, const char *why, struct err *e)
{
	char now[TIME_MAX];

	return store_run(s, STMT_PILOT_END,
		ARGS(TEXT(store_time(now)), TEXT(why), INT(pilot)), e);
}

int store_pilot_open(struct store *s, struct arena *a, struct pilot_open_row **out,
	int *n, struct err *e)
{
	struct rows r = rows_open(s, STMT_PILOT_OPEN, NO_ARGS, e);
	int capacity = 0;

	*out = NULL;
	*n = 0;
	while (rows_next(&r)) {
		struct pilot_open_row *x;

		(void)GROW(a, *out, *n, capacity);
		x = &(*out)[(*n)++];
		x->id = rows_int64(&r);
		snprintf(x->name, sizeof(x->name), "%s", rows_text(&r));
		x->launcher = rows_copy(&r, a);
		x->launcher_job = rows_copy(&r, a);
	}
	return rows_close(&r);
}

int store_adopt_list(
	struct store *s, struct arena *a, struct adopt_row **out, int *n, struct err *e)
{
	struct rows r = rows_open(s, STMT_ADOPT_LIST, NO_ARGS, e);
	int capacity = 0;

	*out = NULL;
	*n = 0;
	while (rows_next(&r)) {
		struct adopt_row *x;

		(void)GROW(a, *out, *n, capacity);
		x = &(*out)[(*n)++];
		*x = (struct adopt_row){ .attempt.id = rows_int64(&r) };
		x->attempt.job = rows_int64(&r);
		snprintf(x->attempt.token, sizeof(x->attempt.token), "%s",
			rows_text(&r));
		x->attempt.start_epoch = rows_int(&r);
		x->attempt.stop_epoch = rows_int(&r);
		x->attempt.checkpoint_seconds = rows_real(&r);
		x->attempt.pilot = rows_int64(&r);
		x->read_bytes = rows_int64(&r);
		snprintf(x->device, sizeof(x->device), "%s", rows_text(&r));
	}
	return rows_close(&r);
}

/* Up to which epoch the sweep wants the job now; 0: it wants nothing. */
static int wanted_epoch(
	struct store *s, int64_t sweep, int64_t job, int *epoch, struct err *e)
{
	struct rows r = rows_open(s, STMT_JOB_PENDING, ARGS(INT(sweep), INT(job)), e);

	*epoch = 0;
	if (rows_next(&r) && !rows_is_null(&r)) {
		*epoch = rows_int(&r);
		(void)rows_int(&r); /* where the job stands */
	}
	return rows_close(&r);
}

int store_adopt(struct store *s, int64_t sweep, const struct adopt_row *row,
	bool *taken, struct err *e)
{
	const struct attempt_row *a = &row->attempt;
	int wanted = 0;
	int rc = wanted_epoch(s, sweep, a->job, &wanted, e);

	*taken = !rc && wanted >= a->stop_epoch;
	if (rc || !*taken)
		return rc;
	rc = store_run(s, STMT_JOB_CLAIM, ARGS(INT(sweep), INT(a->job)), e);
	return rc ? rc : store_run(s, STMT_ADOPT_REOPEN, ARGS(INT(a->id)), e);
}
