/*
 * Grids, stages and jobs of a sweep, and how many there are.
 */
#include <check.h>
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

START_TEST(grid_of_2_by_3_by_4_makes_24_points)
{
	struct plan_grid g;

	parsed_sweep("{ \"name\": \"uw_so\", \"T\": [1, 2, 3, 4] }",
		"\"lr\": [0.1, 0.2], \"wd\": [0, 1e-5, 1e-4]");
	g = parsed_tune(0);
	ck_assert_int_eq(g.count, 24);
	ck_assert_str_eq(parsed_value(&g, 0, 0), "0.1");
	ck_assert_str_eq(parsed_value(&g, 1, 2), "2");
	ck_assert_str_eq(parsed_value(&g, 4, 1), "1e-05");
	ck_assert_str_eq(parsed_value(&g, 23, 0), "0.2");
	ck_assert_str_eq(parsed_value(&g, 23, 1), "0.0001");
	ck_assert_str_eq(parsed_value(&g, 23, 2), "4");
	ck_assert_int_eq(plan_wd(&parsed, &g, 0, &parsed_arena).count, 0);
	ck_assert_int_eq(plan_refine(&parsed, &g, 0, &parsed_arena).count, 0);
}
END_TEST

START_TEST(line_search_tries_wd_afterwards)
{
	struct plan_grid g, wd;

	parsed_sweep("\"ew\"",
		"\"kind\": \"line\", \"lr\": [0.1, 0.2], \"wd\": [0, 1e-5, 1e-4],"
		" \"fixed_wd\": 1e-5");
	g = parsed_tune(0);
	ck_assert_int_eq(g.count, 2);
	ck_assert_str_eq(parsed_value(&g, 1, 1), "1e-05");
	wd = plan_wd(&parsed, &g, 1, &parsed_arena);
	ck_assert_int_eq(wd.count, 3);
	ck_assert_str_eq(parsed_value(&wd, 0, 0), "0.2");
	ck_assert_str_eq(parsed_values(&wd.axes[1]), "0 | 1e-05 | 0.0001");
}
END_TEST

START_TEST(a_fixed_wd_beside_the_list_still_competes)
{
	struct plan_grid g, wd;

	parsed_sweep("\"ew\"",
		"\"kind\": \"line\", \"lr\": 0.1, \"wd\": [0, 1e-4],"
		" \"fixed_wd\": 1e-5");
	g = parsed_tune(0);
	wd = plan_wd(&parsed, &g, 0, &parsed_arena);
	ck_assert_str_eq(parsed_values(&wd.axes[1]), "1e-05 | 0 | 0.0001");
	parsed_sweep("\"ew\"", "\"kind\": \"line\", \"lr\": 0.1, \"wd\": 0");
	g = parsed_tune(0);
	ck_assert_int_eq(plan_wd(&parsed, &g, 0, &parsed_arena).count, 0);
}
END_TEST

START_TEST(seeds_and_stages_are_counted)
{
	struct plan_counts c;

	parsed_well(
		"{ \"sweep\": \"t\", \"dataset\": { \"name\": \"synthetic\" }, "
		"\"train\": { \"epochs\": 10 }, \"methods\": [\"ew\", { \"name\": "
		"\"uw_so\", \"T\": { \"from\": 5, \"to\": 30, \"step\": 5, \"fine\": 2 } "
		"}], \"search\": { \"kind\": \"line\", \"lr\": [1e-3, 2e-3], \"wd\": [0, "
		"1e-5, 1e-4], \"seeds\": 2 }, \"baseline\": { \"seeds\": 4 }, \"final\": "
		"{ \"seeds\": 5 } }");
	c = plan_count(&parsed, &parsed_arena);
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

	parsed_well(
		"{ \"sweep\": \"t\", \"dataset\": { \"name\": \"synthetic\" }, \"train\":"
		" { \"epochs\": 10 }, \"methods\": [\"ew\"], \"search\": { \"lr\": [1e-3,"
		" 2e-3] }, \"vary\": { \"batch\": [8, 16, 32], \"pin\": \"winner\" } }");
	c = plan_count(&parsed, &parsed_arena);
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

	parsed_sweep(
		"{ \"name\": \"uw_so\", \"T\": { \"from\": 1, \"to\": 5000, \"step\": 1 "
		"} }",
		"\"lr\": [0.1, 0.2]");
	c = plan_count(&parsed, &parsed_arena);
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

	tcase_add_checked_fixture(t, NULL, parsed_release);
	tcase_add_test(t, grid_of_2_by_3_by_4_makes_24_points);
	tcase_add_test(t, line_search_tries_wd_afterwards);
	tcase_add_test(t, a_fixed_wd_beside_the_list_still_competes);
	tcase_add_test(t, seeds_and_stages_are_counted);
	tcase_add_test(t, pinned_variants_train_final_seeds_alone);
	tcase_add_test(t, more_than_ten_thousand_jobs_want_a_yes_and_name_their_cause);
	suite_add_tcase(s, t);
	return s;
}
