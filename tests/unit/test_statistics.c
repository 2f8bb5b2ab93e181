/*
 * Distributions against SciPy 1.10 (scipy.stats: t, f, chi2, nct, studentized_range), tests
 * against tables and enumeration, intervals and power against simulation under a fixed seed.
 */
#include <check.h>
#include <math.h>
#include <string.h>
#include "common/rng.h"
#include "orchestrator/stats/stats_distribution.h"
#include "orchestrator/stats/stats_interval.h"
#include "orchestrator/stats/stats_paired.h"
#include "orchestrator/stats/stats_ranks.h"

static struct arena arena;

static void release(void)
{
	arena_release(&arena);
}

/* Normal draw i of experiment k. */
static double noise(int k, int i)
{
	return rng_normal(7, RNG_DATA, (uint64_t)k, (uint64_t)i);
}

static void assert_close(double seen, double expected)
{
	ck_assert_msg(fabs(seen - expected) <= 1e-11 + 1e-9 * fabs(expected),
		"%.17g is not %.17g", seen, expected);
}

START_TEST(tails_of_t_f_and_chi_squared_are_those_of_scipy)
{
	static const double t[][3] = { { 0.1, 1, 0.93654896513889285 },
		{ 2.5, 1, 0.24223788318168671 }, { 12.7, 1, 0.050024327689344152 },
		{ -3.3, 4, 0.029933420084126069 }, { 1e-09, 3, 0.9999999992648948 },
		{ 2.0, 2.37, 0.16322573746638908 }, { 5.5, 9, 0.00038018598868167478 },
		{ 40, 4, 2.3340163226012694e-06 }, { 1.96, 1000, 0.050273184955748708 },
		{ 0, 5, 1 } };
	static const double f[][4] = { { 0.5, 3, 9, 0.69151618615567312 },
		{ 3.2, 4, 16, 0.041339127523531666 },
		{ 9.28, 3, 39, 9.2728047319875866e-05 },
		{ 250, 2, 8, 6.1504246016738044e-08 }, { 1, 1, 1, 0.5 } };
	static const double chi2[][3] = { { 0.5, 1, 0.47950012218695337 },
		{ 3.84, 1, 0.050043521248705189 }, { 9.28, 3, 0.025790724198756772 },
		{ 5, 2, 0.0820849986238988 }, { 30.2, 9, 0.00040563111935916187 },
		{ 100, 10, 5.4497019829205215e-17 }, { 0, 3, 1 } };

	for (int i = 0; i < COUNT(t); i++)
		assert_close(stats_t_two_sided(t[i][0], t[i][1]), t[i][2]);
	for (int i = 0; i < COUNT(f); i++)
		assert_close(stats_f_above(f[i][0], f[i][1], f[i][2]), f[i][3]);
	for (int i = 0; i < COUNT(chi2); i++)
		assert_close(stats_chi2_above(chi2[i][0], (int)chi2[i][1]), chi2[i][2]);
	ck_assert_double_eq(stats_t_two_sided(INFINITY, 3), 0);
	ck_assert_double_eq(stats_f_above(INFINITY, 3, 3), 0);
}
END_TEST

START_TEST(noncentral_t_and_studentized_range_are_those_of_scipy)
{
	static const double nct[][4] = { { 12.706, 1, 1.2, 0.078531373175000793 },
		{ 12.706, 1, -1.2, 0.0035194512374341659 },
		{ 2.776, 4, 2.5, 0.47735038927669876 },
		{ 2.776, 4, 0, 0.025011389159988209 },
		{ 2.776, 4, -2.5, 2.7197004837722112e-05 },
		{ 2.0096, 49, 2.8, 0.7837010506166362 },
		{ 1.984, 99, 10, 0.999999999999999 },
		{ 1.962, 999, 3, 0.8502467343174257 },
		{ 1.96, 99999, 2, 0.51595523698337997 },
		{ 4.3027, 2, 8, 0.95804804959799439 } };
	static const double range[][2] = { { 2, 2.771807648699355 },
		{ 3, 3.3144931553981221 }, { 5, 3.8576555103786232 },
		{ 8, 4.2863094093490428 }, { 10, 4.4741242217259067 },
		{ 20, 5.0116887941184425 } };

	for (int i = 0; i < COUNT(nct); i++)
		assert_close(stats_noncentral_t_above(nct[i][0], nct[i][1], nct[i][2]),
			nct[i][3]);
	for (int i = 0; i < COUNT(range); i++)
		assert_close(stats_range_quantile(0.95, (int)range[i][0]), range[i][1]);
}
END_TEST

