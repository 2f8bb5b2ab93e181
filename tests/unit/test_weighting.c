/*
 * Methods that weigh losses: what holds of all of them, and what some papers claim.
 */
#include <check.h>
#include <math.h>
#include <string.h>
#include "tests/lib/game.h"
#include "common/rng.h"
#include "trainer-core/weighting/method.h"
#include "trainer-core/weighting/shared/inverse.h"
#include "trainer-core/weighting/shared/learned.h"

/* Ordinary, tiny, huge and zero losses on 1, 2 and 50 tasks. */
START_TEST(every_method_gives_finite_weights_or_an_error_that_names_a_task)
{
	static const double scales[] = { 1, 1e-300, 1e300, 0, -1 };
	static const int counts[] = { 1, 2, 50 };
	int n;
	const struct method_info *methods = catalogue_methods(&n);
	int diverged = 0;

	for (int i = 0; i < n * 3 * 5; i++) {
		struct game g;
		int K = counts[i / n % 3];
		double loss[TASKS_MAX];

		game_start_any(&g, methods[i % n].name, K);
		for (int s = 0; s < (K > 8 ? 11 : 30); s++) {
			game_random_losses(loss, K, (uint64_t)s);
			loss[K / 2] *= scales[i / n / 3];
			if (game_weigh(&g, s, 1, loss)) {
				ck_assert_int_eq(g.e.code, ERR_DIVERGED);
				ck_assert_ptr_nonnull(strstr(g.e.msg, "task"));
				diverged++;
				break;
			}
			for (int k = 0; k < K; k++)
				ck_assert_msg(isfinite(g.weight[k]), "%s",
					methods[i % n].name);
			if (s % 10 == 9)
				weighting_end_epoch(&g.setup, g.state, loss);
		}
	}
	ck_assert_int_gt(diverged, 0);
}
END_TEST

START_TEST(interpretations_say_that_they_are_none_of_the_published_methods)
{
	static const char *const names[] = { "atw", "puw", "miraliev" };

	for (int i = 0; i < 3; i++) {
		const struct method_info *m = catalogue_method(names[i]);

		ck_assert_ptr_nonnull(strstr(m->title, "(interpretation)"));
		ck_assert_ptr_nonnull(
			strstr(m->summary, "interpretation, not the published method"));
		ck_assert_ptr_nonnull(strstr(m->source, "after "));
	}
}
END_TEST

/* Weights near those of UW for the losses over their first: 2 and 1 to 5 and 1. */
START_TEST(particles_gather_where_weights_answer_to_losses)
{
	struct game g;
	struct game other;

	START(&g, 2, "puw", "warm_up", "0.5", "train.epochs", "8", "jitter", "0.3");
	ck_assert_int_eq(
		game_try_start(&other, "2", 2, "puw", "warm_up", "0", NULL), OK);
	weighting_end_epoch(&g.setup, g.state, (const double[]){ 3, 5 });
	for (int epoch = 1; epoch < 40; epoch++) {
		WEIGH(&g, epoch, 1, 1);
		if (epoch < 4)
			ck_assert_double_eq_tol(g.weight[0], 0.5, 1e-12);
		else
			ck_assert_double_gt(fabs(g.weight[0] - 0.5), 1e-6);
		ck_assert_double_eq_tol(sum_of(g.weight, 2), 1, 1e-9);
		weighting_end_epoch(&g.setup, g.state, (const double[]){ 3, 1 });
		weighting_end_epoch(
			&other.setup, other.state, (const double[]){ 3, 1 });
	}
	WEIGH(&g, 40, 1, 1);
	ck_assert_double_gt(g.weight[1], 0.6);
	ck_assert_double_lt(g.weight[1], 0.95);
	WEIGH(&other, 40, 1, 1);
	ck_assert_double_eq_tol(
		other.weight[1], 0.5, 0.1); /* no change since its first */
}
END_TEST

#define PARTICLES 4

