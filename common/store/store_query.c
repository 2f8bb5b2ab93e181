#include "common/store/store_query.h"

#include <math.h>
#include <string.h>

/* A cursor, and the column that is read next. */
struct reader {
	struct rows rows;
	struct arena *arena;
	int at;
};

static const char *text(struct reader *r)
{
	int i = r->at++;

	return rows_is_null(&r->rows, i) ? NULL : rows_strdup(&r->rows, i, r->arena);
}

static double real(struct reader *r)
{
	int i = r->at++;

	return rows_is_null(&r->rows, i) ? (double)NAN : rows_real(&r->rows, i);
}

static int64_t integer(struct reader *r)
{
	return rows_int(&r->rows, r->at++);
}

static int count(struct reader *r)
{
	return (int)integer(r);
}

static bool flag(struct reader *r)
{
	return integer(r) != 0;
}

static void read_sweep(struct reader *r, void *row)
{
	struct query_sweep *x = row;

	x->id = integer(r);
	x->name = text(r);
	x->text = text(r);
	x->best = flag(r);
	x->by_task = flag(r);
	x->state = text(r);
	x->auxiliary = flag(r);
}

static void read_entry(struct reader *r, void *row)
{
	struct query_entry *x = row;

	x->variant = text(r);
	x->method = text(r);
	x->label = text(r);
	x->lr = real(r);
	x->wd = real(r);
	x->temperature = real(r);
	x->weights = text(r);
	x->tried = count(r);
	x->seeds = count(r);
	x->seeds_done = count(r);
	x->epoch = real(r);
	x->delta_m = real(r);
	x->delta_m_std = real(r);
	x->val_delta_m = real(r);
	x->val_delta_m_std = real(r);
}

static void read_figure(struct reader *r, void *row)
{
	struct query_figure *x = row;

	x->variant = text(r);
	x->label = text(r);
	x->criterion = text(r);
	x->task = text(r);
	x->name = text(r);
	x->higher = flag(r);
	x->value = real(r);
	x->std = real(r);
	x->val_value = real(r);
	x->val_std = real(r);
}

static void read_criterion(struct reader *r, void *row)
{
	struct query_figure *x = row;

	x->variant = text(r);
	x->criterion = text(r);
	x->task = text(r);
	x->name = text(r);
	x->higher = flag(r);
	x->value = x->std = x->val_value = x->val_std = (double)NAN;
}

static struct query_span span(struct reader *r)
{
	struct query_span x;

	x.values = count(r);
	x.min = real(r);
	x.max = real(r);
	return x;
}

static void read_range(struct reader *r, void *row)
{
	struct query_range *x = row;

	x->variant = text(r);
	x->label = text(r);
	x->lr = span(r);
	x->wd = span(r);
	x->temperature = span(r);
}

static void read_temperature(struct reader *r, void *row)
{
	struct query_temperature *x = row;

	x->variant = text(r);
	x->label = text(r);
	x->temperature = real(r);
	x->min = real(r);
	x->max = real(r);
	x->tasks = count(r);
}

static void read_cost(struct reader *r, void *row)
{
	struct query_cost *x = row;

	x->variant = text(r);
	x->label = text(r);
	x->seconds_per_epoch = real(r);
	x->forward = real(r);
	x->head = real(r);
	x->trunk = real(r);
}

static void read_progress(struct reader *r, void *row)
{
	struct query_progress *x = row;

	x->variant = text(r);
	x->label = text(r);
	x->task = text(r);
	x->stage = text(r);
	x->phase = text(r);
	x->state = text(r);
	x->jobs = count(r);
	x->pending = count(r);
	x->running = count(r);
	x->waiting = count(r);
	x->done = count(r);
	x->stopped = count(r);
	x->diverged = count(r);
	x->failed = count(r);
	x->epochs_done = integer(r);
	x->epochs = integer(r);
}

static void read_robustness(struct reader *r, void *row)
{
	struct query_robustness *x = row;

	x->variant = text(r);
	x->method = text(r);
	x->label = text(r);
	x->criterion = text(r);
	x->seeds = count(r);
	x->corruptions = count(r);
	x->delta = real(r);
	x->delta_std = real(r);
}

static void read_failure(struct reader *r, void *row)
{
	struct query_failure *x = row;

	x->variant = text(r);
	x->label = text(r);
	x->task = text(r);
	x->stage = text(r);
	x->state = text(r);
	x->job = text(r);
	x->seed = integer(r);
	x->lr = real(r);
	x->wd = real(r);
	x->temperature = real(r);
	x->weights = text(r);
	x->epoch = count(r);
	x->attempts = count(r);
	x->message = text(r);
}

