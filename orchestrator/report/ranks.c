/*
 * deltam ranks: methods over several data sets, networks or variants. A block is a variant
 * of a sweep; every block ranks the methods by Δm, and the ranks are averaged (Demšar 2006).
 */
#include <math.h>
#include <string.h>
#include "catalogue/catalogue.h"
#include "common/store/store_open.h"
#include "orchestrator/report/inference.h"
#include "orchestrator/report/reader.h"
#include "orchestrator/report/sample.h"
#include "orchestrator/stats/stats_ranks.h"

#define ALPHA 0.05
#define LEVEL 0.95

struct block {
	const char *name;
	const char *variant;
	const struct sample_set *set;
};

struct ranks {
	struct arena *arena;
	struct report *report;
	const char *against; /* NULL: no chances */
	struct block *block;
	int blocks, block_capacity;
	const char **label; /* with results in every block */
	int labels, label_capacity;
	double *block_rank; /* (blocks, labels) */
	double *rank; /* (labels) */
	struct stats_friedman friedman;
	double critical; /* difference of average ranks */
	const char **letter;
};

/* The variants of one sweep that have a method with results. */
static void add_blocks(struct ranks *r, const struct sample_set *set, const char *sweep)
{
	for (int i = 0; i < set->n; i++) {
		const struct sample *x = &set->item[i];
		struct block *last = r->blocks ? &r->block[r->blocks - 1] : NULL;

		if (x->stl || x->of_run || !x->n ||
			(last && last->set == set &&
				!strcmp(last->variant, x->variant)))
			continue;
		(void)GROW(r->arena, r->block, r->blocks, r->block_capacity);
		r->block[r->blocks++] = (struct block){
			.name = !sweep ? x->variant
				: *x->variant
				? arena_printf(r->arena, "%s %s", sweep, x->variant)
				: sweep,
			.variant = x->variant,
			.set = set,
		};
	}
}

static const struct sample *run_of(const struct ranks *r, int block, const char *label)
{
	const struct block *b = &r->block[block];
	const struct sample *x = sample_find(b->set, b->variant, label);

	return x && x->n && !x->stl && !x->of_run ? x : NULL;
}

/* Methods that every block has results of; the others are named in a note. */
static void find_labels(struct ranks *r)
{
	struct str missing = { .arena = r->arena };

	for (int b = 0; b < r->blocks; b++)
		for (int i = 0; i < r->block[b].set->n; i++) {
			const struct sample *x = &r->block[b].set->item[i];
			bool first = true;
			bool everywhere = true;

			if (strcmp(x->variant, r->block[b].variant) != 0 ||
				!run_of(r, b, x->label))
				continue;
			for (int k = 0; k < r->blocks; k++) {
				bool there = run_of(r, k, x->label) != NULL;

				first = first && (k >= b || !there);
				everywhere = everywhere && there;
			}
			if (first && everywhere) {
				(void)GROW(r->arena, r->label, r->labels,
					r->label_capacity);
				r->label[r->labels++] = x->label;
			} else if (first) {
				str_printf(&missing, "%s%s", missing.n ? ", " : "",
					x->label);
			}
		}
	if (missing.n)
		report_note(r->report,
			"Left out, since not every block has results of them: %s.",
			str_get(&missing));
}

static void rank(struct ranks *r)
{
	int n = r->blocks;
	int k = r->labels;
	double *cost = NEW_ARRAY(r->arena, double, n *k + 1);
	bool *differ = NEW_ARRAY(r->arena, bool, k *k + 1);

	for (int b = 0; b < n; b++)
		for (int j = 0; j < k; j++) {
			const struct sample *x = run_of(r, b, r->label[j]);

			cost[b * k + j] = stats_mean(x->n, x->delta_m);
		}
	r->block_rank = NEW_ARRAY(r->arena, double, n *k + 1);
	r->rank = NEW_ARRAY(r->arena, double, k + 1);
	r->letter = NEW_ARRAY(r->arena, const char *, k + 1);
	stats_mean_ranks(n, k, cost, r->block_rank, r->rank);
	r->friedman = stats_friedman(n, k, r->block_rank);
	r->critical = n > 1 ? stats_nemenyi_difference(n, k, ALPHA) : (double)NAN;
	for (int i = 0; i < k * k; i++)
		differ[i] = fabs(r->rank[i / k] - r->rank[i % k]) >= r->critical;
	/* Ranks lie on a line, so k methods never need more than k letters. */
	if (n < 2 || !stats_letters(k, differ, r->rank, r->arena, r->letter))
		for (int j = 0; j < k; j++)
			r->letter[j] = "";
}

