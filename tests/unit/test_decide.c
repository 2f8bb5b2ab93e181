/* Decisions on plain arrays: neither a database nor a sweep is needed for them. */
#include <check.h>
#include <math.h>
#include <string.h>
#include "orchestrator/audit/replay.h"
#include "orchestrator/stage/reason.h"

#define MANY 16

static struct arena arena;

static void release(void)
{
	arena_release(&arena);
}

/* n configurations of `runs` seeds each at `epoch` of 8; points are 10, 11, ... */
static struct decide_group group_of(
	int n, int runs, int epoch, int columns, double *figure)
{
	struct decide_group g = {
		.plan = { .rule = PRUNE_RUNGS, .keep = 1, .epochs = 8 },
		.epoch = epoch,
		.tried = n,
		.n = n,
		.config = NEW_ARRAY(&arena, struct decide_config, n),
		.run = NEW_ARRAY(&arena, struct decide_run, n * runs),
		.columns = columns,
		.figure = figure
	};

	for (int i = 0; i < n; i++)
		g.config[i] = (struct decide_config){
			.point = 10 + i, .first = i * runs, .runs = runs
		};
	return g;
}

/* Who stops, as "..x.": x stops. */
static const char *stops(const struct decide_group *g)
{
	static char text[MANY];
	struct decision d = decide(g, &arena);

	for (int i = 0; i < g->n; i++)
		text[i] = d.of[i].stop ? 'x' : '.';
	text[g->n] = '\0';
	return text;
}

/* The rungs. */

START_TEST(a_rung_compares_means_over_seeds)
{
	double figure[] = { 1, 9, 4, 4, 3, 8 };
	struct decide_group g = group_of(3, 2, 4, 1, figure);
	struct decision d = decide(&g, &arena);

	ck_assert_str_eq(stops(&g), "x.x");
	ck_assert_double_eq(d.of[0].figure, 5);
	ck_assert_double_eq(d.of[1].figure, 4);
	ck_assert_double_eq(d.of[2].figure, 5.5);
	ck_assert_double_eq(d.of[2].bound, 4);
	ck_assert_int_eq(d.of[2].mark, 1);
}
END_TEST

START_TEST(a_rung_looks_at_every_epoch_of_the_window)
{
	double figure[] = { 1, 5, 2, 4, 3, 6 };
	struct decide_group g = group_of(3, 1, 4, 2, figure);

	ck_assert_str_eq(stops(&g), "..x");
}
END_TEST

START_TEST(one_seed_that_diverged_puts_its_configuration_last)
{
	double figure[] = { 0, HUGE_VAL, 7, 7, 8, 8 };
	struct decide_group g = group_of(3, 2, 4, 1, figure);

	g.run[1].diverged = true;
	g.plan.keep = 2;
	ck_assert_str_eq(stops(&g), "x..");
}
END_TEST

START_TEST(no_rung_stops_the_incumbent)
{
	double figure[] = { 1, 2, 9 };
	struct decide_group g = group_of(3, 1, 4, 1, figure);

	ck_assert_str_eq(stops(&g), ".xx");
	g.config[2].incumbent = true;
	ck_assert_str_eq(stops(&g), ".x.");
}
END_TEST

START_TEST(within_lr_rates_are_not_compared)
{
	double figure[] = { 1, 2, 8, 9 };
	struct decide_group g = group_of(4, 1, 4, 1, figure);

	g.config[2].lr = g.config[3].lr = 1;
	ck_assert_str_eq(stops(&g), ".xxx");
	g.plan.within_lr = true;
	ck_assert_str_eq(stops(&g), ".x.x");
}
END_TEST

START_TEST(a_rung_has_no_winner_and_the_end_stops_nobody)
{
	double figure[] = { 1, 2, 9 };
	struct decide_group g = group_of(3, 1, 4, 1, figure);
	struct decision d = decide(&g, &arena);

	ck_assert(d.best == -1 && d.second == -1);
	g.epoch = 8;
	d = decide(&g, &arena);
	ck_assert_str_eq(stops(&g), "...");
	ck_assert(d.best == 0 && d.second == 1);
}
END_TEST

/* The end of a method. */

