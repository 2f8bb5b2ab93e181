#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "catalogue/setting.h"
#include "common/store/store_open.h"
#include "orchestrator/plan/plan.h"
#include "orchestrator/run/identify.h"
#include "tests/lib/digest.h"
#include "tests/lib/must.h"
#include "tests/lib/scratch.h"
#include "orchestrator/stats/stats.h"
#include "orchestrator/stats/weight_grid.h"

static struct arena arena;
static struct spec spec;

static void release(void)
{
	arena_release(&arena);
}

static void parse(const char *text)
{
	struct str report = { .arena = &arena };
	struct err e = { 0 };
	int rc = spec_parse(&spec, &arena, "t.json", text, strlen(text), &report, &e);

	ck_assert_msg(rc == OK, "%s\n%s", text, str_get(&report));
}

/* A sweep on synthetic data with these methods and this search. */
static void sweep(const char *methods, const char *search)
{
	parse(arena_printf(&arena,
		"{ \"sweep\": \"t\", \"dataset\": { \"name\": \"synthetic\" }, "
		"\"train\": { \"epochs\": 10 }, \"methods\": [%s], \"search\": { %s } "
		"}",
		methods, search));
}

static const struct spec_variant *first_variant(void)
{
	return &spec.variants[0];
}

static struct plan_grid tune(int entry)
{
	return plan_tune(
		&spec, first_variant(), &first_variant()->entries[entry], &arena);
}

static const char *value(const struct plan_grid *g, int i, int k)
{
	return g->axes[k].text[grid_index(g, i, k)];
}

/* "a b c": the values of one axis. */
static const char *values(const struct spec_axis *x)
{
	struct str out = { .arena = &arena };

	for (int i = 0; i < x->count; i++)
		str_printf(&out, "%s%s", i ? " | " : "", x->text[i]);
	return str_get(&out);
}

START_TEST(grid_of_2_by_3_by_4_makes_24_points)
{
	struct plan_grid g;

	sweep("{ \"name\": \"uw_so\", \"T\": [1, 2, 3, 4] }",
		"\"lr\": [0.1, 0.2], \"wd\": [0, 1e-5, 1e-4]");
	g = tune(0);
	ck_assert_int_eq(g.count, 24);
	ck_assert_str_eq(value(&g, 0, 0), "0.1");
	ck_assert_str_eq(value(&g, 1, 2), "2");
	ck_assert_str_eq(value(&g, 4, 1), "1e-05");
	ck_assert_str_eq(value(&g, 23, 0), "0.2");
	ck_assert_str_eq(value(&g, 23, 1), "0.0001");
	ck_assert_str_eq(value(&g, 23, 2), "4");
	ck_assert_int_eq(plan_wd(&spec, &g, 0, &arena).count, 0);
	ck_assert_int_eq(plan_refine(&spec, &g, 0, &arena).count, 0);
}
END_TEST

START_TEST(line_search_tries_wd_afterwards)
{
	struct plan_grid g, wd;

	sweep("\"ew\"",
		"\"kind\": \"line\", \"lr\": [0.1, 0.2], \"wd\": [0, 1e-5, 1e-4],"
		" \"fixed_wd\": 1e-5");
	g = tune(0);
	ck_assert_int_eq(g.count, 2);
	ck_assert_str_eq(value(&g, 1, 1), "1e-05");
	wd = plan_wd(&spec, &g, 1, &arena);
	ck_assert_int_eq(wd.count, 3);
	ck_assert_str_eq(value(&wd, 0, 0), "0.2");
	ck_assert_str_eq(values(&wd.axes[1]), "0 | 1e-05 | 0.0001");
}
END_TEST

