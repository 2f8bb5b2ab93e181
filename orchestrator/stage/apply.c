#include "orchestrator/stage/apply.h"

#include <math.h>
#include "orchestrator/stage/reason.h"

static int put_stop(const struct group *g, const struct decide_group *x,
	const struct decision *d, int i, struct err *e)
{
	struct arena a = { 0 };
	struct decision_row row = { g->stages[0], g->sweep, "stop",
		prune_rule_words[x->plan.rule], reason_stop(x, d, i, &a), x->digest,
		x->epoch, x->config[i].point, d->of[i].figure };
	int rc = store_decision_put(g->s, &row, e);

	arena_release(&a);
	return rc;
}

/* A run that diverged before the rung wants nothing any more, and stays what it is. */
static int stop_member(struct group *g, struct member *m, struct err *e)
{
	int rc = OK;

	if (m->row.state != MEMBER_WAITING)
		return OK;
	rc = store_member_set(g->s, &m->row, MEMBER_STOPPED, m->row.target, e);
	m->row.state = MEMBER_STOPPED;
	return rc;
}

int apply_stops(struct group *g, const struct decide_group *x, const struct decision *d,
	struct err *e)
{
	int rc = OK;

	/*
	 * Members and configurations both come in the order of their numbers in the
	 * grid.
	 */
	for (int i = 0, k = 0; !rc && i < x->n; i++) {
		int point = x->config[i].point;

		if (!d->of[i].stop)
			continue;
		rc = put_stop(g, x, d, i, e);
		while (g->members[k].row.config < point)
			k++;
		for (; !rc && k < g->n && g->members[k].row.config == point; k++)
			rc = stop_member(g, &g->members[k], e);
	}
	return rc;
}

int apply_choice(const struct group *g, const struct decide_group *x,
	const struct decision *d, int *config, const char **reason, struct arena *a,
	struct err *e)
{
	bool none = d->best < 0;
	int rc = OK;

	*config = none ? -1 : x->config[d->best].point;
	*reason = reason_choice(x, d, g->grid, a);
	for (int u = 0; !rc && u < g->units; u++)
		rc = store_decision_put(g->s,
			&(struct decision_row){ g->stages[u], g->sweep, "select",
				x->higher ? "gap" : "delta_m", *reason, x->digest,
				x->epoch, *config,
				none ? (double)NAN : d->of[d->best].figure },
			e);
	return rc;
}
