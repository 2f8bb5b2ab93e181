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

	prune_decide(&p, n, window, NULL, delta_m, out);
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

	prune_decide(&p, 6, 1, lr, delta_m, out);
	for (int i = 0; i < 6; i++) {
		ck_assert_int_eq(out[i].stop, i != 1 && i != 4);
		ck_assert_double_eq(out[i].bound, lr[i] ? 1 : 7);
		ck_assert_int_eq(out[i].mark, 1);
	}
	p.within_lr = false;
	prune_decide(&p, 6, 1, lr, delta_m, out);
	for (int i = 0; i < 6; i++)
		ck_assert_int_eq(out[i].stop, i != 1);
}
END_TEST

/* Four curves over eight epochs: number k is at 10 k, but the last one falls at the end. */
static void falling_late(double *delta_m)
{
	for (int i = 0; i < 32; i++)
		delta_m[i] = i / 8 * 10;
	for (int i = 28; i < 32; i++)
		delta_m[i] = -5;
}

START_TEST(a_replay_pauses_where_the_scheduler_would)
{
	static const int rungs[] = { 2, 4, 6 };
	static const int ended[] = { 8, 8, 8, 8 };
	static const int lr[4];
	struct prune_plan p = { .rule = PRUNE_HALVING,
		.eta = 2,
		.epochs = 8,
		.window = 3,
		.rungs = rungs,
		.nrungs = 3 };
	double delta_m[32];
	int trained[4];
	bool stopped[4];

	falling_late(delta_m);
	prune_replay(&p, 4, lr, delta_m, ended, trained, stopped);
	ck_assert_int_eq(trained[0], 8);
	ck_assert_int_eq(trained[1], 4);
	ck_assert_int_eq(trained[2], 2);
	ck_assert_int_eq(trained[3], 2);
	ck_assert(!stopped[0] && stopped[1] && stopped[2] && stopped[3]);
	p.rule = PRUNE_NONE;
	p.nrungs = 0;
	prune_replay(&p, 4, lr, delta_m, ended, trained, stopped);
	for (int i = 0; i < 4; i++)
		ck_assert(trained[i] == 8 && !stopped[i]);
}
END_TEST

START_TEST(a_replay_knows_nothing_behind_the_rung)
{
	static const int rungs[] = { 4 };
	static const int ended[] = { 8, 8, 8, 8 };
	static const int lr[4];
	struct prune_plan p = { .rule = PRUNE_RUNGS,
		.keep = 2,
		.epochs = 8,
		.window = 3,
		.rungs = rungs,
		.nrungs = 1 };
	double delta_m[32];
	int trained[4];
	bool stopped[4];

	falling_late(delta_m);
	prune_replay(&p, 4, lr, delta_m, ended, trained, stopped);
	ck_assert(trained[2] == 4 && stopped[2]);
	ck_assert(trained[3] == 4 && stopped[3]);
	ck_assert(trained[1] == 8 && !stopped[1]);
}
END_TEST

START_TEST(what_diverged_before_a_rung_is_last_and_costs_what_it_trained)
{
	static const int rungs[] = { 4 };
	static const int ended[] = { 8, 3, 8, 5 };
	static const int lr[4];
	struct prune_plan p = { .rule = PRUNE_RUNGS,
		.keep = 1,
		.epochs = 8,
		.window = 2,
		.rungs = rungs,
		.nrungs = 1 };
	double delta_m[32];
	int trained[4];
	bool stopped[4];

	falling_late(delta_m);
	prune_replay(&p, 4, lr, delta_m, ended, trained, stopped);
	ck_assert_int_eq(trained[1], 3);
	ck_assert(!stopped[1]); /* there was nothing left to stop */
	ck_assert(trained[2] == 4 && stopped[2]);
	ck_assert(trained[3] == 4 && stopped[3]);
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
	tcase_add_test(c, a_replay_pauses_where_the_scheduler_would);
	tcase_add_test(c, a_replay_knows_nothing_behind_the_rung);
	tcase_add_test(
		c, what_diverged_before_a_rung_is_last_and_costs_what_it_trained);
	suite_add_tcase(s, c);
	return s;
}