START_TEST(a_fixed_wd_beside_the_list_still_competes)
{
	struct plan_grid g, wd;

	sweep("\"ew\"",
		"\"kind\": \"line\", \"lr\": 0.1, \"wd\": [0, 1e-4],"
		" \"fixed_wd\": 1e-5");
	g = tune(0);
	wd = plan_wd(&spec, &g, 0, &arena);
	ck_assert_str_eq(values(&wd.axes[1]), "1e-05 | 0 | 0.0001");
	sweep("\"ew\"", "\"kind\": \"line\", \"lr\": 0.1, \"wd\": 0");
	g = tune(0);
	ck_assert_int_eq(plan_wd(&spec, &g, 0, &arena).count, 0);
}
END_TEST

START_TEST(refinement_runs_between_the_neighbours_and_outward_at_an_edge)
{
	struct plan_grid g, fine;

	sweep("{ \"name\": \"uw_so\", \"T\": { \"from\": 5, \"to\": 25, \"step\": 5,"
	      " \"fine\": 2 } }",
		"\"lr\": [0.1, 0.2]");
	g = tune(0);
	fine = plan_refine(&spec, &g, 5 + 2, &arena); /* lr 0.2, T 15 */
	ck_assert_str_eq(value(&fine, 0, 0), "0.2");
	ck_assert_str_eq(values(&fine.axes[2]), "11 | 13 | 15 | 17 | 19");
	fine = plan_refine(&spec, &g, 4, &arena); /* T 25: nothing tried above */
	ck_assert_str_eq(values(&fine.axes[2]), "21 | 23 | 25 | 27 | 29");
	fine = plan_refine(&spec, &g, 0, &arena); /* T 5: 0 is no temperature */
	ck_assert_str_eq(values(&fine.axes[2]), "1 | 3 | 5 | 7 | 9");
}
END_TEST

START_TEST(outward_a_dividing_step_reaches_the_coarse_step)
{
	struct plan_grid g, fine;

	sweep("{ \"name\": \"uw_so\", \"T\": { \"from\": 0.1, \"to\": 0.3, \"step\": "
	      "0.1, \"fine\": 0.05 } }",
		"\"lr\": 0.1");
	g = tune(0);
	fine = plan_refine(&spec, &g, 2, &arena);
	ck_assert_str_eq(values(&fine.axes[2]), "0.25 | 0.3 | 0.35 | 0.4");
	fine = plan_refine(&spec, &g, 0, &arena); /* 0 lies below T's minimum */
	ck_assert_str_eq(values(&fine.axes[2]), "0.05 | 0.1 | 0.15");
	sweep("{ \"name\": \"uw_so\", \"T\": { \"from\": 0.3, \"to\": 0.5, \"step\": "
	      "0.1, \"fine\": 0.05 } }",
		"\"lr\": 0.1");
	g = tune(0);
	fine = plan_refine(&spec, &g, 0, &arena);
	ck_assert_str_eq(values(&fine.axes[2]), "0.2 | 0.25 | 0.3 | 0.35");
}
END_TEST

START_TEST(logarithmic_refinement_puts_points_between_neighbours)
{
	struct plan_grid g, fine;

	sweep("{ \"name\": \"uw_so\", \"T\": { \"from\": 1, \"to\": 100, "
	      "\"per_decade\": 1,"
	      " \"fine\": 1 } }",
		"\"lr\": 0.1");
	g = tune(0);
	ck_assert_str_eq(values(&g.axes[2]), "1 | 10 | 100");
	fine = plan_refine(&spec, &g, 1, &arena);
	ck_assert_str_eq(values(&fine.axes[2]), "3.16227766017 | 10 | 31.6227766017");
	fine = plan_refine(&spec, &g, 2, &arena);
	ck_assert_str_eq(
		values(&fine.axes[2]), "31.6227766017 | 100 | 316.227766017 | 1000");
}
END_TEST

