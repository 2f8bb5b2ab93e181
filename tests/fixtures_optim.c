/* Optimizers and schedules: the trainer's own float32 code on a flat array. */
#include <math.h>
#include <string.h>
#include "tests/fixtures.h"
#include "trainer-core/graph/graph.h"
#include "trainer-core/kernel/kernel.h"
#include "trainer-core/optim/lr_decay.h"
#include "trainer-core/optim/optim.h"

struct descent {
	struct optim *optim;
	double lr;
	int n;
	float *p, *g; /* the optimizer's flat arrays, longer than n */
};

/* A linear layer of n inputs: its flat array has room for n parameters. */
static int make_graph(struct arena *a, int n, struct graph **g, struct err *e)
{
	int input;
	int output;

	*g = graph_new(a, 1, kernels_get());
	input = graph_add(*g,
		(struct node){ .kind = LAYER_INPUT,
			.name = "x",
			.scope = SCOPE_SHARED,
			.C = n,
			.H = 1,
			.W = 1 });
	output = graph_add(*g,
		(struct node){ .kind = LAYER_LINEAR,
			.name = "y",
			.scope = 0,
			.in = { input },
			.units = 1 });
	graph_output(*g, 0, output);
	return graph_build(*g, 1, false, e);
}

static int start(struct fixture *f, const struct optim_info *info, int n,
	struct descent *d, struct err *e)
{
	struct graph *g;
	int rc = make_graph(f->arena, n, &g, e);
	size_t bytes;

	if (rc)
		return rc;
	ASSERT(graph_floats(g) >= (size_t)n);
	bytes = graph_floats(g) * sizeof(float);
	d->optim = optim_new(info, g, kernels_get(), f->arena);
	d->lr = info->lr;
	d->n = n;
	d->p = arena_alloc_aligned(f->arena, bytes);
	d->g = arena_alloc_aligned(f->arena, bytes);
	return OK;
}

/* After each step of `steps`: parameters against the rows of want. */
static bool check_row(
	struct fixture *f, const struct descent *d, const cJSON *want, int step)
{
	double *got = NEW_ARRAY(f->arena, double, d->n);

	for (int i = 0; i < d->n; i++)
		got[i] = (double)d->p[i];
	return fixture_near_all(f, got, cJSON_GetArrayItem(want, step), d->n,
		arena_printf(f->arena, "step %d", step));
}

static void step(struct descent *d)
{
	const float *grad[] = { d->g };

	optim_step(d->optim, d->lr, d->p, grad);
}

static const cJSON *member(const struct fixture *f, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(f->json, name);
}

/* Gradients are given rows, or the diagonal times the parameters of the moment. */
static enum outcome run_params(struct fixture *f, const struct optim_info *info)
{
	const cJSON *want = fixture_expect(f, "params_after");
	const cJSON *diagonal = member(f, "quadratic_diagonal");
	const cJSON *rows = member(f, "param_grads");
	int n;
	float *init = json_floats(f->arena, member(f, "init"), &n);
	struct descent d;
	struct err e;

	if (start(f, info, n, &d, &e))
		return fixture_fail(f, "%s", e.msg);
	memcpy(d.p, init, (size_t)n * sizeof(*init));
	for (int s = 0; s < cJSON_GetArraySize(want); s++) {
		const cJSON *from = diagonal ? diagonal : cJSON_GetArrayItem(rows, s);
		float *slope = json_floats(f->arena, from, &n);

		for (int i = 0; i < d.n; i++)
			d.g[i] = diagonal ? slope[i] * d.p[i] : slope[i];
		step(&d);
		if (!check_row(f, &d, want, s))
			return FAILED;
	}
	return PASSED;
}

/* One trajectory from zero with all gradients multiplied by scale. */
static enum outcome run_scaled(
	struct fixture *f, const struct optim_info *info, const char *key, double scale)
{
	const cJSON *want = fixture_expect(f, key);
	const cJSON *rows = member(f, "param_grads");
	struct descent d;
	struct err e;

	if (start(f, info, cJSON_GetArraySize(rows->child), &d, &e))
		return fixture_fail(f, "%s", e.msg);
	for (int s = 0; s < cJSON_GetArraySize(want); s++) {
		int n;
		double *slope = json_numbers(f->arena, cJSON_GetArrayItem(rows, s), &n);

		for (int i = 0; i < d.n; i++)
			d.g[i] = (float)(scale * slope[i]);
		step(&d);
		if (!check_row(f, &d, want, s))
			return FAILED;
	}
	return PASSED;
}

