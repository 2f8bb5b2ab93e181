/*
 * deltam pareto: the front; with --counts how many of whose runs are on it, per method
 * and optimizer (Elich et al. 2024, Tables 2 and A2); with --dominated who beats whom.
 * A run is a configuration, its criteria means over its seeds; with --counts runs, as the
 * paper counts, every seed is one, and invalid ones do not count.
 */
#include <math.h>
#include <string.h>
#include "orchestrator/report/benchmark.h"
#include "orchestrator/report/pareto_points.h"
#include "orchestrator/report/reader.h"
#include "orchestrator/stats/stats.h"

#define HYPERVOLUME_STEPS 2e7 /* of the exact method: a fraction of a second */

static void note_volume(struct report *r, const char *block, double volume)
{
	report_note(r,
		"%s: hypervolume of the front against the baseline %.6g (each "
		"criterion in units of its baseline)%s.",
		block, volume,
		volume > 0 ? "" : ": none of it beats the baseline in every criterion");
}

/*
 * In units of the baseline: every criterion divided by the baseline's, so that the
 * reference is the point of ones. Only what beats the baseline in all criteria counts.
 */
static void note_hypervolume(
	struct report *r, const struct pareto_points *p, int block, struct arena *a)
{
	double *row = NEW_ARRAY(a, double, p->n * p->d);
	double one[PARETO_CRITERIA_MAX];
	bool ready = true;
	int n = 0;

	for (int i = 0; i < p->n; i++) {
		const struct pareto_point *x = &p->item[i];

		if (!x->optimal || !pareto_same_block(x, &p->item[block]))
			continue;
		for (int k = 0; k < p->d; k++) {
			row[n * p->d + k] = x->value[k] / x->base[k];
			ready &= isfinite(row[n * p->d + k]);
			one[k] = 1;
		}
		n++;
	}
	if (!n || !ready)
		return;
	if (pow(n, p->d > 2 ? p->d - 1 : 1) > HYPERVOLUME_STEPS)
		report_note(r,
			"%s: no hypervolume: %d points in %d criteria are too many; "
			"choose with --criteria.",
			p->item[block].block, n, p->d);
	else
		note_volume(r, p->item[block].block,
			stats_hypervolume(p->d, p->higher, n, row, one));
}

/* --counts */

/* Counts the points of the block with this label and optimizer; NULL is any. */
static void count_row(struct report_table *t, const struct pareto_points *p, int block,
	const char *label, const char *optimizer)
{
	int runs = 0;
	int invalid = 0;
	int optimal = 0;
	int unbeaten = 0;

	for (int i = 0; i < p->n; i++) {
		const struct pareto_point *x = &p->item[i];

		if (!pareto_same_block(x, &p->item[block]) ||
			(label && strcmp(x->label, label) != 0) ||
			(optimizer && strcmp(x->optimizer, optimizer) != 0))
			continue;
		runs += !x->invalid;
		invalid += x->invalid;
		optimal += x->optimal;
		unbeaten += x->unbeaten;
	}
	if (!runs && !invalid)
		return;
	table_text(t, p->item[block].block);
	table_text(t, label ? label : "all");
	table_text(t, optimizer ? optimizer : "all");
	table_number(t, runs, NULL);
	table_number(t, optimal, NULL);
	table_fixed(t, runs ? 100.0 * optimal / runs : (double)NAN, 1);
	if (!p->by_seed)
		return;
	table_number(t, invalid, NULL);
	table_number(t, unbeaten, NULL);
}

static void count_block(struct report *r, struct report_table *t,
	const struct pareto_points *p, int block, struct arena *a)
{
	int optimizers = 0;

	for (int i = 0; i < p->n; i++)
		optimizers += pareto_same_block(&p->item[i], &p->item[block]) &&
			pareto_first_of(p, i, false);
	for (int i = 0; i < p->n; i++) {
		if (!pareto_same_block(&p->item[i], &p->item[block]) ||
			!pareto_first_of(p, i, true))
			continue;
		for (int k = 0; optimizers > 1 && k < p->n; k++)
			if (pareto_same_block(&p->item[k], &p->item[block]) &&
				pareto_first_of(p, k, false))
				count_row(t, p, block, p->item[i].label,
					p->item[k].optimizer);
		count_row(t, p, block, p->item[i].label, NULL);
	}
	for (int k = 0; optimizers > 1 && k < p->n; k++)
		if (pareto_same_block(&p->item[k], &p->item[block]) &&
			pareto_first_of(p, k, false))
			count_row(t, p, block, NULL, p->item[k].optimizer);
	count_row(t, p, block, NULL, NULL);
	note_hypervolume(r, p, block, a);
}

