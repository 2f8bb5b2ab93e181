#include "orchestrator/report/pareto_points.h"

#include <math.h>
#include <string.h>
#include "orchestrator/report/require.h"
#include "orchestrator/stats/stats.h"

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
	struct pareto_points *p, const char *name, bool higher, struct arena *a)
{
	int i = 0;

	while (i < p->d && strcmp(p->criterion[i], name) != 0)
		i++;
	if (i < p->d || i == PARETO_CRITERIA_MAX)
		return i;
	p->criterion[i] = arena_strdup(a, name);
	p->higher[i] = higher;
	return p->d++;
}

/* A criterion of a configuration; texts live until the next row. */
struct row {
	struct pareto_point of;
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
	x.of.settings = rows_text(r);
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
static struct pareto_point *point_of(
	struct pareto_points *p, const struct pareto_point *x, struct arena *a)
{
	struct pareto_point *last = p->n ? &p->item[p->n - 1] : NULL;

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
	last->settings = arena_strdup(a, x->settings);
	last->optimizer = arena_strdup(a, x->optimizer);
	last->optimal = last->invalid = last->unbeaten = false;
	for (int i = 0; i < PARETO_CRITERIA_MAX; i++)
		last->value[i] = last->base[i] = (double)NAN;
	return last;
}

/* A configuration that a later stage looked at again counts once. */
static void drop_repeated(struct pareto_points *p)
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

static int add_row(struct pareto_points *p, const struct row *row, const char *criteria,
	const struct require *require, struct arena *a, struct err *e)
{
	struct pareto_point *x = point_of(p, &row->of, a);
	int i;

	x->invalid = x->invalid || !row->done ||
		(p->by_seed && !require_holds(require, row->criterion, row->val));
	if (!named(criteria, row->criterion))
		return OK;
	i = criterion_index(p, row->criterion, row->higher, a);
	if (i == PARETO_CRITERIA_MAX)
		return err_set(e, ERR_USAGE,
			"more than %d criteria; choose with --criteria",
			PARETO_CRITERIA_MAX);
	x->value[i] = row->value;
	x->base[i] = row->base;
	return OK;
}

static int load(struct store *s, const struct query_sweep *w,
	const struct pareto_view *view, struct pareto_points *p, struct arena *a,
	struct err *e)
{
	struct rows r = rows_open(s, STMT_QUERY_POINTS,
		ARGS(INT(w->id), TEXT(view->split ? view->split : "test"),
			INT(view->final), INT(view->by_seed)),
		e);
	struct require require = require_read(w->text, a);
	int rc;

