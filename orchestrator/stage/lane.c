#include "orchestrator/stage/lane.h"

#include <stdlib.h>
#include <string.h>
#include "orchestrator/plan/prune.h"
#include "orchestrator/stage/apply.h"
#include "orchestrator/stage/identify.h"
#include "orchestrator/stage/winner.h"

static const char *const phase_names[] = { "tune", "refine", "wd", "final" };

/* What a phase came to. */
enum { OPEN = 0, DECIDED = 1 };

int64_t lane_stage_id(
	const struct stage_ctx *c, const struct lane *l, int unit, enum phase ph)
{
	int task = l->task < 0 ? 0 : l->task + unit;

	ASSERT(l->variant < 1 << (BITS_SWEEP - BITS_VARIANT));
	ASSERT(l->entry->position < 1 << (BITS_VARIANT - BITS_ENTRY));
	return c->sweep << BITS_SWEEP | (int64_t)l->variant << BITS_VARIANT |
		(int64_t)l->entry->position << BITS_ENTRY | task << BITS_TASK | ph;
}

/* Memberships. */

/* What a job's row means for a membership with this target, unless a worker is at it. */
enum member_state lane_reached(const struct job_row *job, int target)
{
	if (job->epochs_done >= target)
		return target == job->epochs ? MEMBER_DONE : MEMBER_WAITING;
	switch (job->outcome) {
	case JOB_DIVERGED:
		return MEMBER_DIVERGED;
	case JOB_FAILED:
		return MEMBER_FAILED;
	default:
		return MEMBER_PENDING;
	}
}

static int state_for(struct stage_ctx *c, const struct job_row *job, int target,
	enum member_state *state, struct err *e)
{
	int64_t running = 0;
	int rc = OK;

	*state = lane_reached(job, target);
	if (*state == MEMBER_PENDING)
		rc = store_int(
			c->s, STMT_JOB_RUNNING, ARGS(INT(job->id)), 0, &running, e);
	if (running)
		*state = MEMBER_RUNNING;
	return rc;
}

/* A stage is decided: news for the caller, who tells them once they are committed. */
static void tell_stage(
	struct stage_ctx *c, const struct lane *l, enum phase ph, const char *outcome)
{
	(void)GROW(&c->arena, c->news, c->nnews, c->news_capacity);
	c->news[c->nnews++] = (struct stage_news){ (int)(l - c->lanes), phase_names[ph],
		arena_strdup(&c->arena, outcome) };
}

static int retarget(struct stage_ctx *c, struct member *m, int target, struct err *e)
{
	enum member_state state;
	int rc = state_for(c, &m->job, target, &state, e);

	if (!rc)
		rc = store_member_set(c->s, &m->row, state, target, e);
	m->row.state = state;
	m->row.target = target;
	return rc;
}

/* Where a phase pauses next behind `after`; the end where nothing of it is pruned. */
static int next_target(const struct stage_ctx *c, const struct lane *l, enum phase ph,
	int after, int configs)
{
	struct prune_plan p = prune_plan_of(c->spec, lane_variant(c, l));

	if (!c->prune || l->task >= 0 || ph == PHASE_FINAL)
		return p.epochs;
	return prune_next(&p, after, configs);
}

static const char *task_of(const struct stage_ctx *c, const struct lane *l, int unit)
{
	return l->task < 0 ? NULL : lane_variant(c, l)->tasks[l->task + unit].name;
}

/* What all jobs of the lane share. */
static const struct params *setting_of(const struct stage_ctx *c, const struct lane *l)
{
	const struct resolved_variant *v = &c->resolved->variants[l->variant];

	return l->task < 0 ? &v->base : &v->stl;
}

/* A job of a stage that is being made. */
struct planned {
	int64_t id;
	int index; /* config * seeds + seed */
};

/* What makes the jobs of one stage row. */
struct unit {
	const struct lane *lane;
	const char *task;
	const struct plan_grid *grid;
	int64_t stage;
	struct spec_seeds seeds;
	int target;
};

static struct params params_of(const struct stage_ctx *c, const struct unit *u,
	const struct planned *p, struct arena *a)
{
	return plan_job(setting_of(c, u->lane), u->lane->entry, u->task, u->grid,
		p->index / u->seeds.n, u->seeds.seed[p->index % u->seeds.n], a);
}

