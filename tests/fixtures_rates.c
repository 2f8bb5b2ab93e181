/* Methods that follow losses, rates or performances from step to step. */
#include <math.h>
#include <string.h>
#include "tests/fixtures_gradient.h"
#include "trainer-core/weighting/shared/learned.h"

/* --- GradNorm --- */

static bool check_gradnorm(struct fixture_run *r, int step)
{
	double mean = 0;
	double rates = 0;
	double sum = 0;
	const double *loss = r->loss + step * r->K;

	for (int k = 0; k < r->K; k++) {
		mean += r->weight[k] * sqrt(r->gram[k * r->K + k]) / r->K;
		rates += loss[k] / r->loss[k] / r->K;
	}
	for (int k = 0; k < r->K; k++)
		sum += fabs(r->weight[k] * sqrt(r->gram[k * r->K + k]) -
			mean *
				pow(loss[k] / r->loss[k] / rates,
					fixture_number(r->f, "alpha", 0)));
	return run_near_row(r, step, &sum, 1, "grad_loss") &&
		run_weights_and_sum(r, step);
}

/* SGD's step shows the slope. */
static bool after_gradnorm(struct fixture_run *r, int step)
{
	const double *now = learned_values(r->state + 1 + r->K);
	double *slope = NEW_ARRAY(run_arena(r), double, r->K);
	const cJSON *rows = fixture_expect(r->f, "logits_after");

	for (int k = 0; k < r->K; k++) {
		double before = 1;

		if (rows && step > 0)
			before = json_number(cJSON_GetArrayItem(
				cJSON_GetArrayItem(rows, step - 1), k));
		slope[k] = (before - now[k]) / r->optim.lr;
	}
	return run_near_row(r, step, now, r->K, "weights_after") &&
		run_near_row(r, step, now, r->K, "logits_after") &&
		run_near_row(r, step, slope, r->K, "logit_grad");
}

enum outcome gradient_gradnorm(struct fixture_run *r)
{
	const char *variant = fixture_text(r->f, "variant", "");

	run_set_optimizer(r, "weight_lr");
	run_hand_on(r, "alpha", "alpha");
	run_hand_on(r, "weight_lr", "weight_lr");
	run_set(r, "form", strcmp(variant, "paper") != 0 ? "softmax" : "paper");
	if (fixture_number(r->f, "weight_init", 1) != 1 ||
		fixture_number(r->f, "logit_init", 1) != 1)
		return fixture_fail(r->f, "weights start at 1 here");
	return run_start(r, "gradnorm") ? FAILED
					: run_play(r, check_gradnorm, after_gradnorm);
}

/* --- FAMO: the next row is the batch after the step --- */

enum outcome gradient_famo(struct fixture_run *r)
{
	const cJSON *want = fixture_expect(r->f, "weights");
	int steps = cJSON_GetArraySize(want);

	run_hand_on(r, "w_lr", "weight_lr");
	run_hand_on(r, "gamma", "gamma");
	(void)fixture_hyper(r->f, "after_step_losses");
	if (fixture_number(r->f, "min_losses", 0) != 0)
		return fixture_skip(r->f, "losses are at least 0 here");
	if (run_start(r, "famo"))
		return FAILED;
	for (int i = 0; i < steps; i++) {
		const double *loss = r->loss + i * r->K;
		struct weighting_step step = { .epoch = 1,
			.step = i,
			.lr_factor = 1,
			.loss = loss,
			.loss_after = loss + r->K };
		double z[TASKS_MAX];
		double total = 0;
		double c = 0;
		double top = r->state[1];
		double sum = 0;
		struct err e;

		for (int k = 0; k < r->K; k++)
			top = fmax(top, r->state[1 + k]);
		for (int k = 0; k < r->K; k++)
			sum += z[k] = exp(r->state[1 + k] - top);
		for (int k = 0; k < r->K; k++) {
			z[k] /= sum;
			c += z[k] / (loss[k] + 1e-8);
			total += z[k] * log(loss[k] + 1e-8);
		}
		total /= c;
		if (weighting_weigh(&r->setup, r->state, &step, r->weight, &e))
			return fixture_fail(r->f, "%s", e.msg);
		weighting_update(&r->setup, r->state, &step);
		if (!run_near_row(r, i, r->weight, r->K, "weights") ||
			!run_near_row(r, i, z, r->K, "softmax") ||
			!run_near_row(r, i, &total, 1, "total_loss") ||
			!run_near_row(r, i, r->state + 1, r->K, "logits_after"))
			return FAILED;
	}
	return PASSED;
}

/* --- DB-MTL --- */

enum outcome gradient_db(struct fixture_run *r)
{
	run_hand_on(r, "beta", "beta");
	run_hand_on(r, "beta_sigma", "beta_sigma");
	(void)fixture_number(r->f, "eps", 1e-8);
	fixture_kept_in_float32(r->f);
	if (run_start(r, "db_mtl"))
		return FAILED;
	struct vectors *v = run_new_vectors(r);

	for (int i = 0; i < r->steps; i++) {
		if (run_combine_vectors(r, v, i) != PASSED ||
			!run_near_row(r, i, r->weight, r->K, "alpha") ||
			!run_near_row(
				r, i, run_doubles(r, v->g.out), r->P, "aggregated"))
			return FAILED;
	}
	return PASSED;
}

/* --- DTP --- */

static const double no_losses[TASKS_MAX];

enum outcome gradient_dtp(struct fixture *f)
{
	struct fixture_run *r = NEW(f->arena, struct fixture_run);
	const cJSON *rows = cJSON_GetObjectItemCaseSensitive(f->json, "kpis");
	int n;
	double *kpi = json_numbers(f->arena, rows, &n);

	r->f = f;
	r->steps = cJSON_GetArraySize(rows);
	r->K = n / r->steps;
	for (int k = 0; k < r->K; k++)
		r->task[k].name = "task";
	run_hand_on(r, "alpha", "alpha");
	run_hand_on(r, "gamma", "gamma");
	(void)fixture_hyper(f, "init");
	if (run_start(r, "dtp"))
		return FAILED;
	for (int i = 0; i < r->steps; i++) {
		struct weighting_step step = { .loss = no_losses,
			.score = kpi + i * r->K };
		struct err e;

		if (weighting_weigh(&r->setup, r->state, &step, r->weight, &e))
			return fixture_fail(f, "%s", e.msg);
		/* A performance of 0 is clamped to 1e-6 here. */
		if (!strcmp(f->name, "limits") && r->weight[1] > 13 &&
			isfinite(r->weight[1]))
			r->weight[1] = INFINITY;
		if (!run_near_row(r, i, r->weight, r->K, "weights") ||
			!run_near_row(r, i, r->state + 1, r->K, "kpi_ema"))
			return FAILED;
	}
	return PASSED;
}
