/* RotoGrad: its scale part as a method, its rotation part as a slope. */
#include <math.h>
#include "tests/fixtures_gradient.h"
#include "trainer-core/kernel/kernel.h"
#include "trainer-core/weighting/shared/rotation_pull.h"

static bool check_scale(struct fixture_run *r, int step)
{
	const double *first = r->state + 1;
	double alpha[TASKS_MAX];
	double common = r->weight[0] * sqrt(r->gram[0]);
	double sum = 0;

	for (int k = 0; k < r->K; k++)
		sum += alpha[k] = sqrt(r->gram[k * r->K + k]) / first[k];
	for (int k = 0; k < r->K; k++)
		alpha[k] /= sum;
	return run_near_row(r, step, alpha, r->K, "alpha") &&
		run_near_row(r, step, &common, 1, "common_norm") &&
		run_near_row(
			r, step, run_combine(r, step, r->weight), r->P, "aggregated");
}

enum outcome gradient_rotograd(struct fixture_run *r)
{
	(void)fixture_text(r->f, "part", "");
	(void)fixture_text(r->f, "initial_norms", "");
	(void)fixture_text(r->f, "burn_in", "");
	run_set(r, "parts", "scale");
	return run_start(r, "rotograd") ? FAILED : run_play(r, check_scale, NULL);
}

enum outcome gradient_rotation(struct fixture_run *r)
{
	struct arena *a = run_arena(r);
	const cJSON *rows = run_member(r, "feature_grads");
	const cJSON *slopes = fixture_expect(r->f, "dLoss_dR_euclidean");
	int n;
	double *g = json_numbers(a, rows, &n);
	double *R = json_numbers(a, fixture_hyper(r->f, "R"), &n);
	double loss[TASKS_MAX];
	int K = cJSON_GetArraySize(rows);
	int C = cJSON_GetArraySize(rows->child);
	float *own[TASKS_MAX];
	struct task_gradients t = { .n = (size_t)C, .g = own, .samples = 1 };
	float *target = arena_alloc_aligned(a, (size_t)C * sizeof(float));
	double *slope = NEW_ARRAY(a, double, C *C);
	double *work = NEW_ARRAY(a, double, C *C + 2 * C);

	(void)fixture_text(r->f, "part", "");
	(void)fixture_text(r->f, "target", "");
	fixture_kept_in_float32(r->f);
	for (int k = 0; k < K; k++) {
		own[k] = arena_alloc_aligned(a, (size_t)C * sizeof(float));
		for (int c = 0; c < C; c++)
			own[k][c] = (float)g[k * C + c];
	}
	rotation_target(K, kernels_get(), &t, target);
	for (int k = 0; k < K; k++) {
		loss[k] = rotation_pull(C, &t, target, k, R + k * C * C, slope, work);
		if (!fixture_near_all(r->f, slope, cJSON_GetArrayItem(slopes, k), C * C,
			    "dLoss_dR_euclidean"))
			return FAILED;
	}
	r->P = C;
	return fixture_near_all(r->f, run_doubles(r, target),
		       fixture_expect(r->f, "target"), C, "target") &&
			fixture_near_all(r->f, loss,
				fixture_expect(r->f, "rotation_loss"), K,
				"rotation_loss")
		? PASSED
		: FAILED;
}
