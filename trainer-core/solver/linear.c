#include <float.h>
#include <math.h>
#include <string.h>
#include "catalogue/catalogue.h"
#include "trainer-core/solver/solver.h"

#define SWEEPS 60

double form(int K, const double *M, const double *x, const double *y)
{
	double sum = 0;

	for (int i = 0; i < K; i++)
		for (int j = 0; j < K; j++)
			sum += x[i] * M[i * K + j] * y[j];
	return sum;
}

static double largest(int n, const double *x)
{
	double top = 0;

	for (int i = 0; i < n; i++)
		top = fmax(top, fabs(x[i]));
	return top;
}

static void swap(double *x, double *y)
{
	double kept = *x;

	*x = *y;
	*y = kept;
}

static int pivot_row(int K, const double *A, int column)
{
	int best = column;

	for (int i = column + 1; i < K; i++)
		if (fabs(A[i * K + column]) > fabs(A[best * K + column]))
			best = i;
	return best;
}

bool linear_solve(int K, double *A, double *b)
{
	double tiny = largest(K * K, A) * K * DBL_EPSILON / 16;

	for (int c = 0; c < K; c++) {
		int p = pivot_row(K, A, c);

		if (!(fabs(A[p * K + c]) > tiny))
			return false;
		for (int j = 0; p != c && j < K; j++)
			swap(&A[p * K + j], &A[c * K + j]);
		if (p != c)
			swap(&b[p], &b[c]);
		for (int i = c + 1; i < K; i++) {
			double f = A[i * K + c] / A[c * K + c];

			for (int j = c; f != 0 && j < K; j++)
				A[i * K + j] -= f * A[c * K + j];
			b[i] -= f * b[c];
		}
	}
	for (int i = K - 1; i >= 0; i--) {
		for (int j = i + 1; j < K; j++)
			b[i] -= A[i * K + j] * b[j];
		b[i] /= A[i * K + i];
	}
	return true;
}

/* Rotates the plane (p, q) so that A[p][q] becomes zero. */
static void rotate(int K, double *A, double *V, int p, int q)
{
	double theta = (A[q * K + q] - A[p * K + p]) / (2 * A[p * K + q]);
	double t = (theta < 0 ? -1 : 1) / (fabs(theta) + hypot(theta, 1));
	double c = 1 / hypot(t, 1);
	double s = t * c;

	for (int i = 0; i < K; i++) {
		double x = A[i * K + p];
		double y = A[i * K + q];

		A[i * K + p] = c * x - s * y;
		A[i * K + q] = s * x + c * y;
	}
	for (int i = 0; i < K; i++) {
		double x = A[p * K + i];
		double y = A[q * K + i];

		A[p * K + i] = c * x - s * y;
		A[q * K + i] = s * x + c * y;
	}
	for (int i = 0; i < K; i++) {
		double x = V[i * K + p];
		double y = V[i * K + q];

		V[i * K + p] = c * x - s * y;
		V[i * K + q] = s * x + c * y;
	}
}

static bool sweep(int K, double *A, double *V)
{
	bool moved = false;

	for (int p = 0; p < K; p++)
		for (int q = p + 1; q < K; q++) {
			double small = DBL_EPSILON * DBL_EPSILON * fabs(A[p * K + p]) *
				fabs(A[q * K + q]);

			if (A[p * K + q] * A[p * K + q] <= small ||
				fabs(A[p * K + q]) < DBL_MIN)
				continue;
			rotate(K, A, V, p, q);
			moved = true;
		}
	return moved;
}

void symmetric_eigen(int K, const double *A, double *value, double *vector)
{
	double work[TASKS_MAX * TASKS_MAX];

	memcpy(work, A, (size_t)K * (size_t)K * sizeof(*work));
	memset(vector, 0, (size_t)K * (size_t)K * sizeof(*vector));
	for (int i = 0; i < K; i++)
		vector[i * K + i] = 1;
	for (int n = 0; n < SWEEPS && sweep(K, work, vector); n++)
		;
	for (int i = 0; i < K; i++)
		value[i] = work[i * K + i];
	for (int i = 0; i < K; i++) {
		int best = i;

		for (int j = i + 1; j < K; j++)
			if (value[j] > value[best])
				best = j;
		swap(&value[i], &value[best]);
		for (int r = 0; best != i && r < K; r++)
			swap(&vector[r * K + i], &vector[r * K + best]);
	}
}
