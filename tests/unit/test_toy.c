#include <check.h>
#include <math.h>
#include <string.h>
#include "tests/lib/child.h"
#include "tests/lib/digest.h"
#include "tests/lib/scratch.h"
#include "tests/lib/small_db.h"
#include "tests/lib/toy_optimum.h"
#include "trainer-core/toy/line.h"
#include "trainer-core/train/train.h"

static struct arena arena;

static void setup(void)
{
	memset(&arena, 0, sizeof(arena));
}

static void teardown(void)
{
	arena_release(&arena);
}

static const double starts[][TOY_K] = { { -8.5, 7.5 }, { -8.5, -5 }, { 9, 9 } };

static const struct toy_method *method_of(const char *name)
{
	const struct toy_method *m = toy_methods;

	while (strcmp(m->method, name) != 0)
		m++;
	return m;
}

#define NEVER 2000

/* The first step whose mean loss is below -15, at most NEVER. */
static long iterations(
	const char *method, const char *optimizer, double lr, const double *start)
{
	const struct toy_method *m = method_of(method);
	struct params ps;
	struct toy t;
	struct err e = { 0 };

	toy_params(&ps, m, optimizer, lr, &arena);
	ck_assert_msg(!toy_init(&t, &ps, m->reduction, start, &arena, &e), "%s", e.msg);
	while (toy_mean(&t) >= TOY_REACHED && t.step < NEVER)
		if (toy_step(&t, &e))
			return NEVER;
	return t.step;
}

/* The Adam entries of Table A7 (Elich et al. 2024) that its criterion reproduces. */
static const struct {
	const char *method;
	double lr;
	long printed;
} entries[] = { { "ew", 10, 26 }, { "ew", 5, 37 }, { "ew", 1, 22 }, { "ew", 0.5, 58 },
	{ "ew", 0.1, 709 }, { "cagrad", 10, 27 }, { "cagrad", 5, 30 },
	{ "cagrad", 1, 32 }, { "cagrad", 0.5, 106 }, { "pcgrad", 10, 25 },
	{ "pcgrad", 1, 56 } };

/* The entry with every start moved by `by` along x1. */
static long longest(int entry, double by)
{
	long most = 0;

	for (int i = 0; i < 3; i++) {
		const double start[TOY_K] = { starts[i][0] + by, starts[i][1] };
		long n = iterations(
			entries[entry].method, "adam", entries[entry].lr, start);

		most = n > most ? n : most;
	}
	return most;
}

START_TEST(eleven_printed_figures_are_reached_to_the_step)
{
	for (int i = 0; i < COUNT(entries); i++)
		ck_assert_msg(longest(i, 0) == entries[i].printed,
			"adam %s lr %g: %ld steps, printed %ld", entries[i].method,
			entries[i].lr, longest(i, 0), entries[i].printed);
	ck_assert_int_eq(iterations("cagrad", "gd", 10, starts[0]), 644);
}
END_TEST

/* docs/REPRODUCTION.md marks them, and has a block for each experiment. */
START_TEST(the_page_shows_them_beside_the_paper)
{
	static const char *const lines[] = {
		"| Adam | EW | deltam | **26** | **37** | **22** | **58** | **709** |",
		"| Adam | CAGrad | deltam | **27** | **30** | **32** | **106** |",
		"| Adam | PCGrad | deltam | **25** | ", " | **56** | ",
		"| GD | CAGrad | deltam | **644** |",
		"| Adam | EW | paper | 26 | 37 | 22 | 58 | 709 | 2135 | 9015 |",
		"<!-- $ deltam toy --format markdown -->\n| Optimizer",
		"<!-- $ deltam toy --scale --format markdown -->\n| Trunk",
		"<!-- $ deltam toy --sigma --format markdown -->\n| σ"
	};
	const char *page;

	scratch_enter();
	page = source_text("docs/REPRODUCTION.md");
	for (int i = 0; i < COUNT(lines); i++)
		ck_assert_msg(strstr(page, lines[i]) != NULL, "%s", lines[i]);
	scratch_leave();
}
END_TEST

