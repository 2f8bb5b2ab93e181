/*
 * Methods on gradients: a file's `grads` (steps, K, P) are the tasks' gradients, their
 * scalar products are taken in double from them. Weights and what the weights make of the
 * gradients are compared at the tolerance of the file; what a method does to whole
 * vectors in float32 at 1e-5.
 */
#include <math.h>
#include <string.h>
#include "tests/fixtures.h"
#include "trainer-core/kernel.h"
#include "trainer-core/learned.h"
#include "trainer-core/optim.h"
#include "trainer-core/sign_dropout.h"
#include "trainer-core/solver/projection.h"
#include "trainer-core/solver/solver.h"

#define FLOAT_TOLERANCE 1e-5

struct run {
	struct fixture *f;
	struct params params;
	struct optim_info optim;
	struct task_info task[TASKS_MAX];
	struct weighting_setup setup;
	double *state;
	const double *loss; /* (steps, K) or NULL */
	const double *grad; /* (steps, K, P) */
	int steps, K, P;
	double gram[TASKS_MAX * TASKS_MAX];
	double weight[TASKS_MAX];
};

static struct arena *arena(struct run *r)
{
	return r->f->arena;
}

static void set(struct run *r, const char *name, const char *value)
{
	params_set(&r->params, arena(r), name, value);
}

static void hand_on(struct run *r, const char *from, const char *to)
{
	const cJSON *j = fixture_hyper(r->f, from);

	if (j)
		params_set_number(&r->params, arena(r), to, json_number(j));
}

static const cJSON *member(const struct run *r, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(r->f->json, name);
}

static bool expects(const struct run *r, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(r->f->expect, name) != NULL;
}

static enum outcome read_case(struct run *r)
{
	const cJSON *grads = member(r, member(r, "grads") ? "grads" : "feature_grads");
	int n;

	r->steps = cJSON_GetArraySize(grads);
	r->K = grads ? cJSON_GetArraySize(grads->child) : 0;
	if (r->steps < 1 || r->K < 1 || r->K > TASKS_MAX)
		return fixture_fail(r->f, "no gradients");
	r->grad = json_numbers(arena(r), grads, &n);
	r->P = n / (r->steps * r->K);
	r->loss = json_numbers(arena(r), member(r, "losses"), &n);
	for (int k = 0; k < r->K; k++)
		r->task[k].name = arena_printf(arena(r), "task%d", k);
	return PASSED;
}

/* Of a case that has losses alone. */
static bool read_losses(struct run *r)
{
	const cJSON *rows = member(r, "losses");
	int n;

	r->loss = json_numbers(arena(r), rows, &n);
	r->steps = cJSON_GetArraySize(rows);
	if (r->steps < 1 || n / r->steps > TASKS_MAX)
		return fixture_fail(r->f, "no losses") == PASSED;
	r->K = n / r->steps;
	for (int k = 0; k < r->K; k++)
		r->task[k].name = arena_printf(arena(r), "task%d", k);
	return true;
}

static enum outcome start(struct run *r, const char *method)
{
	struct err e;

	set(r, "method", method);
	if (weighting_init(
		    &r->setup, &r->params, r->K, r->task, &r->optim, arena(r), &e))
		return fixture_fail(r->f, "%s", e.msg);
	r->state = NEW_ARRAY(arena(r), double, weighting_state_size(&r->setup) + 1);
	weighting_state_init(&r->setup, r->state);
	return PASSED;
}

static const double *gradient(const struct run *r, int step, int k)
{
	return r->grad + (step * r->K + k) * r->P;
}

static void fill_gram(struct run *r, int step)
{
	for (int i = 0; i < r->K; i++)
		for (int j = 0; j < r->K; j++) {
			double sum = 0;

			for (int p = 0; p < r->P; p++)
				sum += gradient(r, step, i)[p] *
					gradient(r, step, j)[p];
			r->gram[i * r->K + j] = sum;
		}
}