/* How often particle i lives on: places (j + u) / N in the sums of the shares. */
static int lives(int i, const double *share, double u)
{
	double before = 0;
	int n = 0;

	for (int k = 0; k < i; k++)
		before += share[k];
	for (int j = 0; j < PARTICLES; j++)
		n += (j + u) / PARTICLES >= before &&
			(j + u) / PARTICLES < before + share[i];
	return n;
}

/*
 * Without jitter a particle stays what it is, so who is among those that follow tells who
 * was resampled. Shares of e^-score, score = sum v l - log(v) / 2 with v = K w.
 */
START_TEST(particles_live_on_by_their_shares_of_the_score)
{
	static const double first[PARTICLES] = { 0.9, 0.5, 0.3, 0.15 };
	static const char *const seeds[] = { "1", "2", "3", "4", "5", "6" };
	int most = 0;

	for (int s = 0; s < 6; s++) {
		struct game g;
		double share[PARTICLES];
		double sum = 0;
		double u;

		ck_assert_int_eq(game_try_start(&g, seeds[s], 2, "puw", "warm_up", "0",
					 "particles", "4", "jitter", "0", NULL),
			OK);
		for (int i = 0; i < PARTICLES; i++) {
			double v = 2 * first[i];

			g.state[3 + 2 * i] = first[i];
			g.state[4 + 2 * i] = 1 - first[i];
			share[i] = exp(-(v + (2 - v)) + 0.5 * log(v * (2 - v)));
			sum += share[i];
		}
		for (int i = 0; i < PARTICLES; i++)
			share[i] /= sum;
		u = rng_uniform(g.setup.seed, RNG_WEIGHTING, 1,
			1000 * TASKS_MAX); /* behind those of the jitter */
		weighting_end_epoch(&g.setup, g.state, (const double[]){ 3, 1 });
		for (int i = 0; i < PARTICLES; i++) {
			int n = 0;

			for (int k = 0; k < PARTICLES; k++)
				n += fabs(g.state[3 + 2 * k] - first[i]) < 1e-9;
			ck_assert_msg(n == lives(i, share, u),
				"seed %s, particle %d: %d", seeds[s], i, n);
			most = n > most ? n : most;
		}
	}
	ck_assert_int_ge(most, 2); /* somebody took another's place */
}
END_TEST

START_TEST(a_loss_that_is_not_finite_is_divergence_of_that_task)
{
	struct game g;

	START(&g, 2, "ew");
	ck_assert_int_eq(
		game_weigh(&g, 0, 1, (const double[]){ 1, (double)NAN }), ERR_DIVERGED);
	ck_assert_ptr_nonnull(strstr(g.e.msg, "task1"));
	ck_assert_int_eq(game_weigh(&g, 0, 1, (const double[]){ (double)INFINITY, 1 }),
		ERR_DIVERGED);
	ck_assert_ptr_nonnull(strstr(g.e.msg, "task0"));
}
END_TEST

START_TEST(weights_sum_to_one_or_to_the_number_of_tasks)
{
	static const struct {
		const char *method, *option, *value;
		bool one;
	} rows[] = {
		{ "scalarization", "weights", "0.2 0.3 0.5", true },
		{ "rlw", "weights", "normal", true },
		{ "rlw", "weights", "dirichlet", true },
		{ "uw_so", "T", "0.7", true },
		{ "uw_so_learned", "init", "3", true },
		{ "ew", NULL, NULL, false },
		{ "dwa", "form", "epoch", false },
		{ "dwa", "form", "window", false },
	};

	for (int i = 0; i < COUNT(rows); i++) {
		struct game g;
		double loss[3];

		START(&g, 3, rows[i].method, rows[i].option, rows[i].value);
		for (int s = 0; s < 60; s++) {
			game_random_losses(loss, 3, (uint64_t)s);
			ck_assert_int_eq(game_weigh(&g, s, 1, loss), OK);
			ck_assert_double_eq_tol(
				sum_of(g.weight, 3), rows[i].one ? 1 : 3, 1e-12);
			weighting_end_epoch(&g.setup, g.state, loss);
		}
	}
}
END_TEST