START_TEST(weights_are_refined_in_their_simplex)
{
	struct plan_grid g, fine;

	parse("{ \"sweep\": \"t\", \"dataset\": { \"name\": \"multi_fashion\" }, "
	      "\"train\": { \"epochs\": 10 }, \"methods\": [{ \"name\": "
	      "\"scalarization\", \"weights\": { \"step\": 0.1, \"fine\": 0.02 } }], "
	      "\"search\": { \"lr\": 1e-3 } }");
	g = tune(0);
	ck_assert_int_eq(g.count, 9);
	fine = plan_refine(&spec, &g, 4, &arena);
	ck_assert_str_eq(values(&fine.axes[2]),
		"0.42 0.58 | 0.44 0.56 | 0.46 0.54 | 0.48 0.52 | 0.5 0.5 | 0.52 0.48 | "
		"0.54 0.46 | 0.56 0.44 | 0.58 0.42");
	fine = plan_refine(&spec, &g, 0, &arena); /* towards the face, not onto it */
	ck_assert_str_eq(fine.axes[2].text[0], "0.02 0.98");
	ck_assert_int_eq(fine.count, 9);
}
END_TEST

START_TEST(neighbours_of_a_weighting_are_counted_as_they_are_walked)
{
	for (int K = 1; K <= 5; K++)
		for (int m = 0; m <= 4; m++) {
			int64_t brute = 0;
			int z[5], total = 1;

			for (int k = 0; k < K; k++)
				total *= 2 * m + 1;
			for (int i = 0; i < total; i++) {
				int sum = 0;

				for (int k = 0, rest = i; k < K; k++) {
					z[k] = rest % (2 * m + 1) - m;
					rest /= 2 * m + 1;
					sum += z[k];
				}
				brute += sum == 0;
			}
			ck_assert_int_eq(weight_grid_neighbours(K, m), brute);
		}
	ck_assert_int_eq(weight_grid_neighbours(64, 200), INT64_MAX);
}
END_TEST

START_TEST(random_weightings_are_distinct_points_of_the_interior)
{
	int64_t sum[3] = { 0 };

	for (int i = 0; i < 2000; i++) {
		int z[3];

		weight_grid_random(3, 10000, (uint64_t)i, z);
		ck_assert_int_eq(z[0] + z[1] + z[2], 10000);
		for (int k = 0; k < 3; k++) {
			ck_assert_int_ge(z[k], 1);
			sum[k] += z[k];
		}
	}
	/* Uniform on the simplex: each part has mean 1/3, std 0.236; 2000 draws. */
	for (int k = 0; k < 3; k++)
		ck_assert_double_lt(fabs((double)sum[k] / 2e7 - 1.0 / 3), 0.02);
}
END_TEST

START_TEST(identity_is_what_it_always_was)
{
	struct params ps = { 0 };
	char hex[IDENTITY_MAX];
	int64_t id;

	/* XXH3_128bits of {"lr":"0.001","method":"ew","numerics":"1","seed":"0"} */
	params_set(&ps, &arena, "seed", "0");
	params_set(&ps, &arena, "lr", "0.001");
	params_set(&ps, &arena, "method", "ew");
	id = job_identity(&ps, hex);
	ck_assert_str_eq(hex, "72ce5f6202bc11efd78355e819fa684d");
	ck_assert_int_eq(id, 0x72ce5f6202bc11ef >> 1);
}
END_TEST

/*
 * Identities of jobs as they were before any parameter came later: who changes one
 * trains anew what users have trained.
 */
