#include "orchestrator/report/sample.h"

#include <math.h>
#include <string.h>

/* The rows of one sample, which lie behind one another. */
struct sample_rows {
	const struct query_seed *row;
	int n;
};

static struct sample_rows rows_from(const struct query_seed *row, int n)
{
	struct sample_rows r = { row, 1 };

	while (r.n < n && !strcmp(row[r.n].variant, row->variant) &&
		!strcmp(row[r.n].label, row->label) && row[r.n].of_run == row->of_run)
		r.n++;
	return r;
}

int sample_column(
	const struct sample_set *set, const char *variant, const char *criterion)
{
	for (int i = 0; i < set->criteria; i++)
		if (!strcmp(set->criterion[i].variant, variant) &&
			!strcmp(set->criterion[i].criterion, criterion))
			return i;
	return -1;
}

const struct sample *sample_find(
	const struct sample_set *set, const char *variant, const char *label)
{
	for (int i = 0; i < set->n; i++)
		if (!strcmp(set->item[i].variant, variant) &&
			!strcmp(set->item[i].label, label))
			return &set->item[i];
	return NULL;
}

int sample_check_label(const struct sample_set *set, const char *option,
	const char *label, struct err *e)
{
	const char **known = NEW_ARRAY(set->arena, const char *, set->n + 1);
	char hint[HINT_MAX];
	int n = 0;

	for (int i = 0; i < set->n; i++)
		if (!set->item[i].stl && !set->item[i].of_run) {
			known[n++] = set->item[i].label;
			if (!strcmp(known[n - 1], label))
				return OK;
		}
	return err_set(e, ERR_USAGE, "%s: no method \"%s\" with runs that ended well%s",
		option, label, str_hint(str_nearest(label, known, n), hint));
}

/* Seeds and figures of the rows, a row of `value` for each seed. */
static void add_sample(struct sample_set *set, struct sample_rows r, bool test)
{
	int64_t *seed = NEW_ARRAY(set->arena, int64_t, r.n);
	struct sample *x;

	(void)GROW(set->arena, set->item, set->n, set->capacity);
	x = &set->item[set->n++];
	*x = (struct sample){ .variant = r.row->variant,
		.label = r.row->label,
		.stl = r.row->stl,
		.of_run = r.row->of_run,
		.seed = seed,
		.value = NEW_ARRAY(set->arena, double, r.n * set->criteria) };
	for (int i = 0; i < r.n * set->criteria; i++)
		x->value[i] = (double)NAN;
	for (int i = 0; i < r.n; i++) {
		int column = sample_column(set, x->variant, r.row[i].criterion);

		if (!x->n || seed[x->n - 1] != r.row[i].seed)
			seed[x->n++] = r.row[i].seed;
		if (column >= 0)
			x->value[(x->n - 1) * set->criteria + column] =
				test ? r.row[i].value : r.row[i].val_value;
	}
}

/* The criteria that make the sample's Δm, as columns of `value`; returns how many. */
static int counted(const struct sample_set *set, struct sample_rows r, int *column)
{
	int n = 0;

	for (int i = 0; i < set->criteria; i++)
		for (int k = 0; k < r.n; k++)
			if (r.row[k].counts &&
				!strcmp(set->criterion[i].variant, r.row->variant) &&
				!strcmp(set->criterion[i].criterion,
					r.row[k].criterion)) {
				column[n++] = i;
				break;
			}
	return n;
}

/* Tasks as numbers: criteria of one share that of its first. */
static int task_of(const struct sample_set *set, const int *column, int i)
{
	int k = 0;

	while (strcmp(set->criterion[column[k]].task, set->criterion[column[i]].task) !=
		0)
		k++;
	return k;
}

/* Rows of the columns (n, criteria) without those that lack one; seeds as well. */
static int complete_rows(const struct sample_set *set, const struct sample *x,
	const int *column, int criteria, double *out, int *index)
{
	int n = 0;

	for (int i = 0; i < x->n; i++) {
		bool whole = true;

		for (int c = 0; c < criteria; c++) {
			out[n * criteria + c] = x->value[i * set->criteria + column[c]];
			whole &= isfinite(out[n * criteria + c]);
		}
		index[n] = i;
		n += whole;
	}
	return n;
}

/* Keeps the rows of the given indices, in their order. */
static void keep_rows(
	const struct sample_set *set, struct sample *x, const int *index, int n)
{
	int64_t *seed = NEW_ARRAY(set->arena, int64_t, n + 1);

	for (int i = 0; i < n; i++) {
		seed[i] = x->seed[index[i]];
		memmove(x->value + i * set->criteria,
			x->value + index[i] * set->criteria,
			(size_t)set->criteria * sizeof(double));
	}
	x->seed = seed;
	x->n = n;
}

/* What Δm compares with: the mean over the baseline's seeds, or what was given. */
static bool baseline_of(const struct query_figure *figure, int figures,
	const struct query_figure *criterion, bool test, double *out)
{
	for (int i = 0; i < figures; i++) {
		const struct query_figure *f = &figure[i];

		if (!strcmp(f->label, "stl") &&
			!strcmp(f->variant, criterion->variant) &&
			!strcmp(f->criterion, criterion->criterion)) {
			*out = test ? f->value : f->val_value;
			return true;
		}
	}
	return false;
}

