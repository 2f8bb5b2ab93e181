/*
 * Pareto: the view and the C code say the same on the golden cases; counts, dominators
 * and what is refused, through the command.
 */
#include <check.h>
#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/store/rows.h"
#include "common/store/store_open.h"
#include "common/store/transaction.h"
#include "orchestrator/stats/stats.h"
#include "tests/lib/child.h"
#include "tests/lib/digest.h"
#include "tests/lib/scratch.h"
#include "tests/lib/small_db.h"

#define D_MAX 16
#define N_MAX 256

/* One case: n points in d criteria. */
struct golden {
	int n, d;
	bool higher[D_MAX];
	double point[N_MAX][D_MAX];
	bool front[N_MAX];
};

static double number_of(const cJSON *j)
{
	if (cJSON_IsNumber(j))
		return j->valuedouble;
	return !strcmp(j->valuestring, "NaN") ? (double)NAN
		: j->valuestring[0] == '-'    ? -HUGE_VAL
					      : HUGE_VAL;
}

static bool read_case(const cJSON *json, struct golden *g)
{
	const cJSON *points = cJSON_GetObjectItemCaseSensitive(json, "points");
	const cJSON *hyper = cJSON_GetObjectItemCaseSensitive(json, "hyperparameters");
	const cJSON *expect = cJSON_GetObjectItemCaseSensitive(json, "expect");
	const cJSON *directions = cJSON_GetObjectItemCaseSensitive(hyper, "directions");
	const cJSON *front = cJSON_GetObjectItemCaseSensitive(expect, "front_indices");
	const cJSON *i;

	*g = (struct golden){ 0 };
	if (!points || !front)
		return false;
	cJSON_ArrayForEach(i, directions) g->higher[g->d++] =
		!strcmp(i->valuestring, "max");
	cJSON_ArrayForEach(i, points)
	{
		for (int k = 0; k < g->d; k++)
			g->point[g->n][k] = number_of(cJSON_GetArrayItem(i, k));
		g->n++;
	}
	cJSON_ArrayForEach(i, front) g->front[i->valueint] = true;
	return true;
}

static void execute(struct store *s, const char *sql, const struct arg *args)
{
	struct err e = { 0 };
	struct rows r = rows_open_sql(s, sql, args, &e);

	while (rows_next(&r))
		continue;
	ck_assert_msg(rows_close(&r) == OK, "%s: %s", sql, e.msg);
}

/* An entry with one final seed, whose test metrics are the point; a NaN is no row. */
static void put_point(struct store *s, const struct golden *g, int i)
{
	const struct arg *id = ARGS(INT(i + 1));

	execute(s,
		"INSERT INTO stage SELECT ?1, 1, '', 'p' || (?1 - 1), 'ew', ?1, '', "
		"'final', 'final', 'done', ''",
		id);
	execute(s,
		"INSERT INTO job SELECT ?1, printf('%032x', ?1), 'd', 'm', 'ew', NULL, "
		"0.1, 0, NULL, NULL, 1000, 1, 1, NULL, 'done', NULL, NULL, NULL",
		id);
	execute(s, "INSERT INTO stage_job SELECT ?1, ?1, 1, 0, 1, 'done'", id);
	execute(s, "INSERT INTO score SELECT 1, ?1, 1, 'val', 0.0", id);
	for (int k = 0; k < g->d; k++)
		if (!isnan(g->point[i][k]))
			execute(s,
				"INSERT INTO metric SELECT ?, 1, 'test', 't', 'm' || "
				"?, ?",
				ARGS(INT(i + 1), INT(k), REAL(g->point[i][k])));
}

static void put_case(struct store *s, const struct golden *g)
{
	execute(s,
		"INSERT INTO sweep VALUES (1, 'g', '', 'best', 'criteria', '', 'done', NULL, '', 0, NULL, 0)",
		NO_ARGS);
	execute(s, "INSERT INTO variant VALUES (1, '', 0)", NO_ARGS);
	for (int k = 0; k < g->d; k++)
		execute(s,
			"INSERT INTO criterion SELECT 1, '', 't/m' || ?1, 't', 'm' || "
			"?1, ?2, ?1, 1, NULL, NULL",
			ARGS(INT(k), INT(g->higher[k])));
	for (int i = 0; i < g->n; i++)
		put_point(s, g, i);
}