START_TEST(the_lowest_mean_over_seeds_wins)
{
	double figure[] = { 0, 9, 4, 3, 2, 6 };
	struct decide_group g = group_of(3, 2, 8, 1, figure);
	struct decision d = decide(&g, &arena);

	ck_assert(d.best == 1 && d.second == 2);
	ck_assert_double_eq(d.of[1].figure, 3.5);
	ck_assert_double_eq(d.of[2].figure, 4);
}
END_TEST

START_TEST(of_equals_the_first_in_the_plan_wins)
{
	double figure[] = { 5, 2, 2, 2 };
	struct decide_group g = group_of(4, 1, 8, 1, figure);
	struct decision d = decide(&g, &arena);

	ck_assert(d.best == 1 && d.second == 2);
}
END_TEST

START_TEST(one_refused_seed_puts_its_configuration_last)
{
	double figure[] = { 1, 1, 4, 4 };
	struct decide_group g = group_of(2, 2, 8, 1, figure);
	struct decision d = decide(&g, &arena);

	ck_assert(d.best == 0 && d.second == 1);
	g.run[1].refused = true;
	d = decide(&g, &arena);
	ck_assert(d.best == 1 && d.second == -1);
	ck_assert(isinf(d.of[0].figure));
	ck_assert_int_eq(d.diverged, 0);
}
END_TEST

START_TEST(nobody_wins_where_all_diverged)
{
	double figure[] = { HUGE_VAL, 2, HUGE_VAL, HUGE_VAL };
	struct decide_group g = group_of(2, 2, 8, 1, figure);
	struct decision d;

	g.run[0].diverged = g.run[2].diverged = g.run[3].diverged = true;
	d = decide(&g, &arena);
	ck_assert(d.best == -1 && d.second == -1);
	ck_assert_int_eq(d.diverged, 2); /* configurations, not runs */
}
END_TEST

START_TEST(who_stopped_before_is_counted_and_nothing_else)
{
	double figure[] = { 3, 2 };
	struct decide_group g = group_of(2, 1, 8, 1, figure);
	struct decision d;

	g.tried = 7;
	d = decide(&g, &arena);
	ck_assert_int_eq(d.stopped, 5);
	ck_assert_int_eq(d.best, 1);
}
END_TEST

/* The end of a baseline. */

START_TEST(a_baseline_is_chosen_by_its_mean_gap_to_the_best_seen)
{
	/* accuracy, higher is better; error, lower is better */
	double figure[] = { 0.8, 0.5, 0.6, 0.4, 0.4, 0.2 };
	static const bool higher[] = { true, false };
	struct decide_group g = group_of(3, 1, 8, 2, figure);
	struct decision d;

	g.higher = higher;
	d = decide(&g, &arena);
	/* behind 0.8: 0, 25, 50 %; above 0.2: 150, 100, 0 % */
	ck_assert_double_eq_tol(d.of[0].figure, 75, 1e-12);
	ck_assert_double_eq_tol(d.of[1].figure, 62.5, 1e-12);
	ck_assert_double_eq_tol(d.of[2].figure, 25, 1e-12);
	ck_assert(d.best == 2 && d.second == 1);
}
END_TEST

START_TEST(a_best_of_zero_is_compared_without_a_share)
{
	double figure[] = { 0.5, 0 };
	static const bool higher[] = { false };
	struct decide_group g = group_of(2, 1, 8, 1, figure);
	struct decision d;

	g.higher = higher;
	d = decide(&g, &arena);
	ck_assert_double_eq(d.of[0].figure, 0.5);
	ck_assert_double_eq(d.of[1].figure, 0);
}
END_TEST

/* A shared baseline: what one task's run lost does not take the other's from the bar. */
START_TEST(a_task_that_diverged_leaves_the_best_of_the_others)
{
	double figure[] = { 0.9, HUGE_VAL, 0.45, 0.5 };
	static const bool higher[] = { true, true };
	struct decide_group g = group_of(2, 1, 8, 2, figure);
	struct decision d;

	g.higher = higher;
	g.run[0].diverged = true;
	d = decide(&g, &arena);
	ck_assert_int_eq(d.best, 1);
	ck_assert_double_eq_tol(d.of[1].figure, 25, 1e-12);
	ck_assert(isinf(d.of[0].figure));
}
END_TEST

/* Reasons. */

static struct plan_grid two_axes(void)
{
	static const char *rates[] = { "0.1", "0.01" };
	static const char *temperatures[] = { "1", "5", "20" };
	static const char *decay[] = { "0" };
	struct spec_axis *axes = NEW_ARRAY(&arena, struct spec_axis, 3);

