/*
 * Finer grids around the best point, numbers and weights.
 */
#include <check.h>
#include <math.h>
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

START_TEST(refinement_runs_between_the_neighbours_and_outward_at_an_edge)
{
	struct plan_grid g, fine;

	parsed_sweep(
		"{ \"name\": \"uw_so\", \"T\": { \"from\": 5, \"to\": 25, \"step\": 5,"
		" \"fine\": 2 } }",
		"\"lr\": [0.1, 0.2]");
	g = parsed_tune(0);
	fine = plan_refine(&parsed, &g, 5 + 2, &parsed_arena); /* lr 0.2, T 15 */
	ck_assert_str_eq(parsed_value(&fine, 0, 0), "0.2");
	ck_assert_str_eq(parsed_values(&fine.axes[2]), "11 | 13 | 15 | 17 | 19");
	fine = plan_refine(
		&parsed, &g, 4, &parsed_arena); /* T 25: nothing tried above */
	ck_assert_str_eq(parsed_values(&fine.axes[2]), "21 | 23 | 25 | 27 | 29");
	fine = plan_refine(
		&parsed, &g, 0, &parsed_arena); /* T 5: 0 is no temperature */
	ck_assert_str_eq(parsed_values(&fine.axes[2]), "1 | 3 | 5 | 7 | 9");
}
END_TEST

START_TEST(outward_a_dividing_step_reaches_the_coarse_step)
{
	struct plan_grid g, fine;

	parsed_sweep(
		"{ \"name\": \"uw_so\", \"T\": { \"from\": 0.1, \"to\": 0.3, \"step\": "
		"0.1, \"fine\": 0.05 } }",
		"\"lr\": 0.1");
	g = parsed_tune(0);
	fine = plan_refine(&parsed, &g, 2, &parsed_arena);
	ck_assert_str_eq(parsed_values(&fine.axes[2]), "0.25 | 0.3 | 0.35 | 0.4");
	fine = plan_refine(
		&parsed, &g, 0, &parsed_arena); /* 0 lies below T's minimum */
	ck_assert_str_eq(parsed_values(&fine.axes[2]), "0.05 | 0.1 | 0.15");
	parsed_sweep(
		"{ \"name\": \"uw_so\", \"T\": { \"from\": 0.3, \"to\": 0.5, \"step\": "
		"0.1, \"fine\": 0.05 } }",
		"\"lr\": 0.1");
	g = parsed_tune(0);
	fine = plan_refine(&parsed, &g, 0, &parsed_arena);
	ck_assert_str_eq(parsed_values(&fine.axes[2]), "0.2 | 0.25 | 0.3 | 0.35");
}
END_TEST

START_TEST(logarithmic_refinement_puts_points_between_neighbours)
{
	struct plan_grid g, fine;

	parsed_sweep("{ \"name\": \"uw_so\", \"T\": { \"from\": 1, \"to\": 100, "
		     "\"per_decade\": 1,"
		     " \"fine\": 1 } }",
		"\"lr\": 0.1");
	g = parsed_tune(0);
	ck_assert_str_eq(parsed_values(&g.axes[2]), "1 | 10 | 100");
	fine = plan_refine(&parsed, &g, 1, &parsed_arena);
	ck_assert_str_eq(
		parsed_values(&fine.axes[2]), "3.16227766017 | 10 | 31.6227766017");
	fine = plan_refine(&parsed, &g, 2, &parsed_arena);
	ck_assert_str_eq(parsed_values(&fine.axes[2]),
		"31.6227766017 | 100 | 316.227766017 | 1000");
}
END_TEST

START_TEST(weights_are_refined_in_their_simplex)
{
	struct plan_grid g, fine;

	parsed_well(
		"{ \"sweep\": \"t\", \"dataset\": { \"name\": \"multi_fashion\" }, "
		"\"train\": { \"epochs\": 10 }, \"methods\": [{ \"name\": "
		"\"scalarization\", \"weights\": { \"step\": 0.1, \"fine\": 0.02 } }], "
		"\"search\": { \"lr\": 1e-3 } }");
	g = parsed_tune(0);
	ck_assert_int_eq(g.count, 9);
	fine = plan_refine(&parsed, &g, 4, &parsed_arena);
	ck_assert_str_eq(parsed_values(&fine.axes[2]),
		"0.42 0.58 | 0.44 0.56 | 0.46 0.54 | 0.48 0.52 | 0.5 0.5 | 0.52 0.48 | "
		"0.54 0.46 | 0.56 0.44 | 0.58 0.42");
	fine = plan_refine(
		&parsed, &g, 0, &parsed_arena); /* towards the face, not onto it */
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

Suite *suite_plan_refine(void);
Suite *suite_plan_refine(void)
{
	Suite *s = suite_create("plan_refine");
	TCase *t = tcase_create("plan_refine");

	tcase_add_checked_fixture(t, NULL, parsed_release);
	tcase_add_test(
		t, refinement_runs_between_the_neighbours_and_outward_at_an_edge);
	tcase_add_test(t, outward_a_dividing_step_reaches_the_coarse_step);
	tcase_add_test(t, logarithmic_refinement_puts_points_between_neighbours);
	tcase_add_test(t, weights_are_refined_in_their_simplex);
	tcase_add_test(t, neighbours_of_a_weighting_are_counted_as_they_are_walked);
	tcase_add_test(t, random_weightings_are_distinct_points_of_the_interior);
	suite_add_tcase(s, t);
	return s;
}
