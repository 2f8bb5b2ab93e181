/*
 * Uncertainty weighting and its kin: UW, UW-O, UW-SO, and what multiplies their weights.
 */
#include <check.h>
#include <math.h>
#include "tests/lib/game.h"
#include "common/rng.h"
#include "trainer-core/weighting/shared/inverse.h"
#include "trainer-core/weighting/shared/learned.h"

/* Twice the scalars, one sum: at rest 1/(2 loss), as in UW. */
START_TEST(task_and_objective_together_come_to_rest_where_uw_does)
{
	struct game g;

	game_optim.lr = 0.05;
	START(&g, 2, "miraliev");
	for (int s = 0; s < 3000; s++)
		WEIGH(&g, s, 0.25, 8);
	ck_assert_double_eq_tol(g.weight[0], 2, 1e-6);
	ck_assert_double_eq_tol(g.weight[1], 0.0625, 1e-6);
	ck_assert_double_eq_tol(g.state[1], g.state[3], 1e-12);
}
END_TEST

START_TEST(slow_rates_of_change_multiply_uncertainty_weights)
{
	const double falling[] = { 1, 4 };
	struct game g;

	game_optim.lr = 0;
	START(&g, 2, "atw", "init", "0", "beta", "0.25", "T", "1");
	weighting_end_epoch(&g.setup, g.state, falling);
	WEIGH(&g, 0, 1, 1);
	ck_assert_double_eq_tol(g.weight[0], 0.5, 1e-12);
	weighting_end_epoch(&g.setup, g.state, (const double[]){ 3, 2 });
	WEIGH(&g, 1, 1, 1);
	/* slow means 1.5 and 3.5, rates 3/2 and 7/8 */
	ck_assert_double_eq_tol(g.weight[0] / g.weight[1], exp(0.625), 1e-12);
	ck_assert_double_eq_tol(g.weight[0] + g.weight[1], 1, 1e-12);
	weighting_end_epoch(&g.setup, g.state, (const double[]){ 3, 2 });
	WEIGH(&g, 2, 1, 1);
	/* 1.875 and 3.125, rates 5/4 and 25/28 */
	ck_assert_double_eq_tol(
		g.weight[0] / g.weight[1], exp(1.25 - 25 / 28.0), 1e-12);
	weighting_end_epoch(&g.setup, g.state, (const double[]){ 0, 0 });
	weighting_end_epoch(&g.setup, g.state, (const double[]){ 0, 0 });
	WEIGH(&g, 2, 1, 1);
	ck_assert(isfinite(g.weight[0]));
}
END_TEST

START_TEST(uw_o_makes_every_weighted_loss_one_whatever_its_scale)
{
	struct game g;
	const double loss[] = { 0.3, 7, 1e-5 };
	const double scaled[] = { 300, 0.7, 1 };

	START(&g, 3, "uw_o");
	ck_assert_int_eq(game_weigh(&g, 0, 1, loss), OK);
	for (int k = 0; k < 3; k++)
		ck_assert_double_eq_tol(g.weight[k] * loss[k], 1, 1e-15);
	ck_assert_int_eq(game_weigh(&g, 1, 1, scaled), OK);
	for (int k = 0; k < 3; k++)
		ck_assert_double_eq_tol(g.weight[k] * scaled[k], 1, 1e-15);
}
END_TEST

START_TEST(uw_so_is_uniform_for_large_T_and_on_the_smallest_loss_for_small_T)
{
	struct game g;

	START(&g, 3, "uw_so", "T", "1e9");
	WEIGH(&g, 0, 2, 0.1, 0.9);
	for (int k = 0; k < 3; k++)
		ck_assert_double_eq_tol(g.weight[k], 1 / 3.0, 1e-8);
	START(&g, 3, "uw_so", "T", "1e-3");
	WEIGH(&g, 0, 2, 0.1, 0.9);
	ck_assert_double_eq(g.weight[1], 1);
	ck_assert_double_eq(g.weight[0] + g.weight[2], 0);
}
END_TEST

START_TEST(losses_below_the_floor_are_taken_as_the_floor_and_counted)
{
	struct game g;
	struct diagnostic d[DIAGNOSTICS_MAX];
	const double mean[] = { 1, 1 };

	START(&g, 2, "uw_o", "floor", "0.25");
	WEIGH(&g, 0, 1, 0);
	ck_assert_double_eq(g.weight[1], 4);
	WEIGH(&g, 1, 0.1, 0.2);
	ck_assert_int_eq(weighting_diagnose(&g.setup, g.state, mean, d), 1);
	ck_assert_str_eq(d[0].name, "floored_losses");
	ck_assert_int_eq(d[0].task, -1);
	ck_assert_double_eq(d[0].value, 3);
	weighting_end_epoch(&g.setup, g.state, mean);
	ck_assert_int_eq(weighting_diagnose(&g.setup, g.state, mean, d), 0);
}
END_TEST