	axes[0] = (struct spec_axis){ .name = "lr", .text = rates, .count = 2 };
	axes[1] = (struct spec_axis){ .name = "wd", .text = decay, .count = 1 };
	axes[2] = (struct spec_axis){ .name = "T", .text = temperatures, .count = 3 };
	return (struct plan_grid){ NULL, axes, 3, 6 };
}

START_TEST(a_choice_is_told_with_its_points_and_counts)
{
	double figure[] = { 3.5, 2.25 };
	static const bool higher[] = { false };
	struct decide_group g = group_of(2, 1, 8, 1, figure);
	struct plan_grid grid = two_axes();
	struct decision d;

	g.config[0].point = 1;
	g.config[1].point = 5;
	g.tried = 6;
	g.run[0].diverged = true;
	d = decide(&g, &arena);
	ck_assert_str_eq(reason_choice(&g, &d, &grid, &arena),
		"lr 0.01, T 20: mean lowest validation delta_m 2.25; next 3.5 (lr 0.1, "
		"T 5); of 6 configurations, 4 stopped, 1 diverged");
	g.higher = higher;
	g.n = 1;
	d = decide(&g, &arena);
	ck_assert_str_eq(reason_choice(&g, &d, &grid, &arena),
		"lr 0.1, T 5: mean gap to the best seen 0; of 6 configurations, 5 "
		"stopped, 1 diverged");
	grid.count = grid.axes[0].count = grid.axes[2].count = 1;
	g.config[0].point = 0;
	ck_assert_ptr_nonnull(strstr(reason_choice(&g, &d, &grid, &arena),
		"the only configuration: mean gap"));
	figure[0] = HUGE_VAL;
	d = decide(&g, &arena);
	ck_assert_str_eq(reason_choice(&g, &d, &grid, &arena),
		"none of 6 configurations reached a valid result");
}
END_TEST

START_TEST(a_stop_is_told_with_what_it_was_compared_with)
{
	double figure[] = { 1, 2.5, 3, 4 };
	struct decide_group g = group_of(2, 1, 4, 2, figure);
	struct decision d = decide(&g, &arena);

	ck_assert_str_eq(reason_stop(&g, &d, 1, &arena),
		"in all 2 epochs up to 4 above number 1 of that epoch; its figure in "
		"the last was 2.5");
	g.plan.rule = PRUNE_MEDIAN;
	d = decide(&g, &arena);
	ck_assert_str_eq(
		reason_stop(&g, &d, 1, &arena), "mean of 2 epochs above 2.625");
}
END_TEST

/* The replay of a rule. */

/*
 * Four curves over eight epochs: number k is at 10 k, but the last one falls at the end,
 * where it would be the best.
 */
struct falling {
	double delta_m[32], figure[4];
	int lr[4], ended[4], trained[4];
	bool stopped[4];
	struct replay_race race;
};

static void falling_late(struct falling *f)
{
	*f = (struct falling){ .figure = { 0, 10, 20, -5 }, .ended = { 8, 8, 8, 8 } };
	for (int i = 0; i < 32; i++)
		f->delta_m[i] = i < 28 ? i / 8 * 10 : -5;
	f->race = (struct replay_race){ .n = 4,
		.seeds = 1,
		.lr = f->lr,
		.delta_m = f->delta_m,
		.figure = f->figure,
		.ended = f->ended };
}

static int replay(struct falling *f, const struct prune_plan *p)
{
	return replay_seed(&f->race, p, 0, f->trained, f->stopped);
}

START_TEST(a_replay_pauses_where_the_scheduler_would)
{
	static const int rungs[] = { 2, 4, 6 };
	struct prune_plan p = { .rule = PRUNE_HALVING,
		.eta = 2,
		.epochs = 8,
		.window = 3,
		.rungs = rungs,
		.nrungs = 3 };
	struct falling f;

	falling_late(&f);
	ck_assert_int_eq(replay(&f, &p), 0);
	ck_assert_int_eq(f.trained[0], 8);
	ck_assert_int_eq(f.trained[1], 4);
	ck_assert_int_eq(f.trained[2], 2);
	ck_assert_int_eq(f.trained[3], 2);
	ck_assert(!f.stopped[0] && f.stopped[1] && f.stopped[2] && f.stopped[3]);
	p.rule = PRUNE_NONE;
	p.nrungs = 0;
	ck_assert_int_eq(replay(&f, &p), 3);
	for (int i = 0; i < 4; i++)
		ck_assert(f.trained[i] == 8 && !f.stopped[i]);
}
END_TEST

