/* Auto-lambda's look ahead on quadratic losses 0.5 (theta - c)^T A (theta - c). */
#include <math.h>
#include <string.h>
#include "tests/fixtures_gradient.h"
#include "trainer-core/graph/graph.h"
#include "trainer-core/kernel/kernel.h"
#include "trainer-core/train/lookahead.h"

#define PARAMETERS_MAX 1024

struct quadratics {
	const double *A, *c; /* (K, P, P), (K, P) */
	int K, P;
	const float *theta;
	double *tried; /* (P) theta where the other batch was asked for */
};

/* A (theta - c) of loss k, element i. */
static double pull(const struct quadratics *q, int k, int i)
{
	double sum = 0;

	for (int j = 0; j < q->P; j++)
		sum += q->A[(k * q->P + i) * q->P + j] *
			((double)q->theta[j] - q->c[k * q->P + j]);
	return sum;
}

static void losses(void *arg, enum lookahead_batch batch, double *loss)
{
	const struct quadratics *q = arg;

	for (int k = 0; k < q->K; k++) {
		loss[k] = 0;
		for (int i = 0; i < q->P; i++)
			loss[k] += 0.5 * pull(q, k, i) *
				((double)q->theta[i] - q->c[k * q->P + i]);
	}
	for (int i = 0; batch == BATCH_OTHER && i < q->P; i++)
		q->tried[i] = (double)q->theta[i];
}

static void slope(void *arg, const double *weight, float *gradient)
{
	const struct quadratics *q = arg;

	for (int i = 0; i < q->P; i++) {
		double sum = 0;

		for (int k = 0; k < q->K; k++)
			sum += weight[k] * pull(q, k, i);
		gradient[i] = (float)sum;
	}
}

/* An optimizer of at least P parameters with this momentum buffer. */
static struct optim *optimizer(struct fixture_run *r, int P)
{
	struct graph *g = graph_new(run_arena(r), 1, kernels_get());
	int x = graph_add(g,
		(struct node){ .kind = LAYER_INPUT,
			.name = "x",
			.scope = SCOPE_SHARED,
			.C = P,
			.H = 1,
			.W = 1 });
	struct optim *o;
	int n;
	double *buffer =
		json_numbers(run_arena(r), fixture_hyper(r->f, "momentum_buffer"), &n);

	graph_output(g, 0,
		graph_add(g,
			(struct node){ .kind = LAYER_LINEAR,
				.name = "fc",
				.scope = SCOPE_SHARED,
				.in = { x },
				.units = 1 }));
	if (graph_build(g, 1, false, NULL) || n != P ||
		graph_floats(g) > PARAMETERS_MAX)
		return NULL;
	o = optim_new(&r->optim, g, kernels_get(), run_arena(r));
	*optim_steps(o) = 1;
	for (int i = 0; r->optim.momentum != 0 && i < P; i++)
		optim_state(o)[i] = (float)buffer[i];
	return o;
}

static void read_hyperparameters(struct fixture_run *r, double *counts)
{
	int n;
	double *primary =
		json_numbers(run_arena(r), fixture_hyper(r->f, "primary"), &n);

	run_hand_on(r, "init", "init");
	(void)fixture_text(r->f, "eps_rule", "");
	for (int i = 0; i < n; i++)
		counts[(int)primary[i]] = 1;
	if (n == 1)
		run_set(r, "primary", r->task[(int)primary[0]].name);
	r->optim = (struct optim_info){ .kind = OPTIM_SGD,
		.lr = fixture_number(r->f, "lr", 0),
		.wd = fixture_number(r->f, "weight_decay", 0),
		.momentum = fixture_number(r->f, "momentum", 0) };
}

enum outcome gradient_auto_lambda(struct fixture_run *r)
{
	struct arena *a = run_arena(r);
	const cJSON *model = run_member(r, "model");
	struct quadratics q = { 0 };
	int P, n;
	double *theta =
		json_numbers(a, cJSON_GetObjectItemCaseSensitive(model, "theta"), &P);
	size_t bytes = PARAMETERS_MAX * sizeof(float); /* the optimizer's graph pads */
	float *value = arena_alloc_aligned(a, bytes);
	struct lookahead l = { .n = (size_t)P,
		.value = value,
		.kept = arena_alloc_aligned(a, bytes),
		.gradient = arena_alloc_aligned(a, bytes),
		.kernels = kernels_get(),
		.arg = &q,
		.losses = losses,
		.slope = slope };
	struct weighting_step step = { .lr_factor = 1 };
	double want[TASKS_MAX] = { 0 }, counts[TASKS_MAX], got[TASKS_MAX];

	q.A = json_numbers(a, cJSON_GetObjectItemCaseSensitive(model, "A"), &n);
	q.c = json_numbers(a, cJSON_GetObjectItemCaseSensitive(model, "c"), &n);
	q.P = P;
	r->K = l.K = q.K = n / P;
	q.theta = value;
	q.tried = NEW_ARRAY(a, double, P);
	for (int i = 0; i < P; i++)
		value[i] = (float)theta[i];
	for (int k = 0; k < r->K; k++)
		r->task[k].name = arena_printf(a, "task%d", k);
	read_hyperparameters(r, want);
	fixture_kept_in_float32(r->f);
	if (run_start(r, "auto_lambda"))
		return FAILED;
	l.lr = r->optim.lr;
	l.optim = optimizer(r, P);
	if (!l.optim ||
		!r->setup.ops->lookahead(&r->setup, r->state, &step, r->weight, counts))
		return fixture_fail(r->f, "no look ahead");
	if (memcmp(counts, want, (size_t)r->K * sizeof(*want)) != 0)
		return fixture_fail(r->f, "other losses count");
	lookahead_slope(&l, r->weight, counts, got);
	return fixture_near_all(r->f, q.tried, fixture_expect(r->f, "theta_virtual"), P,
		       "theta_virtual") &&
			fixture_near_all(r->f, got, fixture_expect(r->f, "meta_grad"),
				r->K, "meta_grad") &&
			fixture_near_all(r->f, got,
				fixture_expect(r->f, "meta_grad_exact"), r->K,
				"meta_grad_exact")
		? PASSED
		: FAILED;
}
