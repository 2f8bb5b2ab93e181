/*
 * Weighting methods: a file's rows of losses are its steps (DWA's epoch form: epochs).
 * Weights are compared before the step's update of the method's own state, what is
 * learned after it.
 */
#include "tests/fixtures.h"

#include <math.h>
#include <string.h>
#include "trainer-core/weighting/shared/inverse.h"
#include "trainer-core/kernel/kernel.h"
#include "trainer-core/weighting/shared/learned.h"
#include "trainer-core/optim/optim.h"

struct fixture_run {
	struct fixture *f;
	struct params params;
	struct optim_info optim;
	struct task_info task[TASKS_MAX];
	struct weighting_setup setup;
	double *state;
	const double *loss; /* (steps, K) */
	const double *grad; /* (steps, K, P) or NULL */
	const double *factor; /* (K) what a file's `ew` multiplies losses by; NULL: 1 */
	int steps, K, P;
	bool rows_are_epochs;
	bool temperatures; /* T is a list, one a step */
};

static void set(struct fixture_run *r, const char *name, const char *value)
{
	params_set(&r->params, r->f->arena, name, value);
}

/* Hands a hyperparameter on under our name for it. */
static void hand_on(struct fixture_run *r, const char *from, const char *to)
{
	const cJSON *j = fixture_hyper(r->f, from);

	if (j)
		params_set_number(&r->params, r->f->arena, to, json_number(j));
}

/* A hyperparameter that describes what is the only way here. */
static void accept(struct fixture_run *r, const char *name)
{
	(void)fixture_hyper(r->f, name);
}

/* A file's `ew` may have weights of any sum; ours has ones, scalarization's sum to 1. */
static void set_fixed(struct fixture_run *r)
{
	const cJSON *weights = fixture_hyper(r->f, "weights");
	const cJSON *task = fixture_hyper(r->f, "task");
	const char *kind = fixture_text(r->f, "kind", "");
	struct str list = { .arena = r->f->arena };
	char number[NUMBER_MAX];
	const cJSON *j;
	int n;

	set(r, "method", kind);
	if (weights && !strcmp(kind, "ew")) {
		r->factor = json_numbers(r->f->arena, weights, &n);
		ASSERT(n == r->K);
		return;
	}
	cJSON_ArrayForEach(j, weights) str_printf(&list, "%s%s", list.n ? " " : "",
		number_format(j->valuedouble, number));
	if (weights)
		set(r, "weights", str_get(&list));
	if (task)
		set(r, "task", r->task[task->valueint].name);
}

static void set_dwa(struct fixture_run *r)
{
	set(r, "method", "dwa");
	hand_on(r, "T", "T");
	accept(r, "row_is");
	r->rows_are_epochs = true;
	if (!strcmp(fixture_text(r->f, "variant", ""), "iteration_window")) {
		r->rows_are_epochs = false;
		set(r, "form", "window");
		hand_on(r, "window", "window");
		accept(r, "initial_history");
		accept(r, "starts_when");
	}
}

static void set_gls(struct fixture_run *r)
{
	set(r, "method", "gls");
	accept(r, "computed_in");
}

static void set_optimizer(struct fixture_run *r)
{
	const char *name = fixture_text(r->f, "optimizer", "sgd");
	const cJSON *betas = fixture_hyper(r->f, "betas");

	r->optim.kind = !strcmp(name, "adam") ? OPTIM_ADAM : OPTIM_SGD;
	r->optim.lr = fixture_number(r->f, "lr", 0);
	r->optim.eps = fixture_number(r->f, "eps", 0);
	r->optim.beta1 = betas ? cJSON_GetArrayItem(betas, 0)->valuedouble : 0;
	r->optim.beta2 = betas ? cJSON_GetArrayItem(betas, 1)->valuedouble : 0;
	hand_on(r, "weight_decay", "weight_wd");
}

static void set_uw(struct fixture_run *r)
{
	static const char *const forms[][2] = {
		{ "l2_logvar", "l2" },
		{ "l1_logsigma", "l1" },
		{ "ce_logvar", "ce" },
		{ "l2_sigma", "sigma" },
	};
	const char *variant = fixture_text(r->f, "variant", "");

	set(r, "method", "uw");
	if (*variant)
		set(r, "form", variant);
	for (int i = 0; i < COUNT(forms); i++)
		if (!strcmp(variant, forms[i][0]))
			set(r, "form", forms[i][1]);
	hand_on(r, "init", "init");
	set_optimizer(r);
}

