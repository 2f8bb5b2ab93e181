/*
 * deltam pareto: the front; with --counts how many of whose runs are on it, per method
 * and optimizer (Elich et al. 2024, Tables 2 and A2); with --dominated who beats whom.
 * A run is a configuration, its criteria means over its seeds; with --counts runs, as the
 * paper counts, every seed is one, and invalid ones do not count.
 */
#include <math.h>
#include <string.h>
#include "orchestrator/report/benchmark.h"
#include "orchestrator/report/reader.h"
#include "orchestrator/report/require.h"
#include "orchestrator/stats/stats.h"

#define CRITERIA_MAX 64
#define HYPERVOLUME_STEPS 2e7 /* of the exact method: a fraction of a second */

/* A configuration and where it lies. */
struct point {
	const char *variant, *label;
	const char *block; /* data set and network: fronts do not mix them */
	const char *digest; /* of the data set */
	const char *optimizer;
	int64_t job; /* its first; the same one is the same configuration */
	double lr, wd, temperature;
	const char *weights;
	double value[CRITERIA_MAX], base[CRITERIA_MAX];
	bool invalid; /* diverged, or outside of select.require: on no front */
	bool optimal;
	bool unbeaten; /* by runs of any other optimizer */
};

struct points {
	struct point *item;
	int n, capacity;
	const char *criterion[CRITERIA_MAX];
	bool higher[CRITERIA_MAX];
	int d; /* criteria that are compared */
	bool by_seed; /* every seed is a point, and may be invalid */
};

/* Whether a criterion is among "a,b"; all are among NULL. */
static bool named(const char *names, const char *criterion)
{
	size_t n = strlen(criterion);

	if (!names)
		return true;
	for (const char *at = names; *at;
		at += strcspn(at, ",") + (strchr(at, ',') != NULL))
		if (!strncmp(at, criterion, n) && (!at[n] || at[n] == ','))
			return true;
	return false;
}

static int criterion_index(
	struct points *p, const char *name, bool higher, struct arena *a)
{
	int i = 0;

	while (i < p->d && strcmp(p->criterion[i], name) != 0)
		i++;
	if (i < p->d || i == CRITERIA_MAX)
		return i;
	p->criterion[i] = arena_strdup(a, name);
	p->higher[i] = higher;
	return p->d++;
}

/* A criterion of a configuration; texts live until the next row. */
struct row {
	struct point of;
	const char *criterion;
	bool higher;
	double value, base;
	bool done;
	double val; /* NAN: select.require does not look at it */
};

static struct row read_row(struct rows *r, struct arena *a)
{
	struct row x;

	x.of.variant = rows_text(r);
	x.of.label = rows_text(r);
	x.of.block = rows_text(r);
	x.of.digest = rows_text(r);
	x.of.optimizer = rows_text(r);
	x.of.job = rows_int64(r);
	x.of.lr = rows_real(r);
	x.of.wd = rows_real(r);
	x.of.temperature = rows_real(r);
	x.of.weights = rows_copy(r, a);
	x.criterion = rows_text(r);
	x.higher = rows_int(r) != 0;
	x.value = rows_real(r);
	x.base = rows_real(r);
	x.done = rows_int(r) != 0;
	x.val = rows_real(r);
	return x;
}

/* A new point, unless the row goes on with the newest one. */
static struct point *point_of(struct points *p, const struct point *x, struct arena *a)
{
	struct point *last = p->n ? &p->item[p->n - 1] : NULL;

	if (last && last->job == x->job && !strcmp(last->variant, x->variant) &&
		!strcmp(last->label, x->label))
		return last;
	(void)GROW(a, p->item, p->n, p->capacity);
	last = &p->item[p->n++];
	*last = *x;
	last->variant = arena_strdup(a, x->variant);
	last->label = arena_strdup(a, x->label);
	last->block = arena_strdup(a, x->block);
	last->digest = arena_strdup(a, x->digest);
	last->optimizer = arena_strdup(a, x->optimizer);
	last->optimal = last->invalid = last->unbeaten = false;
	for (int i = 0; i < CRITERIA_MAX; i++)
		last->value[i] = last->base[i] = (double)NAN;
	return last;
}

/* A configuration that a later stage looked at again counts once. */
static void drop_repeated(struct points *p)
{
	int kept = 0;

	for (int i = 0; i < p->n; i++) {
		int k = 0;

		while (k < kept &&
			(p->item[k].job != p->item[i].job ||
				strcmp(p->item[k].label, p->item[i].label) != 0))
			k++;
		if (k == kept)
			p->item[kept++] = p->item[i];
	}
	p->n = kept;
}

