#include "orchestrator/stage/score.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "common/crash.h"
#include "common/store/run_name.h"

#define LAST 10 /* epochs of the fixed protocol */

static const char *const splits[] = { "val", "test" };

/* The criterion that a metric is; -1 where Δm does not look at it. */
static int find_criterion(
	const struct spec_variant *v, const char *task, const char *name)
{
	for (int i = 0; i < v->ncriteria; i++)
		if (!strcmp(v->criteria[i].metric->name, name) &&
			!strcmp(v->criteria[i].task, task))
			return i;
	return -1;
}

static int task_index(const struct spec_variant *v, const char *task)
{
	for (int k = 0; k < v->ntasks; k++)
		if (!strcmp(v->tasks[k].name, task))
			return k;
	BUG("a criterion without a task");
}

int score_base_read(
	const struct scorer *sc, struct arena *a, struct score_base *b, struct err *e)
{
	const struct spec_variant *v = sc->v;
	int missing = 0;
	int rc = OK;

	b->criteria = NEW_ARRAY(a, struct stats_criterion, v->ncriteria);
	for (int i = 0; i < v->ncriteria; i++)
		b->criteria[i] = (struct stats_criterion){ v->criteria[i].text,
			v->criteria[i].metric->higher,
			task_index(v, v->criteria[i].task) };
	b->val = NEW_ARRAY(a, double, v->ncriteria);
	b->test = NEW_ARRAY(a, double, v->ncriteria);
	for (int i = 0; !rc && i < 2 * v->ncriteria; i++) {
		double *value = &(i % 2 ? b->test : b->val)[i / 2];

		rc = store_real(sc->s, STMT_BASELINE_GET,
			ARGS(INT(sc->sweep), TEXT(v->label), TEXT(splits[i % 2]),
				TEXT(v->criteria[i / 2].text)),
			(double)NAN, value, e);
		missing += isnan(*value);
	}
	b->ready = missing == 0;
	return rc;
}

int score_metric(struct store *s, int64_t job, int epoch, const char *split,
	const struct spec_criterion *c, double *value, struct err *e)
{
	int rc = store_real(s, STMT_SCORE_METRIC,
		ARGS(INT(job), INT(epoch), TEXT(split), TEXT(c->task),
			TEXT(c->metric->name)),
		(double)NAN, value, e);
	char name[RUN_NAME_MAX];

	if (!rc && isnan(*value))
		rc = err_set(e, ERR_DB, "%s: %s has no %s figure of %s in epoch %d",
			s->path, store_run_name(s, job, name), split, c->text, epoch);
	return rc;
}

static int best(struct store *s, enum stmt stmt, const struct arg *args, int *epoch,
	double *figure, struct err *e)
{
	struct rows r = rows_open(s, stmt, args, e);

	*epoch = 0;
	if (rows_next(&r)) {
		*epoch = rows_int(&r);
		*figure = rows_real(&r);
	}
	return rows_close(&r);
}

int score_best(struct store *s, int64_t sweep, int64_t job, int *epoch, double *delta_m,
	struct err *e)
{
	return best(s, STMT_SCORE_BEST, ARGS(INT(sweep), INT(job)), epoch, delta_m, e);
}

int score_best_loss(
	struct store *s, int64_t job, const char *task, int *epoch, struct err *e)
{
	double loss;

	return best(
		s, STMT_SCORE_BEST_LOSS, ARGS(INT(job), TEXT(task)), epoch, &loss, e);
}

/* The baseline. */

/* What one final job of a baseline contributes to one criterion. */
static int seed_value(const struct scorer *sc, int64_t job,
	const struct spec_criterion *c, const char *split, double *value, struct err *e)
{
	const struct spec_variant *v = sc->v;
	bool last = sc->spec->select.epoch == EPOCH_LAST10;
	int from = v->epochs > LAST ? v->epochs - LAST + 1 : 1;
	int to = v->epochs;
	char name[RUN_NAME_MAX];
	double sum = 0;
	int rc = OK;

	if (!last) {
		rc = score_best_loss(sc->s, job, c->task, &from, e);
		to = from;
		if (!rc && from == 0)
			rc = err_set(e, ERR_DB,
				"%s: %s has no validation loss of task %s, by which its "
				"epoch is chosen",
				sc->s->path, store_run_name(sc->s, job, name), c->task);
	}
	for (int epoch = from; !rc && epoch <= to; epoch++) {
		double x = 0;

		rc = score_metric(sc->s, job, epoch, split, c, &x, e);
		sum += x;
	}
	*value = sum / (to - from + 1);
	return rc;
}

struct figures {
	double mean, std; /* std NAN with less than two seeds */
	int n;
};

static int over_seeds(const struct scorer *sc, const struct score_task *t,
	const struct spec_criterion *c, const char *split, struct figures *f,
	struct err *e)
{
	struct arena a = { 0 };
	double *x = NEW_ARRAY(&a, double, t->n);
	int rc = OK;

