#include "trainer-core/solver/projection.h"

#include <math.h>
#include <string.h>
#include "catalogue/catalogue.h"
#include "common/rng.h"

static void start_as_own(int K, double *c)
{
	memset(c, 0, (size_t)K * (size_t)K * sizeof(*c));
	for (int i = 0; i < K; i++)
		c[i * K + i] = 1;
}

/* p . g_j for p = sum_l c[l] g_l. */
static double product(int K, const double *gram, const double *c, int j)
{
	double sum = 0;

	for (int l = 0; l < K; l++)
		sum += c[l] * gram[l * K + j];
	return sum;
}

void project_conflicts(
	int K, const double *gram, const int *order, double eps, double *c)
{
	start_as_own(K, c);
	for (int i = 0; i < K; i++) {
		double *p = c + i * K;

		for (int a = 0; a < K - 1; a++) {
			int j = order[i * (K - 1) + a];
			double dot = product(K, gram, p, j);
			double square = gram[j * K + j] + eps;

			if (dot < 0 && square > 0)
				p[j] -= dot / square;
		}
	}
}

static double length(int K, const double *gram, const double *c)
{
	double square = 0;

	for (int j = 0; j < K; j++)
		square += c[j] * product(K, gram, c, j);
	return sqrt(fmax(square, 0));
}

void vaccinate(int K, const double *gram, const int *order, double beta, double eps,
	double *rho, double *c)
{
	start_as_own(K, c);
	for (int i = 0; i < K; i++) {
		double *p = c + i * K;

		for (int a = 0; a < K - 1; a++) {
			int j = order[i * (K - 1) + a];
			double *target = &rho[i * K + j];
			double own = length(K, gram, p);
			double other = sqrt(gram[j * K + j]);
			double cosine;
			double sine;

			if (!(own > 0 && other > 0))
				continue; /* a zero gradient has no direction */
			cosine = product(K, gram, p, j) / (own * other);
			cosine = fmin(fmax(cosine, -1), 1);
			sine = sqrt(1 - *target * *target);
			if (cosine < *target)
				p[j] += own *
					(*target * sqrt(1 - cosine * cosine) -
						cosine * sine) /
					(other * sine + eps);
			*target += beta * (cosine - *target);
		}
	}
}

void sum_rows(int K, const double *c, double *weight)
{
	memset(weight, 0, (size_t)K * sizeof(*weight));
	for (int i = 0; i < K; i++)
		for (int l = 0; l < K; l++)
			weight[l] += c[i * K + l];
}

void draw_orders(int K, struct rng_orders r, int *order)
{
	for (int i = 0; i < K; i++) {
		int *o = order + i * (K - 1);
		int n = 0;

		for (int j = 0; j < K; j++)
			if (j != i)
				o[n++] = j;
		for (int a = n - 1; a > 0; a--) {
			uint64_t index = (uint64_t)i * TASKS_MAX + (uint64_t)a;
			int b = (int)rng_below(
				r.seed, RNG_WEIGHTING, r.step, index, (uint32_t)a + 1);
			int kept = o[a];

			o[a] = o[b];
			o[b] = kept;
		}
	}
}