/* All rows of a statement: `size` bytes each, filled by read. */
struct list {
	char *rows;
	int n, capacity;
	size_t size;
	void (*read)(struct reader *r, void *row);
};

static int read_all(struct store *s, enum stmt id, const struct arg *args,
	struct arena *a, struct list *l, struct err *e)
{
	struct reader r = { .arena = a };
	int rc = rows_open(&r.rows, s, id, args, e);

	while (!rc && (rc = rows_next(&r.rows, e)) > 0) {
		if (l->n == l->capacity)
			l->rows = arena_grow(a, l->rows, &l->capacity, l->size);
		r.at = 0;
		l->read(&r, l->rows + (size_t)l->n++ * l->size);
		rc = OK;
	}
	rows_close(&r.rows);
	return rc;
}

int query_sweeps(struct store *s, struct arena *a, struct query_sweep **out, int *n,
	struct err *e)
{
	struct list l = { .size = sizeof(**out), .read = read_sweep };
	int rc = read_all(s, STMT_QUERY_SWEEPS, NO_ARGS, a, &l, e);

	*out = (void *)l.rows;
	*n = l.n;
	return rc;
}

/* NOLINTBEGIN(bugprone-macro-parentheses): types and initialisers take none */
/* The functions that ask by the sweep's name or number differ in nothing else. */
#define QUERY(function, type, statement, read_row, ...) \
	int function(struct store *s, const struct query_sweep *w, struct arena *a, \
		struct type **out, int *n, struct err *e) \
	{ \
		struct list l = { .size = sizeof(**out), .read = read_row }; \
		int rc = read_all(s, STMT_##statement, ARGS(__VA_ARGS__), a, &l, e); \
		*out = (void *)l.rows; \
		*n = l.n; \
		return rc; \
	}

QUERY(query_benchmark, query_entry, QUERY_BENCHMARK, read_entry, TEXT(w->name), INT(0))
QUERY(query_runs, query_entry, QUERY_BENCHMARK, read_entry, TEXT(w->name), INT(1))
QUERY(query_auxiliary, query_entry, QUERY_AUXILIARY, read_entry, TEXT(w->name))
QUERY(query_auxiliary_figures, query_figure, QUERY_AUXILIARY_CRITERION, read_figure,
	TEXT(w->name))
QUERY(query_figures, query_figure, QUERY_CRITERION, read_figure, TEXT(w->name))
QUERY(query_criteria, query_figure, QUERY_CRITERIA, read_criterion, INT(w->id))
QUERY(query_ranges, query_range, QUERY_RANGE, read_range, INT(w->id))
QUERY(query_temperatures, query_temperature, QUERY_TEMPERATURE, read_temperature,
	INT(w->id))
QUERY(query_costs, query_cost, QUERY_COST, read_cost, TEXT(w->name))
QUERY(query_progress, query_progress, QUERY_PROGRESS, read_progress, TEXT(w->name))
QUERY(query_robustness, query_robustness, QUERY_ROBUSTNESS, read_robustness,
	TEXT(w->name))
QUERY(query_failures, query_failure, QUERY_FAILURES, read_failure, TEXT(w->name))

/* NOLINTEND(bugprone-macro-parentheses) */

int query_winners(struct store *s, const struct query_sweep *w,
	struct query_winners *out, struct err *e)
{
	struct rows r;
	int rc = rows_open(&r, s, STMT_QUERY_WINNERS, ARGS(INT(w->id)), e);

	*out = (struct query_winners){ 0 };
	if (!rc)
		rc = rows_next(&r, e);
	if (rc > 0) {
		out->all = (int)rows_int(&r, 0);
		out->done = (int)rows_int(&r, 1);
		out->failed = (int)rows_int(&r, 2);
		rc = OK;
	}
	rows_close(&r);
	return rc;
}

int query_speed(struct store *s, const struct query_sweep *w, struct query_speed *out,
	struct err *e)
{
	struct rows r;
	int rc = rows_open(&r, s, STMT_QUERY_SPEED, ARGS(INT(w->id)), e);

	*out = (struct query_speed){ 0 };
	if (!rc)
		rc = rows_next(&r, e);
	if (rc > 0) {
		out->workers = (int)rows_int(&r, 0);
		out->epochs = rows_int(&r, 1);
		out->seconds = rows_real(&r, 2);
		rc = OK;
	}
	rows_close(&r);
	return rc;
}