START_TEST(gls_weights_are_the_slope_of_the_geometric_mean)
{
	struct game g;
	double loss[] = { 0.4, 3, 11 };

	START(&g, 3, "gls");
	ck_assert_int_eq(game_weigh(&g, 0, 1, loss), OK);
	for (int k = 0; k < 3; k++) {
		double h = 1e-5 * loss[k];
		double up = cbrt(0.4 * 3 * 11 / loss[k] * (loss[k] + h));
		double down = cbrt(0.4 * 3 * 11 / loss[k] * (loss[k] - h));

		ck_assert_double_eq_tol(g.weight[k], (up - down) / (2 * h), 1e-8);
	}
}
END_TEST

/* The slopes by which methods learn, against differences of their own objective. */
START_TEST(learned_scalars_follow_the_slope_of_their_objective)
{
	static const struct {
		const char *method, *option, *value;
	} rows[] = {
		{ "uw", "form", "auto" },
		{ "uw", "form", "l2" },
		{ "uw", "form", "l1" },
		{ "uw", "form", "ce" },
		{ "uw", "form", "sigma" },
		{ "imtl_l", "init", "0.3" },
		{ "ial", "init", "0.7" },
		{ "gcs", "impartial", "true" },
		{ "atw", "init", "0.4" },
		{ "miraliev", "init", "0.2" },
		{ "uw_so_learned", "init", "1.7" },
		{ "uw_so_learned", "floor", "0.5" },
	};

	for (int i = 0; i < COUNT(rows); i++) {
		struct game g;
		const double loss[] = { 0.4, 3, 1.1 };
		bool one = !strcmp(rows[i].method, "uw_so_learned");
		double gradient[TASKS_MAX];
		double ignored[TASKS_MAX];

		START(&g, 3, rows[i].method, rows[i].option, rows[i].value);
		g.setup.ops->objective(&g.setup, g.state, loss, gradient);
		for (int k = 0; k < (one ? 1 : 3); k++) {
			double *x = g.state + (one ? 2 : 1) + k;
			double at = *x;
			double up;
			double down;

			*x = at + 1e-5;
			up = g.setup.ops->objective(&g.setup, g.state, loss, ignored);
			*x = at - 1e-5;
			down = g.setup.ops->objective(&g.setup, g.state, loss, ignored);
			*x = at;
			ck_assert_double_eq_tol(gradient[k], (up - down) / 2e-5, 1e-8);
		}
	}
}
END_TEST

START_TEST(learned_scalars_take_the_networks_rate_and_schedule_but_not_its_decay)
{
	struct game g;
	const double loss[] = { 3, 3 }; /* slope of form l1 at s = 0: -2 */

	game_optim = (struct optim_info){ .kind = OPTIM_GD, .lr = 0.1, .wd = 100 };
	START(&g, 2, "uw", "form", "l1");
	ck_assert_int_eq(game_weigh(&g, 0, 1, loss), OK);
	ck_assert_double_eq_tol(learned_values(g.state)[0], 0.2, 1e-15);
	START(&g, 2, "uw", "form", "l1");
	ck_assert_int_eq(game_weigh(&g, 0, 0.5, loss), OK);
	ck_assert_double_eq_tol(learned_values(g.state)[0], 0.1, 1e-15);
	START(&g, 2, "uw", "form", "l1", "weight_lr", "0.3");
	ck_assert_int_eq(game_weigh(&g, 0, 0.5, loss), OK);
	ck_assert_double_eq_tol(learned_values(g.state)[0], 0.3, 1e-15);
	START(&g, 2, "uw", "form", "l1", "init", "1", "weight_wd", "0.5");
	ck_assert_int_eq(game_weigh(&g, 0, 1, loss), OK);
	ck_assert_double_eq_tol(
		learned_values(g.state)[0], 1 - 0.1 * (1 - 3 * exp(-1) + 0.5), 1e-15);
}
END_TEST

