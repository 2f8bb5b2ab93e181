#include "worker/load.h"

static int load_rows(struct job *job, struct store *s, struct arena *a, struct err *e)
{
	struct rows r;
	int rc = rows_open(
		&r, s, STMT_LOAD_JOB, ARGS(TEXT(job->token), INT(job->id)), e);

	if (!rc)
		rc = rows_next(&r, e);
	if (rc == 0)
		rc = err_set(e, ERR_STALE, "this token is not that of an open attempt");
	if (rc < 0) {
		rows_close(&r);
		return rc;
	}
	job->identity = rows_strdup(&r, 0, a);
	job->kernel_class = rows_strdup(&r, 1, a);
	job->ended = !rows_is_null(&r, 2);
	job->epochs = (int)rows_int(&r, 3);
	job->stop_epoch = (int)rows_int(&r, 4);
	job->checkpoint_seconds = rows_real(&r, 5);
	job->rows_epoch = (int)rows_int(&r, 6);
	job->evaluate = rows_int(&r, 7) != 0;
	job->keep = rows_int(&r, 8) != 0;
	rows_close(&r);
	if (job->stop_epoch < 1 || job->stop_epoch > job->epochs)
		return err_set(e, ERR_DB, "%s: the segment ends at epoch %d of %d",
			s->path, job->stop_epoch, job->epochs);
	return OK;
}

/* Numbers come back in their canonical text, so the parameters are those hashed. */
int job_load_params(
	struct params *ps, struct store *s, int64_t id, struct arena *a, struct err *e)
{
	struct rows r;
	int rc = rows_open(&r, s, STMT_LOAD_PARAMS, ARGS(INT(id)), e);

	while (!rc && (rc = rows_next(&r, e)) > 0) {
		if (rows_is_number(&r, 1))
			params_set_number(ps, a, rows_text(&r, 0), rows_real(&r, 1));
		else
			params_set(ps, a, rows_text(&r, 0), rows_text(&r, 1));
		rc = OK;
	}
	rows_close(&r);
	return rc;
}

int job_load(struct job *job, struct store *s, int64_t id, const char *token,
	struct arena *a, struct err *e)
{
	int rc;

	*job = (struct job){ .id = id, .token = token };
	rc = load_rows(job, s, a, e);
	if (!rc)
		rc = job_load_params(&job->params, s, id, a, e);
	return rc ? err_wrap(e, "job %lld", (long long)id) : OK;
}
