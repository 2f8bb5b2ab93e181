#include "orchestrator/report/benchmark_data.h"

#include <math.h>
#include <string.h>
#include "orchestrator/json/json.h"
#include "orchestrator/stats/stats.h"

bool benchmark_is_stl(const struct query_entry *x)
{
	return !strcmp(x->label, "stl");
}

const char *benchmark_title(const struct query_entry *x)
{
	const struct method_info *m = catalogue_method(x->method);

	if (x->title)
		return x->title;
	return m && !strcmp(x->label, x->method) ? m->title : x->label;
}

const struct json *benchmark_sweep_file(const struct benchmark *b)
{
	struct diag d = { .arena = b->arena,
		.path = "",
		.text = b->sweep->text,
		.n = strlen(b->sweep->text) };

	return json_parse(b->arena, &d);
}

bool benchmark_lacks_baseline(const struct benchmark *b, const char *variant)
{
	for (int i = 0; i < b->figures; i++)
		if (!strcmp(b->figure[i].label, "stl") &&
			!strcmp(b->figure[i].variant, variant))
			return false;
	return true;
}

bool benchmark_is_complete(const struct query_entry *x)
{
	return !benchmark_is_stl(x) && x->seeds > 0 && x->seeds_done == x->seeds;
}

const struct query_figure *benchmark_figure(const struct benchmark *b,
	const struct query_entry *x, const struct query_figure *criterion)
{
	for (int i = 0; i < b->figures; i++) {
		const struct query_figure *f = &b->figure[i];

		if (!strcmp(f->variant, x->variant) && !strcmp(f->label, x->label) &&
			!strcmp(f->criterion, criterion->criterion))
			return f;
	}
	return NULL;
}

double benchmark_value(const struct benchmark *b, const struct query_figure *f)
{
	return !f ? (double)NAN : b->test ? f->value : f->val_value;
}

const struct query_range *benchmark_range(
	const struct benchmark *b, const struct query_entry *x)
{
	for (int i = 0; i < b->ranges; i++)
		if (!strcmp(b->range[i].variant, x->variant) &&
			!strcmp(b->range[i].label, x->label))
			return &b->range[i];
	return NULL;
}

/* The auxiliary block, its figures behind the others'. */
static int read_auxiliary(struct benchmark *b, struct store *s, struct err *e)
{
	struct query_figure *more;
	struct query_figure *all;
	int n;
	int rc = query_auxiliary(
		s, b->sweep, b->arena, &b->auxiliary, &b->auxiliaries, e);

	if (!rc)
		rc = query_auxiliary_figures(s, b->sweep, b->arena, &more, &n, e);
	if (rc || !n)
		return rc;
	all = NEW_ARRAY(b->arena, struct query_figure, b->figures + n);
	memcpy(all, b->figure, (size_t)b->figures * sizeof(*all));
	memcpy(all + b->figures, more, (size_t)n * sizeof(*all));
	b->figure = all;
	b->figures += n;
	return OK;
}

bool benchmark_has_hyper(const struct benchmark *b)
{
	bool has = false;

	for (int i = 0; i < b->entries; i++)
		has |= b->entry[i].hyper != NULL;
	for (int i = 0; i < b->auxiliaries; i++)
		has |= b->auxiliary[i].hyper != NULL;
	return has;
}

const struct query_cost *benchmark_cost(
	const struct benchmark *b, const struct query_entry *x)
{
	for (int i = 0; i < b->costs; i++)
		if (!strcmp(b->cost[i].variant, x->variant) &&
			!strcmp(b->cost[i].label, x->label))
			return &b->cost[i];
	return NULL;
}

/* Whether a stage of that label stands in the row: "ial [seg]" in that of "ial". */
static bool is_of_row(const char *label, const char *row)
{
	size_t n = strlen(row);

	return !strncmp(label, row, n) && (!label[n] || !strncmp(label + n, " [", 2));
}

const char *benchmark_entry_title(const struct query_title *title, int n,
	const char *variant, const char *method, const char *label)
{
	const struct method_info *m = catalogue_method(method);

	for (int i = 0; i < n; i++)
		if (!strcmp(title[i].variant, variant) &&
			is_of_row(title[i].label, label))
			return title[i].title;
	return m && !strcmp(label, method) ? m->title : label;
}

/* Titles that the sweep file gives. */
static void name_entries(const struct benchmark *b, struct query_entry *entry, int n)
{
	for (int i = 0; i < n; i++)
		entry[i].title = benchmark_entry_title(b->title, b->titles,
			entry[i].variant, entry[i].method, entry[i].label);
}