START_TEST(random_weights_are_a_function_of_seed_and_step)
{
	static const char *const forms[] = { "normal", "dirichlet" };
	const double loss[] = { 1, 1, 1 };

	for (int i = 0; i < 2; i++) {
		struct game a;
		struct game b;
		struct game other;

		ck_assert_int_eq(
			game_try_start(&a, "5", 3, "rlw", "weights", forms[i], NULL),
			OK);
		ck_assert_int_eq(
			game_try_start(&b, "5", 3, "rlw", "weights", forms[i], NULL),
			OK);
		ck_assert_int_eq(game_try_start(&other, "6", 3, "rlw", "weights",
					 forms[i], NULL),
			OK);
		ck_assert_int_eq(game_weigh(&a, 0, 1, loss), OK);
		ck_assert_int_eq(game_weigh(&a, 41, 1, loss), OK);
		ck_assert_int_eq(
			game_weigh(&b, 41, 1, loss), OK); /* entered anywhere */
		ck_assert_mem_eq(a.weight, b.weight, 3 * sizeof(double));
		ck_assert_int_eq(game_weigh(&other, 41, 1, loss), OK);
		ck_assert_double_ne(a.weight[0], other.weight[0]);
		ck_assert_int_eq(game_weigh(&b, 42, 1, loss), OK);
		ck_assert_double_ne(a.weight[0], b.weight[0]);
	}
}
END_TEST

/* Three epochs of seven steps from step `from`. */
static void play(struct game *g, int K, int from, int to, double *trace)
{
	for (int s = from; s < to; s++) {
		double loss[TASKS_MAX];

		game_random_losses(loss, K, (uint64_t)s);
		ck_assert_int_eq(game_weigh(g, s, 1, loss), OK);
		memcpy(trace + s * K, g->weight, (size_t)K * sizeof(double));
		if (s % 7 == 6)
			weighting_end_epoch(&g->setup, g->state, loss);
		ck_assert(g->state[g->size] == GUARD);
	}
}

START_TEST(a_method_continues_from_its_saved_state_bit_for_bit)
{
	int n;
	const struct method_info *methods = catalogue_methods(&n);

	for (int i = 0; i <= n; i++) {
		struct game whole;
		struct game rest;
		double trace[2][21 * 3];
		size_t bytes;

		if (i < n) {
			game_start_any(&whole, methods[i].name, 3);
			game_start_any(&rest, methods[i].name, 3);
		} else {
			START(&whole, 3, "dwa", "form", "window", "window", "4");
			START(&rest, 3, "dwa", "form", "window", "window", "4");
		}
		bytes = weighting_state_size(&whole.setup) * sizeof(double);
		play(&whole, 3, 0, 11, trace[0]);
		memcpy(rest.state, whole.state, bytes);
		memcpy(rest.gradients->g.buffer, whole.gradients->g.buffer,
			(size_t)weighting_buffers(&whole.setup) * ROOM * sizeof(float));
		play(&whole, 3, 11, 21, trace[0]);
		play(&rest, 3, 11, 21, trace[1]);
		ck_assert_mem_eq(
			trace[0] + 11 * 3, trace[1] + 11 * 3, 10 * 3 * sizeof(double));
		ck_assert_mem_eq(rest.state, whole.state, bytes);
	}
}
END_TEST

/*
 * A checkpoint of a valid checksum may hold any state. What it does to weights is nobody's
 * promise, but each step ends with finite ones or with an error (and under UBSan
 * without a conversion that C does not define).
 */
START_TEST(a_state_that_somebody_made_ends_in_weights_or_an_error)
{
	static const double made[] = { -1, 0.5, 1e300, -1e300, INFINITY, NAN };
	int n;
	const struct method_info *methods = catalogue_methods(&n);

	for (int i = 0; i < n * COUNT(made); i++) {
		struct game g;

		game_start_any(&g, methods[i / COUNT(made)].name, 3);
		for (size_t k = 0; k < weighting_state_size(&g.setup); k++)
			g.state[k] = made[i % COUNT(made)];
		for (int step = 0; step < 3; step++) {
			int rc = game_weigh(&g, step, 1, (const double[]){ 1, 2, 3 });

			ck_assert(rc == OK || *g.e.msg);
			for (int k = 0; k < 3 && rc == OK; k++)
				ck_assert(isfinite(g.weight[k]));
		}
	}
}
END_TEST