static void set_uwo(struct fixture_run *r)
{
	set(r, "method", "uw_o");
	accept(r, "loss_scales"); /* already in the losses and gradients */
	accept(r, "note");
}

static void set_uwso(struct fixture_run *r)
{
	set(r, "method", "uw_so");
	r->temperatures = cJSON_IsArray(fixture_hyper(r->f, "T"));
	if (r->temperatures)
		params_set_number(&r->params, r->f->arena, "T", 1);
	else
		hand_on(r, "T", "T");
}

static void set_uwso_learned(struct fixture_run *r)
{
	set(r, "method", "uw_so_learned");
	hand_on(r, "T_init", "init");
	set_optimizer(r);
}

static void set_ema(struct fixture_run *r)
{
	set(r, "method", "ema");
	hand_on(r, "beta", "beta");
	accept(r, "init"); /* "first loss" */
}

static void set_imtl_l(struct fixture_run *r)
{
	set(r, "method", "imtl_l");
	hand_on(r, "init", "init");
	set_optimizer(r);
}

static const struct {
	const char *method;
	void (*set)(struct fixture_run *r);
} translations[] = {
	{ "fixed_weights", set_fixed },
	{ "dwa", set_dwa },
	{ "gls", set_gls },
	{ "uw", set_uw },
	{ "uwo", set_uwo },
	{ "uwso", set_uwso },
	{ "uwso_learned_t", set_uwso_learned },
	{ "ema_weighting", set_ema },
	{ "imtl_l", set_imtl_l },
};

static const cJSON *member(const struct fixture_run *r, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(r->f->json, name);
}

static int init(struct fixture_run *r, struct err *e)
{
	int rc;

	params_set(&r->params, r->f->arena, "seed", "0");
	rc = weighting_init(
		&r->setup, &r->params, r->K, r->task, &r->optim, r->f->arena, e);
	if (rc)
		return rc;
	r->state = NEW_ARRAY(r->f->arena, double, weighting_state_size(&r->setup) + 1);
	weighting_state_init(&r->setup, r->state);
	return OK;
}

static int read_case(struct fixture_run *r, struct err *e)
{
	const cJSON *losses = member(r, "losses");
	int n;

	r->steps = cJSON_GetArraySize(losses);
	r->loss = json_numbers(r->f->arena, losses, &n);
	if (r->steps < 1 || n % r->steps || n / r->steps > TASKS_MAX)
		return err_set(e, ERR_SPEC, "no rows of losses");
	r->K = n / r->steps;
	r->grad = json_numbers(r->f->arena, member(r, "grads"), &n);
	r->P = n / (r->steps * r->K);
	for (int k = 0; k < r->K; k++)
		r->task[k].name = arena_printf(r->f->arena, "task%d", k);
	for (int i = 0; i < COUNT(translations); i++)
		if (!strcmp(translations[i].method, r->f->method))
			translations[i].set(r);
	return init(r, e);
}

/* Row `step` of a member of expect, which has one a step; true where it has none. */
static bool near_row(
	struct fixture_run *r, int step, const double *got, int n, const char *name)
{
	const cJSON *rows = fixture_expect(r->f, name);
	const char *place = arena_printf(r->f->arena, "step %d %s", step, name);

	if (!rows)
		return true;
	if (cJSON_GetArraySize(rows) != r->steps) {
		(void)fixture_fail(r->f, "%s: %d rows for %d steps", name,
			cJSON_GetArraySize(rows), r->steps);
		return false;
	}
	return fixture_near_all(r->f, got, cJSON_GetArrayItem(rows, step), n, place);
}

/* Weights times gradients in float32 through the trainer's own kernel. */
static bool aggregated_near(
	struct fixture_run *r, int step, const double *weight, const cJSON *row)
{
	float *sum = arena_alloc_aligned(r->f->arena, (size_t)r->P * sizeof(*sum));
	float *g = arena_alloc_aligned(r->f->arena, (size_t)r->P * sizeof(*g));
	double *got = NEW_ARRAY(r->f->arena, double, r->P);
	double tolerance = r->f->tolerance;
	bool near;

	for (int k = 0; k < r->K; k++) {
		for (int i = 0; i < r->P; i++)
			g[i] = (float)r->grad[(step * r->K + k) * r->P + i];
		kernels_get()->axpy((size_t)r->P, (float)weight[k], g, sum);
	}
	for (int i = 0; i < r->P; i++)
		got[i] = (double)sum[i];
	fixture_kept_in_float32(r->f);
	near = fixture_near_all(r->f, got, row, r->P,
		arena_printf(r->f->arena, "step %d aggregated", step));
	r->f->tolerance = tolerance;
	return near;
}

