/* The notes under the table: protocol, baseline, marks, what each T led to. */
#include <math.h>
#include <string.h>
#include "orchestrator/report/benchmark_data.h"
#include "orchestrator/json/json.h"
#include "orchestrator/spec/spec.h"

/* Which epochs the figure of a seed is the mean of. */
static const char *last_epochs(const struct benchmark *b)
{
	if (!b->longest || b->shortest >= 10)
		return "mean of its last ten epochs";
	if (b->shortest != b->longest)
		return "mean of its last ten epochs, or of all where it has fewer";
	return arena_printf(b->arena,
		b->longest > 1 ? "mean of its %d epochs" : "its only epoch",
		(int)b->longest);
}

static void note_protocol(struct benchmark *b)
{
	bool gains = b->sweep->auxiliary;
	const char *name = gains ? "Δ" : "Δm";

	report_note(b->report,
		"%s: mean relative %s against STL over %s on %s rows, %s; "
		"%s is better. Figures of a seed: %s%s.",
		name, gains ? "gain" : "change",
		b->sweep->by_task ? "tasks" : "criteria",
		b->test ? "test" : "validation",
		b->std_delta ? "mean ± sample standard deviation over seeds"
			     : "mean over seeds",
		gains ? "higher" : "lower",
		b->sweep->best
			? arena_printf(b->arena, "its epoch of the %s validation ",
				  gains ? "highest" : "lowest")
			: last_epochs(b),
		b->sweep->best ? name : "");
	if (b->sweep->skip_zero)
		report_note(b->report,
			"A task to which fixed weights give 0 is no part of it.");
	if (gains && b->front)
		report_note(b->report,
			"Methods that know a primary task: Δ of that task alone, a run "
			"for each.");
	else if (gains)
		report_note(b->report,
			"The auxiliary block is judged by the primary task alone; "
			"where every task is primary in turn, each figure is from the "
			"runs that had its task as primary.");
}

/* `select.criteria`: the columns that Δm does not look at. */
static void note_uncounted(struct benchmark *b)
{
	struct str names = { .arena = b->arena };
	int n = 0;

	for (int i = 0; i < b->criteria; i++) {
		const struct query_figure *c = &b->criterion[i];

		if (c->counts || strcmp(c->variant, b->criterion[0].variant) != 0)
			continue;
		str_printf(&names, "%s%s", n++ ? ", " : "", c->criterion);
	}
	if (n)
		report_note(b->report, "Shown and not part of %s: %s.",
			b->sweep->auxiliary ? "Δ" : "Δm", str_get(&names));
}

/* Reads `baseline.from` as it stands in the sweep file; NULL: there is none. */
static const char *baseline_from(struct benchmark *b)
{
	const struct json *base = json_get(benchmark_sweep_file(b), "baseline");
	const struct json *from = json_get(base, "from");

	if (!from || from->kind != JSON_STRING)
		return NULL;
	return from->string;
}

/* What was recorded of a baseline that is of no use; NULL: nothing. */
static const char *stop_for_good(const struct benchmark *b, const char *variant)
{
	for (int i = 0; i < b->failures; i++)
		if (!b->failure[i].job && !strcmp(b->failure[i].variant, variant))
			return b->failure[i].message;
	return NULL;
}

/* Notes why a baseline that is trained has no figures. */
static void note_missing(struct benchmark *b, const struct query_progress *p)
{
	const char *stop = stop_for_good(b, p->variant);
	bool ended = p->jobs > 0 && !(p->pending + p->running + p->waiting);
	const char *of =
		*p->variant ? arena_printf(b->arena, " of %s", p->variant) : "";

	if (stop)
		report_note(b->report, "STL%s: %s.", of, stop);
	else if (ended && p->failed + p->diverged == p->jobs)
		report_note(b->report,
			"STL%s: task %s has none: every run %s, and without it there "
			"is no %s (`deltam failures` says why).",
			of, p->task, p->failed ? "failed" : "diverged",
			b->sweep->auxiliary ? "Δ" : "Δm");
	else if (ended && p->failed)
		report_note(b->report,
			"STL%s: task %s has none: a run failed for good (`deltam failures` "
			"says why, `deltam run` tries it again).",
			of, p->task);
	else
		report_note(b->report, "STL%s: not yet trained.", of);
}

/* Whichever stage of the baseline ended badly says more than one that is open. */
static const struct query_progress *worst_stage(const struct benchmark *b, int first)
{
	const struct query_progress *worst = &b->stage[first];

	for (int i = first; i < b->stages; i++) {
		const struct query_progress *p = &b->stage[i];

		if (!strcmp(p->stage, "baseline") &&
			!strcmp(p->variant, worst->variant) && p->jobs &&
			(p->failed || p->diverged == p->jobs))
			return p;
	}
	return worst;
}

/* What a row of the baseline cannot show, since each task has its own; NULL: nothing. */
static const char *chosen_apart(const struct benchmark *b)
{
	bool lr = false;
	bool wd = false;

	for (int i = 0; i < b->entries; i++) {
		const struct query_entry *x = &b->entry[i];

		if (!benchmark_is_stl(x) || !x->seeds)
			continue;
		lr = lr || isnan(x->lr);
		wd = wd || isnan(x->wd);
	}
	return lr && wd ? "lr and wd" : lr ? "lr" : wd ? "wd" : NULL;
}