static void compare(struct store *s, const struct golden *g, const char *name)
{
	bool in_view[N_MAX] = { false };
	bool in_stats[N_MAX];
	double row[N_MAX * D_MAX];
	struct err e = { 0 };
	struct rows r = rows_open_sql(s, "SELECT label FROM pareto_front", NO_ARGS, &e);

	for (int i = 0; i < g->n; i++)
		memcpy(row + i * g->d, g->point[i], (size_t)g->d * sizeof(double));
	stats_undominated(g->d, g->higher, g->n, row, g->n, row, in_stats);
	while (rows_next(&r))
		in_view[atoi(rows_text(&r) + 1)] = true;
	ck_assert_int_eq(rows_close(&r), OK);
	for (int i = 0; i < g->n; i++) {
		ck_assert_msg(in_stats[i] == g->front[i], "%s: point %d, C", name, i);
		ck_assert_msg(in_view[i] == g->front[i], "%s: point %d, view", name, i);
	}
}

START_TEST(view_and_code_agree_on_every_golden_case)
{
	const cJSON *json;
	cJSON *file;
	int cases = 0;

	scratch_enter();
	file = cJSON_Parse(source_text("tests/fixtures/golden/pareto.json"));
	ck_assert_ptr_nonnull(file);
	cJSON_ArrayForEach(json, cJSON_GetObjectItemCaseSensitive(file, "cases"))
	{
		static struct golden g;
		struct err e = { 0 };
		struct store s;

		if (!read_case(json, &g))
			continue;
		ck_assert_int_eq(store_open(&s, "g.db", STORE_ORCHESTRATOR, &e), OK);
		ck_assert_int_eq(store_begin(&s, &e), OK);
		put_case(&s, &g);
		compare(&s, &g,
			cJSON_GetObjectItemCaseSensitive(json, "name")->valuestring);
		store_rollback(&s);
		store_close(&s);
		cases++;
	}
	ck_assert_int_ge(cases, 10);
	cJSON_Delete(file);
	scratch_leave();
}
END_TEST

static int deltam(const char *a, const char *b, const char *c, const char *d)
{
	return child_run(
		(const char *const[]){ "deltam", "pareto", "--db", "small.db",
			"--sweep", "small", "--format", "csv", a, b, c, d, NULL },
		NULL);
}

static const char *out(void)
{
	static char text[8192];

	scratch_read("out", text, sizeof(text));
	return text;
}

static void small(void)
{
	scratch_enter();
	small_db_make("small.db");
}

static void leave(void)
{
	scratch_leave();
}

START_TEST(final_runs_are_counted_by_method)
{
	/* as the benchmark's rows say: uw_so beats ew in both criteria */
	ck_assert_int_eq(deltam("--counts", "final", NULL, NULL), 0);
	ck_assert_str_eq(out(),
		"block,label,optimizer,runs,optimal,share\n"
		"synthetic mlp,ew,all,1,0,0\n"
		"synthetic mlp,uw_so,all,1,1,100\n"
		"synthetic mlp,scalarization,all,1,1,100\n"
		"synthetic mlp,all,all,3,2,66.66666666666667\n");
	query_run("small.db",
		"INSERT INTO job_param SELECT id, 'train.optimizer', "
		"CASE method WHEN 'uw_so' THEN 'sgd' ELSE 'adam' END FROM job");
	ck_assert_int_eq(deltam("--counts", "final", NULL, NULL), 0);
	ck_assert_str_eq(out(),
		"block,label,optimizer,runs,optimal,share\n"
		"synthetic mlp,ew,adam,1,0,0\n"
		"synthetic mlp,ew,all,1,0,0\n"
		"synthetic mlp,uw_so,sgd,1,1,100\n"
		"synthetic mlp,uw_so,all,1,1,100\n"
		"synthetic mlp,scalarization,adam,1,1,100\n"
		"synthetic mlp,scalarization,all,1,1,100\n"
		"synthetic mlp,all,adam,2,1,50\n"
		"synthetic mlp,all,sgd,1,1,100\n"
		"synthetic mlp,all,all,3,2,66.66666666666667\n");
}
END_TEST

