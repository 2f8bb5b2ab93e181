/*
 * The sweep file: its faults with their places, its defaults, what stands for what.
 */
#include <check.h>
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "catalogue/pseudo.h"
#include "orchestrator/plan/plan.h"
#include "tests/lib/scratch.h"
#include "tests/lib/parsed.h"

#define BAD "tests/fixtures/spec"

static char *slurp(const char *path, size_t *n)
{
	FILE *f = fopen(path, "rb");
	char *bytes = arena_alloc(&parsed_arena, 1 << 16, 1);

	ck_assert_msg(f != NULL, "%s is missing", path);
	*n = fread(bytes, 1, (1 << 16) - 1, f);
	fclose(f);
	return bytes;
}

/* Every file of the folder against the text beside it: place, line and caret. */
START_TEST(every_bad_file_gets_its_message)
{
	DIR *folder = opendir(BAD);
	struct dirent *d;
	int cases = 0;

	ck_assert_ptr_nonnull(folder);
	while ((d = readdir(folder))) {
		size_t length = strlen(d->d_name);
		struct str report = { .arena = &parsed_arena };
		struct err e = { 0 };
		char *bytes, *want;
		size_t n, m;

		if (length < 5 || strcmp(d->d_name + length - 5, ".json") != 0)
			continue;
		bytes = slurp(arena_printf(&parsed_arena, BAD "/%s", d->d_name), &n);
		want = slurp(arena_printf(&parsed_arena, BAD "/%.*s.txt",
				     (int)length - 5, d->d_name),
			&m);
		ck_assert_int_eq(spec_parse(&parsed, &parsed_arena, d->d_name, bytes, n,
					 &report, &e),
			ERR_SPEC);
		ck_assert_str_eq(e.msg, "");
		ck_assert_str_eq(str_get(&report), want);
		cases++;
	}
	closedir(folder);
	ck_assert_int_ge(cases, 120);
}
END_TEST

static int read_file(const char *path, struct str *report, struct err *e)
{
	const struct spec_source source = { .path = path };

	return spec_read(&parsed, &parsed_arena, &source, report, e);
}

START_TEST(a_missing_file_is_named)
{
	struct str report = { .arena = &parsed_arena };
	struct err e = { 0 };

	ck_assert_int_eq(read_file("no/such.json", &report, &e), ERR_SPEC);
	ck_assert_str_eq(e.msg, "no/such.json: No such file or directory");
	ck_assert_int_eq(read_file("tests", &report, &e), ERR_SPEC);
	ck_assert_str_eq(e.msg, "tests: Is a directory");
	ck_assert_str_eq(str_get(&report), "");
}
END_TEST

/* What spec_name makes of a file; NULL and the report where it is refused. */
static const char *name_of(const char *text, const char **said)
{
	struct str report = { .arena = &parsed_arena };
	struct err e = { 0 };
	const char *name = NULL;
	const char *kept = NULL;
	int rc;

	scratch_enter();
	scratch_write("t.json", text, strlen(text));
	rc = spec_name("t.json", &parsed_arena, &name, &kept, &report, &e);
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

	parsed_well(SMALL(EW));
	v = &parsed.variants[0];
	ck_assert_str_eq(parsed.name, "t");
	ck_assert_int_eq(parsed.nvariants, 1);
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
	ck_assert_int_eq(parsed.search.rates.wd.count, 1);
	ck_assert_str_eq(parsed.search.rates.wd.text[0], "0");
	ck_assert_int_eq(parsed.search.seeds.n, 1);
	ck_assert_int_eq(parsed.search.seeds.seed[0], 0);
	ck_assert_int_eq(parsed.final_seeds.n, 1);
	ck_assert_int_eq(parsed.final_seeds.seed[0], FINAL_SEED);
	ck_assert_int_eq(parsed.baseline.seeds.n, 1);
	ck_assert_int_eq(parsed.retries, 2);
	ck_assert_double_eq(parsed.job_minutes, 0);
	ck_assert_double_eq(parsed.checkpoint_minutes, 5);
	ck_assert(parsed.prune.rule == PRUNE_RUNGS && parsed.prune.keep == 0);
	ck_assert_double_eq(parsed.prune.eta, 2.5);
	ck_assert_int_eq(v->nrungs, 4);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(v->rungs[i], 2 << i); /* 5, 10, 20, 40 % of 40 */
	ck_assert_int_eq(v->window, 6);
}
END_TEST

