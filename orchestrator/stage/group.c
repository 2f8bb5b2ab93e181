#include "orchestrator/stage/group.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
#include "orchestrator/stage/score.h"

/* Members. */

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

/* Members of one configuration are neighbours: the index behind those from i on. */
static int next_config(const struct group *g, int i)
{
	int config = g->members[i].row.config;

	while (i < g->n && g->members[i].row.config == config)
		i++;
	return i;
}

/* Whether one of the members from..to is stopped: then the configuration is. */
static bool is_stopped(const struct group *g, int from, int to)
{
	bool stopped = false;

	for (int i = from; i < to; i++)
		stopped |= g->members[i].row.state == MEMBER_STOPPED;
	return stopped;
}

int group_survivors(const struct group *g)
{
	int n = 0;

	for (int i = 0, end; i < g->n; i = end) {
		end = next_config(g, i);
		n += !is_stopped(g, i, end);
	}
	return n;
}

/* A group while its figures are read. */
struct reading {
	const struct group *g;
	struct decide_group *out;
	const struct member **member; /* (units, runs) whose figures those are */
	int runs;
	XXH3_state_t *digest; /* every figure that is read goes through it */
};

static void digest_figure(struct reading *r, const struct member *m, const char *what,
	int epoch, double v)
{
	char line[256];
	int n = snprintf(line, sizeof(line), "%s %s %d %.17g\n", m->job.identity, what,
		epoch, v);

	XXH3_128bits_update(r->digest, line, (size_t)n);
}

/*
 * What Δm averages over, where the sweep file says it. Digests of the others stay what
 * they were: their criteria follow from the data set, which is in every identity.
 */
static void digest_criteria(struct reading *r)
{
	const struct spec_variant *v = r->g->v;

	if (!r->g->spec->select.criteria && !r->g->spec->trainer)
		return;
	for (int i = 0; i < v->ncriteria; i++) {
		const char *word =
			v->criteria[i].metric->higher ? " higher\n" : " lower\n";

		if (!v->criteria[i].counts)
			continue;
		XXH3_128bits_update(
			r->digest, v->criteria[i].text, strlen(v->criteria[i].text));
		XXH3_128bits_update(r->digest, word, strlen(word));
	}
}

static void digest_end(struct reading *r)
{
	XXH128_hash_t h = XXH3_128bits_digest(r->digest);

	snprintf(r->out->digest, sizeof(r->out->digest), "%016llx%016llx",
		(unsigned long long)h.high64, (unsigned long long)h.low64);
	XXH3_freeState(r->digest);
}

static double *row_of(const struct reading *r, int run)
{
	return r->out->figure + (size_t)run * (size_t)r->out->columns;
}

/* Adds a configuration: members from..to, by stage and then seed, are its runs. */
static void add_config(struct reading *r, int from, int to)
{
	const struct group *g = r->g;
	struct decide_config *c = &r->out->config[r->out->n++];
	int point = g->members[from].row.config;

	*c = (struct decide_config){ .point = point,
		.lr = grid_index(g->grid, point, 0),
		.first = r->runs,
		.runs = (to - from) / g->units };
	for (int i = from; i < to; i++) {
		const struct member *m = &g->members[i];
		int run = c->first + (i - from) % c->runs;

		r->member[(i - from) / c->runs * g->n + run] = m;
		c->incumbent |= m->job.id == g->incumbent;
		r->out->run[run].diverged |= m->row.state == MEMBER_DIVERGED;
	}
	r->runs += c->runs;
}

/* Who competes, still without figures. */
static void add_configs(struct reading *r, struct arena *a)
{
	const struct group *g = r->g;
	struct decide_group *out = r->out;

	out->config = NEW_ARRAY(a, struct decide_config, g->n);
	out->run = NEW_ARRAY(a, struct decide_run, g->n);
	r->member = NEW_ARRAY(a, const struct member *, g->units * g->n);
	for (int i = 0, end; i < g->n; i = end) {
		end = next_config(g, i);
		out->tried++;
		if (!is_stopped(g, i, end))
			add_config(r, i, end);
	}
}

/* The rungs. */

int group_scores(const struct group *g, const struct member *m, int from, int to,
	double *row, struct err *e)
{
	struct rows rows = rows_open(g->s, STMT_SCORE_WINDOW,
		ARGS(INT(g->sweep), INT(m->job.id), INT(from), INT(to)), e);

	for (int epoch = from; epoch <= to; epoch++)
		row[epoch - from] = HUGE_VAL;
	while (rows_next(&rows)) {
		int epoch = rows_int(&rows);

		row[epoch - from] = rows_real(&rows);
	}
	return rows_close(&rows);
}

static int read_window(struct reading *r, struct err *e)
{
	int window = r->out->columns;
	int from = r->out->epoch - window + 1;
	int rc = OK;

	for (int k = 0; !rc && k < r->runs; k++) {
		double *row = row_of(r, k);
		bool whole = true;

		rc = group_scores(r->g, r->member[k], from, r->out->epoch, row, e);
		for (int w = 0; w < window; w++) {
			whole &= isfinite(row[w]) != 0;
			if (isfinite(row[w]))
				digest_figure(
					r, r->member[k], "delta_m", from + w, row[w]);
		}
		/*
		 * A run that diverged before the rung is last in all epochs, however it
		 * began.
		 */
		for (int w = 0; !whole && w < window; w++)
			row[w] = HUGE_VAL;
	}
	return rc;
}