static int add_row(struct points *p, const struct row *row, const char *criteria,
	const struct require *require, struct arena *a, struct err *e)
{
	struct point *x = point_of(p, &row->of, a);
	int i;

	x->invalid = x->invalid || !row->done ||
		(p->by_seed && !require_holds(require, row->criterion, row->val));
	if (!named(criteria, row->criterion))
		return OK;
	i = criterion_index(p, row->criterion, row->higher, a);
	if (i == CRITERIA_MAX)
		return err_set(e, ERR_USAGE,
			"more than %d criteria; choose with --criteria", CRITERIA_MAX);
	x->value[i] = row->value;
	x->base[i] = row->base;
	return OK;
}

static int load(struct report_reader *reader, const struct cli_options *o, bool final,
	struct points *p, struct err *e)
{
	struct arena *a = &reader->arena;
	struct rows r = rows_open(&reader->s, STMT_QUERY_POINTS,
		ARGS(INT(reader->sweep.id), TEXT(o->split ? o->split : "test"),
			INT(final), INT(p->by_seed)),
		e);
	struct require require = require_read(reader->sweep.text, a);
	int rc;

	while (rows_next(&r)) {
		struct row row = read_row(&r, a);

		r.rc = add_row(p, &row, o->criteria, &require, a, e);
	}
	rc = rows_close(&r);
	drop_repeated(p);
	if (!rc && p->n && !p->d)
		rc = err_set(e, ERR_USAGE, "no criterion is named \"%s\"", o->criteria);
	return rc;
}

static bool same_block(const struct point *x, const struct point *y)
{
	return !strcmp(x->block, y->block) && !strcmp(x->digest, y->digest);
}

/* The points that compete with point `of`, their rows (n, d) and where they come from. */
struct field {
	double *row;
	int *index;
	int n;
};

static struct field field_of(const struct points *p, int of, struct arena *a)
{
	struct field f = { NEW_ARRAY(a, double, p->n * p->d), NEW_ARRAY(a, int, p->n),
		0 };

	for (int i = 0; i < p->n; i++) {
		if (!same_block(&p->item[i], &p->item[of]) || p->item[i].invalid)
			continue;
		memcpy(f.row + f.n * p->d, p->item[i].value,
			(size_t)p->d * sizeof(double));
		f.index[f.n++] = i;
	}
	return f;
}

/* Whether point i is the first of its block. */
static bool begins_block(const struct points *p, int i)
{
	for (int k = 0; k < i; k++)
		if (same_block(&p->item[k], &p->item[i]))
			return false;
	return true;
}

static void find_front(struct points *p, struct arena *a)
{
	for (int i = 0; i < p->n; i++) {
		struct field f;
		bool *keep;

		if (!begins_block(p, i))
			continue;
		f = field_of(p, i, a);
		keep = NEW_ARRAY(a, bool, f.n);
		stats_undominated(p->d, p->higher, f.n, f.row, f.n, f.row, keep);
		for (int k = 0; k < f.n; k++)
			p->item[f.index[k]].optimal = keep[k];
	}
}

/* Which points no run of another optimizer dominates: the front of each against the others. */
static void find_unbeaten(struct points *p)
{
	for (int i = 0; i < p->n; i++) {
		struct point *x = &p->item[i];

		x->unbeaten = !x->invalid;
		for (int k = 0; k < p->n && x->unbeaten; k++) {
			const struct point *y = &p->item[k];

			if (same_block(x, y) && !y->invalid &&
				strcmp(x->optimizer, y->optimizer) != 0)
				x->unbeaten = !stats_dominates(
					p->d, y->value, x->value, p->higher);
		}
	}
}

static void note_volume(struct report *r, const char *block, double volume)
{
	report_note(r,
		"%s: hypervolume of the front against the baseline %.6g (each "
		"criterion in units of its baseline)%s.",
		block, volume,
		volume > 0 ? "" : ": none of it beats the baseline in every criterion");
}

/*
 * In units of the baseline: every criterion divided by the baseline's, so that the
 * reference is the point of ones. Only what beats the baseline in all criteria counts.
 */
static void note_hypervolume(
	struct report *r, const struct points *p, int block, struct arena *a)
{
	double *row = NEW_ARRAY(a, double, p->n * p->d);
	double one[CRITERIA_MAX];
	bool ready = true;
	int n = 0;

