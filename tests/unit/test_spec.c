#include <check.h>
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "catalogue/pseudo.h"
#include "orchestrator/plan/plan.h"
#include "tests/lib/scratch.h"

#define BAD "tests/fixtures/spec"

static struct arena arena;
static struct spec spec;

static void release(void)
{
	arena_release(&arena);
}

static char *slurp(const char *path, size_t *n)
{
	FILE *f = fopen(path, "rb");
	char *bytes = arena_alloc(&arena, 1 << 16, 1);

	ck_assert_msg(f != NULL, "%s is missing", path);
	*n = fread(bytes, 1, (1 << 16) - 1, f);
	fclose(f);
	return bytes;
}

static int parse(const char *text, const char **report)
{
	struct str out = { .arena = &arena };
	struct err e = { 0 };
	int rc = spec_parse(&spec, &arena, "t.json", text, strlen(text), &out, &e);

	ck_assert_str_eq(e.msg, "");
	*report = str_get(&out);
	return rc;
}

static void parse_good(const char *text)
{
	const char *report;
	int rc = parse(text, &report);

	ck_assert_msg(rc == OK, "%s", report);
	ck_assert_str_eq(report, "");
}

#define SMALL(members) \
	"{ \"sweep\": \"t\", \"dataset\": { \"name\": \"synthetic\", \"train\": 100 " \
	"}," \
	" \"train\": { \"epochs\": 40 }, \"search\": { \"lr\": [3e-3, 1e-3] " \
	"}, " members " }"
#define EW "\"methods\": [\"ew\"]"

/* Every file of the folder against the text beside it: place, line and caret. */
START_TEST(every_bad_file_gets_its_message)
{
	DIR *folder = opendir(BAD);
	struct dirent *d;
	int cases = 0;

	ck_assert_ptr_nonnull(folder);
	while ((d = readdir(folder))) {
		size_t length = strlen(d->d_name);
		struct str report = { .arena = &arena };
		struct err e = { 0 };
		char *bytes, *want;
		size_t n, m;

		if (length < 5 || strcmp(d->d_name + length - 5, ".json") != 0)
			continue;
		bytes = slurp(arena_printf(&arena, BAD "/%s", d->d_name), &n);
		want = slurp(arena_printf(&arena, BAD "/%.*s.txt", (int)length - 5,
				     d->d_name),
			&m);
		ck_assert_int_eq(
			spec_parse(&spec, &arena, d->d_name, bytes, n, &report, &e),
			ERR_SPEC);
		ck_assert_str_eq(e.msg, "");
		ck_assert_str_eq(str_get(&report), want);
		cases++;
	}
	closedir(folder);
	ck_assert_int_ge(cases, 120);
}
END_TEST

START_TEST(a_missing_file_is_named)
{
	struct str report = { .arena = &arena };
	struct err e = { 0 };

	ck_assert_int_eq(
		spec_load(&spec, &arena, "no/such.json", &report, &e), ERR_SPEC);
	ck_assert_str_eq(e.msg, "no/such.json: No such file or directory");
	ck_assert_int_eq(spec_load(&spec, &arena, "tests", &report, &e), ERR_SPEC);
	ck_assert_str_eq(e.msg, "tests: Is a directory");
	ck_assert_str_eq(str_get(&report), "");
}
END_TEST

/* What spec_name makes of a file; NULL and the report where it is refused. */
static const char *name_of(const char *text, const char **said)
{
	struct str report = { .arena = &arena };
	struct err e = { 0 };
	const char *name = NULL;
	const char *kept = NULL;
	int rc;

	scratch_enter();
	scratch_write("t.json", text, strlen(text));
	rc = spec_name("t.json", &arena, &name, &kept, &report, &e);
	scratch_leave();
	*said = str_get(&report);
	ck_assert_int_eq(rc, **said ? ERR_SPEC : OK);
	return rc ? NULL : name;
}

START_TEST(the_name_of_a_sweep_is_read_alone)
{
	const char *said;

	ck_assert_str_eq(
		name_of("{ \"sweep\": \"mine\", \"methods\": 3, \"x\": 0 }", &said),
		"mine");
	ck_assert_ptr_null(name_of("{ \"sweep\": 3 }", &said));
	ck_assert_msg(!strncmp(said, "t.json:1:12: error: ", 20), "%s", said);
	ck_assert_ptr_null(name_of("{ \"methods\": [] }", &said));
	ck_assert_msg(strstr(said, "\"sweep\" is missing") != NULL, "%s", said);
	ck_assert_ptr_null(name_of("{ \"sweep\": \"a/b\" }", &said));
	ck_assert_msg(strstr(said, "is no file name") != NULL, "%s", said);
	ck_assert_ptr_null(name_of("[]", &said));
	ck_assert_ptr_null(name_of("{", &said));
}
END_TEST

