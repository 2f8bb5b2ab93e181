#include "tests/fixtures_gradient.h"

#include <math.h>
#include <string.h>
#include "trainer-core/kernel/kernel.h"

struct arena *run_arena(struct fixture_run *r)
{
	return r->f->arena;
}

void run_set(struct fixture_run *r, const char *name, const char *value)
{
	params_set(&r->params, run_arena(r), name, value);
}

void run_hand_on(struct fixture_run *r, const char *from, const char *to)
{
	const cJSON *j = fixture_hyper(r->f, from);

	if (j)
		params_set_number(&r->params, run_arena(r), to, json_number(j));
}

const cJSON *run_member(const struct fixture_run *r, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(r->f->json, name);
}

bool run_expects(const struct fixture_run *r, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(r->f->expect, name) != NULL;
}

enum outcome run_read(struct fixture_run *r)
{
	const cJSON *grads =
		run_member(r, run_member(r, "grads") ? "grads" : "feature_grads");
	int n;

	r->steps = cJSON_GetArraySize(grads);
	r->K = grads ? cJSON_GetArraySize(grads->child) : 0;
	if (r->steps < 1 || r->K < 1 || r->K > TASKS_MAX)
		return fixture_fail(r->f, "no gradients");
	r->grad = json_numbers(run_arena(r), grads, &n);
	r->P = n / (r->steps * r->K);
	r->loss = json_numbers(run_arena(r), run_member(r, "losses"), &n);
	for (int k = 0; k < r->K; k++)
		r->task[k].name = arena_printf(run_arena(r), "task%d", k);
	return PASSED;
}

bool run_read_losses(struct fixture_run *r)
{
	const cJSON *rows = run_member(r, "losses");
	int n;

	r->loss = json_numbers(run_arena(r), rows, &n);
	r->steps = cJSON_GetArraySize(rows);
	if (r->steps < 1 || n / r->steps > TASKS_MAX)
		return fixture_fail(r->f, "no losses") == PASSED;
	r->K = n / r->steps;
	for (int k = 0; k < r->K; k++)
		r->task[k].name = arena_printf(run_arena(r), "task%d", k);
	return true;
}

enum outcome run_start(struct fixture_run *r, const char *method)
{
	struct err e;

	run_set(r, "method", method);
	run_set(r, "seed", "0");
	if (weighting_init(
		    &r->setup, &r->params, r->K, r->task, &r->optim, run_arena(r), &e))
		return fixture_fail(r->f, "%s", e.msg);
	r->trunk.channels = r->P;
	r->setup.trunk = &r->trunk;
	r->state = NEW_ARRAY(run_arena(r), double, weighting_state_size(&r->setup) + 1);
	weighting_state_init(&r->setup, r->state);
	return PASSED;
}

const double *run_gradient(const struct fixture_run *r, int step, int k)
{
	return r->grad + (step * r->K + k) * r->P;
}

void run_fill_gram(struct fixture_run *r, int step)
{
	for (int i = 0; i < r->K; i++)
		for (int j = 0; j < r->K; j++) {
			double sum = 0;

			for (int p = 0; p < r->P; p++)
				sum += run_gradient(r, step, i)[p] *
					run_gradient(r, step, j)[p];
			r->gram[i * r->K + j] = sum;
		}
}

double *run_combine(struct fixture_run *r, int step, const double *weight)
{
	double *sum = NEW_ARRAY(run_arena(r), double, r->P);

	for (int k = 0; k < r->K; k++)
		for (int p = 0; p < r->P; p++)
			sum[p] += weight[k] * run_gradient(r, step, k)[p];
	return sum;
}

double run_norm(const double *v, int n)
{
	double sum = 0;

	for (int i = 0; i < n; i++)
		sum += v[i] * v[i];
	return sqrt(sum);
}

bool run_near_row(
	struct fixture_run *r, int step, const double *got, int n, const char *name)
{
	const cJSON *rows = fixture_expect(r->f, name);

	return !rows ||
		fixture_near_all(r->f, got, cJSON_GetArrayItem(rows, step), n,
			arena_printf(run_arena(r), "step %d %s", step, name));
}

static double ones[TASKS_MAX];

struct weighting_step run_step_at(struct fixture_run *r, int i)
{
	for (int k = 0; k < TASKS_MAX; k++)
		ones[k] = 1;
	run_fill_gram(r, i);
	return (struct weighting_step){ .epoch = 1,
		.step = i,
		.lr_factor = 1,
		.loss = r->loss ? r->loss + i * r->K : ones,
		.gram = r->gram };
}

