#include "common/store/store_query.h"

#include <math.h>
#include "common/store/list.h"

static void read_sweep(struct rows *r, struct arena *a, struct query_sweep *x)
{
	x->id = rows_int64(r);
	x->name = rows_copy(r, a);
	x->text = rows_copy(r, a);
	x->best = rows_int(r) != 0;
	x->by_task = rows_int(r) != 0;
	x->state = rows_copy(r, a);
	x->stop = rows_copy(r, a);
	x->auxiliary = rows_int(r) != 0;
	x->folder = rows_copy(r, a);
	x->skip_zero = rows_int(r) != 0;
}

static void read_entry(struct rows *r, struct arena *a, struct query_entry *x)
{
	x->variant = rows_copy(r, a);
	x->method = rows_copy(r, a);
	x->label = rows_copy(r, a);
	x->lr = rows_real(r);
	x->wd = rows_real(r);
	x->temperature = rows_real(r);
	x->weights = rows_copy(r, a);
	x->tried = rows_int(r);
	x->seeds = rows_int(r);
	x->seeds_done = rows_int(r);
	x->epoch = rows_real(r);
	x->delta_m = rows_real(r);
	x->delta_m_std = rows_real(r);
	x->val_delta_m = rows_real(r);
	x->val_delta_m_std = rows_real(r);
	x->hyper = rows_copy(r, a);
}

static void read_figure(struct rows *r, struct arena *a, struct query_figure *x)
{
	x->variant = rows_copy(r, a);
	x->label = rows_copy(r, a);
	x->criterion = rows_copy(r, a);
	x->task = rows_copy(r, a);
	x->name = rows_copy(r, a);
	x->higher = rows_int(r) != 0;
	x->value = rows_real(r);
	x->std = rows_real(r);
	x->val_value = rows_real(r);
	x->val_std = rows_real(r);
}

static void read_seed(struct rows *r, struct arena *a, struct query_seed *x)
{
	x->variant = rows_copy(r, a);
	x->label = rows_copy(r, a);
	x->stl = rows_int(r) != 0;
	x->of_run = rows_int(r) != 0;
	x->seed = rows_int64(r);
	x->criterion = rows_copy(r, a);
	x->value = rows_real(r);
	x->val_value = rows_real(r);
	x->counts = rows_int(r) != 0;
}

static void read_criterion(struct rows *r, struct arena *a, struct query_figure *x)
{
	x->variant = rows_copy(r, a);
	x->criterion = rows_copy(r, a);
	x->task = rows_copy(r, a);
	x->name = rows_copy(r, a);
	x->higher = rows_int(r) != 0;
	x->counts = rows_int(r) != 0;
	x->title = rows_copy(r, a);
	x->scale = rows_real(r);
	x->value = x->std = x->val_value = x->val_std = (double)NAN;
}

static void read_title(struct rows *r, struct arena *a, struct query_title *x)
{
	x->variant = rows_copy(r, a);
	x->label = rows_copy(r, a);
	x->title = rows_copy(r, a);
}

static struct query_span span(struct rows *r)
{
	struct query_span x;

	x.values = rows_int(r);
	x.min = rows_real(r);
	x.max = rows_real(r);
	return x;
}

static void read_range(struct rows *r, struct arena *a, struct query_range *x)
{
	x->variant = rows_copy(r, a);
	x->label = rows_copy(r, a);
	x->lr = span(r);
	x->wd = span(r);
	x->temperature = span(r);
}

static void read_temperature(
	struct rows *r, struct arena *a, struct query_temperature *x)
{
	x->variant = rows_copy(r, a);
	x->label = rows_copy(r, a);
	x->temperature = rows_real(r);
	x->min = rows_real(r);
	x->max = rows_real(r);
	x->tasks = rows_int(r);
}

static void read_cost(struct rows *r, struct arena *a, struct query_cost *x)
{
	x->variant = rows_copy(r, a);
	x->label = rows_copy(r, a);
	x->seconds_per_epoch = rows_real(r);
	x->forward = rows_real(r);
	x->head = rows_real(r);
	x->trunk = rows_real(r);
	x->cpu_seconds = rows_real(r);
	x->peak_bytes = rows_real(r);
	x->epochs = rows_real(r);
}