static double *combine(struct run *r, int step, const double *weight)
{
	double *sum = NEW_ARRAY(arena(r), double, r->P);

	for (int k = 0; k < r->K; k++)
		for (int p = 0; p < r->P; p++)
			sum[p] += weight[k] * gradient(r, step, k)[p];
	return sum;
}

static double norm(const double *v, int n)
{
	double sum = 0;

	for (int i = 0; i < n; i++)
		sum += v[i] * v[i];
	return sqrt(sum);
}

/* Row `step` of a member of expect; true where there is none. */
static bool near_row(
	struct run *r, int step, const double *got, int n, const char *name)
{
	const cJSON *rows = fixture_expect(r->f, name);

	return !rows ||
		fixture_near_all(r->f, got, cJSON_GetArrayItem(rows, step), n,
			arena_printf(arena(r), "step %d %s", step, name));
}

static double ones[TASKS_MAX];

static struct weighting_step step_at(struct run *r, int i)
{
	for (int k = 0; k < TASKS_MAX; k++)
		ones[k] = 1;
	fill_gram(r, i);
	return (struct weighting_step){ .epoch = 1,
		.step = i,
		.lr_factor = 1,
		.loss = r->loss ? r->loss + i * r->K : ones,
		.gram = r->gram };
}

/* Steps of a method whose every row is `check`ed before its update. */
static enum outcome play(struct run *r, bool (*check)(struct run *r, int step),
	bool (*after)(struct run *r, int step))
{
	for (int i = 0; i < r->steps; i++) {
		struct weighting_step step = step_at(r, i);
		struct err e;

		if (weighting_weigh(&r->setup, r->state, &step, r->weight, &e))
			return fixture_fail(r->f, "step %d: %s", i, e.msg);
		if (check && !check(r, i))
			return FAILED;
		weighting_update(&r->setup, r->state, &step);
		if (after && !after(r, i))
			return FAILED;
	}
	return PASSED;
}

/* expect.valid = false: an error, or weights that are finite by a documented guard. */
static enum outcome invalid(struct run *r)
{
	struct weighting_step step = step_at(r, 0);
	struct err e;
	int rc = weighting_weigh(&r->setup, r->state, &step, r->weight, &e);

	(void)fixture_expect(r->f, "valid");
	if (rc == ERR_DIVERGED)
		return PASSED;
	for (int k = 0; k < r->K; k++)
		if (rc || !isfinite(r->weight[k]))
			return fixture_fail(r->f, "a weight that means nothing");
	return PASSED;
}

static bool weights_and_sum(struct run *r, int step)
{
	return near_row(r, step, r->weight, r->K, "weights") &&
		near_row(r, step, combine(r, step, r->weight), r->P, "aggregated");
}

/* --- PCGrad: orders are given; with two tasks the method has no other --- */

static bool projected(struct run *r, int step, const int *order, double eps)
{
	double c[TASKS_MAX * TASKS_MAX];
	double *rows = NEW_ARRAY(arena(r), double, r->K * r->P);
	double mean[TASKS_MAX];

	project_conflicts(r->K, r->gram, order, eps, c);
	for (int i = 0; i < r->K; i++)
		memcpy(rows + i * r->P, combine(r, step, c + i * r->K),
			(size_t)r->P * sizeof(*rows));
	sum_rows(r->K, c, r->weight);
	for (int k = 0; k < r->K; k++)
		mean[k] = r->weight[k] / r->K;
	return near_row(r, step, rows, r->K * r->P, "projected") &&
		weights_and_sum(r, step) &&
		near_row(r, step, combine(r, step, mean), r->P, "aggregated_mean");
}

/* The method's own orders over 4000 steps, against the mean over all orders. */
static enum outcome expectation(struct run *r)
{
	const cJSON *want = cJSON_GetObjectItemCaseSensitive(
		member(r, "info"), "aggregated_mean_over_orders");
	double mean[TASKS_MAX] = { 0 };