enum outcome run_play(struct fixture_run *r,
	bool (*check)(struct fixture_run *r, int step),
	bool (*after)(struct fixture_run *r, int step))
{
	for (int i = 0; i < r->steps; i++) {
		struct weighting_step step = run_step_at(r, i);
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

enum outcome run_invalid(struct fixture_run *r)
{
	struct weighting_step step = run_step_at(r, 0);
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

bool run_weights_and_sum(struct fixture_run *r, int step)
{
	return run_near_row(r, step, r->weight, r->K, "weights") &&
		run_near_row(
			r, step, run_combine(r, step, r->weight), r->P, "aggregated");
}

void run_set_optimizer(struct fixture_run *r, const char *lr)
{
	const char *name = fixture_text(r->f, "optimizer", "sgd");

	r->optim = (struct optim_info){ .kind = !strcmp(name, "adam") ? OPTIM_ADAM
								      : OPTIM_SGD,
		.lr = fixture_number(r->f, lr, 0),
		.beta1 = strcmp(name, "adam") ? 0 : 0.9,
		.beta2 = 0.999,
		.eps = 1e-8 };
}

struct vectors *run_new_vectors(struct fixture_run *r)
{
	struct vectors *v = NEW(run_arena(r), struct vectors);
	size_t bytes = (size_t)r->P * sizeof(float);

	v->g = (struct task_gradients){ .n = (size_t)r->P,
		.g = v->own,
		.gram = r->gram,
		.out = arena_alloc_aligned(run_arena(r), bytes),
		.buffer = arena_alloc_aligned(
			run_arena(r), bytes * (size_t)weighting_buffers(&r->setup) + 1),
		.last_n = (size_t)r->P,
		.samples = 1 };
	for (int k = 0; k < r->K; k++)
		v->own[k] = arena_alloc_aligned(run_arena(r), bytes);
	return v;
}

enum outcome run_combine_vectors(struct fixture_run *r, struct vectors *v, int i)
{
	struct weighting_step step = run_step_at(r, i);
	struct factors f = { r->weight, v->head };
	struct err e;

	for (int k = 0; k < r->K; k++)
		for (int p = 0; p < r->P; p++)
			v->own[k][p] = (float)run_gradient(r, i, k)[p];
	if (weighting_combine(&r->setup, r->state, &step, kernels_get(), &v->g, &f, &e))
		return fixture_fail(r->f, "step %d: %s", i, e.msg);
	weighting_update(&r->setup, r->state, &step);
	return PASSED;
}

double *run_doubles(struct fixture_run *r, const float *x)
{
	double *y = NEW_ARRAY(run_arena(r), double, r->P);

	for (int p = 0; p < r->P; p++)
		y[p] = (double)x[p];
	return y;
}

static const struct {
	const char *method; /* of the file */
	enum outcome (*run)(struct fixture_run *r);
} runs[] = {
	{ "pcgrad", gradient_pcgrad },
	{ "mgda", gradient_mgda },
	{ "cagrad", gradient_cagrad },
	{ "imtl_g", gradient_imtl_g },
	{ "imtl", gradient_imtl },
	{ "nash_mtl", gradient_nash },
	{ "aligned_mtl", gradient_aligned },
	{ "gradnorm", gradient_gradnorm },
	{ "gradvac", gradient_gradvac },
	{ "db_mtl", gradient_db },
	{ "graddrop", gradient_graddrop },
	{ "rotograd", gradient_rotograd },
	{ "gcs", gradient_gcs },
	{ "ol_aux", gradient_ol_aux },
	{ "ial", gradient_ial },
};

enum outcome fixture_gradient(struct fixture *f)
{
	struct fixture_run *r = NEW(f->arena, struct fixture_run);
	enum outcome o;

	r->f = f;
	if (!strcmp(f->method, "dtp"))
		return gradient_dtp(f);
	if (!strcmp(f->name, "feature_batch_form"))
		return gradient_graddrop_features(f);
	if (!strcmp(f->method, "auto_lambda"))
		return gradient_auto_lambda(r);
	if (!strcmp(f->name, "rotation_objective"))
		return gradient_rotation(r);
	if (!strcmp(f->name, "sigma_trajectory_logsigma_sgd"))
		return gradient_ial_sigma(r);
	if (!strcmp(f->method, "famo"))
		return run_read_losses(r) ? gradient_famo(r) : FAILED;
	o = run_read(r);
	for (int i = 0; o == PASSED && i < COUNT(runs); i++)
		if (!strcmp(runs[i].method, f->method))
			return runs[i].run(r);
	return o == PASSED ? fixture_skip(f, "this build has no %s", f->method) : o;
}