START_TEST(a_list_of_seeds_keeps_its_order)
{
	parsed_well(
		"{ \"sweep\": \"t\", \"dataset\": { \"name\": \"synthetic\" }, " EW
		", \"train\": { \"epochs\": 4 }, \"search\": { \"lr\": 1, "
		"\"seeds\": [9, 4] }, \"final\": { \"seeds\": [42, 2147483647, 0] } "
		"}");
	ck_assert_int_eq(parsed.search.seeds.n, 2);
	ck_assert_int_eq(parsed.search.seeds.seed[0], 9);
	ck_assert_int_eq(parsed.final_seeds.n, 3);
	ck_assert_int_eq(parsed.final_seeds.seed[1], 2147483647);
	/* Where nothing is searched, 0 is nobody's search seed. */
	parsed_well("{ \"sweep\": \"t\", \"dataset\": { \"name\": \"synthetic\" }, " EW
		    ", \"train\": { \"epochs\": 12 }, \"search\": { \"lr\": 1 }, "
		    "\"select\": { \"epoch\": \"last10\" }, \"baseline\": { \"seeds\": "
		    "[0] }, \"final\": { \"seeds\": [0] } }");
}
END_TEST

START_TEST(the_default_written_out_is_the_same_configuration)
{
	struct plan_grid g;
	char left_out[IDENTITY_MAX], written[IDENTITY_MAX];
	struct params ps;

	parsed_well(SMALL(EW));
	g = plan_tune(&parsed, &parsed.variants[0], &parsed.variants[0].entries[0],
		&parsed_arena);
	ps = plan_job(&parsed.variants[0].base, &parsed.variants[0].entries[0], NULL,
		&g, 0, 0, &parsed_arena);
	job_identity(&ps, left_out);
	parsed_well("{ \"sweep\": \"other\", \"dataset\": { \"name\": \"synthetic\", "
		    "\"train\": 1e2, \"noise\": 0.10 }, \"model\": { \"hidden\": [32, "
		    "24] }, \"train\": { \"epochs\": 40, \"batch\": 64, \"optimizer\": "
		    "{ \"name\": \"adam\", \"eps\": 0.00000001 } }, \"search\": { "
		    "\"lr\": 0.003 }, \"methods\": [{ \"name\": \"ew\", \"label\": "
		    "\"renamed\" }] }");
	g = plan_tune(&parsed, &parsed.variants[0], &parsed.variants[0].entries[0],
		&parsed_arena);
	ps = plan_job(&parsed.variants[0].base, &parsed.variants[0].entries[0], NULL,
		&g, 0, 0, &parsed_arena);
	job_identity(&ps, written);
	ck_assert_str_eq(left_out, written);
}
END_TEST

START_TEST(criteria_come_in_the_order_of_tasks)
{
	const struct spec_variant *v;

	parsed_well(SMALL(EW ", \"select\": { \"require\": { \"cls1/accuracy\": { "
			     "\"min\": 0.1 } } }"));
	v = &parsed.variants[0];
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
	parsed_well(SMALL(EW ", \"baseline\": { \"values\": { \"reg1/abs_err\": 1,"
			     " \"reg2/abs_err\": 2, \"cls1/accuracy\": 0.5 } }"));
	ck_assert(parsed.baseline.source == BASELINE_VALUES);
	ck_assert_double_eq(parsed.variants[0].criteria[1].base_test, 2);
	parsed_well(SMALL(
		EW ", \"baseline\": { \"values\": { \"val\": { \"reg1/abs_err\": 1, "
		   "\"reg2/abs_err\": 2, \"cls1/accuracy\": 0.5 }, \"test\": { "
		   "\"reg1/abs_err\": 4, \"reg2/abs_err\": 5, \"cls1/accuracy\": 0.6 } "
		   "} }"));
	ck_assert_double_eq(parsed.variants[0].criteria[1].base_val, 2);
	ck_assert_double_eq(parsed.variants[0].criteria[1].base_test, 5);
}
END_TEST

