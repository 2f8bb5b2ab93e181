#include "orchestrator/run/select.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
#include "orchestrator/plan/prune.h"
#include "orchestrator/run/score.h"

/* Everything a decision reads goes through one of these. */
struct digest {
	XXH3_state_t *state;
};

static struct digest digest_begin(void)
{
	struct digest d = { XXH3_createState() };

	ASSERT(d.state);
	XXH3_128bits_reset(d.state);
	return d;
}

static void digest_figure(
	struct digest *d, const char *identity, const char *what, int epoch, double v)
{
	char line[256];
	int n = snprintf(
		line, sizeof(line), "%s %s %d %.17g\n", identity, what, epoch, v);

	XXH3_128bits_update(d->state, line, (size_t)n);
}

static void digest_end(struct digest *d, char hex[33])
{
	XXH128_hash_t h = XXH3_128bits_digest(d->state);

	snprintf(hex, 33, "%016llx%016llx", (unsigned long long)h.high64,
		(unsigned long long)h.low64);
	XXH3_freeState(d->state);
}

static int by_config(const void *a, const void *b)
{
	const struct member *x = a;
	const struct member *y = b;

	if (x->row.config != y->row.config)
		return x->row.config < y->row.config ? -1 : 1;
	if (x->row.stage != y->row.stage)
		return x->row.stage < y->row.stage ? -1 : 1;
	return (x->job.seed > y->job.seed) - (x->job.seed < y->job.seed);
}

int group_load(struct group *g, struct arena *a, struct err *e)
{
	struct member *part[TASKS_MAX];
	int count[TASKS_MAX];
	int at = 0;
	int rc = OK;

	g->n = 0;
	for (int u = 0; !rc && u < g->units; u++) {
		rc = store_member_of_stage(
			g->s, g->stages[u], a, &part[u], &count[u], e);
		g->n += rc ? 0 : count[u];
	}
	if (rc)
		return rc;
	g->members = NEW_ARRAY(a, struct member, g->n);
	for (int u = 0; u < g->units; at += count[u++])
		if (count[u])
			memcpy(g->members + at, part[u],
				(size_t)count[u] * sizeof(*part[u]));
	qsort(g->members, (size_t)g->n, sizeof(*g->members), by_config);
	return OK;
}

int group_next(const struct group *g, int i)
{
	int config = g->members[i].row.config;

	while (i < g->n && g->members[i].row.config == config)
		i++;
	return i;
}

static bool any_state(const struct group *g, int from, int to, enum member_state state)
{
	for (int i = from; i < to; i++)
		if (g->members[i].row.state == state)
			return true;
	return false;
}

/* "lr 0.001, wd 0, T 5": the axes of a configuration that have more than one value. */
static void describe(const struct group *g, int config, struct str *out)
{
	const char *sep = "";

	for (int k = 0; k < g->grid->naxes; k++) {
		const struct axis *axis = &g->grid->axes[k];

		if (axis->count < 2)
			continue;
		str_printf(out, "%s%s %s", sep, axis->name,
			axis->text[grid_index(g->grid, config, k)]);
		sep = ", ";
	}
	if (!*sep)
		str_put(out, "the only configuration");
}

/* Methods. */

static int passes_requirements(
	const struct group *g, int64_t job, int epoch, bool *passes, struct err *e)
{
	*passes = true;
	for (int i = 0; i < g->v->ncriteria; i++) {
		const struct criterion *c = &g->v->criteria[i];
		double value;
		int rc;

		if (c->min == -HUGE_VAL && c->max == HUGE_VAL)
			continue;
		if (g->primary && strcmp(g->primary, c->task) != 0)
			continue;
		rc = score_metric(g->s, job, epoch, "val", c, &value, e);
		if (rc)
			return rc;
		*passes &= value >= c->min && value <= c->max;
	}
	return OK;
}