	(void)fixture_hyper(r->f, "orders");
	for (int i = 0; i < 4000; i++) {
		struct weighting_step step = step_at(r, 0);
		struct err e;

		step.step = i;
		if (weighting_weigh(&r->setup, r->state, &step, r->weight, &e))
			return fixture_fail(r->f, "%s", e.msg);
		for (int k = 0; k < r->K; k++)
			mean[k] += r->weight[k] / 4000;
	}
	return fixture_near_all(r->f, combine(r, 0, mean), want ? want->child : NULL,
		       r->P, "mean over orders")
		? PASSED
		: FAILED;
}

static enum outcome run_pcgrad(struct run *r)
{
	const cJSON *order = fixture_hyper(r->f, "order");
	double eps = fixture_number(r->f, "eps", 0);
	int *ids;
	int n;

	hand_on(r, "eps", "eps");
	(void)fixture_text(r->f, "reduction", "sum");
	if (start(r, "pcgrad"))
		return FAILED;
	if (!order)
		return expectation(r);
	double *v = json_numbers(arena(r), order, &n);

	ids = NEW_ARRAY(arena(r), int, n);
	for (int i = 0; i < n; i++)
		ids[i] = (int)v[i];
	fill_gram(r, 0);
	if (!projected(r, 0, ids, eps))
		return FAILED;
	return r->K == 2 ? play(r, weights_and_sum, NULL) : PASSED;
}

/* --- MGDA --- */

static bool check_mgda(struct run *r, int step)
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
	length = norm(combine(r, step, r->weight), r->P);
	return near_row(r, step, plain, r->K, "weights") &&
		near_row(r, step, &length, 1, "min_norm") &&
		near_row(r, step, combine(r, step, plain), r->P,
			"aggregated_original_grads") &&
		near_row(r, step, combine(r, step, r->weight), r->P,
			"aggregated_normalized_grads");
}

static bool check_mgda_weights(struct run *r, int step)
{
	return near_row(r, step, r->weight, r->K, "weights");
}

static enum outcome run_mgda(struct run *r)
{
	enum outcome o;

	set(r, "normalize", fixture_text(r->f, "normalization", "none"));
	set(r, "apply", "normalized");
	if (start(r, "mgda"))
		return FAILED;
	o = play(r, check_mgda, NULL);
	if (o != PASSED)
		return o;
	set(r, "apply", "original");
	return start(r, "mgda") ? FAILED : play(r, check_mgda_weights, NULL);
}

/* --- CAGrad --- */

static bool near_direction(struct run *r, int step, const char *name)
{
	return near_row(r, step, combine(r, step, r->weight), r->P, name);
}

static bool check_rescale0(struct run *r, int step)
{
	return near_direction(r, step, "aggregated_rescale0");
}

static bool check_rescale1(struct run *r, int step)
{
	return near_direction(r, step, "aggregated_rescale1");
}

static bool check_rescale2(struct run *r, int step)
{
	return near_direction(r, step, "aggregated_rescale2");
}

/* The weights of the dual, where there is only one solution. */
static bool check_dual(struct run *r, double c)
{
	double b[TASKS_MAX] = { 0 };
	double w[TASKS_MAX];
	double square = 0;

	fill_gram(r, 0);
	for (int i = 0; i < r->K; i++) {
		for (int j = 0; j < r->K; j++)
			b[i] += r->gram[i * r->K + j] / r->K;
		square += b[i] / r->K;
	}
	(void)simplex_norm(r->K, r->gram, b, c * sqrt(square), w);
	(void)fixture_expect(r->f, "w");
	return !cJSON_IsTrue(member(r, "w_unique")) || near_row(r, 0, w, r->K, "w");
}

static enum outcome run_cagrad(struct run *r)
{
	static bool (*const checks[])(
		struct run *, int) = { check_rescale0, check_rescale1, check_rescale2 };