static const char *title(const char *label)
{
	const struct method_info *m = catalogue_method(label);

	return m ? m->title : label;
}

static struct report_column *add_column(struct report_table *t, const char *name,
	const char *title, enum audience audience)
{
	struct report_column *c = table_column(t, name, title);

	c->right = true;
	c->audience = audience;
	return c;
}

static void columns(const struct ranks *r, struct report_table *t)
{
	static const char *const tests[] = { "blocks", "friedman_chi2", "friedman_p",
		"iman_davenport_f", "iman_davenport_p", "critical_difference" };

	table_column(t, "label", "Method");
	add_column(t, "rank", "rank", FOR_ALL)->arrow = -1;
	add_column(t, "letters", "letters", FOR_ALL)->right = false;
	for (int b = 0; b < r->blocks; b++)
		add_column(t, arena_printf(t->arena, "rank %s", r->block[b].name),
			*r->block[b].name ? r->block[b].name : "all", FOR_ALL)
			->group = "rank in";
	if (r->against) {
		const char *group =
			arena_printf(t->arena, "to beat %s", title(r->against));

		add_column(t, "improvement", "chance", FOR_ALL)->group = group;
		add_column(t, "improvement_interval", "95 % interval", FOR_READERS)
			->group = group;
		add_column(t, "improvement_low", "", FOR_PROGRAMS);
		add_column(t, "improvement_high", "", FOR_PROGRAMS);
	}
	for (int i = 0; i < 6; i++)
		add_column(t, tests[i], "", FOR_PROGRAMS);
}

/* The chance that a run of the method beats one of `against`. */
static void chance_cells(const struct ranks *r, struct report_table *t, int j)
{
	struct stats_block *block = NEW_ARRAY(t->arena, struct stats_block, r->blocks);
	struct stats_interval x;
	double chance;

	if (!strcmp(r->label[j], r->against)) {
		for (int i = 0; i < 4; i++)
			table_text(t, NULL);
		return;
	}
	for (int b = 0; b < r->blocks; b++) {
		const struct sample *mine = run_of(r, b, r->label[j]);
		const struct sample *other = run_of(r, b, r->against);

		block[b] = (struct stats_block){ mine->n, other->n, mine->delta_m,
			other->delta_m };
	}
	chance = stats_improvement(r->blocks, block);
	x = stats_improvement_bootstrap(r->blocks, block, LEVEL);
	table_fixed(t, chance, 2);
	table_text(t, arena_printf(t->arena, "[%.2f, %.2f]", x.low, x.high));
	table_number(t, x.low, NULL);
	table_number(t, x.high, NULL);
}

static void row(const struct ranks *r, struct report_table *t, int j)
{
	const double tests[] = { r->blocks, r->friedman.chi2, r->friedman.p,
		r->friedman.f, r->friedman.f_p, r->critical };

	table_text(t, title(r->label[j]))->exact = r->label[j];
	table_fixed(t, r->rank[j], 2);
	table_text(t, *r->letter[j] ? r->letter[j] : NULL);
	for (int b = 0; b < r->blocks; b++)
		table_number(t, r->block_rank[b * r->labels + j], NULL);
	if (r->against)
		chance_cells(r, t, j);
	for (int i = 0; i < 6; i++)
		table_number(t, tests[i], NULL);
}

/* The lowest average rank first, as a critical-difference diagram has them. */
static void rows(const struct ranks *r, struct report_table *t)
{
	bool *done = NEW_ARRAY(r->arena, bool, r->labels + 1);

	for (int i = 0; i < r->labels; i++) {
		int next = -1;

		for (int j = 0; j < r->labels; j++)
			if (!done[j] && (next < 0 || r->rank[j] < r->rank[next]))
				next = j;
		done[next] = true;
		row(r, t, next);
	}
}