/* INFINITY for a run that is last. */
static int method_figure(const struct group *g, const struct member *m,
	struct digest *d, double *figure, struct err *e)
{
	bool passes;
	int epoch = 0;
	int rc;

	*figure = HUGE_VAL;
	if (m->row.state == MEMBER_DIVERGED) {
		digest_figure(d, m->job.identity, "diverged", m->job.epochs_done, 0);
		return OK;
	}
	rc = score_best(g->s, g->sweep, m->job.id, &epoch, figure, e);
	if (rc || epoch == 0)
		return rc;
	digest_figure(d, m->job.identity, "delta_m", epoch, *figure);
	rc = passes_requirements(g, m->job.id, epoch, &passes, e);
	if (!rc && !passes)
		*figure = HUGE_VAL;
	return rc;
}

int select_figure(
	const struct group *g, const struct member *m, double *figure, struct err *e)
{
	struct digest d = digest_begin();
	char hex[33];
	int rc = method_figure(g, m, &d, figure, e);

	digest_end(&d, hex);
	return rc;
}

/* figure[c] of each configuration that goes on: the mean over its seeds. */
static int method_figures(
	const struct group *g, struct digest *d, double *figure, struct err *e)
{
	int rc = OK;

	for (int i = 0, end; !rc && i < g->n; i = end) {
		double sum = 0;

		end = group_next(g, i);
		/* out of it: another sweep may have trained it further, or not */
		if (any_state(g, i, end, MEMBER_STOPPED)) {
			figure[g->members[i].row.config] = HUGE_VAL;
			continue;
		}
		for (int k = i; !rc && k < end; k++) {
			double x;

			rc = method_figure(g, &g->members[k], d, &x, e);
			sum += x;
		}
		figure[g->members[i].row.config] = sum / (end - i);
	}
	return rc;
}

/* Baselines. */

static double signed_gap(const struct criterion *c, double value, double best)
{
	double worse = c->metric->higher ? best - value : value - best;

	return best != 0 ? 100 * worse / fabs(best) : worse;
}

/*
 * Criterion i of every configuration, mean over seeds: value[config], INFINITY where a
 * run diverged. best: of all of them.
 */
static int baseline_values(const struct group *g, const struct criterion *c,
	int64_t stage, struct digest *d, double *value, double *best, struct err *e)
{
	double sign = c->metric->higher ? -1 : 1;
	int rc = OK;

	*best = HUGE_VAL;
	for (int i = 0, end; !rc && i < g->n; i = end) {
		double sum = 0;
		int seeds = 0;

		end = group_next(g, i);
		for (int k = i; !rc && k < end; k++) {
			const struct member *m = &g->members[k];
			double x = HUGE_VAL;
			int epoch = 0;

			if (m->row.stage != stage)
				continue;
			if (m->row.state != MEMBER_DIVERGED)
				rc = score_best_loss(
					g->s, m->job.id, c->task, &epoch, e);
			if (!rc && epoch)
				rc = score_metric(
					g->s, m->job.id, epoch, "val", c, &x, e);
			digest_figure(d, m->job.identity, c->text, epoch,
				isfinite(x) ? x : 0);
			sum += x;
			seeds++;
		}
		value[g->members[i].row.config] = sum / seeds;
		if (sign * value[g->members[i].row.config] < *best && isfinite(sum))
			*best = sign * value[g->members[i].row.config];
	}
	*best *= sign;
	return rc;
}

static int baseline_figures(const struct group *g, struct digest *d, struct arena *a,
	double *figure, struct err *e)
{
	double *value = NEW_ARRAY(a, double, g->grid->count);
	int criteria = 0;
	int rc = OK;

	for (int c = 0; c < g->grid->count; c++)
		figure[c] = 0;
	for (int i = 0; !rc && i < g->v->ncriteria; i++) {
		const struct criterion *c = &g->v->criteria[i];
		double best;

		for (int u = 0; !rc && u < g->units; u++) {
			if (strcmp(c->task, g->v->tasks[g->task + u].name) != 0)
				continue;
			rc = baseline_values(g, c, g->stages[u], d, value, &best, e);
			for (int k = 0; !rc && k < g->grid->count; k++)
				figure[k] += isfinite(value[k])
					? signed_gap(c, value[k], best)
					: HUGE_VAL;
			criteria++;
		}
	}
	for (int k = 0; k < g->grid->count; k++)
		figure[k] /= criteria ? criteria : 1;
	return rc;
}