START_TEST(what_is_no_count_in_a_state_is_0)
{
	static const double none[] = { -1, 1e300, -1e300, INFINITY, -INFINITY, NAN };

	for (int i = 0; i < COUNT(none); i++)
		ck_assert_int_eq(state_count(none[i]), 0);
	ck_assert_int_eq(state_count(12), 12);
	ck_assert(state_count(9007199254740992.0) == 9007199254740992);
}
END_TEST

START_TEST(dwa_counts_a_rate_over_a_loss_of_zero_as_no_movement)
{
	struct game g;
	const double zero[] = { 0, 1 };
	const double one[] = { 1, 1 };

	START(&g, 2, "dwa");
	weighting_end_epoch(&g.setup, g.state, zero);
	weighting_end_epoch(&g.setup, g.state, one);
	WEIGH(&g, 0, 1, 1);
	ck_assert_double_eq(g.weight[0], 1);
	ck_assert_double_eq(g.weight[1], 1);
}
END_TEST

START_TEST(a_baseline_job_names_its_task_and_no_method)
{
	struct params ps = { 0 };
	struct game g;

	params_set(&ps, &game_arena, "task", "task1");
	params_set(&ps, &game_arena, "seed", "0");
	ck_assert_int_eq(weighting_init(&g.setup, &ps, 1, game_tasks + 1, &game_optim,
				 &game_arena, &g.e),
		OK);
	g.size = 0;
	g.state = (double[]){ GUARD };
	g.gradients = game_new_gradients(&g);
	WEIGH(&g, 0, 3);
	ck_assert_double_eq(g.weight[0], 1);
	START(&g, 3, "stl", "task", "task1");
	WEIGH(&g, 0, 3, 3, 3);
	ck_assert_double_eq(g.weight[0] + g.weight[2], 0);
	ck_assert_double_eq(g.weight[1], 1);
	ck_assert_int_eq(game_try_start(&g, "1", 3, "stl", NULL), ERR_SPEC);
	ck_assert_int_eq(
		game_try_start(&g, "1", 3, "stl", "task", "sky", NULL), ERR_SPEC);
	ck_assert_ptr_nonnull(strstr(g.e.msg, "sky"));
}
END_TEST

START_TEST(parameters_that_do_not_fit_are_errors_with_the_method_and_the_name)
{
	static const struct {
		const char *method, *name, *value;
	} rows[] = {
		{ "uw_so", "floor", "1" }, /* T is missing */
		{ "uw_so", "T", "0" },
		{ "uw_so", "T", "warm" },
		{ "ema", "beta", "1.5" },
		{ "dwa", "form", "epochs" },
		{ "dwa", "window", "2.5" },
		{ "rlw", "weights", "norm" },
		{ "uw", "form", "l2|l1" },
		{ "scalarization", "weights", "0.5 0.5" },
		{ "scalarization", "weights", "0.5 0.3 0.3" },
		{ "scalarization", "weights", "0.7 -0.2 0.5" },
	};
	struct game g;

	for (int i = 0; i < COUNT(rows); i++) {
		ck_assert_msg(game_try_start(&g, "1", 3, rows[i].method, rows[i].name,
				      rows[i].value, NULL) == ERR_SPEC,
			"%s %s", rows[i].name, rows[i].value);
		ck_assert_ptr_nonnull(strstr(g.e.msg, rows[i].method));
		ck_assert_ptr_nonnull(
			strstr(g.e.msg, i ? rows[i].name : "T is missing"));
	}
	ck_assert_int_eq(
		game_try_start(&g, "1", 3, "uw", "form", "sigma", "init", "-1", NULL),
		ERR_SPEC);
	ck_assert_int_eq(game_try_start(&g, "1", 3, "kendall", NULL), ERR_SPEC);
	ck_assert_ptr_nonnull(strstr(g.e.msg, "kendall"));
}
END_TEST

