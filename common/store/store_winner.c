#include "common/store/store_winner.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

int store_winner_put(
	struct store *s, const struct winner_row *row, bool *made, struct err *e)
{
	int rc = store_run(s, STMT_WINNER_PUT,
		ARGS(INT(row->stage), INT(row->job), INT(row->sweep), INT(row->epoch),
			INT(row->save), TEXT(row->corruptions), TEXT(row->textures),
			TEXT(row->digest), TEXT(row->done ? "done" : "pending")),
		e);

	*made = !rc && store_changes(s) > 0;
	return rc;
}

int store_winner_pending(struct store *s, int64_t sweep,
	const struct store_filter *filter, int64_t *stage, int64_t *job, bool *found,
	struct err *e)
{
	struct rows r = rows_open(s, STMT_WINNER_NEXT, ARGS(INT(sweep)), e);

	*found = false;
	while (!*found && rows_next(&r)) {
		*stage = rows_int64(&r);
		*job = rows_int64(&r);
		*found = filter->may(filter->arg, *job);
	}
	return rows_close(&r);
}

int store_winner_claim(struct store *s, int64_t sweep, int64_t job,
	struct attempt_row *attempt, bool *claimed, struct err *e)
{
	struct rows r =
		rows_open(s, STMT_WINNER_PENDING, ARGS(INT(sweep), INT(job)), e);
	int rc;

	*claimed = rows_next(&r);
	if (*claimed) {
		attempt->job = job;
		attempt->evaluate = true;
		attempt->stop_epoch = rows_int(&r);
		attempt->start_epoch = rows_int(&r);
	}
	rc = rows_close(&r);
	if (rc || !*claimed)
		return rc;
	rc = store_run(s, STMT_WINNER_SET,
		ARGS(TEXT("running"), INT(sweep), INT(job), TEXT("pending")), e);
	return rc ? rc : store_attempt_begin(s, attempt, e);
}

int store_winner_end(
	struct store *s, int64_t sweep, int64_t job, const char *state, struct err *e)
{
	return store_run(s, STMT_WINNER_SET,
		ARGS(TEXT(state), INT(sweep), INT(job), TEXT("running")), e);
}

int store_winner_open(struct store *s, int64_t sweep, int *open, struct err *e)
{
	int64_t n;
	int rc = store_int(s, STMT_WINNER_OPEN, ARGS(INT(sweep)), 0, &n, e);

	*open = (int)n;
	return rc;
}

int store_winner_wanted(struct store *s, int64_t job, int epoch, struct winner_row *row,
	struct arena *a, struct err *e)
{
	struct rows r = rows_open(s, STMT_WINNER_WANTED, ARGS(INT(job), INT(epoch)), e);

	*row = (struct winner_row){ .job = job, .epoch = epoch };
	if (rows_next(&r)) {
		row->save = rows_int(&r) != 0;
		row->corruptions = rows_copy(&r, a);
		row->textures = rows_copy(&r, a);
		row->digest = rows_copy(&r, a);
	} else if (!r.rc) {
		r.rc = err_set(e, ERR_STALE,
			"nobody wants the parameters of epoch %d any more", epoch);
	}
	return rows_close(&r);
}

int store_corruption_has(struct store *s, const struct winner_row *w,
	const char *corruption, const char *basis, bool *has, struct err *e)
{
	struct rows r = rows_open(s, STMT_CORRUPTION_GET,
		ARGS(INT(w->job), INT(w->epoch), TEXT(corruption)), e);

	*has = rows_next(&r) && !strcmp(rows_text(&r), basis);
	return rows_close(&r);
}

static int put_figure(struct store *s, const struct winner_row *w,
	const char *corruption, const struct corrupted_row *row, struct err *e)
{
	if (!isfinite(row->value))
		return err_set(e, ERR_DIVERGED,
			"epoch %d: %s/%s under %s of severity %d is %g", w->epoch,
			row->task, row->name, corruption, row->severity, row->value);
	return store_run(s, STMT_CORRUPTED_PUT,
		ARGS(INT(w->job), INT(w->epoch), TEXT(corruption), INT(row->severity),
			TEXT(row->task), TEXT(row->name), REAL(row->value)),
		e);
}

int store_corruption_put(struct store *s, const struct winner_row *w,
	const char *corruption, const char *basis, const struct corrupted_row *rows,
	int n, struct err *e)
{
	const struct arg *key = ARGS(INT(w->job), INT(w->epoch), TEXT(corruption));
	int rc = store_run(s, STMT_CORRUPTION_DROP, key, e);

	if (!rc)
		rc = store_run(s, STMT_CORRUPTED_DROP, key, e);
	for (int i = 0; !rc && i < n; i++)
		rc = put_figure(s, w, corruption, &rows[i], e);
	if (!rc)
		rc = store_run(s, STMT_CORRUPTION_PUT,
			ARGS(INT(w->job), INT(w->epoch), TEXT(corruption), TEXT(basis)),
			e);
	return rc;
}

void winner_path(
	const char *db, const char *identity, int epoch, char path[WINNER_PATH_MAX])
{
	snprintf(path, WINNER_PATH_MAX, "%s.d/winners/%s-%d.params", db, identity,
		epoch);
}
