#include "orchestrator/cli/surprises.h"

#include <string.h>
#include "orchestrator/cli/cli_tables.h"

static void note(FILE *out, const char *text)
{
	fputs("note: ", out);
	cli_wrap(out, 6, 6, text);
}

/* A table without ± claims less than it seems to. */
static void note_seeds(FILE *out, const struct spec *s)
{
	bool trained = s->baseline.source == BASELINE_TRAINED;

	if (s->final_seeds.n == 1)
		note(out,
			"final.seeds is 1: the figures of the table are of one run each, "
			"without ±; \"final\": { \"seeds\": 5 } repeats the winners");
	if (trained && s->baseline.seeds.n == 1 && s->final_seeds.n > 1)
		note(out,
			"baseline.seeds is 1: every Δm compares with one run, and its ± "
			"does not know how far that one lies off");
}

static const char *range_of(const struct spec_axis *x, struct arena *a)
{
	return arena_printf(
		a, "%d values, %s to %s", x->count, x->text[0], x->text[x->count - 1]);
}

/* How far T is useful depends on the losses, which the table of methods cannot know. */
static void note_range(FILE *out, const struct spec_entry *entry, struct arena *a)
{
	for (int i = 0; i < entry->naxes; i++) {
		const struct spec_axis *x = &entry->axes[i];

		if (!x->unsaid)
			continue;
		note(out,
			arena_printf(a,
				"%s: %s is not given, and searched over the default range "
				"(%s)%s",
				entry->label, x->name,
				x->scale == AXIS_SIMPLEX
					? arena_printf(a, "%d points", x->count)
					: range_of(x, a),
				!strcmp(x->name, "T")
					? "; which T is useful depends on how large the "
					  "losses are: the table shows the weights that "
					  "each led to"
					: ""));
	}
}

/* Of two values the better one is always an end of them; a 0 is never marked. */
static void note_ends(
	FILE *out, const char *owner, const struct spec_axis *x, struct arena *a)
{
	if (x->count != 2 || x->scale == AXIS_SIMPLEX || !x->value ||
		x->value[0] == 0 || x->value[1] == 0)
		return;
	note(out,
		arena_printf(a,
			"%s%s has two values, %s and %s: whichever wins lies at an end of "
			"what was tried, and the table marks it with †",
			owner, x->name, x->text[0], x->text[1]));
}

void surprises_print(FILE *out, const struct spec *s, struct arena *a)
{
	const struct spec_variant *v = &s->variants[0];

	note_seeds(out, s);
	if (s->select.epoch == EPOCH_LAST10)
		return; /* nothing is searched */
	note_ends(out, "search.", &s->search.rates.lr, a);
	note_ends(out, "search.", &s->search.rates.wd, a);
	for (int i = 0; i < v->nentries; i++) {
		const struct spec_entry *entry = &v->entries[i];

		note_range(out, entry, a);
		for (int k = 0; k < entry->naxes; k++)
			note_ends(out, arena_printf(a, "%s: ", entry->label),
				&entry->axes[k], a);
	}
}