/* The share of all sign patterns whose sum of positive ranks is as far from its middle. */
static double enumerated(int n, const double *d)
{
	double size[16];
	double rank[16];
	double middle = 0;
	double observed = 0;
	int extreme = 0;

	for (int i = 0; i < n; i++)
		size[i] = fabs(d[i]);
	stats_midranks(n, size, rank);
	for (int i = 0; i < n; i++) {
		middle += rank[i] / 2;
		observed += d[i] > 0 ? rank[i] : 0;
	}
	for (int pattern = 0; pattern < 1 << n; pattern++) {
		double sum = 0;

		for (int i = 0; i < n; i++)
			sum += pattern >> i & 1 ? rank[i] : 0;
		extreme += fabs(sum - middle) >= fabs(observed - middle) - 1e-9;
	}
	return extreme / ldexp(1, n);
}

START_TEST(wilcoxon_is_exact_with_ties_and_without_and_drops_zeros)
{
	const double same[] = { 0.3, 0.1, 0.2, 0.5, 0.4 };
	/* W = 3 of n = 8: 0.0391 in every table. */
	const double eight[] = { -3, 1, 2, 4, 5, 6, 7, 8 };
	const double zeros[] = { 0, 0.3, 0, 0.1, 0.2, 0.5, 0.4, 0 };
	const double ties[] = { 1, 1, -1, 2, 2, -2, 3, 1, 2, 5 };
	const double none[] = { 0, 0 };
	/* The first two differ in the last bit, and tie. */
	const double rounded[] = { 0.4 - 0.2, 0.1 - 0.3, 0.5, 1 };

	ck_assert_double_eq(stats_wilcoxon(5, same).p, 0.0625);
	ck_assert_double_eq(stats_wilcoxon(5, same).smallest_p, 0.0625);
	ck_assert_double_eq(stats_wilcoxon(8, eight).p, 10 / 256.0);
	ck_assert_double_eq(stats_wilcoxon(8, zeros).p, 0.0625);
	ck_assert_double_eq(stats_wilcoxon(8, zeros).smallest_p, 0.0625);
	ck_assert_double_eq(stats_wilcoxon(10, ties).p, enumerated(10, ties));
	ck_assert_double_eq(stats_wilcoxon(4, rounded).p, 6 / 16.0);
	ck_assert_double_eq(stats_wilcoxon(2, none).p, 1);
	ck_assert_double_eq(stats_wilcoxon(0, none).p, 1);
}
END_TEST

START_TEST(wilcoxon_of_many_pairs_is_normal_and_meets_the_exact_one)
{
	double d[STATS_RANKS_EXACT + 1];
	double exact;

	for (int i = 0; i <= STATS_RANKS_EXACT; i++)
		d[i] = noise(0, i) + 0.2;
	exact = stats_wilcoxon(STATS_RANKS_EXACT, d).p;
	ck_assert_double_gt(exact, 1e-4);
	ck_assert_double_eq_tol(
		stats_wilcoxon(STATS_RANKS_EXACT + 1, d).p, exact, 0.1 * exact);
	ck_assert_double_eq(stats_wilcoxon(STATS_RANKS_EXACT + 1, d).smallest_p, 0);
}
END_TEST

START_TEST(tests_under_the_null_reject_no_more_often_than_they_say)
{
	int rejected[3] = { 0 };
	const int experiments = 2000;

	for (int k = 0; k < experiments; k++) {
		double d[8];

		for (int i = 0; i < 8; i++)
			d[i] = noise(k, i);
		rejected[0] += stats_paired_t(8, d).p <= 0.05;
		rejected[1] += stats_sign_flip(8, d).p <= 0.05;
		rejected[2] += stats_wilcoxon(8, d).p <= 0.05;
	}
	for (int i = 0; i < 3;
		i++) { /* 5 % with four standard errors; exact ones less */
		ck_assert_int_le(rejected[i], (int)(experiments * 0.0695));
		ck_assert_int_ge(rejected[i], (int)(experiments * 0.02));
	}
}
END_TEST

START_TEST(paired_t_knows_its_degenerate_cases)
{
	const double equal[] = { 0.5, 0.5, 0.5 };
	const double zero[] = { 0, 0, 0 };
	const double x[] = { 0.3, 0.1, 0.2, 0.5, 0.4 };

	ck_assert_double_eq(stats_paired_t(3, equal).p, 0);
	ck_assert_double_eq(stats_paired_t(3, zero).p, 1);
	ck_assert(isnan(stats_paired_t(1, equal).p));
	assert_close(stats_paired_t(5, x).p,
		stats_t_two_sided(0.3 / (sqrt(0.025) / sqrt(5)), 4));
}
END_TEST