	for (int i = 0; !rc && i < t->n; i++)
		rc = seed_value(sc, t->jobs[i], c, split, &x[i], e);
	*f = (struct figures){ stats_mean(t->n, x), stats_std(t->n, x), t->n };
	arena_release(&a);
	return rc;
}

static int put_base(const struct scorer *sc, const struct spec_criterion *c,
	const char *split, const struct figures *f, bool *changed, struct err *e)
{
	const char *label = sc->v->label;
	struct arg nil = NIL;
	struct arg std = REAL(f->std);
	int rc;

	if (f->mean == 0 && c->counts)
		return err_set(e, ERR_FAILED,
			"the baseline of %s is 0 on %s rows%s%s, and Δm divides by "
			"it: take more rows, give \"baseline\": {\"values\": ...}, or "
			"leave the task out",
			c->text, split, *label ? " of variant " : "", label);
	rc = store_run(sc->s, STMT_BASELINE_PUT,
		ARGS(INT(sc->sweep), TEXT(label), TEXT(split), TEXT(c->text),
			REAL(f->mean), isnan(f->std) ? nil : std, INT(f->n)),
		e);
	*changed |= !rc && store_changes(sc->s) > 0;
	return rc;
}

int score_base_write(const struct scorer *sc, const struct resolved_variant *given,
	const struct score_task *tasks, bool *replaced,
	const struct spec_criterion **undefined, struct err *e)
{
	const struct spec_variant *v = sc->v;
	bool changed = false;
	int64_t before = 0;
	int rc = store_int(sc->s, STMT_BASELINE_COUNT,
		ARGS(INT(sc->sweep), TEXT(v->label)), 0, &before, e);

	for (int i = 0; !rc && i < 2 * v->ncriteria; i++) {
		const struct spec_criterion *c = &v->criteria[i / 2];
		const char *split = splits[i % 2];
		struct figures f = {
			(i % 2 ? given->base_test : given->base_val)[i / 2], NAN, 0
		};

		if (tasks)
			rc = over_seeds(
				sc, &tasks[task_index(v, c->task)], c, split, &f, e);
		if (!rc)
			rc = put_base(sc, c, split, &f, &changed, e);
		if (rc)
			*undefined = c;
	}
	*replaced |= changed && before > 0;
	return rc;
}

int score_base_drop(const struct scorer *sc, bool *dropped, struct err *e)
{
	int rc = store_run(
		sc->s, STMT_BASELINE_DROP, ARGS(INT(sc->sweep), TEXT(sc->v->label)), e);

	*dropped |= !rc && store_changes(sc->s) > 0;
	return rc;
}

/* The scores. */

/* The figures of one epoch and split while they are gathered. */
struct gather {
	double *value;
	/* What Δm averages over: the criteria that count, of the primary task, or of weights. */
	int *part, parts;
	struct stats_criterion *criteria;
	double *picked, *base;
	bool *seen;
	int have; /* criteria seen */
	int epoch;
	bool test;
};

/* Names a criterion without a figure: what was not measured cannot be compared. */
static int incomplete(
	const struct scorer *sc, int64_t job, const struct gather *g, struct err *e)
{
	char name[RUN_NAME_MAX];
	int i = 0;

	while (g->seen[i])
		i++;
	return err_set(e, ERR_DB,
		"%s: %s has no %s figure of %s in epoch %d (%d of %d criteria have one)",
		sc->s->path, store_run_name(sc->s, job, name), splits[g->test],
		sc->v->criteria[i].text, g->epoch, g->have, sc->v->ncriteria);
}

/* Δm of the figures that were gathered. */
static int compute(const struct scorer *sc, const struct score_base *b,
	struct gather *g, double *delta_m, struct err *e)
{
	enum stats_average by = sc->spec->select.average == AVERAGE_TASKS
		? STATS_TASKS
		: STATS_CRITERIA;

	for (int i = 0; i < g->parts; i++) {
		g->picked[i] = g->value[g->part[i]];
		g->base[i] = (g->test ? b->test : b->val)[g->part[i]];
	}
	return stats_delta_m(g->parts, g->criteria, g->picked, g->base, by, delta_m, e);
}

static int put_score(const struct scorer *sc, const struct score_base *b, int64_t job,
	struct gather *g, struct err *e)
{
	char name[RUN_NAME_MAX];
	double delta_m;
	int rc;

	if (g->have != sc->v->ncriteria)
		return incomplete(sc, job, g, e);
	g->have = 0;
	memset(g->seen, 0, (size_t)sc->v->ncriteria * sizeof(*g->seen));
	rc = compute(sc, b, g, &delta_m, e);
	if (rc)
		return err_wrap(
			e, "%s, epoch %d", store_run_name(sc->s, job, name), g->epoch);
	return store_run(sc->s, STMT_SCORE_PUT,
		ARGS(INT(sc->sweep), INT(job), INT(g->epoch), TEXT(splits[g->test]),
			REAL(delta_m)),
		e);
}

