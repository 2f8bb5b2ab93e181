#include "orchestrator/stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "orchestrator/select.h"

enum phase { PHASE_TUNE, PHASE_REFINE, PHASE_WD, PHASE_FINAL };
static const char *const phase_names[] = { "tune", "refine", "wd", "final" };

/* What a phase came to. */
enum { OPEN = 0, DECIDED = 1 };

/*
 * A stage's id says where it belongs, so that it is the same whenever it is made:
 * sweep, variant, position of the entry, task, phase.
 */
#define BITS_SWEEP 40
#define BITS_VARIANT 28
#define BITS_ENTRY 16
#define BITS_TASK 4

static int64_t stage_id(
	const struct stage_ctx *c, const struct lane *l, int unit, enum phase ph)
{
	int task = l->task < 0 ? 0 : l->task + unit;

	ASSERT(l->variant < 1 << (BITS_SWEEP - BITS_VARIANT));
	ASSERT(l->entry->position < 1 << (BITS_VARIANT - BITS_ENTRY));
	return c->sweep << BITS_SWEEP | (int64_t)l->variant << BITS_VARIANT |
		(int64_t)l->entry->position << BITS_ENTRY | task << BITS_TASK | ph;
}

static const struct variant *variant_of(const struct stage_ctx *c, const struct lane *l)
{
	return &c->spec->variants[l->variant];
}

/* The lane of a stage of this sweep: the reverse of stage_id. */
static int lane_of(const struct stage_ctx *c, int64_t stage)
{
	int variant = (int)(stage >> BITS_VARIANT) & 0xfff;
	int position = (int)(stage >> BITS_ENTRY) & 0xfff;
	int task = (int)(stage >> BITS_TASK) & 0xfff;

	for (int i = c->first_lane[variant]; i < c->first_lane[variant + 1]; i++) {
		const struct lane *l = &c->lanes[i];

		if (l->entry->position == position &&
			(l->task < 0 || (task >= l->task && task < l->task + l->units)))
			return i;
	}
	BUG("a stage without a lane");
}

static void add_lanes(struct stage_ctx *c, int variant)
{
	const struct variant *v = &c->spec->variants[variant];
	bool trained = c->spec->baseline.source == BASELINE_TRAINED;
	int units = c->spec->baseline.tune == BASELINE_SHARED ? v->ntasks : 1;

	c->first_lane[variant] = c->nlanes;
	for (int k = 0; trained && k < v->ntasks; k += units)
		c->lanes[c->nlanes++] =
			(struct lane){ variant, &v->baseline, k, units };
	for (int i = 0; i < v->nentries; i++)
		c->lanes[c->nlanes++] = (struct lane){ variant, &v->entries[i], -1, 1 };
	c->first_lane[variant + 1] = c->nlanes;
}

void stage_init(struct stage_ctx *c, struct store *s, const struct spec *spec,
	int64_t sweep, bool prune)
{
	int lanes = 0;

	*c = (struct stage_ctx){ .s = s, .spec = spec, .sweep = sweep, .prune = prune };
	for (int i = 0; i < spec->nvariants; i++)
		lanes += spec->variants[i].ntasks + spec->variants[i].nentries;
	c->lanes = NEW_ARRAY(&c->arena, struct lane, lanes);
	c->first_lane = NEW_ARRAY(&c->arena, int, spec->nvariants + 1);
	c->base = NEW_ARRAY(&c->arena, struct score_base, spec->nvariants);
	for (int i = 0; i < spec->nvariants; i++)
		add_lanes(c, i);
}

void stage_release(struct stage_ctx *c)
{
	arena_release(&c->arena);
}

/* Memberships. */

/* What a job's row means for a membership with this target, unless a worker is at it. */
static enum member_state reached(const struct job_row *job, int target)
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

	*state = reached(job, target);
	if (*state == MEMBER_PENDING)
		rc = store_int(
			c->s, STMT_JOB_RUNNING, ARGS(INT(job->id)), 0, &running, e);
	if (running)
		*state = MEMBER_RUNNING;
	return rc;
}

