/*
 * deltam audit --rules FILE: rules side by side, replayed on what is trained already.
 * A command and not a bench, because which rule prunes best depends on the user's own
 * data: after `deltam audit` the second database answers for any rule without training
 * anything. docs/PRUNING.md, which chose the default rule, is made with it.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "orchestrator/plan/prune.h"
#include "orchestrator/audit/replay.h"
#include "orchestrator/stats/stats.h"

#define NEAR 3.0 /* points from the best: where the choice is made */

/* Says what a rule is: "rungs, keep 2, window 3, at 2 4 6 8 10, within lr". */
static const char *describe(const struct prune_plan *p, struct arena *a)
{
	struct str s = { .arena = a };

	str_put(&s, prune_rule_words[p->rule]);
	if (p->rule == PRUNE_RUNGS && p->keep)
		str_printf(&s, ", keep %d", p->keep);
	if (p->rule == PRUNE_HALVING || (p->rule == PRUNE_RUNGS && !p->keep))
		str_printf(&s, ", eta %g", p->eta);
	if (p->rule == PRUNE_NONE)
		return str_get(&s);
	str_printf(&s, ", window %d, at", p->window);
	for (int i = 0; i < p->nrungs; i++)
		str_printf(&s, " %d", p->rungs[i]);
	str_put(&s, p->within_lr ? ", within lr" : "");
	return str_get(&s);
}

/* What a rule came to on one seed: of one race, or of all of them. */
struct outcome {
	double saved, sweep; /* percent */
	double regret, worth;
};

static struct outcome outcome_of(const struct replay_races *all,
	const struct spec *rule, const struct spec *spec, int seed, const char *label)
{
	struct outcome o = { 0 };
	int64_t epochs = 0;
	int64_t trained = 0;
	int n = 0;

	for (int i = 0; i < all->n; i++) {
		const struct replay_race *x = &all->item[i];
		struct prune_plan p =
			prune_plan_of(rule, &rule->variants[x->v - spec->variants]);
		struct replay_result r;

		if (label && strcmp(label, x->label) != 0)
			continue;
		r = replay_rule(x, &p, seed);
		epochs += r.all;
		trained += r.trained;
		o.regret += r.regret;
		o.worth += r.worth;
		n++;
	}
	o.saved = 100 * (1 - (double)trained / (double)epochs);
	o.sweep = label
		? (double)NAN
		: 100 * (double)(all->fixed + trained) / (double)(all->fixed + epochs);
	o.regret /= n;
	o.worth /= n;
	return o;
}

static void means_columns(struct report_table *t)
{
	static const struct report_head list[] = { { "rule", NULL, false },
		{ "label", "method", false }, { "saved", "saved [%]", true },
		{ "saved_std", "std", true }, { "sweep", "of the sweep [%]", true },
		{ "sweep_std", "std", true }, { "regret", NULL, true },
		{ "regret_std", "std", true }, { "regret_max", "largest", true },
		{ "regret_others", "on other seeds", true } };

	table_columns(t, list, COUNT(list));
}

static void mean_row(struct report_table *t, int n, const struct outcome *o)
{
	double *x = NEW_ARRAY(t->arena, double, n);
	double largest = -HUGE_VAL;

	for (int k = 0; k < 3; k++) {
		for (int i = 0; i < n; i++)
			x[i] = k == 0 ? o[i].saved : k == 1 ? o[i].sweep : o[i].regret;
		table_fixed(t, stats_mean(n, x), k < 2 ? 1 : 2);
		table_fixed(t, stats_std(n, x), k < 2 ? 1 : 2);
	}
	for (int i = 0; i < n; i++) {
		largest = fmax(largest, x[i]);
		x[i] = o[i].worth;
	}
	table_fixed(t, largest, 2);
	table_fixed(t, stats_mean(n, x), 2);
}

/* Each label once, then NULL for all of them together where there are several. */
static int labels_of(const struct replay_races *all, const char **label)
{
	int n = 0;

	for (int i = 0; i < all->n; i++) {
		bool seen = false;

		for (int k = 0; k < n; k++)
			seen |= !strcmp(label[k], all->item[i].label);
		if (!seen)
			label[n++] = all->item[i].label;
	}
	label[n] = NULL;
	return n > 1 ? n + 1 : n;
}

