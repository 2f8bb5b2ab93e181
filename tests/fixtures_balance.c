/* Weights found by a small solver from the gradients' scalar products. */
#include <math.h>
#include <string.h>
#include "tests/fixtures_gradient.h"
#include "trainer-core/weighting/shared/learned.h"
#include "trainer-core/solver/solver.h"

/* --- MGDA --- */

static bool check_mgda(struct fixture_run *r, int step)
{
	const char *how = fixture_text(r->f, "normalization", "none");
	double plain[TASKS_MAX];
	double length;

	/* The run combines normalised gradients: weight = w / divisor. */
	for (int k = 0; k < r->K; k++) {
		double by = strstr(how, "loss") ? r->loss[step * r->K + k] : 1;
		double own = sqrt(r->gram[k * r->K + k]);

		if ((!strcmp(how, "l2") || !strcmp(how, "loss+")) && own > 0)
			by *= own;
		plain[k] = r->weight[k] * by;
	}
	length = run_norm(run_combine(r, step, r->weight), r->P);
	return run_near_row(r, step, plain, r->K, "weights") &&
		run_near_row(r, step, &length, 1, "min_norm") &&
		run_near_row(r, step, run_combine(r, step, plain), r->P,
			"aggregated_original_grads") &&
		run_near_row(r, step, run_combine(r, step, r->weight), r->P,
			"aggregated_normalized_grads");
}

static bool check_mgda_weights(struct fixture_run *r, int step)
{
	return run_near_row(r, step, r->weight, r->K, "weights");
}

enum outcome gradient_mgda(struct fixture_run *r)
{
	enum outcome o;

	run_set(r, "normalize", fixture_text(r->f, "normalization", "none"));
	run_set(r, "apply", "normalized");
	if (run_start(r, "mgda"))
		return FAILED;
	o = run_play(r, check_mgda, NULL);
	if (o != PASSED)
		return o;
	run_set(r, "apply", "original");
	return run_start(r, "mgda") ? FAILED : run_play(r, check_mgda_weights, NULL);
}

/* --- CAGrad --- */

static bool near_direction(struct fixture_run *r, int step, const char *name)
{
	return run_near_row(r, step, run_combine(r, step, r->weight), r->P, name);
}

static bool check_rescale0(struct fixture_run *r, int step)
{
	return near_direction(r, step, "aggregated_rescale0");
}

static bool check_rescale1(struct fixture_run *r, int step)
{
	return near_direction(r, step, "aggregated_rescale1");
}

static bool check_rescale2(struct fixture_run *r, int step)
{
	return near_direction(r, step, "aggregated_rescale2");
}

/* The weights of the dual, where there is only one solution. */
static bool check_dual(struct fixture_run *r, double c)
{
	double b[TASKS_MAX] = { 0 };
	double w[TASKS_MAX];
	double square = 0;

	run_fill_gram(r, 0);
	for (int i = 0; i < r->K; i++) {
		for (int j = 0; j < r->K; j++)
			b[i] += r->gram[i * r->K + j] / r->K;
		square += b[i] / r->K;
	}
	(void)simplex_norm(r->K, r->gram, b, c * sqrt(square), w);
	(void)fixture_expect(r->f, "w");
	return !cJSON_IsTrue(run_member(r, "w_unique")) ||
		run_near_row(r, 0, w, r->K, "w");
}

enum outcome gradient_cagrad(struct fixture_run *r)
{
	static bool (*const checks[])(struct fixture_run *, int) = { check_rescale0,
		check_rescale1, check_rescale2 };

	run_hand_on(r, "c", "c");
	(void)fixture_number(r->f, "eps", 0); /* 1e-8: below the tolerance */
	for (int i = 0; i < 3; i++) {
		params_set_number(&r->params, run_arena(r), "rescale", i);
		if (run_start(r, "cagrad") || run_play(r, checks[i], NULL) != PASSED)
			return FAILED;
	}
	return check_dual(r, fixture_number(r->f, "c", 0)) ? PASSED : FAILED;
}

/* --- IMTL-G, IMTL --- */

