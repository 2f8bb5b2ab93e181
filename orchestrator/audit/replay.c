#include "orchestrator/audit/replay.h"

#include <math.h>
#include <string.h>
#include "orchestrator/stage/group.h"
#include "orchestrator/stage/lane.h"

/* Loading. */

static int all_ended(const struct group *g, const struct replay_race *x, struct err *e)
{
	for (int i = 0; i < g->n; i++) {
		enum member_state state = g->members[i].row.state;

		if (state != MEMBER_DONE && state != MEMBER_DIVERGED)
			return err_set(e, ERR_USAGE,
				"not every configuration of %s was trained to its end: "
				"`deltam audit` does that in a second database, which "
				"then answers",
				x->label);
	}
	return OK;
}

/* Runs come by configuration, then seed; a race has them by seed, then configuration. */
static int load_runs(
	const struct group *g, struct replay_race *x, struct arena *a, struct err *e)
{
	struct decide_group end;
	int rc = group_figures(g, g->v->epochs, &end, a, e);

	if (rc)
		return rc;
	x->n = end.n;
	x->lr = NEW_ARRAY(a, int, x->n);
	x->ended = NEW_ARRAY(a, int, g->n);
	x->figure = NEW_ARRAY(a, double, g->n);
	x->delta_m = NEW_ARRAY(a, double, (size_t)g->n *(size_t)g->v->epochs);
	for (int i = 0; !rc && i < g->n; i++) {
		int config = i / x->seeds;
		int at = i % x->seeds * x->n + config;

		x->lr[config] = end.config[config].lr;
		x->figure[at] = end.run[i].refused ? HUGE_VAL : end.figure[i];
		x->ended[at] = g->members[i].job.epochs_done;
		rc = group_scores(g, &g->members[i], 1, g->v->epochs,
			x->delta_m + (size_t)at * (size_t)g->v->epochs, e);
	}
	return rc;
}

static int load_race(struct stage_ctx *c, const struct lane *l,
	struct replay_races *out, struct arena *a, struct err *e)
{
	struct replay_race *x = &out->item[out->n++];
	struct plan_grid grid = plan_tune(c->spec, lane_variant(c, l), l->entry, a);
	int64_t stage = lane_stage_id(c, l, 0, PHASE_TUNE);
	struct group g = { c->s, c->spec, c->sweep, lane_variant(c, l), &grid,
		l->entry->primary, -1, 1, &stage, -1, NULL, 0 };
	int rc;

	*x = (struct replay_race){ .v = lane_variant(c, l),
		.label = l->entry->label,
		.seeds = c->spec->search.seeds.n };
	rc = group_load(&g, a, e);
	if (!rc)
		rc = all_ended(&g, x, e);
	if (!rc)
		rc = load_runs(&g, x, a, e);
	for (int i = 0; !rc && i < g.n; i++)
		out->fixed -= x->ended[i];
	return rc;
}

static int load_all(
	struct stage_ctx *c, struct replay_races *out, struct arena *a, struct err *e)
{
	int rc = store_int(
		c->s, STMT_AUDIT_EPOCHS, ARGS(INT(c->sweep)), 0, &out->fixed, e);

	out->seeds = c->spec->search.seeds.n;
	out->item = NEW_ARRAY(a, struct replay_race, c->nlanes);
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

int replay_load(struct report_reader *r, const struct spec *spec,
	struct replay_races *out, struct err *e)
{
	struct resolved resolved;
	struct stage_ctx c;
	int rc;

	*out = (struct replay_races){ 0 };
	if (strcmp(r->sweep.state, "done") != 0)
		return err_set(e, ERR_USAGE,
			"sweep %s has not finished; `deltam run` goes on with it",
			r->sweep.name);
	resolve_begin(spec, &resolved, &r->arena); /* what is trained needs no data */
	stage_init(&c, &r->s, &resolved, r->sweep.id, false);
	rc = load_all(&c, out, &r->arena, e);
	stage_release(&c);
	return rc;
}

/* Replaying. */

/* One seed's group at `epoch`: what the scheduler would load of those not stopped. */
static struct decide_group group_at(const struct replay_race *x,
	const struct prune_plan *p, int seed, int epoch, const bool *stopped,
	struct arena *a)
{
	bool rung = epoch < p->epochs;
	int columns = rung ? prune_window(p, epoch) : 1;
	struct decide_group g = { .plan = *p,
		.epoch = epoch,
		.tried = x->n,
		.config = NEW_ARRAY(a, struct decide_config, x->n),
		.run = NEW_ARRAY(a, struct decide_run, x->n),
		.columns = columns,
		.figure = NEW_ARRAY(a, double, (size_t)x->n *(size_t)columns) };