static void notes(const struct ranks *r)
{
	struct report *out = r->report;

	report_note(out,
		"Ranks of the mean Δm over seeds, 1 the lowest, equal ones their mean; "
		"averaged over %d block%s (variants of a sweep).",
		r->blocks, r->blocks == 1 ? "" : "s");
	if (r->blocks < 2 || r->labels < 2)
		report_note(out,
			"Friedman's test wants two blocks and two methods: several "
			"sweeps in one database, or a sweep with `vary`.");
	else if (isnan(r->friedman.p))
		report_note(out, "All ranks are equal: there is nothing to test.");
	else
		report_note(out,
			"Friedman's test: chi-squared %.4g, p %s (%s); Iman and "
			"Davenport: F %.4g, p %s.",
			r->friedman.chi2, inference_p_text(r->arena, r->friedman.p),
			r->friedman.exact ? "exact" : "asymptotic", r->friedman.f,
			inference_p_text(r->arena, r->friedman.f_p));
	if (!isnan(r->critical))
		report_note(out,
			"Methods that share a letter differ by less than the critical "
			"difference of average ranks, %.4g (Nemenyi, %g).",
			r->critical, ALPHA);
	if (r->against)
		report_note(out,
			"Chance to beat %s: the share of pairs of runs with a lower Δm, "
			"ties half, averaged over the blocks; 95 %% interval by a "
			"bootstrap of the runs inside each block (%d draws).",
			title(r->against), STATS_REPLICATES);
}

static int check_against(const struct ranks *r, struct err *e)
{
	char hint[HINT_MAX];

	for (int j = 0; j < r->labels; j++)
		if (!r->against || !strcmp(r->label[j], r->against))
			return OK;
	return !r->against || !r->labels
		? OK
		: err_set(e, ERR_USAGE,
			  "--against: not every block has results of a method "
			  "\"%s\"%s",
			  r->against,
			  str_hint(str_nearest(r->against, r->label, r->labels), hint));
}

/* The sweeps that are asked for: one by name, or all of the database. */
static int read_sweeps(
	struct ranks *r, struct store *s, const char *name, bool test, struct err *e)
{
	struct query_sweep *sweep;
	struct query_sweep one;
	int n;
	int rc = query_sweeps(s, r->arena, &sweep, &n, e);

	if (!rc && (name || n < 2)) {
		rc = reader_sweep(s, name, r->arena, &one, e);
		sweep = &one;
		n = 1;
	}
	for (int i = 0; i < n && !rc; i++) {
		struct sample_set *set = NEW(r->arena, struct sample_set);

		set->arena = r->arena;
		rc = sample_read(set, s, &sweep[i], test, e);
		if (!rc)
			add_blocks(r, set, n > 1 ? sweep[i].name : NULL);
	}
	return rc;
}

static int answer(
	struct ranks *r, struct store *s, const struct cli_options *o, struct err *e)
{
	bool test = !o->split || !strcmp(o->split, "test");
	int rc = read_sweeps(r, s, o->sweep, test, e);

	if (rc)
		return rc;
	find_labels(r);
	rc = check_against(r, e);
	if (rc)
		return rc;
	if (r->labels) {
		struct report_table *t = report_table(r->report, NULL);

		rank(r);
		columns(r, t);
		rows(r, t);
		notes(r);
	} else {
		report_note(r->report, "No method has results in every block yet.");
	}
	reader_print(r->report, o);
	return OK;
}

int cmd_ranks(const struct cli_options *o, struct err *e)
{
	struct arena a = { 0 };
	struct report report = { .arena = &a };
	struct ranks r = { .arena = &a, .report = &report, .against = o->against };
	const char *path;
	struct store s;
	int rc = reader_path(o, &a, &path, e);

	if (!rc)
		rc = store_open(&s, path, STORE_READER, e);
	if (!rc) {
		rc = answer(&r, &s, o, e);
		store_close(&s);
	}
	arena_release(&a);
	return rc;
}