static void tell_pending(struct stage_ctx *c, const struct lane *l,
	const struct job_row *job, int target)
{
	if (c->on_pending)
		c->on_pending(c->arg, (int)(l - c->lanes), job->id,
			target - job->epochs_done);
}

static void tell_stage(
	struct stage_ctx *c, const struct lane *l, enum phase ph, const char *outcome)
{
	if (c->on_stage)
		c->on_stage(c->arg, (int)(l - c->lanes), phase_names[ph], outcome);
}

static int retarget(struct stage_ctx *c, const struct lane *l, struct member *m,
	int target, struct err *e)
{
	enum member_state state;
	int rc = state_for(c, &m->job, target, &state, e);

	if (!rc)
		rc = store_member_set(c->s, &m->row, state, target, e);
	m->row.state = state;
	m->row.target = target;
	if (!rc && state == MEMBER_PENDING)
		tell_pending(c, l, &m->job, target);
	return rc;
}

/*
 * The epoch of the next pause behind `after`: a rung, or the end where there is none or
 * where the rule could stop nobody.
 */
static int next_target(const struct stage_ctx *c, const struct lane *l, enum phase ph,
	int after, int configs)
{
	const struct variant *v = variant_of(c, l);
	int few = c->spec->prune.rule == PRUNE_RUNGS ? c->spec->prune.keep : 1;

	if (!c->prune || l->task >= 0 || ph == PHASE_FINAL || configs <= few)
		return v->epochs;
	for (int i = 0; i < v->nrungs; i++)
		if (v->rungs[i] > after)
			return v->rungs[i];
	return v->epochs;
}

static const char *task_of(const struct stage_ctx *c, const struct lane *l, int unit)
{
	return l->task < 0 ? NULL : variant_of(c, l)->tasks[l->task + unit].name;
}

static int put_member(struct stage_ctx *c, const struct lane *l, int64_t stage,
	const struct params *ps, int config, int target, struct err *e)
{
	struct member_row row = { stage, 0, c->sweep, config, target, MEMBER_PENDING };
	char identity[IDENTITY_MAX];
	struct job_row job;
	int rc;

	row.job = job_identity(ps, identity);
	rc = store_job_put(c->s, row.job, identity, ps, &job, e);
	if (!rc && job.outcome == JOB_FAILED) {
		rc = store_job_end(c->s, job.id, JOB_OPEN, NULL, e);
		job.outcome = JOB_OPEN;
	}
	if (!rc && c->reuse)
		rc = reuse_job(c->reuse, c->s, &job, target, e);
	if (!rc)
		rc = state_for(c, &job, target, &row.state, e);
	if (!rc)
		rc = store_member_put(c->s, &row, e);
	if (!rc && row.state == MEMBER_PENDING)
		tell_pending(c, l, &job, target);
	return rc;
}

/* One stage row with all its members: every point of the grid with every seed. */
static int put_unit(struct stage_ctx *c, const struct lane *l, int unit, enum phase ph,
	const struct grid *g, struct err *e)
{
	bool final = ph == PHASE_FINAL;
	bool baseline = l->task >= 0;
	int seeds = !final ? c->spec->search.seeds
		: baseline ? c->spec->baseline.seeds
			   : c->spec->final_seeds;
	const char *task = task_of(c, l, unit);
	struct stage_row row = { stage_id(c, l, unit, ph), c->sweep,
		variant_of(c, l)->label, l->entry->label, l->entry->method->name,
		task ? task : "", baseline ? "baseline" : phase_names[ph],
		phase_names[ph], l->entry->position };
	int target = next_target(c, l, ph, 0, g->count);
	struct arena a = { 0 };
	struct arena_mark mark;
	int rc = store_stage_put(c->s, &row, e);

	(void)arena_alloc(&a, 1, 1);
	mark = arena_mark(&a);
	for (int i = 0; !rc && i < g->count * seeds; i++) {
		int seed = i % seeds + (final ? FINAL_SEED : 0);
		struct params ps = plan_job(
			variant_of(c, l), l->entry, task, g, i / seeds, seed, &a);

		rc = put_member(c, l, row.id, &ps, i / seeds, target, e);
		arena_rewind(&a, mark);
	}
	arena_release(&a);
	return rc;
}

