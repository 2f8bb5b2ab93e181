/* The notes under the table: progress, protocol, marks, what each T led to. */
#include <string.h>
#include "orchestrator/report/benchmark_data.h"

static void note_progress(struct benchmark *b)
{
	int jobs = 0;
	int open = 0;

	for (int i = 0; i < b->stages; i++) {
		const struct query_progress *p = &b->stage[i];

		jobs += p->jobs;
		open += p->pending + p->running + p->waiting;
	}
	if (strcmp(b->sweep->state, "done") != 0)
		report_note(b->report,
			"The sweep has not finished: %d of %d jobs planned so far have "
			"ended.",
			jobs - open, jobs);
}

static void note_protocol(struct benchmark *b)
{
	int seeds = b->baseline_seeds;

	bool gains = b->sweep->auxiliary;
	const char *name = gains ? "Δ" : "Δm";

	report_note(b->report,
		"%s: mean relative %s against STL over %s on %s rows, mean ± sample "
		"standard deviation over seeds; %s is better. Figures of a seed: %s%s.",
		name, gains ? "gain" : "change",
		b->sweep->by_task ? "tasks" : "criteria",
		b->test ? "test" : "validation", gains ? "higher" : "lower",
		b->sweep->best
			? arena_printf(b->arena, "its epoch of the %s validation ",
				  gains ? "highest" : "lowest")
			: "mean of its last ten epochs",
		b->sweep->best ? name : "");
	if (gains && b->front)
		report_note(b->report,
			"Methods that know a primary task: Δ of that task alone, a run "
			"for each.");
	else if (gains)
		report_note(b->report,
			"The auxiliary block is judged by the primary task alone; "
			"where every task is primary in turn, each figure is from the "
			"runs that had its task as primary.");
	if (seeds)
		report_note(b->report, "STL: one network a task, mean of %d seed%s.",
			seeds, seeds > 1 ? "s" : "");
	else
		report_note(b->report, "STL: figures given in the sweep file.");
}

static void note_marks(struct benchmark *b)
{
	bool lost = false;

	for (int i = 0; i < b->entries; i++)
		lost = lost ||
			(!benchmark_is_stl(&b->entry[i]) &&
				b->entry[i].seeds_done < b->entry[i].seeds);
	if (!b->front)
		report_note(b->report,
			"Best and second best are marked among the methods%s; tried: "
			"configurations of the search.",
			lost ? " whose seeds all ended well (4/5: one did not)" : "");
	if (b->on_boundary)
		report_note(b->report,
			"† at the end of the values tried: the best may lie beyond.");
}

static void note_cost(struct benchmark *b)
{
	if (b->with_cost)
		report_note(b->report,
			"s/epoch: mean over all jobs of the entry, evaluation "
			"included, with as many workers beside them as the run had; "
			"passes of one step: forward through the network, backward "
			"through a head and through the trunk. STL: one network of one "
			"task.");
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
	note_progress(b);
	if (!b->entries) {
		report_note(b->report, "There are no results yet.");
		return;
	}
	note_protocol(b);
	note_marks(b);
	note_cost(b);
	note_temperatures(b);
}
