#include "trainer-core/weighting/shared/rotation_pull.h"

#include <math.h>
#include <string.h>
#include "trainer-core/kernel/kernel.h"

void rotation_target(int K, const struct kernels *kernels,
	const struct task_gradients *g, float *target)
{
	double length[TASKS_MAX];
	double mean;

	memset(target, 0, g->n * sizeof(*target));
	for (int k = 0; k < K; k++) {
		length[k] = sqrt(kernels->dot(g->n, g->g[k], g->g[k]));
		kernels->axpy(g->n, (float)(1.0 / K), g->g[k], target);
	}
	mean = sqrt(kernels->dot(g->n, target, target));
	memset(target, 0, g->n * sizeof(*target));
	for (int k = 0; k < K; k++)
		if (length[k] > 0)
			kernels->axpy(
				g->n, (float)(mean / length[k] / K), g->g[k], target);
}

/* The channels of one place, side by side in double. */
static void column(int C, size_t S, const float *at, double *out)
{
	for (int c = 0; c < C; c++)
		out[c] = (double)at[(size_t)c * S];
}

/* off (C, C) += (u - g) u^T for one place; returns |u - g|^2. */
static double add_place(int C, const double *u, const double *g, double *off)
{
	double square = 0;

	for (int c = 0; c < C; c++) {
		double d = u[c] - g[c];

		square += d * d;
		for (int j = 0; j < C; j++)
			off[c * C + j] += d * u[j];
	}
	return square;
}

double rotation_pull(int C, const struct task_gradients *g, const float *target, int k,
	const double *R, double *slope, double *work)
{
	double *off = work; /* sum of (u - g) u^T; R takes it to that of the slope */
	double *u = work + (size_t)C * (size_t)C;
	double *own = u + C;
	size_t S = g->n / (size_t)g->samples / (size_t)C;
	size_t rows = (size_t)g->samples * S;
	double sum = 0;

	memset(off, 0, (size_t)C * (size_t)C * sizeof(*off));
	for (size_t row = 0; row < rows; row++) {
		size_t at = row / S * S * (size_t)C + row % S;

		column(C, S, target + at, u);
		column(C, S, g->g[k] + at, own);
		sum += add_place(C, u, own, off);
	}
	memset(slope, 0, (size_t)C * (size_t)C * sizeof(*slope));
	for (int i = 0; i < C; i++)
		for (int j = 0; j < C; j++)
			for (int c = 0; c < C; c++)
				slope[i * C + c] += 2 * R[i * C + j] * off[j * C + c] /
					(double)rows;
	return sum / (double)rows;
}
