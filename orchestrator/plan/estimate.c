#include "orchestrator/plan/estimate.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "common/clock.h"
#include "common/store/rows.h"
#include "common/store/store_open.h"
#include "orchestrator/plan/child.h"
#include "orchestrator/plan/worker_path.h"

/* What the segments of one kind of job took that ended well. */
struct measured {
	const char *model, *dataset, *method;
	double train, batch; /* samples */
	double epochs, seconds;
};

struct rates {
	struct measured *item;
	int n, capacity;
};

static int read_rates(struct store *s, struct rates *m, struct arena *a, struct err *e)
{
	struct rows r = rows_open(s, STMT_PLAN_RATES, NO_ARGS, e);

	while (rows_next(&r)) {
		struct measured *x;

		(void)GROW(a, m->item, m->n, m->capacity);
		x = &m->item[m->n++];
		x->model = rows_copy(&r, a);
		x->dataset = rows_copy(&r, a);
		x->method = rows_copy(&r, a);
		x->train = rows_real(&r);
		x->batch = rows_real(&r);
		x->epochs = rows_real(&r);
		x->seconds = rows_real(&r);
	}
	return rows_close(&r);
}

static struct rates load(const char *db, struct arena *a)
{
	struct rates m = { 0 };
	struct err e = { 0 };
	struct store s;

	if (!db || access(db, F_OK) || store_open(&s, db, STORE_READER, &e))
		return m;
	if (read_rates(&s, &m, a, &e))
		m.n = 0;
	store_close(&s);
	return m;
}

static double number(const struct params *ps, const char *name)
{
	double v;

	return params_number(ps, name, &v, NULL) ? (double)NAN : v;
}

static bool same(const struct params *ps, const char *name, const char *value)
{
	const char *have = params_get(ps, name);

	return have && !strcmp(have, value);
}

/* The rate of a method (NULL: of any but stl) on the variant; NAN if never measured. */
static double look_up(
	const struct rates *m, const struct params *base, const char *method)
{
	double seconds = 0;
	double epochs = 0;

	for (int i = 0; i < m->n; i++) {
		const struct measured *x = &m->item[i];

		if (!same(base, "model.name", x->model) ||
			!same(base, "dataset.name", x->dataset) ||
			number(base, "dataset.train") != x->train ||
			number(base, "train.batch") != x->batch ||
			(method ? strcmp(method, x->method) != 0
				: !strcmp("stl", x->method)))
			continue;
		seconds += x->seconds;
		epochs += x->epochs;
	}
	return epochs > 0 ? seconds / epochs : (double)NAN;
}

/* Reads the answer, "seconds_per_epoch 0.25\n". */
static bool read_answer(const char *text, double *rate)
{
	static const char word[] = "seconds_per_epoch ";
	char figure[64];

	if (strncmp(text, word, sizeof(word) - 1) != 0)
		return false;
	snprintf(figure, sizeof(figure), "%s", text + sizeof(word) - 1);
	figure[strcspn(figure, "\n")] = '\0';
	return number_parse(figure, rate);
}

/* The worker's answer for the first job of the first entry of variant k. */
static int ask(const struct resolved *known, int k, const char *worker, double *rate,
	struct arena *a, struct err *e)
{
	const struct spec_variant *v = &known->spec->variants[k];
	struct plan_grid g = plan_tune(known->spec, v, &v->entries[0], a);
	struct params ps =
		plan_job(&known->variants[k].base, &v->entries[0], NULL, &g, 0, 0, a);
	const char **argv = NEW_ARRAY(a, const char *, ps.n + 3);
	const char *text;
	int n = 0;
	int rc;

	argv[n++] = worker;
	argv[n++] = "--probe";
	for (int i = 0; i < ps.n; i++)
		argv[n++] = arena_printf(a, "%s=%s", ps.p[i].name, ps.p[i].value);
	rc = child_ask(argv, a, &text, e);
	if (!rc && !read_answer(text, rate))
		rc = err_set(e, ERR_DATA, "%s: no answer to --probe", worker);
	return rc;
}

#define PROBE_SECONDS 1.2 /* for all variants: a plan is to be there at once */

/*
 * Asks about one variant after another; when the time is over, the rest take the mean
 * of those.
 */
static void probe_variants(
	const struct resolved *known, double *rate, struct estimate *x, struct arena *a)
{
	char worker[1024];
	struct err e = { 0 };
	double begin;
	double sum = 0;
	int asked = 0;
	int rc = worker_path(worker, sizeof(worker), &e);

	if (!rc)
		rc = resolve_compose(known, worker, a, &e);
	begin = clock_seconds();
	for (int i = 0; !rc && i < known->spec->nvariants; i++) {
		if (!isnan(rate[i]))
			continue;
		if (asked && clock_seconds() - begin > PROBE_SECONDS) {
			rate[i] = sum / asked;
			continue;
		}
		rc = ask(known, i, worker, &rate[i], a, &e);
		sum += rate[i];
		asked++;
	}
	if (rc)
		x->why = arena_strdup(a, e.msg);
}

/* Whether any row of the plan has no rate of its own. */
static bool any_unknown(const struct estimate *x, const struct plan_counts *c)
{
	for (int i = 0; i < c->nrows; i++)
		if (isnan(x->rate[i]))
			return true;
	return false;
}

struct estimate estimate_rates(const struct resolved *known,
	const struct plan_counts *c, const char *db, bool probe, struct arena *a)
{
	const struct spec *s = known->spec;
	struct estimate x = { .rate = NEW_ARRAY(a, double, c->nrows) };
	double *variant = NEW_ARRAY(a, double, s->nvariants);
	struct rates m = load(db, a);

	for (int i = 0; i < c->nrows; i++) {
		x.rate[i] = look_up(
			&m, &c->rows[i].variant->base, c->rows[i].entry->method->name);
		x.measured += !isnan(x.rate[i]);
	}
	for (int i = 0; i < s->nvariants; i++)
		variant[i] = look_up(&m, &s->variants[i].base, NULL);
	if (probe && any_unknown(&x, c))
		probe_variants(known, variant, &x, a);
	for (int i = 0; i < c->nrows; i++)
		if (isnan(x.rate[i])) {
			x.rate[i] = variant[c->rows[i].variant->position];
			x.probed += !isnan(x.rate[i]);
		}
	return x;
}

double estimate_hours(const struct estimate *x, const struct plan_counts *c,
	int64_t (*jobs)(const struct plan_entry_jobs *row))
{
	double seconds = 0;

	for (int i = 0; i < c->nrows; i++) {
		int64_t n = jobs(&c->rows[i]);

		if (n)
			seconds += (double)n * c->rows[i].variant->epochs * x->rate[i];
	}
	return seconds / 3600;
}
