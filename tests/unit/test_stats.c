#include <check.h>
#include <math.h>
#include <string.h>
#include "orchestrator/stats/stats.h"
#include "orchestrator/stats/stats_distribution.h"
#include "orchestrator/stats/stats_paired.h"
#include "orchestrator/stats/weight_grid.h"

static const struct stats_criterion criteria[] = {
	{ "seg/miou", true, 0 },
	{ "seg/pix_acc", true, 0 },
	{ "depth/abs_err", false, 1 },
};
static const double baseline[] = { 0.5, 0.8, 0.02 };

START_TEST(delta_m_is_the_mean_signed_change_in_percent_and_lower_is_better)
{
	const double better[] = { 0.55, 0.8, 0.01 }; /* +10 %, 0, -50 % */
	double delta;
	struct err e;

	ck_assert_int_eq(stats_delta_m(3, criteria, better, baseline, STATS_CRITERIA,
				 &delta, &e),
		OK);
	ck_assert_double_eq_tol(delta, -20, 1e-12);
	ck_assert_int_eq(stats_delta_m(3, criteria, baseline, baseline, STATS_CRITERIA,
				 &delta, &e),
		OK);
	ck_assert_double_eq(delta, 0);
}
END_TEST

START_TEST(delta_m_by_tasks_averages_inside_a_task_first)
{
	const double value[] = { 0.55, 0.8, 0.01 };
	double delta;
	struct err e;

	ck_assert_int_eq(
		stats_delta_m(3, criteria, value, baseline, STATS_TASKS, &delta, &e),
		OK);
	ck_assert_double_eq_tol(delta, (-5 + -50) / 2.0, 1e-12);
}
END_TEST

START_TEST(delta_m_against_a_zero_or_missing_baseline_is_an_error_with_its_name)
{
	const double value[] = { 0.5, 0.8, 0.02 };
	double base[] = { 0.5, 0, 0.02 };
	double delta;
	struct err e;

	ck_assert_int_eq(
		stats_delta_m(3, criteria, value, base, STATS_CRITERIA, &delta, &e),
		ERR_FAILED);
	ck_assert_ptr_nonnull(strstr(e.msg, "seg/pix_acc"));
	base[1] = (double)NAN;
	ck_assert_int_eq(
		stats_delta_m(3, criteria, value, base, STATS_CRITERIA, &delta, &e),
		ERR_FAILED);
	ck_assert_int_eq(
		stats_delta_m(3, criteria, base, value, STATS_CRITERIA, &delta, &e),
		ERR_FAILED);
	ck_assert_ptr_nonnull(strstr(e.msg, "seg/pix_acc"));
	ck_assert_int_eq(stats_delta_m(0, NULL, NULL, NULL, STATS_CRITERIA, &delta, &e),
		ERR_FAILED);
}
END_TEST

START_TEST(standard_deviation_divides_by_n_minus_1_and_needs_two_values)
{
	const double x[] = { 2, 4, 4, 4, 5, 5, 7, 9 };

	ck_assert_double_eq(stats_mean(8, x), 5);
	ck_assert_double_eq_tol(stats_std(8, x), sqrt(32 / 7.0), 1e-15);
	ck_assert(isnan(stats_std(1, x)));
	ck_assert(isnan(stats_mean(0, x)));
	ck_assert(isnan(stats_t_half_width(1, x, 0.95)));
}
END_TEST

/* Values of the t table to ten digits. */
START_TEST(t_quantiles_agree_with_the_table)
{
	static const struct {
		double p, df, t;
	} table[] = {
		{ 0.975, 1, 12.7062047362 },
		{ 0.975, 2, 4.3026527297 },
		{ 0.975, 4, 2.7764451052 },
		{ 0.995, 9, 3.2498355416 },
		{ 0.95, 30, 1.6972608866 },
		{ 0.975, 1e7, 1.9599642 },
		{ 0.75, 1, 1 },
		{ 0.5, 3, 0 },
	};

	for (int i = 0; i < COUNT(table); i++) {
		double t = stats_t_quantile(table[i].p, table[i].df);

		ck_assert_double_eq_tol(t, table[i].t, 1e-7);
		ck_assert_double_eq(
			stats_t_quantile(1 - table[i].p, table[i].df) + 0, -t);
	}
}
END_TEST