START_TEST(baseline_may_have_a_network_of_its_own)
{
	const struct spec_variant *v;
	struct params ps;
	struct plan_grid g;

	parsed_well(SMALL(EW ", \"baseline\": { \"model\": { \"name\": \"mlp\","
			     " \"hidden\": [8] } }"));
	v = &parsed.variants[0];
	ck_assert_str_eq(params_get(&v->stl, "model.hidden"), "8");
	ck_assert_str_eq(params_get(&v->base, "model.hidden"), "32 24");
	g = plan_tune(&parsed, v, &v->baseline, &parsed_arena);
	ps = plan_job(&v->stl, &v->baseline, "reg1", &g, 0, 0, &parsed_arena);
	ck_assert_str_eq(params_get(&ps, "model.hidden"), "8");
	parsed_well("{ \"sweep\": \"t\", \"dataset\": { \"name\": \"multi_fashion\" },"
		    " \"train\": { \"epochs\": 2 }, \"search\": { \"lr\": 1 }, " EW
		    ", \"baseline\": { \"model\": \"mlp\" } }");
	v = &parsed.variants[0];
	ck_assert_str_eq(params_get(&v->base, "model.width"), "1");
	ck_assert_ptr_null(params_get(&v->stl, "model.width"));
	ck_assert_str_eq(params_get(&v->stl, "model.name"), "mlp");
}
END_TEST

START_TEST(baseline_may_try_other_rates_than_methods)
{
	const struct spec_variant *v;
	struct plan_grid g;

	parsed_well(SMALL(EW ", \"baseline\": { \"lr\": [1, 2, 3], \"wd\": [4, 5] }"));
	v = &parsed.variants[0];
	g = plan_tune(&parsed, v, &v->baseline, &parsed_arena);
	ck_assert_int_eq(g.count, 6);
	ck_assert_str_eq(g.axes[0].text[2], "3");
	ck_assert_str_eq(g.axes[1].text[1], "5");
	g = plan_tune(&parsed, v, &v->entries[0], &parsed_arena);
	ck_assert_str_ne(g.axes[0].text[0], "1");
	parsed_well(SMALL(EW ", \"baseline\": { \"lr\": 7 }"));
	v = &parsed.variants[0];
	g = plan_tune(&parsed, v, &v->baseline, &parsed_arena);
	ck_assert_int_eq(g.count, 1);
	ck_assert_str_eq(g.axes[1].text[0], parsed.search.rates.wd.text[0]);
}
END_TEST

#define ACROSS(varied, axes) \
	"{ \"sweep\": \"t\", \"dataset\": \"synthetic\", \"train\": { \"epochs\": " \
	"2 }, \"search\": { \"lr\": 1 }, " EW ", \"vary\": { " varied \
	" }, \"baseline\": { \"across\": " axes " } }"

/* Variants in the order mlp 8 with adam and sgd, then mlp 9 with both. */
START_TEST(variants_may_have_one_baseline)
{
	static const char varied[] = "adam|adam|adam|adam|8|8|9|9|";
	struct str seen = { .arena = &parsed_arena };
	struct plan_counts counts;

	parsed_well(ACROSS("\"hidden\": [[8], [9]], \"optimizer\": [\"adam\", \"sgd\"]",
		"\"optimizer\""));
	for (int i = 0; i < 4; i++)
		str_printf(&seen, "%s|",
			params_get(&parsed.variants[i].stl, "train.optimizer"));
	for (int i = 0; i < 4; i++)
		str_printf(&seen, "%s|",
			params_get(&parsed.variants[i].stl, "model.hidden"));
	ck_assert_str_eq(str_get(&seen), varied);
	ck_assert_str_eq(
		params_get(&parsed.variants[1].base, "train.optimizer"), "sgd");
	counts = plan_count(&parsed, &parsed_arena);
	ck_assert_int_eq(counts.nrows, 2 + 4); /* baselines are counted once */
	parsed_well(ACROSS("\"hidden\": [[8], [9]], \"optimizer\": [\"adam\", \"sgd\"]",
		"[\"model.hidden\", \"optimizer\"]"));
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(parsed.variants[i].stl_of, 0);
}
END_TEST