START_TEST(what_is_left_out_is_filled_in)
{
	const struct spec_variant *v;

	parse_good(SMALL(EW));
	v = &spec.variants[0];
	ck_assert_str_eq(spec.name, "t");
	ck_assert_int_eq(spec.nvariants, 1);
	ck_assert_str_eq(v->label, "");
	ck_assert_str_eq(params_get(&v->base, "dataset.val"), "500");
	ck_assert_str_eq(params_get(&v->base, "dataset.scales"), "1 10 0.1");
	ck_assert_str_eq(params_get(&v->base, "model.name"), "mlp");
	ck_assert_str_eq(params_get(&v->base, "model.hidden"), "32 24");
	ck_assert_str_eq(params_get(&v->base, "train.batch"), "64");
	ck_assert_str_eq(params_get(&v->base, "train.optimizer"), "adam");
	ck_assert_str_eq(params_get(&v->base, "train.optimizer.betas"), "0.9 0.999");
	ck_assert_str_eq(params_get(&v->base, "train.optimizer.eps"), "1e-08");
	ck_assert_str_eq(params_get(&v->base, "train.lr_decay"), "none");
	ck_assert_int_eq(v->window, 6); /* 0.15 of the epochs */
	ck_assert_int_eq(spec.search.wd.count, 1);
	ck_assert_str_eq(spec.search.wd.text[0], "0");
	ck_assert_int_eq(spec.search.seeds.n, 1);
	ck_assert_int_eq(spec.search.seeds.seed[0], 0);
	ck_assert_int_eq(spec.final_seeds.n, 1);
	ck_assert_int_eq(spec.final_seeds.seed[0], FINAL_SEED);
	ck_assert_int_eq(spec.baseline.seeds.n, 1);
	ck_assert_int_eq(spec.retries, 2);
	ck_assert_double_eq(spec.job_minutes, 0);
	ck_assert_double_eq(spec.checkpoint_minutes, 5);
	ck_assert(spec.prune.rule == PRUNE_RUNGS && spec.prune.keep == 0);
	ck_assert_double_eq(spec.prune.eta, 2.5);
	ck_assert_int_eq(v->nrungs, 4);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(v->rungs[i], 2 << i); /* 5, 10, 20, 40 % of 40 */
	ck_assert_int_eq(v->window, 6);
}
END_TEST

START_TEST(the_default_written_out_is_the_same_configuration)
{
	struct plan_grid g;
	char left_out[IDENTITY_MAX], written[IDENTITY_MAX];
	struct params ps;

	parse_good(SMALL(EW));
	g = plan_tune(&spec, &spec.variants[0], &spec.variants[0].entries[0], &arena);
	ps = plan_job(&spec.variants[0].base, &spec.variants[0].entries[0], NULL, &g, 0,
		0, &arena);
	job_identity(&ps, left_out);
	parse_good("{ \"sweep\": \"other\", \"dataset\": { \"name\": \"synthetic\", "
		   "\"train\": 1e2, \"noise\": 0.10 }, \"model\": { \"hidden\": [32, "
		   "24] }, \"train\": { \"epochs\": 40, \"batch\": 64, \"optimizer\": "
		   "{ \"name\": \"adam\", \"eps\": 0.00000001 } }, \"search\": { "
		   "\"lr\": 0.003 }, \"methods\": [{ \"name\": \"ew\", \"label\": "
		   "\"renamed\" }] }");
	g = plan_tune(&spec, &spec.variants[0], &spec.variants[0].entries[0], &arena);
	ps = plan_job(&spec.variants[0].base, &spec.variants[0].entries[0], NULL, &g, 0,
		0, &arena);
	job_identity(&ps, written);
	ck_assert_str_eq(left_out, written);
}
END_TEST

START_TEST(criteria_come_in_the_order_of_tasks)
{
	const struct spec_variant *v;

	parse_good(SMALL(EW ", \"select\": { \"require\": { \"cls1/accuracy\": { "
			    "\"min\": 0.1 } } }"));
	v = &spec.variants[0];
	ck_assert_int_eq(v->ncriteria, 3);
	ck_assert_str_eq(v->criteria[0].text, "reg1/abs_err");
	ck_assert_str_eq(v->criteria[2].text, "cls1/accuracy");
	ck_assert_double_eq(v->criteria[2].min, 0.1);
	ck_assert(isinf(v->criteria[2].max) && isinf(v->criteria[0].min));
	ck_assert(isnan(v->criteria[0].base_val));
}
END_TEST

START_TEST(baseline_values_are_taken_for_both_splits_or_each)
{
	parse_good(SMALL(EW ", \"baseline\": { \"values\": { \"reg1/abs_err\": 1,"
			    " \"reg2/abs_err\": 2, \"cls1/accuracy\": 0.5 } }"));
	ck_assert(spec.baseline.source == BASELINE_VALUES);
	ck_assert_double_eq(spec.variants[0].criteria[1].base_test, 2);
	parse_good(SMALL(
		EW ", \"baseline\": { \"values\": { \"val\": { \"reg1/abs_err\": 1, "
		   "\"reg2/abs_err\": 2, \"cls1/accuracy\": 0.5 }, \"test\": { "
		   "\"reg1/abs_err\": 4, \"reg2/abs_err\": 5, \"cls1/accuracy\": 0.6 } "
		   "} }"));
	ck_assert_double_eq(spec.variants[0].criteria[1].base_val, 2);
	ck_assert_double_eq(spec.variants[0].criteria[1].base_test, 5);
}
END_TEST

