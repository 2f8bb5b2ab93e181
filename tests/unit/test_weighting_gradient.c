/* Methods on gradients: what they promise, on gradients of every kind. */
#include <check.h>
#include <math.h>
#include <string.h>
#include "tests/lib/game.h"
#include "common/rng.h"

enum degenerate { ZERO, ALL_ZERO, IDENTICAL, OPPOSITE, TINY, HUGE_ONE, DEGENERATE };

static void degenerate_gradients(struct gradients *room, int K, int kind)
{
	static const float factor[] = { 0, 0, 0, 0, 1e-18f, 1e15f };

	for (int i = 0; i < ROOM; i++)
		for (int k = 0; k < K; k++) {
			float *g = &room->rows[k][i];

			if (kind == ALL_ZERO || (kind == ZERO && k == K / 2))
				*g = 0;
			else if (kind == IDENTICAL)
				*g = room->rows[0][i];
			else if (kind == OPPOSITE)
				*g = k % 2 ? -room->rows[0][i] : room->rows[0][i];
			else if (kind != ZERO && k == K / 2)
				*g *= factor[kind];
		}
}

/* What is combined must be finite wherever the weights are. */
static void check_combined(struct game *g, const char *method)
{
	for (int k = 0; k < g->setup.K; k++)
		ck_assert_msg(isfinite(g->weight[k]) &&
				(!(g->setup.needs & NEEDS_GRADIENTS) ||
					isfinite(g->gradients->head[k])),
			"%s", method);
	for (int i = 0; g->setup.needs & NEEDS_GRADIENTS && i < ROOM; i++)
		ck_assert_msg(isfinite(g->gradients->out[i]), "%s", method);
}

/* Zero, identical, opposite, tiny and huge gradients, a loss of exactly zero. */
START_TEST(degenerate_gradients_give_finite_weights_or_a_named_divergence)
{
	static const int counts[] = { 1, 2, 3, 50 };
	int K = counts[_i % 4];
	int n;
	const struct method_info *methods = catalogue_methods(&n);

	for (int i = 0; i < n * DEGENERATE * 2; i++) {
		struct arena_mark mark = arena_mark(&game_arena);
		struct game g;
		double loss[TASKS_MAX];

		game_start_any(&g, methods[i % n].name, K);
		for (int s = 0; s < 3; s++) {
			game_random_losses(loss, K, (uint64_t)s);
			if (i / n / DEGENERATE)
				loss[K / 2] = 0;
			if (g.setup.needs & NEEDS_GRADIENTS)
				game_random_gradients(g.gradients, K, s);
			degenerate_gradients(g.gradients, K, i / n % DEGENERATE);
			if (game_combine(&g, s, 1, loss)) {
				ck_assert_int_eq(g.e.code, ERR_DIVERGED);
				ck_assert_ptr_nonnull(strstr(g.e.msg, "task"));
				break;
			}
			check_combined(&g, methods[i % n].name);
		}
		arena_rewind(&game_arena, mark);
	}
}
END_TEST

/* Common directions that the definitions promise, on three random gradients. */
START_TEST(methods_on_gradients_keep_what_they_promise)
{
	const double loss[] = { 1, 2, 3 };
	struct game g;
	const double *M;

	START(&g, 3, "imtl_g");
	ck_assert_int_eq(game_weigh(&g, 0, 1, loss), OK);
	M = g.gradients->gram;
	ck_assert_double_eq_tol(sum_of(g.weight, 3), 1, 1e-12);
	for (int k = 1; k < 3; k++) {
		double off = 0;

		for (int j = 0; j < 3; j++)
			off += g.weight[j] *
				(M[j * 3] / sqrt(M[0]) -
					M[j * 3 + k] / sqrt(M[k * 3 + k]));
		ck_assert_double_eq_tol(off, 0, 1e-9);
	}
	START(&g, 3, "nash_mtl", "max_norm", "0");
	ck_assert_int_eq(game_weigh(&g, 0, 1, loss), OK);
	M = g.gradients->gram;
	for (int k = 0; k < 3; k++) {
		double dot = 0;

		for (int j = 0; j < 3; j++)
			dot += M[k * 3 + j] * g.weight[j];
		ck_assert_double_eq_tol(g.weight[k] * dot, 1, 1e-9);
	}
	START(&g, 3, "mgda");
	ck_assert_int_eq(game_weigh(&g, 0, 1, loss), OK);
	ck_assert_double_eq_tol(sum_of(g.weight, 3), 1, 1e-12);
	for (int k = 0; k < 3; k++)
		ck_assert_double_eq(g.gradients->head[k], 1);
	START(&g, 3, "mgda", "heads", "weighted");
	ck_assert_int_eq(game_weigh(&g, 0, 1, loss), OK);
	for (int k = 0; k < 3; k++)
		ck_assert_double_eq(g.gradients->head[k], g.weight[k]);
}
END_TEST