START_TEST(a_replay_knows_nothing_behind_the_rung)
{
	static const int rungs[] = { 4 };
	struct prune_plan p = { .rule = PRUNE_RUNGS,
		.keep = 2,
		.epochs = 8,
		.window = 3,
		.rungs = rungs,
		.nrungs = 1 };
	struct falling f;

	falling_late(&f);
	ck_assert_int_eq(replay(&f, &p), 0);
	ck_assert(f.trained[2] == 4 && f.stopped[2]);
	ck_assert(f.trained[3] == 4 && f.stopped[3]);
	ck_assert(f.trained[1] == 8 && !f.stopped[1]);
}
END_TEST

START_TEST(what_diverged_before_a_rung_is_last_and_costs_what_it_trained)
{
	static const int rungs[] = { 4 };
	struct prune_plan p = { .rule = PRUNE_RUNGS,
		.keep = 1,
		.epochs = 8,
		.window = 2,
		.rungs = rungs,
		.nrungs = 1 };
	struct falling f;

	falling_late(&f);
	f.ended[1] = 3;
	f.ended[3] = 5;
	(void)replay(&f, &p);
	ck_assert_int_eq(f.trained[1], 3);
	ck_assert(!f.stopped[1]); /* there was nothing left to stop */
	ck_assert(f.trained[2] == 4 && f.stopped[2]);
	ck_assert(f.trained[3] == 4 && f.stopped[3]);
}
END_TEST

START_TEST(regret_is_what_a_rule_lost_of_the_best)
{
	static const int rungs[] = { 4 };
	struct prune_plan p = { .rule = PRUNE_RUNGS,
		.keep = 1,
		.epochs = 8,
		.window = 2,
		.rungs = rungs,
		.nrungs = 1 };
	struct replay_result r;
	struct falling f;

	falling_late(&f);
	r = replay_rule(&f.race, &p, 0);
	ck_assert_int_eq(r.all, 32);
	ck_assert_int_eq(r.trained, 20);
	ck_assert_double_eq(r.regret, 5); /* number 0 instead of the last */
	ck_assert(isnan(r.worth)); /* there is no other seed */
}
END_TEST

Suite *suite_decide(void);
Suite *suite_decide(void)
{
	Suite *s = suite_create("decide");
	TCase *c = tcase_create("decide");

	tcase_add_checked_fixture(c, NULL, release);
	tcase_add_test(c, a_rung_compares_means_over_seeds);
	tcase_add_test(c, a_rung_looks_at_every_epoch_of_the_window);
	tcase_add_test(c, one_seed_that_diverged_puts_its_configuration_last);
	tcase_add_test(c, no_rung_stops_the_incumbent);
	tcase_add_test(c, within_lr_rates_are_not_compared);
	tcase_add_test(c, a_rung_has_no_winner_and_the_end_stops_nobody);
	tcase_add_test(c, the_lowest_mean_over_seeds_wins);
	tcase_add_test(c, of_equals_the_first_in_the_plan_wins);
	tcase_add_test(c, one_refused_seed_puts_its_configuration_last);
	tcase_add_test(c, nobody_wins_where_all_diverged);
	tcase_add_test(c, who_stopped_before_is_counted_and_nothing_else);
	tcase_add_test(c, a_baseline_is_chosen_by_its_mean_gap_to_the_best_seen);
	tcase_add_test(c, a_best_of_zero_is_compared_without_a_share);
	tcase_add_test(c, a_task_that_diverged_leaves_the_best_of_the_others);
	tcase_add_test(c, a_choice_is_told_with_its_points_and_counts);
	tcase_add_test(c, a_stop_is_told_with_what_it_was_compared_with);
	tcase_add_test(c, a_replay_pauses_where_the_scheduler_would);
	tcase_add_test(c, a_replay_knows_nothing_behind_the_rung);
	tcase_add_test(
		c, what_diverged_before_a_rung_is_last_and_costs_what_it_trained);
	tcase_add_test(c, regret_is_what_a_rule_lost_of_the_best);
	suite_add_tcase(s, c);
	return s;
}