/* `aggregated` has a row a step, or one that holds in every step. */
static bool check_aggregated(struct fixture_run *r, int step, const double *weight)
{
	const cJSON *rows = fixture_expect(r->f, "aggregated");

	if (!rows)
		return true;
	if (!r->grad)
		return fixture_fail(r->f, "aggregated without grads") == PASSED;
	return aggregated_near(r, step, weight,
		cJSON_IsArray(rows->child) ? cJSON_GetArrayItem(rows, step) : rows);
}

static bool check_weights(
	struct fixture_run *r, int step, const double *loss, const double *weight)
{
	double total = 0;
	double weighted[TASKS_MAX];

	for (int k = 0; k < r->K; k++) {
		weighted[k] = weight[k] * loss[k];
		total += weighted[k];
	}
	/* What a method learns has terms of its own in the objective. */
	if (r->setup.ops->objective) {
		double gradient[TASKS_MAX];

		total = r->setup.ops->objective(&r->setup, r->state, loss, gradient);
		if (!near_row(r, step, gradient, r->K, "param_grad") ||
			!near_row(r, step, gradient, 1, "dT"))
			return false;
	}
	return near_row(r, step, weight, r->K, "weights") &&
		near_row(r, step, weighted, r->K, "weighted_losses") &&
		near_row(r, step, &total, 1, "total_loss") &&
		check_aggregated(r, step, weight);
}

/* The methods' state as their files describe it. */
static bool check_state(struct fixture_run *r, int step)
{
	const char *name = r->setup.info->name;

	if (!strcmp(name, "uw") || !strcmp(name, "imtl_l"))
		return near_row(r, step, learned_values(r->state), r->K, "param_after");
	if (!strcmp(name, "uw_so_learned"))
		return near_row(r, step, learned_values(r->state + 1), 1, "T_after");
	if (!strcmp(name, "ema"))
		return near_row(r, step, r->state + 1, r->K, "ema");
	return true;
}

static enum outcome run_step(struct fixture_run *r, int i)
{
	const double *loss = r->loss + i * r->K;
	struct weighting_step step = {
		.epoch = r->rows_are_epochs ? i + 1 : 1,
		.step = i,
		.lr_factor = 1,
		.loss = loss,
	};
	double weight[TASKS_MAX];
	struct err e;

	if (weighting_weigh(&r->setup, r->state, &step, weight, &e))
		return fixture_fail(r->f, "step %d: %s", i, e.msg);
	for (int k = 0; r->factor && k < r->K; k++)
		weight[k] *= r->factor[k];
	if (!check_weights(r, i, loss, weight))
		return FAILED;
	weighting_update(&r->setup, r->state, &step);
	if (!check_state(r, i))
		return FAILED;
	if (r->rows_are_epochs)
		weighting_end_epoch(&r->setup, r->state, loss);
	return PASSED;
}

/* expect.valid = false: an error, or the documented floor, but finite weights. */
static enum outcome run_invalid(struct fixture_run *r)
{
	struct weighting_step step = { .epoch = 1, .lr_factor = 1, .loss = r->loss };
	double weight[TASKS_MAX];
	struct err e;
	int rc = weighting_weigh(&r->setup, r->state, &step, weight, &e);

	if (rc == ERR_DIVERGED)
		return PASSED;
	for (int k = 0; k < r->K; k++)
		if (rc || !isfinite(weight[k]))
			return fixture_fail(r->f, "a weight that means nothing");
	return PASSED;
}

static enum outcome run_steps(struct fixture_run *r)
{
	const cJSON *valid = fixture_expect(r->f, "valid");
	const cJSON *T = cJSON_GetObjectItemCaseSensitive(r->f->hyperparameters, "T");
	enum outcome outcome = PASSED;
	struct err e;

	if (cJSON_IsFalse(valid))
		return run_invalid(r);
	for (int i = 0; i < r->steps && outcome == PASSED; i++) {
		if (r->temperatures) {
			params_set_number(&r->params, r->f->arena, "T",
				json_number(cJSON_GetArrayItem(T, i)));
			if (init(r, &e))
				return fixture_fail(r->f, "%s", e.msg);
		}
		outcome = run_step(r, i);
	}
	return outcome;
}

/* Eq. 23: the residual at a list of T, on one row of losses. */
static enum outcome run_residuals(struct fixture_run *r)
{
	int n;
	const double *T = json_numbers(r->f->arena, fixture_hyper(r->f, "T"), &n);
	const struct inverse_floor none = { 0, 0 };
	double *got[4];
	static const char *const names[] = { "residual", "alpha", "weighted_loss",
		"dLdT" };
	bool root = false;