/* Two steps by hand, torch.optim's rules. The golden fixtures pin Adam and SGD too. */
START_TEST(scalar_optimizers_follow_torch)
{
	const double g[] = { 2, -1 };
	struct optim_info momentum = { .kind = OPTIM_SGD,
		.lr = 0.1,
		.momentum = 0.9,
		.dampening = 0.5,
		.nesterov = false };
	struct optim_info adagrad = { .kind = OPTIM_ADAGRAD, .lr = 0.1 };
	struct optim_info rms = {
		.kind = OPTIM_RMSPROP, .lr = 0.1, .alpha = 0.75, .momentum = 0.5
	};
	struct optim_info adamw = { .kind = OPTIM_ADAMW, .lr = 0.1, .wd = 0.5 };
	double p[2] = { 1, 1 };
	double state[8] = { 0 };

	for (int t = 1; t <= 2; t++)
		optim_scalar_step(&momentum, t, 2, p, g, state);
	ck_assert_double_eq_tol(p[0], 1 - 0.1 * 2 - 0.1 * (0.9 * 2 + 0.5 * 2), 1e-15);
	p[0] = p[1] = 1;
	memset(state, 0, sizeof(state));
	for (int t = 1; t <= 2; t++)
		optim_scalar_step(&adagrad, t, 2, p, g, state);
	ck_assert_double_eq_tol(p[1], 1 + 0.1 + 0.1 / sqrt(2), 1e-15);
	p[0] = p[1] = 1;
	memset(state, 0, sizeof(state));
	ck_assert_int_eq(optim_scalar_floats(&rms), 2);
	for (int t = 1; t <= 2; t++)
		optim_scalar_step(&rms, t, 2, p, g, state);
	/* v: 1, 1.75; buffer: 2, 1 + 2 / sqrt(1.75) */
	ck_assert_double_eq_tol(p[0], 1 - 0.1 * 2 - 0.1 * (1 + 2 / sqrt(1.75)), 1e-14);
	p[0] = p[1] = 1;
	memset(state, 0, sizeof(state));
	optim_scalar_step(&adamw, 1, 2, p, g, state);
	ck_assert_double_eq_tol(p[0], 1 - 0.1 * 0.5 - 0.1, 1e-15);
	ck_assert_double_eq_tol(p[1], 1 - 0.1 * 0.5 + 0.1, 1e-15);
}
END_TEST

Suite *suite_weighting(void);
Suite *suite_weighting(void)
{
	Suite *s = suite_create("weighting");
	TCase *c = tcase_create("all");

	tcase_add_checked_fixture(c, game_setup, game_teardown);
	tcase_add_test(
		c, every_method_gives_finite_weights_or_an_error_that_names_a_task);
	tcase_add_test(
		c, interpretations_say_that_they_are_none_of_the_published_methods);
	tcase_add_test(c, particles_live_on_by_their_shares_of_the_score);
	tcase_add_test(c, particles_gather_where_weights_answer_to_losses);
	tcase_add_test(c, a_loss_that_is_not_finite_is_divergence_of_that_task);
	tcase_add_test(c, weights_sum_to_one_or_to_the_number_of_tasks);
	tcase_add_test(c, gls_weights_are_the_slope_of_the_geometric_mean);
	tcase_add_test(c, learned_scalars_follow_the_slope_of_their_objective);
	tcase_add_test(c,
		learned_scalars_take_the_networks_rate_and_schedule_but_not_its_decay);
	tcase_add_test(c, random_weights_are_a_function_of_seed_and_step);
	tcase_add_test(c, a_method_continues_from_its_saved_state_bit_for_bit);
	tcase_add_test(c, a_state_that_somebody_made_ends_in_weights_or_an_error);
	tcase_add_test(c, what_is_no_count_in_a_state_is_0);
	tcase_add_test(c, dwa_counts_a_rate_over_a_loss_of_zero_as_no_movement);
	tcase_add_test(c, a_baseline_job_names_its_task_and_no_method);
	tcase_add_test(
		c, parameters_that_do_not_fit_are_errors_with_the_method_and_the_name);
	tcase_add_test(c, scalar_optimizers_follow_torch);
	suite_add_tcase(s, c);
	return s;
}