	for (int i = 0; i < p->n; i++) {
		const struct point *x = &p->item[i];

		if (!x->optimal || !same_block(x, &p->item[block]))
			continue;
		for (int k = 0; k < p->d; k++) {
			row[n * p->d + k] = x->value[k] / x->base[k];
			ready &= isfinite(row[n * p->d + k]);
			one[k] = 1;
		}
		n++;
	}
	if (!n || !ready)
		return;
	if (pow(n, p->d > 2 ? p->d - 1 : 1) > HYPERVOLUME_STEPS)
		report_note(r,
			"%s: no hypervolume: %d points in %d criteria are too many; "
			"choose with --criteria.",
			p->item[block].block, n, p->d);
	else
		note_volume(r, p->item[block].block,
			stats_hypervolume(p->d, p->higher, n, row, one));
}

/* --counts */

/* Counts the points of the block with this label and optimizer; NULL is any. */
static void count_row(struct report_table *t, const struct points *p, int block,
	const char *label, const char *optimizer)
{
	int runs = 0;
	int invalid = 0;
	int optimal = 0;
	int unbeaten = 0;

	for (int i = 0; i < p->n; i++) {
		const struct point *x = &p->item[i];

		if (!same_block(x, &p->item[block]) ||
			(label && strcmp(x->label, label) != 0) ||
			(optimizer && strcmp(x->optimizer, optimizer) != 0))
			continue;
		runs += !x->invalid;
		invalid += x->invalid;
		optimal += x->optimal;
		unbeaten += x->unbeaten;
	}
	if (!runs && !invalid)
		return;
	table_text(t, p->item[block].block);
	table_text(t, label ? label : "all");
	table_text(t, optimizer ? optimizer : "all");
	table_number(t, runs, NULL);
	table_number(t, optimal, NULL);
	table_fixed(t, runs ? 100.0 * optimal / runs : (double)NAN, 1);
	if (!p->by_seed)
		return;
	table_number(t, invalid, NULL);
	table_number(t, unbeaten, NULL);
}

/* Whether the block's point i is the first with its label (or its optimizer). */
static bool first_of(const struct points *p, int i, bool by_label)
{
	for (int k = 0; k < i; k++) {
		const struct point *x = &p->item[k];
		const struct point *y = &p->item[i];

		if (same_block(x, y) &&
			!(by_label ? strcmp(x->label, y->label)
				   : strcmp(x->optimizer, y->optimizer)))
			return false;
	}
	return true;
}

static void count_block(struct report *r, struct report_table *t,
	const struct points *p, int block, struct arena *a)
{
	int optimizers = 0;

	for (int i = 0; i < p->n; i++)
		optimizers += same_block(&p->item[i], &p->item[block]) &&
			first_of(p, i, false);
	for (int i = 0; i < p->n; i++) {
		if (!same_block(&p->item[i], &p->item[block]) || !first_of(p, i, true))
			continue;
		for (int k = 0; optimizers > 1 && k < p->n; k++)
			if (same_block(&p->item[k], &p->item[block]) &&
				first_of(p, k, false))
				count_row(t, p, block, p->item[i].label,
					p->item[k].optimizer);
		count_row(t, p, block, p->item[i].label, NULL);
	}
	for (int k = 0; optimizers > 1 && k < p->n; k++)
		if (same_block(&p->item[k], &p->item[block]) && first_of(p, k, false))
			count_row(t, p, block, NULL, p->item[k].optimizer);
	count_row(t, p, block, NULL, NULL);
	note_hypervolume(r, p, block, a);
}

static void counts(struct report *r, const struct points *p, struct arena *a)
{
	static const struct report_head list[] = { { "block", "data set, network",
							   false },
		{ "label", "method", false }, { "optimizer", "optimizer", false },
		{ "runs", "runs", true }, { "optimal", "Pareto-optimal", true },
		{ "share", "share [%]", true }, { "invalid", "invalid", true },
		{ "unbeaten", "unbeaten by other optimizers", true } };
	struct report_table *t = report_table(r, NULL);

	table_columns(t, list, p->by_seed ? COUNT(list) : COUNT(list) - 2);
	for (int i = 0; i < p->n; i++)
		if (begins_block(p, i))
			count_block(r, t, p, i, a);
}

