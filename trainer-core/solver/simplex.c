/*
 * Convex problems over the simplex. Both are solved on M scaled to a largest entry of 1
 * and with a ridge of 1e-13, which makes every subproblem solvable: among the solutions
 * of a singular problem it picks the one with the smallest weights.
 */
#include <math.h>
#include <string.h>
#include "catalogue/catalogue.h"
#include "trainer-core/solver/solver.h"

#define RIDGE 1e-13
#define OPTIMAL 1e-14
#define BISECTIONS 200

struct problem {
	int K;
	double M[TASKS_MAX * TASKS_MAX]; /* scaled, with the ridge */
	double q[TASKS_MAX]; /* scaled */
};

/* Weights above zero, and their number. */
struct active {
	bool is[TASKS_MAX];
	int id[TASKS_MAX];
	int n;
};

static void list_active(int K, struct active *a)
{
	a->n = 0;
	for (int i = 0; i < K; i++)
		if (a->is[i])
			a->id[a->n++] = i;
}

/* The minimiser with sum 1 over the active weights alone, of any sign, into v. */
static bool solve_active(const struct problem *p, const struct active *a, double *v)
{
	double A[(TASKS_MAX + 1) * (TASKS_MAX + 1)];
	double b[TASKS_MAX + 1];
	int n = a->n;
	int N = n + 1;

	for (int i = 0; i < n; i++) {
		for (int j = 0; j < n; j++)
			A[i * N + j] = p->M[a->id[i] * p->K + a->id[j]];
		A[i * N + n] = A[n * N + i] = 1;
		b[i] = -p->q[a->id[i]];
	}
	A[n * N + n] = 0;
	b[n] = 1;
	if (!linear_solve(N, A, b))
		return false;
	memset(v, 0, (size_t)p->K * sizeof(*v));
	for (int i = 0; i < n; i++)
		v[a->id[i]] = b[i];
	return true;
}

/* From w towards v as far as weights stay above zero; returns who reached it, or -1. */
static int step_towards(int K, const struct active *a, const double *v, double *w)
{
	double reach = 1;
	int blocking = -1;

	for (int i = 0; i < a->n; i++) {
		int k = a->id[i];

		if (v[k] < 0 && w[k] / (w[k] - v[k]) < reach) {
			reach = w[k] / (w[k] - v[k]);
			blocking = k;
		}
	}
	for (int k = 0; k < K; k++)
		w[k] += reach * (v[k] - w[k]);
	if (blocking >= 0)
		w[blocking] = 0;
	return blocking;
}

static void slope(const struct problem *p, const double *w, double *r)
{
	for (int i = 0; i < p->K; i++) {
		r[i] = p->q[i];
		for (int j = 0; j < p->K; j++)
			r[i] += p->M[i * p->K + j] * w[j];
	}
}

/* How much the best weight outside would gain; *k is that weight. */
static double gain(const struct problem *p, const double *w, int *k)
{
	double r[TASKS_MAX];
	double mean = 0;

	slope(p, w, r);
	*k = 0;
	for (int i = 0; i < p->K; i++) {
		mean += w[i] * r[i];
		if (r[i] < r[*k])
			*k = i;
	}
	return mean - r[*k]; /* NOLINT: slope() has filled all K, one at least */
}

static void settle(int K, double *w)
{
	double sum = 0;

	for (int k = 0; k < K; k++)
		sum += w[k] = fmax(w[k], 0);
	for (int k = 0; k < K; k++)
		w[k] /= sum;
}

static void minimise(const struct problem *p, double *w)
{
	struct active a = { { false }, { 0 }, 0 };
	double v[TASKS_MAX];
	int entered = -1;

	for (int k = 0; k < p->K; k++)
		a.is[k] = w[k] > 0;
	for (int n = 0; n < 20 * p->K + 100; n++) {
		int blocking;
		int best;

		list_active(p->K, &a);
		if (!solve_active(p, &a, v))
			break;
		blocking = step_towards(p->K, &a, v, w);
		if (blocking >= 0) {
			a.is[blocking] = false;
			if (blocking == entered)
				break; /* no gain beyond rounding */
			continue;
		}
		if (gain(p, w, &best) <= OPTIMAL || a.is[best])
			break;
		entered = best;
		a.is[best] = true;
	}
	settle(p->K, w);
}

/* The vertex with the smallest objective, where w is not a start. */
static void start(const struct problem *p, double *w)
{
	double sum = 0;
	int best = 0;

	for (int k = 0; k < p->K; k++)
		sum += w[k];
	if (sum > 0)
		return;
	for (int k = 1; k < p->K; k++)
		if (p->M[k * p->K + k] / 2 + p->q[k] <
			p->M[best * p->K + best] / 2 + p->q[best])
			best = k;
	w[best] = 1;
}

/* Scaled by 1 / unit. */
static void scale_problem(
	struct problem *p, int K, const double *M, const double *q, double unit)
{
	p->K = K;
	for (int i = 0; i < K; i++) {
		for (int j = 0; j < K; j++)
			p->M[i * K + j] = M[i * K + j] / unit;
		p->M[i * K + i] += RIDGE;
		p->q[i] = q ? q[i] / unit : 0;
	}
}

static double largest_entry(int K, const double *M)
{
	double top = 0;

	for (int i = 0; i < K * K; i++)
		top = fmax(top, fabs(M[i]));
	return top;
}

static void uniform(int K, double *w)
{
	for (int k = 0; k < K; k++)
		w[k] = 1.0 / K;
}

double simplex_quadratic(int K, const double *M, const double *q, double *w)
{
	struct problem p;
	double unit = largest_entry(K, M);
	int best;

	for (int k = 0; q && k < K; k++)
		unit = fmax(unit, fabs(q[k]));
	if (!(unit > 0)) {
		uniform(K, w);
		return 0;
	}
	scale_problem(&p, K, M, q, unit);
	start(&p, w);
	minimise(&p, w);
	return fmax(gain(&p, w, &best), 0);
}

/*
 * s |w| = min over t of s/2 (|w|^2 / t + t): for fixed t a quadratic problem, and the
 * optimum is where |w(t)| = t. |w(t)| - t changes its sign once, from above.
 */
double simplex_norm(int K, const double *M, const double *b, double s, double *w)
{
	double unit = sqrt(largest_entry(K, M)); /* the longest gradient */
	double low = 0;
	double high = unit;
	double q[TASKS_MAX];
	double residual = 0;

	memset(w, 0, (size_t)K * sizeof(*w));
	if (!(unit > 0)) {
		uniform(K, w);
		return 0;
	}
	if (!(s > 0))
		return simplex_quadratic(K, M, NULL, w);
	for (int n = 0; n < BISECTIONS && high - low > 1e-16 * high; n++) {
		double t = (low + high) / 2;

		for (int k = 0; k < K; k++)
			q[k] = b[k] * t / s;
		residual = simplex_quadratic(K, M, q, w);
		if (form(K, M, w, w) > t * t)
			low = t;
		else
			high = t;
		if (high <= 1e-12 * unit)
			break;
	}
	return residual;
}
