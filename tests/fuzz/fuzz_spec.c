/*
 * Any bytes as a sweep file: either errors that can be printed, or a plan whose first
 * and last jobs have an identity.
 */
#include <stdint.h>
#include <string.h>
#include "orchestrator/plan/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void try_grid(const struct spec_variant *v, const struct spec_entry *entry,
	const struct plan_grid *g, struct arena *a)
{
	char hex[IDENTITY_MAX];

	for (int i = 0; i<g->count; i += g->count> 1 ? g->count - 1 : 1) {
		struct params ps = plan_job(&v->base, entry, NULL, g, i, 0, a);

		ASSERT(job_identity(&ps, hex) >= 0);
		ASSERT(strlen(hex) == IDENTITY_MAX - 1);
	}
}

static void try_entry(const struct spec *s, const struct spec_variant *v,
	const struct spec_entry *entry, struct arena *a)
{
	struct plan_grid g = plan_tune(s, v, entry, a);
	struct plan_grid fine = plan_refine(s, &g, g.count / 2, a);
	struct plan_grid wd = plan_wd(s, &g, 0, a);

	ASSERT(g.count > 0);
	try_grid(v, entry, &g, a);
	try_grid(v, entry, &fine, a);
	try_grid(v, entry, &wd, a);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct arena a = { 0 };
	struct str report = { .arena = &a };
	struct spec s;
	struct err e = { 0 };
	int rc = spec_parse(&s, &a, "fuzz.json", (const char *)bytes, n, &report, &e);

	ASSERT(rc == OK || rc == ERR_SPEC);
	ASSERT((rc == OK) == (report.n == 0));
	if (rc == OK) {
		ASSERT(plan_count(&s, &a).total > 0);
		for (int k = 0; k < s.nvariants; k++)
			for (int i = 0; i < s.variants[k].nentries; i++)
				try_entry(&s, &s.variants[k], &s.variants[k].entries[i],
					&a);
	}
	arena_release(&a);
	return 0;
}
