/*
 * What holds of the plan of any sweep: random ones, drawn by a counter.
 */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "catalogue/setting.h"
#include "common/store/store_open.h"
#include "orchestrator/plan/plan.h"
#include "orchestrator/stage/identify.h"
#include "orchestrator/stats/stats.h"
#include "orchestrator/stats/weight_grid.h"
#include "tests/lib/digest.h"
#include "tests/lib/must.h"
#include "tests/lib/parsed.h"
#include "tests/lib/scratch.h"

/* A small counter generator: the random sweeps of the property tests. */
static unsigned next(unsigned *state, unsigned below)
{
	*state = *state * 1664525u + 1013904223u;
	return (*state >> 8) % below;
}

static void put_axis(struct str *out, unsigned *state)
{
	unsigned from = 1 + next(state, 9);

	switch (next(state, 4)) {
	case 0:
		str_printf(out, "%u", from);
		break;
	case 1:
		str_printf(out, "[%u, %u.5, %u]", from, from, from + 10);
		break;
	case 2:
		str_printf(out,
			"{ \"from\": %u, \"to\": %u, \"step\": 0.7, \"fine\": 0.3 }",
			from, from + next(state, 6));
		break;
	default:
		str_printf(out,
			"{ \"from\": 0.%u, \"to\": %u, \"per_decade\": %u, \"fine\": "
			"%u }",
			from, from + next(state, 90), 1 + next(state, 4),
			1 + next(state, 3));
	}
}

static const char *random_sweep(unsigned seed)
{
	struct str out = { .arena = &parsed_arena };
	unsigned state = seed;

	str_printf(&out,
		"{ \"sweep\": \"r\", \"dataset\": { \"name\": \"synthetic\", "
		"\"tasks\": %u }, \"train\": { \"epochs\": 10 }, \"search\": { "
		"\"kind\": \"%s\", \"lr\": [0.1, 0.2], \"wd\": [0, 1e-5], \"seeds\": "
		"%u },",
		1 + next(&state, 4), next(&state, 2) ? "line" : "grid",
		1 + next(&state, 3));
	if (next(&state, 2))
		str_put(&out, " \"vary\": { \"batch\": [32, 64] },");
	str_put(&out, " \"methods\": [\"ew\", { \"name\": \"uw_so\", \"T\": ");
	put_axis(&out, &state);
	str_put(&out, " }, { \"name\": \"dwa\", \"T\": ");
	put_axis(&out, &state);
	str_printf(&out,
		", \"form\": [\"epoch\", \"window\"] }, { \"name\": \"scalarization\","
		" \"weights\": { \"step\": 0.%s, \"fine\": 0.05%s } }] }",
		next(&state, 2) ? "1" : "125",
		next(&state, 2) ? ", \"ends\": true" : "");
	return str_get(&out);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

struct jobs {
	const char **hex;
	int n, capacity;
};

static void add_jobs(struct jobs *jobs, const struct spec_variant *v,
	const struct spec_entry *e, const char *task, const struct plan_grid *g)
{
	for (int i = 0; i < g->count; i++)
		for (int seed = 0; seed < parsed.search.seeds.n; seed++) {
			struct params ps = plan_job(task ? &v->stl : &v->base, e, task,
				g, i, seed, &parsed_arena);
			char *hex = arena_alloc(&parsed_arena, IDENTITY_MAX, 1);

			ck_assert_int_ge(job_identity(&ps, hex), 0);
			(void)GROW(&parsed_arena, jobs->hex, jobs->n, jobs->capacity);
			jobs->hex[jobs->n++] = hex;
		}
}

START_TEST(no_job_is_planned_twice)
{
	struct jobs jobs = { 0 };

	parsed_well(random_sweep((unsigned)_i));
	for (int k = 0; k < parsed.nvariants; k++) {
		const struct spec_variant *v = &parsed.variants[k];
		struct plan_grid stl =
			plan_tune(&parsed, v, &v->baseline, &parsed_arena);

		for (int t = 0; t < v->ntasks; t++)
			add_jobs(&jobs, v, &v->baseline, v->tasks[t].name, &stl);
		for (int i = 0; i < v->nentries; i++) {
			struct plan_grid g =
				plan_tune(&parsed, v, &v->entries[i], &parsed_arena);

			add_jobs(&jobs, v, &v->entries[i], NULL, &g);
		}
	}
	ck_assert_int_gt(jobs.n, 0);
	qsort(jobs.hex, (size_t)jobs.n, sizeof(*jobs.hex), by_text);
	for (int i = 1; i < jobs.n; i++)
		ck_assert_str_ne(jobs.hex[i], jobs.hex[i - 1]);
}
END_TEST

/* The values of a fine axis: rising or all different, within bounds, the best among them. */
static void assert_fine_axis(
	const struct spec_axis *coarse, int best, const struct spec_axis *fine)
{
	int incumbents = 0;

	ck_assert_int_ge(fine->count, 1);
	for (int i = 0; i < fine->count; i++) {
		incumbents += !strcmp(fine->text[i], coarse->text[best]);
		for (int j = 0; j < coarse->count; j++)
			ck_assert(j == best || strcmp(fine->text[i], coarse->text[j]));
		for (int j = 0; j < i; j++)
			ck_assert_str_ne(fine->text[i], fine->text[j]);
		if (fine->scale != AXIS_SIMPLEX) {
			ck_assert_double_ge(fine->value[i], coarse->min);
			ck_assert_double_le(fine->value[i], coarse->max);
			ck_assert(
				best == 0 || fine->value[i] > coarse->value[best - 1]);
			ck_assert(best == coarse->count - 1 ||
				fine->value[i] < coarse->value[best + 1]);
		}
	}
	ck_assert_int_eq(incumbents, 1);
}

static void assert_weights(const struct spec_axis *fine)
{
	for (int i = 0; i < fine->count; i++) {
		const char *s = fine->text[i];
		double sum = 0;

		for (int k = 0; k < fine->tasks; k++) {
			char *end;
			double w = strtod(s, &end);

			ck_assert(fine->ends ? w >= 0 : w > 0);
			sum += w;
			s = end;
		}
		ck_assert_double_lt(fabs(sum - 1), 1e-9);
		ck_assert_str_eq(s, "");
	}
}

START_TEST(a_refinement_holds_the_best_and_stays_between_its_neighbours)
{
	parsed_well(random_sweep((unsigned)_i));
	for (int e = 0; e < parsed_variant()->nentries; e++) {
		const struct spec_entry *entry = &parsed_variant()->entries[e];

		for (int k = 0; k < entry->naxes; k++) {
			const struct spec_axis *x = &entry->axes[k];

			for (int best = 0; x->fine > 0 && best < x->count;
				best += 1 + x->count / 3) {
				struct spec_axis fine =
					plan_refine_axis(x, best, &parsed_arena);

				assert_fine_axis(x, best, &fine);
				if (x->scale == AXIS_SIMPLEX)
					assert_weights(&fine);
			}
		}
	}
}
END_TEST

Suite *suite_plan_random(void);
Suite *suite_plan_random(void)
{
	Suite *s = suite_create("plan_random");
	TCase *t = tcase_create("plan_random");

	tcase_add_checked_fixture(t, NULL, parsed_release);
	tcase_add_loop_test(t, no_job_is_planned_twice, 0, 100);
	tcase_add_loop_test(t,
		a_refinement_holds_the_best_and_stays_between_its_neighbours, 0, 100);
	suite_add_tcase(s, t);
	return s;
}
