/* Projections and drawn signs: orders and draws are given. */
#include <math.h>
#include <string.h>
#include "tests/fixtures_gradient.h"
#include "trainer-core/kernel/kernel.h"
#include "trainer-core/weighting/shared/sign_dropout.h"
#include "trainer-core/solver/projection.h"

/* --- PCGrad: orders are given; with two tasks the method has no other --- */

static bool projected(struct fixture_run *r, int step, const int *order, double eps)
{
	double c[TASKS_MAX * TASKS_MAX];
	double *rows = NEW_ARRAY(run_arena(r), double, r->K * r->P);
	double mean[TASKS_MAX];

	project_conflicts(r->K, r->gram, order, eps, c);
	for (int i = 0; i < r->K; i++)
		memcpy(rows + i * r->P, run_combine(r, step, c + i * r->K),
			(size_t)r->P * sizeof(*rows));
	sum_rows(r->K, c, r->weight);
	for (int k = 0; k < r->K; k++)
		mean[k] = r->weight[k] / r->K;
	return run_near_row(r, step, rows, r->K * r->P, "projected") &&
		run_weights_and_sum(r, step) &&
		run_near_row(
			r, step, run_combine(r, step, mean), r->P, "aggregated_mean");
}

/* The method's own orders over 4000 steps, against the mean over all orders. */
static enum outcome expectation(struct fixture_run *r)
{
	const cJSON *want = cJSON_GetObjectItemCaseSensitive(
		run_member(r, "info"), "aggregated_mean_over_orders");
	double mean[TASKS_MAX] = { 0 };

	(void)fixture_hyper(r->f, "orders");
	for (int i = 0; i < 4000; i++) {
		struct weighting_step step = run_step_at(r, 0);
		struct err e;

		step.step = i;
		if (weighting_weigh(&r->setup, r->state, &step, r->weight, &e))
			return fixture_fail(r->f, "%s", e.msg);
		for (int k = 0; k < r->K; k++)
			mean[k] += r->weight[k] / 4000;
	}
	return fixture_near_all(r->f, run_combine(r, 0, mean),
		       want ? want->child : NULL, r->P, "mean over orders")
		? PASSED
		: FAILED;
}

enum outcome gradient_pcgrad(struct fixture_run *r)
{
	const cJSON *order = fixture_hyper(r->f, "order");
	double eps = fixture_number(r->f, "eps", 0);
	int others = r->K * (r->K - 1);
	int *ids;
	int n;

	run_hand_on(r, "eps", "eps");
	(void)fixture_text(r->f, "reduction", "sum");
	if (run_start(r, "pcgrad"))
		return FAILED;
	if (!order)
		return expectation(r);
	double *v = json_numbers(run_arena(r), order, &n);

	if (n != others && n != r->steps * others)
		return fixture_fail(r->f, "order: %d numbers for %d tasks", n, r->K);
	ids = NEW_ARRAY(run_arena(r), int, n);
	for (int i = 0; i < n; i++)
		ids[i] = (int)v[i];
	for (int i = 0; i < r->steps; i++) {
		run_fill_gram(r, i);
		if (!projected(r, i, n == others ? ids : ids + i * others, eps))
			return FAILED;
	}
	return r->K == 2 ? run_play(r, run_weights_and_sum, NULL) : PASSED;
}

/* --- GradVac: orders are given --- */

enum outcome gradient_gradvac(struct fixture_run *r)
{
	double *rho = NEW_ARRAY(run_arena(r), double, r->K * r->K);
	const cJSON *order = fixture_hyper(r->f, "order");
	double beta = fixture_number(r->f, "beta", 0);
	double eps = fixture_number(r->f, "eps", 0);

	if (strcmp(fixture_text(r->f, "group", "whole_model"), "whole_model") != 0)
		return fixture_fail(r->f, "parts of the trunk are not known here");
	for (int i = 0; i < r->steps; i++) {
		double c[TASKS_MAX * TASKS_MAX];
		int n;
		double *v =
			json_numbers(run_arena(r), cJSON_GetArrayItem(order, i), &n);
		int *ids = NEW_ARRAY(run_arena(r), int, n);

		for (int j = 0; j < n; j++)
			ids[j] = (int)v[j];
		run_fill_gram(r, i);
		vaccinate(r->K, r->gram, ids, beta, eps, rho, c);
		sum_rows(r->K, c, r->weight);
		if (!run_weights_and_sum(r, i) ||
			!run_near_row(r, i, rho, r->K * r->K, "rho_after"))
			return FAILED;
	}
	return PASSED;
}