static int put_member(struct stage_ctx *c, const struct unit *u,
	const struct planned *p, struct arena *a, struct err *e)
{
	struct member_row row = { u->stage, p->id, c->sweep, p->index / u->seeds.n,
		u->target, MEMBER_PENDING };
	struct params ps = params_of(c, u, p, a);
	const struct method_info *method = u->lane->entry->method;
	const struct job_shown shown = { method_shown(method, "temperature"),
		method_shown(method, "weights"), method_hyper(method, &ps, a) };
	char identity[IDENTITY_MAX];
	struct job_row job;
	int rc = identify_job(
		c, lane_variant(c, u->lane), &ps, identity, &row.job, a, e);

	if (!rc)
		rc = store_job_put(c->s, p->id, identity, &ps, &shown, &job, e);
	if (!rc && job.outcome == JOB_FAILED) {
		rc = store_job_end(c->s, job.id, JOB_OPEN, NULL, e);
		job.outcome = JOB_OPEN;
	}
	if (!rc && c->reuse)
		rc = reuse_job(c->reuse, c->s, &job, u->target, e);
	if (!rc)
		rc = state_for(c, &job, u->target, &row.state, e);
	return rc ? rc : store_member_put(c->s, &row, e);
}

static int by_id(const void *a, const void *b)
{
	int64_t x = ((const struct planned *)a)->id;
	int64_t y = ((const struct planned *)b)->id;

	return (x > y) - (x < y);
}

/*
 * A phase of a sweep that --no-prune has trained to its end has nothing to save: a rung
 * would only mark as stopped what was trained further, and lose its last epochs from the
 * choice. One job that is not at its end, of an entry added since, and rungs hold again.
 */
static int leave_unpruned(struct stage_ctx *c, struct unit *u, const struct planned *p,
	int n, struct err *e)
{
	int64_t ended = c->unpruned;
	int rc = OK;

	for (int i = 0; !rc && ended && i < n; i++)
		rc = store_int(c->s, STMT_JOB_AT_END, ARGS(INT(p[i].id)), 0, &ended, e);
	if (!rc && ended)
		u->target = lane_variant(c, u->lane)->epochs;
	return rc;
}

/*
 * Every point of the grid with every seed. Rows go in by rising id, which is as good as
 * random: a hundred thousand of them then cost SQLite a walk, not a search each.
 */
static int put_members(struct stage_ctx *c, struct unit *u, struct err *e)
{
	int n = u->grid->count * u->seeds.n;
	struct arena a = { 0 };
	struct planned *p = NEW_ARRAY(&a, struct planned, n);
	struct arena scratch = { 0 };
	struct arena_mark mark;
	char identity[IDENTITY_MAX];
	int rc = OK;

	(void)arena_alloc(&scratch, 1, 1); /* a chunk that rewinding keeps */
	mark = arena_mark(&scratch);
	for (int i = 0; !rc && i < n; i++) {
		struct params ps;

		p[i].index = i;
		ps = params_of(c, u, &p[i], &scratch);
		rc = identify_job(c, lane_variant(c, u->lane), &ps, identity, &p[i].id,
			&scratch, e);
		arena_rewind(&scratch, mark);
	}
	qsort(p, (size_t)n, sizeof(*p), by_id);
	if (!rc)
		rc = leave_unpruned(c, u, p, n, e);
	for (int i = 0; !rc && i < n; i++) {
		rc = put_member(c, u, &p[i], &scratch, e);
		arena_rewind(&scratch, mark);
	}
	arena_release(&scratch);
	arena_release(&a);
	return rc;
}

/* Writes one stage row with all its members. */
static int put_unit(struct stage_ctx *c, const struct lane *l, int unit, enum phase ph,
	const struct plan_grid *g, struct err *e)
{
	bool final = ph == PHASE_FINAL;
	bool baseline = l->task >= 0;
	const char *task = task_of(c, l, unit);
	struct unit u = { .lane = l,
		.task = task,
		.grid = g,
		.stage = lane_stage_id(c, l, unit, ph),
		.seeds = c->spec->search.seeds,
		.target = next_target(c, l, ph, 0, g->count) };
	struct stage_row row = { u.stage, c->sweep, lane_variant(c, l)->label,
		l->entry->label, l->entry->method->name, task ? task : "",
		baseline ? "baseline" : phase_names[ph], phase_names[ph],
		l->entry->position, l->entry->title };
	int rc = store_stage_put(c->s, &row, e);

	if (!final && baseline)
		u.seeds.n = 1;
	if (final)
		u.seeds = baseline ? c->spec->baseline.seeds : c->spec->final_seeds;
	return rc ? rc : put_members(c, &u, e);
}

static int put_phase(struct stage_ctx *c, const struct lane *l, enum phase ph,
	const struct plan_grid *g, struct err *e)
{
	int rc = OK;

	for (int u = 0; !rc && u < l->units; u++)
		rc = put_unit(c, l, u, ph, g, e);
	return rc;
}

