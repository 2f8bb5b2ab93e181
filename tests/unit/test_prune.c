#include <check.h>
#include <math.h>
#include <string.h>
#include "orchestrator/plan/prune.h"

/* The stops of n configurations over a window, as "..x.": x stops. */
static const char *stops(
	enum prune_rule rule, int keep, int n, int window, const double *delta_m)
{
	static char text[16];
	struct prune_plan p = { .rule = rule, .keep = keep, .eta = 2 };
	struct prune_verdict out[16];

	prune_compare(&p, n, window, NULL, delta_m, out);
	for (int i = 0; i < n; i++)
		text[i] = out[i].stop ? 'x' : '.';
	text[n] = '\0';
	return text;
}

START_TEST(rungs_stop_who_is_behind_in_every_epoch)
{
	const double delta_m[] = { 1, 1, 2, 2, 3, 3, 9, 9 };

	ck_assert_str_eq(stops(PRUNE_RUNGS, 2, 4, 2, delta_m), "..xx");
	ck_assert_str_eq(stops(PRUNE_RUNGS, 1, 4, 2, delta_m), ".xxx");
	ck_assert_str_eq(stops(PRUNE_RUNGS, 4, 4, 2, delta_m), "....");
	ck_assert_str_eq(stops(PRUNE_RUNGS, 9, 4, 2, delta_m), "....");
}
END_TEST

START_TEST(one_good_epoch_keeps_a_configuration_alive)
{
	const double delta_m[] = { 1, 5, 2, 4, 3, 3 };

	ck_assert_str_eq(stops(PRUNE_RUNGS, 1, 3, 2, delta_m), ".x.");
}
END_TEST

START_TEST(ties_live)
{
	const double delta_m[] = { 1, 2, 2, 3 };

	ck_assert_str_eq(stops(PRUNE_RUNGS, 2, 4, 1, delta_m), "...x");
}
END_TEST

START_TEST(who_diverged_is_last)
{
	const double delta_m[] = { HUGE_VAL, HUGE_VAL, 7, 7, 8, 8 };

	ck_assert_str_eq(stops(PRUNE_RUNGS, 2, 3, 2, delta_m), "x..");
	ck_assert_str_eq(stops(PRUNE_HALVING, 0, 3, 2, delta_m), "x..");
}
END_TEST

START_TEST(halving_keeps_the_first_of_equals)
{
	const double delta_m[] = { 3, 2, 2, 2, 1 };

	ck_assert_str_eq(stops(PRUNE_HALVING, 0, 5, 1, delta_m), "x..x.");
}
END_TEST

START_TEST(median_stops_who_is_above_it)
{
	const double odd[] = { 1, 2, 3 };
	const double even[] = { 4, 1, 2, 3 };

	ck_assert_str_eq(stops(PRUNE_MEDIAN, 0, 3, 1, odd), "..x");
	ck_assert_str_eq(stops(PRUNE_MEDIAN, 0, 4, 1, even), "x..x");
}
END_TEST

START_TEST(without_a_rule_nobody_stops)
{
	const double delta_m[] = { 1, 100 };

	ck_assert_str_eq(stops(PRUNE_NONE, 1, 2, 1, delta_m), "..");
}
END_TEST

START_TEST(without_keep_the_better_half_goes_on_and_at_least_two)
{
	const double delta_m[] = { 1, 2, 3, 4, 5, 6, 7 };

	ck_assert_str_eq(stops(PRUNE_RUNGS, 0, 7, 1, delta_m), "....xxx");
	ck_assert_str_eq(stops(PRUNE_RUNGS, 0, 3, 1, delta_m), "..x");
	ck_assert_str_eq(stops(PRUNE_RUNGS, 0, 2, 1, delta_m), "..");
}
END_TEST

START_TEST(the_better_half_is_asked_for_in_every_epoch)
{
	const double delta_m[] = { 1, 1, 2, 4, 3, 2, 4, 3 };

	/* one and two lead first, one and three then */
	ck_assert_str_eq(stops(PRUNE_RUNGS, 0, 4, 2, delta_m), "...x");
}
END_TEST

START_TEST(within_lr_each_rate_has_its_own_mark)
{
	const double delta_m[] = { 9, 1, 8, 2, 7, 3 };
	const int lr[] = { 0, 1, 0, 1, 0, 1 };
	struct prune_plan p = { .rule = PRUNE_RUNGS, .keep = 1, .within_lr = true };
	struct prune_verdict out[6];

	prune_compare(&p, 6, 1, lr, delta_m, out);
	for (int i = 0; i < 6; i++) {
		ck_assert_int_eq(out[i].stop, i != 1 && i != 4);
		ck_assert_double_eq(out[i].bound, lr[i] ? 1 : 7);
		ck_assert_int_eq(out[i].mark, 1);
	}
	p.within_lr = false;
	prune_compare(&p, 6, 1, lr, delta_m, out);
	for (int i = 0; i < 6; i++)
		ck_assert_int_eq(out[i].stop, i != 1);
}
END_TEST

Suite *suite_prune(void);
Suite *suite_prune(void)
{
	Suite *s = suite_create("prune");
	TCase *c = tcase_create("prune");

	tcase_add_test(c, rungs_stop_who_is_behind_in_every_epoch);
	tcase_add_test(c, one_good_epoch_keeps_a_configuration_alive);
	tcase_add_test(c, ties_live);
	tcase_add_test(c, who_diverged_is_last);
	tcase_add_test(c, halving_keeps_the_first_of_equals);
	tcase_add_test(c, median_stops_who_is_above_it);
	tcase_add_test(c, without_a_rule_nobody_stops);
	tcase_add_test(c, without_keep_the_better_half_goes_on_and_at_least_two);
	tcase_add_test(c, the_better_half_is_asked_for_in_every_epoch);
	tcase_add_test(c, within_lr_each_rate_has_its_own_mark);
	suite_add_tcase(s, c);
	return s;
}