/* Where the figures come from that everything else is compared with. */
static void note_baseline(struct benchmark *b)
{
	const char *from = baseline_from(b);
	const char *apart = chosen_apart(b);
	const char *said = NULL;

	for (int i = 0; i < b->stages; i++) {
		const struct query_progress *p = &b->stage[i];

		if (strcmp(p->stage, "baseline") != 0 ||
			(said && !strcmp(said, p->variant)) ||
			!benchmark_lacks_baseline(b, p->variant))
			continue;
		said = p->variant;
		note_missing(b, worst_stage(b, i));
	}
	if (b->baseline_seeds)
		report_note(b->report,
			"STL: one network a task, mean of %d%s seed%s%s.",
			b->baseline_seeds,
			b->baseline_lost ? arena_printf(b->arena, " of %d",
						   b->baseline_seeds + b->baseline_lost)
					 : "",
			b->baseline_seeds + b->baseline_lost > 1 ? "s" : "",
			apart ? arena_printf(b->arena, "; the tasks chose different %s",
					apart)
			      : "");
	if (b->baseline_given && from)
		report_note(b->report, "STL: figures of the baseline in %s.", from);
	else if (b->baseline_given)
		report_note(b->report, "STL: figures given in the sweep file.");
}

/* Where `vary` decides, the names of the variants say it. */
static void note_precision(struct benchmark *b)
{
	const struct json *file = benchmark_sweep_file(b);
	const struct json *vary = json_get(file, "vary");
	const struct json *word = json_get(json_get(file, "train"), "precision");

	if (word && word->kind == JSON_STRING && !json_get(file, "trainer") &&
		!json_get(vary, "precision") && !json_get(vary, "train.precision") &&
		!strcmp(word->string, precision_words[PRECISION_BF16]))
		report_note(
			b->report, "Trained in mixed precision (%s).", word->string);
}

static void note_marks(struct benchmark *b)
{
	const char *tried = b->compact ? "" : "; tried: configurations of the search";
	static const char whole[] = " whose seeds all ended well (4/5: one did not)";
	const char *marks = NULL;
	bool lost = false;

	for (int i = 0; i < b->entries; i++)
		lost = lost ||
			(!benchmark_is_stl(&b->entry[i]) &&
				b->entry[i].seeds_done < b->entry[i].seeds);
	if (b->inference)
		marks = inference_marks_note(b->inference, b->arena);
	if (marks)
		report_note(b->report, "%s Only methods%s take part%s.", marks,
			lost ? whole : "", tried);
	else if (!b->front)
		report_note(b->report,
			"Best and second best are marked among the methods%s%s.",
			lost ? whole : "", tried);
	if (b->on_boundary)
		report_note(b->report,
			"† at the end of the values tried: the best may lie beyond.");
}

static void note_cost(struct benchmark *b)
{
	bool copied = false;

	for (int i = 0; i < b->entries; i++) {
		const struct query_cost *c = benchmark_cost(b, &b->entry[i]);

		copied = copied ||
			(b->entry[i].seeds_done && c && isnan(c->seconds_per_epoch));
	}
	if (b->with_cost && copied)
		report_note(b->report,
			"No s/epoch where every job was copied from another database "
			"(--reuse).");
	if (b->with_cost)
		report_note(b->report,
			"s/epoch: mean over all jobs of the entry, evaluation "
			"included, with as many workers beside them as the run had; "
			"passes of one step: forward through the network, backward "
			"through a head and through the trunk. CPU: of all attempts "
			"together; peak: the most memory that a worker of one needed. STL: "
			"one network of one task.");
}

#define UNIFORM_WITHIN 0.02

/* Which weights each T led to, and a warning where T made no difference. */
static void note_temperatures(struct benchmark *b)
{
	for (int i = 0; i < b->temperatures;) {
		const struct query_temperature *first = &b->temperature[i];
		struct str line = { .arena = b->arena };
		bool uniform = true;

		for (; i < b->temperatures; i++) {
			const struct query_temperature *x = &b->temperature[i];

			if (strcmp(x->variant, first->variant) != 0 ||
				strcmp(x->label, first->label) != 0)
				break;
			str_printf(&line, "%s T=%s %.2f to %.2f", x == first ? "" : ",",
				benchmark_number(b->arena, x->temperature), x->min,
				x->max);
			uniform = uniform && x->min > 1.0 / x->tasks - UNIFORM_WITHIN &&
				x->max < 1.0 / x->tasks + UNIFORM_WITHIN;
		}
		report_note(b->report, "Weights of %s%s%s:%s.", first->label,
			*first->variant ? " in " : "", first->variant, str_get(&line));
		if (uniform)
			report_note(b->report,
				"Warning: every T of %s gave nearly uniform weights; "
				"smaller T would tell it from EW.",
				first->label);
	}
}

void benchmark_notes(struct benchmark *b)
{
	if (!b->entries)
		return;
	note_protocol(b);
	note_uncounted(b);
	note_baseline(b);
	note_precision(b);
	note_marks(b);
	if (b->inference)
		inference_notes(b->inference, b->report);
	note_cost(b);
	if (!b->without_weights)
		note_temperatures(b);
}