static void read_learned(struct rows *r, struct arena *a, struct query_learned *x)
{
	x->variant = rows_copy(r, a);
	x->label = rows_copy(r, a);
	x->temperature = rows_real(r);
}

static void read_rate(struct rows *r, struct arena *a, double *x)
{
	(void)a;
	*x = rows_real(r);
}

static void read_progress(struct rows *r, struct arena *a, struct query_progress *x)
{
	x->variant = rows_copy(r, a);
	x->label = rows_copy(r, a);
	x->task = rows_copy(r, a);
	x->stage = rows_copy(r, a);
	x->phase = rows_copy(r, a);
	x->state = rows_copy(r, a);
	x->jobs = rows_int(r);
	x->pending = rows_int(r);
	x->running = rows_int(r);
	x->waiting = rows_int(r);
	x->done = rows_int(r);
	x->stopped = rows_int(r);
	x->diverged = rows_int(r);
	x->failed = rows_int(r);
	x->epochs_done = rows_int64(r);
	x->epochs = rows_int64(r);
}

static void read_attempt(struct rows *r, struct arena *a, struct query_attempt *x)
{
	x->job = rows_int64(r);
	x->variant = rows_copy(r, a);
	x->label = rows_copy(r, a);
	x->baseline = rows_int(r) != 0;
	x->run = rows_copy(r, a);
	x->evaluates = rows_int(r) != 0;
	x->epoch = rows_int(r);
	x->epochs = rows_int(r);
	x->start_epoch = rows_int(r);
	x->started = rows_real(r);
	x->identity = rows_copy(r, a);
	x->token = rows_copy(r, a);
	x->pid = rows_int(r);
	x->task = rows_copy(r, a);
	x->stage = rows_copy(r, a);
	x->pilot = rows_int(r);
}

static void read_robustness(struct rows *r, struct arena *a, struct query_robustness *x)
{
	x->variant = rows_copy(r, a);
	x->method = rows_copy(r, a);
	x->label = rows_copy(r, a);
	x->criterion = rows_copy(r, a);
	x->seeds = rows_int(r);
	x->corruptions = rows_int(r);
	x->delta = rows_real(r);
	x->delta_std = rows_real(r);
}

static void read_none(struct rows *r, struct arena *a, struct query_none *x)
{
	x->variant = rows_copy(r, a);
	x->label = rows_copy(r, a);
	x->phase = rows_copy(r, a);
}

static void read_lost(struct rows *r, struct arena *a, struct query_lost *x)
{
	x->run = rows_copy(r, a);
	x->criterion = rows_copy(r, a);
	x->epoch = rows_int(r);
}

static void read_failure(struct rows *r, struct arena *a, struct query_failure *x)
{
	x->variant = rows_copy(r, a);
	x->label = rows_copy(r, a);
	x->task = rows_copy(r, a);
	x->stage = rows_copy(r, a);
	x->state = rows_copy(r, a);
	x->job = rows_copy(r, a);
	x->run = rows_copy(r, a);
	x->seed = rows_int64(r);
	x->lr = rows_real(r);
	x->wd = rows_real(r);
	x->temperature = rows_real(r);
	x->weights = rows_copy(r, a);
	x->epoch = rows_int(r);
	x->attempts = rows_int(r);
	x->message = rows_copy(r, a);
	x->pilot = rows_real(r);
}

static void read_pilot(struct rows *r, struct arena *a, struct query_pilot *x)
{
	x->pilot = rows_int(r);
	x->name = rows_copy(r, a);
	x->state = rows_copy(r, a);
	x->host = rows_copy(r, a);
	x->slots = rows_real(r);
	x->running = rows_int(r);
	x->ahead = rows_int(r);
	x->segments = rows_int(r);
	x->lost = rows_int(r);
	x->launcher_job = rows_copy(r, a);
	x->launcher = rows_copy(r, a);
	x->since = rows_real(r);
}

int query_winners(struct store *s, const struct query_sweep *w,
	struct query_winners *out, struct err *e)
{
	struct rows r = rows_open(s, STMT_QUERY_WINNERS, ARGS(INT(w->id)), e);

	*out = (struct query_winners){ 0 };
	if (rows_next(&r)) {
		out->all = rows_int(&r);
		out->done = rows_int(&r);
		out->failed = rows_int(&r);
	}
	return rows_close(&r);
}