/* What the members say. */

struct census {
	int away; /* pending or running */
	int waiting, failed, diverged;
	int target; /* of those waiting */
};

static struct census take_census(const struct group *g)
{
	struct census n = { 0 };

	for (int i = 0; i < g->n; i++) {
		enum member_state state = g->members[i].row.state;

		n.away += state == MEMBER_PENDING || state == MEMBER_RUNNING;
		n.failed += state == MEMBER_FAILED;
		n.diverged += state == MEMBER_DIVERGED;
		n.waiting += state == MEMBER_WAITING;
		if (state == MEMBER_WAITING)
			n.target = g->members[i].row.target;
	}
	return n;
}

int lane_score(struct stage_ctx *c, const struct lane *l, const struct job_row *job,
	struct err *e)
{
	struct scorer sc = { c->s, c->spec, c->sweep, lane_variant(c, l),
		l->entry->primary };

	if (l->task >= 0)
		return OK;
	return score_job(&sc, &c->base[l->variant], job->id, job->epochs_done, e);
}

/* A stage while it is looked at. */
struct contest {
	const struct lane *lane;
	enum phase phase;
	int64_t incumbent; /* the job of refine's starting point; -1: none */
	struct arena *arena;
	struct group group;
};

static int score_members(struct stage_ctx *c, const struct contest *k, struct err *e)
{
	int rc = OK;

	for (int i = 0; !rc && i < k->group.n; i++)
		rc = lane_score(c, k->lane, &k->group.members[i].job, e);
	return rc;
}

static int set_state(struct stage_ctx *c, const struct lane *l, enum phase ph,
	enum stage_state state, struct err *e)
{
	int rc = OK;

	for (int u = 0; !rc && u < l->units; u++)
		rc = store_stage_set(c->s, lane_stage_id(c, l, u, ph), state, e);
	return rc;
}

/* A rung: some stop, the others go on to the next pause. */
static int pass_rung(struct stage_ctx *c, struct contest *k, int rung, struct err *e)
{
	struct group *g = &k->group;
	struct decide_group figures;
	struct decision d;
	int rc = group_figures(g, rung, &figures, k->arena, e);
	int target;

	if (rc)
		return rc;
	d = decide(&figures, k->arena);
	rc = apply_stops(g, &figures, &d, e);
	target = next_target(c, k->lane, k->phase, rung, group_survivors(g));
	for (int i = 0; !rc && i < g->n; i++)
		if (g->members[i].row.state == MEMBER_WAITING)
			rc = retarget(c, &g->members[i], target, e);
	return rc;
}

/* The end of a search: the winner among those that were not stopped. */
static int choose(
	const struct contest *k, int *best, const char **reason, struct err *e)
{
	const struct group *g = &k->group;
	struct decide_group figures;
	struct decision d;
	int rc = group_figures(g, g->v->epochs, &figures, k->arena, e);

	if (rc)
		return rc;
	d = decide(&figures, k->arena);
	return apply_choice(g, &figures, &d, best, reason, k->arena, e);
}

static int conclude(struct stage_ctx *c, struct contest *k, int *best, struct err *e)
{
	const struct group *g = &k->group;
	const char *reason = NULL;
	int rc = OK;

	if (k->phase == PHASE_FINAL)
		reason = arena_printf(k->arena, "%d of %d seeds",
			g->n - take_census(g).diverged, g->n);
	else
		rc = choose(k, best, &reason, e);
	if (!rc)
		rc = set_state(c, k->lane, k->phase, STAGE_DONE, e);
	if (!rc)
		tell_stage(c, k->lane, k->phase, reason);
	return rc ? rc : DECIDED;
}

/*
 * Where all members have arrived: the rungs that are due, then the choice. A lane whose
 * jobs were all trained before passes every rung here.
 */
static int settle(struct stage_ctx *c, struct contest *k, int *best, struct err *e)
{
	struct census n = take_census(&k->group);
	bool scored = false;
	int rc = OK;

	while (!rc && !n.away && !n.failed) {
		if (k->lane->task < 0 && !c->base[k->lane->variant].ready)
			return OPEN;
		if (!scored)
			rc = score_members(c, k, e);
		scored = true;
		if (!rc && !n.waiting)
			return conclude(c, k, best, e);
		if (!rc)
			rc = pass_rung(c, k, n.target, e);
		n = take_census(&k->group);
	}
	if (!rc && !n.away)
		rc = set_state(c, k->lane, k->phase, STAGE_FAILED, e);
	return rc ? rc : OPEN;
}

