/*
 * deltam prepare: what `run` would compose before its first segment is composed now, on a
 * machine that may be busy for as long as that takes.
 */
#include <stdio.h>
#include <string.h>
#include "orchestrator/cli/cli.h"
#include "orchestrator/plan/resolve.h"

/* Variants may share a data set, which has been told then. */
static bool is_told(const struct resolved *known, int i)
{
	const char *file = known->variants[i].data->file;

	for (int k = 0; k < i; k++)
		if (!strcmp(known->variants[k].data->file, file))
			return true;
	return false;
}

static void tell(const struct resolved *known, int i)
{
	const struct description *d = known->variants[i].data;

	printf("%s %s: %d + %d + %d samples, %.1f MB\n", d->made ? "made " : "there",
		d->file, d->train, d->val, d->test, (double)d->bytes / 1e6);
}

int cmd_prepare(const struct cli_options *o, struct err *e)
{
	const struct spec_source file = {
		.path = o->operand, .set = o->set.item, .nset = o->set.n
	};
	struct arena a = { 0 };
	struct spec s;
	struct resolved known;
	int rc = resolve_file(&file, DATA_COMPOSED, &s, &known, &a, e);

	if (!rc && !o->quiet && s.trainer)
		printf("%s: nothing to compose, its trainer reads the data itself\n",
			o->operand);
	for (int i = 0; !rc && !o->quiet && !s.trainer && i < s.nvariants; i++)
		if (!is_told(&known, i))
			tell(&known, i);
	arena_release(&a);
	return rc;
}