START_TEST(counts_over_all_runs_want_an_unpruned_sweep)
{
	char text[1024];

	ck_assert_int_eq(deltam("--counts", "all", NULL, NULL), 2);
	scratch_read("err", text, sizeof(text));
	ck_assert_ptr_nonnull(strstr(text, "1 runs of small were stopped early"));
	query_run("small.db", "UPDATE stage_job SET state='done'");
	ck_assert_int_eq(deltam("--counts", "all", NULL, NULL), 0);
	ck_assert_str_eq(out(),
		"block,label,optimizer,runs,optimal,share\n"
		"synthetic mlp,ew,all,3,0,0\n"
		"synthetic mlp,uw_so,all,3,0,0\n"
		"synthetic mlp,scalarization,all,2,2,100\n"
		"synthetic mlp,all,all,8,2,25\n");
}
END_TEST

/*
 * Seeds are runs. By select.require the error must be below 0.49 on validation rows: one run of
 * scalarization and uw_so's T 1 fall out, and all of ew, of which one diverged. The run of
 * scalarization that is left (0.42, 0.8) dominates both of uw_so.
 */
START_TEST(runs_are_counted_seed_by_seed_and_only_valid_ones)
{
	char text[1024];

	ck_assert_int_eq(deltam("--counts", "runs", NULL, NULL), 2);
	scratch_read("err", text, sizeof(text));
	ck_assert_ptr_nonnull(strstr(text, "--counts runs: 1 runs of small"));
	query_run("small.db",
		"UPDATE stage_job SET state = CASE job WHEN 203 THEN 'diverged' ELSE "
		"'done' END WHERE sweep = 1; INSERT INTO job_param SELECT id, "
		"'train.optimizer', CASE method WHEN 'uw_so' THEN 'sgd' ELSE 'adam' END "
		"FROM job; UPDATE sweep SET text = '{\"select\": { // comment\n "
		"\"require\": {\"reg1/abs_err\": {\"max\": 0.49}}}}' WHERE id = 1");
	ck_assert_int_eq(deltam("--counts", "runs", NULL, NULL), 0);
	ck_assert_str_eq(out(),
		"block,label,optimizer,runs,optimal,share,invalid,unbeaten\n"
		"synthetic mlp,ew,adam,0,0,,3,0\n"
		"synthetic mlp,ew,all,0,0,,3,0\n"
		"synthetic mlp,uw_so,sgd,2,0,0,1,0\n"
		"synthetic mlp,uw_so,all,2,0,0,1,0\n"
		"synthetic mlp,scalarization,adam,1,1,100,1,1\n"
		"synthetic mlp,scalarization,all,1,1,100,1,1\n"
		"synthetic mlp,all,adam,1,1,100,4,1\n"
		"synthetic mlp,all,sgd,2,0,0,1,0\n"
		"synthetic mlp,all,all,3,1,33.333333333333336,5,1\n");
}
END_TEST

/*
 * A network of other settings under the same name has a front of its own, and a name that says
 * which settings; values that all share are not said.
 */