enum outcome gradient_imtl_g(struct fixture_run *r)
{
	if (run_start(r, "imtl_g"))
		return FAILED;
	return run_expects(r, "valid") ? run_invalid(r)
				       : run_play(r, run_weights_and_sum, NULL);
}

static bool check_imtl(struct fixture_run *r, int step)
{
	const double *s = learned_values(r->state + 1);
	double w[TASKS_MAX];
	double head[TASKS_MAX];
	struct weighting_step at = run_step_at(r, step);

	r->setup.ops->heads(&r->setup, r->state, &at, r->weight, head);
	for (int k = 0; k < r->K; k++)
		w[k] = r->weight[k] / exp(s[k]);
	return run_near_row(r, step, w, r->K, "weights") &&
		run_near_row(r, step, head, r->K, "head_weights") &&
		run_near_row(
			r, step, run_combine(r, step, r->weight), r->P, "aggregated");
}

static bool after_imtl(struct fixture_run *r, int step)
{
	return run_near_row(r, step, learned_values(r->state + 1), r->K, "param_after");
}

enum outcome gradient_imtl(struct fixture_run *r)
{
	run_hand_on(r, "init", "init");
	run_set_optimizer(r, "lr");
	return run_start(r, "imtl") ? FAILED : run_play(r, check_imtl, after_imtl);
}

/* --- Nash-MTL --- */

static bool check_nash(struct fixture_run *r, int step)
{
	const double *alpha = r->state + 2;

	return run_near_row(r, step, alpha, r->K, "weights") &&
		run_near_row(
			r, step, run_combine(r, step, alpha), r->P, "aggregated") &&
		run_near_row(r, step, run_combine(r, step, r->weight), r->P,
			"aggregated_clipped");
}

enum outcome gradient_nash(struct fixture_run *r)
{
	run_hand_on(r, "max_norm", "max_norm");
	if (run_start(r, "nash_mtl"))
		return FAILED;
	if (!run_expects(r, "valid"))
		return run_play(r, check_nash, NULL);
	if (run_invalid(r) != PASSED)
		return FAILED;
	if (r->state[1] != 1 || r->state[2] != 1)
		return fixture_fail(r->f, "alpha moved where there is no solution");
	return PASSED;
}

/* --- Aligned-MTL --- */

static bool check_aligned(struct fixture_run *r, int step)
{
	double value[TASKS_MAX];
	double vector[TASKS_MAX * TASKS_MAX];
	double B[TASKS_MAX * TASKS_MAX] = { 0 };
	int rank = 0;
	double eps = fixture_number(r->f, "eps", 0);
	const char *scale = fixture_text(r->f, "scale_mode", "min");
	double common = 0;

	symmetric_eigen(r->K, r->gram, value, vector);
	while (rank < r->K && value[rank] > value[0] * r->K * eps)
		common += value[rank++];
	common = !strcmp(scale, "rmse") ? common / rank
		: !strcmp(scale, "min") ? value[rank - 1]
					: value[rank / 2];
	for (int s = 0; s < rank; s++)
		for (int i = 0; i < r->K; i++)
			for (int j = 0; j < r->K; j++)
				B[i * r->K + j] += sqrt(common / value[s]) *
					vector[i * r->K + s] * vector[j * r->K + s];
	if (fixture_expect(r->f, "rank") &&
		!fixture_near(
			r->f, rank, json_number(fixture_expect(r->f, "rank")), "rank"))
		return false;
	if (run_expects(r, "eigenvalues_desc") &&
		(!fixture_near_all(r->f, value,
			 fixture_expect(r->f, "eigenvalues_desc"), r->K,
			 "eigenvalues_desc") ||
			!fixture_near_all(r->f, B,
				fixture_expect(r->f, "balance_matrix"), r->K * r->K,
				"balance_matrix")))
		return false;
	return run_weights_and_sum(r, step);
}

enum outcome gradient_aligned(struct fixture_run *r)
{
	run_set(r, "scale", fixture_text(r->f, "scale_mode", "min"));
	run_set(r, "reduction", "sum");
	run_hand_on(r, "eps", "eps");
	return run_start(r, "aligned_mtl") ? FAILED : run_play(r, check_aligned, NULL);
}
