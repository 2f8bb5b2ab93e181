#include "worker/load.h"

#include "catalogue/setting.h"
#include "common/store/store_job.h"

static int load_rows(struct job *job, struct store *s, struct arena *a, struct err *e)
{
	struct rows r =
		rows_open(s, STMT_LOAD_JOB, ARGS(TEXT(job->token), INT(job->id)), e);

	if (rows_next(&r)) {
		job->identity = rows_copy(&r, a);
		job->kernel_class = arena_strdup(a, rows_text(&r));
		job->ended = *rows_text(&r) != '\0';
		job->epochs = rows_int(&r);
		job->stop_epoch = rows_int(&r);
		job->checkpoint_seconds = rows_real(&r);
		job->rows_epoch = rows_int(&r);
		job->evaluate = rows_int(&r) != 0;
		job->keep = rows_int(&r) != 0;
		if (job->stop_epoch < 1 || job->stop_epoch > job->epochs)
			r.rc = err_set(e, ERR_DB,
				"%s: the segment ends at epoch %d of %d", s->path,
				job->stop_epoch, job->epochs);
	} else if (!r.rc) {
		r.rc = err_set(
			e, ERR_STALE, "this token is not that of an open attempt");
	}
	return rows_close(&r);
}

int job_load(struct job *job, struct store *s, int64_t id, const char *token,
	struct arena *a, struct err *e)
{
	const char *run, *row;
	int rc;

	*job = (struct job){ .id = id, .token = token };
	rc = load_rows(job, s, a, e);
	if (!rc)
		rc = store_job_params(s, id, &job->params, a, e);
	if (!rc && setting_run(&job->params, &run, &row))
		rc = store_run_end(s, run, params_get(&job->params, "method"), row,
			&job->params, a, e);
	return rc;
}
