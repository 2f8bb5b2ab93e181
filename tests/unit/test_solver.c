#include <check.h>
#include <math.h>
#include <string.h>
#include "catalogue/catalogue.h"
#include "common/rng.h"
#include "trainer-core/solver/solver.h"

/* Scalar products of K random gradients of P numbers: of rank P where P < K. */
static void random_gram(int K, int P, uint64_t stream, double *M)
{
	double g[TASKS_MAX][TASKS_MAX];

	for (int k = 0; k < K; k++)
		for (int p = 0; p < P; p++)
			g[k][p] = 0.3 +
				rng_normal(5, RNG_DATA, stream,
					(uint64_t)(k * TASKS_MAX + p));
	for (int i = 0; i < K; i++)
		for (int j = 0; j < K; j++) {
			M[i * K + j] = 0;
			for (int p = 0; p < P; p++)
				M[i * K + j] += g[i][p] * g[j][p];
		}
}

static double M[TASKS_MAX * TASKS_MAX];

START_TEST(eigenvectors_rebuild_the_matrix)
{
	static const int sizes[][2] = { { 1, 1 }, { 2, 5 }, { 7, 3 }, { 50, 60 } };
	int K = sizes[_i][0];
	double value[TASKS_MAX];
	double vector[TASKS_MAX * TASKS_MAX];

	random_gram(K, sizes[_i][1], 1, M);
	symmetric_eigen(K, M, value, vector);
	for (int i = 0; i < K; i++) {
		ck_assert(i == 0 || value[i] <= value[i - 1]);
		for (int j = 0; j < K; j++) {
			double sum = 0;
			double unit = 0;

			for (int s = 0; s < K; s++) {
				sum += vector[i * K + s] * value[s] * vector[j * K + s];
				unit += vector[s * K + i] * vector[s * K + j];
			}
			ck_assert_double_eq_tol(
				sum, M[i * K + j], 1e-12 * (1 + value[0]));
			ck_assert_double_eq_tol(unit, i == j, 1e-12);
		}
	}
}
END_TEST

START_TEST(a_singular_system_is_refused_and_others_are_solved)
{
	double A[] = { 0, 2, 1, 3, 1, 0, 1, 1, 1 };
	double b[] = { 7, 5, 6 };
	double S[] = { 1, 2, 2, 4 };
	double c[] = { 1, 2 };
	double Z[] = { 0 };

	ck_assert(linear_solve(3, A, b));
	ck_assert_double_eq_tol(b[0], 1, 1e-14);
	ck_assert_double_eq_tol(b[1], 2, 1e-14);
	ck_assert_double_eq_tol(b[2], 3, 1e-14);
	ck_assert(!linear_solve(2, S, c));
	ck_assert(!linear_solve(1, Z, c));
}
END_TEST

/* The conditions of optimality: no weight outside would gain, those inside are level. */
static void check_optimal(int K, const double *slope, const double *w, double tolerance)
{
	double level = 0;
	double sum = 0;

	for (int k = 0; k < K; k++) {
		ck_assert_double_ge(w[k], 0);
		sum += w[k];
		level += w[k] * slope[k];
	}
	ck_assert_double_eq_tol(sum, 1, 1e-12);
	for (int k = 0; k < K; k++) {
		ck_assert_double_ge(slope[k], level - tolerance);
		if (w[k] > 1e-6)
			ck_assert_double_le(slope[k], level + tolerance);
	}
}

START_TEST(the_shortest_combination_meets_the_conditions_of_optimality)
{
	static const int sizes[][2] = { { 2, 6 }, { 3, 2 }, { 10, 40 }, { 50, 60 },
		{ 50, 8 }, { 64, 64 } };
	int K = sizes[_i / 5][0];
	double w[TASKS_MAX] = { 0 };
	double slope[TASKS_MAX] = { 0 };

	random_gram(K, sizes[_i / 5][1], (uint64_t)_i, M);
	ck_assert_double_le(simplex_quadratic(K, M, NULL, w), 1e-11);
	for (int i = 0; i < K; i++)
		for (int j = 0; j < K; j++)
			slope[i] += M[i * K + j] * w[j];
	check_optimal(K, slope, w, 1e-8);
}
END_TEST