START_TEST(networks_of_one_name_and_other_settings_share_no_front)
{
	query_run("small.db",
		"INSERT INTO job_param SELECT id, 'model.hidden', CASE method WHEN 'ew' "
		"THEN '32 24' ELSE '6' END FROM job; INSERT INTO job_param SELECT id, "
		"'model.activation', 'relu' FROM job; INSERT INTO job_param SELECT id, "
		"'model.rows', 'a' || char(10) || 'b' FROM job; INSERT INTO job_param "
		"SELECT id, 'dataset.digest', 'd' FROM job");
	ck_assert_int_eq(deltam("--counts", "final", NULL, NULL), 0);
	ck_assert_str_eq(out(),
		"block,label,optimizer,runs,optimal,share\n"
		"\"synthetic mlp hidden=32,24\",ew,all,1,1,100\n"
		"\"synthetic mlp hidden=32,24\",all,all,1,1,100\n"
		"synthetic mlp hidden=6,uw_so,all,1,1,100\n"
		"synthetic mlp hidden=6,scalarization,all,1,1,100\n"
		"synthetic mlp hidden=6,all,all,2,2,100\n");
}
END_TEST

/* By its digest a data set is the same whatever it is called with, and by its settings without. */
START_TEST(data_sets_without_a_digest_are_told_apart_by_their_settings)
{
	query_run("small.db",
		"INSERT INTO job_param SELECT id, 'dataset.split', CASE method WHEN 'ew' "
		"THEN 1 ELSE 2 END FROM job");
	ck_assert_int_eq(deltam("--counts", "final", NULL, NULL), 0);
	ck_assert_ptr_nonnull(strstr(out(), "synthetic mlp split=1,ew,all,1,1,100\n"));
	query_run("small.db",
		"INSERT INTO job_param SELECT id, 'dataset.digest', 'd' FROM job");
	ck_assert_int_eq(deltam("--counts", "final", NULL, NULL), 0);
	ck_assert_ptr_nonnull(strstr(out(), "synthetic mlp,ew,all,1,0,0\n"));
}
END_TEST

START_TEST(each_final_run_names_those_that_dominate_it)
{
	ck_assert_int_eq(deltam("--dominated", NULL, NULL, NULL), 0);
	ck_assert_str_eq(out(),
		"block,variant,label,lr,wd,temperature,weights,dominators,dominated_"
		"by\n"
		"synthetic mlp,,ew,0.003,0,,,1,uw_so\n"
		"synthetic mlp,,uw_so,0.003,0,10,,0,\n"
		"synthetic mlp,,scalarization,0.003,0,,0.3 0.7,0,\n");
}
END_TEST

START_TEST(one_criterion_has_one_best)
{
	ck_assert_int_eq(deltam("--dominated", "--criteria", "reg1/abs_err", NULL), 0);
	ck_assert_str_eq(out(),
		"block,variant,label,lr,wd,temperature,weights,dominators,dominated_"
		"by\n"
		"synthetic mlp,,ew,0.003,0,,,1,uw_so\n"
		"synthetic mlp,,uw_so,0.003,0,10,,0,\n"
		"synthetic mlp,,scalarization,0.003,0,,0.3 0.7,2,\"ew, uw_so\"\n");
	ck_assert_int_eq(deltam("--dominated", "--criteria", "reg9/abs_err", NULL), 2);
	ck_assert_int_eq(deltam("--dominated", "--counts", "final", NULL), 2);
}
END_TEST

Suite *suite_pareto(void);
Suite *suite_pareto(void)
{
	Suite *s = suite_create("pareto");
	TCase *c = tcase_create("golden");

	tcase_add_test(c, view_and_code_agree_on_every_golden_case);
	suite_add_tcase(s, c);
	c = tcase_create("command");
	tcase_add_checked_fixture(c, small, leave);
	tcase_add_test(c, final_runs_are_counted_by_method);
	tcase_add_test(c, counts_over_all_runs_want_an_unpruned_sweep);
	tcase_add_test(c, runs_are_counted_seed_by_seed_and_only_valid_ones);
	tcase_add_test(c, networks_of_one_name_and_other_settings_share_no_front);
	tcase_add_test(c, data_sets_without_a_digest_are_told_apart_by_their_settings);
	tcase_add_test(c, each_final_run_names_those_that_dominate_it);
	tcase_add_test(c, one_criterion_has_one_best);
	suite_add_tcase(s, c);
	return s;
}