START_TEST(baseline_may_have_a_network_of_its_own)
{
	const struct spec_variant *v;
	struct params ps;
	struct plan_grid g;

	parse_good(SMALL(EW ", \"baseline\": { \"model\": { \"name\": \"mlp\","
			    " \"hidden\": [8] } }"));
	v = &spec.variants[0];
	ck_assert_str_eq(params_get(&v->stl, "model.hidden"), "8");
	ck_assert_str_eq(params_get(&v->base, "model.hidden"), "32 24");
	g = plan_tune(&spec, v, &v->baseline, &arena);
	ps = plan_job(&v->stl, &v->baseline, "reg1", &g, 0, 0, &arena);
	ck_assert_str_eq(params_get(&ps, "model.hidden"), "8");
	parse_good("{ \"sweep\": \"t\", \"dataset\": { \"name\": \"multi_fashion\" },"
		   " \"train\": { \"epochs\": 2 }, \"search\": { \"lr\": 1 }, " EW
		   ", \"baseline\": { \"model\": \"mlp\" } }");
	v = &spec.variants[0];
	ck_assert_str_eq(params_get(&v->base, "model.width"), "1");
	ck_assert_ptr_null(params_get(&v->stl, "model.width"));
	ck_assert_str_eq(params_get(&v->stl, "model.name"), "mlp");
}
END_TEST

static const struct spec_axis *axis_of(int entry, const char *name)
{
	const struct spec_entry *e = &spec.variants[0].entries[entry];

	for (int i = 0; i < e->naxes; i++)
		if (!strcmp(e->axes[i].name, name))
			return &e->axes[i];
	ck_abort_msg("no axis %s", name);
	return NULL;
}

START_TEST(a_range_is_its_values)
{
	const struct spec_axis *x;

	parse_good(SMALL("\"methods\": [{ \"name\": \"uw_so\","
			 " \"T\": { \"from\": 0.1, \"to\": 0.75, \"step\": 0.1 } }]"));
	x = axis_of(0, "T");
	ck_assert_int_eq(x->count, 7);
	ck_assert_str_eq(x->text[2], "0.3");
	ck_assert_str_eq(x->text[6], "0.7");
	parse_good(SMALL("\"methods\": [\"uw_so\"]"));
	x = axis_of(0, "T");
	ck_assert_int_eq(x->count, 7);
	ck_assert_str_eq(x->text[0], "0.5");
	ck_assert_str_eq(x->text[1], "1.07721734502");
	ck_assert_str_eq(x->text[3], "5");
	ck_assert_str_eq(x->text[6], "50");
	ck_assert(x->scale == AXIS_LOG);
}
END_TEST

START_TEST(a_hyperparameter_without_any_default_stays_away)
{
	parse_good(SMALL("\"methods\": [\"uw\", { \"name\": \"dwa\", \"T\": 3 }]"));
	for (int i = 0; i < spec.variants[0].entries[0].naxes; i++)
		ck_assert_str_ne(spec.variants[0].entries[0].axes[i].name, "init");
	ck_assert_str_eq(axis_of(0, "form")->text[0], "auto");
	ck_assert_str_eq(axis_of(1, "T")->text[0], "3");
	ck_assert_str_eq(axis_of(1, "window")->text[0], "25");
}
END_TEST

START_TEST(weights_are_a_vector_a_list_a_grid_or_random)
{
	const struct spec_axis *x;

	parse_good(
		SMALL("\"methods\": ["
		      "{ \"name\": \"scalarization\", \"weights\": [0.2, 0.3, 0.5] },"
		      "{ \"name\": \"scalarization\", \"label\": \"b\","
		      "  \"weights\": [[1, 0, 0], [0.5, 0.25, 0.25]] },"
		      "{ \"name\": \"scalarization\", \"label\": \"c\","
		      "  \"weights\": { \"step\": 0.25, \"ends\": true } },"
		      "{ \"name\": \"scalarization\", \"label\": \"d\","
		      "  \"weights\": { \"random\": 50 } },"
		      "{ \"name\": \"scalarization\", \"label\": \"e\" }]"));
	x = axis_of(0, "weights");
	ck_assert_int_eq(x->count, 1);
	ck_assert_str_eq(x->text[0], "0.2 0.3 0.5");
	ck_assert_str_eq(axis_of(1, "weights")->text[0], "1 0 0");
	ck_assert_int_eq(axis_of(2, "weights")->count, 15);
	ck_assert_str_eq(axis_of(2, "weights")->text[1], "0 0.25 0.75");
	ck_assert_int_eq(axis_of(3, "weights")->count, 50);
	ck_assert_int_eq(axis_of(4, "weights")->count, 36);
}
END_TEST

START_TEST(vary_makes_the_full_product_of_variants)
{
	parse_good(
		SMALL(EW ", \"vary\": { \"optimizer\": [\"adam\", { \"name\": \"sgd\", "
			 "\"nesterov\": true }], \"train.batch\": [16, 32], \"pin\": "
			 "\"winner\" }"));
	ck_assert_int_eq(spec.nvariants, 4);
	ck_assert(spec.pin_winner);
	ck_assert_str_eq(spec.variants[0].label, "adam 16");
	ck_assert_str_eq(spec.variants[3].label, "sgd nesterov=true 32");
	ck_assert_str_eq(params_get(&spec.variants[3].base, "train.batch"), "32");
	ck_assert_str_eq(
		params_get(&spec.variants[3].base, "train.optimizer.nesterov"), "true");
	ck_assert_ptr_null(params_get(&spec.variants[3].base, "train.optimizer.betas"));
}
END_TEST