/*
 * What a method tells of itself is what its next weights are made of: of the losses or,
 * where it weighs the heads, of those.
 */
START_TEST(weights_follow_from_what_is_diagnosed)
{
	static const struct {
		const char *method, *option, *value, *figure;
		double factor, power; /* weight = factor * exp(power * figure) */
		bool heads;
	} rows[] = {
		{ "imtl_l", "init", "0.3", "log_weight", 1, 1, false },
		{ "imtl", "init", "0.3", "log_weight", 1, 1, true },
		{ "atw", "init", "0.4", "log_variance", 0.5, -1, false },
		{ "miraliev", "init", "0.2", "log_variance", 0.5, -1, false },
		{ "gcs", "impartial", "true", "log_variance", 0.5, -1, true },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct diagnostic d[DIAGNOSTICS_MAX];
		struct game g;

		START(&g, 3, rows[i].method, rows[i].option, rows[i].value);
		for (int s = 0; s < 5; s++)
			WEIGH(&g, s, 0.1, 1 + s, 7);
		ck_assert_int_eq(weighting_diagnose(&g.setup, g.state, NULL, d), 3);
		WEIGH(&g, 5, 0.1, 6, 7);
		ck_assert_double_ne(d[0].value, d[1].value);
		for (int k = 0; k < 3; k++) {
			double weight =
				rows[i].heads ? g.gradients->head[k] : g.weight[k];

			ck_assert_str_eq(d[k].name, rows[i].figure);
			ck_assert_int_eq(d[k].task, k);
			ck_assert_msg(fabs(weight -
					      rows[i].factor *
						      exp(rows[i].power * d[k].value)) <
					1e-12,
				"%s, task %d: %g from %g", rows[i].method, k, weight,
				d[k].value);
		}
	}
}
END_TEST

/* Scores of a game are (k + step) / 8; smoothed by a half. */
START_TEST(dtp_tells_the_smoothed_performance_of_each_task)
{
	struct diagnostic d[DIAGNOSTICS_MAX];
	struct game g;

	START(&g, 3, "dtp", "alpha", "0.5", "gamma", "2");
	WEIGH(&g, 2, 1, 1, 1);
	WEIGH(&g, 4, 1, 1, 1);
	ck_assert_int_eq(weighting_diagnose(&g.setup, g.state, NULL, d), 3);
	for (int k = 0; k < 3; k++) {
		double kpi = (k + 3) / 8.0;

		ck_assert_str_eq(d[k].name, "kpi");
		ck_assert_int_eq(d[k].task, k);
		ck_assert_double_eq_tol(d[k].value, kpi, 1e-15);
		ck_assert_double_eq_tol(
			g.weight[k], -(1 - kpi) * (1 - kpi) * log(kpi), 1e-15);
	}
}
END_TEST

/* Gradients that cancel have no weights by which all projections are equal. */
START_TEST(steps_without_weights_are_counted_until_the_epoch_ends)
{
	static const char *const methods[] = { "imtl_g", "imtl" };
	const double loss[] = { 1, 1 };

	for (int i = 0; i < 2; i++) {
		struct diagnostic d[DIAGNOSTICS_MAX];
		struct game g;
		int others;

		START(&g, 2, methods[i]);
		ck_assert_int_eq(game_weigh(&g, 0, 1, loss), OK);
		others = weighting_diagnose(&g.setup, g.state, loss, d);
		ck_assert_int_eq(others, i == 0 ? 0 : 2);
		game_random_gradients(g.gradients, 2, 1);
		degenerate_gradients(g.gradients, 2, ALL_ZERO);
		for (int s = 1; s <= 3; s++)
			ck_assert_int_eq(game_combine(&g, s, 1, loss), OK);
		ck_assert_int_eq(
			weighting_diagnose(&g.setup, g.state, loss, d), others + 1);
		ck_assert_str_eq(d[others].name, "steps_without_weights");
		ck_assert_int_eq(d[others].task, -1);
		ck_assert_double_eq(d[others].value, 3);
		weighting_end_epoch(&g.setup, g.state, loss);
		ck_assert_int_eq(
			weighting_diagnose(&g.setup, g.state, loss, d), others);
	}
}
END_TEST