static enum outcome run_scales(struct fixture *f)
{
	static const struct {
		const char *adam, *sgd;
		double scale;
	} runs[] = {
		{ "adam_x1", "sgd_x1", 1 },
		{ "adam_x10", "sgd_x10", 10 },
		{ "adam_x0.01", "sgd_x0.01", 0.01 },
	};
	struct optim_info adam = { .kind = OPTIM_ADAM,
		.lr = fixture_number(f, "lr", 0),
		.beta1 = 0.9,
		.beta2 = 0.999,
		.eps = fixture_number(f, "adam_eps", 0) };
	struct optim_info sgd = { .kind = OPTIM_SGD,
		.lr = adam.lr,
		.momentum = fixture_number(f, "sgd_momentum", 0) };

	for (int i = 0; i < COUNT(runs); i++)
		if (run_scaled(f, &adam, runs[i].adam, runs[i].scale) != PASSED ||
			run_scaled(f, &sgd, runs[i].sgd, runs[i].scale) != PASSED)
			return FAILED;
	return PASSED;
}

static enum outcome run_schedule(
	struct fixture *f, const struct lr_decay *d, int epochs)
{
	int n;
	const double *at = json_numbers(f->arena, fixture_expect(f, "epochs"), &n);
	double *got = NEW_ARRAY(f->arena, double, n);

	for (int i = 0; i < n; i++) {
		const struct lr_place place = { .epoch = (int)at[i], .epochs = epochs };

		got[i] = lr_decay_factor(d, &place);
	}
	return fixture_near_all(f, got, fixture_expect(f, "factor"), n, "factor")
		? PASSED
		: FAILED;
}

static bool flag(struct fixture *f, const char *name)
{
	return cJSON_IsTrue(fixture_hyper(f, name));
}

/* torch.optim's defaults where the file is silent. */
static bool read_info(struct fixture *f, struct optim_info *o)
{
	static const char *const names[] = { [OPTIM_ADAM] = "adam",
		[OPTIM_ADAMW] = "adamw",
		[OPTIM_SGD] = "sgd",
		[OPTIM_GD] = "gd",
		[OPTIM_RMSPROP] = "rmsprop",
		[OPTIM_ADAGRAD] = "adagrad" };
	const char *name = fixture_text(f, "optimizer", "");
	const cJSON *betas = fixture_hyper(f, "betas");
	int kind = 0;

	while (kind <= OPTIM_ADAGRAD && strcmp(names[kind], name) != 0)
		kind++;
	*o = (struct optim_info){
		.kind = (enum optim_kind)kind,
		.lr = fixture_number(f, "lr", 0),
		.wd = fixture_number(f, "weight_decay", kind == OPTIM_ADAMW ? 0.01 : 0),
		.momentum = fixture_number(f, "momentum", 0),
		.dampening = fixture_number(f, "dampening", 0),
		.beta1 = betas ? json_number(betas->child) : 0.9,
		.beta2 = betas ? json_number(betas->child->next) : 0.999,
		.eps = fixture_number(f, "eps", kind == OPTIM_ADAGRAD ? 1e-10 : 1e-8),
		.alpha = fixture_number(f, "alpha", 0.99),
		.nesterov = flag(f, "nesterov"),
		.amsgrad = flag(f, "amsgrad"),
	};
	return kind <= OPTIM_ADAGRAD;
}

enum outcome fixture_optimizer(struct fixture *f)
{
	struct lr_decay decay = { .factor = 1 };
	struct optim_info info;

	if (cJSON_HasObjectItem(f->hyperparameters, "step_size")) {
		decay.shape = LR_EVERY;
		decay.every = (int)fixture_number(f, "step_size", 0);
		decay.factor = fixture_number(f, "gamma", 0);
		return run_schedule(f, &decay, 1);
	}
	if (cJSON_HasObjectItem(f->hyperparameters, "T_max")) {
		decay.shape = LR_COSINE;
		if (fixture_number(f, "eta_min", 0) != 0)
			return fixture_skip(f, "cosine decay ends at 0 here");
		return run_schedule(f, &decay, (int)fixture_number(f, "T_max", 0));
	}
	fixture_kept_in_float32(f);
	if (cJSON_HasObjectItem(f->hyperparameters, "sgd_momentum"))
		return run_scales(f);
	if (!read_info(f, &info))
		return fixture_skip(f, "this build has no such optimizer");
	return run_params(f, &info);
}