/* The winner. */

struct ranking {
	int best, second; /* configurations; -1: none */
	int tried, stopped, diverged;
};

static struct ranking rank(const struct group *g, const double *figure)
{
	struct ranking r = { .best = -1, .second = -1 };

	for (int i = 0, end; i < g->n; i = end) {
		int config = g->members[i].row.config;

		end = group_next(g, i);
		r.tried++;
		if (any_state(g, i, end, MEMBER_STOPPED)) {
			r.stopped++;
			continue;
		}
		r.diverged += any_state(g, i, end, MEMBER_DIVERGED);
		if (!isfinite(figure[config]))
			continue;
		if (r.best < 0 || figure[config] < figure[r.best]) {
			r.second = r.best;
			r.best = config;
		} else if (r.second < 0 || figure[config] < figure[r.second]) {
			r.second = config;
		}
	}
	return r;
}

static const char *winner_reason(const struct group *g, const struct ranking *r,
	const double *figure, struct arena *a)
{
	struct str out = { .arena = a };

	if (r->best < 0) {
		str_printf(&out, "none of %d configurations reached a valid result",
			r->tried);
		return str_get(&out);
	}
	describe(g, r->best, &out);
	str_printf(&out, ": %s %.4g",
		g->task < 0 ? "mean lowest validation delta_m"
			    : "mean gap to the best seen",
		figure[r->best]);
	if (r->second >= 0) {
		str_printf(&out, "; next %.4g (", figure[r->second]);
		describe(g, r->second, &out);
		str_put(&out, ")");
	}
	str_printf(&out, "; of %d configurations, %d stopped, %d diverged", r->tried,
		r->stopped, r->diverged);
	return str_get(&out);
}

int select_winner(const struct group *g, struct arena *a, int *config,
	const char **reason, struct err *e)
{
	struct digest d = digest_begin();
	double *figure = NEW_ARRAY(a, double, g->grid->count);
	char hex[33];
	struct ranking r;
	int rc = g->task < 0 ? method_figures(g, &d, figure, e)
			     : baseline_figures(g, &d, a, figure, e);

	digest_end(&d, hex);
	if (rc)
		return rc;
	r = rank(g, figure);
	*config = r.best;
	*reason = winner_reason(g, &r, figure, a);
	for (int u = 0; !rc && u < g->units; u++)
		rc = store_decision_put(g->s,
			&(struct decision_row){ g->stages[u], g->sweep, "select",
				g->task < 0 ? "delta_m" : "gap", *reason, hex,
				g->v->epochs, r.best,
				r.best < 0 ? (double)NAN : figure[r.best] },
			e);
	return rc;
}

/* The rungs. */

struct rung {
	const struct group *g;
	int epoch, window;
	int64_t incumbent;
	int *first; /* (n) index of the first member of each survivor */
	double *delta_m; /* (n, window) */
	int n;
	struct digest digest;
};

static int add_window(
	struct rung *r, const struct member *m, double *row, int seeds, struct err *e)
{
	int from = r->epoch - r->window + 1;
	struct rows rows;
	int seen = 0;
	int rc = rows_open(&rows, r->g->s, STMT_SCORE_WINDOW,
		ARGS(INT(r->g->sweep), INT(m->job.id), INT(from), INT(r->epoch)), e);