/* alpha stays where gradients cancel, and the step is counted. */
START_TEST(nash_keeps_its_weights_where_there_is_no_solution)
{
	const double loss[] = { 1, 1 };
	struct diagnostic d[DIAGNOSTICS_MAX];
	double before;
	struct game g;

	START(&g, 2, "nash_mtl");
	ck_assert_int_eq(game_weigh(&g, 0, 1, loss), OK);
	before = g.gradients->head[0];
	ck_assert_double_ne(before, 1);
	game_random_gradients(g.gradients, 2, 1);
	degenerate_gradients(g.gradients, 2, OPPOSITE);
	ck_assert_int_eq(game_combine(&g, 1, 1, loss), OK);
	ck_assert_double_eq(g.gradients->head[0], before);
	ck_assert_int_eq(weighting_diagnose(&g.setup, g.state, loss, d), 2);
	ck_assert_str_eq(d[1].name, "steps_without_solution");
	ck_assert_double_eq(d[1].value, 1);
	weighting_end_epoch(&g.setup, g.state, loss);
	ck_assert_int_eq(weighting_diagnose(&g.setup, g.state, loss, d), 2);
	ck_assert_double_eq(d[1].value, 0);
}
END_TEST

/* Two of three gradients are opposite: what they make of each other is rounding. */
START_TEST(cagrad_takes_the_mean_where_gradients_cancel)
{
	const double loss[] = { 1, 1, 1 };
	struct game g;

	START(&g, 3, "cagrad");
	game_random_gradients(g.gradients, 3, 0);
	for (int i = 0; i < ROOM; i++)
		g.gradients->rows[1][i] = -g.gradients->rows[0][i];
	ck_assert_int_eq(game_combine(&g, 0, 1, loss), OK);
	for (int k = 0; k < 3; k++)
		ck_assert_double_eq(g.weight[k], 1.0 / 3);
}
END_TEST

/* Only the floats of one part of the trunk are not zero. */
static void keep_part(struct gradients *room, const struct trunk_parts *parts, int p)
{
	for (int k = 0; k < TASKS_MAX; k++)
		for (size_t i = 0; i < ROOM; i++)
			if (p >= 0 && (i < parts->begin[p] || i >= parts->begin[p + 1]))
				room->rows[k][i] = 0;
}

/* What is turned for itself comes out as if there were nothing else. */
START_TEST(gradvac_turns_every_part_of_the_trunk_for_itself)
{
	static const char *const groups[] = { "layer", "matrix" };
	const struct trunk_parts *parts = _i ? &game_trunk.arrays : &game_trunk.layers;
	const double loss[] = { 1, 1, 1 };
	float want[ROOM] = { 0 };
	struct game g;

	for (int p = 0; p < parts->n; p++) {
		START(&g, 3, "gradvac", "beta", "0.5");
		for (int s = 0; s < 4; s++) {
			game_random_gradients(g.gradients, 3, s);
			keep_part(g.gradients, parts, p);
			ck_assert_int_eq(game_combine(&g, s, 1, loss), OK);
		}
		for (int i = 0; i < ROOM; i++)
			want[i] += g.gradients->out[i];
	}
	START(&g, 3, "gradvac", "beta", "0.5", "group", groups[_i]);
	for (int s = 0; s < 4; s++)
		ck_assert_int_eq(game_weigh(&g, s, 1, loss), OK);
	for (int i = 0; i < ROOM; i++)
		ck_assert_double_eq_tol(
			(double)g.gradients->out[i], (double)want[i], 1e-6);
}
END_TEST