START_TEST(other_starts_give_other_figures)
{
	int changed = 0;

	for (int i = 0; i < COUNT(entries); i++)
		changed += longest(i, 1) != entries[i].printed;
	ck_assert_int_ge(changed, 8);
}
END_TEST

START_TEST(the_optimum_is_flat_and_reached)
{
	double x[TOY_K];
	double f[TOY_K];
	double g[TOY_K * TOY_K];

	toy_optimum(x);
	toy_losses(x, f, g);
	ck_assert_double_lt(fabs(g[0] + g[2]), 1e-12);
	ck_assert_double_lt(fabs(g[1] + g[3]), 1e-12);
	ck_assert_double_lt((f[0] + f[1]) / 2, TOY_REACHED);
	ck_assert_int_eq(iterations("ew", "adam", 1, x), 0);
}
END_TEST

START_TEST(a_descent_that_diverges_stays_at_its_last_finite_point)
{
	const struct toy_method *m = method_of("ew");
	struct params ps;
	struct toy t;
	struct err e = { 0 };

	toy_params(&ps, m, "gd", 1e200, &arena);
	ck_assert_int_eq(toy_init(&t, &ps, m->reduction, starts[1], &arena, &e), OK);
	ck_assert_int_eq(toy_step(&t, &e), ERR_DIVERGED);
	ck_assert_double_eq(t.x[0], starts[1][0]);
	ck_assert(isfinite(toy_mean(&t)));
	ck_assert_int_eq(t.step, 0);
}
END_TEST

/* Against differences, both halves of the plane. */
START_TEST(gradients_are_those_of_the_losses)
{
	const double at[][TOY_K] = { { -8.5, 7.5 }, { 9, 9 }, { 2, -6 }, { -3, 0.5 } };
	const double h = 1e-6;

	for (int i = 0; i < 4; i++)
		for (int j = 0; j < TOY_K; j++) {
			double x[TOY_K] = { at[i][0], at[i][1] };
			double f[TOY_K], g[TOY_K * TOY_K], above[TOY_K], below[TOY_K];

			toy_losses(x, f, g);
			x[j] = at[i][j] + h;
			toy_losses(x, above, NULL);
			x[j] = at[i][j] - h;
			toy_losses(x, below, NULL);
			for (int k = 0; k < TOY_K; k++)
				ck_assert_double_eq_tol((above[k] - below[k]) / (2 * h),
					g[k * TOY_K + j], 1e-7);
		}
}
END_TEST

#define TOY(...) \
	child_run((const char *const[]){ "deltam", "toy", __VA_ARGS__, NULL }, NULL)

START_TEST(the_command_leaves_the_table_and_its_trajectories)
{
	char first[8192];
	char again[8192];

	scratch_enter();
	ck_assert_int_eq(TOY("--steps", "150", "--format", "csv"), 0);
	scratch_read("out", first, sizeof(first));
	ck_assert_ptr_nonnull(strstr(first, "Adam,EW,deltam,26,37,22,58,,,,,"));
	ck_assert_ptr_nonnull(strstr(first, "Adam,EW,paper,26,37,22,58,709,2135,"));
	ck_assert_int_eq(query_int("toy.db", "SELECT count(*) FROM toy_run"), 216);
	ck_assert_int_eq(query_int("toy.db",
				 "SELECT iterations FROM toy_iterations WHERE "
				 "optimizer='adam' AND method='cagrad' AND lr=0.5"),
		106);
	/* The start, each step to 100, then every tenth, and the end where it is. */
	ck_assert_int_eq(query_int("toy.db",
				 "SELECT count(*) FROM toy_trajectory WHERE optimizer="
				 "'adam' AND method='ew' AND lr=0.001 AND start=2"),
		106);
	ck_assert_str_eq(query_text("toy.db",
				 "SELECT group_concat(step) FROM toy_trajectory WHERE "
				 "optimizer='adam' AND method='cagrad' AND lr=0.5 AND "
				 "start=3 AND step > 98"),
		"99,100,106");
	ck_assert_int_eq(TOY("--steps", "150", "--format", "csv"), 0);
	scratch_read("out", again, sizeof(again));
	ck_assert_str_eq(first, again);
	ck_assert_int_eq(query_int("toy.db", "SELECT count(*) FROM toy_run"), 216);
	scratch_leave();
}
END_TEST