	for (int i = 0; i < x->n; i++) {
		int at = seed * x->n + i;
		const double *curve = x->delta_m + (size_t)at * (size_t)p->epochs;
		double *row = g.figure + (size_t)g.n * (size_t)columns;

		if (stopped[i])
			continue;
		for (int w = 0; w < columns; w++)
			row[w] = !rung                  ? x->figure[at]
				: x->ended[at] >= epoch ? curve[epoch - columns + w]
							: HUGE_VAL;
		g.config[g.n] = (struct decide_config){
			.point = i, .lr = x->lr[i], .first = g.n, .runs = 1
		};
		g.n++;
	}
	return g;
}

/* Who is chosen at `epoch`, -1: nobody; those that stop there join *stopped. */
static int decide_at(const struct replay_race *x, const struct prune_plan *p, int seed,
	int epoch, bool *stopped)
{
	struct arena a = { 0 };
	struct decide_group g = group_at(x, p, seed, epoch, stopped, &a);
	struct decision d = decide(&g, &a);
	int chosen = d.best < 0 ? -1 : g.config[d.best].point;

	for (int i = 0; i < g.n; i++) {
		int point = g.config[i].point;

		/* Nothing is left to stop of what diverged before. */
		stopped[point] = d.of[i].stop && x->ended[seed * x->n + point] >= epoch;
	}
	arena_release(&a);
	return chosen;
}

int replay_seed(const struct replay_race *x, const struct prune_plan *p, int seed,
	int *trained, bool *stopped)
{
	const int *ended = x->ended + seed * x->n;
	int left = x->n;
	int chosen = -1;

	memset(stopped, 0, (size_t)x->n * sizeof(*stopped));
	for (int epoch = 0; epoch < p->epochs;) {
		epoch = prune_next(p, epoch, left);
		for (int i = 0; i < x->n; i++)
			if (!stopped[i])
				trained[i] = ended[i] < epoch ? ended[i] : epoch;
		chosen = decide_at(x, p, seed, epoch, stopped);
		left = 0;
		for (int i = 0; i < x->n; i++)
			left += !stopped[i];
	}
	return chosen;
}

static double worth(const struct replay_race *x, int seed, int chosen, int best)
{
	double sum = 0;

	for (int s = 0; s < x->seeds; s++)
		if (s != seed)
			sum += x->figure[s * x->n + chosen] -
				x->figure[s * x->n + best];
	return x->seeds > 1 ? sum / (x->seeds - 1) : (double)NAN;
}

struct replay_result replay_rule(
	const struct replay_race *x, const struct prune_plan *p, int seed)
{
	const int *ended = x->ended + seed * x->n;
	const double *figure = x->figure + seed * x->n;
	struct arena a = { 0 };
	int *trained = NEW_ARRAY(&a, int, x->n);
	bool *stopped = NEW_ARRAY(&a, bool, x->n);
	struct replay_result r = { .regret = (double)NAN, .worth = (double)NAN };
	int best = decide_at(x, p, seed, p->epochs, stopped);
	int chosen = replay_seed(x, p, seed, trained, stopped);

	for (int i = 0; i < x->n; i++) {
		r.all += ended[i];
		r.trained += trained[i];
	}
	if (chosen >= 0) {
		r.regret = figure[chosen] - figure[best];
		r.worth = worth(x, seed, chosen, best);
	}
	arena_release(&a);
	return r;
}

static double mean_of(const struct replay_race *x, int config)
{
	double sum = 0;

	for (int s = 0; s < x->seeds; s++)
		sum += x->figure[s * x->n + config];
	return sum / x->seeds;
}

double replay_noise(const struct replay_race *x, double within)
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