/* Metric rows come epoch by epoch, of each the test rows, then the val rows. */
static int put_scores(const struct scorer *sc, const struct score_base *b, int64_t job,
	int after, struct gather *g, struct err *e)
{
	struct rows r =
		rows_open(sc->s, STMT_SCORE_METRICS, ARGS(INT(job), INT(after)), e);
	int rc;

	while (rows_next(&r)) {
		int epoch = rows_int(&r);
		bool test = rows_text(&r)[0] == 't';
		const char *task = rows_text(&r);
		int at = find_criterion(sc->v, task, rows_text(&r));
		double value = rows_real(&r);

		if (at < 0)
			continue;
		if (g->have && (epoch != g->epoch || test != g->test))
			r.rc = put_score(sc, b, job, g, e);
		g->epoch = epoch;
		g->test = test;
		g->value[at] = value;
		g->seen[at] = true;
		g->have++;
	}
	rc = rows_close(&r);
	return rc || !g->have ? rc : put_score(sc, b, job, g, e);
}

/*
 * Marks the tasks that have a fixed weight of 0 in the job: skipped (ntasks). Weights that
 * are no list of numbers, such as a distribution's name, skip none.
 */
static int find_skipped(
	const struct scorer *sc, int64_t job, bool *skipped, struct err *e)
{
	struct rows r = rows_open(sc->s, STMT_SCORE_WEIGHTS, ARGS(INT(job)), e);
	double weight[TASKS_MAX];
	int n = 0;

	if (rows_next(&r) &&
		numbers_parse("weights", rows_text(&r), weight, TASKS_MAX, &n, NULL))
		n = 0;
	for (int k = 0; k < n && k < sc->v->ntasks; k++)
		skipped[k] = weight[k] == 0;
	return rows_close(&r);
}

/* The criteria of tasks that are skipped (ntasks) stay out. */
static struct gather gather_begin(const struct scorer *sc, const struct score_base *b,
	const bool *skipped, struct arena *a)
{
	int n = sc->v->ncriteria;
	struct gather g = { .value = NEW_ARRAY(a, double, n),
		.seen = NEW_ARRAY(a, bool, n),
		.part = NEW_ARRAY(a, int, n),
		.criteria = NEW_ARRAY(a, struct stats_criterion, n),
		.picked = NEW_ARRAY(a, double, n),
		.base = NEW_ARRAY(a, double, n) };

	for (int i = 0; i < n; i++)
		if (sc->v->criteria[i].counts && !skipped[b->criteria[i].task] &&
			(!sc->primary ||
				!strcmp(sc->primary, sc->v->criteria[i].task))) {
			g.criteria[g.parts] = b->criteria[i];
			g.part[g.parts++] = i;
		}
	return g;
}

int score_job(const struct scorer *sc, const struct score_base *b, int64_t job,
	int epochs_done, struct err *e)
{
	struct arena a = { 0 };
	bool skipped[TASKS_MAX] = { false };
	struct gather g;
	int64_t after = 0;
	int rc;

	ASSERT(b->ready);
	rc = store_int(
		sc->s, STMT_SCORE_LAST, ARGS(INT(sc->sweep), INT(job)), 0, &after, e);
	if (!rc && sc->spec->select.skip_zero)
		rc = find_skipped(sc, job, skipped, e);
	g = gather_begin(sc, b, skipped, &a);
	if (!rc && after < epochs_done) {
		crash_point("score.before");
		rc = put_scores(sc, b, job, (int)after, &g, e);
		crash_point("score.after");
	}
	arena_release(&a);
	return rc;
}

int score_latest(const struct scorer *sc, const struct score_base *b, int64_t job,
	int epoch, double *delta_m, struct err *e)
{
	struct arena a = { 0 };
	bool skipped[TASKS_MAX] = { false };
	struct gather g;
	int rc = OK;

	if (sc->spec->select.skip_zero)
		rc = find_skipped(sc, job, skipped, e);
	g = gather_begin(sc, b, skipped, &a);
	for (int i = 0; !rc && i < sc->v->ncriteria; i++) {
		const struct spec_criterion *c = &sc->v->criteria[i];

		rc = store_real(sc->s, STMT_SCORE_METRIC,
			ARGS(INT(job), INT(epoch), TEXT("val"), TEXT(c->task),
				TEXT(c->metric->name)),
			(double)NAN, &g.value[i], e);
		g.have += !isnan(g.value[i]);
	}
	*delta_m = (double)NAN;
	if (!rc && g.have == sc->v->ncriteria && compute(sc, b, &g, delta_m, NULL))
		*delta_m = (double)NAN;
	arena_release(&a);
	return rc;
}