/* Methods. */

static int passes_requirements(
	const struct group *g, int64_t job, int epoch, bool *passes, struct err *e)
{
	*passes = true;
	for (int i = 0; i < g->v->ncriteria; i++) {
		const struct spec_criterion *c = &g->v->criteria[i];
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

static int read_best(struct reading *r, int run, struct err *e)
{
	const struct member *m = r->member[run];
	double *figure = row_of(r, run);
	bool passes;
	int epoch = 0;
	int rc;

	*figure = HUGE_VAL;
	if (m->row.state == MEMBER_DIVERGED) {
		digest_figure(r, m, "diverged", m->job.epochs_done, 0);
		return OK;
	}
	rc = score_best(r->g->s, r->g->sweep, m->job.id, &epoch, figure, e);
	if (rc || epoch == 0)
		return rc;
	digest_figure(r, m, "delta_m", epoch, *figure);
	rc = passes_requirements(r->g, m->job.id, epoch, &passes, e);
	r->out->run[run].refused = !rc && !passes;
	return rc;
}

static int read_method(struct reading *r, struct err *e)
{
	int rc = OK;

	for (int k = 0; !rc && k < r->runs; k++)
		rc = read_best(r, k, e);
	return rc;
}

/* Baselines. */

/* Which of the group's stages trains the criterion's task; -1: none. */
static int unit_of(const struct group *g, const struct spec_criterion *c)
{
	for (int u = 0; u < g->units; u++)
		if (!strcmp(c->task, g->v->tasks[g->task + u].name))
			return u;
	return -1;
}

/*
 * A baseline is chosen by what makes Δm. Where nothing of its task does, tables show its
 * figures all the same, and all of them choose.
 */
static bool chooses(const struct group *g, const struct spec_criterion *c)
{
	bool any = false;

	for (int i = 0; i < g->v->ncriteria; i++)
		any |= g->v->criteria[i].counts &&
			!strcmp(g->v->criteria[i].task, c->task);
	return c->counts || !any;
}

static int read_criterion(struct reading *r, const struct spec_criterion *c, int unit,
	int column, struct err *e)
{
	int rc = OK;

	for (int k = 0; !rc && k < r->runs; k++) {
		const struct member *m = r->member[unit * r->g->n + k];
		double *x = &row_of(r, k)[column];
		int epoch = 0;

		*x = HUGE_VAL;
		if (m->row.state != MEMBER_DIVERGED)
			rc = score_best_loss(r->g->s, m->job.id, c->task, &epoch, e);
		if (!rc && epoch)
			rc = score_metric(r->g->s, m->job.id, epoch, "val", c, x, e);
		digest_figure(r, m, c->text, epoch, isfinite(*x) ? *x : 0);
	}
	return rc;
}

static int read_baseline(struct reading *r, struct err *e)
{
	const struct spec_variant *v = r->g->v;
	int column = 0;
	int rc = OK;

	for (int i = 0; !rc && i < v->ncriteria; i++) {
		int unit = unit_of(r->g, &v->criteria[i]);

		if (unit >= 0 && chooses(r->g, &v->criteria[i]))
			rc = read_criterion(r, &v->criteria[i], unit, column++, e);
	}
	return rc;
}

/* The columns of a baseline: the criteria of its tasks. */
static void add_criteria(struct reading *r, struct arena *a)
{
	const struct spec_variant *v = r->g->v;
	bool *higher = NEW_ARRAY(a, bool, v->ncriteria);

	for (int i = 0; i < v->ncriteria; i++)
		if (unit_of(r->g, &v->criteria[i]) >= 0 &&
			chooses(r->g, &v->criteria[i]))
			higher[r->out->columns++] = v->criteria[i].metric->higher;
	r->out->higher = higher;
}

int group_figures(const struct group *g, int epoch, struct decide_group *out,
	struct arena *a, struct err *e)
{
	struct reading r = { .g = g, .out = out, .digest = XXH3_createState() };
	bool rung = epoch < g->v->epochs;
	int rc;

	ASSERT(r.digest);
	XXH3_128bits_reset(r.digest);
	*out = (struct decide_group){ .plan = prune_plan_of(g->spec, g->v),
		.epoch = epoch };
	digest_criteria(&r);
	add_configs(&r, a);
	if (rung)
		out->columns = prune_window(&out->plan, epoch);
	else if (g->task < 0)
		out->columns = 1;
	else
		add_criteria(&r, a);
	out->figure = NEW_ARRAY(a, double, (size_t)r.runs *(size_t)out->columns);
	rc = rung             ? read_window(&r, e)
		: g->task < 0 ? read_method(&r, e)
			      : read_baseline(&r, e);
	digest_end(&r);
	return rc;
}
