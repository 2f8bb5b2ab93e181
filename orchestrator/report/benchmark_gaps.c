/* What the table lacks: whether the sweep has ended, why a row is empty, lost figures. */
#include <math.h>
#include <string.h>
#include "orchestrator/report/benchmark_data.h"
#include "orchestrator/json/json.h"

void benchmark_progress(struct benchmark *b)
{
	int jobs = 0;
	int open = 0;

	for (int i = 0; i < b->stages; i++) {
		const struct query_progress *p = &b->stage[i];

		jobs += p->jobs;
		open += p->pending + p->running + p->waiting;
	}
	if (!strcmp(b->sweep->state, "failed"))
		report_note(b->report,
			"The sweep stopped short of its end: %d of %d jobs planned have "
			"ended (`deltam failures` says why).",
			jobs - open, jobs);
	else if (strcmp(b->sweep->state, "done") != 0)
		report_note(b->report,
			"The sweep has not finished: %d of %d jobs planned so far have "
			"ended.",
			jobs - open, jobs);
}

/* Rows that are empty for the same reason share a note. */
struct gap {
	const char *variant, *reason;
	struct str names;
};

struct gaps {
	struct benchmark *b;
	struct gap *item;
	int n, capacity;
};

static void add(
	struct gaps *g, const char *variant, const char *name, const char *reason)
{
	struct gap *x = NULL;

	for (int i = 0; i < g->n; i++)
		if (!strcmp(g->item[i].variant, variant) &&
			!strcmp(g->item[i].reason, reason))
			x = &g->item[i];
	if (!x) {
		(void)GROW(g->b->arena, g->item, g->n, g->capacity);
		x = &g->item[g->n++];
		*x = (struct gap){ variant, reason, { .arena = g->b->arena } };
	}
	str_printf(&x->names, "%s%s", x->names.n ? ", " : "", name);
}

/* Whether a stage is the entry's; one that is listed once may have one a primary task. */
static bool is_of(const struct query_progress *p, const struct query_entry *x)
{
	size_t n = strlen(x->label);

	return !strcmp(p->variant, x->variant) && strcmp(p->stage, "baseline") != 0 &&
		!strncmp(p->label, x->label, n) &&
		(!p->label[n] || !strncmp(p->label + n, " [", 2));
}

static bool chose_none(const struct benchmark *b, const struct query_progress *p)
{
	for (int i = 0; i < b->nones; i++)
		if (!strcmp(b->none[i].variant, p->variant) &&
			!strcmp(b->none[i].label, p->label) &&
			!strcmp(b->none[i].phase, p->phase))
			return true;
	return false;
}

static bool requires(const struct benchmark *b)
{
	const struct json *root = benchmark_sweep_file(b);

	return json_get(json_get(root, "select"), "require") != NULL;
}

/* A search that ended without a choice, among them why. */
static const char *without_choice(struct benchmark *b, const struct query_progress *p)
{
	const char *part = p->diverged
		? arena_printf(
			  b->arena, " (%d of %d jobs diverged)", p->diverged, p->jobs)
		: "";

	if (p->done == 0)
		return "diverged at every point of the search";
	if (requires(b))
		return arena_printf(
			b->arena, "no configuration met select.require%s", part);
	return arena_printf(
		b->arena, "every configuration had a seed that diverged%s", part);
}

/* What the stages of an entry say; NULL: nothing is wrong with this one. */
static const char *reason_of_stage(struct benchmark *b, const struct query_progress *p)
{
	bool final = !strcmp(p->stage, "final");

	if (chose_none(b, p))
		return without_choice(b, p);
	if (p->failed)
		return final ? "a final seed failed for good"
			     : "a job of the search failed for good";
	if (final && p->jobs && p->diverged == p->jobs)
		return "every final seed diverged";
	return NULL;
}

static const char *reason_of(struct benchmark *b, const struct query_entry *x)
{
	const char *reason = NULL;
	bool open = false;

	for (int i = 0; i < b->stages; i++) {
		const struct query_progress *p = &b->stage[i];

		if (!is_of(p, x))
			continue;
		open = open || p->pending + p->running + p->waiting > 0;
		if (!reason)
			reason = reason_of_stage(b, p);
	}
	/* What is on its way may still end well; what a failed sweep left open does not. */
	if (reason)
		return reason;
	if (open)
		return "not yet trained";
	return x->seeds_done ? "its scores are gone, `deltam run` computes them"
			     : "no seed is trained for every task yet";
}

static void add_rows(struct gaps *g, const struct query_entry *entry, int n)
{
	for (int i = 0; i < n; i++) {
		const struct query_entry *x = &entry[i];
		double v = g->b->test ? x->delta_m : x->val_delta_m;

		/* Without a baseline there is a note of its own. */
		if (!benchmark_is_stl(x) && isnan(v) &&
			!benchmark_lacks_baseline(g->b, x->variant))
			add(g, x->variant, benchmark_title(x), reason_of(g->b, x));
	}
}

static bool has_entry(const struct benchmark *b, const char *variant, const char *label)
{
	for (int i = 0; i < b->entries; i++)
		if (!strcmp(b->entry[i].variant, variant) &&
			!strcmp(b->entry[i].label, label))
			return true;
	return false;
}

/* "pin": "winner": a later variant has no stage before the first one has chosen. */
static void add_pinned(struct gaps *g)
{
	const struct benchmark *b = g->b;
	const char *first = b->criteria ? b->criterion[0].variant : "";
	bool open = !strcmp(b->sweep->state, "open");

	for (int i = 0; i < b->criteria; i++) {
		const char *variant = b->criterion[i].variant;

		if (i && !strcmp(variant, b->criterion[i - 1].variant))
			continue;
		for (int k = 0; k < b->entries; k++)
			if (!strcmp(b->entry[k].variant, first) &&
				!benchmark_is_stl(&b->entry[k]) &&
				!has_entry(b, variant, b->entry[k].label))
				add(g, variant, benchmark_title(&b->entry[k]),
					arena_printf(b->arena,
						"takes the point that wins in %s, and "
						"there is none%s",
						first, open ? " yet" : ""));
	}
}

/* Figures of runs that ended well, whose rows somebody removed. */
static void note_lost(const struct benchmark *b)
{
	const struct query_lost *x = b->lost;
	int others = 0;

	for (int i = 1; i < b->losts; i++)
		others += strcmp(b->lost[i].run, b->lost[i - 1].run) != 0;
	if (!b->losts)
		return;
	report_note(b->report,
		"Rows of `metric` are missing: %s has no %s figure of %s%s%s, and means "
		"are without it. Take the rows from a copy of the database, or train in "
		"a new one (--db).",
		x->run, b->test ? "test" : "validation", x->criterion,
		x->epoch ? arena_printf(b->arena, " in epoch %d", x->epoch)
			 : " in one of its last epochs",
		others ? arena_printf(b->arena, ", nor %d other run%s some", others,
				 others > 1 ? "s" : "")
		       : "");
}

void benchmark_gaps(struct benchmark *b)
{
	struct gaps g = { .b = b };

	benchmark_progress(b);
	add_rows(&g, b->entry, b->entries);
	add_rows(&g, b->auxiliary, b->auxiliaries);
	add_pinned(&g);
	for (int i = 0; i < g.n; i++)
		report_note(b->report, "No figures of %s%s%s: %s.",
			str_get(&g.item[i].names), *g.item[i].variant ? " in " : "",
			g.item[i].variant, g.item[i].reason);
	note_lost(b);
}