START_TEST(entries_that_are_not_measured_are_jobs_without_it)
{
	static const char text[] = SMALL(
		"\"methods\": [\"ew\", \"uw\"], \"diagnose\": { \"gradients\": {}, "
		"\"entries\": \"uw\" }");
	const struct spec_variant *v;

	parsed_well(text);
	v = &parsed.variants[0];
	for (int i = -1; i < 2; i++) {
		const struct spec_entry *x = i < 0 ? &v->baseline : &v->entries[i];
		struct plan_grid g = plan_tune(&parsed, v, x, &parsed_arena);
		struct params ps = plan_job(i < 0 ? &v->stl : &v->base, x,
			i < 0 ? "reg1" : NULL, &g, 0, 0, &parsed_arena);

		ck_assert_int_eq(
			params_get(&ps, "diagnose.gradients.every") != NULL, i == 1);
		ck_assert_int_eq(
			params_get(&ps, "diagnose.gradients.sample") != NULL, i == 1);
	}
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
		{ "sweeps/precision/quickstart.json", 118 },
		{ "sweeps/precision/multi_fashion_line.json", 362 },
		{ "sweeps/precision/scenes_segnet.json", 162 },
	};
	static const char *const folders[] = { "sweeps", "sweeps/precision" };
	int files = 0;

	for (int i = 0; i < COUNT(shipped); i++) {
		struct str report = { .arena = &parsed_arena };
		struct err e = { 0 };
		int rc = read_file(shipped[i].path, &report, &e);

		ck_assert_msg(rc == OK, "%s%s", e.msg, str_get(&report));
		ck_assert_int_eq(
			plan_count(&parsed, &parsed_arena).total, shipped[i].jobs);
	}
	for (int i = 0; i < COUNT(folders); i++) {
		DIR *folder = opendir(folders[i]);
		struct dirent *d;

		while ((d = readdir(folder)))
			files += strstr(d->d_name, ".json") != NULL;
		closedir(folder);
	}
	ck_assert_int_eq(files, COUNT(shipped));
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
	struct str out = { .arena = &parsed_arena };
	struct err e = { 0 };

	setenv("HOME", "/home/me", 1);
	ck_assert_msg(spec_read(&parsed, &parsed_arena, &from, &out, &e) == OK, "%s",
		str_get(&out));
	ck_assert_str_eq(
		params_get(&parsed.variants[0].base, "dataset.path"), "runs/a/img");
	ck_assert_str_eq(
		params_get(&parsed.variants[0].base, "model.init"), "/home/me/w");
	ck_assert_str_eq(parsed.baseline.from, "/b.db");
	ck_assert_str_eq(parsed.winners.textures, "runs/a/../frost");
	from.folder = "/of/the/file"; /* as a database keeps it */
	ck_assert_int_eq(spec_read(&parsed, &parsed_arena, &from, &out, &e), OK);
	ck_assert_str_eq(params_get(&parsed.variants[0].base, "dataset.path"),
		"/of/the/file/img");
	unsetenv("HOME");
	ck_assert_int_eq(spec_read(&parsed, &parsed_arena, &from, &out, &e), ERR_SPEC);
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
	struct str out = { .arena = &parsed_arena };
	struct err e = { 0 };
	int n;

	ck_assert_msg(spec_read(&parsed, &parsed_arena, &from, &out, &e) == OK, "%s",
		str_get(&out));
	ck_assert_str_eq(parsed.variants[0].pseudo, "reg1=w.params cls1=/a\\ b/c");
	ck_assert_int_eq(
		pseudo_read(&parsed.variants[0].base, &parsed_arena, list, &n, &e), OK);
	ck_assert_int_eq(n, 2);
	ck_assert_str_eq(list[0].file, "/my sweeps/w.params");
	ck_assert_str_eq(list[1].task, "cls1");
	ck_assert_str_eq(list[1].file, "/a b/c");
}
END_TEST

START_TEST(names_alone_stand_for_data_set_and_network)
{
	parsed_well(
		"{ \"sweep\": \"t\", \"dataset\": \"celeba\", \"model\": \"resnet\", "
		"\"train\": { \"epochs\": 1 }, \"search\": { \"lr\": 1 }, " EW " }");
	ck_assert_str_eq(params_get(&parsed.variants[0].base, "model.name"), "resnet");
	ck_assert_str_eq(
		params_get(&parsed.variants[0].base, "dataset.name"), "celeba");
	ck_assert_str_eq(
		params_get(&parsed.variants[0].base, "dataset.train"), "162770");
}
END_TEST