START_TEST(variants_may_differ_in_network_and_data)
{
	parse_good(SMALL("\"methods\": [{ \"name\": \"scalarization\", \"weights\":"
			 " { \"step\": 0.1 } }], \"vary\": { \"dataset\": [{ \"name\":"
			 " \"synthetic\", \"tasks\": 2 }, \"multi_fashion\"] }"));
	ck_assert_int_eq(spec.nvariants, 2);
	ck_assert_str_eq(spec.variants[0].label, "synthetic tasks=2");
	ck_assert_int_eq(spec.variants[0].entries[0].axes[0].count, 9);
	ck_assert_str_eq(params_get(&spec.variants[1].base, "model.name"), "lenet");
	ck_assert_str_eq(params_get(&spec.variants[1].base, "dataset.train"), "100");
}
END_TEST

START_TEST(rungs_are_cut_to_the_epochs_there_are)
{
	parse_good(
		"{ \"sweep\": \"t\", \"dataset\": { \"name\": \"synthetic\" },"
		" \"train\": { \"epochs\": 2 }, \"search\": { \"lr\": 1 }, " EW " }");
	ck_assert_int_eq(spec.variants[0].nrungs, 1);
	ck_assert_int_eq(spec.variants[0].rungs[0], 1);
	ck_assert_int_eq(spec.variants[0].window, 1);
	parse_good("{ \"sweep\": \"t\", \"dataset\": { \"name\": \"synthetic\" },"
		   " \"train\": { \"epochs\": 100 }, \"search\": { \"lr\": 1 }, " EW
		   ", \"prune\": { \"rungs\": [0.07] } }");
	ck_assert_int_eq(spec.variants[0].rungs[0], 7); /* 0.07 * 100 is above 7 */
	parse_good(SMALL(EW ", \"prune\": { \"rule\": \"none\" }"));
	ck_assert_int_eq(spec.variants[0].nrungs, 0);
	parse_good(SMALL(EW ", \"prune\": { \"keep\": 2 }"));
	ck_assert_int_eq(spec.variants[0].nrungs, 2);
	ck_assert_int_eq(spec.variants[0].rungs[0], 10);
	ck_assert_int_eq(spec.variants[0].rungs[1], 20);
	parse_good(
		SMALL(EW ", \"prune\": { \"rungs\": [0.5, 0.1], \"within\": \"lr\" }"));
	ck_assert_int_eq(spec.variants[0].rungs[0], 4);
	ck_assert_int_eq(spec.variants[0].rungs[1], 20);
	ck_assert(spec.prune.within_lr);
}
END_TEST

static int load_rules(const char *text, struct spec **rules, const char **said)
{
	struct str out = { .arena = &arena };
	struct err e = { 0 };
	int n;
	int rc;

	scratch_write("rules.json", text, strlen(text));
	rc = spec_load_rules(&spec, "rules.json", &arena, rules, &n, &out, &e);
	*said = str_get(&out);
	return rc ? rc : n;
}

START_TEST(a_list_of_rules_takes_the_place_of_the_sweeps_own)
{
	struct spec *rules;
	const char *said;

	scratch_enter();
	parse_good(SMALL(EW ", \"prune\": { \"keep\": 7 }"));
	ck_assert_int_eq(load_rules("[ {}, { \"rule\": \"halving\" }, "
				    "{ \"rungs\": [0.5], \"within\": \"lr\" } ]",
				 &rules, &said),
		3);
	ck_assert_int_eq(rules[0].prune.keep, 0);
	ck_assert_int_eq(rules[0].variants[0].nrungs, 4);
	ck_assert(rules[1].prune.rule == PRUNE_HALVING && rules[1].prune.eta == 2);
	ck_assert_int_eq(rules[1].variants[0].rungs[0], 10);
	ck_assert(rules[2].prune.within_lr && !rules[1].prune.within_lr);
	ck_assert_int_eq(rules[2].variants[0].nrungs, 1);
	ck_assert_int_eq(rules[2].variants[0].rungs[0], 20);
	ck_assert_int_eq(spec.prune.keep, 7);
	ck_assert_int_eq(spec.variants[0].nrungs, 2);
	scratch_leave();
}
END_TEST

START_TEST(a_wrong_rule_is_an_error_with_its_place)
{
	static const struct {
		const char *text, *said;
	} cases[] = { { "[ { \"kep\": 2 } ]", "rules.json:1:5" },
		{ "[\n { \"rule\": \"halving\", \"keep\": 2 } ]", "rules.json:2:23" },
		{ "[ { \"keep\": 2, \"eta\": 2 } ]", "means nothing beside \"keep\"" },
		{ "[ { \"rungs\": [2] } ]", "rules.json:1:15" }, { "{}", "a list" },
		{ "[]", "a list" }, { "[ 1 ]", "must be an object" },
		{ "[ ", "rules.json:1:" } };
	struct spec *rules;
	const char *said;

	scratch_enter();
	parse_good(SMALL(EW));
	for (int i = 0; i < COUNT(cases); i++) {
		ck_assert_int_eq(load_rules(cases[i].text, &rules, &said), ERR_SPEC);
		ck_assert_msg(strstr(said, cases[i].said) != NULL, "%s", said);
	}
	scratch_leave();
}
END_TEST