	while (!rc && (rc = rows_next(&rows, e)) > 0) {
		int epoch = (int)rows_int(&rows, 0);

		row[epoch - from] += rows_real(&rows, 1) / seeds;
		digest_figure(&r->digest, m->job.identity, "delta_m", epoch,
			rows_real(&rows, 1));
		seen++;
		rc = OK;
	}
	rows_close(&rows);
	/* it diverged before the rung: last in all of them, however it began */
	for (int w = 0; seen < r->window && w < r->window; w++)
		row[w] = HUGE_VAL;
	return rc;
}

static int add_survivor(struct rung *r, int from, int to, struct err *e)
{
	int rc = OK;

	for (int i = from; !rc && i < to; i++)
		rc = add_window(r, &r->g->members[i],
			r->delta_m + (size_t)r->n * (size_t)r->window, to - from, e);
	r->first[r->n++] = from;
	return rc;
}

static bool holds(const struct group *g, int from, int64_t job)
{
	for (int i = from; i < group_next(g, from); i++)
		if (g->members[i].job.id == job)
			return true;
	return false;
}

static int put_stop(struct rung *r, int config, const struct prune_verdict *v,
	const char *hex, struct err *e)
{
	const struct group *g = r->g;
	char reason[160];

	if (g->spec->prune.rule == PRUNE_RUNGS)
		snprintf(reason, sizeof(reason),
			"in all %d epochs up to %d above number %d of that epoch; its "
			"figure in the last was %.4g",
			r->window, r->epoch, v->mark, v->bound);
	else
		snprintf(reason, sizeof(reason), "mean of %d epochs above %.4g",
			r->window, v->bound);
	return store_decision_put(g->s,
		&(struct decision_row){ g->stages[0], g->sweep, "stop",
			prune_rule_name(g->spec->prune.rule), reason, hex, r->epoch,
			config, v->figure },
		e);
}

/* Applies the rule to the survivors; writes down who stops. */
static int decide(struct rung *r, const struct prune_plan *p, const char *hex,
	struct arena *a, bool *stop, struct err *e)
{
	const struct group *g = r->g;
	struct prune_verdict *out = NEW_ARRAY(a, struct prune_verdict, r->n);
	int *lr = NEW_ARRAY(a, int, r->n);
	int rc = OK;

	for (int i = 0; i < r->n; i++)
		lr[i] = grid_index(g->grid, g->members[r->first[i]].row.config, 0);
	prune_decide(p, r->n, r->window, lr, r->delta_m, out);
	for (int i = 0; !rc && i < r->n; i++) {
		int first = r->first[i];

		if (!out[i].stop || holds(g, first, r->incumbent))
			continue;
		for (int k = first; k < group_next(g, first); k++)
			stop[k] = true;
		rc = put_stop(r, g->members[first].row.config, &out[i], hex, e);
	}
	return rc;
}

static int stops_in_arena(const struct group *g, struct arena *a, int epoch,
	int64_t incumbent, bool *stop, struct err *e)
{
	struct prune_plan p = prune_plan_of(g->spec, g->v);
	struct rung r = { .g = g,
		.epoch = epoch,
		.window = prune_window(&p, epoch),
		.incumbent = incumbent,
		.first = NEW_ARRAY(a, int, g->n),
		.digest = digest_begin() };
	char hex[33];
	int rc = OK;

	r.delta_m = NEW_ARRAY(a, double, (size_t)g->n *(size_t)r.window);
	for (int i = 0, end; !rc && i < g->n; i = end) {
		end = group_next(g, i);
		if (!any_state(g, i, end, MEMBER_STOPPED))
			rc = add_survivor(&r, i, end, e);
	}
	digest_end(&r.digest, hex);
	return rc ? rc : decide(&r, &p, hex, a, stop, e);
}

int select_stops(
	const struct group *g, int rung, int64_t incumbent, bool *stop, struct err *e)
{
	struct arena a = { 0 };
	int rc = stops_in_arena(g, &a, rung, incumbent, stop, e);

	arena_release(&a);
	return rc;
}