int query_in_vain(struct store *s, const struct query_sweep *w, struct arena *a,
	struct query_in_vain *out, struct err *e)
{
	struct rows r = rows_open(s, STMT_QUERY_IN_VAIN, ARGS(INT(w->id)), e);

	*out = (struct query_in_vain){ 0 };
	if (rows_next(&r)) {
		out->attempts = rows_int(&r);
		out->run = rows_copy(&r, a);
		out->message = rows_copy(&r, a);
		(void)rows_int64(&r);
	}
	return rows_close(&r);
}

int query_setting(struct store *s, const struct query_sweep *w, const char *variant,
	const char *name, struct arena *a, struct query_setting *out, struct err *e)
{
	struct rows r = rows_open(
		s, STMT_QUERY_SETTING, ARGS(INT(w->id), TEXT(variant), TEXT(name)), e);

	*out = (struct query_setting){ 0 };
	if (rows_next(&r)) {
		out->dataset = rows_copy(&r, a);
		out->model = rows_copy(&r, a);
		out->value = rows_copy(&r, a);
		out->others = rows_copy(&r, a);
	}
	return rows_close(&r);
}

/* NOLINTBEGIN(bugprone-macro-parentheses): types and initialisers take none */
/* Those that ask by the sweep's name or number. */
#define QUERY(function, type, statement, read_row, ...) \
	int function(struct store *s, const struct query_sweep *w, struct arena *a, \
		struct type **out, int *n, struct err *e) \
	{ \
		LIST(statement, ARGS(__VA_ARGS__), read_row); \
	}

/* Without a semicolon between them clang-format would make one sentence of all rows. */
/* clang-format off */
int query_sweeps(struct store *s, struct arena *a, struct query_sweep **out, int *n,
	struct err *e)
{
	LIST(QUERY_SWEEPS, NO_ARGS, read_sweep);
}

int query_rates(struct store *s, const struct query_sweep *w, struct arena *a,
	double **out, int *n, struct err *e)
{
	LIST(QUERY_RATES, ARGS(INT(w->id)), read_rate);
}

int query_lost(struct store *s, const struct query_sweep *w, bool test, struct arena *a,
	struct query_lost **out, int *n, struct err *e)
{
	LIST(QUERY_LOST, ARGS(INT(w->id), TEXT(test ? "test" : "val")), read_lost);
}

QUERY(query_benchmark, query_entry, QUERY_BENCHMARK, read_entry, TEXT(w->name), INT(0))
QUERY(query_runs, query_entry, QUERY_BENCHMARK, read_entry, TEXT(w->name), INT(1))
QUERY(query_auxiliary, query_entry, QUERY_AUXILIARY, read_entry, TEXT(w->name))
QUERY(query_auxiliary_figures, query_figure, QUERY_AUXILIARY_CRITERION, read_figure,
	TEXT(w->name))
QUERY(query_figures, query_figure, QUERY_CRITERION, read_figure, TEXT(w->name))
QUERY(query_seeds, query_seed, QUERY_SEEDS, read_seed, TEXT(w->name))
QUERY(query_criteria, query_figure, QUERY_CRITERIA, read_criterion, INT(w->id))
QUERY(query_titles, query_title, QUERY_TITLES, read_title, INT(w->id))
QUERY(query_ranges, query_range, QUERY_RANGE, read_range, INT(w->id))
QUERY(query_temperatures, query_temperature, QUERY_TEMPERATURE, read_temperature,
	INT(w->id))
QUERY(query_costs, query_cost, QUERY_COST, read_cost, TEXT(w->name))
QUERY(query_learned, query_learned, QUERY_LEARNED, read_learned, INT(w->id))
QUERY(query_progress, query_progress, QUERY_PROGRESS, read_progress, TEXT(w->name))
QUERY(query_attempts, query_attempt, QUERY_ATTEMPTS, read_attempt, INT(w->id))
QUERY(query_robustness, query_robustness, QUERY_ROBUSTNESS, read_robustness,
	TEXT(w->name))
QUERY(query_pilots, query_pilot, QUERY_PILOTS, read_pilot, TEXT(w->name))
QUERY(query_failures, query_failure, QUERY_FAILURES, read_failure, TEXT(w->name))
QUERY(query_nones, query_none, QUERY_NONES, read_none, INT(w->id))
/* clang-format on */
/* NOLINTEND(bugprone-macro-parentheses) */