START_TEST(one_experiment_at_a_time)
{
	scratch_enter();
	ck_assert_int_eq(TOY("--scale", "--sigma"), 2);
	ck_assert_str_eq(scratch_files(), "err out");
	scratch_leave();
}
END_TEST

/* The largest factor between scaled and plain lengths, whichever way. */
#define FARTHEST(column, where) \
	query_int("toy.db", \
		"SELECT 1000 * max(max(" column ", 1 / " column ")) FROM " \
		"toy_invariance WHERE " where)

START_TEST(scaled_losses_move_what_the_method_lets_them)
{
	scratch_enter();
	ck_assert_int_eq(TOY("--scale", "--steps", "3", "--format", "csv"), 0);
	ck_assert_int_eq(FARTHEST("step_ratio", "method='uw_o'"), 1000);
	ck_assert_int_eq(FARTHEST("gradient_ratio", "method='uw_o'"), 1000);
	ck_assert_int_le(
		FARTHEST("step_ratio", "trunk='frozen' AND optimizer='adam, eps 0'"),
		1001);
	ck_assert_int_le(
		FARTHEST("step_ratio", "optimizer='adam per task, eps 0'"), 1001);
	ck_assert_int_gt(
		FARTHEST("step_ratio", "method='ew' AND optimizer='sgd'"), 9000);
	ck_assert_int_ge(
		FARTHEST("step_ratio", "trunk='free' AND optimizer='adam, eps 0'"),
		1002);
	ck_assert_int_ge(
		FARTHEST("gradient_ratio",
			"trunk='frozen' AND optimizer='adam' AND part='task1'"),
		9999);
	ck_assert_int_eq(query_int("toy.db",
				 "SELECT count(*) FROM toy_scale WHERE (step = 0) <> "
				 "(trunk = 'frozen' AND part = 'trunk')"),
		0);
	ck_assert_int_eq(query_int("toy.db",
				 "SELECT count(*) FROM toy_scale WHERE gradient = 0"),
		0);
	/* 3 epochs and parts of 14 trainings with three pairs of scales. */
	ck_assert_int_eq(
		query_int("toy.db", "SELECT count(*) FROM toy_scale"), 3 * 3 * 14 * 3);
	ck_assert_int_eq(query_int("toy.db", "SELECT count(*) FROM toy_scale_loss"),
		3 * 2 * 14 * 3);
	/* UW-O trains the same network whatever the scales: losses differ by them alone. */
	ck_assert_int_eq(
		query_int("toy.db",
			"SELECT count(*) FROM toy_scale_loss s JOIN toy_scale_loss p "
			"USING (trunk, method, optimizer, epoch, task) WHERE p.scale1 = 1 "
			"AND s.scale2 = 0.1 AND method = 'uw_o' AND "
			"abs(s.loss - p.loss) <= 1e-5 * p.loss AND abs(s.scaled - p.loss * "
			"CASE task WHEN 'task1' THEN 10 ELSE 0.1 END) <= 1e-5 * s.scaled"),
		3 * 2 * 4);
	ck_assert_int_gt(
		FARTHEST("step_ratio", "method='ew' AND optimizer='sgd, momentum 0.9'"),
		9000);
	scratch_leave();
}
END_TEST

START_TEST(sigma_is_learned_where_there_is_enough_to_learn_from)
{
	scratch_enter();
	ck_assert_int_eq(TOY("--sigma", "--steps", "300", "--format", "csv"), 0);
	ck_assert_int_eq(query_int("toy.db", "SELECT count(*) FROM toy_sigma"), 45);
	ck_assert_int_eq(
		query_int("toy.db",
			"SELECT count(*) FROM toy_sigma WHERE noise = 1 AND "
			"samples = 2000 AND width > 1 AND abs(sigma - 1) > 0.05"),
		0);
	ck_assert_int_eq(query_int("toy.db",
				 "SELECT count(*) FROM toy_sigma WHERE noise = 1 AND "
				 "samples = 20 AND width = 64 AND sigma < 0.8 AND "
				 "test_error > 1"),
		1);
	scratch_leave();
}
END_TEST