/* Lanes. */

/*
 * One phase with this grid: makes it, brings it on, or reads what it decided.
 * DECIDED with *best; *best is -1 where no configuration reached a result.
 */
static int run_phase(struct stage_ctx *c, struct contest *k,
	const struct plan_grid *grid, int *best, struct err *e)
{
	const struct lane *l = k->lane;
	int64_t *stages = NEW_ARRAY(k->arena, int64_t, l->units);
	enum stage_state state;
	bool found;
	int rc;

	for (int u = 0; u < l->units; u++)
		stages[u] = lane_stage_id(c, l, u, k->phase);
	k->group = (struct group){ c->s, c->spec, c->sweep, lane_variant(c, l), grid,
		l->entry->primary, l->task, l->units, stages, k->incumbent, NULL, 0 };
	rc = store_stage_state(c->s, stages[0], &state, e);
	if (!rc && state == STAGE_NONE)
		rc = put_phase(c, l, k->phase, grid, e);
	if (!rc && state == STAGE_DONE) {
		if (k->phase != PHASE_FINAL)
			rc = store_decision_selected(c->s, stages[0], best, &found, e);
		return rc ? rc : DECIDED;
	}
	if (!rc)
		rc = group_load(&k->group, k->arena, e);
	return rc ? rc : settle(c, k, best, e);
}

/* The job that stands for a point: its first search seed. */
static int job_of_point(const struct stage_ctx *c, const struct lane *l,
	const struct plan_grid *g, int i, int64_t *id, struct arena *a, struct err *e)
{
	char identity[IDENTITY_MAX];
	struct params ps = plan_job(setting_of(c, l), l->entry, task_of(c, l, 0), g, i,
		c->spec->search.seeds.seed[0], a);

	return identify_job(c, lane_variant(c, l), &ps, identity, id, a, e);
}

/* The same entry in the first variant, for `"pin": "winner"`. */
const struct lane *lane_pinned_to(const struct stage_ctx *c, const struct lane *l)
{
	if (!c->spec->pin_winner || l->variant == 0)
		return NULL;
	for (int i = 0; i < c->first_lane[1]; i++)
		if (c->lanes[i].entry->position == l->entry->position &&
			c->lanes[i].task == l->task)
			return &c->lanes[i];
	return NULL;
}

/* Runs tune, refine and wd; once they are DECIDED the winner is point *best of *g. */
static int search(struct stage_ctx *c, const struct lane *l, struct plan_grid *g,
	int *best, struct arena *a, struct err *e)
{
	const struct spec_variant *v = lane_variant(c, l);
	const struct lane *first = lane_pinned_to(c, l);
	struct contest k = { .lane = l, .incumbent = -1, .arena = a };
	struct plan_grid next;
	int rc;

	if (first)
		return search(c, first, g, best, a, e);
	*g = plan_tune(c->spec, v, l->entry, a);
	if (!plan_searches(c->spec, v)) {
		*best = 0;
		return DECIDED;
	}
	k.phase = PHASE_TUNE;
	rc = run_phase(c, &k, g, best, e);
	if (rc != DECIDED || *best < 0)
		return rc;
	next = plan_refine(c->spec, g, *best, a);
	if (next.count) {
		k.phase = PHASE_REFINE;
		rc = job_of_point(c, l, g, *best, &k.incumbent, a, e);
		if (rc)
			return rc;
		*g = next;
		rc = run_phase(c, &k, g, best, e);
		if (rc != DECIDED || *best < 0)
			return rc;
	}
	next = plan_wd(c->spec, g, *best, a);
	if (!next.count)
		return DECIDED;
	k.phase = PHASE_WD;
	k.incumbent = -1;
	*g = next;
	return run_phase(c, &k, g, best, e);
}

int lane_advance(struct stage_ctx *c, const struct lane *l, struct err *e)
{
	struct arena a = { 0 };
	struct plan_grid g;
	int best = -1;
	int rc = search(c, l, &g, &best, &a, e);

	if (rc == DECIDED && best >= 0) {
		struct contest k = { l, PHASE_FINAL, -1, &a, { 0 } };
		struct plan_grid point = plan_point(&g, best, &a);

		rc = run_phase(c, &k, &point, &best, e);
		for (int u = 0; rc == DECIDED && c->winners && u < l->units; u++) {
			int64_t stage = lane_stage_id(c, l, u, PHASE_FINAL);
			int failed = winner_plan(c, stage, task_of(c, l, u), e);

			rc = failed ? failed : rc;
		}
	}
	arena_release(&a);
	return rc < 0 ? rc : OK;
}