/* 1 / 3e-13 and 1 / 1e-12; over T = 1e12 they are 10/3 and 1, whose softmax is below. */
START_TEST(without_a_floor_small_losses_have_weights_of_their_own)
{
	const double share = 0.9116003227929417; /* 1 / (1 + exp(-7/3)) */
	const double mean[] = { 1, 1 };
	struct diagnostic d[DIAGNOSTICS_MAX];
	struct game g;

	START(&g, 2, "uw_o");
	WEIGH(&g, 0, 3e-13, 1e-12);
	ck_assert_double_eq_tol(g.weight[0], 1e13 / 3, 1);
	ck_assert_double_eq_tol(g.weight[1], 1e12, 1);
	WEIGH(&g, 1, 0, 1e-12);
	ck_assert_double_eq_tol(g.weight[0], 1e12, 1);
	ck_assert_int_eq(weighting_diagnose(&g.setup, g.state, mean, d), 1);
	ck_assert_double_eq(d[0].value, 1); /* the 0 */
	START(&g, 2, "uw_so", "T", "1e12");
	WEIGH(&g, 0, 3e-13, 1e-12);
	ck_assert_double_eq_tol(g.weight[0], share, 1e-12);
	ck_assert_double_eq_tol(g.weight[1], 1 - share, 1e-12);
	START(&g, 2, "uw_so_learned", "init", "1e6");
	WEIGH(&g, 0, 3e-13, 1e-12);
	ck_assert_double_eq(g.weight[0], 1);
}
END_TEST

/* The identity of a job without a floor has 1e-12; a written one is spelled otherwise. */
START_TEST(a_floor_that_is_written_counts_as_written)
{
	struct game g;

	START(&g, 2, "uw_o", "floor", "1e-12");
	WEIGH(&g, 0, 3e-13, 1e-12);
	ck_assert_double_eq_tol(g.weight[0], 1e13 / 3, 1);
	START(&g, 2, "uw_o", "floor", "1.0e-12");
	WEIGH(&g, 0, 3e-13, 1e-12);
	ck_assert_double_eq_tol(g.weight[0], 1e12, 1);
	START(&g, 2, "uw_so", "T", "1e12", "floor", "1.0e-12");
	WEIGH(&g, 0, 3e-13, 1e-12);
	ck_assert_double_eq_tol(g.weight[0], 0.5, 1e-15);
	START(&g, 2, "uw_so", "T", "1e12", "floor", "5e-13");
	WEIGH(&g, 0, 3e-13, 1e-12); /* 2 and 1: 1 / (1 + exp(-1)) */
	ck_assert_double_eq_tol(g.weight[0], 0.7310585786300049, 1e-12);
}
END_TEST

START_TEST(uw_takes_the_form_that_belongs_to_each_loss)
{
	struct game g;
	const double mean[] = { 1, 1, 1 };
	struct diagnostic d[DIAGNOSTICS_MAX];

	game_tasks[0].loss = LOSS_CE;
	game_tasks[1].loss = LOSS_L2;
	game_tasks[2].loss = LOSS_L1;
	START(&g, 3, "uw");
	WEIGH(&g, 0, 1, 1, 1);
	ck_assert_double_eq(g.weight[0], 1);
	ck_assert_double_eq(g.weight[1], 0.5);
	ck_assert_double_eq(g.weight[2], 1);
	START(&g, 3, "uw", "form", "l2");
	ck_assert_int_eq(weighting_diagnose(&g.setup, g.state, mean, d), 3);
	for (int k = 0; k < 3; k++) {
		ck_assert_str_eq(d[k].name, "log_variance");
		ck_assert_int_eq(d[k].task, k);
		ck_assert_double_eq(d[k].value, -0.5);
	}
	START(&g, 3, "uw", "form", "l2", "init", "1.5");
	ck_assert_double_eq(learned_values(g.state)[2], 1.5);
	START(&g, 3, "uw", "form", "sigma");
	ck_assert_double_eq(learned_values(g.state)[0], 1);
}
END_TEST

