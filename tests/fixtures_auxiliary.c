/* The auxiliary setting: one task is primary. */
#include <math.h>
#include <string.h>
#include "tests/fixtures_gradient.h"
#include "trainer-core/weighting/shared/learned.h"

/* --- GCS --- */

static const char *primary_name(struct fixture_run *r)
{
	return r->task[(int)fixture_number(r->f, "primary", 0)].name;
}

static bool check_hard(struct fixture_run *r, int step)
{
	return run_near_row(r, step, r->weight, r->K, "weights_hard") &&
		run_near_row(r, step, run_combine(r, step, r->weight), r->P,
			"aggregated_hard");
}

static bool check_soft(struct fixture_run *r, int step)
{
	int p = (int)fixture_number(r->f, "primary", 0);
	double cosine[TASKS_MAX];

	for (int k = 0; k < r->K; k++)
		cosine[k] = r->gram[p * r->K + k] /
			sqrt(r->gram[p * r->K + p] * r->gram[k * r->K + k]);
	return run_near_row(r, step, r->weight, r->K, "weights_soft") &&
		run_near_row(r, step, run_combine(r, step, r->weight), r->P,
			"aggregated_soft") &&
		run_near_row(r, step, cosine, r->K, "cosine");
}

enum outcome gradient_gcs(struct fixture_run *r)
{
	run_set(r, "primary", primary_name(r));
	if (run_start(r, "gcs") || run_play(r, check_hard, NULL) != PASSED)
		return FAILED;
	run_set(r, "form", "weighted");
	return run_start(r, "gcs") ? FAILED : run_play(r, check_soft, NULL);
}

/* --- OL-AUX --- */

enum outcome gradient_ol_aux(struct fixture_run *r)
{
	run_set(r, "primary", primary_name(r));
	run_hand_on(r, "N", "N");
	run_hand_on(r, "beta", "beta");
	run_set(r, "clip",
		cJSON_IsTrue(fixture_hyper(r->f, "clip_at_zero")) ? "zero" : "no");
	r->optim.lr = fixture_number(r->f, "model_lr", 0);
	if (fixture_number(r->f, "init", 1) != 1)
		return fixture_fail(r->f, "weights start at 1 here");
	if (run_start(r, "ol_aux") || run_play(r, run_weights_and_sum, NULL) != PASSED)
		return FAILED;
	return fixture_near_all(r->f, r->state, fixture_expect(r->f, "final_weights"),
		       r->K, "final_weights")
		? PASSED
		: FAILED;
}

/* --- IAL: sigma is given --- */

static bool check_ial(struct fixture_run *r, int step)
{
	int n;
	const double *sigma =
		json_numbers(run_arena(r), fixture_hyper(r->f, "sigma"), &n);
	double f[TASKS_MAX];
	double slope[TASKS_MAX];
	double head[TASKS_MAX];
	double objective;
	struct weighting_step at = run_step_at(r, step);

	r->setup.ops->heads(&r->setup, r->state, &at, r->weight, head);
	objective = r->setup.ops->objective(&r->setup, r->state, at.loss, slope);
	for (int k = 0; k < r->K; k++) {
		f[k] = fmin(fmax(1 - sigma[k], 0), 1);
		slope[k] /= sigma[k]; /* of sigma, from that of its logarithm */
	}
	return run_near_row(r, step, f, r->K, "f_sigma") &&
		run_near_row(r, step, head, r->K, "decoder_weights") &&
		run_near_row(r, step, slope, r->K, "sigma_grad") &&
		run_near_row(r, step, &objective, 1, "decoder_objective") &&
		run_near_row(r, step, r->weight, r->K, "encoder_weights") &&
		run_near_row(
			r, step, run_combine(r, step, r->weight), r->P, "feature_grad");
}

enum outcome gradient_ial(struct fixture_run *r)
{
	int n;
	const double *sigma =
		json_numbers(run_arena(r), fixture_hyper(r->f, "sigma"), &n);

	run_set(r, "primary", primary_name(r));
	(void)fixture_text(r->f, "g", "relu");
	if (n != r->K || run_start(r, "ial"))
		return fixture_fail(r->f, "%d sigmas", n);
	for (int k = 0; k < r->K; k++)
		r->state[1 + k] = log(sigma[k]);
	return run_play(r, check_ial, NULL);
}

enum outcome gradient_ial_sigma(struct fixture_run *r)
{
	double init = exp(fixture_number(r->f, "init", 0));

	(void)fixture_text(r->f, "param", "");
	params_set_number(&r->params, run_arena(r), "init", init);
	r->optim = (struct optim_info){ .kind = OPTIM_SGD,
		.lr = fixture_number(r->f, "lr", 0) };
	if (!run_read_losses(r) || run_start(r, "ial"))
		return FAILED;
	for (int i = 0; i < r->steps; i++) {
		struct weighting_step step = { .lr_factor = 1,
			.loss = r->loss + i * r->K };
		double sigma[TASKS_MAX];

		weighting_update(&r->setup, r->state, &step);
		for (int k = 0; k < r->K; k++)
			sigma[k] = exp(learned_values(r->state)[k]);
		if (!run_near_row(r, i, sigma, r->K, "sigma_after"))
			return FAILED;
	}
	return PASSED;
}