START_TEST(identities_of_todays_sweeps_stay)
{
	static const char small[] =
		"{ \"sweep\": \"t\", \"dataset\": { \"name\": \"synthetic\" }, "
		"\"train\": { \"epochs\": 10 }, \"methods\": [\"ew\", \"uw\", \"uw_o\", "
		"{ \"name\": \"uw_so\", \"T\": 2 }, { \"name\": \"uw_so\", \"label\": "
		"\"floor\", \"T\": 2, \"floor\": 1e-6 }, { \"name\": "
		"\"scalarization\", \"weights\": [0.2, 0.3, 0.5] }, \"dwa\", "
		"\"mgda\", \"ol_aux\", \"ial\"], \"search\": { \"lr\": 0.1 } }";
	static const char maps[] =
		"{ \"sweep\": \"t\", \"dataset\": { \"name\": \"scenes\", \"train\": "
		"100 }, \"model\": { \"name\": \"deeplab\" }, \"train\": { "
		"\"epochs\": 4, \"batch\": 8, \"optimizer\": { \"name\": \"sgd\", "
		"\"nesterov\": true }, \"lr_decay\": { \"every\": 2, \"factor\": "
		"0.5 }, \"freeze\": \"trunk\" }, \"diagnose\": { \"gradients\": {} "
		"}, \"methods\": [\"pcgrad\"], \"search\": { \"lr\": 0.01, \"wd\": "
		"1e-5 } }";
	static const char nyuv2[] =
		"{ \"sweep\": \"t\", \"dataset\": { \"name\": \"nyuv2\" }, \"train\": { "
		"\"epochs\": 200, \"batch\": 2, \"lr_decay\": \"cosine\" }, "
		"\"methods\": [\"imtl\"], \"search\": { \"lr\": 1e-4 } }";
	static const struct {
		const char *sweep, *label, *identity;
	} rows[] = {
		{ small, "stl", "44db77194564494b4e5a0e7b5f4269bb" },
		{ small, "ew", "33aeeb667a56417f1891c635ae510752" },
		{ small, "uw", "c6fd86f38951df5b1d87f12185998c71" },
		{ small, "uw_o", "666f38c3eaee5caf9484d0c12bbcc559" },
		{ small, "uw_so", "ab2ccce2d04ce4022ccb9ab003dd0377" },
		{ small, "floor", "6fa87bcedfb21fdcab9cc2a4fea7a80b" },
		{ small, "scalarization", "01671307944b5f65a6357e6d7eb28ee1" },
		{ small, "dwa", "8439f59ea0a60668e4fc7440876ccf69" },
		{ small, "mgda", "892b35aaebd38407bcfbcd785ed1d393" },
		{ small, "ol_aux", "6f377317bbd10ef01cf941facf4f9c48" },
		{ small, "ial", "dd63da368a7bdf8183537196c557f380" },
		{ maps, "stl", "338cf3befd2814994021332b0f40bb0e" },
		{ maps, "pcgrad", "6b8e42fd163fd6a92d752e34fa6aff79" },
		{ nyuv2, "stl", "14492cde4e04609a6b2e968f099a2240" },
		{ nyuv2, "imtl", "42e94e98538994b8269c648b22a28479" },
	};

	for (int i = 0; i < COUNT(rows); i++) {
		const struct spec_variant *v;
		const struct spec_entry *entry;
		struct params ps;
		struct plan_grid g;
		char hex[IDENTITY_MAX];
		int k = 0;

		parse(rows[i].sweep);
		v = first_variant();
		entry = &v->baseline;
		while (strcmp(entry->label, rows[i].label) != 0)
			entry = &v->entries[k++];
		g = plan_tune(&spec, v, entry, &arena);
		ps = entry == &v->baseline
			? plan_job(&v->stl, entry, v->tasks[0].name, &g, 0, 0, &arena)
			: plan_job(&v->base, entry, NULL, &g, 0, 0, &arena);
		job_identity(&ps, hex);
		ck_assert_msg(!strcmp(hex, rows[i].identity), "%s is now %s",
			rows[i].label, hex);
	}
}
END_TEST

static const struct param_info *made_up(const struct params *ps, const char *name)
{
	static const struct param_info rows[] = {
		{ .name = "old", .kind = PARAM_REAL, .deflt = "0.5" },
		{ .name = "new", .kind = PARAM_REAL, .deflt = "1e-8", .later = true },
		{ .name = "form",
			.kind = PARAM_CHOICE,
			.deflt = "plain",
			.choices = "plain|log",
			.later = true },
		{ .name = NULL },
	};

	(void)ps;
	return param_info_find(rows, name);
}