START_TEST(every_shipped_sweep_is_good_and_has_its_jobs)
{
	static const struct {
		const char *path;
		int jobs;
	} shipped[] = {
		{ "sweeps/quickstart.json", 23 },
		{ "sweeps/toy.json", 207 },
		{ "sweeps/last10.json", 21 },
		{ "sweeps/robust.json", 16 },
		{ "sweeps/scenes_segnet.json", 63 },
		{ "sweeps/multi_fashion_line.json", 177 },
	};
	int files = 0;
	DIR *folder = opendir("sweeps");
	struct dirent *d;

	for (int i = 0; i < COUNT(shipped); i++) {
		struct str report = { .arena = &arena };
		struct err e = { 0 };
		int rc = spec_load(&spec, &arena, shipped[i].path, &report, &e);

		ck_assert_msg(rc == OK, "%s%s", e.msg, str_get(&report));
		ck_assert_int_eq(plan_count(&spec, &arena).total, shipped[i].jobs);
	}
	while ((d = readdir(folder)))
		files += strstr(d->d_name, ".json") != NULL;
	closedir(folder);
	ck_assert_int_eq(files, COUNT(shipped));
}
END_TEST

/* Reads a sweep with keys set, as `deltam check t.json --set ...` does. */
static int parse_set(const char *text, const char *const *set, const char **report)
{
	struct str out = { .arena = &arena };
	struct spec_source from = { .path = "t.json", .text = text, .n = strlen(text) };
	struct err e = { 0 };
	int rc;

	from.set = set;
	while (set[from.nset])
		from.nset++;
	rc = spec_read(&spec, &arena, &from, &out, &e);
	ck_assert_str_eq(e.msg, "");
	*report = str_get(&out);
	return rc;
}

#define SET(...) ((const char *const[]){ __VA_ARGS__, NULL })

START_TEST(a_key_that_is_set_is_read_as_if_the_file_said_so)
{
	const char *report;
	const struct params *ps;

	ck_assert_int_eq(parse_set("{ \"sweep\": \"t\", // a comment\n"
				   " \"dataset\": { \"name\": \"synthetic\" }, "
				   "\"train\": { \"epochs\": 4 }, "
				   "\"search\": { \"lr\": [3e-3, 1e-3] }, " EW "}",
				 SET("search.lr=[1e-4]", "train.optimizer=sgd",
					 "prune.rule=\"none\"", "model=mlp",
					 "baseline.seeds=3", "dataset.path=~/x=y"),
				 &report),
		ERR_SPEC); /* synthetic has no path: the last one */
	ck_assert_str_eq(report,
		"--set:1:1: error: unknown key \"path\"; here belong name, "
		"train, val, test, use, features, tasks, scales, noise, pseudo\n"
		"    1 | dataset.path=~/x=y\n"
		"      | ^\n");
	ck_assert_int_eq(
		parse_set("{ \"sweep\": \"t\", // a comment\n"
			  " \"dataset\": { \"name\": \"synthetic\" }, "
			  "\"train\": { \"epochs\": 4 }, "
			  "\"search\": { \"lr\": [3e-3, 1e-3] }, " EW "}",
			SET("search.lr=[1e-4]", "train.optimizer=sgd",
				"prune.rule=\"none\"", "model=mlp",
				"model={ \"name\": \"mlp\" }", "model.hidden=[8]",
				"baseline.seeds=3", "methods=[\"uw\", \"ew\"]"),
			&report),
		OK);
	ck_assert_int_eq(spec.search.lr.count, 1);
	ck_assert_str_eq(spec.search.lr.text[0], "0.0001");
	ck_assert_int_eq(spec.prune.rule, PRUNE_NONE);
	ck_assert_int_eq(spec.baseline.seeds.n, 3);
	ck_assert_int_eq(spec.variants[0].nentries, 2);
	ps = &spec.variants[0].base;
	ck_assert_str_eq(params_get(ps, "train.optimizer"), "sgd");
	ck_assert_str_eq(params_get(ps, "model.hidden"), "8");
	/* What the database keeps is the sweep as it was run. */
	ck_assert_ptr_nonnull(strstr(spec.text, "\"lr\": [1e-4]"));
	ck_assert_ptr_nonnull(strstr(spec.text, "// a comment"));
	parse_good(spec.text);
}
END_TEST

