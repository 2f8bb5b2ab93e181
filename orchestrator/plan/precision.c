#include "orchestrator/plan/precision.h"

#include <string.h>
#include "orchestrator/plan/instruction_set.h"
#include "orchestrator/plan/worker_path.h"

static const char key[] = "train.precision";

static bool is_mixed(const struct spec_variant *v)
{
	return params_get(&v->base, key) != NULL;
}

/* The instruction set that emulates the unit for tiles; NULL: there is one, or unknown. */
static const char *emulated_by(const char *precision, struct arena *a)
{
	char worker[1024];
	const char *set;
	struct err e;

	if (worker_path(worker, sizeof(worker), &e) ||
		instruction_set_ask(worker, precision, &set, a, &e) ||
		!strncmp(set, "amx", 3))
		return NULL;
	return set;
}

const char *precision_note(const struct spec *s, struct arena *a)
{
	struct str names = { .arena = a }, out = { .arena = a };
	const char *word = NULL, *by;
	int n = 0;

	for (int i = 0; i < s->nvariants; i++) {
		const struct spec_variant *v = &s->variants[i];

		if (!is_mixed(v))
			continue;
		word = params_get(&v->base, key);
		str_printf(&names, "%s%s", n++ ? ", " : "", v->label);
	}
	if (s->trainer || !word)
		return NULL;
	str_printf(&out, "mixed precision: %s", word);
	if (n < s->nvariants)
		str_printf(&out, " (variants: %s)", str_get(&names));
	by = emulated_by(word, a);
	if (by)
		str_printf(&out,
			"; this processor has no unit for it (AMX): %s computes the same "
			"bits, but slower than float32",
			by);
	return str_get(&out);
}
