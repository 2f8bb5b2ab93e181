/*
 * The auxiliary setting: entries for every primary task, each judged by that task alone,
 * and the block that they make in the table. Real SQLite, figures by a formula.
 */
#include <check.h>
#include <string.h>
#include "orchestrator/report/benchmark.h"
#include "orchestrator/report/robust.h"
#include "tests/lib/must.h"
#include "tests/lib/played.h"
#include "tests/lib/scratch.h"

static struct arena arena;
static struct spec spec;
static struct played *world; /* NULL: nothing is planned */

static void setup(void)
{
	arena = (struct arena){ 0 };
	world = NULL;
	scratch_enter();
}

static void teardown(void)
{
	if (world)
		played_free(world);
	arena_release(&arena);
	scratch_leave();
}

/* A sweep over two tasks; `keys` go before the others. */
static const char *sweep(const char *keys, const char *methods)
{
	return arena_printf(&arena,
		"{\"sweep\": \"t\", " PLAYED_DATASET "\"train\": {\"epochs\": 2}, "
		"%s\"methods\": [%s], \"search\": {\"lr\": [0.1, 0.01]}, \"final\": "
		"{\"seeds\": 2}}",
		keys, methods);
}

static const char *report_of(const char *text)
{
	struct str report = { .arena = &arena };
	struct err e = { 0 };
	int rc = spec_parse(&spec, &arena, "t.json", text, strlen(text), &report, &e);

	ck_assert_int_eq(rc == OK, str_get(&report)[0] == '\0');
	return str_get(&report);
}

/* Baselines reach 1; reg1 of a job is worse by its primary: 1.5, else 2; reg2 likewise. */
static double figure(const struct played_job *j, const char *task, int epoch, bool test)
{
	(void)epoch, (void)test;
	if (*j->own)
		return 1;
	if (!*j->primary)
		return !strcmp(task, "reg1") ? 1.25 : 1.75;
	return strcmp(j->primary, task) != 0 ? 2 : !strcmp(task, "reg1") ? 1.5 : 1.1;
}

/* Plans the sweep; the first time the database is made. */
static void plan(const char *text)
{
	if (world)
		played_plan(world, text, true);
	else
		world = played_new("t.db", text, true, figure);
}

static void train_all(void)
{
	played_all(world, PLAYED_FIRST);
}

static const char *answer(const char *sql)
{
	struct str out = { .arena = &arena };
	struct err e = { 0 };
	struct rows r = rows_open_sql(&world->s, sql, NO_ARGS, &e);

	while (rows_next(&r))
		for (int i = 0; i < r.columns; i++)
			str_printf(&out, "%s%s", out.n ? " " : "", rows_text(&r));
	must(rows_close(&r), &e);
	return str_get(&out);
}

START_TEST(every_task_is_primary_in_turn)
{
	const struct spec_variant *v;

	ck_assert_str_eq(
		report_of(sweep("\"primary\": \"each\", ", "\"ew\", \"ial\"")), "");
	v = &spec.variants[0];
	ck_assert_int_eq(v->nentries, 3);
	ck_assert_str_eq(v->entries[0].label, "ew");
	ck_assert_ptr_null(v->entries[0].primary);
	ck_assert_str_eq(v->entries[1].label, "ial [reg1]");
	ck_assert_str_eq(v->entries[2].label, "ial [reg2]");
	ck_assert_str_eq(v->entries[2].listed, "ial");
	ck_assert_str_eq(v->entries[2].primary, "reg2");
	ck_assert_int_eq(v->entries[2].position, 3);
	ck_assert_str_eq(report_of(sweep("\"primary\": \"reg2\", ",
				 "\"ew\", {\"name\": \"ial\", \"label\": \"x\"}")),
		"");
	v = &spec.variants[0];
	ck_assert_int_eq(v->nentries, 2);
	ck_assert_str_eq(v->entries[0].primary, "reg2");
	ck_assert_str_eq(v->entries[1].label, "x");
	ck_assert_str_eq(v->entries[1].axes[v->entries[1].naxes - 1].text[0], "reg2");
}
END_TEST

START_TEST(a_primary_task_that_cannot_be_is_an_error_with_its_place)
{
	static const struct {
		const char *keys, *methods, *say;
	} bad[] = {
		{ "\"primary\": \"reg3\", ", "\"ew\"", "did you mean \"reg" },
		{ "\"primary\": 3, ", "\"ew\"", "\"primary\" must be" },
		{ "\"primary\": \"each\", ",
			"{\"name\": \"ial\", \"primary\": \"reg1\"}",
			"said for the whole sweep already" },
		{ "\"primary\": \"each\", ", "\"ial\", \"ial\"", "listed twice" },
	};

	for (int i = 0; i < COUNT(bad); i++) {
		const char *said = report_of(sweep(bad[i].keys, bad[i].methods));

		ck_assert_msg(strstr(said, bad[i].say) != NULL, "%s", said);
	}
}
END_TEST

