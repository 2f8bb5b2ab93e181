#include "common/store/store_runs.h"

#include "common/store/list.h"

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

static int read_runs(struct store *s, const struct query_sweep *w, struct arena *a,
	struct query_run **out, int *n, struct err *e)
{
	LIST(QUERY_RUN_LIST, ARGS(INT(w->id)), read_run);
}

static void read_param(struct rows *r, struct arena *a, struct query_param *x)
{
	x->job = rows_int64(r);
	x->name = rows_copy(r, a);
	x->value = read_value(r, a);
}

int query_params(struct store *s, const struct query_sweep *w, const char *name,
	struct arena *a, struct query_param **out, int *n, struct err *e)
{
	LIST(QUERY_PARAMS, ARGS(INT(w->id), TEXT(name)), read_param);
}

/* The first parameter of a job among those in the order of jobs; n: it has none. */
static int first_param(const struct query_param *p, int n, int64_t job)
{
	int low = 0;
	int high = n;

	while (low < high) {
		int middle = low + (high - low) / 2;

		if (p[middle].job < job)
			low = middle + 1;
		else
			high = middle;
	}
	return low < n && p[low].job == job ? low : n;
}

int query_run_list(struct store *s, const struct query_sweep *w, struct arena *a,
	struct query_run **out, int *n, struct err *e)
{
	struct query_param *p;
	int params;
	int rc = read_runs(s, w, a, out, n, e);

	if (!rc)
		rc = query_params(s, w, NULL, a, &p, &params, e);
	for (int i = 0; i < *n && !rc; i++) {
		struct query_run *x = &(*out)[i];

		for (int k = first_param(p, params, x->job);
			k < params && p[k].job == x->job; k++)
			params_set(&x->hyper, a, p[k].name, p[k].value);
	}
	return rc;
}

const char *query_param_of(const struct query_param *p, int n, int64_t job)
{
	int k = first_param(p, n, job);

	return k < n ? p[k].value : NULL;
}