static int put_phase(struct stage_ctx *c, const struct lane *l, enum phase ph,
	const struct grid *g, struct err *e)
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
	int configs; /* that were not stopped */
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
		n.configs += state != MEMBER_STOPPED &&
			(i == 0 ||
				g->members[i].row.config !=
					g->members[i - 1].row.config);
	}
	return n;
}

static int score_members(
	struct stage_ctx *c, const struct lane *l, const struct group *g, struct err *e)
{
	int rc = OK;

	for (int i = 0; l->task < 0 && !rc && i < g->n; i++)
		rc = score_job(c->s, c->spec, c->sweep, variant_of(c, l),
			&c->base[l->variant], g->members[i].job.id,
			g->members[i].job.epochs_done, e);
	return rc;
}

static int set_state(struct stage_ctx *c, const struct lane *l, enum phase ph,
	const char *state, struct err *e)
{
	int rc = OK;

	for (int u = 0; !rc && u < l->units; u++)
		rc = store_stage_set(c->s, stage_id(c, l, u, ph), state, e);
	return rc;
}

/* A rung: some stop, the others go on to the next pause. */
static int pass_rung(struct stage_ctx *c, const struct lane *l, enum phase ph,
	struct group *g, int rung, int64_t incumbent, struct arena *a, struct err *e)
{
	bool *stop = NEW_ARRAY(a, bool, g->n);
	int rc = select_stops(g, rung, incumbent, stop, e);
	int target;

	for (int i = 0; !rc && i < g->n; i++) {
		struct member *m = &g->members[i];

		if (!stop[i] || m->row.state != MEMBER_WAITING)
			continue;
		rc = store_member_set(c->s, &m->row, MEMBER_STOPPED, m->row.target, e);
		m->row.state = MEMBER_STOPPED;
	}
	target = next_target(c, l, ph, rung, take_census(g).configs);
	for (int i = 0; !rc && i < g->n; i++)
		if (g->members[i].row.state == MEMBER_WAITING)
			rc = retarget(c, l, &g->members[i], target, e);
	return rc;
}

/*
 * All members have arrived: rungs that are due, then the choice. A lane whose jobs were
 * all trained before passes every rung here.
 */
static int settle(struct stage_ctx *c, const struct lane *l, enum phase ph,
	struct group *g, int64_t incumbent, int *best, struct arena *a, struct err *e)
{
	struct census n = take_census(g);
	const char *reason = NULL;
	int rc = OK;

	if (n.away)
		return OPEN;
	if (n.failed) {
		rc = set_state(c, l, ph, "failed", e);
		return rc ? rc : OPEN;
	}
	if (l->task < 0 && !c->base[l->variant].ready)
		return OPEN;
	rc = score_members(c, l, g, e);
	while (!rc && n.waiting) {
		rc = pass_rung(c, l, ph, g, n.target, incumbent, a, e);
		n = take_census(g);
		if (!rc && n.away)
			return OPEN;
	}
	if (!rc && n.failed)
		return settle(c, l, ph, g, incumbent, best, a, e);
	if (!rc && ph == PHASE_FINAL)
		reason = arena_printf(a, "%d of %d seeds", g->n - n.diverged, g->n);
	else if (!rc)
		rc = select_winner(g, a, best, &reason, e);
	if (!rc)
		rc = set_state(c, l, ph, "done", e);
	if (!rc)
		tell_stage(c, l, ph, reason);
	return rc ? rc : DECIDED;
}

/* Lanes. */

/*
 * One phase with this grid: makes it, brings it on, or reads what it decided.
 * DECIDED with *best; *best is -1 where no configuration reached a result.
 */