START_TEST(impartial_decoders_change_heads_and_leave_the_trunk)
{
	static const char *const methods[] = { "gcs", "ol_aux", "auto_lambda" };
	const double loss[] = { 0.5, 2, 8 };
	struct game plain, g;

	START(&plain, 3, methods[_i]);
	START(&g, 3, methods[_i], "impartial", "true", "sigma", "2");
	ck_assert(g.setup.needs & NEEDS_GRADIENTS);
	for (int s = 0; s < 5; s++) {
		game_random_gradients(plain.gradients, 3, s);
		game_random_gradients(g.gradients, 3, s);
		ck_assert_int_eq(game_combine(&plain, s, 1, loss), OK);
		ck_assert_int_eq(game_combine(&g, s, 1, loss), OK);
		for (int k = 0; k < 3; k++) {
			ck_assert_double_eq(g.weight[k], plain.weight[k]);
			if (s == 0)
				ck_assert_double_eq_tol(
					g.gradients->head[k], 0.125, 1e-12);
		}
	}
	/* 1/(2 sigma^2) has moved towards 1/(2 loss) */
	ck_assert_double_gt(g.gradients->head[0], 0.125);
	ck_assert_double_lt(g.gradients->head[2], 0.125);
}
END_TEST

/* The encoder's alternatives, on gradients of lengths 1, 2, 4 and sigma 0.6. */
START_TEST(auxiliary_gradients_reach_the_trunk_as_the_encoder_says)
{
	static const struct {
		const char *option, *value, *more, *than;
		double want[2];
	} rows[] = {
		{ "encoder", "ial", "g", "relu", { 0.4 / 2, 0.4 / 4 } },
		{ "encoder", "uncertainty", "g", "relu", { 0.4, 0.4 } },
		{ "encoder", "gradient", "g", "relu", { 0.5, 0.25 } },
		{ "encoder", "fixed", "fixed", "0.3", { 0.3, 0.3 } },
		{ "encoder", "ial", "norm", "sample", { 0.4, 0.4 } },
		{ "encoder", "uncertainty", "g", "softplus", { 0.913015, 0.913015 } },
		{ "encoder", "uncertainty", "argument", "variance", { 0.64, 0.64 } },
	};
	const double loss[] = { 1, 1, 1 };

	for (int r = 0; r < COUNT(rows); r++) {
		struct game g;

		START(&g, 3, "ial", "init", "0.6", rows[r].option, rows[r].value,
			rows[r].more, rows[r].than);
		for (int k = 0; k < 3; k++)
			for (int i = 0; i < ROOM; i++)
				g.gradients->rows[k][i] =
					(float)((i + k) % 2 ? 1 << k : -(1 << k));
		ck_assert_int_eq(game_combine(&g, 0, 1, loss), OK);
		ck_assert_double_eq(g.weight[0], 1);
		for (int k = 1; k < 3; k++)
			ck_assert_double_eq_tol(g.weight[k], rows[r].want[k - 1], 1e-6);
	}
}
END_TEST

/* Each sample of an auxiliary gradient has the length of the primary one's there. */
START_TEST(lengths_of_samples_are_brought_together_one_by_one)
{
	const double loss[] = { 1, 1 };
	struct game g;

	START(&g, 2, "ial", "norm", "sample", "encoder", "gradient");
	game_random_gradients(g.gradients, 2, 0);
	for (int i = 0; i < ROOM / 4; i++)
		g.gradients->rows[1][i] *= 1000;
	ck_assert_int_eq(game_combine(&g, 0, 1, loss), OK);
	for (int n = 0; n < 4; n++) {
		double length[2] = { 0, 0 };

		for (int k = 0; k < 2; k++)
			for (int i = 0; i < ROOM / 4; i++)
				length[k] += pow(
					(double)g.gradients->rows[k][n * ROOM / 4 + i],
					2);
		ck_assert_double_eq_tol(length[1] / length[0], 1, 1e-5);
	}
}
END_TEST

