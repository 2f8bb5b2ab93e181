#include <check.h>
#include <math.h>
#include <string.h>
#include "tests/lib/child.h"
#include "tests/lib/digest.h"
#include "tests/lib/scratch.h"
#include "trainer-core/toy.h"

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
#define ENTRIES ((int)(sizeof(entries) / sizeof(entries[0])))

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
	for (int i = 0; i < ENTRIES; i++)
		ck_assert_msg(longest(i, 0) == entries[i].printed,
			"adam %s lr %g: %ld steps, printed %ld", entries[i].method,
			entries[i].lr, longest(i, 0), entries[i].printed);
	ck_assert_int_eq(iterations("cagrad", "gd", 10, starts[0]), 644);
}
END_TEST

START_TEST(other_starts_give_other_figures)
{
	int changed = 0;

	for (int i = 0; i < ENTRIES; i++)
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

Suite *suite_toy(void);
Suite *suite_toy(void)
{
	Suite *s = suite_create("toy");
	TCase *t = tcase_create("toy");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, eleven_printed_figures_are_reached_to_the_step);
	tcase_add_test(t, other_starts_give_other_figures);
	tcase_add_test(t, the_optimum_is_flat_and_reached);
	tcase_add_test(t, gradients_are_those_of_the_losses);
	tcase_add_test(t, the_command_leaves_the_table_and_its_trajectories);
	tcase_add_test(t, one_experiment_at_a_time);
	suite_add_tcase(s, t);
	return s;
}
