#include "orchestrator/stage/winner.h"

#include <stdio.h>
#include <unistd.h>
#include "common/store/store_winner.h"

bool winner_wanted(const struct spec *spec)
{
	return spec->winners.save || *spec->winners.corruptions;
}

/* The epoch whose parameters are the run's, by the sweep's rule. */
static int chosen_epoch(struct stage_ctx *c, const struct member *m, const char *task,
	int *epoch, struct err *e)
{
	double delta_m;

	if (c->spec->select.epoch == EPOCH_LAST10) {
		*epoch = m->job.epochs;
		return OK;
	}
	return task ? score_best_loss(c->s, m->job.id, task, epoch, e)
		    : score_best(c->s, c->sweep, m->job.id, epoch, &delta_m, e);
}

static int has_all(struct stage_ctx *c, const struct winner_row *w,
	const char *identity, bool *all, struct err *e)
{
	const char *at = w->corruptions;
	const struct corruption_info *k;
	char basis[CORRUPTION_BASIS_MAX];
	char path[WINNER_PATH_MAX];
	int rc = OK;

	winner_path(c->s->path, identity, w->epoch, path);
	*all = !w->save || access(path, R_OK) == 0;
	while (!rc && *all && (k = corruption_next(&at))) {
		corruption_basis(k, w->digest, basis);
		rc = store_corruption_has(c->s, w, k->name, basis, all, e);
	}
	return rc;
}

/* A worker that died last may have left what only saves time. */
static void tidy(const struct stage_ctx *c, const char *identity)
{
	static const char *const ends[] = { "best", "ckpt" };
	char path[WINNER_PATH_MAX];

	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s.d/checkpoints/%s.%s", c->s->path,
			identity, ends[i]);
		unlink(path);
	}
}

static int plan_member(
	struct stage_ctx *c, const struct member *m, const char *task, struct err *e)
{
	struct winner_row w = { .stage = m->row.stage,
		.job = m->job.id,
		.sweep = c->sweep,
		.save = c->spec->winners.save,
		.corruptions = c->spec->winners.corruptions,
		.textures = c->spec->winners.textures,
		.digest = c->resolved->frost };
	bool made = false;
	int rc = chosen_epoch(c, m, task, &w.epoch, e);

	if (!rc && !w.epoch)
		return OK;
	if (!rc && c->reuse)
		rc = reuse_winner(c->reuse, c->s, &w, &m->job, e);
	if (!rc)
		rc = has_all(c, &w, m->job.identity, &w.done, e);
	if (!rc)
		rc = store_winner_put(c->s, &w, &made, e);
	if (!rc && made && w.done)
		tidy(c, m->job.identity);
	return rc;
}

int winner_plan(struct stage_ctx *c, int64_t stage, const char *task, struct err *e)
{
	struct arena a = { 0 };
	struct member *members;
	int n;
	int rc = store_member_of_stage(c->s, stage, &a, &members, &n, e);

	for (int i = 0; !rc && i < n; i++)
		if (members[i].row.state == MEMBER_DONE)
			rc = plan_member(c, &members[i], task, e);
	arena_release(&a);
	return rc;
}

int winner_complete(
	struct stage_ctx *c, int64_t job, int epoch, bool *complete, struct err *e)
{
	struct arena a = { 0 };
	struct winner_row w;
	struct job_row row;
	int rc = store_winner_wanted(c->s, job, epoch, &w, &a, e);

	if (!rc)
		rc = store_job_get(c->s, job, &row, e);
	if (!rc)
		rc = has_all(c, &w, row.identity, complete, e);
	if (!rc && *complete)
		tidy(c, row.identity);
	arena_release(&a);
	return rc;
}