int benchmark_read(struct benchmark *b, struct store *s, struct err *e)
{
	const struct query_sweep *w = b->sweep;
	struct arena *a = b->arena;
	int rc = b->front ? query_runs(s, w, a, &b->entry, &b->entries, e)
			  : query_benchmark(s, w, a, &b->entry, &b->entries, e);

	if (!rc)
		rc = query_figures(s, w, a, &b->figure, &b->figures, e);
	if (!rc && w->auxiliary && !b->front)
		rc = read_auxiliary(b, s, e);
	if (!rc)
		rc = query_criteria(s, w, a, &b->criterion, &b->criteria, e);
	if (!rc)
		rc = query_titles(s, w, a, &b->title, &b->titles, e);
	if (!rc) {
		name_entries(b, b->entry, b->entries);
		name_entries(b, b->auxiliary, b->auxiliaries);
	}
	if (!rc)
		rc = query_ranges(s, w, a, &b->range, &b->ranges, e);
	if (!rc)
		rc = query_temperatures(s, w, a, &b->temperature, &b->temperatures, e);
	if (!rc && b->with_cost)
		rc = query_costs(s, w, a, &b->cost, &b->costs, e);
	if (!rc)
		rc = query_progress(s, w, a, &b->stage, &b->stages, e);
	if (!rc)
		rc = query_failures(s, w, a, &b->failure, &b->failures, e);
	if (!rc)
		rc = query_nones(s, w, a, &b->none, &b->nones, e);
	if (!rc)
		rc = query_lost(s, w, b->test, a, &b->lost, &b->losts, e);
	if (!rc)
		rc = store_int(
			s, STMT_QUERY_SHORTEST, ARGS(INT(w->id)), 0, &b->shortest, e);
	if (!rc)
		rc = store_int(
			s, STMT_QUERY_LONGEST, ARGS(INT(w->id)), 0, &b->longest, e);
	for (int i = 0; !rc && i < b->entries; i++) {
		const struct query_entry *x = &b->entry[i];

		if (!benchmark_is_stl(x))
			continue;
		b->baseline_given = b->baseline_given || !x->seeds_done;
		if (x->seeds_done <= b->baseline_seeds)
			continue;
		b->baseline_seeds = x->seeds_done;
		b->baseline_lost = x->seeds - x->seeds_done;
	}
	return rc;
}

const char *benchmark_criterion_title(const struct query_figure *criterion)
{
	const struct metric_info *m = catalogue_metric(criterion->name);

	return criterion->title ? criterion->title : m ? m->title : criterion->name;
}

double benchmark_criterion_scale(const struct query_figure *criterion)
{
	const struct metric_info *m = catalogue_metric(criterion->name);

	return criterion->title ? criterion->scale : m ? m->scale : 1;
}

const char *benchmark_number(struct arena *a, double v)
{
	return arena_printf(a, "%.4g", v);
}

int benchmark_decimals(
	const struct benchmark *b, double scale, const double *value, int n)
{
	double smallest = INFINITY;
	int decimals;

	if (b->digits >= 0)
		return b->digits;
	if (scale == 100) /* NOLINT: a table constant */
		return 1;
	for (int i = 0; i < n; i++) {
		double v = fabs(value[i]);

		smallest = v > 0 && v < smallest ? v : smallest;
	}
	if (!isfinite(smallest))
		return 1;
	decimals = 2 - (int)floor(log10(smallest));
	return decimals < 0 ? 0 : decimals > 8 ? 8 : decimals;
}

static int unknown_criterion(const struct benchmark *b, const char *name,
	const char *const *known, struct err *e)
{
	char hint[HINT_MAX];

	return err_set(e, ERR_USAGE, "no criterion \"%s\"%s", name,
		str_hint(str_nearest(name, known, b->criteria), hint));
}

int benchmark_keep_criteria(struct benchmark *b, const char *names, struct err *e)
{
	struct query_figure *kept =
		NEW_ARRAY(b->arena, struct query_figure, b->criteria);
	const char **known = NEW_ARRAY(b->arena, const char *, b->criteria);
	int n = 0;

	if (!names)
		return OK;
	for (int i = 0; i < b->criteria; i++)
		known[i] = b->criterion[i].criterion;
	for (const char *at = names; *at; at += *at == ',') {
		size_t length = strcspn(at, ",");
		const char *name = arena_strndup(b->arena, at, length);
		int before = n;

		for (int i = 0; i < b->criteria && n < b->criteria; i++)
			if (!strcmp(known[i], name))
				kept[n++] = b->criterion[i];
		if (n == before)
			return unknown_criterion(b, name, known, e);
		at += length;
	}
	b->criterion = kept;
	b->criteria = n;
	return OK;
}

/* Rows of figures for the entries of one variant; NAN for what takes no part. */
static void points_of(const struct benchmark *b, const char *variant, double *points,
	bool *higher, int *d)
{
	for (int k = 0; k < b->entries; k++) {
		const struct query_entry *x = &b->entry[k];
		bool takes_part = !strcmp(x->variant, variant) && !benchmark_is_stl(x);

		*d = 0;
		for (int i = 0; i < b->criteria; i++) {
			const struct query_figure *c = &b->criterion[i];

			if (strcmp(c->variant, variant) != 0)
				continue;
			higher[*d] = c->higher;
			points[k * b->criteria + *d] = takes_part
				? benchmark_value(b, benchmark_figure(b, x, c))
				: (double)NAN;
			(*d)++;
		}
	}
	for (int k = 1; k < b->entries; k++) /* rows of d, without gaps */
		memmove(points + k * *d, points + k * b->criteria,
			(size_t)*d * sizeof(*points));
}

void benchmark_keep_front(struct benchmark *b)
{
	struct query_entry *kept = NEW_ARRAY(b->arena, struct query_entry, b->entries);
	double *points = NEW_ARRAY(b->arena, double, b->entries * b->criteria);
	bool *higher = NEW_ARRAY(b->arena, bool, b->criteria);
	bool *on_front = NEW_ARRAY(b->arena, bool, b->entries);
	const char *variant = NULL;
	int d = 0;
	int n = 0;

	for (int k = 0; k < b->entries; k++) {
		const struct query_entry *x = &b->entry[k];

		if (!variant || strcmp(variant, x->variant) != 0) {
			variant = x->variant;
			points_of(b, variant, points, higher, &d);
			stats_undominated(d, higher, b->entries, points, b->entries,
				points, on_front);
		}
		if (d && on_front[k] && !strcmp(x->variant, variant))
			kept[n++] = *x;
	}
	b->entry = kept;
	b->entries = n;
}