/* Counting over all runs needs all of them to have been trained to their end. */
static int check_unpruned(
	struct report_reader *reader, const char *counts, struct err *e)
{
	int64_t stopped;
	int rc = store_int(&reader->s, STMT_QUERY_STOPPED, ARGS(INT(reader->sweep.id)),
		0, &stopped, e);

	if (rc || !stopped)
		return rc;
	return err_set(e, ERR_USAGE,
		"--counts %s: %lld runs of %s were stopped early, so their figures "
		"are not those of a whole training and the counts would favour what "
		"was kept; `deltam run --no-prune` or `deltam audit` trains them to "
		"the end, --counts final counts the final runs",
		counts, (long long)stopped, reader->sweep.name);
}

/* --dominated */

static const char *run_name(const struct point *x, struct arena *a)
{
	return arena_printf(a, "%s%s%s", x->variant, *x->variant ? " " : "", x->label);
}

static const char *dominators(
	const struct points *p, const struct field *f, int at, int *n, struct arena *a)
{
	struct str names = { .arena = a };
	int *by = NEW_ARRAY(a, int, f->n);

	*n = stats_dominators(p->d, p->higher, f->n, f->row, at, by);
	for (int i = 0; i < *n; i++)
		str_printf(&names, "%s%s", i ? ", " : "",
			run_name(&p->item[f->index[by[i]]], a));
	return str_get(&names);
}

static void dominated(struct report *r, const struct points *p, struct arena *a)
{
	static const struct report_head list[] = { { "block", NULL, false },
		{ "variant", NULL, false }, { "label", NULL, false },
		{ "lr", NULL, true }, { "wd", NULL, true },
		{ "temperature", NULL, true }, { "weights", NULL, false },
		{ "dominators", NULL, true }, { "dominated_by", NULL, false } };
	struct report_table *t = report_table(r, NULL);

	table_columns(t, list, COUNT(list));
	for (int i = 0; i < p->n; i++) {
		const struct point *x = &p->item[i];
		struct field f = field_of(p, i, a);
		const char *by = "";
		int n = 0;

		for (int k = 0; k < f.n; k++)
			if (f.index[k] == i)
				by = dominators(p, &f, k, &n, a);
		table_text(t, x->block);
		table_text(t, x->variant);
		table_text(t, x->label);
		table_number(t, x->lr, NULL);
		table_number(t, x->wd, NULL);
		table_number(t, x->temperature, NULL);
		table_text(t, x->weights);
		table_number(t, n, NULL);
		table_text(t, by);
	}
}

static int answer(
	struct report_reader *reader, const struct cli_options *o, struct err *e)
{
	struct report r = { .arena = &reader->arena };
	bool final = !o->counts || !strcmp(o->counts, "final");
	struct points p = { .by_seed = o->counts && !strcmp(o->counts, "runs") };
	int rc = final ? OK : check_unpruned(reader, o->counts, e);

	if (!rc)
		rc = load(reader, o, final, &p, e);
	if (rc)
		return rc;
	find_front(&p, &reader->arena);
	find_unbeaten(&p);
	if (o->counts)
		counts(&r, &p, &reader->arena);
	else
		dominated(&r, &p, &reader->arena);
	report_note(&r, "%s",
		p.n && p.by_seed
			? "A run is a configuration of the search with a seed; invalid: it "
			  "diverged, or select.require does not hold; unbeaten: no run of "
			  "another optimizer dominates it."
			: p.n
			? "A run is a configuration; its criteria are means over its seeds."
			: !strcmp(reader->sweep.state, "open")
			? "There are no runs that ended well yet."
			: "No run ended well (`deltam table`, `deltam failures` say why).");
	reader_print(&r, o);
	return OK;
}

static int front(
	struct report_reader *reader, const struct cli_options *o, struct err *e)
{
	struct benchmark_view view = {
		.split = o->split, .criteria = o->criteria, .front = true
	};
	struct report r = { .arena = &reader->arena };
	int rc = benchmark_report(&reader->s, &reader->sweep, &view, &r, e);

	if (!rc)
		reader_print(&r, o);
	return rc;
}

int cmd_pareto(const struct cli_options *o, struct err *e)
{
	struct report_reader reader;
	int rc = reader_open(&reader, o, e);

	if (!rc && o->counts && o->dominated)
		rc = err_set(e, ERR_USAGE, "--counts or --dominated, not both");
	if (!rc)
		rc = o->counts || o->dominated ? answer(&reader, o, e)
					       : front(&reader, o, e);
	reader_close(&reader);
	return rc;
}