START_TEST(what_is_wrong_with_a_key_that_is_set_is_shown_in_the_option)
{
	static const struct {
		const char *set, *says;
	} cases[] = {
		{ "search.lr=[1e-3, 0]",
			"--set:1:18: error: lr 0 must be above 0\n"
			"    1 | search.lr=[1e-3, 0]\n"
			"      |                  ^\n" },
		{ "search.lr=[1e-3",
			"--set:1:16: error: the file ends inside the list "
			"that begins at line 1\n"
			"    1 | search.lr=[1e-3\n"
			"      |                ^\n" },
		{ "serch.lr=1",
			"--set:1:1: error: unknown key \"serch\"; did you mean "
			"\"search\"?\n"
			"    1 | serch.lr=1\n"
			"      | ^\n" },
		{ "train.optimizer=sdg",
			"--set:1:17: error: unknown optimizer \"sdg\"; "
			"did you mean \"sgd\"?\n"
			"    1 | train.optimizer=sdg\n"
			"      |                 ^\n" },
		{ "train.epochs=True",
			"--set:1:14: error: expected a value, found "
			"True, as Python writes it; JSON has true\n"
			"    1 | train.epochs=True\n"
			"      |              ^\n" },
		{ "sweep.a=1",
			"--set:1:1: error: \"sweep\" is a string in the sweep file, "
			"and has no keys: set it as a whole\n"
			"    1 | sweep.a=1\n"
			"      | ^\n" },
		{ "search.lr",
			"--set:1:1: error: KEY=VALUE is expected: "
			"search.lr=[1e-3]\n"
			"    1 | search.lr\n"
			"      | ^\n" },
		{ "search..lr=1",
			"--set:1:1: error: a key is a path of names: "
			"search.lr\n"
			"    1 | search..lr=1\n"
			"      | ^\n" },
		{ "train.batch=4",
			"--set:1:1: error: \"vary\" gives this key its "
			"values: set them\n"
			"    1 | train.batch=4\n"
			"      | ^\n" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *report;

		ck_assert_int_eq(
			parse_set(SMALL("\"vary\": { \"batch\": [2, 8] }, " EW),
				SET("final.seeds=2", cases[i].set), &report),
			ERR_SPEC);
		ck_assert_str_eq(report, cases[i].says);
	}
}
END_TEST

START_TEST(a_list_of_seeds_keeps_its_order)
{
	parse_good("{ \"sweep\": \"t\", \"dataset\": { \"name\": \"synthetic\" }, " EW
		   ", \"train\": { \"epochs\": 4 }, \"search\": { \"lr\": 1, "
		   "\"seeds\": [9, 4] }, \"final\": { \"seeds\": [42, 2147483647, 0] } "
		   "}");
	ck_assert_int_eq(spec.search.seeds.n, 2);
	ck_assert_int_eq(spec.search.seeds.seed[0], 9);
	ck_assert_int_eq(spec.final_seeds.n, 3);
	ck_assert_int_eq(spec.final_seeds.seed[1], 2147483647);
	/* Where nothing is searched, 0 is nobody's search seed. */
	parse_good("{ \"sweep\": \"t\", \"dataset\": { \"name\": \"synthetic\" }, " EW
		   ", \"train\": { \"epochs\": 12 }, \"search\": { \"lr\": 1 }, "
		   "\"select\": { \"epoch\": \"last10\" }, \"baseline\": { \"seeds\": "
		   "[0] }, \"final\": { \"seeds\": [0] } }");
}
END_TEST

START_TEST(an_error_of_the_file_keeps_its_place_beside_what_is_set)
{
	const char *report;

	ck_assert_int_eq(
		parse_set(SMALL("\n" EW ", \"final\": { \"seeds\": 0 }"),
			SET("search.lr=[1e-3, 1e-4, 1e-5]", "train.batch=2"), &report),
		ERR_SPEC);
	ck_assert_str_eq(report,
		"t.json:2:40: error: seeds 0 is below the minimum 1\n"
		"    2 | \"methods\": [\"ew\"], \"final\": { \"seeds\": 0 } }\n"
		"      |                                        ^\n");
}
END_TEST

START_TEST(paths_begin_at_the_sweep_file_and_a_tilde_is_home)
{
	static const char text[] =
		"{ \"sweep\": \"t\", \"$schema\": \"../sweep.schema.json\", "
		"\"dataset\": { \"name\": \"multi_fashion\", \"path\": \"img\", \"train\": "
		"100 }, \"model\": { \"name\": \"lenet\", \"init\": \"~/w\" }, "
		"\"train\": { \"epochs\": 1 }, \"baseline\": { \"from\": \"/b.db\" }, "
		"\"evaluate\": { \"textures\": \"../frost\" }, "
		"\"search\": { \"lr\": 1 }, " EW " }";
	struct spec_source from = {
		.path = "runs/a/t.json", .text = text, .n = strlen(text)
	};
	struct str out = { .arena = &arena };
	struct err e = { 0 };

	setenv("HOME", "/home/me", 1);
	ck_assert_msg(
		spec_read(&spec, &arena, &from, &out, &e) == OK, "%s", str_get(&out));
	ck_assert_str_eq(
		params_get(&spec.variants[0].base, "dataset.path"), "runs/a/img");
	ck_assert_str_eq(
		params_get(&spec.variants[0].base, "model.init"), "/home/me/w");
	ck_assert_str_eq(spec.baseline.from, "/b.db");
	ck_assert_str_eq(spec.winners.textures, "runs/a/../frost");
	from.folder = "/of/the/file"; /* as a database keeps it */
	ck_assert_int_eq(spec_read(&spec, &arena, &from, &out, &e), OK);
	ck_assert_str_eq(
		params_get(&spec.variants[0].base, "dataset.path"), "/of/the/file/img");
	unsetenv("HOME");
	ck_assert_int_eq(spec_read(&spec, &arena, &from, &out, &e), ERR_SPEC);
	ck_assert_ptr_nonnull(strstr(
		str_get(&out), "there is no home folder for \"~/w\": HOME is not set"));
}
END_TEST

START_TEST(files_of_pseudo_tasks_begin_there_too_blanks_and_all)
{
	static const char text[] =
		"{ \"sweep\": \"t\", \"dataset\": { \"name\": \"synthetic\", \"train\": "
		"100, \"pseudo\": \"reg1=w.params cls1=/a\\\\ b/c\" }, "
		"\"train\": { \"epochs\": 1 }, \"search\": { \"lr\": 1 }, " EW " }";
	struct spec_source from = { .path = "t.json",
		.folder = "/my sweeps",
		.text = text,
		.n = strlen(text) };
	struct pseudo_task list[TASKS_MAX];
	struct str out = { .arena = &arena };
	struct err e = { 0 };
	int n;

	ck_assert_msg(
		spec_read(&spec, &arena, &from, &out, &e) == OK, "%s", str_get(&out));
	ck_assert_str_eq(spec.variants[0].pseudo, "reg1=w.params cls1=/a\\ b/c");
	ck_assert_int_eq(pseudo_read(&spec.variants[0].base, &arena, list, &n, &e), OK);
	ck_assert_int_eq(n, 2);
	ck_assert_str_eq(list[0].file, "/my sweeps/w.params");
	ck_assert_str_eq(list[1].task, "cls1");
	ck_assert_str_eq(list[1].file, "/a b/c");
}
END_TEST

START_TEST(names_alone_stand_for_data_set_and_network)
{
	parse_good(
		"{ \"sweep\": \"t\", \"dataset\": \"celeba\", \"model\": \"resnet\", "
		"\"train\": { \"epochs\": 1 }, \"search\": { \"lr\": 1 }, " EW " }");
	ck_assert_str_eq(params_get(&spec.variants[0].base, "model.name"), "resnet");
	ck_assert_str_eq(params_get(&spec.variants[0].base, "dataset.name"), "celeba");
	ck_assert_str_eq(params_get(&spec.variants[0].base, "dataset.train"), "162770");
}
END_TEST

/* In an order of its own, of the baseline, too, and a criterion of Δm. */
START_TEST(a_criterion_that_is_asked_for_is_part_of_every_job)
{
	const struct spec_variant *v;
	const char *report;

	parse_good(SMALL(EW));
	ck_assert_ptr_null(params_get(&spec.variants[0].base, "train.metrics"));
	ck_assert_int_eq(spec.variants[0].ncriteria, 3);
	parse_good("{ \"sweep\": \"t\", \"dataset\": { \"name\": \"synthetic\" }, "
		   "\"train\": { \"epochs\": 4, \"metrics\": [\"rmse\", \"rmse\"] }, "
		   "\"search\": { \"lr\": 1e-3 }, " EW " }");
	v = &spec.variants[0];
	ck_assert_str_eq(params_get(&v->base, "train.metrics"), "rmse");
	ck_assert_str_eq(params_get(&v->stl, "train.metrics"), "rmse");
	ck_assert_int_eq(v->ncriteria, 5);
	ck_assert_str_eq(v->criteria[1].text, "reg1/rmse");
	ck_assert_int_eq(
		parse("{ \"sweep\": \"t\", \"dataset\": { \"name\": \"multi_fashion\" "
		      "}, \"train\": { \"epochs\": 4, \"metrics\": \"rmse\" }, "
		      "\"search\": { \"lr\": 1e-3 }, " EW " }",
			&report),
		ERR_SPEC);
	ck_assert_msg(
		strstr(report, "no task has the criterion \"rmse\""), "%s", report);
	ck_assert_int_eq(
		parse("{ \"sweep\": \"t\", \"dataset\": { \"name\": \"synthetic\" }, "
		      "\"train\": { \"epochs\": 4, \"metrics\": \"abs_err\" }, "
		      "\"search\": { \"lr\": 1e-3 }, " EW " }",
			&report),
		ERR_SPEC);
	ck_assert_msg(strstr(report, "unknown criterion \"abs_err\""), "%s", report);
}
END_TEST

#define SCHEDULED(train) \
	"{ \"sweep\": \"t\", \"dataset\": { \"name\": \"synthetic\" }, \"train\": { \"epochs\": 4, " train \
	" }, \"search\": { \"lr\": 1e-3 }, " EW " }"

/* In the words that the trainer reads; "none" and no warm-up are as before there were any. */
START_TEST(a_schedule_becomes_the_text_of_a_job)
{
	static const char *const good[][2] = {
		{ "\"lr_decay\": \"cosine\"", "cosine" },
		{ "\"lr_decay\": {\"every\": 20, \"factor\": 0.5}", "20 0.5" },
		{ "\"lr_decay\": {\"every\": 20, \"factor\": 0.5, \"per\": \"epoch\"}",
			"20 0.5" },
		{ "\"lr_decay\": {\"power\": 0.9, \"per\": \"step\"}",
			"power 0.9 step" },
		{ "\"lr_decay\": {\"milestones\": [10, 20], \"factor\": 0.1}",
			"milestones 0.1 10 20" },
		{ "\"lr_decay\": {\"cosine\": true, \"per\": \"step\"}",
			"cosine step" },
	};
	static const char *const bad[][2] = {
		{ "\"lr_decay\": {\"power\": 0.9, \"factor\": 0.5}", "wants" },
		{ "\"lr_decay\": {\"every\": 2}", "wants" },
		{ "\"lr_decay\": {\"power\": 1, \"cosine\": true}", "wants" },
		{ "\"lr_decay\": {\"milestones\": [2, 2], \"factor\": 0.1}", "rise" },
		{ "\"lr_decay\": {\"power\": 0.9, \"per\": \"batch\"}", "per" },
		{ "\"warm_up\": -1", "minimum" },
	};
	const char *report;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		parse_good(arena_printf(&arena, SCHEDULED("%s"), good[i][0]));
		ck_assert_str_eq(params_get(&spec.variants[0].base, "train.lr_decay"),
			good[i][1]);
		ck_assert_ptr_null(params_get(&spec.variants[0].base, "train.warm_up"));
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_int_eq(parse(arena_printf(&arena, SCHEDULED("%s"), bad[i][0]),
					 &report),
			ERR_SPEC);
		ck_assert_msg(strstr(report, bad[i][1]), "%s", report);
	}
	parse_good(SCHEDULED("\"warm_up\": 500"));
	ck_assert_str_eq(params_get(&spec.variants[0].stl, "train.warm_up"), "500");
}
END_TEST