START_TEST(holm_steps_down_keeps_order_and_skips_what_is_no_test)
{
	double p[] = { 0.01, 0.04, 0.03, (double)NAN, 0.005 };
	double equal[] = { 0.5, 0.5, 0.02, 0.02 };

	stats_holm(5, p);
	assert_close(p[0], 0.03);
	assert_close(p[1], 0.06);
	assert_close(p[2], 0.06);
	ck_assert(isnan(p[3]));
	assert_close(p[4], 0.02);
	stats_holm(4, equal);
	assert_close(equal[0], 1);
	assert_close(equal[2], 0.08);
	assert_close(equal[3], 0.08);
}
END_TEST

START_TEST(letters_are_shared_exactly_by_what_cannot_be_told_apart)
{
	const char *letter[9];
	bool differ[81];
	double cost[9];

	for (int k = 0; k < 300; k++) {
		for (int i = 0; i < 9; i++) {
			cost[i] = i == k % 9 ? (double)NAN : noise(k, i);
			for (int j = 0; j < i; j++)
				differ[i * 9 + j] = differ[j * 9 + i] =
					noise(k, 100 + i * 9 + j) > (k % 5) - 2;
		}
		ck_assert(stats_letters(9, differ, cost, &arena, letter));
		for (int i = 0; i < 9; i++)
			for (int j = 0; j < i; j++)
				if (i != k % 9 && j != k % 9)
					ck_assert_int_eq(
						strpbrk(letter[i], letter[j]) == NULL,
						differ[i * 9 + j]);
		ck_assert_str_eq(letter[k % 9], "");
	}
}
END_TEST

START_TEST(letters_begin_with_the_best)
{
	/* In the order of the list: worst, best, in between; only the ends differ. */
	const bool differ[] = { false, true, false, true, false, false, false, false,
		false };
	const double cost[] = { 3, 1, 2 };
	const char *letter[3];
	bool all[60 * 60];
	double many[60];
	const char *none[60];

	ck_assert(stats_letters(3, differ, cost, &arena, letter));
	ck_assert_str_eq(letter[0], "b");
	ck_assert_str_eq(letter[1], "a");
	ck_assert_str_eq(letter[2], "ab");
	for (int i = 0; i < 60 * 60; i++) {
		all[i] = i / 60 != i % 60;
		many[i % 60] = i % 60;
	}
	ck_assert(!stats_letters(60, all, many, &arena, none));
	ck_assert_str_eq(none[0], "");
}
END_TEST

START_TEST(power_gives_the_seeds_of_the_tables)
{
	/* Two-sided, 0.05, power 0.8 (Cohen 1988; G*Power). */
	ck_assert_int_eq(stats_seeds_needed(0.2, 0.8, 0.05, 10000), 199);
	ck_assert_int_eq(stats_seeds_needed(0.5, 0.8, 0.05, 10000), 34);
	ck_assert_int_eq(stats_seeds_needed(-0.8, 0.8, 0.05, 10000), 15);
	ck_assert_int_eq(stats_seeds_needed(1, 0.8, 0.05, 10000), 10);
	ck_assert_int_eq(stats_seeds_needed(50, 0.8, 0.05, 10000), 2);
	ck_assert_int_eq(stats_seeds_needed(0.001, 0.8, 0.05, 10000), 0);
	ck_assert_int_eq(stats_seeds_needed(0, 0.8, 0.05, 10000), 0);
	ck_assert_double_ge(stats_power(10, 1, 0.05), 0.8);
	ck_assert_double_lt(stats_power(9, 1, 0.05), 0.8);
	assert_close(stats_power(7, 0, 0.05), 0.05);
}
END_TEST

START_TEST(power_is_how_often_the_test_sees_the_difference)
{
	const int experiments = 4000;
	int seen = 0;

	for (int k = 0; k < experiments; k++) {
		double d[6];

		for (int i = 0; i < 6; i++)
			d[i] = noise(k, i) + 1;
		seen += stats_paired_t(6, d).p < 0.05;
	}
	ck_assert_double_eq_tol(
		(double)seen / experiments, stats_power(6, 1, 0.05), 0.03);
}
END_TEST

static const struct stats_criterion two[] = { { "a/higher", true, 0 },
	{ "b/lower", false, 1 } };