START_TEST(t_interval_of_five_seeds_is_the_textbook_one)
{
	const double x[] = { 1, 2, 3, 4, 5 };
	const double y[] = { 11, 12, 13, 14, 15 };

	ck_assert_double_eq_tol(stats_t_half_width(5, x, 0.95),
		2.7764451052 * sqrt(2.5) / sqrt(5), 1e-9);
	/* Equal variances and sizes: Welch has 2(n-1) degrees of freedom. */
	ck_assert_double_eq_tol(stats_welch_half_width(5, x, 5, y, 0.95),
		stats_t_quantile(0.975, 8) * sqrt(2 * 2.5 / 5), 1e-12);
	ck_assert(isnan(stats_welch_half_width(5, x, 1, y, 0.95)));
}
END_TEST

START_TEST(sign_flip_test_counts_patterns_at_least_as_extreme)
{
	const double same_sign[] = { 0.3, 0.1, 0.2, 0.5, 0.4 };
	const double mixed[] = { 3, -1, 2 }; /* |sum| 4: {3,-1,2} {3,1,2} and mirrors */
	const double none[] = { 0, 0, 0 };
	struct stats_test t = stats_sign_flip(5, same_sign);

	ck_assert_double_eq(t.p, 2 / 32.0);
	ck_assert_double_eq(t.smallest_p, 2 / 32.0);
	ck_assert_double_eq(stats_sign_flip(3, mixed).p, 4 / 8.0);
	ck_assert_double_eq(stats_sign_flip(3, none).p, 1);
	ck_assert_double_eq(stats_sign_flip(0, none).p, 1);
}
END_TEST

START_TEST(sign_flip_test_of_many_seeds_samples_patterns_and_repeats_exactly)
{
	double far[30];
	double noise[30];
	struct stats_test t;

	for (int i = 0; i < 30; i++) {
		far[i] = 1 + 0.01 * i;
		noise[i] = i % 2 ? 1 + 0.01 * i : -1 - 0.01 * i;
	}
	t = stats_sign_flip(30, far);
	ck_assert_double_le(t.p, 1e-4);
	ck_assert_double_ge(t.p, t.smallest_p);
	ck_assert_double_ge(stats_sign_flip(30, noise).p, 0.5);
	ck_assert_double_eq(stats_sign_flip(30, far).p, t.p);
}
END_TEST

START_TEST(equal_points_stay_on_the_front_and_nan_rows_do_nothing)
{
	const double nan = (double)NAN;
	const double points[] = { 1, 2, 1, 2, 0, nan, 2, 1, 2, 3 };
	const bool lower[] = { false, false };
	bool keep[5];
	int by[5];

	stats_undominated(2, lower, 5, points, 5, points, keep);
	ck_assert(keep[0] && keep[1] && !keep[2] && keep[3] && !keep[4]);
	ck_assert_int_eq(stats_dominators(2, lower, 5, points, 4, by), 3);
	ck_assert_int_eq(by[0], 0);
	ck_assert_int_eq(by[1], 1);
	ck_assert_int_eq(by[2], 3);
	ck_assert_int_eq(stats_dominators(2, lower, 5, points, 0, by), 0);
}
END_TEST

START_TEST(hypervolume_in_two_dimensions_is_the_area_of_the_staircase)
{
	const double points[] = { 1, 3, 2, 2, 3, 1, 3, 3, 9, 0 };
	const double reference[] = { 4, 4 };
	const bool lower[] = { false, false };
	const bool mixed[] = { true, false };
	const double flipped[] = { -1, 3, -2, 2, -3, 1 };
	const double zero[] = { -4, 4 };

	/* 3x1 + 2x2 - 2x1 + 1x3 - 1x2, the dominated and the outside point nothing. */
	ck_assert_double_eq(stats_hypervolume(2, lower, 5, points, reference), 6);
	ck_assert_double_eq(stats_hypervolume(2, mixed, 3, flipped, zero), 6);
	ck_assert_double_eq(stats_hypervolume(2, lower, 0, points, reference), 0);
}
END_TEST

/* Counts the unit cubes under integer points: exact, and nothing like the slices. */
static int count_cubes(int n, const double *points, int side)
{
	int count = 0;

	for (int cell = 0; cell < side * side * side * side; cell++) {
		int at[4] = { cell % side, cell / side % side,
			cell / side / side % side, cell / side / side / side };
		bool covered = false;

		for (int i = 0; i < n; i++) {
			bool under = true;

			for (int k = 0; k < 4; k++)
				under &= points[i * 4 + k] > at[k];
			covered |= under;
		}
		count += covered;
	}
	return count;
}