/* In an order of its own, of the baseline, too, and a criterion of Δm. */
START_TEST(a_criterion_that_is_asked_for_is_part_of_every_job)
{
	const struct spec_variant *v;
	const char *report;

	parsed_well(SMALL(EW));
	ck_assert_ptr_null(params_get(&parsed.variants[0].base, "train.metrics"));
	ck_assert_int_eq(parsed.variants[0].ncriteria, 3);
	parsed_well("{ \"sweep\": \"t\", \"dataset\": { \"name\": \"synthetic\" }, "
		    "\"train\": { \"epochs\": 4, \"metrics\": [\"rmse\", \"rmse\"] }, "
		    "\"search\": { \"lr\": 1e-3 }, " EW " }");
	v = &parsed.variants[0];
	ck_assert_str_eq(params_get(&v->base, "train.metrics"), "rmse");
	ck_assert_str_eq(params_get(&v->stl, "train.metrics"), "rmse");
	ck_assert_int_eq(v->ncriteria, 5);
	ck_assert_str_eq(v->criteria[1].text, "reg1/rmse");
	ck_assert_int_eq(
		parsed_try(
			"{ \"sweep\": \"t\", \"dataset\": { \"name\": \"multi_fashion\" "
			"}, \"train\": { \"epochs\": 4, \"metrics\": \"rmse\" }, "
			"\"search\": { \"lr\": 1e-3 }, " EW " }",
			&report),
		ERR_SPEC);
	ck_assert_msg(
		strstr(report, "no task has the criterion \"rmse\""), "%s", report);
	ck_assert_int_eq(
		parsed_try(
			"{ \"sweep\": \"t\", \"dataset\": { \"name\": \"synthetic\" }, "
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
		parsed_well(arena_printf(&parsed_arena, SCHEDULED("%s"), good[i][0]));
		ck_assert_str_eq(params_get(&parsed.variants[0].base, "train.lr_decay"),
			good[i][1]);
		ck_assert_ptr_null(
			params_get(&parsed.variants[0].base, "train.warm_up"));
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_int_eq(parsed_try(arena_printf(&parsed_arena, SCHEDULED("%s"),
						    bad[i][0]),
					 &report),
			ERR_SPEC);
		ck_assert_msg(strstr(report, bad[i][1]), "%s", report);
	}
	parsed_well(SCHEDULED("\"warm_up\": 500"));
	ck_assert_str_eq(params_get(&parsed.variants[0].stl, "train.warm_up"), "500");
}
END_TEST

/* The default is no setting, so that what was trained before stays what it is. */
START_TEST(mixed_precision_is_asked_for_by_name)
{
	const char *report;

	parsed_well(SCHEDULED("\"precision\": \"float32\""));
	ck_assert_ptr_null(params_get(&parsed.variants[0].base, "train.precision"));
	parsed_well(SCHEDULED("\"precision\": \"bf16\""));
	ck_assert_str_eq(
		params_get(&parsed.variants[0].base, "train.precision"), "bf16");
	ck_assert_str_eq(
		params_get(&parsed.variants[0].stl, "train.precision"), "bf16");
	ck_assert_int_eq(
		parsed_try(SCHEDULED("\"precision\": \"fp16\""), &report), ERR_SPEC);
	ck_assert_msg(strstr(report, "did you mean \"bf16\""), "%s", report);
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

	parsed_well(USING("[\"normal\", \"seg\"]"));
	v = &parsed.variants[0];
	ck_assert_int_eq(v->ntasks, 2);
	ck_assert_str_eq(v->tasks[1].name, "normal");
	ck_assert_int_eq(v->ncriteria, 7);
	ck_assert_str_eq(params_get(&v->base, "dataset.use"), "seg normal");
	/* A baseline has one task, whatever others are used beside it. */
	ck_assert_ptr_null(params_get(&v->stl, "dataset.use"));
	parsed_well(USING("\"depth\""));
	ck_assert_int_eq(parsed.variants[0].ntasks, 1);
	parsed_well(USING("[\"seg\", \"depth\", \"normal\"]"));
	ck_assert_ptr_null(params_get(&parsed.variants[0].base, "dataset.use"));
	ck_assert_int_eq(parsed_try(USING("[\"sag\"]"), &report), ERR_SPEC);
	ck_assert_msg(strstr(report, "unknown task \"sag\""), "%s", report);
	ck_assert_int_eq(parsed_try(USING("[]"), &report), ERR_SPEC);
	ck_assert_msg(strstr(report, "names no task"), "%s", report);
}
END_TEST

Suite *suite_spec(void);
Suite *suite_spec(void)
{
	Suite *s = suite_create("spec");
	TCase *t = tcase_create("spec");

	tcase_add_checked_fixture(t, NULL, parsed_release);
	tcase_add_test(t, paths_begin_at_the_sweep_file_and_a_tilde_is_home);
	tcase_add_test(t, files_of_pseudo_tasks_begin_there_too_blanks_and_all);
	tcase_add_test(t, names_alone_stand_for_data_set_and_network);
	tcase_add_test(t, every_bad_file_gets_its_message);
	tcase_add_test(t, mixed_precision_is_asked_for_by_name);
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
	tcase_add_test(t, baseline_may_try_other_rates_than_methods);
	tcase_add_test(t, variants_may_have_one_baseline);
	tcase_add_test(t, entries_that_are_not_measured_are_jobs_without_it);
	tcase_add_test(t, every_shipped_sweep_is_good_and_has_its_jobs);
	suite_add_tcase(s, t);
	return s;
}