/* A method of n seeds that is 4 % worse than a baseline of m, in both criteria. */
static struct stats_seeds drawn(
	int k, int n, int m, double *value, double *base, double *against)
{
	for (int i = 0; i < 2 * n; i++)
		value[i] = i % 2 ? 2 * (1.04 + 0.01 * noise(k, i))
				 : 50 * (0.96 + 0.01 * noise(k, i));
	against[0] = against[1] = 0;
	for (int i = 0; i < 2 * m; i++) {
		base[i] = (i % 2 ? 2 : 50) * (1 + 0.02 * noise(k, 1000 + i));
		against[i % 2] += base[i] / m;
	}
	return (struct stats_seeds){ n, m, 2, two, value, base, against,
		STATS_CRITERIA };
}

START_TEST(t_intervals_hold_the_truth_as_often_as_they_say_only_with_the_baseline)
{
	const int experiments = 2000;
	int held = 0;
	int without = 0;

	for (int k = 0; k < experiments; k++) {
		double value[10];
		double base[6];
		double against[2];
		struct stats_seeds s = drawn(k, 5, 3, value, base, against);
		struct stats_interval x = stats_delta_m_t(&s, 0.95);

		held += x.low <= 4 && 4 <= x.high;
		s.m = 0;
		x = stats_delta_m_t(&s, 0.95);
		without += x.low <= 4 && 4 <= x.high;
	}
	ck_assert_double_ge((double)held / experiments, 0.94);
	ck_assert_double_le((double)held / experiments, 0.98);
	ck_assert_double_le((double)without / experiments, 0.8);
}
END_TEST

START_TEST(bootstrap_intervals_hold_the_truth_nearly_as_often)
{
	const int experiments = 40;
	int held = 0;
	int narrow = 0;

	for (int k = 0; k < experiments; k++) {
		double value[20];
		double base[20];
		double against[2];
		struct stats_seeds s = drawn(k, 10, 10, value, base, against);
		struct stats_interval x = stats_delta_m_bootstrap(&s, 0.9);
		struct stats_interval t = stats_delta_m_t(&s, 0.9);

		held += x.low <= 4 && 4 <= x.high;
		narrow += x.high - x.low < t.high - t.low;
	}
	/* 90 %, less what a percentile bootstrap of 10 lacks; narrower than t for that. */
	ck_assert_int_ge(held, 30);
	ck_assert_int_le(held, 39);
	ck_assert_int_ge(narrow, 38);
}
END_TEST

START_TEST(intervals_of_too_few_seeds_are_none_and_repeat_otherwise)
{
	double value[4];
	double base[4];
	double against[2];
	struct stats_seeds s = drawn(1, 2, 2, value, base, against);
	struct stats_interval a = stats_delta_m_bootstrap(&s, 0.95);
	struct stats_interval b = stats_delta_m_bootstrap(&s, 0.95);

	ck_assert_double_eq(a.low, b.low);
	ck_assert_double_eq(a.high, b.high);
	ck_assert_double_lt(a.low, a.high);
	s.n = 1;
	ck_assert(isnan(stats_delta_m_t(&s, 0.95).low));
	ck_assert(isnan(stats_delta_m_bootstrap(&s, 0.95).high));
	ck_assert(isnan(stats_mean_t(1, value, 0.95).low));
	ck_assert(isnan(stats_mean_bootstrap(1, value, 0.95).low));
}
END_TEST

START_TEST(quantiles_lie_between_order_statistics)
{
	const double x[] = { 1, 2, 4, 8 };

	ck_assert_double_eq(stats_quantile(4, x, 0), 1);
	ck_assert_double_eq(stats_quantile(4, x, 1), 8);
	ck_assert_double_eq(stats_quantile(4, x, 0.5), 3);
	ck_assert_double_eq(stats_quantile(1, x, 0.3), 1);
}
END_TEST

START_TEST(ranks_are_averaged_and_friedman_is_exact_where_that_is_cheap)
{
	/* Perfect agreement of 3 blocks on 3 methods: 1 of 36 arrangements. */
	const double agree[] = { 1, 2, 3, 10, 20, 30, 5, 6, 7 };
	const double ties[] = { 1, 1, 3, 2, 1, 1 };
	double block_rank[9];
	double rank[3];
	struct stats_friedman f;

	stats_mean_ranks(3, 3, agree, block_rank, rank);
	f = stats_friedman(3, 3, block_rank);
	ck_assert_double_eq_tol(rank[2], 3, 1e-15);
	assert_close(f.chi2, 6);
	ck_assert(f.exact);
	assert_close(f.p, 1 / 36.0); /* of 36 arrangements beside the first block */
	ck_assert(isinf(f.f) && f.f_p == 0);
	stats_mean_ranks(2, 3, ties, block_rank, rank);
	ck_assert_double_eq(rank[0], (1.5 + 3) / 2);
	ck_assert_double_eq(rank[1], 1.5);
}
END_TEST

