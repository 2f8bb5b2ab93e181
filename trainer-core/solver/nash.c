/*
 * In b = alpha |g| the problem has a matrix of cosines: gradients of any length are alike.
 */
#include <math.h>
#include <string.h>
#include "catalogue/catalogue.h"
#include "trainer-core/solver/solver.h"

#define STEPS 200
#define SOLVED 1e-12
#define ACCEPTED 1e-6

/* The Newton step at b into d; returns its squared length in the local norm. */
static double newton(int K, const double *C, const double *b, double *d)
{
	double H[TASKS_MAX * TASKS_MAX];
	double slope[TASKS_MAX];
	double square = 0;

	memcpy(H, C, (size_t)K * (size_t)K * sizeof(*H));
	for (int i = 0; i < K; i++) {
		slope[i] = -1 / b[i];
		for (int j = 0; j < K; j++)
			slope[i] += C[i * K + j] * b[j];
		H[i * K + i] += 1 / (b[i] * b[i]);
		d[i] = -slope[i];
	}
	if (!linear_solve(K, H, d))
		return NAN;
	for (int i = 0; i < K; i++)
		square -= slope[i] * d[i];
	return fmax(square, 0);
}

static double miss(int K, const double *C, const double *b)
{
	double worst = 0;

	for (int i = 0; i < K; i++) {
		double sum = 0;

		for (int j = 0; j < K; j++)
			sum += C[i * K + j] * b[j];
		worst = fmax(worst, fabs(b[i] * sum - 1));
	}
	return worst;
}

bool nash_bargain(int K, const double *M, double *alpha, double *residual)
{
	double C[TASKS_MAX * TASKS_MAX];
	double b[TASKS_MAX];
	double d[TASKS_MAX];

	*residual = 1;
	for (int i = 0; i < K; i++)
		if (!(M[i * K + i] > 0))
			return false; /* the weight of a zero gradient has no bound */
	for (int i = 0; i < K; i++) {
		for (int j = 0; j < K; j++)
			C[i * K + j] =
				M[i * K + j] / sqrt(M[i * K + i]) / sqrt(M[j * K + j]);
		b[i] = 1;
	}
	for (int n = 0; n < STEPS; n++) {
		double length = sqrt(newton(K, C, b, d));
		double reach = length < 0.25 ? 1 : 1 / (1 + length);

		if (!isfinite(length))
			break;
		for (int i = 0; i < K; i++)
			b[i] += reach * d[i];
		if (length < SOLVED)
			break;
	}
	*residual = miss(K, C, b);
	if (!(*residual <= ACCEPTED))
		return false;
	for (int i = 0; i < K; i++)
		alpha[i] = b[i] / sqrt(M[i * K + i]);
	return true;
}