	for (int j = 0; j < 4; j++)
		got[j] = NEW_ARRAY(r->f->arena, double, n);
	for (int i = 0; i < n; i++) {
		double w[TASKS_MAX];

		(void)inverse_softmax(r->K, r->loss, &none, T[i], w);
		got[0][i] = inverse_residual(r->K, r->loss, &none, w);
		got[1][i] = inverse_alpha(r->K, r->loss, &none, w);
		got[2][i] = inverse_mean_loss(r->K, r->loss, w);
		got[3][i] = got[0][i] / (T[i] * T[i]);
		root |= got[0][i] <= 0;
	}
	for (int j = 0; j < 4; j++)
		if (!fixture_near_all(
			    r->f, got[j], fixture_expect(r->f, names[j]), n, names[j]))
			return FAILED;
	if (root != cJSON_IsTrue(fixture_expect(r->f, "has_interior_root")))
		return fixture_fail(r->f, "has_interior_root");
	return PASSED;
}

/* d/dT of eq. 24 at T, from the method's own objective. */
static double slope_at(struct fixture_run *r, double T)
{
	double slope;

	learned_init(r->state + 1, 1, T);
	(void)r->setup.ops->objective(&r->setup, r->state, r->loss, &slope);
	return slope;
}

/* Eq. 24: where the slope first turns positive, by bisection of its sign. */
static enum outcome run_stationary(struct fixture_run *r)
{
	const cJSON *finite = fixture_expect(r->f, "finite_stationary_T");
	const cJSON *want = fixture_expect(r->f, "T_star");
	double low = 1e-3;
	double high = low;

	while (slope_at(r, high) < 0 && high < 1e9)
		high *= 1.1;
	if (high >= 1e9)
		return cJSON_IsFalse(finite)
			? PASSED
			: fixture_fail(
				  r->f, "T grows for ever, want %g", json_number(want));
	for (int i = 0; i < 200; i++) {
		double T = (low + high) / 2;

		*(slope_at(r, T) < 0 ? &low : &high) = T;
	}
	if (!cJSON_IsTrue(finite) ||
		!fixture_near(r->f, low, json_number(want), "T_star"))
		return fixture_fail(r->f, "T_star: got %.17g, want none", low);
	return PASSED;
}

/* UW at rest: gradient 0 at the expected s, and the expected weight there. */
static enum outcome run_uw_rest(struct fixture_run *r)
{
	static const char *const names[][3] = {
		{ "l2", "l2_logvar_s", "l2_weight" },
		{ "l1", "l1_logsigma_s", "l1_weight" },
		{ "ce", "ce_logvar_s", "ce_weight" },
	};

	for (int i = 0; i < 3; i++) {
		int n;
		const double *s = json_numbers(
			r->f->arena, fixture_expect(r->f, names[i][1]), &n);
		struct weighting_step step = { .lr_factor = 1, .loss = r->loss };
		double gradient[TASKS_MAX];
		double weight[TASKS_MAX];
		struct err e;

		set(r, "form", names[i][0]);
		if (n != r->K || init(r, &e))
			return fixture_fail(r->f, "%s: %d numbers", names[i][1], n);
		memcpy(r->state + 1, s, (size_t)n * sizeof(*s));
		(void)r->setup.ops->objective(&r->setup, r->state, r->loss, gradient);
		for (int k = 0; k < n; k++)
			if (!fixture_near(r->f, gradient[k], 0, "%s gradient[%d]",
				    names[i][0], k))
				return FAILED;
		if (weighting_weigh(&r->setup, r->state, &step, weight, &e))
			return fixture_fail(r->f, "%s", e.msg);
		if (!fixture_near_all(r->f, weight, fixture_expect(r->f, names[i][2]),
			    n, names[i][2]))
			return FAILED;
	}
	return PASSED;
}

static bool expects(const struct fixture *f, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(f->expect, name) != NULL;
}

enum outcome fixture_weighting(struct fixture *f)
{
	struct fixture_run *r = NEW(f->arena, struct fixture_run);
	struct err e;

	r->f = f;
	if (read_case(r, &e))
		return fixture_fail(f, "%s", e.msg);
	if (expects(f, "residual"))
		return run_residuals(r);
	if (expects(f, "T_star"))
		return run_stationary(r);
	if (expects(f, "l2_logvar_s"))
		return run_uw_rest(r);
	return run_steps(r);
}
