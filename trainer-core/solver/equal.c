#include <math.h>
#include <string.h>
#include "catalogue/catalogue.h"
#include "trainer-core/solver/solver.h"

#define DEPENDENT 1e-12

/* The smallest x that comes closest to C x = ones. */
static void least_squares(int K, const double *C, double *x)
{
	double value[TASKS_MAX];
	double vector[TASKS_MAX * TASKS_MAX];

	symmetric_eigen(K, C, value, vector);
	memset(x, 0, (size_t)K * sizeof(*x));
	for (int i = 0; i < K && value[i] > DEPENDENT * value[0]; i++) {
		double sum = 0;

		for (int r = 0; r < K; r++)
			sum += vector[r * K + i];
		for (int r = 0; r < K; r++)
			x[r] += vector[r * K + i] * sum / value[i];
	}
}

bool equal_projections(int K, const double *M, double *w)
{
	double C[TASKS_MAX * TASKS_MAX];
	double work[TASKS_MAX * TASKS_MAX];
	double x[TASKS_MAX];
	double length[TASKS_MAX];
	double sum = 0;
	double size = 0;
	int id[TASKS_MAX];
	int n = 0;

	memset(w, 0, (size_t)K * sizeof(*w));
	for (int k = 0; k < K; k++) {
		length[k] = sqrt(M[k * K + k]);
		if (length[k] > 0)
			id[n++] = k;
	}
	for (int i = 0; i < n; i++) {
		x[i] = 1;
		for (int j = 0; j < n; j++)
			C[i * n + j] =
				M[id[i] * K + id[j]] / length[id[i]] / length[id[j]];
	}
	memcpy(work, C, (size_t)n * (size_t)n * sizeof(*work));
	if (!linear_solve(n, work, x))
		least_squares(n, C, x);
	for (int i = 0; i < n; i++) {
		w[id[i]] = x[i] / length[id[i]];
		sum += w[id[i]];
		size = fmax(size, fabs(w[id[i]]));
	}
	if (!(fabs(sum) > DEPENDENT * size)) {
		memset(w, 0, (size_t)K * sizeof(*w));
		return false;
	}
	for (int k = 0; k < K; k++)
		w[k] /= sum;
	return true;
}