/* "NAME VALUE ..." as it is hashed. */
static const char *canonical(const char *const *pairs)
{
	struct params ps = { 0 };
	struct str out = { .arena = &arena };

	for (; *pairs; pairs += 2)
		params_set(&ps, &arena, pairs[0], pairs[1]);
	setting_canonical(&ps, made_up, false, &arena, &out);
	return str_get(&out);
}

#define CANONICAL(...) canonical((const char *const[]){ __VA_ARGS__, NULL })

START_TEST(what_came_later_is_hashed_only_where_it_differs_from_its_default)
{
	const char *before = "{\"numerics\":\"1\",\"old\":\"0.5\"}";

	ck_assert_str_eq(CANONICAL("old", "0.5"), before);
	ck_assert_str_eq(CANONICAL("old", "0.5", "new", "1e-08"), before);
	ck_assert_str_eq(
		CANONICAL("old", "0.5", "new", "1e-08", "form", "plain"), before);
	ck_assert_str_eq(CANONICAL("old", "0.5", "new", "1e-07", "form", "plain"),
		"{\"new\":\"1e-07\",\"numerics\":\"1\",\"old\":\"0.5\"}");
	ck_assert_str_eq(CANONICAL("old", "0.5", "form", "log"),
		"{\"form\":\"log\",\"numerics\":\"1\",\"old\":\"0.5\"}");
}
END_TEST

static const char *floor_of(const char *method)
{
	struct plan_grid g;
	struct params ps;

	sweep(method, "\"lr\": 0.1");
	g = tune(0);
	ps = plan_job(&first_variant()->base, &first_variant()->entries[0], NULL, &g, 0,
		0, &arena);
	return params_get(&ps, "floor");
}

START_TEST(a_floor_that_is_written_is_another_job_than_none)
{
	ck_assert_str_eq(floor_of("\"uw_o\""), "1e-12");
	ck_assert_str_eq(
		floor_of("{ \"name\": \"uw_o\", \"floor\": 1e-12 }"), "1.0e-12");
	ck_assert_str_eq(
		floor_of("{ \"name\": \"uw_o\", \"floor\": [1e-12, 1] }"), "1.0e-12");
	ck_assert_str_eq(floor_of("{ \"name\": \"uw_o\", \"floor\": 1e-6 }"), "1e-06");
}
END_TEST

START_TEST(a_folder_that_moved_leaves_the_identity)
{
	struct params ps = { 0 };
	char before[IDENTITY_MAX];
	char after[IDENTITY_MAX];

	params_set(&ps, &arena, "dataset.digest", "d1");
	params_set(&ps, &arena, "dataset.path", "");
	job_identity(&ps, before);
	params_set(&ps, &arena, "dataset.path", "/data/fashion");
	job_identity(&ps, after);
	ck_assert_str_eq(before, after);
	ck_assert_str_eq(params_get(&ps, "dataset.path"), "/data/fashion");
	params_set(&ps, &arena, "dataset.digest", "d2");
	job_identity(&ps, after);
	ck_assert_str_ne(before, after);
}
END_TEST

START_TEST(files_of_pseudo_tasks_count_by_their_labels_alone)
{
	struct params ps = { 0 };
	char before[IDENTITY_MAX];
	char after[IDENTITY_MAX];

	params_set(&ps, &arena, "dataset.digest", "d1");
	params_set(&ps, &arena, "dataset.pseudo", "seg=a.params depth=b.params");
	job_identity(&ps, before);
	params_set(&ps, &arena, "dataset.pseudo", "seg=/x\\ y/a depth=b.params");
	job_identity(&ps, after);
	ck_assert_str_eq(before, after);
	job_identity_with_paths(&ps, after, &arena);
	ck_assert_str_ne(before, after);
	params_set(&ps, &arena, "dataset.pseudo", "depth=b.params seg=a.params");
	job_identity(&ps, after);
	ck_assert_str_ne(before, after);
}
END_TEST