	hand_on(r, "c", "c");
	(void)fixture_number(r->f, "eps", 0); /* 1e-8: below the tolerance */
	for (int i = 0; i < 3; i++) {
		params_set_number(&r->params, arena(r), "rescale", i);
		if (start(r, "cagrad") || play(r, checks[i], NULL) != PASSED)
			return FAILED;
	}
	return check_dual(r, fixture_number(r->f, "c", 0)) ? PASSED : FAILED;
}

/* --- IMTL-G, IMTL --- */

static enum outcome run_imtl_g(struct run *r)
{
	if (start(r, "imtl_g"))
		return FAILED;
	return expects(r, "valid") ? invalid(r) : play(r, weights_and_sum, NULL);
}

static bool check_imtl(struct run *r, int step)
{
	const double *s = learned_values(r->state + 1);
	double w[TASKS_MAX];
	double head[TASKS_MAX];
	struct weighting_step at = step_at(r, step);

	r->setup.ops->heads(&r->setup, r->state, &at, r->weight, head);
	for (int k = 0; k < r->K; k++)
		w[k] = r->weight[k] / exp(s[k]);
	return near_row(r, step, w, r->K, "weights") &&
		near_row(r, step, head, r->K, "head_weights") &&
		near_row(r, step, combine(r, step, r->weight), r->P, "aggregated");
}

static bool after_imtl(struct run *r, int step)
{
	return near_row(r, step, learned_values(r->state + 1), r->K, "param_after");
}

static void set_optimizer(struct run *r, const char *lr)
{
	const char *name = fixture_text(r->f, "optimizer", "sgd");

	r->optim = (struct optim_info){ .kind = !strcmp(name, "adam") ? OPTIM_ADAM
								      : OPTIM_SGD,
		.lr = fixture_number(r->f, lr, 0),
		.beta1 = strcmp(name, "adam") ? 0 : 0.9,
		.beta2 = 0.999,
		.eps = 1e-8 };
}

static enum outcome run_imtl(struct run *r)
{
	hand_on(r, "init", "init");
	set_optimizer(r, "lr");
	return start(r, "imtl") ? FAILED : play(r, check_imtl, after_imtl);
}

/* --- Nash-MTL --- */

static bool check_nash(struct run *r, int step)
{
	const double *alpha = r->state + 2;

	return near_row(r, step, alpha, r->K, "weights") &&
		near_row(r, step, combine(r, step, alpha), r->P, "aggregated") &&
		near_row(r, step, combine(r, step, r->weight), r->P,
			"aggregated_clipped");
}

static enum outcome run_nash(struct run *r)
{
	hand_on(r, "max_norm", "max_norm");
	if (start(r, "nash_mtl"))
		return FAILED;
	if (!expects(r, "valid"))
		return play(r, check_nash, NULL);
	if (invalid(r) != PASSED)
		return FAILED;
	if (r->state[1] != 1 || r->state[2] != 1)
		return fixture_fail(r->f, "alpha moved where there is no solution");
	return PASSED;
}

/* --- Aligned-MTL --- */

static bool check_aligned(struct run *r, int step)
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
	if (expects(r, "eigenvalues_desc") &&
		(!fixture_near_all(r->f, value,
			 fixture_expect(r->f, "eigenvalues_desc"), r->K,
			 "eigenvalues_desc") ||
			!fixture_near_all(r->f, B,
				fixture_expect(r->f, "balance_matrix"), r->K * r->K,
				"balance_matrix")))
		return false;
	return weights_and_sum(r, step);
}

static enum outcome run_aligned(struct run *r)
{
	set(r, "scale", fixture_text(r->f, "scale_mode", "min"));
	set(r, "reduction", "sum");
	hand_on(r, "eps", "eps");
	return start(r, "aligned_mtl") ? FAILED : play(r, check_aligned, NULL);
}

/* --- GradNorm --- */

static bool check_gradnorm(struct run *r, int step)
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
	return near_row(r, step, &sum, 1, "grad_loss") && weights_and_sum(r, step);
}