static int run_phase(struct stage_ctx *c, const struct lane *l, enum phase ph,
	const struct grid *grid, int64_t incumbent, int *best, struct arena *a,
	struct err *e)
{
	int64_t *stages = NEW_ARRAY(a, int64_t, l->units);
	struct group g = { c->s, c->spec, c->sweep, variant_of(c, l), grid, l->task,
		l->units, stages, NULL, 0 };
	char state;
	bool found;
	int rc;

	for (int u = 0; u < l->units; u++)
		stages[u] = stage_id(c, l, u, ph);
	rc = store_stage_state(c->s, stages[0], &state, e);
	if (!rc && state == '-')
		rc = put_phase(c, l, ph, grid, e);
	if (!rc && state == 'd') {
		rc = ph == PHASE_FINAL
			? OK
			: store_decision_selected(c->s, stages[0], best, &found, e);
		return rc ? rc : DECIDED;
	}
	if (!rc)
		rc = group_load(&g, a, e);
	return rc ? rc : settle(c, l, ph, &g, incumbent, best, a, e);
}

/* The job that stands for a point: its first search seed. */
static int64_t job_of_point(const struct stage_ctx *c, const struct lane *l,
	const struct grid *g, int i, struct arena *a)
{
	char identity[IDENTITY_MAX];
	struct params ps =
		plan_job(variant_of(c, l), l->entry, task_of(c, l, 0), g, i, 0, a);

	return job_identity(&ps, identity);
}

/* The same entry in the first variant, for `"pin": "winner"`. */
static const struct lane *pinned_to(const struct stage_ctx *c, const struct lane *l)
{
	if (!c->spec->pin_winner || l->variant == 0)
		return NULL;
	for (int i = 0; i < c->first_lane[1]; i++)
		if (c->lanes[i].entry->position == l->entry->position &&
			c->lanes[i].task == l->task)
			return &c->lanes[i];
	return NULL;
}

/* tune, refine, wd: DECIDED with the winner, point *best of *g. */
static int search(struct stage_ctx *c, const struct lane *l, struct grid *g, int *best,
	struct arena *a, struct err *e)
{
	const struct variant *v = variant_of(c, l);
	const struct lane *first = pinned_to(c, l);
	struct grid next;
	int64_t incumbent;
	int rc;

	if (first)
		return search(c, first, g, best, a, e);
	*g = plan_tune(c->spec, v, l->entry, a);
	if (!plan_searches(c->spec, v)) {
		*best = 0;
		return DECIDED;
	}
	rc = run_phase(c, l, PHASE_TUNE, g, -1, best, a, e);
	if (rc != DECIDED || *best < 0)
		return rc;
	next = plan_refine(c->spec, g, *best, a);
	if (next.count) {
		incumbent = job_of_point(c, l, g, *best, a);
		*g = next;
		rc = run_phase(c, l, PHASE_REFINE, g, incumbent, best, a, e);
		if (rc != DECIDED || *best < 0)
			return rc;
	}
	next = plan_wd(c->spec, g, *best, a);
	if (!next.count)
		return DECIDED;
	*g = next;
	return run_phase(c, l, PHASE_WD, g, -1, best, a, e);
}

static int advance(struct stage_ctx *c, const struct lane *l, struct err *e)
{
	struct arena a = { 0 };
	struct grid g;
	int best = -1;
	int rc = search(c, l, &g, &best, &a, e);

	if (rc == DECIDED && best >= 0) {
		struct grid point = plan_point(&g, best, &a);

		rc = run_phase(c, l, PHASE_FINAL, &point, -1, &best, &a, e);
	}
	arena_release(&a);
	return rc < 0 ? rc : OK;
}

/* Baselines. */

/* The final jobs of one task that ended well. *ready: the stage is done. */
static int final_jobs(struct stage_ctx *c, const struct lane *l, int unit,
	struct score_task *t, bool *ready, struct arena *a, struct err *e)
{
	int64_t stage = stage_id(c, l, unit, PHASE_FINAL);
	struct group g = { .s = c->s, .units = 1, .stages = &stage };
	char state;
	int rc = store_stage_state(c->s, stage, &state, e);