static void counts(struct report *r, const struct pareto_points *p, struct arena *a)
{
	static const struct report_head list[] = { { "block", "data set, network",
							   false },
		{ "label", "method", false }, { "optimizer", "optimizer", false },
		{ "runs", "runs", true }, { "optimal", "Pareto-optimal", true },
		{ "share", "share [%]", true }, { "invalid", "invalid", true },
		{ "unbeaten", "unbeaten by other optimizers", true } };
	struct report_table *t = report_table(r, NULL);

	table_columns(t, list, p->by_seed ? COUNT(list) : COUNT(list) - 2);
	for (int i = 0; i < p->n; i++)
		if (pareto_begins_block(p, i))
			count_block(r, t, p, i, a);
}

/* --dominated */

static const char *run_name(const struct pareto_point *x, struct arena *a)
{
	return arena_printf(a, "%s%s%s", x->variant, *x->variant ? " " : "", x->label);
}

static const char *dominators(const struct pareto_points *p,
	const struct pareto_field *f, int at, int *n, struct arena *a)
{
	struct str names = { .arena = a };
	int *by = NEW_ARRAY(a, int, f->n);

	*n = stats_dominators(p->d, p->higher, f->n, f->row, at, by);
	for (int i = 0; i < *n; i++)
		str_printf(&names, "%s%s", i ? ", " : "",
			run_name(&p->item[f->index[by[i]]], a));
	return str_get(&names);
}

static void dominated(struct report *r, const struct pareto_points *p, struct arena *a)
{
	static const struct report_head list[] = { { "block", NULL, false },
		{ "variant", NULL, false }, { "label", NULL, false },
		{ "lr", NULL, true }, { "wd", NULL, true },
		{ "temperature", NULL, true }, { "weights", NULL, false },
		{ "dominators", NULL, true }, { "dominated_by", NULL, false } };
	struct report_table *t = report_table(r, NULL);

	table_columns(t, list, COUNT(list));
	for (int i = 0; i < p->n; i++) {
		const struct pareto_point *x = &p->item[i];
		struct pareto_field f = pareto_field_of(p, i, a);
		const char *by = "";
		int n = 0;

		for (int k = 0; k < f.n; k++)
			if (f.index[k] == i)
				by = dominators(p, &f, k, &n, a);
		table_text(t, x->block);
		table_text(t, x->variant);
		table_text(t, x->label);
		table_number(t, x->lr, NULL);
		table_number(t, x->wd, NULL);
		table_number(t, x->temperature, NULL);
		table_text(t, x->weights);
		table_number(t, n, NULL);
		table_text(t, by);
	}
}

static int answer(
	struct report_reader *reader, const struct cli_options *o, struct err *e)
{
	struct report r = { .arena = &reader->arena };
	bool final = !o->counts || !strcmp(o->counts, "final");
	struct pareto_view view = { .split = o->split,
		.criteria = o->criteria,
		.final = final,
		.by_seed = o->counts && !strcmp(o->counts, "runs"),
		.option = o->counts
			? arena_printf(&reader->arena, "--counts %s", o->counts)
			: "--dominated" };
	struct pareto_points p;
	int rc = pareto_read(&reader->s, &reader->sweep, &view, &p, &reader->arena, e);

	if (rc)
		return rc;
	if (o->counts)
		counts(&r, &p, &reader->arena);
	else
		dominated(&r, &p, &reader->arena);
	report_note(&r, "%s",
		p.n && p.by_seed
			? "A run is a configuration of the search with a seed; invalid: it "
			  "diverged, or select.require does not hold; unbeaten: no run of "
			  "another optimizer dominates it."
			: p.n
			? "A run is a configuration; its criteria are means over its seeds."
			: !strcmp(reader->sweep.state, "open")
			? "There are no runs that ended well yet."
			: "No run ended well (`deltam table`, `deltam failures` say why).");
	reader_print(&r, o);
	return OK;
}

static int front(
	struct report_reader *reader, const struct cli_options *o, struct err *e)
{
	struct benchmark_view view = {
		.split = o->split, .criteria = o->criteria, .front = true
	};
	struct report r = { .arena = &reader->arena };
	int rc = benchmark_report(&reader->s, &reader->sweep, &view, &r, e);

	if (!rc)
		reader_print(&r, o);
	return rc;
}

int cmd_pareto(const struct cli_options *o, struct err *e)
{
	struct report_reader reader;
	int rc = reader_open(&reader, o, e);

	if (!rc && o->counts && o->dominated)
		rc = err_set(e, ERR_USAGE, "--counts or --dominated, not both");
	if (!rc)
		rc = o->counts || o->dominated ? answer(&reader, o, e)
					       : front(&reader, o, e);
	reader_close(&reader);
	return rc;
}
