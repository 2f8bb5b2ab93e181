#include "orchestrator/stage/stage.h"

#include <string.h>
#include "orchestrator/stage/group.h"
#include "orchestrator/stage/lane.h"

/* The reverse of lane_stage_id. */
int stage_lane(const struct stage_ctx *c, int64_t stage)
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
	const struct spec_variant *v = &c->spec->variants[variant];
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

void stage_init(struct stage_ctx *c, struct store *s, const struct resolved *resolved,
	int64_t sweep, bool prune)
{
	const struct spec *spec = resolved->spec;
	int lanes = 0;

	*c = (struct stage_ctx){ .s = s,
		.spec = spec,
		.resolved = resolved,
		.sweep = sweep,
		.prune = prune };
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

/* Baselines. */

/* The final jobs of one task that ended well. *ready: the stage is done. */
static int final_jobs(struct stage_ctx *c, const struct lane *l, int unit,
	struct score_task *t, bool *ready, struct arena *a, struct err *e)
{
	int64_t stage = lane_stage_id(c, l, unit, PHASE_FINAL);
	struct group g = { .s = c->s, .units = 1, .stages = &stage };
	enum stage_state state;
	int rc = store_stage_state(c->s, stage, &state, e);

	*ready = state == STAGE_DONE;
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

/* A stop for good: why, beside the stage whose figures are of no use. */
static int put_undefined(struct stage_ctx *c, int variant,
	const struct spec_criterion *criterion, const char *why, struct err *e)
{
	const struct spec_variant *v = &c->spec->variants[variant];
	struct decision_row row = { .sweep = c->sweep,
		.kind = "select",
		.rule = "baseline",
		.reason = why,
		.digest = "",
		.epoch = v->epochs,
		.config = -1 };
	int task = 0;
	int lane = c->first_lane[variant];

	while (strcmp(v->tasks[task].name, criterion->task) != 0)
		task++;
	while (task >= c->lanes[lane].task + c->lanes[lane].units)
		lane++;
	row.stage = lane_stage_id(
		c, &c->lanes[lane], task - c->lanes[lane].task, PHASE_FINAL);
	if (!c->undefined)
		c->undefined = arena_strdup(&c->arena, why);
	return store_decision_put(c->s, &row, e);
}

/* The baseline rows, once every task of the variant has its final jobs. */
static int write_base(struct stage_ctx *c, int variant, bool *replaced, struct arena *a,
	struct err *e)
{
	const struct spec_variant *v = &c->spec->variants[variant];
	struct scorer sc = { c->s, c->spec, c->sweep, v, NULL };
	struct score_task *tasks = NEW_ARRAY(a, struct score_task, v->ntasks);
	const struct spec_criterion *undefined = NULL;
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
		return score_base_drop(&sc, replaced, e);
	rc = score_base_write(
		&sc, &c->resolved->variants[variant], tasks, replaced, &undefined, e);
	if (rc == ERR_FAILED && tasks) {
		const char *why = arena_strdup(a, e->msg);

		rc = put_undefined(c, variant, undefined, why, e);
		return rc ? rc : score_base_drop(&sc, replaced, e);
	}
	return rc ? rc : score_base_read(&sc, &c->arena, &c->base[variant], e);
}

static int advance_base(struct stage_ctx *c, int variant, bool *replaced, struct err *e)
{
	struct arena a = { 0 };
	int rc = write_base(c, variant, replaced, &a, e);

	arena_release(&a);
	return rc;
}

/* Advances every lane of a variant that trains a baseline, or every other one. */
static int advance_all(struct stage_ctx *c, int variant, bool baselines, struct err *e)
{
	int rc = OK;

	for (int i = c->first_lane[variant]; !rc && i < c->first_lane[variant + 1]; i++)
		if ((c->lanes[i].task >= 0) == baselines)
			rc = lane_advance(c, &c->lanes[i], e);
	return rc;
}

/* The start. */

static int put_variant(struct stage_ctx *c, int variant, struct err *e)
{
	const struct spec_variant *v = &c->spec->variants[variant];
	int rc = store_variant_put(c->s, c->sweep, v->label, variant, e);

	for (int i = 0; !rc && i < v->ncriteria; i++) {
		const struct spec_criterion *k = &v->criteria[i];
		struct criterion_row row = { k->text, k->task, k->metric->name,
			k->metric->higher, i, k->counts,
			c->spec->trainer ? k->metric->title : NULL, k->metric->scale };

		rc = store_criterion_put(c->s, c->sweep, v->label, &row, e);
	}
	return rc;
}

/* The auxiliary setting: who is judged by which task. */
static int put_primaries(struct stage_ctx *c, int variant, struct err *e)
{
	const struct spec_variant *v = &c->spec->variants[variant];
	int rc = OK;

	for (int i = 0; !rc && c->spec->auxiliary && i < v->nentries; i++) {
		const struct spec_entry *x = &v->entries[i];
		bool knows = param_info_find(x->method->params, "primary") != NULL &&
			!x->every_task;
		struct primary_row row = { x->label, x->listed,
			x->primary ? x->primary : "", knows, x->position };

		rc = store_primary_put(c->s, c->sweep, v->label, &row, e);
	}
	return rc;
}

/* Drops the scores of jobs that the sweep wanted and does not want any more. */
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

	for (int i = 0; !rc && i < c->spec->nvariants; i++) {
		rc = put_variant(c, i, e);
		if (!rc)
			rc = put_primaries(c, i, e);
	}
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

/* Whether the entries that the database has are judged by the tasks they were. */
static int judged_alike(struct stage_ctx *c, bool *same, struct err *e)
{
	int rc = OK;

	*same = true;
	for (int i = 0; !rc && i < c->spec->nvariants; i++) {
		const struct spec_variant *v = &c->spec->variants[i];

		for (int k = 0; !rc && k < v->nentries; k++) {
			const struct spec_entry *x = &v->entries[k];
			int64_t other = 0;

			rc = store_int(c->s, STMT_PRIMARY_OTHER,
				ARGS(INT(c->sweep), TEXT(v->label), TEXT(x->label),
					TEXT(x->primary ? x->primary : "")),
				0, &other, e);
			*same &= !other;
		}
	}
	return rc;
}

/* What Δm of a variant averages over, as one text. */
static void put_counted(struct str *out, const char *criterion, bool higher)
{
	str_printf(out, "%s %s\n", criterion, higher ? "higher" : "lower");
}

/* The same as the database has it of the plan before; "" where it has no such variant. */
static int counted_before(
	struct stage_ctx *c, const char *variant, struct str *out, struct err *e)
{
	struct rows r = rows_open(
		c->s, STMT_CRITERION_OF_VARIANT, ARGS(INT(c->sweep), TEXT(variant)), e);

	while (rows_next(&r)) {
		const char *criterion = rows_text(&r);

		put_counted(out, criterion, rows_int(&r) != 0);
	}
	return rows_close(&r);
}

/* Whether Δm is what it was: `select.criteria` and the directions. */
static int counted_alike(
	struct stage_ctx *c, bool *same, struct arena *a, struct err *e)
{
	int rc = OK;

	for (int i = 0; !rc && i < c->spec->nvariants; i++) {
		const struct spec_variant *v = &c->spec->variants[i];
		struct str before = { .arena = a };
		struct str now = { .arena = a };

		rc = counted_before(c, v->label, &before, e);
		for (int k = 0; k < v->ncriteria; k++)
			if (v->criteria[k].counts)
				put_counted(&now, v->criteria[k].text,
					v->criteria[k].metric->higher);
		*same &= !before.n || !strcmp(str_get(&before), str_get(&now));
	}
	return rc;
}

int stage_start(struct stage_ctx *c, bool rescore, struct err *e)
{
	struct arena a = { 0 };
	int64_t *before;
	int n;
	bool same = false;
	int rc = store_sweep_jobs(c->s, c->sweep, &a, &before, &n, e);

	if (!rc)
		rc = judged_alike(c, &same, e);
	if (!rc)
		rc = counted_alike(c, &same, &a, e);
	if (!rc)
		rc = store_int(c->s, STMT_SWEEP_UNPRUNED, ARGS(INT(c->sweep)), 0,
			&c->unpruned, e);
	if (!rc)
		rc = store_sweep_clear(c->s, c->sweep, e);
	if (!rc)
		rc = start(c, rescore || !same, e);
	if (!rc)
		rc = drop_scores(c, before, n, &a, e);
	c->nnews = 0; /* stages that were decided before are none */
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
	int rc = lane_advance(c, l, e);

	if (!rc && l->task >= 0 && !was_ready)
		rc = advance_base(c, l->variant, &replaced, e);
	if (!rc && c->base[l->variant].ready && !was_ready)
		rc = advance_all(c, l->variant, false, e);
	for (int i = c->first_lane[1]; !rc && l->variant == 0 && i < c->nlanes; i++)
		if (lane_pinned_to(c, &c->lanes[i]) == l)
			rc = lane_advance(c, &c->lanes[i], e);
	return rc;
}

/*
 * Tells one membership what its job reached; *settled: its stage has nobody away any
 * more.
 */
static int learn_member(struct stage_ctx *c, struct member_row *m,
	const struct job_row *job, bool *settled, struct err *e)
{
	enum member_state state = lane_reached(job, m->target);
	bool ours = m->sweep == c->sweep;
	bool busy;
	int rc = OK;

	*settled = false;
	if (m->state != state && member_may(m->state, state))
		rc = store_member_set(c->s, m, state, m->target, e);
	if (rc || !ours)
		return rc;
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
		l = &c->lanes[stage_lane(c, rows[i].stage)];
		if (c->base[l->variant].ready)
			rc = lane_score(c, l, job, e);
	}
	for (int i = 0; !rc && i < n; i++)
		if (settled[i])
			rc = advance_lane(c, stage_lane(c, rows[i].stage), e);
	return rc;
}

int stage_learn(struct stage_ctx *c, const struct job_row *job, struct err *e)
{
	struct arena a = { 0 };
	int rc = learn(c, job, &a, e);

	arena_release(&a);
	return rc;
}

/* What waits. */

int stage_first_pending(struct stage_ctx *c, int lane,
	const struct store_filter *filter, int64_t *job, int *epochs, bool *found,
	struct err *e)
{
	const struct lane *l = &c->lanes[lane];
	int64_t first = lane_stage_id(c, l, 0, PHASE_TUNE);
	int64_t last = lane_stage_id(c, l, l->units - 1, PHASE_FINAL);

	return store_member_pending(c->s, first, last, filter, job, epochs, found, e);
}

int stage_open(struct stage_ctx *c, int *open, struct err *e)
{
	int64_t n;
	int rc = store_int(c->s, STMT_STAGE_OPEN, ARGS(INT(c->sweep)), 0, &n, e);

	*open = (int)n;
	return rc;
}