START_TEST(the_dual_of_cagrad_meets_the_conditions_of_optimality)
{
	static const int sizes[][2] = { { 2, 6 }, { 3, 9 }, { 10, 40 }, { 50, 60 } };
	int K = sizes[_i / 5][0];
	double b[TASKS_MAX] = { 0 };
	double w[TASKS_MAX];
	double slope[TASKS_MAX];
	double s = 2;
	double length;

	random_gram(K, sizes[_i / 5][1], (uint64_t)_i + 100, M);
	for (int i = 0; i < K; i++)
		for (int j = 0; j < K; j++)
			b[i] += M[i * K + j] / K;
	(void)simplex_norm(K, M, b, s, w);
	length = sqrt(form(K, M, w, w));
	for (int i = 0; i < K; i++) {
		slope[i] = b[i];
		for (int j = 0; j < K; j++)
			slope[i] += s * M[i * K + j] * w[j] / length;
	}
	check_optimal(K, slope, w, 1e-6);
}
END_TEST

START_TEST(bargaining_solves_its_equation_or_says_that_it_cannot)
{
	double alpha[TASKS_MAX];
	double residual;

	for (int K = 1; K <= 50; K += 7) {
		random_gram(K, 64, (uint64_t)K, M);
		ck_assert(nash_bargain(K, M, alpha, &residual));
		ck_assert_double_le(residual, 1e-9);
		for (int k = 0; k < K; k++)
			ck_assert_double_gt(alpha[k], 0);
	}
	memcpy(M, (double[]){ 1, -1, -1, 1 }, 4 * sizeof(double)); /* opposite */
	ck_assert(!nash_bargain(2, M, alpha, &residual));
	memcpy(M, (double[]){ 1, 0, 0, 0 }, 4 * sizeof(double)); /* a zero gradient */
	ck_assert(!nash_bargain(2, M, alpha, &residual));
	memcpy(M, (double[]){ 1, 1, 1, 1 }, 4 * sizeof(double)); /* identical */
	ck_assert(nash_bargain(2, M, alpha, &residual));
	ck_assert_double_eq_tol(alpha[0], sqrt(0.5), 1e-9);
}
END_TEST

START_TEST(equal_projections_share_among_identical_gradients)
{
	double w[2];

	memcpy(M, (double[]){ 4, 4, 4, 4 }, 4 * sizeof(double));
	ck_assert(equal_projections(2, M, w));
	ck_assert_double_eq_tol(w[0], 0.5, 1e-12);
	memcpy(M, (double[]){ 1, -1, -1, 1 }, 4 * sizeof(double));
	ck_assert(!equal_projections(2, M, w));
	ck_assert_double_eq(w[0], 0);
	memcpy(M, (double[]){ 1, 0, 0, 0 }, 4 * sizeof(double));
	ck_assert(equal_projections(2, M, w));
	ck_assert_double_eq(w[0], 1);
	ck_assert_double_eq(w[1], 0);
}
END_TEST

Suite *suite_solver(void);
Suite *suite_solver(void)
{
	Suite *s = suite_create("solver");
	TCase *c = tcase_create("solver");

	tcase_add_loop_test(c, eigenvectors_rebuild_the_matrix, 0, 4);
	tcase_add_test(c, a_singular_system_is_refused_and_others_are_solved);
	tcase_add_loop_test(
		c, the_shortest_combination_meets_the_conditions_of_optimality, 0, 30);
	tcase_add_loop_test(
		c, the_dual_of_cagrad_meets_the_conditions_of_optimality, 0, 20);
	tcase_add_test(c, bargaining_solves_its_equation_or_says_that_it_cannot);
	tcase_add_test(c, equal_projections_share_among_identical_gradients);
	suite_add_tcase(s, c);
	return s;
}