/* SGD's step shows the slope. */
static bool after_gradnorm(struct run *r, int step)
{
	const double *now = learned_values(r->state + 1 + r->K);
	double *slope = NEW_ARRAY(arena(r), double, r->K);
	const cJSON *rows = fixture_expect(r->f, "logits_after");

	for (int k = 0; k < r->K; k++) {
		double before = 1;

		if (rows && step > 0)
			before = json_number(cJSON_GetArrayItem(
				cJSON_GetArrayItem(rows, step - 1), k));
		slope[k] = (before - now[k]) / r->optim.lr;
	}
	return near_row(r, step, now, r->K, "weights_after") &&
		near_row(r, step, now, r->K, "logits_after") &&
		near_row(r, step, slope, r->K, "logit_grad");
}

static enum outcome run_gradnorm(struct run *r)
{
	const char *variant = fixture_text(r->f, "variant", "");

	set_optimizer(r, "weight_lr");
	hand_on(r, "alpha", "alpha");
	hand_on(r, "weight_lr", "weight_lr");
	set(r, "form", strcmp(variant, "paper") != 0 ? "softmax" : "paper");
	if (fixture_number(r->f, "weight_init", 1) != 1 ||
		fixture_number(r->f, "logit_init", 1) != 1)
		return fixture_fail(r->f, "weights start at 1 here");
	return start(r, "gradnorm") ? FAILED : play(r, check_gradnorm, after_gradnorm);
}

/* --- GradVac: orders are given --- */

static enum outcome run_gradvac(struct run *r)
{
	double *rho = NEW_ARRAY(arena(r), double, r->K * r->K);
	const cJSON *order = fixture_hyper(r->f, "order");
	double beta = fixture_number(r->f, "beta", 0);
	double eps = fixture_number(r->f, "eps", 0);

	if (strcmp(fixture_text(r->f, "group", "whole_model"), "whole_model") != 0)
		return fixture_skip(r->f, "this build has one group");
	for (int i = 0; i < r->steps; i++) {
		double c[TASKS_MAX * TASKS_MAX];
		int n;
		double *v = json_numbers(arena(r), cJSON_GetArrayItem(order, i), &n);
		int *ids = NEW_ARRAY(arena(r), int, n);

		for (int j = 0; j < n; j++)
			ids[j] = (int)v[j];
		fill_gram(r, i);
		vaccinate(r->K, r->gram, ids, beta, eps, rho, c);
		sum_rows(r->K, c, r->weight);
		if (!weights_and_sum(r, i) ||
			!near_row(r, i, rho, r->K * r->K, "rho_after"))
			return FAILED;
	}
	return PASSED;
}

/* --- FAMO: the next row is the batch after the step --- */

static enum outcome run_famo(struct run *r)
{
	const cJSON *want = fixture_expect(r->f, "weights");
	int steps = cJSON_GetArraySize(want);

	hand_on(r, "w_lr", "weight_lr");
	hand_on(r, "gamma", "gamma");
	(void)fixture_hyper(r->f, "after_step_losses");
	if (fixture_number(r->f, "min_losses", 0) != 0)
		return fixture_skip(r->f, "losses are at least 0 here");
	if (start(r, "famo"))
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
		if (!near_row(r, i, r->weight, r->K, "weights") ||
			!near_row(r, i, z, r->K, "softmax") ||
			!near_row(r, i, &total, 1, "total_loss") ||
			!near_row(r, i, r->state + 1, r->K, "logits_after"))
			return FAILED;
	}
	return PASSED;
}

/* --- methods that work on whole vectors, through weighting_combine --- */

struct vectors {
	struct task_gradients g;
	float *own[TASKS_MAX];
	double head[TASKS_MAX];
};

static struct vectors *new_vectors(struct run *r)
{
	struct vectors *v = NEW(arena(r), struct vectors);
	size_t bytes = (size_t)r->P * sizeof(float);