struct rules {
	const struct spec *spec;
	const struct spec *item;
	int n;
};

static const char *rule_name(const struct rules *r, int i, struct arena *a)
{
	struct prune_plan p = prune_plan_of(&r->item[i], &r->item[i].variants[0]);

	return describe(&p, a);
}

static void means(
	struct report *out, const struct replay_races *all, const struct rules *rules)
{
	struct report_table *t = report_table(out, "means over search seeds");
	struct outcome *o = NEW_ARRAY(out->arena, struct outcome, all->seeds);
	const char **label = NEW_ARRAY(out->arena, const char *, all->n + 1);
	int labels = labels_of(all, label);

	means_columns(t);
	for (int i = 0; i < rules->n; i++)
		for (int k = 0; k < labels; k++) {
			const char *only = labels > 1 ? label[k] : NULL;

			for (int s = 0; s < all->seeds; s++)
				o[s] = outcome_of(
					all, &rules->item[i], rules->spec, s, only);
			table_text(t, rule_name(rules, i, out->arena));
			table_text(t, label[k] ? label[k] : "all");
			mean_row(t, all->seeds, o);
		}
}

static void repetitions(
	struct report *out, const struct replay_races *all, const struct rules *rules)
{
	static const struct report_head list[] = { { "rule", NULL, false },
		{ "seed", NULL, true }, { "saved", "saved [%]", true },
		{ "sweep", "of the sweep [%]", true }, { "regret", NULL, true } };
	struct report_table *t = report_table(out, "each search seed");

	table_columns(t, list, COUNT(list));
	for (int i = 0; i < rules->n; i++)
		for (int s = 0; s < all->seeds; s++) {
			struct outcome o =
				outcome_of(all, &rules->item[i], rules->spec, s, NULL);

			table_text(t, rule_name(rules, i, out->arena));
			table_number(t, s, NULL);
			table_fixed(t, o.saved, 1);
			table_fixed(t, o.sweep, 1);
			table_fixed(t, o.regret, 2);
		}
}

static void notes(struct report *out, const struct replay_races *all)
{
	report_note(out,
		"saved: of the epochs of the tune stages, one search seed. Of the "
		"sweep: epochs trained of all, with the %lld of baselines, later "
		"stages and final seeds, as they were unpruned.",
		(long long)all->fixed);
	report_note(out,
		"Regret: lowest validation Δm of what is chosen less that of the best "
		"on that seed, mean over methods; on other seeds: the same two there.");
	for (int i = 0; i < all->n; i++) {
		const struct replay_race *x = &all->item[i];
		double noise = replay_noise(x, NEAR);

		if (!isnan(noise))
			report_note(out,
				"Seed noise within a seed, %s%s%s, configurations "
				"within %g points of the best: %.2f.",
				x->v->label, *x->v->label ? " " : "", x->label, NEAR,
				noise);
	}
}

static int load_rules(struct report_reader *r, const char *path, struct spec *spec,
	struct rules *rules, struct err *e)
{
	struct str report = { .arena = &r->arena };
	struct spec *list = NULL;
	struct spec *with;
	int n = 0;
	const struct spec_source text = reader_source(r);
	int rc = spec_read(spec, &r->arena, &text, &report, e);

	if (!rc)
		rc = spec_load_rules(spec, path, &r->arena, &list, &n, &report, e);
	fputs(str_get(&report), stderr);
	if (rc)
		return rc;
	with = NEW_ARRAY(&r->arena, struct spec, n + 1);
	with[0] = *spec; /* the sweep's own first */
	memcpy(with + 1, list, (size_t)n * sizeof(*list));
	*rules = (struct rules){ spec, with, n + 1 };
	return OK;
}

int audit_rules(struct report_reader *r, const struct cli_options *o, struct err *e)
{
	struct report out = { .arena = &r->arena };
	struct spec spec;
	struct rules rules;
	struct replay_races all;
	int rc = load_rules(r, o->rules, &spec, &rules, e);

	if (!rc)
		rc = replay_load(r, &spec, &all, e);
	if (rc)
		return rc;
	means(&out, &all, &rules);
	repetitions(&out, &all, &rules);
	notes(&out, &all);
	reader_print(&out, o);
	return OK;
}