START_TEST(hypervolume_in_four_dimensions_equals_counted_cubes)
{
	const bool higher[] = { true, true, true, true };
	const double origin[] = { 0, 0, 0, 0 };
	double points[12 * 4];
	unsigned state = 1;

	for (int i = 0; i < 12 * 4; i++) {
		state = state * 1664525u + 1013904223u;
		points[i] = state >> 16 & 7;
	}
	ck_assert_double_eq(stats_hypervolume(4, higher, 12, points, origin),
		count_cubes(12, points, 8));
}
END_TEST

START_TEST(simplex_counts_equal_the_points_enumerated)
{
	for (int K = 1; K <= 5; K++)
		for (int m = 1; m <= 8; m++)
			for (int low = 0; low <= 1; low++) {
				int steps[5];
				int64_t n = 0;
				bool more = weight_grid_first(K, m, low, steps);

				for (; more; more = weight_grid_next(K, low, steps)) {
					int sum = 0;

					for (int k = 0; k < K; k++) {
						ck_assert_int_ge(steps[k], low);
						sum += steps[k];
					}
					ck_assert_int_eq(sum, m);
					n++;
				}
				ck_assert_int_eq(n, weight_grid_count(K, m, low));
			}
}
END_TEST

START_TEST(simplex_counts_beyond_64_bits_saturate)
{
	ck_assert_int_eq(weight_grid_count(40, 1000000, 0), INT64_MAX);
	ck_assert_int_eq(weight_grid_count(40, 10, 1), 0);
	ck_assert_int_eq(weight_grid_count(40, 40, 1), 1);
	ck_assert_int_eq(weight_grid_count(3, 1000, 0), 501501);
	ck_assert_int_eq(weight_grid_count(2, 2000000000, 0), 2000000001);
}
END_TEST

START_TEST(a_step_must_divide_one_into_whole_steps)
{
	struct err e;
	int m;

	ck_assert_int_eq(weight_grid_steps(0.1, &m, &e), OK);
	ck_assert_int_eq(m, 10);
	ck_assert_int_eq(weight_grid_steps(1 / 3.0, &m, &e), OK);
	ck_assert_int_eq(m, 3);
	ck_assert_int_eq(weight_grid_steps(0.3, &m, &e), ERR_SPEC);
	ck_assert_ptr_nonnull(strstr(e.msg, "0.3"));
	ck_assert_int_eq(weight_grid_steps(0, &m, &e), ERR_SPEC);
	ck_assert_int_eq(weight_grid_steps(-0.1, &m, &e), ERR_SPEC);
	ck_assert_int_eq(weight_grid_steps(1e-12, &m, &e), ERR_SPEC);
	ck_assert_int_eq(weight_grid_steps((double)NAN, &m, &e), ERR_SPEC);
}
END_TEST

Suite *suite_stats(void);
Suite *suite_stats(void)
{
	Suite *s = suite_create("stats");
	TCase *c = tcase_create("all");

	tcase_add_test(
		c, delta_m_is_the_mean_signed_change_in_percent_and_lower_is_better);
	tcase_add_test(c, delta_m_by_tasks_averages_inside_a_task_first);
	tcase_add_test(c,
		delta_m_against_a_zero_or_missing_baseline_is_an_error_with_its_name);
	tcase_add_test(c, standard_deviation_divides_by_n_minus_1_and_needs_two_values);
	tcase_add_test(c, t_quantiles_agree_with_the_table);
	tcase_add_test(c, t_interval_of_five_seeds_is_the_textbook_one);
	tcase_add_test(c, sign_flip_test_counts_patterns_at_least_as_extreme);
	tcase_add_test(
		c, sign_flip_test_of_many_seeds_samples_patterns_and_repeats_exactly);
	tcase_add_test(c, equal_points_stay_on_the_front_and_nan_rows_do_nothing);
	tcase_add_test(c, hypervolume_in_two_dimensions_is_the_area_of_the_staircase);
	tcase_add_test(c, hypervolume_in_four_dimensions_equals_counted_cubes);
	tcase_add_test(c, simplex_counts_equal_the_points_enumerated);
	tcase_add_test(c, simplex_counts_beyond_64_bits_saturate);
	tcase_add_test(c, a_step_must_divide_one_into_whole_steps);
	suite_add_tcase(s, c);
	return s;
}