#define USING(use) \
	"{ \"sweep\": \"t\", \"dataset\": { \"name\": \"scenes\", \"use\": " use \
	" }, \"train\": { \"epochs\": 4 }, \"search\": { \"lr\": 1e-3 }, " EW " }"

/* In the order of the data set; all of them is what a sweep without the key trains. */
START_TEST(a_sweep_can_train_some_of_the_tasks)
{
	const struct spec_variant *v = NULL;
	const char *report;

	parse_good(USING("[\"normal\", \"seg\"]"));
	v = &spec.variants[0];
	ck_assert_int_eq(v->ntasks, 2);
	ck_assert_str_eq(v->tasks[1].name, "normal");
	ck_assert_int_eq(v->ncriteria, 7);
	ck_assert_str_eq(params_get(&v->base, "dataset.use"), "seg normal");
	/* A baseline has one task, whatever others are used beside it. */
	ck_assert_ptr_null(params_get(&v->stl, "dataset.use"));
	parse_good(USING("\"depth\""));
	ck_assert_int_eq(spec.variants[0].ntasks, 1);
	parse_good(USING("[\"seg\", \"depth\", \"normal\"]"));
	ck_assert_ptr_null(params_get(&spec.variants[0].base, "dataset.use"));
	ck_assert_int_eq(parse(USING("[\"sag\"]"), &report), ERR_SPEC);
	ck_assert_msg(strstr(report, "unknown task \"sag\""), "%s", report);
	ck_assert_int_eq(parse(USING("[]"), &report), ERR_SPEC);
	ck_assert_msg(strstr(report, "names no task"), "%s", report);
}
END_TEST