/* --- GradDrop: draws are given --- */

static double given(const void *arg, size_t f)
{
	const double *U = arg;

	return U[f];
}

enum outcome gradient_graddrop(struct fixture_run *r)
{
	int n;
	struct sign_dropout o = { .K = r->K,
		.leak = fixture_number(r->f, "leak", 0),
		.eps = fixture_number(r->f, "eps", 0),
		.scale = 1,
		.draw = given,
		.arg = json_numbers(run_arena(r), fixture_hyper(r->f, "U"), &n) };
	double *P = NEW_ARRAY(run_arena(r), double, r->P);
	double *mean = NEW_ARRAY(run_arena(r), double, r->P);
	struct vectors *v;

	(void)fixture_text(r->f, "space", "");
	if (run_start(r, "graddrop"))
		return FAILED;
	v = run_new_vectors(r);
	for (int p = 0; p < r->P; p++) {
		double own[TASKS_MAX];

		for (int k = 0; k < r->K; k++) {
			own[k] = run_gradient(r, 0, k)[p];
			v->own[k][p] = (float)own[k];
		}
		P[p] = sign_chance(&o, own);
		for (int k = 0; k < r->K; k++) {
			double kept = own[k] > 0 ? P[p] : 1 - P[p];

			mean[p] += (o.leak + (1 - o.leak) * kept) * own[k];
		}
	}
	if (!run_near_row(r, 0, P, r->P, "P") ||
		!run_near_row(r, 0, mean, r->P, "aggregated_expectation"))
		return FAILED;
	sign_dropout(&o, &v->g);
	fixture_kept_in_float32(r->f);
	return run_near_row(r, 0, run_doubles(r, v->g.out), r->P, "aggregated_given_U")
		? PASSED
		: FAILED;
}

/* The batch form: rows (tasks, samples, features). */
enum outcome gradient_graddrop_features(struct fixture *f)
{
	struct fixture_run *r = NEW(f->arena, struct fixture_run);
	const cJSON *rows = cJSON_GetObjectItemCaseSensitive(f->json, "feature_grads");
	const cJSON *features = fixture_hyper(f, "features");
	int n;
	double *all = json_numbers(f->arena, rows, &n);
	struct sign_dropout o = { .K = cJSON_GetArraySize(rows),
		.leak = fixture_number(f, "leak", 0),
		.eps = fixture_number(f, "eps", 0),
		.scale = 1,
		.draw = given,
		.arg = json_numbers(f->arena, fixture_hyper(f, "U"), &n) };
	int F = n;
	int N = cJSON_GetArraySize(features);
	float *own[TASKS_MAX];
	struct task_gradients g = { .n = (size_t)(N * F),
		.g = own,
		.out = NEW_ARRAY(f->arena, float, N *F),
		.feature = json_floats(f->arena, features, &n),
		.samples = N };
	double *P = NEW_ARRAY(f->arena, double, F);
	double *mask = NEW_ARRAY(f->arena, double, o.K *F);

	r->f = f;
	r->P = N * F;
	for (int k = 0; k < o.K; k++) {
		own[k] = NEW_ARRAY(f->arena, float, N *F);
		for (int i = 0; i < N * F; i++)
			own[k][i] = (float)all[k * N * F + i];
	}
	for (int c = 0; c < F; c++) {
		double sum[TASKS_MAX] = { 0 };

		for (int k = 0; k < o.K; k++)
			for (int i = 0; i < N; i++)
				sum[k] += all[(k * N + i) * F + c] *
					(double)((g.feature[i * F + c] > 0) -
						(g.feature[i * F + c] < 0));
		P[c] = sign_chance(&o, sum);
		for (int k = 0; k < o.K; k++)
			mask[k * F + c] = P[c] > given(o.arg, (size_t)c) ? sum[k] > 0
									 : sum[k] < 0;
	}
	sign_dropout(&o, &g);
	if (!fixture_near_all(f, P, fixture_expect(f, "P"), F, "P") ||
		!fixture_near_all(f, mask, fixture_expect(f, "mask"), o.K * F, "mask"))
		return FAILED;
	fixture_kept_in_float32(f);
	return fixture_near_all(f, run_doubles(r, g.out),
		       fixture_expect(f, "feature_grad"), N * F, "feature_grad")
		? PASSED
		: FAILED;
}