	*ready = state == 'd';
	if (rc || !*ready)
		return rc;
	rc = group_load(&g, a, e);
	if (rc)
		return rc;
	t->jobs = NEW_ARRAY(a, int64_t, g.n);
	for (int i = 0; i < g.n; i++)
		if (g.members[i].row.state == MEMBER_DONE)
			t->jobs[t->n++] = g.members[i].job.id;
	*ready = t->n > 0;
	return OK;
}

/* The baseline rows, once every task of the variant has its final jobs. */
static int write_base(struct stage_ctx *c, int variant, bool *replaced, struct arena *a,
	struct err *e)
{
	const struct variant *v = &c->spec->variants[variant];
	struct score_task *tasks = NEW_ARRAY(a, struct score_task, v->ntasks);
	bool ready = true;
	int rc = OK;

	if (c->spec->baseline.source != BASELINE_TRAINED)
		tasks = NULL;
	for (int i = c->first_lane[variant];
		!rc && ready && tasks && c->lanes[i].task >= 0; i++)
		for (int u = 0; !rc && ready && u < c->lanes[i].units; u++)
			rc = final_jobs(c, &c->lanes[i], u,
				&tasks[c->lanes[i].task + u], &ready, a, e);
	if (rc)
		return rc;
	if (!ready)
		return score_base_drop(c->s, c->sweep, v, replaced, e);
	rc = score_base_write(c->s, c->spec, c->sweep, v, tasks, replaced, e);
	return rc ? rc
		  : score_base_read(c->s, c->sweep, v, &c->arena, &c->base[variant], e);
}

static int advance_base(struct stage_ctx *c, int variant, bool *replaced, struct err *e)
{
	struct arena a = { 0 };
	int rc = write_base(c, variant, replaced, &a, e);

	arena_release(&a);
	return rc;
}

/* Every lane of a variant that trains a baseline, or every other one. */
static int advance_all(struct stage_ctx *c, int variant, bool baselines, struct err *e)
{
	int rc = OK;

	for (int i = c->first_lane[variant]; !rc && i < c->first_lane[variant + 1]; i++)
		if ((c->lanes[i].task >= 0) == baselines)
			rc = advance(c, &c->lanes[i], e);
	return rc;
}

/* The start. */

static int put_variant(struct stage_ctx *c, int variant, struct err *e)
{
	const struct variant *v = &c->spec->variants[variant];
	int rc = store_variant_put(c->s, c->sweep, v->label, variant, e);

	for (int i = 0; !rc && i < v->ncriteria; i++) {
		const struct criterion *k = &v->criteria[i];
		struct criterion_row row = { k->text, k->task, k->metric->name,
			k->metric->higher, i };

		rc = store_criterion_put(c->s, c->sweep, v->label, &row, e);
	}
	return rc;
}

/* Scores of jobs that the sweep wanted and does not want any more. */
static int drop_scores(struct stage_ctx *c, const int64_t *before, int n,
	struct arena *a, struct err *e)
{
	int64_t *now;
	int m;
	int rc = store_sweep_jobs(c->s, c->sweep, a, &now, &m, e);

	for (int i = 0, k = 0; !rc && i < n; i++) {
		while (k < m && now[k] < before[i])
			k++;
		if (k == m || now[k] != before[i])
			rc = store_run(c->s, STMT_SCORE_DROP_JOB,
				ARGS(INT(c->sweep), INT(before[i])), e);
	}
	return rc;
}