START_TEST(friedman_and_the_critical_difference_are_those_of_the_books)
{
	/* scipy.stats.friedmanchisquare of these columns, with and without ties. */
	static const double cost[] = { 2.1, 3.2, 1.5, 4.4, 2.0, 2.6, 1.9, 2.2, 0.9, 2.2,
		1.4, 1.8, 3.3, 3.9, 2.9, 3.5, 1.2, 1.1, 1.6, 2.2, 2.5, 2.9, 2.1, 2.9 };
	double block_rank[24];
	double rank[4];
	struct stats_friedman f;

	stats_mean_ranks(6, 4, cost, block_rank, rank);
	f = stats_friedman(6, 4, block_rank);
	assert_close(f.chi2, 10.423728813559322);
	assert_close(f.p, 0.015287315670788013);
	ck_assert(!f.exact);
	assert_close(f.f, 5 * f.chi2 / (6 * 3 - f.chi2));
	/* Demsar 2006, section 3.2.2: 14 data sets, 4 methods: F(3, 39), CD 1.25. */
	ck_assert_double_eq_tol(stats_nemenyi_difference(14, 4, 0.05), 1.2536, 1e-4);
	ck_assert(isnan(stats_friedman(1, 4, block_rank).p));
}
END_TEST

START_TEST(improvement_is_the_share_of_pairs_averaged_over_blocks)
{
	const double low[] = { 1, 2 };
	const double high[] = { 2, 3 };
	const struct stats_block block[] = { { 2, 2, low, high }, { 1, 2, low, low } };
	const struct stats_block apart[] = { { 1, 2, low, high }, { 1, 1, low, high } };
	const struct stats_block empty[] = { { 0, 2, low, high } };
	struct stats_interval x = stats_improvement_bootstrap(2, block, 0.95);

	ck_assert_double_eq(stats_improvement(2, block), (3.5 / 4 + 1.5 / 2) / 2);
	ck_assert_double_le(x.low, stats_improvement(2, block));
	ck_assert_double_ge(x.high, stats_improvement(2, block));
	ck_assert_double_ge(x.low, 0.25);
	x = stats_improvement_bootstrap(2, apart, 0.95);
	ck_assert_double_eq(x.low, 1);
	ck_assert_double_eq(x.high, 1);
	ck_assert(isnan(stats_improvement(1, empty)));
	ck_assert(isnan(stats_improvement_bootstrap(1, empty, 0.95).low));
}
END_TEST

Suite *suite_statistics(void);

Suite *suite_statistics(void)
{
	Suite *s = suite_create("statistics");
	TCase *c = tcase_create("statistics");

	tcase_add_checked_fixture(c, NULL, release);
	tcase_add_test(c, tails_of_t_f_and_chi_squared_are_those_of_scipy);
	tcase_add_test(c, noncentral_t_and_studentized_range_are_those_of_scipy);
	tcase_add_test(c, wilcoxon_is_exact_with_ties_and_without_and_drops_zeros);
	tcase_add_test(c, wilcoxon_of_many_pairs_is_normal_and_meets_the_exact_one);
	tcase_add_test(c, tests_under_the_null_reject_no_more_often_than_they_say);
	tcase_add_test(c, paired_t_knows_its_degenerate_cases);
	tcase_add_test(c, holm_steps_down_keeps_order_and_skips_what_is_no_test);
	tcase_add_test(c, letters_are_shared_exactly_by_what_cannot_be_told_apart);
	tcase_add_test(c, letters_begin_with_the_best);
	tcase_add_test(c, power_gives_the_seeds_of_the_tables);
	tcase_add_test(c, power_is_how_often_the_test_sees_the_difference);
	tcase_add_test(c,
		t_intervals_hold_the_truth_as_often_as_they_say_only_with_the_baseline);
	tcase_add_test(c, bootstrap_intervals_hold_the_truth_nearly_as_often);
	tcase_add_test(c, intervals_of_too_few_seeds_are_none_and_repeat_otherwise);
	tcase_add_test(c, quantiles_lie_between_order_statistics);
	tcase_add_test(c, ranks_are_averaged_and_friedman_is_exact_where_that_is_cheap);
	tcase_add_test(c, friedman_and_the_critical_difference_are_those_of_the_books);
	tcase_add_test(c, improvement_is_the_share_of_pairs_averaged_over_blocks);
	suite_add_tcase(s, c);
	return s;
}