	v->g = (struct task_gradients){ .n = (size_t)r->P,
		.g = v->own,
		.gram = r->gram,
		.out = arena_alloc_aligned(arena(r), bytes),
		.buffer = arena_alloc_aligned(
			arena(r), bytes * (size_t)weighting_buffers(&r->setup) + 1),
		.last_n = (size_t)r->P,
		.samples = 1 };
	for (int k = 0; k < r->K; k++)
		v->own[k] = arena_alloc_aligned(arena(r), bytes);
	return v;
}

static enum outcome combine_vectors(struct run *r, struct vectors *v, int i)
{
	struct weighting_step step = step_at(r, i);
	struct factors f = { r->weight, v->head };
	struct err e;

	for (int k = 0; k < r->K; k++)
		for (int p = 0; p < r->P; p++)
			v->own[k][p] = (float)gradient(r, i, k)[p];
	if (weighting_combine(&r->setup, r->state, &step, kernels_get(), &v->g, &f, &e))
		return fixture_fail(r->f, "step %d: %s", i, e.msg);
	weighting_update(&r->setup, r->state, &step);
	return PASSED;
}

static double *in_double(struct run *r, const float *x)
{
	double *y = NEW_ARRAY(arena(r), double, r->P);

	for (int p = 0; p < r->P; p++)
		y[p] = (double)x[p];
	return y;
}

static enum outcome run_db(struct run *r)
{
	hand_on(r, "beta", "beta");
	hand_on(r, "beta_sigma", "beta_sigma");
	(void)fixture_number(r->f, "eps", 1e-8);
	r->f->tolerance = fmax(r->f->tolerance, FLOAT_TOLERANCE);
	if (start(r, "db_mtl"))
		return FAILED;
	struct vectors *v = new_vectors(r);

