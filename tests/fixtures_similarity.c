/*
 * How gradients compare: scalar products in double from the file's gradients, signs from
 * float32 as the trainer has them.
 */
#include <math.h>
#include <string.h>
#include "catalogue/catalogue.h"
#include "tests/fixtures.h"
#include "trainer-core/train/similarity.h"

/* Every figure of K gradients of P numbers as (K, K) matrices. */
struct figures {
	int K, P;
	double dot[TASKS_MAX * TASKS_MAX];
	double cosine[TASKS_MAX * TASKS_MAX];
	double magnitude[TASKS_MAX * TASKS_MAX];
	double conflict[TASKS_MAX * TASKS_MAX];
	double norm[TASKS_MAX];
};

static double dot(int n, const double *g, const double *h)
{
	double sum = 0;

	for (int i = 0; i < n; i++)
		sum += g[i] * h[i];
	return sum;
}

static void compare(
	struct figures *x, const double *grad, const float *sign, int i, int j)
{
	int K = x->K;
	size_t n = (size_t)x->P;
	size_t opposite =
		similarity_conflicts(n, sign + (size_t)i * n, sign + (size_t)j * n);

	x->dot[i * K + j] = dot(x->P, grad + i * x->P, grad + j * x->P);
	x->conflict[i * K + j] = (double)opposite / x->P;
}

static void fill(struct figures *x, const double *grad, const float *sign)
{
	int K = x->K;

	for (int i = 0; i < K; i++)
		for (int j = 0; j < K; j++)
			compare(x, grad, sign, i, j);
	for (int i = 0; i < K; i++) {
		double gg = x->dot[i * K + i];

		x->norm[i] = sqrt(gg);
		for (int j = 0; j < K; j++) {
			double hh = x->dot[j * K + j];

			x->cosine[i * K + j] =
				similarity_cosine(gg, hh, x->dot[i * K + j]);
			x->magnitude[i * K + j] = similarity_magnitude(gg, hh);
		}
	}
}

/* Over all pairs, by the accumulator of an epoch. */
static bool pairs(struct fixture *f, const struct figures *x)
{
	const cJSON *mean = fixture_expect(f, "pairwise_mean_cosine");
	const cJSON *below = fixture_expect(f, "conflicting_pairs");
	int K = x->K;
	struct comparison c;
	struct series *cosine = &c.figure[COMPARE_COSINE];

	comparison_place(&c, K * K, f->arena);
	comparison_clear(&c);
	for (int i = 0; i < K; i++)
		for (int j = 0; j < i; j++)
			comparison_add(&c, x->dot[i * K + i], x->dot[j * K + j],
				x->dot[i * K + j], x->conflict[i * K + j]);
	if (mean &&
		!fixture_near(f, spread_of(cosine->v, cosine->n).mean,
			json_number(mean), "pairwise_mean_cosine"))
		return false;
	return !below ||
		fixture_near(f, c.below, json_number(below), "conflicting_pairs");
}

static bool matrix(struct fixture *f, const double *got, int n, const char *name)
{
	const cJSON *want = fixture_expect(f, name);

	return !want || fixture_near_all(f, got, want, n, name);
}

/* A member NAME_01: the pair of the first two. */
static bool first_pair(struct fixture *f, const double *got, const char *name)
{
	const cJSON *want = fixture_expect(f, name);

	return !want || fixture_near(f, got[1], json_number(want), "%s", name);
}

enum outcome fixture_similarity(struct fixture *f)
{
	const cJSON *grads = cJSON_GetObjectItemCaseSensitive(f->json, "grads");
	struct figures x = { .K = grads ? cJSON_GetArraySize(grads->child) : 0 };
	int n;
	const double *grad = json_numbers(f->arena, grads, &n);
	const float *sign = json_floats(f->arena, grads, &n);
	int squares = x.K * x.K;

	if (x.K < 2 || x.K > TASKS_MAX || cJSON_GetArraySize(grads) != 1)
		return fixture_fail(f, "no gradients");
	x.P = n / x.K;
	fill(&x, grad, sign);
	return matrix(f, x.cosine, squares, "cosine") &&
			matrix(f, x.magnitude, squares, "magnitude_similarity") &&
			matrix(f, x.conflict, squares, "conflicting_component_ratio") &&
			matrix(f, x.dot, squares, "dot") &&
			matrix(f, x.norm, x.K, "norms") &&
			first_pair(f, x.cosine, "cosine_01") &&
			first_pair(f, x.magnitude, "magnitude_similarity_01") &&
			first_pair(f, x.conflict, "conflicting_component_ratio_01") &&
			pairs(f, &x)
		? PASSED
		: FAILED;
}
