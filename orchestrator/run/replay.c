#include "orchestrator/run/replay.h"

#include <math.h>
#include <string.h>
#include "orchestrator/run/lane.h"
#include "orchestrator/plan/prune.h"
#include "orchestrator/run/select.h"

/* Loading. */

static int load_curve(
	const struct group *g, const struct member *m, double *delta_m, struct err *e)
{
	struct rows rows;
	int rc = rows_open(&rows, g->s, STMT_SCORE_WINDOW,
		ARGS(INT(g->sweep), INT(m->job.id), INT(1), INT(g->v->epochs)), e);

	for (int i = 0; i < g->v->epochs; i++)
		delta_m[i] = HUGE_VAL;
	while (!rc && (rc = rows_next(&rows, e)) > 0) {
		delta_m[rows_int(&rows, 0) - 1] = rows_real(&rows, 1);
		rc = OK;
	}
	rows_close(&rows);
	return rc;
}

/* Members come by configuration, then seed: seed k of each is its k-th member. */
static int load_members(
	const struct group *g, struct race *x, struct arena *a, struct err *e)
{
	int rc = OK;

	x->n = g->n / x->seeds;
	x->lr = NEW_ARRAY(a, int, x->n);
	x->ended = NEW_ARRAY(a, int, g->n);
	x->figure = NEW_ARRAY(a, double, g->n);
	x->delta_m = NEW_ARRAY(a, double, (size_t)g->n *(size_t)g->v->epochs);
	for (int i = 0; !rc && i < g->n; i++) {
		const struct member *m = &g->members[i];
		int config = i / x->seeds;
		int at = i % x->seeds * x->n + config;

		if (m->row.state != MEMBER_DONE && m->row.state != MEMBER_DIVERGED)
			return err_set(e, ERR_USAGE,
				"not every configuration of %s was trained to its end: "
				"`deltam audit` does that in a second database, which "
				"then answers",
				x->label);
		x->lr[config] = grid_index(g->grid, m->row.config, 0);
		x->ended[at] = m->job.epochs_done;
		rc = select_figure(g, m, &x->figure[at], e);
		if (!rc)
			rc = load_curve(g, m,
				x->delta_m + (size_t)at * (size_t)g->v->epochs, e);
	}
	return rc;
}

static int load_race(struct stage_ctx *c, const struct lane *l, struct races *out,
	struct arena *a, struct err *e)
{
	struct race *x = &out->item[out->n++];
	struct grid grid = plan_tune(c->spec, lane_variant(c, l), l->entry, a);
	int64_t stage = lane_stage_id(c, l, 0, PHASE_TUNE);
	struct group g = { c->s, c->spec, c->sweep, lane_variant(c, l), &grid,
		l->entry->primary, -1, 1, &stage, NULL, 0 };
	int rc;

	*x = (struct race){ .v = lane_variant(c, l),
		.label = l->entry->label,
		.seeds = c->spec->search.seeds };
	rc = group_load(&g, a, e);
	if (!rc)
		rc = load_members(&g, x, a, e);
	for (int i = 0; !rc && i < g.n; i++)
		out->fixed -= x->ended[i];
	return rc;
}

static int load_all(
	struct stage_ctx *c, struct races *out, struct arena *a, struct err *e)
{
	int rc = store_int(
		c->s, STMT_AUDIT_EPOCHS, ARGS(INT(c->sweep)), 0, &out->fixed, e);

	out->seeds = c->spec->search.seeds;
	out->item = NEW_ARRAY(a, struct race, c->nlanes);
	for (int i = 0; !rc && i < c->nlanes; i++) {
		const struct lane *l = &c->lanes[i];

		if (l->task < 0 && plan_searches(c->spec, lane_variant(c, l)) &&
			!lane_pinned_to(c, l))
			rc = load_race(c, l, out, a, e);
	}
	if (!rc && !out->n)
		return err_set(e, ERR_USAGE,
			"a sweep that searches nothing has nothing "
			"that a rule could stop");
	return rc;
}

int races_load(
	struct reader *r, const struct spec *spec, struct races *out, struct err *e)
{
	struct stage_ctx c;
	int rc;

	*out = (struct races){ 0 };
	if (strcmp(r->sweep.state, "done") != 0)
		return err_set(e, ERR_USAGE,
			"sweep %s has not finished; `deltam run` goes on with it",
			r->sweep.name);
	stage_init(&c, &r->s, spec, r->sweep.id, false);
	rc = load_all(&c, out, &r->arena, e);
	stage_release(&c);
	return rc;
}

/* Replaying. */

/* The lowest figure among those not stopped, the first on ties; -1: none reached one. */
static int choose(const struct race *x, const double *figure, const bool *stopped)
{
	int best = -1;

	for (int i = 0; i < x->n; i++)
		if (!(stopped && stopped[i]) && isfinite(figure[i]) &&
			(best < 0 || figure[i] < figure[best]))
			best = i;
	return best;
}

static double worth(const struct race *x, int seed, int chosen, int best)
{
	double sum = 0;

	for (int s = 0; s < x->seeds; s++)
		if (s != seed)
			sum += x->figure[s * x->n + chosen] -
				x->figure[s * x->n + best];
	return x->seeds > 1 ? sum / (x->seeds - 1) : (double)NAN;
}

struct replayed race_replay(const struct race *x, const struct prune_plan *p, int seed)
{
	const int *ended = x->ended + seed * x->n;
	const double *figure = x->figure + seed * x->n;
	struct arena a = { 0 };
	int *trained = NEW_ARRAY(&a, int, x->n);
	bool *stopped = NEW_ARRAY(&a, bool, x->n);
	struct replayed r = { .regret = (double)NAN, .worth = (double)NAN };
	int chosen;
	int best = choose(x, figure, NULL);

	prune_replay(p, x->n, x->lr,
		x->delta_m + (size_t)seed * (size_t)x->n * (size_t)p->epochs, ended,
		trained, stopped);
	for (int i = 0; i < x->n; i++) {
		r.all += ended[i];
		r.trained += trained[i];
	}
	chosen = choose(x, figure, stopped);
	if (chosen >= 0) {
		r.regret = figure[chosen] - figure[best];
		r.worth = worth(x, seed, chosen, best);
	}
	arena_release(&a);
	return r;
}

static double mean_of(const struct race *x, int config)
{
	double sum = 0;

	for (int s = 0; s < x->seeds; s++)
		sum += x->figure[s * x->n + config];
	return sum / x->seeds;
}

double race_noise(const struct race *x, double within)
{
	struct arena a = { 0 };
	int *near = NEW_ARRAY(&a, int, x->n);
	double *shift = NEW_ARRAY(&a, double, x->seeds); /* of a seed, all together */
	double best = HUGE_VAL;
	double sum = 0;
	int n = 0;

	for (int i = 0; i < x->n; i++)
		best = fmin(best, mean_of(x, i));
	for (int i = 0; i < x->n; i++)
		if (mean_of(x, i) <= best + within)
			near[n++] = i;
	for (int s = 0; s < x->seeds; s++)
		for (int k = 0; k < n; k++)
			shift[s] +=
				(x->figure[s * x->n + near[k]] - mean_of(x, near[k])) /
				n;
	for (int s = 0; s < x->seeds; s++)
		for (int k = 0; k < n; k++)
			sum += pow(x->figure[s * x->n + near[k]] - mean_of(x, near[k]) -
					shift[s],
				2);
	arena_release(&a);
	n = (n - 1) * (x->seeds - 1);
	return n > 0 ? sqrt(sum / n) : (double)NAN;
}