/* Weights follow the average of the last steps, the network the step's own gradients. */
START_TEST(ol_aux_compares_filtered_gradients_and_hands_on_its_own)
{
	const double loss[] = { 1, 1 };
	double round = 0;
	struct game g;

	START(&g, 2, "ol_aux", "filter", "3", "N", "1", "beta", "1");
	for (int s = 0; s < 6; s++) {
		double mean[2][ROOM] = { { 0 } };
		double dot = 0;
		double w = g.state[1];
		int n = s < 2 ? s + 1 : 3;

		for (int back = 0; back < n; back++) {
			game_random_gradients(g.gradients, 2, s - back);
			for (int k = 0; k < 2; k++)
				for (int i = 0; i < ROOM; i++)
					mean[k][i] +=
						(double)g.gradients->rows[k][i] / n;
		}
		for (int i = 0; i < ROOM; i++)
			dot += mean[0][i] * mean[1][i];
		round += game_optim.lr * dot;
		ck_assert_int_eq(game_weigh(&g, s, 1, loss), OK);
		ck_assert_double_eq_tol(g.state[1], 1 + round, 1e-5);
		for (int i = 0; i < ROOM; i++) {
			float own[2];

			for (int k = 0; k < 2; k++)
				own[k] = (float)rng_normal(3, RNG_DATA, (uint64_t)s,
					(uint64_t)(k * ROOM + i));
			ck_assert_double_eq_tol((double)g.gradients->out[i],
				(double)own[0] + w * (double)own[1], 1e-5);
		}
	}
}
END_TEST

START_TEST(ol_aux_on_logarithms_divides_by_the_losses)
{
	const double loss[] = { 0.5, 4 };
	struct game plain, g;

	START(&plain, 2, "ol_aux", "N", "1", "beta", "1");
	START(&g, 2, "ol_aux", "N", "1", "beta", "1", "losses", "log");
	ck_assert_int_eq(game_weigh(&plain, 0, 1, loss), OK);
	ck_assert_int_eq(game_weigh(&g, 0, 1, loss), OK);
	ck_assert_double_eq_tol(g.state[1] - 1, (plain.state[1] - 1) / (0.5 * 4), 1e-6);
	ck_assert_double_eq(g.gradients->head[0], 2);
	ck_assert_double_eq(g.gradients->head[1], 0.25);
}
END_TEST

/* The step that combine_at makes up has the largest slope for the last task. */
START_TEST(weights_fall_where_they_would_do_harm_on_another_batch)
{
	const double loss[] = { 1, 1, 1 };
	struct game g;

	START(&g, 3, "auto_lambda", "weight_lr", "0.01");
	for (int s = 1; s <= 10; s++) { /* slopes of every third step differ in sign */
		ck_assert_int_eq(game_weigh(&g, 3 * s + 2, 1, loss), OK);
		ck_assert_double_gt(g.weight[0], 0.1);
		ck_assert_double_lt(g.weight[2], 0.1);
	}
	START(&g, 3, "auto_lambda", "form", "softmax", "weight_lr", "0.01", "every",
		"2");
	ck_assert_double_eq(g.state[1], 0);
	for (int s = 0; s < 9; s++)
		ck_assert_int_eq(game_weigh(&g, s, 1, loss), OK);
	ck_assert_double_eq_tol(sum_of(g.weight, 3), 1, 1e-12);
	ck_assert_double_gt(g.weight[0], g.weight[2]);
}
END_TEST

Suite *suite_weighting_gradient(void);
Suite *suite_weighting_gradient(void)
{
	Suite *s = suite_create("weighting_gradient");
	TCase *c = tcase_create("weighting_gradient");

	tcase_add_checked_fixture(c, game_setup, game_teardown);
	tcase_add_loop_test(c,
		degenerate_gradients_give_finite_weights_or_a_named_divergence, 0, 4);
	tcase_add_test(c, methods_on_gradients_keep_what_they_promise);
	tcase_add_test(c, weights_follow_from_what_is_diagnosed);
	tcase_add_test(c, dtp_tells_the_smoothed_performance_of_each_task);
	tcase_add_test(c, steps_without_weights_are_counted_until_the_epoch_ends);
	tcase_add_test(c, nash_keeps_its_weights_where_there_is_no_solution);
	tcase_add_test(c, cagrad_takes_the_mean_where_gradients_cancel);
	tcase_add_loop_test(c, gradvac_turns_every_part_of_the_trunk_for_itself, 0, 2);
	tcase_add_loop_test(
		c, impartial_decoders_change_heads_and_leave_the_trunk, 0, 3);
	tcase_add_test(c, auxiliary_gradients_reach_the_trunk_as_the_encoder_says);
	tcase_add_test(c, lengths_of_samples_are_brought_together_one_by_one);
	tcase_add_test(c, ol_aux_compares_filtered_gradients_and_hands_on_its_own);
	tcase_add_test(c, ol_aux_on_logarithms_divides_by_the_losses);
	tcase_add_test(c, weights_fall_where_they_would_do_harm_on_another_batch);
	suite_add_tcase(s, c);
	return s;
}