/* A job that an older deltam trained is found by what the sweep file says of the file. */
START_TEST(a_job_of_before_keeps_the_identity_with_its_path)
{
	const struct spec_variant v = { .pseudo = "seg=a.params" };
	const struct job_shown shown = { 0 };
	struct params ps = { 0 };
	struct params old;
	struct store s;
	struct stage_ctx c = { .s = &s };
	struct job_row row;
	struct err e = { 0 };
	char identity[IDENTITY_MAX];
	char known[IDENTITY_MAX];
	int64_t id, known_id;

	scratch_enter();
	must(store_open(&s, "t.db", STORE_ORCHESTRATOR, &e), &e);
	params_set(&ps, &arena, "dataset.name", "synthetic");
	params_set(&ps, &arena, "model.name", "mlp");
	params_set(&ps, &arena, "method", "ew");
	params_set_number(&ps, &arena, "lr", 1);
	params_set_number(&ps, &arena, "wd", 0);
	params_set_number(&ps, &arena, "seed", 0);
	params_set_number(&ps, &arena, "train.epochs", 1);
	params_set(&ps, &arena, "dataset.pseudo", "seg=/sweeps/a.params");
	must(identify_job(&c, &v, &ps, identity, &id, &arena, &e), &e);
	ck_assert_int_eq(id, job_identity(&ps, known));
	ck_assert_str_eq(identity, known);
	old = params_copy(&arena, &ps);
	params_set(&old, &arena, "dataset.pseudo", "seg=a.params");
	known_id = job_identity_with_paths(&old, known, &arena);
	must(store_job_put(&s, known_id, known, &old, &shown, &row, &e), &e);
	must(identify_job(&c, &v, &ps, identity, &id, &arena, &e), &e);
	ck_assert_int_eq(id, known_id);
	ck_assert_str_eq(identity, known);
	/* Its parameters say from now on where the file is. */
	must(store_job_put(&s, id, identity, &ps, &shown, &row, &e), &e);
	ck_assert_str_eq(
		query_text("t.db",
			"SELECT value FROM job_param WHERE name = 'dataset.pseudo'"),
		"seg=/sweeps/a.params");
	store_close(&s);
	scratch_leave();
}
END_TEST

START_TEST(everything_that_determines_training_is_in_a_job)
{
	struct plan_grid g;
	struct params ps;
	struct str json = { .arena = &arena };

	sweep("{ \"name\": \"uw_so\", \"T\": 2, \"label\": \"mine\" }",
		"\"lr\": 0.1, \"wd\": 1e-4");
	params_set(&spec.variants[0].base, &arena, "dataset.digest", "d1");
	g = tune(0);
	ps = plan_job(&first_variant()->base, &first_variant()->entries[0], NULL, &g, 0,
		1000, &arena);
	params_json(&ps, &json);
	ck_assert_str_eq(str_get(&json),
		"{\"T\":\"2\",\"dataset.digest\":\"d1\",\"dataset.features\":\"16\","
		"\"dataset.name\":\"synthetic\",\"dataset.noise\":\"0.1\","
		"\"dataset.scales\":\"1 10 0.1\",\"dataset.tasks\":\"3\","
		"\"dataset.test\":\"500\",\"dataset.train\":\"2000\",\"dataset.val\":"
		"\"500\","
		"\"floor\":\"1e-12\",\"lr\":\"0.1\",\"method\":\"uw_so\","
		"\"model.activation\":\"relu\",\"model.head_hidden\":\"0\","
		"\"model.hidden\":\"32 24\",\"model.name\":\"mlp\",\"seed\":\"1000\","
		"\"train.batch\":\"64\",\"train.epochs\":\"10\",\"train.lr_decay\":"
		"\"none\","
		"\"train.optimizer\":\"adam\",\"train.optimizer.amsgrad\":\"false\","
		"\"train.optimizer.betas\":\"0.9 "
		"0.999\",\"train.optimizer.eps\":\"1e-08\","
		"\"train.optimizer.per_task\":\"false\",\"wd\":\"0.0001\"}");
	ps = plan_job(&first_variant()->stl, &first_variant()->baseline, "reg1", &g, 0,
		0, &arena);
	ck_assert_str_eq(params_get(&ps, "task"), "reg1");
	ck_assert_str_eq(params_get(&ps, "method"), "stl");
}
END_TEST

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
	struct str out = { .arena = &arena };
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
		for (int seed = 0; seed < spec.search.seeds.n; seed++) {
			struct params ps = plan_job(
				task ? &v->stl : &v->base, e, task, g, i, seed, &arena);
			char *hex = arena_alloc(&arena, IDENTITY_MAX, 1);

			ck_assert_int_ge(job_identity(&ps, hex), 0);
			(void)GROW(&arena, jobs->hex, jobs->n, jobs->capacity);
			jobs->hex[jobs->n++] = hex;
		}
}