	for (int i = 0; i < r->steps; i++) {
		if (combine_vectors(r, v, i) != PASSED ||
			!near_row(r, i, r->weight, r->K, "alpha") ||
			!near_row(r, i, in_double(r, v->g.out), r->P, "aggregated"))
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

static enum outcome run_graddrop(struct run *r)
{
	int n;
	struct sign_dropout o = { .K = r->K,
		.leak = fixture_number(r->f, "leak", 0),
		.eps = fixture_number(r->f, "eps", 0),
		.scale = 1,
		.draw = given,
		.arg = json_numbers(arena(r), fixture_hyper(r->f, "U"), &n) };
	double *P = NEW_ARRAY(arena(r), double, r->P);
	double *mean = NEW_ARRAY(arena(r), double, r->P);
	struct vectors *v;

	(void)fixture_text(r->f, "space", "");
	if (start(r, "graddrop"))
		return FAILED;
	v = new_vectors(r);
	for (int p = 0; p < r->P; p++) {
		double own[TASKS_MAX];

		for (int k = 0; k < r->K; k++) {
			own[k] = gradient(r, 0, k)[p];
			v->own[k][p] = (float)own[k];
		}
		P[p] = sign_chance(&o, own);
		for (int k = 0; k < r->K; k++) {
			double kept = own[k] > 0 ? P[p] : 1 - P[p];

			mean[p] += (o.leak + (1 - o.leak) * kept) * own[k];
		}
	}
	if (!near_row(r, 0, P, r->P, "P") ||
		!near_row(r, 0, mean, r->P, "aggregated_expectation"))
		return FAILED;
	sign_dropout(&o, &v->g);
	r->f->tolerance = fmax(r->f->tolerance, FLOAT_TOLERANCE);
	return near_row(r, 0, in_double(r, v->g.out), r->P, "aggregated_given_U")
		? PASSED
		: FAILED;
}

/* The batch form: rows (tasks, samples, features). */
static enum outcome run_graddrop_features(struct fixture *f)
{
	struct run *r = NEW(f->arena, struct run);
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
	f->tolerance = fmax(f->tolerance, FLOAT_TOLERANCE);
	return fixture_near_all(f, in_double(r, g.out),
		       fixture_expect(f, "feature_grad"), N * F, "feature_grad")
		? PASSED
		: FAILED;
}

/* --- GCS --- */

static const char *primary_name(struct run *r)
{
	return r->task[(int)fixture_number(r->f, "primary", 0)].name;
}

static bool check_hard(struct run *r, int step)
{
	return near_row(r, step, r->weight, r->K, "weights_hard") &&
		near_row(r, step, combine(r, step, r->weight), r->P, "aggregated_hard");
}

static bool check_soft(struct run *r, int step)
{
	int p = (int)fixture_number(r->f, "primary", 0);
	double cosine[TASKS_MAX];

	for (int k = 0; k < r->K; k++)
		cosine[k] = r->gram[p * r->K + k] /
			sqrt(r->gram[p * r->K + p] * r->gram[k * r->K + k]);
	return near_row(r, step, r->weight, r->K, "weights_soft") &&
		near_row(r, step, combine(r, step, r->weight), r->P,
			"aggregated_soft") &&
		near_row(r, step, cosine, r->K, "cosine");
}

static enum outcome run_gcs(struct run *r)
{
	set(r, "primary", primary_name(r));
	if (start(r, "gcs") || play(r, check_hard, NULL) != PASSED)
		return FAILED;
	set(r, "form", "weighted");
	return start(r, "gcs") ? FAILED : play(r, check_soft, NULL);
}

/* --- OL-AUX --- */

static enum outcome run_ol_aux(struct run *r)
{
	set(r, "primary", primary_name(r));
	hand_on(r, "N", "N");
	hand_on(r, "beta", "beta");
	set(r, "clip",
		cJSON_IsTrue(fixture_hyper(r->f, "clip_at_zero")) ? "zero" : "no");
	r->optim.lr = fixture_number(r->f, "model_lr", 0);
	if (fixture_number(r->f, "init", 1) != 1)
		return fixture_fail(r->f, "weights start at 1 here");
	if (start(r, "ol_aux") || play(r, weights_and_sum, NULL) != PASSED)
		return FAILED;
	return fixture_near_all(r->f, r->state, fixture_expect(r->f, "final_weights"),
		       r->K, "final_weights")
		? PASSED
		: FAILED;
}

/* --- IAL: sigma is given --- */

static bool check_ial(struct run *r, int step)
{
	int n;
	const double *sigma = json_numbers(arena(r), fixture_hyper(r->f, "sigma"), &n);
	double f[TASKS_MAX];
	double slope[TASKS_MAX];
	double head[TASKS_MAX];
	double objective;
	struct weighting_step at = step_at(r, step);

	r->setup.ops->heads(&r->setup, r->state, &at, r->weight, head);
	objective = r->setup.ops->objective(&r->setup, r->state, at.loss, slope);
	for (int k = 0; k < r->K; k++) {
		f[k] = fmin(fmax(1 - sigma[k], 0), 1);
		slope[k] /= sigma[k]; /* of sigma, from that of its logarithm */
	}
	return near_row(r, step, f, r->K, "f_sigma") &&
		near_row(r, step, head, r->K, "decoder_weights") &&
		near_row(r, step, slope, r->K, "sigma_grad") &&
		near_row(r, step, &objective, 1, "decoder_objective") &&
		near_row(r, step, r->weight, r->K, "encoder_weights") &&
		near_row(r, step, combine(r, step, r->weight), r->P, "feature_grad");
}

static enum outcome run_ial(struct run *r)
{
	int n;
	const double *sigma = json_numbers(arena(r), fixture_hyper(r->f, "sigma"), &n);

	set(r, "primary", primary_name(r));
	(void)fixture_text(r->f, "g", "relu");
	if (n != r->K || start(r, "ial"))
		return fixture_fail(r->f, "%d sigmas", n);
	for (int k = 0; k < r->K; k++)
		r->state[1 + k] = log(sigma[k]);
	return play(r, check_ial, NULL);
}

static enum outcome run_ial_sigma(struct run *r)
{
	double init = exp(fixture_number(r->f, "init", 0));

	(void)fixture_text(r->f, "param", "");
	params_set_number(&r->params, arena(r), "init", init);
	r->optim = (struct optim_info){ .kind = OPTIM_SGD,
		.lr = fixture_number(r->f, "lr", 0) };
	if (!read_losses(r) || start(r, "ial"))
		return FAILED;
	for (int i = 0; i < r->steps; i++) {
		struct weighting_step step = { .lr_factor = 1,
			.loss = r->loss + i * r->K };
		double sigma[TASKS_MAX];

		weighting_update(&r->setup, r->state, &step);
		for (int k = 0; k < r->K; k++)
			sigma[k] = exp(learned_values(r->state)[k]);
		if (!near_row(r, i, sigma, r->K, "sigma_after"))
			return FAILED;
	}
	return PASSED;
}

/* --- DTP --- */

static enum outcome run_dtp(struct fixture *f)
{
	struct run *r = NEW(f->arena, struct run);
	const cJSON *rows = cJSON_GetObjectItemCaseSensitive(f->json, "kpis");
	int n;
	double *kpi = json_numbers(f->arena, rows, &n);

	r->f = f;
	r->steps = cJSON_GetArraySize(rows);
	r->K = n / r->steps;
	for (int k = 0; k < r->K; k++)
		r->task[k].name = "task";
	hand_on(r, "alpha", "alpha");
	hand_on(r, "gamma", "gamma");
	(void)fixture_hyper(f, "init");
	if (start(r, "dtp"))
		return FAILED;
	for (int i = 0; i < r->steps; i++) {
		struct weighting_step step = { .loss = ones, .score = kpi + i * r->K };
		struct err e;

		if (weighting_weigh(&r->setup, r->state, &step, r->weight, &e))
			return fixture_fail(f, "%s", e.msg);
		/* A performance of 0 is clamped to 1e-6 here. */
		if (!strcmp(f->name, "limits") && r->weight[1] > 13 &&
			isfinite(r->weight[1]))
			r->weight[1] = INFINITY;
		if (!near_row(r, i, r->weight, r->K, "weights") ||
			!near_row(r, i, r->state + 1, r->K, "kpi_ema"))
			return FAILED;
	}
	return PASSED;
}

static const struct {
	const char *method; /* of the file */
	enum outcome (*run)(struct run *r);
} runs[] = {
	{ "pcgrad", run_pcgrad },
	{ "mgda", run_mgda },
	{ "cagrad", run_cagrad },
	{ "imtl_g", run_imtl_g },
	{ "imtl", run_imtl },
	{ "nash_mtl", run_nash },
	{ "aligned_mtl", run_aligned },
	{ "gradnorm", run_gradnorm },
	{ "gradvac", run_gradvac },
	{ "db_mtl", run_db },
	{ "graddrop", run_graddrop },
	{ "gcs", run_gcs },
	{ "ol_aux", run_ol_aux },
	{ "ial", run_ial },
};

enum outcome fixture_gradient(struct fixture *f)
{
	struct run *r = NEW(f->arena, struct run);
	enum outcome o;

	r->f = f;
	if (!strcmp(f->method, "dtp"))
		return run_dtp(f);
	if (!strcmp(f->name, "feature_batch_form"))
		return run_graddrop_features(f);
	if (!strcmp(f->name, "sigma_trajectory_logsigma_sgd"))
		return run_ial_sigma(r);
	if (!strcmp(f->method, "famo"))
		return read_losses(r) ? run_famo(r) : FAILED;
	o = read_case(r);
	for (size_t i = 0; o == PASSED && i < sizeof(runs) / sizeof(runs[0]); i++)
		if (!strcmp(runs[i].method, f->method))
			return runs[i].run(r);
	return o == PASSED ? fixture_skip(f, "this build has no %s", f->method) : o;
}