static struct dataset *line_of(int samples)
{
	struct dataset *d = NEW(&arena, struct dataset);

	line_make(&(struct toy_line){ .train = samples,
			  .test = 1,
			  .tasks = 2,
			  .slope = { 1, -2 },
			  .scale = { 1, 1 },
			  .noise = 0.5,
			  .loss = LOSS_L2 },
		&arena, d);
	return d;
}

START_TEST(a_longer_line_begins_with_a_shorter_one)
{
	const struct split_data *a = &line_of(5)->split[SPLIT_TRAIN];
	const struct split_data *b = &line_of(500)->split[SPLIT_TRAIN];
	const float *x = b->input.data;
	const float *y = b->target[1].data;
	double squares = 0;

	ck_assert_mem_eq(a->input.data, x, 5 * sizeof(float));
	ck_assert_mem_eq(a->target[1].data, y, 5 * sizeof(float));
	for (int i = 0; i < 500; i++)
		squares += ((double)y[i] + 2 * (double)x[i]) *
			((double)y[i] + 2 * (double)x[i]);
	ck_assert_double_eq_tol(sqrt(squares / 500), 0.5, 0.05);
}
END_TEST

static int train_frozen(
	const char *what, const char *wd, struct train **t, struct err *e)
{
	struct params *ps = NEW(&arena, struct params);
	const char *const settings[] = { "method", "ew", "model.name", "mlp",
		"model.hidden", "4", "train.optimizer", "adam", "lr", "0.1", "wd", wd,
		"seed", "0", "train.epochs", "1", "train.freeze", what,
		"diagnose.gradients.every", "1", NULL };

	for (int i = 0; settings[i]; i += 2)
		params_set(ps, &arena, settings[i], settings[i + 1]);
	return train_new(t, ps, line_of(64), &arena, e);
}

/* With decay, which would shrink it. */
START_TEST(what_is_frozen_has_a_gradient_and_stays)
{
	static const char *const parts[] = { "", "task1", "task2" };
	const struct epoch_rows *rows;
	struct train *t;
	struct err e = { 0 };
	int moving = 0;

	ck_assert_msg(!train_frozen("task2 trunk", "0.1", &t, &e), "%s", e.msg);
	ck_assert_int_eq(train_epoch(t, NULL, NULL, &rows, &e), OK);
	for (int i = 0; i < rows->metrics; i++) {
		const struct metric_row *r = &rows->metric[i];

		if (!strcmp(r->name, "gradient_mean"))
			ck_assert_double_gt(r->value, 0);
		if (strcmp(r->name, "update_mean") != 0)
			continue;
		ck_assert_int_eq(r->value > 0, !strcmp(r->task, parts[1]));
		moving++;
	}
	ck_assert_int_eq(moving, 3);
	ck_assert_int_eq(train_frozen("task3", "0", &t, &e), ERR_SPEC);
	ck_assert_int_eq(
		train_frozen("trunk task1 task2 trunk", "0", &t, &e), ERR_SPEC);
}
END_TEST

Suite *suite_toy(void);
Suite *suite_toy(void)
{
	Suite *s = suite_create("toy");
	TCase *t = tcase_create("toy");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, eleven_printed_figures_are_reached_to_the_step);
	tcase_add_test(t, the_page_shows_them_beside_the_paper);
	tcase_add_test(t, other_starts_give_other_figures);
	tcase_add_test(t, the_optimum_is_flat_and_reached);
	tcase_add_test(t, a_descent_that_diverges_stays_at_its_last_finite_point);
	tcase_add_test(t, gradients_are_those_of_the_losses);
	tcase_add_test(t, the_command_leaves_the_table_and_its_trajectories);
	tcase_add_test(t, one_experiment_at_a_time);
	tcase_add_test(t, scaled_losses_move_what_the_method_lets_them);
	tcase_add_test(t, sigma_is_learned_where_there_is_enough_to_learn_from);
	tcase_add_test(t, a_longer_line_begins_with_a_shorter_one);
	tcase_add_test(t, what_is_frozen_has_a_gradient_and_stays);
	suite_add_tcase(s, t);
	return s;
}