START_TEST(uw_comes_to_rest_where_the_variance_is_the_loss)
{
	struct game g;

	game_optim = (struct optim_info){ .kind = OPTIM_GD, .lr = 0.5 };
	START(&g, 2, "uw", "form", "l2");
	for (int s = 0; s < 2000; s++)
		WEIGH(&g, s, 0.25, 3);
	ck_assert_double_eq_tol(g.weight[0], 1 / (2 * 0.25), 1e-9);
	ck_assert_double_eq_tol(g.weight[1], 1 / (2 * 3.0), 1e-9);
}
END_TEST

START_TEST(a_learned_temperature_stays_positive)
{
	struct game g;

	game_optim = (struct optim_info){ .kind = OPTIM_GD, .lr = 1e3 };
	START(&g, 2, "uw_so_learned", "init", "8");
	/* alpha Lbar is far above 2, so the slope is positive and the step enormous. */
	WEIGH(&g, 0, 0.05, 20);
	ck_assert_double_eq(learned_values(g.state + 1)[0], 4);
}
END_TEST

START_TEST(the_analytic_condition_leaves_a_residual_unless_all_losses_are_equal)
{
	const double T[] = { 0.1, 1, 10, 1000 };
	const double loss[] = { 0.3, 1.1, 0.8 };
	const double equal[] = { 0.3, 0.3, 0.3 };
	const struct inverse_floor floor = { 1e-12, 1e-12 };
	struct game g;
	struct diagnostic d[DIAGNOSTICS_MAX];
	double w[3];

	for (int i = 0; i < 4; i++) {
		double direct;

		inverse_softmax(3, loss, &floor, T[i], w);
		direct = inverse_alpha(3, loss, &floor, w) *
				inverse_mean_loss(3, loss, w) -
			1;
		ck_assert_double_eq_tol(
			inverse_residual(3, loss, &floor, w), direct, 1e-12);
		ck_assert_double_gt(inverse_residual(3, loss, &floor, w), 0);
		ck_assert_double_eq(inverse_residual(3, equal, &floor, w), 0);
	}
	START(&g, 3, "uw_so", "T", "1000");
	ck_assert_int_eq(weighting_diagnose(&g.setup, g.state, loss, d), 1);
	ck_assert_str_eq(d[0].name, "analytic_residual");
	ck_assert_double_eq(d[0].value, inverse_residual(3, loss, &floor, w));
	START(&g, 3, "uw_so_learned", "init", "1000");
	ck_assert_int_eq(weighting_diagnose(&g.setup, g.state, loss, d), 2);
	ck_assert_str_eq(d[1].name, "temperature");
	ck_assert_double_eq(d[1].value, 1000);
}
END_TEST

START_TEST(ema_with_beta_one_is_uw_o)
{
	struct game g;
	struct game o;
	double loss[3];

	START(&g, 3, "ema", "beta", "1");
	START(&o, 3, "uw_o");
	for (int s = 0; s < 10; s++) {
		game_random_losses(loss, 3, (uint64_t)s);
		ck_assert_int_eq(game_weigh(&g, s, 1, loss), OK);
		ck_assert_int_eq(game_weigh(&o, s, 1, loss), OK);
		ck_assert_mem_eq(g.weight, o.weight, sizeof(loss));
	}
}
END_TEST

Suite *suite_weighting_uncertainty(void);
Suite *suite_weighting_uncertainty(void)
{
	Suite *s = suite_create("weighting_uncertainty");
	TCase *c = tcase_create("weighting_uncertainty");

	tcase_add_checked_fixture(c, game_setup, game_teardown);
	tcase_add_test(c, task_and_objective_together_come_to_rest_where_uw_does);
	tcase_add_test(c, slow_rates_of_change_multiply_uncertainty_weights);
	tcase_add_test(c, uw_o_makes_every_weighted_loss_one_whatever_its_scale);
	tcase_add_test(
		c, uw_so_is_uniform_for_large_T_and_on_the_smallest_loss_for_small_T);
	tcase_add_test(c, losses_below_the_floor_are_taken_as_the_floor_and_counted);
	tcase_add_test(c, without_a_floor_small_losses_have_weights_of_their_own);
	tcase_add_test(c, a_floor_that_is_written_counts_as_written);
	tcase_add_test(c, uw_takes_the_form_that_belongs_to_each_loss);
	tcase_add_test(c, uw_comes_to_rest_where_the_variance_is_the_loss);
	tcase_add_test(c, a_learned_temperature_stays_positive);
	tcase_add_test(c,
		the_analytic_condition_leaves_a_residual_unless_all_losses_are_equal);
	tcase_add_test(c, ema_with_beta_one_is_uw_o);
	suite_add_tcase(s, c);
	return s;
}
