/*
 * The identity of a job: what is part of it, and that it never changes.
 */
#include <check.h>
#include <math.h>
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

START_TEST(identity_is_what_it_always_was)
{
	struct params ps = { 0 };
	char hex[IDENTITY_MAX];
	int64_t id;

	/* XXH3_128bits of {"lr":"0.001","method":"ew","numerics":"1","seed":"0"} */
	params_set(&ps, &parsed_arena, "seed", "0");
	params_set(&ps, &parsed_arena, "lr", "0.001");
	params_set(&ps, &parsed_arena, "method", "ew");
	id = job_identity(&ps, hex);
	ck_assert_str_eq(hex, "72ce5f6202bc11efd78355e819fa684d");
	ck_assert_int_eq(id, 0x72ce5f6202bc11ef >> 1);
}
END_TEST

/*
 * Identities of jobs as they were before any parameter came later: who changes one
 * trains anew what users have trained.
 */
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
} todays[] = {
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

/* Of the first job of an entry's search. */
static void first_identity(const char *sweep, const char *label, char hex[IDENTITY_MAX])
{
	const struct spec_variant *v;
	const struct spec_entry *entry;
	struct params ps;
	struct plan_grid g;
	int k = 0;

	parsed_well(sweep);
	v = parsed_variant();
	entry = &v->baseline;
	while (strcmp(entry->label, label) != 0)
		entry = &v->entries[k++];
	g = plan_tune(&parsed, v, entry, &parsed_arena);
	ps = entry == &v->baseline
		? plan_job(&v->stl, entry, v->tasks[0].name, &g, 0, 0, &parsed_arena)
		: plan_job(&v->base, entry, NULL, &g, 0, 0, &parsed_arena);
	job_identity(&ps, hex);
}

START_TEST(identities_of_todays_sweeps_stay)
{
	char hex[IDENTITY_MAX];

	for (int i = 0; i < COUNT(todays); i++) {
		first_identity(todays[i].sweep, todays[i].label, hex);
		ck_assert_msg(!strcmp(hex, todays[i].identity), "%s is now %s",
			todays[i].label, hex);
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
	struct str out = { .arena = &parsed_arena };

	for (; *pairs; pairs += 2)
		params_set(&ps, &parsed_arena, pairs[0], pairs[1]);
	setting_canonical(&ps, made_up, false, &parsed_arena, &out);
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

	parsed_sweep(method, "\"lr\": 0.1");
	g = parsed_tune(0);
	ps = plan_job(&parsed_variant()->base, &parsed_variant()->entries[0], NULL, &g,
		0, 0, &parsed_arena);
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

	params_set(&ps, &parsed_arena, "dataset.digest", "d1");
	params_set(&ps, &parsed_arena, "dataset.path", "");
	job_identity(&ps, before);
	params_set(&ps, &parsed_arena, "dataset.path", "/data/fashion");
	job_identity(&ps, after);
	ck_assert_str_eq(before, after);
	ck_assert_str_eq(params_get(&ps, "dataset.path"), "/data/fashion");
	params_set(&ps, &parsed_arena, "dataset.digest", "d2");
	job_identity(&ps, after);
	ck_assert_str_ne(before, after);
}
END_TEST

START_TEST(files_of_pseudo_tasks_count_by_their_labels_alone)
{
	struct params ps = { 0 };
	char before[IDENTITY_MAX];
	char after[IDENTITY_MAX];

	params_set(&ps, &parsed_arena, "dataset.digest", "d1");
	params_set(&ps, &parsed_arena, "dataset.pseudo", "seg=a.params depth=b.params");
	job_identity(&ps, before);
	params_set(&ps, &parsed_arena, "dataset.pseudo", "seg=/x\\ y/a depth=b.params");
	job_identity(&ps, after);
	ck_assert_str_eq(before, after);
	job_identity_with_paths(&ps, after, &parsed_arena);
	ck_assert_str_ne(before, after);
	params_set(&ps, &parsed_arena, "dataset.pseudo", "depth=b.params seg=a.params");
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
	params_set(&ps, &parsed_arena, "dataset.name", "synthetic");
	params_set(&ps, &parsed_arena, "model.name", "mlp");
	params_set(&ps, &parsed_arena, "method", "ew");
	params_set_number(&ps, &parsed_arena, "lr", 1);
	params_set_number(&ps, &parsed_arena, "wd", 0);
	params_set_number(&ps, &parsed_arena, "seed", 0);
	params_set_number(&ps, &parsed_arena, "train.epochs", 1);
	params_set(&ps, &parsed_arena, "dataset.pseudo", "seg=/sweeps/a.params");
	must(identify_job(&c, &v, &ps, identity, &id, &parsed_arena, &e), &e);
	ck_assert_int_eq(id, job_identity(&ps, known));
	ck_assert_str_eq(identity, known);
	old = params_copy(&parsed_arena, &ps);
	params_set(&old, &parsed_arena, "dataset.pseudo", "seg=a.params");
	known_id = job_identity_with_paths(&old, known, &parsed_arena);
	must(store_job_put(&s, known_id, known, &old, &shown, &row, &e), &e);
	must(identify_job(&c, &v, &ps, identity, &id, &parsed_arena, &e), &e);
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
	struct str json = { .arena = &parsed_arena };

	parsed_sweep("{ \"name\": \"uw_so\", \"T\": 2, \"label\": \"mine\" }",
		"\"lr\": 0.1, \"wd\": 1e-4");
	params_set(&parsed.variants[0].base, &parsed_arena, "dataset.digest", "d1");
	g = parsed_tune(0);
	ps = plan_job(&parsed_variant()->base, &parsed_variant()->entries[0], NULL, &g,
		0, 1000, &parsed_arena);
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
	ps = plan_job(&parsed_variant()->stl, &parsed_variant()->baseline, "reg1", &g,
		0, 0, &parsed_arena);
	ck_assert_str_eq(params_get(&ps, "task"), "reg1");
	ck_assert_str_eq(params_get(&ps, "method"), "stl");
}
END_TEST

Suite *suite_identity(void);
Suite *suite_identity(void)
{
	Suite *s = suite_create("identity");
	TCase *t = tcase_create("identity");

	tcase_add_checked_fixture(t, NULL, parsed_release);
	tcase_add_test(t, identity_is_what_it_always_was);
	tcase_add_test(t, identities_of_todays_sweeps_stay);
	tcase_add_test(
		t, what_came_later_is_hashed_only_where_it_differs_from_its_default);
	tcase_add_test(t, a_floor_that_is_written_is_another_job_than_none);
	tcase_add_test(t, a_folder_that_moved_leaves_the_identity);
	tcase_add_test(t, files_of_pseudo_tasks_count_by_their_labels_alone);
	tcase_add_test(t, a_job_of_before_keeps_the_identity_with_its_path);
	tcase_add_test(t, everything_that_determines_training_is_in_a_job);
	suite_add_tcase(s, t);
	return s;
}