START_TEST(no_job_is_planned_twice)
{
	struct jobs jobs = { 0 };

	parse(random_sweep((unsigned)_i));
	for (int k = 0; k < spec.nvariants; k++) {
		const struct spec_variant *v = &spec.variants[k];
		struct plan_grid stl = plan_tune(&spec, v, &v->baseline, &arena);

		for (int t = 0; t < v->ntasks; t++)
			add_jobs(&jobs, v, &v->baseline, v->tasks[t].name, &stl);
		for (int i = 0; i < v->nentries; i++) {
			struct plan_grid g =
				plan_tune(&spec, v, &v->entries[i], &arena);

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
	parse(random_sweep((unsigned)_i));
	for (int e = 0; e < first_variant()->nentries; e++) {
		const struct spec_entry *entry = &first_variant()->entries[e];

		for (int k = 0; k < entry->naxes; k++) {
			const struct spec_axis *x = &entry->axes[k];

			for (int best = 0; x->fine > 0 && best < x->count;
				best += 1 + x->count / 3) {
				struct spec_axis fine =
					plan_refine_axis(x, best, &arena);

				assert_fine_axis(x, best, &fine);
				if (x->scale == AXIS_SIMPLEX)
					assert_weights(&fine);
			}
		}
	}
}
END_TEST

START_TEST(seeds_and_stages_are_counted)
{
	struct plan_counts c;

	parse("{ \"sweep\": \"t\", \"dataset\": { \"name\": \"synthetic\" }, "
	      "\"train\": { \"epochs\": 10 }, \"methods\": [\"ew\", { \"name\": "
	      "\"uw_so\", \"T\": { \"from\": 5, \"to\": 30, \"step\": 5, \"fine\": 2 } "
	      "}], \"search\": { \"kind\": \"line\", \"lr\": [1e-3, 2e-3], \"wd\": [0, "
	      "1e-5, 1e-4], \"seeds\": 2 }, \"baseline\": { \"seeds\": 4 }, \"final\": "
	      "{ \"seeds\": 5 } }");
	c = plan_count(&spec, &arena);
	ck_assert_int_eq(c.nrows, 3);
	ck_assert_int_eq(c.rows[0].tune, 3 * 2);
	ck_assert_int_eq(c.rows[0].wd, 3 * 2);
	ck_assert_int_eq(c.rows[0].final, 3 * 4);
	ck_assert_int_eq(c.rows[1].tune, 2 * 2);
	ck_assert_int_eq(c.rows[1].refine, 0);
	ck_assert_int_eq(c.rows[2].tune, 2 * 6 * 2);
	ck_assert_int_eq(c.rows[2].refine, 4 * 2);
	ck_assert_int_eq(c.rows[2].wd, 2 * 2);
	ck_assert_int_eq(c.rows[2].final, 5);
	ck_assert_int_eq(c.total, 6 + 6 + 12 + (4 + 4 + 5) + (24 + 8 + 4 + 5));
	ck_assert_str_eq(c.largest, "T of \"uw_so\"");
}
END_TEST

START_TEST(pinned_variants_train_final_seeds_alone)
{
	struct plan_counts c;

	parse("{ \"sweep\": \"t\", \"dataset\": { \"name\": \"synthetic\" }, \"train\":"
	      " { \"epochs\": 10 }, \"methods\": [\"ew\"], \"search\": { \"lr\": [1e-3,"
	      " 2e-3] }, \"vary\": { \"batch\": [8, 16, 32], \"pin\": \"winner\" } }");
	c = plan_count(&spec, &arena);
	ck_assert_int_eq(c.nrows, 6);
	ck_assert_int_eq(c.rows[1].tune, 2);
	ck_assert_int_eq(c.rows[3].tune, 0);
	ck_assert_int_eq(c.total, (3 * 2 + 3) + (2 + 1) + 2 * (3 + 1));
}
END_TEST

START_TEST(more_than_ten_thousand_jobs_want_a_yes_and_name_their_cause)
{
	struct plan_counts c;
	struct err e = { 0 };

	sweep("{ \"name\": \"uw_so\", \"T\": { \"from\": 1, \"to\": 5000, \"step\": 1 "
	      "} }",
		"\"lr\": [0.1, 0.2]");
	c = plan_count(&spec, &arena);
	ck_assert_int_eq(c.total, 10000 + 1 + 3 * 2 + 3);
	ck_assert_int_eq(plan_allow(&c, true, &e), OK);
	ck_assert_int_eq(plan_allow(&c, false, &e), ERR_USAGE);
	ck_assert_str_eq(e.msg,
		"this plan has 10010 jobs, above 10000; most come from T of \"uw_so\", "
		"which takes 5000 values; --yes allows them");
}
END_TEST

Suite *suite_plan(void);

Suite *suite_plan(void)
{
	Suite *s = suite_create("plan");
	TCase *t = tcase_create("plan");

	tcase_add_checked_fixture(t, NULL, release);
	tcase_add_test(t, grid_of_2_by_3_by_4_makes_24_points);
	tcase_add_test(t, line_search_tries_wd_afterwards);
	tcase_add_test(t, a_fixed_wd_beside_the_list_still_competes);
	tcase_add_test(
		t, refinement_runs_between_the_neighbours_and_outward_at_an_edge);
	tcase_add_test(t, outward_a_dividing_step_reaches_the_coarse_step);
	tcase_add_test(t, logarithmic_refinement_puts_points_between_neighbours);
	tcase_add_test(t, weights_are_refined_in_their_simplex);
	tcase_add_test(t, neighbours_of_a_weighting_are_counted_as_they_are_walked);
	tcase_add_test(t, random_weightings_are_distinct_points_of_the_interior);
	tcase_add_test(t, identity_is_what_it_always_was);
	tcase_add_test(t, identities_of_todays_sweeps_stay);
	tcase_add_test(
		t, what_came_later_is_hashed_only_where_it_differs_from_its_default);
	tcase_add_test(t, a_floor_that_is_written_is_another_job_than_none);
	tcase_add_test(t, a_folder_that_moved_leaves_the_identity);
	tcase_add_test(t, files_of_pseudo_tasks_count_by_their_labels_alone);
	tcase_add_test(t, a_job_of_before_keeps_the_identity_with_its_path);
	tcase_add_test(t, everything_that_determines_training_is_in_a_job);
	tcase_add_loop_test(t, no_job_is_planned_twice, 0, 100);
	tcase_add_loop_test(t,
		a_refinement_holds_the_best_and_stays_between_its_neighbours, 0, 100);
	tcase_add_test(t, seeds_and_stages_are_counted);
	tcase_add_test(t, pinned_variants_train_final_seeds_alone);
	tcase_add_test(t, more_than_ten_thousand_jobs_want_a_yes_and_name_their_cause);
	suite_add_tcase(s, t);
	return s;
}