/* A broken auxiliary task, in one spelling whatever the order; baselines are whole. */
START_TEST(a_head_can_be_frozen_in_all_but_its_baseline)
{
	const struct spec_variant *v;
	const char *text = sweep("", "\"ew\"");
	const char *said;

	text = arena_printf(&arena, "%.*s\"freeze\": [\"reg2\", \"trunk\"], %s",
		(int)(strstr(text, "\"epochs\"") - text), text,
		strstr(text, "\"epochs\""));
	ck_assert_str_eq(report_of(text), "");
	v = &spec.variants[0];
	ck_assert_str_eq(params_get(&v->base, "train.freeze"), "trunk reg2");
	ck_assert_ptr_null(params_get(&v->stl, "train.freeze"));
	text = sweep("", "\"ew\"");
	said = report_of(arena_printf(&arena, "%.*s\"freeze\": \"reg3\", %s",
		(int)(strstr(text, "\"epochs\"") - text), text,
		strstr(text, "\"epochs\"")));
	ck_assert_msg(strstr(said, "unknown task \"reg3\"") != NULL, "%s", said);
}
END_TEST

START_TEST(an_entry_is_judged_by_its_primary_task_alone)
{
	plan(sweep("\"primary\": \"each\", ", "\"ew\", \"gcs\", \"ial\""));
	train_all();
	ck_assert_str_eq(answer("SELECT label, round(delta_m, 6) FROM benchmark"),
		"stl 0.0 ew 50.0 gcs [reg1] 50.0 gcs [reg2] 10.0 ial [reg1] 50.0 ial "
		"[reg2] 10.0");
	ck_assert_str_eq(answer("SELECT label, round(delta_m, 6), round(delta_m_std, "
				"6), tried, seeds, seeds_done FROM auxiliary"),
		"gcs 30.0 0.0 4 2 2 ial 30.0 0.0 4 2 2");
	ck_assert_str_eq(
		answer("SELECT label, criterion, value FROM auxiliary_criterion"),
		"gcs reg1/abs_err 1.5 gcs reg2/abs_err 1.1 ial reg1/abs_err 1.5 ial "
		"reg2/abs_err 1.1");
}
END_TEST

/* Nothing is trained again, and no score stays that was made by other tasks. */
START_TEST(another_primary_task_gives_other_scores_of_the_same_jobs)
{
	static const char delta[] =
		"SELECT round(delta_m, 6) FROM benchmark WHERE label='ew'";

	plan(sweep("", "\"ew\""));
	train_all();
	ck_assert_str_eq(answer(delta), "50.0");
	plan(sweep("\"primary\": \"reg1\", ", "\"ew\""));
	ck_assert_int_eq(played_waiting(world), 0);
	ck_assert_str_eq(answer(delta), "25.0");
	plan(sweep("\"primary\": \"reg2\", ", "\"ew\""));
	ck_assert_str_eq(answer(delta), "75.0");
	plan(sweep("", "\"ew\""));
	ck_assert_int_eq(played_waiting(world), 0);
	ck_assert_str_eq(answer(delta), "50.0");
	ck_assert_str_eq(answer("SELECT count(*) FROM entry_primary"), "0");
}
END_TEST

/* ew and, with each task as primary, gcs; trained to their end. */
static const struct query_sweep *primary_in_turn(void)
{
	struct query_sweep *w;
	struct err e = { 0 };
	int n;

	plan(sweep("\"primary\": \"each\", ", "\"ew\", \"gcs\""));
	train_all();
	must(query_sweeps(&world->s, &arena, &w, &n, &e), &e);
	ck_assert_int_eq(n, 1);
	return w;
}

START_TEST(the_table_has_an_auxiliary_block_and_prints_gains)
{
	struct report r = { .arena = &arena };
	struct str out = { .arena = &arena };
	const struct query_sweep *w = primary_in_turn();
	struct err e = { 0 };

	must(benchmark_report(&world->s, w, &(struct benchmark_view){ 0 }, &r, &e), &e);
	ck_assert_int_eq(r.tables, 2);
	ck_assert_str_eq(r.table[1].heading, "auxiliary");
	ck_assert_int_eq(table_rows(&r.table[0]), 2);
	ck_assert_int_eq(table_rows(&r.table[1]), 1);
	report_text(&r, &out);
	ck_assert_ptr_nonnull(strstr(str_get(&out), "Δ [%] ↑"));
	ck_assert_ptr_nonnull(strstr(str_get(&out), "*-50.0 ± 0.0*"));
	ck_assert_ptr_nonnull(strstr(str_get(&out), "*-30.0 ± 0.0*"));
}
END_TEST