struct sample_base {
	const struct query_figure *figure;
	int figures;
	bool test, by_task;
};

/* Δm of every seed, and what it is made of. Without a baseline there is none. */
static void take_delta_m(const struct sample_set *set, struct sample *x, int *column,
	int criteria, const struct sample_base *b)
{
	const struct sample *stl = sample_find(set, x->variant, "stl");
	struct arena *a = set->arena;
	struct stats_criterion *criterion =
		NEW_ARRAY(a, struct stats_criterion, criteria + 1);
	double *against = NEW_ARRAY(a, double, criteria + 1);
	double *value = NEW_ARRAY(a, double, (x->n + 1) * criteria + 1);
	int *index = NEW_ARRAY(a, int, x->n + 1);
	int n = 0;
	struct err e;

	for (int c = 0; c < criteria; c++) {
		const struct query_figure *f = &set->criterion[column[c]];

		criterion[c] = (struct stats_criterion){ f->criterion, f->higher,
			task_of(set, column, c) };
		if (!baseline_of(b->figure, b->figures, f, b->test, &against[c]))
			against[c] = (double)NAN;
	}
	keep_rows(set, x, index, complete_rows(set, x, column, criteria, value, index));
	x->delta_m = NEW_ARRAY(a, double, x->n + 1);
	x->of = (struct stats_seeds){ .n = x->n,
		.criteria = criteria,
		.criterion = criterion,
		.value = value,
		.against = against,
		.by = b->by_task ? STATS_TASKS : STATS_CRITERIA };
	for (int i = 0; i < x->n; i++)
		n += stats_delta_m(criteria, criterion, value + i * criteria, against,
			     x->of.by, &x->delta_m[i], &e) == OK;
	if (n < x->n) /* the baseline has no Δm, so nobody has */
		x->n = x->of.n = 0;
	if (stl) {
		double *base = NEW_ARRAY(a, double, (stl->n + 1) * criteria + 1);

		index = NEW_ARRAY(a, int, stl->n + 1);
		x->of.m = complete_rows(set, stl, column, criteria, base, index);
		x->of.base = base;
	}
}

int sample_read(struct sample_set *set, struct store *s, const struct query_sweep *w,
	bool test, struct err *e)
{
	struct sample_base base = { .test = test, .by_task = w->by_task };
	struct query_figure *criterion;
	struct query_figure *figure;
	struct query_seed *row;
	int n = 0;
	int rc = query_criteria(s, w, set->arena, &criterion, &set->criteria, e);

	if (!rc)
		rc = query_figures(s, w, set->arena, &figure, &base.figures, e);
	if (!rc)
		rc = query_seeds(s, w, set->arena, &row, &n, e);
	if (rc)
		return rc;
	set->criterion = criterion;
	base.figure = figure;
	for (int i = 0; i < n; i += rows_from(row + i, n - i).n)
		add_sample(set, rows_from(row + i, n - i), test);
	for (int i = 0, k = 0; i < n; i += rows_from(row + i, n - i).n, k++) {
		struct sample_rows r = rows_from(row + i, n - i);
		int *column = NEW_ARRAY(set->arena, int, set->criteria + 1);
		int criteria = counted(set, r, column);

		if (!set->item[k].stl)
			take_delta_m(set, &set->item[k], column, criteria, &base);
	}
	return OK;
}

/* The rows of x with one figure more: the mean over the columns listed; NULL: none. */
static void widen(
	const struct sample_set *set, struct sample *x, const int *column, int n)
{
	int width = set->criteria + 1;
	double *value = NEW_ARRAY(set->arena, double, x->n *width + 1);

	for (int i = 0; i < x->n; i++) {
		double *row = value + i * width;
		double sum = column ? 0 : (double)NAN;

		memcpy(row, x->value + i * set->criteria,
			(size_t)set->criteria * sizeof(*row));
		for (int k = 0; column && k < n; k++)
			sum += row[column[k]];
		row[width - 1] = sum / n;
	}
	x->value = value;
}

void sample_add_mean(struct sample_set *set, const char *variant, const char *name,
	const int *column, int n)
{
	struct query_figure *criterion =
		NEW_ARRAY(set->arena, struct query_figure, set->criteria + 1);

	for (int i = 0; i < set->n; i++) {
		struct sample *x = &set->item[i];

		widen(set, x, strcmp(x->variant, variant) != 0 ? NULL : column, n);
	}
	memcpy(criterion, set->criterion, (size_t)set->criteria * sizeof(*criterion));
	criterion[set->criteria] =
		(struct query_figure){ .variant = variant, .criterion = name };
	set->criterion = criterion;
	set->criteria++;
}

int sample_differences(const struct sample_set *set, const struct sample *x,
	const struct sample *y, int column, double *d)
{
	int n = 0;

	for (int i = 0; i < x->n; i++)
		for (int k = 0; k < y->n; k++) {
			double u = column < 0 ? x->delta_m[i]
					      : x->value[i * set->criteria + column];
			double v = column < 0 ? y->delta_m[k]
					      : y->value[k * set->criteria + column];

			if (x->seed[i] == y->seed[k] && isfinite(u) && isfinite(v))
				d[n++] = u - v;
		}
	return n;
}
