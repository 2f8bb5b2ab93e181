/* The section `prune`: its keys, and its rungs in epochs. */
#include "orchestrator/spec/spec_read.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define RUNGS_MAX 100

/*
 * Reads one of the row's two defaults, numbers with a blank between, and returns how
 * many.
 */
static int defaults_of(const char *path, bool other, double *v, int max)
{
	const struct spec_field *f = field_find(path);
	int n;

	if (numbers_parse(path, other ? f->other : f->deflt, v, max, &n, NULL))
		BUG("a default in the tables is no number");
	return n;
}

/* A trainer that cannot go on from a rung is not stopped at one. */
static void prune_nothing(const struct spec_reader *r, struct spec *s)
{
	const struct json *rule = read_at(r, "prune.rule");

	if (rule && s->prune.rule != PRUNE_NONE)
		diag_add(r->d, rule->at,
			"with \"resume\": false a job is one segment: the rule must be "
			"\"none\"");
	s->prune.rule = PRUNE_NONE;
}

void read_prune(const struct spec_reader *r, struct spec *s)
{
	static const char *const not_none[] = { "prune.rungs", "prune.keep",
		"prune.window", "prune.eta", "prune.within", NULL };
	static const char *const not_keep[] = { "prune.eta", NULL };
	static const char *const all_of_rungs[] = { NULL };
	static const char *const not_halving[] = { "prune.keep", NULL };
	static const char *const not_median[] = { "prune.keep", "prune.eta", NULL };
	static const char *const *const unused[] = { [PRUNE_RUNGS] = all_of_rungs,
		[PRUNE_HALVING] = not_halving,
		[PRUNE_MEDIAN] = not_median,
		[PRUNE_NONE] = not_none };
	static const char *const rules[] = { [PRUNE_RUNGS] = "rule \"rungs\"",
		[PRUNE_HALVING] = "rule \"halving\"",
		[PRUNE_MEDIAN] = "rule \"median\"",
		[PRUNE_NONE] = "rule \"none\"" };
	const struct json *section = read_at(r, "prune");

	s->prune.rule = (enum prune_rule)read_choice(r, "prune.rule");
	if (s->trainer && !s->trainer->resume)
		prune_nothing(r, s);
	s->prune.keep = read_whole(r, "prune.keep");
	if (read_at(r, "prune.eta"))
		s->prune.eta = read_number(r, "prune.eta");
	else
		(void)defaults_of(
			"prune.eta", s->prune.rule != PRUNE_RUNGS, &s->prune.eta, 1);
	s->prune.within_lr = read_choice(r, "prune.within") == WITHIN_LR;
	if (s->prune.eta <= 1)
		diag_add(r->d, read_place(r, "prune.eta"), "\"eta\" must be above 1");
	read_refuse(r, unused[s->prune.rule], rules[s->prune.rule]);
	if (s->prune.rule == PRUNE_RUNGS && s->prune.keep)
		read_refuse(r, not_keep, "\"keep\"");
	if (s->select.epoch == EPOCH_LAST10 && section && s->prune.rule != PRUNE_NONE)
		diag_add(r->d, section->key_at,
			"\"last10\" trains everything to its end: nothing is pruned");
}

static int epoch_of(double share, int epochs)
{
	/* 0.07 * 100 is a little above 7, and stands for epoch 7, not 8. */
	return (int)ceil(share * epochs - 1e-9);
}

/* Those that this many epochs have. What keeps a share at a rung may err and starts
 * early; what goes down to a fixed number at once waits. docs/PRUNING.md measures it. */
static void default_rungs(const struct spec *s, struct spec_variant *v)
{
	bool gradual = s->prune.rule == PRUNE_RUNGS && !s->prune.keep;
	double share[RUNGS_MAX];
	int n = defaults_of("prune.rungs", !gradual, share, RUNGS_MAX);

	for (int i = 0; i < n; i++) {
		int epoch = epoch_of(share[i], v->epochs);

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
	const struct spec_reader *r, const struct json *node, struct spec_variant *v)
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

void read_rungs(
	const struct spec_reader *r, const struct spec *s, struct spec_variant *v)
{
	const struct json *list = read_at(r, "prune.rungs");
	double share;

	(void)defaults_of("prune.window", false, &share, 1);
	v->window = read_at(r, "prune.window") ? read_whole(r, "prune.window")
					       : epoch_of(share, v->epochs);
	v->rungs = NEW_ARRAY(r->a, int, RUNGS_MAX);
	if (v->epochs < 1 || s->prune.rule == PRUNE_NONE ||
		s->select.epoch == EPOCH_LAST10)
		return;
	if (!list) {
		default_rungs(s, v);
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

void read_prune_rule(struct spec_reader *r, const struct json *node, struct spec *s)
{
	struct json section = *node;
	struct json root = { .kind = JSON_OBJECT, .child = &section, .count = 1 };
	struct spec_variant *v = NEW_ARRAY(r->a, struct spec_variant, s->nvariants);

	if (!expect_kind(r, node, JSON_OBJECT, "a rule"))
		return;
	section.key = "prune";
	section.key_at = section.at;
	section.next = NULL;
	root.at = root.key_at = node->at;
	r->root = &root;
	read_members(r, &section, "prune", NULL);
	read_prune(r, s);
	memcpy(v, s->variants, (size_t)s->nvariants * sizeof(*v));
	s->variants = v;
	for (int i = 0; i < s->nvariants; i++) {
		v[i].nrungs = 0;
		read_rungs(r, s, &v[i]);
	}
	r->root = NULL;
}