	while (rows_next(&r)) {
		struct row row = read_row(&r, a);

		r.rc = add_row(p, &row, view->criteria, &require, a, e);
	}
	rc = rows_close(&r);
	drop_repeated(p);
	if (!rc && p->n && !p->d)
		rc = err_set(
			e, ERR_USAGE, "no criterion is named \"%s\"", view->criteria);
	return rc;
}

/* The settings of the network, which stand behind those of the data set. */
static const char *network_settings(const struct pareto_point *x)
{
	const char *at = x->settings;

	while (*at && strncmp(at, "model.", strlen("model.")) != 0) {
		at += strcspn(at, "\n");
		at += *at == '\n';
	}
	return at;
}

static bool compete(const struct pareto_point *x, const struct pareto_point *y)
{
	return !strcmp(x->block, y->block) && !strcmp(x->digest, y->digest) &&
		!strcmp(network_settings(x), network_settings(y)) &&
		(*x->digest || !strcmp(x->settings, y->settings));
}

/* Whether some point of an equal name, and of another block, lacks this line. */
static bool tells_apart(const struct pareto_points *p, const struct pareto_point *x,
	const char *line, size_t n)
{
	for (int i = 0; i < p->n; i++)
		if (!strcmp(p->item[i].block, x->block) && !compete(&p->item[i], x) &&
			!str_has_line(p->item[i].settings, line, n))
			return true;
	return false;
}

/* "synthetic mlp hidden=6,4": the name and the settings that tell it from its namesakes. */
static const char *full_name(
	const struct pareto_points *p, const struct pareto_point *x, struct arena *a)
{
	struct str name = { .arena = a };

	str_put(&name, x->block);
	for (const char *at = x->settings; *at; at += *at == '\n') {
		size_t n = strcspn(at, "\n");
		char *line = arena_strndup(a, at, n);
		const char *section = strchr(line, '.');

		for (char *c = line; *c; c++)
			if (*c == ' ')
				*c = ',';
		if (tells_apart(p, x, at, n))
			str_printf(&name, " %s", section ? section + 1 : line);
		at += n;
	}
	return str_get(&name);
}

/* Finds out who competes; blocks of one name and other settings get names of their own. */
static void find_blocks(struct pareto_points *p, struct arena *a)
{
	const char **name = NEW_ARRAY(a, const char *, p->n + 1);

	for (int i = 0; i < p->n; i++) {
		int k = 0;

		while (k < i && !compete(&p->item[k], &p->item[i]))
			k++;
		p->item[i].rivals = k;
		name[i] = k < i ? name[k] : full_name(p, &p->item[i], a);
	}
	for (int i = 0; i < p->n; i++)
		p->item[i].block = name[i];
}

bool pareto_same_block(const struct pareto_point *x, const struct pareto_point *y)
{
	return x->rivals == y->rivals;
}

struct pareto_field pareto_field_of(
	const struct pareto_points *p, int of, struct arena *a)
{
	struct pareto_field f = { NEW_ARRAY(a, double, p->n * p->d),
		NEW_ARRAY(a, int, p->n), 0 };

	for (int i = 0; i < p->n; i++) {
		if (!pareto_same_block(&p->item[i], &p->item[of]) || p->item[i].invalid)
			continue;
		memcpy(f.row + f.n * p->d, p->item[i].value,
			(size_t)p->d * sizeof(double));
		f.index[f.n++] = i;
	}
	return f;
}

bool pareto_begins_block(const struct pareto_points *p, int i)
{
	for (int k = 0; k < i; k++)
		if (pareto_same_block(&p->item[k], &p->item[i]))
			return false;
	return true;
}

static void find_front(struct pareto_points *p, struct arena *a)
{
	for (int i = 0; i < p->n; i++) {
		struct pareto_field f;
		bool *keep;

		if (!pareto_begins_block(p, i))
			continue;
		f = pareto_field_of(p, i, a);
		keep = NEW_ARRAY(a, bool, f.n);
		stats_undominated(p->d, p->higher, f.n, f.row, f.n, f.row, keep);
		for (int k = 0; k < f.n; k++)
			p->item[f.index[k]].optimal = keep[k];
	}
}

/* Which points no run of another optimizer dominates: the front of each against the others. */
static void find_unbeaten(struct pareto_points *p)
{
	for (int i = 0; i < p->n; i++) {
		struct pareto_point *x = &p->item[i];

		x->unbeaten = !x->invalid;
		for (int k = 0; k < p->n && x->unbeaten; k++) {
			const struct pareto_point *y = &p->item[k];

			if (pareto_same_block(x, y) && !y->invalid &&
				strcmp(x->optimizer, y->optimizer) != 0)
				x->unbeaten = !stats_dominates(
					p->d, y->value, x->value, p->higher);
		}
	}
}

bool pareto_first_of(const struct pareto_points *p, int i, bool by_label)
{
	for (int k = 0; k < i; k++) {
		const struct pareto_point *x = &p->item[k];
		const struct pareto_point *y = &p->item[i];

		if (pareto_same_block(x, y) &&
			!(by_label ? strcmp(x->label, y->label)
				   : strcmp(x->optimizer, y->optimizer)))
			return false;
	}
	return true;
}

/* Counting over all runs needs all of them to have been trained to their end. */
static int check_unpruned(
	struct store *s, const struct query_sweep *w, const char *option, struct err *e)
{
	int64_t stopped;
	int rc = store_int(s, STMT_QUERY_STOPPED, ARGS(INT(w->id)), 0, &stopped, e);

	if (rc || !stopped)
		return rc;
	return err_set(e, ERR_USAGE,
		"%s: %lld runs of %s were stopped early, so their figures "
		"are not those of a whole training and the counts would favour what "
		"was kept; `deltam run --no-prune` or `deltam audit` trains them to "
		"the end, `pareto --counts final` counts the final runs",
		option, (long long)stopped, w->name);
}

int pareto_read(struct store *s, const struct query_sweep *w,
	const struct pareto_view *view, struct pareto_points *p, struct arena *a,
	struct err *e)
{
	int rc = view->final ? OK : check_unpruned(s, w, view->option, e);

	*p = (struct pareto_points){ .by_seed = view->by_seed };
	if (!rc)
		rc = load(s, w, view, p, a, e);
	if (rc)
		return rc;
	find_blocks(p, a);
	find_front(p, a);
	find_unbeaten(p);
	return OK;
}