static int start(struct stage_ctx *c, bool rescore, struct err *e)
{
	int rc = OK;

	for (int i = 0; !rc && i < c->spec->nvariants; i++)
		rc = put_variant(c, i, e);
	for (int i = 0; !rc && i < c->spec->nvariants; i++) {
		rc = advance_all(c, i, true, e);
		if (!rc)
			rc = advance_base(c, i, &rescore, e);
	}
	if (!rc && rescore)
		rc = store_run(c->s, STMT_SCORE_DROP_SWEEP, ARGS(INT(c->sweep)), e);
	for (int i = 0; !rc && i < c->spec->nvariants; i++)
		rc = advance_all(c, i, false, e);
	return rc;
}

int stage_start(struct stage_ctx *c, bool rescore, struct err *e)
{
	struct arena a = { 0 };
	int64_t *before;
	int n;
	int rc = store_sweep_jobs(c->s, c->sweep, &a, &before, &n, e);

	if (!rc)
		rc = store_sweep_clear(c->s, c->sweep, e);
	if (!rc)
		rc = start(c, rescore, e);
	if (!rc)
		rc = drop_scores(c, before, n, &a, e);
	arena_release(&a);
	return rc;
}

/* The end of a segment. */

/* A lane whose stage has nobody away any more; others may have waited for it. */
static int advance_lane(struct stage_ctx *c, int lane, struct err *e)
{
	const struct lane *l = &c->lanes[lane];
	bool was_ready = c->base[l->variant].ready;
	bool replaced = false;
	int rc = advance(c, l, e);

	if (!rc && l->task >= 0 && !was_ready)
		rc = advance_base(c, l->variant, &replaced, e);
	if (!rc && c->base[l->variant].ready && !was_ready)
		rc = advance_all(c, l->variant, false, e);
	for (int i = c->first_lane[1]; !rc && l->variant == 0 && i < c->nlanes; i++)
		if (pinned_to(c, &c->lanes[i]) == l)
			rc = advance(c, &c->lanes[i], e);
	return rc;
}

/* One membership takes note; *settled: its stage has nobody away any more. */
static int learn_member(struct stage_ctx *c, struct member_row *m,
	const struct job_row *job, bool *settled, struct err *e)
{
	enum member_state state = reached(job, m->target);
	bool ours = m->sweep == c->sweep;
	bool busy;
	int rc = OK;

	*settled = false;
	if (m->state != state && member_may(m->state, state))
		rc = store_member_set(c->s, m, state, m->target, e);
	if (rc || !ours)
		return rc;
	if (state == MEMBER_PENDING && m->state == MEMBER_RUNNING)
		tell_pending(c, &c->lanes[lane_of(c, m->stage)], job, m->target);
	rc = store_stage_busy(c->s, m->stage, &busy, e);
	*settled = !rc && !busy;
	return rc;
}

static int learn(
	struct stage_ctx *c, const struct job_row *job, struct arena *a, struct err *e)
{
	struct member_row *rows;
	bool *settled;
	int n;
	int rc = store_member_of_job(c->s, job->id, a, &rows, &n, e);

	settled = NEW_ARRAY(a, bool, n);
	for (int i = 0; !rc && i < n; i++) {
		const struct lane *l;

		rc = learn_member(c, &rows[i], job, &settled[i], e);
		if (rc || rows[i].sweep != c->sweep)
			continue;
		l = &c->lanes[lane_of(c, rows[i].stage)];
		if (l->task < 0 && c->base[l->variant].ready)
			rc = score_job(c->s, c->spec, c->sweep, variant_of(c, l),
				&c->base[l->variant], job->id, job->epochs_done, e);
	}
	for (int i = 0; !rc && i < n; i++)
		if (settled[i])
			rc = advance_lane(c, lane_of(c, rows[i].stage), e);
	return rc;
}

int stage_learn(struct stage_ctx *c, const struct job_row *job, struct err *e)
{
	struct arena a = { 0 };
	int rc = learn(c, job, &a, e);

	arena_release(&a);
	return rc;
}

int stage_open(struct stage_ctx *c, int *open, struct err *e)
{
	int64_t n;
	int rc = store_int(c->s, STMT_STAGE_OPEN, ARGS(INT(c->sweep)), 0, &n, e);

	*open = (int)n;
	return rc;
}
