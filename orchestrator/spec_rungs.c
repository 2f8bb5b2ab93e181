/* The rungs of one variant, in epochs. */
#include "orchestrator/spec_read.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define RUNGS_MAX 100
#define DEFAULT_WINDOW 0.15 /* of the epochs */

static int epoch_of(double share, int epochs)
{
	/* 0.07 * 100 is a little above 7: that is epoch 7, not 8. */
	return (int)ceil(share * epochs - 1e-9);
}

/* Rungs of the default rule: those that this many epochs have. */
static void default_rungs(struct variant *v)
{
	static const double shares[] = { 0.25, 0.5 };

	for (int i = 0; i < 2; i++) {
		int epoch = epoch_of(shares[i], v->epochs);

		if (epoch < v->epochs &&
			(!v->nrungs || v->rungs[v->nrungs - 1] < epoch))
			v->rungs[v->nrungs++] = epoch;
	}
}

static int rising(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static void read_rung(
	const struct reader *r, const struct json *node, struct variant *v)
{
	char share[NUMBER_MAX];
	int epoch;

	if (!expect_kind(r, node, JSON_NUMBER, "rungs"))
		return;
	if (!(node->number > 0 && node->number < 1)) {
		diag_add(r->d, node->at, "a rung lies between 0 and 1, and is neither");
		return;
	}
	epoch = epoch_of(node->number, v->epochs);
	number_format(node->number, share);
	if (epoch >= v->epochs) {
		diag_add(r->d, node->at, "rung %s falls on the last of %d epoch%s",
			share, v->epochs, v->epochs == 1 ? "" : "s");
		return;
	}
	for (int i = 0; i < v->nrungs; i++)
		if (v->rungs[i] == epoch) {
			diag_add(r->d, node->at,
				"rung %s falls on epoch %d, as another one does", share,
				epoch);
			return;
		}
	v->rungs[v->nrungs++] = epoch;
}

void read_rungs(const struct reader *r, const struct spec *s, struct variant *v)
{
	const struct json *list = read_at(r, "prune.rungs");

	v->window = read_at(r, "prune.window")
		? read_whole(r, "prune.window")
		: (int)ceil(DEFAULT_WINDOW * v->epochs - 1e-9);
	v->rungs = NEW_ARRAY(r->a, int, RUNGS_MAX);
	if (v->epochs < 1 || s->prune.rule == PRUNE_NONE ||
		s->select.epoch == EPOCH_LAST10)
		return;
	if (!list) {
		default_rungs(v);
		return;
	}
	if (!expect_kind(r, list, JSON_ARRAY, "rungs"))
		return;
	if (!list->child || list->count > RUNGS_MAX) {
		diag_add(r->d, list->at, "\"rungs\" is a list of 1 to %d numbers",
			RUNGS_MAX);
		return;
	}
	for (const struct json *m = list->child; m; m = m->next)
		read_rung(r, m, v);
	qsort(v->rungs, (size_t)v->nrungs, sizeof(int), rising);
}