static const char *shown(struct report_table *t, int row, const char *column)
{
	for (int i = 0; i < t->columns; i++)
		if (!strcmp(t->column[i].name, column))
			return table_at(t, row, i)->text;
	ck_abort_msg("no column %s", column);
}

/* gcs [reg1] is nowhere better than ew; gcs [reg2] is on the front, a network of its own. */
START_TEST(the_front_has_the_runs_of_each_primary_task_as_its_view_does)
{
	const struct benchmark_view view = { .front = true };
	struct report r = { .arena = &arena };
	const struct query_sweep *w = primary_in_turn();
	struct err e = { 0 };

	must(benchmark_report(&world->s, w, &view, &r, &e), &e);
	ck_assert_int_eq(r.tables, 1);
	ck_assert_int_eq(table_rows(&r.table[0]), 2);
	ck_assert_str_eq(shown(&r.table[0], 0, "label"), "EW");
	ck_assert_str_eq(shown(&r.table[0], 1, "label"), "gcs [reg2]");
	ck_assert_str_eq(answer("SELECT label FROM pareto_front ORDER BY label"),
		"ew gcs [reg2]");
}
END_TEST

/* Corruption doubles a baseline's error and costs a run its own error more. */
START_TEST(the_robustness_of_each_task_is_of_the_runs_that_had_it_as_primary)
{
	struct report r = { .arena = &arena };
	const struct query_sweep *w = primary_in_turn();
	struct err e = { 0 };

	answer("INSERT INTO winner SELECT m.stage, m.job, m.sweep, 1, 0, 'fog', '', '',"
	       " 'done' FROM stage_job m JOIN stage t ON t.id=m.stage WHERE"
	       " t.phase='final'");
	answer("INSERT INTO corrupted SELECT w.job, 1, 'fog', 1, m.task, m.name,"
	       " m.value * (2 + iif(t.task='', m.value, 0)) FROM winner w JOIN stage t"
	       " ON t.id=w.stage JOIN metric m ON m.job=w.job AND m.epoch=1 AND"
	       " m.split='test'");
	must(robust_report(&world->s, w, &r, &e), &e);
	ck_assert_int_eq(table_rows(&r.table[0]), 2);
	ck_assert_str_eq(shown(&r.table[0], 0, "reg2/abs_err"), "1.750 ± 0.000");
	ck_assert_str_eq(shown(&r.table[0], 1, "label"), "GCS");
	ck_assert_str_eq(shown(&r.table[0], 1, "reg1/abs_err"), "1.500 ± 0.000");
	ck_assert_str_eq(shown(&r.table[0], 1, "reg2/abs_err"), "1.100 ± 0.000");
}
END_TEST

START_TEST(an_auxiliary_row_has_its_cost_and_marks_the_end_of_a_range)
{
	const struct benchmark_view view = { .cost = true };
	struct report r = { .arena = &arena };
	const struct query_sweep *w = primary_in_turn();
	struct err e = { 0 };

	must(benchmark_report(&world->s, w, &view, &r, &e), &e);
	ck_assert_str_eq(shown(&r.table[0], 1, "seconds_per_epoch"), "1.5");
	ck_assert_str_eq(shown(&r.table[1], 0, "seconds_per_epoch"), "1.5");
	ck_assert_str_eq(shown(&r.table[0], 1, "lr"), "0.1†");
	ck_assert_str_eq(shown(&r.table[1], 0, "lr"), "0.1†");
}
END_TEST

Suite *suite_auxiliary(void);
Suite *suite_auxiliary(void)
{
	Suite *s = suite_create("auxiliary");
	TCase *t = tcase_create("auxiliary");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, every_task_is_primary_in_turn);
	tcase_add_test(t, a_primary_task_that_cannot_be_is_an_error_with_its_place);
	tcase_add_test(t, a_head_can_be_frozen_in_all_but_its_baseline);
	tcase_add_test(t, an_entry_is_judged_by_its_primary_task_alone);
	tcase_add_test(t, another_primary_task_gives_other_scores_of_the_same_jobs);
	tcase_add_test(t, the_table_has_an_auxiliary_block_and_prints_gains);
	tcase_add_test(t, the_front_has_the_runs_of_each_primary_task_as_its_view_does);
	tcase_add_test(
		t, the_robustness_of_each_task_is_of_the_runs_that_had_it_as_primary);
	tcase_add_test(t, an_auxiliary_row_has_its_cost_and_marks_the_end_of_a_range);
	suite_add_tcase(s, t);
	return s;
}