Suite *suite_spec(void);

Suite *suite_spec(void)
{
	Suite *s = suite_create("spec");
	TCase *t = tcase_create("spec");

	tcase_add_checked_fixture(t, NULL, release);
	tcase_add_test(t, a_key_that_is_set_is_read_as_if_the_file_said_so);
	tcase_add_test(t, what_is_wrong_with_a_key_that_is_set_is_shown_in_the_option);
	tcase_add_test(t, an_error_of_the_file_keeps_its_place_beside_what_is_set);
	tcase_add_test(t, paths_begin_at_the_sweep_file_and_a_tilde_is_home);
	tcase_add_test(t, files_of_pseudo_tasks_begin_there_too_blanks_and_all);
	tcase_add_test(t, names_alone_stand_for_data_set_and_network);
	tcase_add_test(t, every_bad_file_gets_its_message);
	tcase_add_test(t, a_sweep_can_train_some_of_the_tasks);
	tcase_add_test(t, a_schedule_becomes_the_text_of_a_job);
	tcase_add_test(t, a_criterion_that_is_asked_for_is_part_of_every_job);
	tcase_add_test(t, a_missing_file_is_named);
	tcase_add_test(t, the_name_of_a_sweep_is_read_alone);
	tcase_add_test(t, what_is_left_out_is_filled_in);
	tcase_add_test(t, a_list_of_seeds_keeps_its_order);
	tcase_add_test(t, the_default_written_out_is_the_same_configuration);
	tcase_add_test(t, criteria_come_in_the_order_of_tasks);
	tcase_add_test(t, baseline_values_are_taken_for_both_splits_or_each);
	tcase_add_test(t, baseline_may_have_a_network_of_its_own);
	tcase_add_test(t, a_range_is_its_values);
	tcase_add_test(t, a_hyperparameter_without_any_default_stays_away);
	tcase_add_test(t, weights_are_a_vector_a_list_a_grid_or_random);
	tcase_add_test(t, vary_makes_the_full_product_of_variants);
	tcase_add_test(t, variants_may_differ_in_network_and_data);
	tcase_add_test(t, rungs_are_cut_to_the_epochs_there_are);
	tcase_add_test(t, a_list_of_rules_takes_the_place_of_the_sweeps_own);
	tcase_add_test(t, a_wrong_rule_is_an_error_with_its_place);
	tcase_add_test(t, every_shipped_sweep_is_good_and_has_its_jobs);
	suite_add_tcase(s, t);
	return s;
}
