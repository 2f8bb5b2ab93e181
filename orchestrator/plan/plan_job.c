/* One job: its parameters and its identity. */
#include "orchestrator/plan/plan.h"

#include <stdio.h>
#include <string.h>
#include <xxhash.h>
#include "catalogue/setting.h"

struct params plan_job(const struct params *setting, const struct spec_entry *entry,
	const char *task, const struct plan_grid *g, int i, int seed, struct arena *a)
{
	struct params ps = params_copy(a, setting);

	/* What is not measured is the job that it would be without `diagnose`. */
	for (int p = ps.n - 1; entry->unmeasured && p >= 0; p--)
		if (!strncmp(ps.p[p].name, "diagnose.", 9))
			params_unset(&ps, ps.p[p].name);
	params_set(&ps, a, "method", entry->method->name);
	params_set_number(&ps, a, "seed", seed);
	if (task)
		params_set(&ps, a, "task", task);
	for (int k = 0; k < g->naxes; k++)
		params_set(
			&ps, a, g->axes[k].name, g->axes[k].text[grid_index(g, i, k)]);
	return ps;
}

static int64_t identity_of(const struct params *ps, bool with_paths,
	char hex[IDENTITY_MAX], struct arena *scratch)
{
	struct arena_mark mark = arena_mark(scratch);
	struct str json = { .arena = scratch };
	XXH128_canonical_t bytes;
	XXH128_hash_t hash;

	setting_canonical(ps, setting_row, with_paths, scratch, &json);
	hash = XXH3_128bits(str_get(&json), json.n);
	XXH128_canonicalFromHash(&bytes, hash);
	for (int i = 0; i < 16; i++)
		snprintf(hex + 2 * i, 3, "%02x", bytes.digest[i]);
	arena_rewind(scratch, mark);
	return (int64_t)(hash.high64 >> 1);
}

int64_t job_identity_in(
	const struct params *ps, char hex[IDENTITY_MAX], struct arena *scratch)
{
	return identity_of(ps, false, hex, scratch);
}

int64_t job_identity_with_paths(
	const struct params *ps, char hex[IDENTITY_MAX], struct arena *scratch)
{
	return identity_of(ps, true, hex, scratch);
}

int64_t job_identity(const struct params *ps, char hex[IDENTITY_MAX])
{
	struct arena scratch = { 0 };
	int64_t id = job_identity_in(ps, hex, &scratch);

	arena_release(&scratch);
	return id;
}
