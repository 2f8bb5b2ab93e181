#include "common/store/store_runs.h"

static void read_run(struct rows *r, struct arena *a, struct query_run *x)
{
	*x = (struct query_run){ 0 };
	x->stage_id = rows_int64(r);
	x->job = rows_int64(r);
	x->identity = rows_copy(r, a);
	x->run = rows_copy(r, a);
	x->variant = rows_copy(r, a);
	x->label = rows_copy(r, a);
	x->method = rows_copy(r, a);
	x->task = rows_copy(r, a);
	x->stage = rows_copy(r, a);
	x->phase = rows_copy(r, a);
	x->state = rows_copy(r, a);
	x->config = rows_int(r);
	x->seed = rows_int64(r);
	x->epochs = rows_int(r);
	x->epochs_done = rows_int(r);
	x->lr = rows_real(r);
	x->wd = rows_real(r);
	x->outcome = rows_copy(r, a);
	x->epoch = rows_int(r);
	x->val_delta_m = rows_real(r);
	x->delta_m = rows_real(r);
	x->kernel_class = rows_copy(r, a);
	x->origin = rows_copy(r, a);
	x->message = rows_copy(r, a);
	x->seconds = rows_real(r);
	x->cpu_seconds = rows_real(r);
	x->peak_bytes = rows_real(r);
}

static const char *read_value(struct rows *r, struct arena *a)
{
	return rows_is_number(r) ? rows_number_text(r, a) : rows_copy(r, a);
}

static int read_hyper(
	struct store *s, struct query_run *x, struct arena *a, struct err *e)
{
	struct rows r = rows_open(s, STMT_QUERY_RUN_HYPER, ARGS(INT(x->job)), e);

	while (rows_next(&r)) {
		const char *name = rows_copy(&r, a);

		params_set(&x->hyper, a, name, read_value(&r, a));
	}
	return rows_close(&r);
}

int query_run_list(struct store *s, const struct query_sweep *w, struct arena *a,
	struct query_run **out, int *n, struct err *e)
{
	struct rows r = rows_open(s, STMT_QUERY_RUN_LIST, ARGS(INT(w->id)), e);
	int capacity = 0;
	int rc;

	*out = NULL;
	*n = 0;
	while (rows_next(&r)) {
		(void)GROW(a, *out, *n, capacity);
		read_run(&r, a, &(*out)[(*n)++]);
	}
	rc = rows_close(&r);
	for (int i = 0; i < *n && !rc; i++)
		rc = read_hyper(s, &(*out)[i], a, e);
	return rc;
}

int query_run_param(struct store *s, int64_t job, const char *name, struct arena *a,
	const char **value, struct err *e)
{
	struct rows r =
		rows_open(s, STMT_QUERY_RUN_PARAM, ARGS(INT(job), TEXT(name)), e);

	*value = rows_next(&r) ? read_value(&r, a) : NULL;
	return rows_close(&r);
}
