/*
 * Parity cases: a whole training run against PyTorch in float64, node by node in the
 * first step, then losses and weights of every step, final parameters and predictions.
 * Each case runs twice, without and with fused nodes.
 */
#include "tests/fixtures_parity.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "trainer-core/solver/projection.h"
#include "trainer-core/weighting/shared/learned.h"

/* |got - want| <= tolerance, or the reason names the place. */
PRINTF(5, 6)
static bool near(struct parity *p, double got, double want, double tolerance,
	const char *fmt, ...)
{
	char place[128];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(place, sizeof(place), fmt, ap);
	va_end(ap);
	p->f->tolerance = tolerance;
	p->f->absolute = true;
	return fixture_near(p->f, got, want, "%s", place);
}

static const cJSON *expected(const struct parity *p, const char *path)
{
	return parity_member(parity_member(p->manifest, "expected"), path);
}

static double at(const cJSON *list, int i)
{
	return json_number(cJSON_GetArrayItem(list, i));
}

static double norm(const float *v, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (double)v[i] * (double)v[i];
	return sqrt(sum);
}

static double probe(const float *v, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (double)v[i] * cos(0.5 * (double)(i + 1));
	return sum;
}

/* Feeds samples [0, n) of a batch and computes; losses in double, seeds in place. */
static void forward(struct parity *p, int batch, int n, double *loss)
{
	int *index = NEW_ARRAY(p->f->arena, int, n);

	for (int i = 0; i < n; i++)
		index[i] = batch * p->batch + i;
	for (int i = 0; i < p->inputs; i++)
		graph_feed(p->g, p->input[i].node, &p->input[i].x, index, n);
	graph_forward(p->g);
	for (int k = 0; k < p->K; k++) {
		const struct parity_task *t = &p->task[k];
		struct loss_shape s = t->shape;

		s.N = n;
		loss[k] =
			loss_mean(loss_compute(&t->loss, &s, graph_prediction(p->g, k),
				t->target + (size_t)batch * p->batch * t->floats,
				graph_seed(p->g, k)));
	}
}

static bool check_activations(struct parity *p)
{
	const cJSON *j;

	cJSON_ArrayForEach(j, expected(p, "step1.activation_l2"))
	{
		int id = graph_find(p->g, j->string);
		const struct node *v = id < 0 ? NULL : graph_node(p->g, id);
		size_t n = v ? (size_t)v->C * v->H * v->W * (size_t)p->batch : 0;
		float *y = NEW_ARRAY(p->f->arena, float, n);

		if (!v)
			return fixture_fail(p->f, "no node %s", j->string), false;
		if (graph_read(p->g, id, y) &&
			!near(p, norm(y, n), at(j, 0), at(j, 1), "activation of %s",
				j->string))
			return false;
	}
	return true;
}

static bool check_gradients(struct parity *p, const float *grad)
{
	const cJSON *j;

	cJSON_ArrayForEach(j, expected(p, "step1.grad_l2"))
	{
		size_t n = 0;
		const float *v = parity_values(p, j->string, grad, &n);

		if (!v)
			return fixture_fail(p->f, "no parameter %s", j->string), false;
		if (!near(p, norm(v, n), at(j, 0), at(j, 1), "gradient of %s",
			    j->string))
			return false;
	}
	return true;
}

/* Norms and cosines of the tasks' own gradients of the shared parameters. */
static bool check_task_gradients(struct parity *p)
{
	const cJSON *l2 = expected(p, "step1.task_shared_grad_l2");
	const cJSON *cosine = expected(p, "step1.task_shared_grad_cos");
	size_t n = graph_scope_floats(p->g, SCOPE_SHARED);
	float *grad[TASKS_MAX];
	double length[TASKS_MAX];

	for (int k = 0; k < p->K; k++) {
		double one[TASKS_MAX] = { 0 };

		one[k] = 1;
		grad[k] = arena_alloc_aligned(
			p->f->arena, graph_floats(p->g) * sizeof(float));
		graph_backward(p->g, one, grad[k]);
		length[k] = norm(grad[k], n);
		if (!near(p, length[k], at(l2->child, k), at(l2->child->next, k),
			    "shared gradient of task %d", k))
			return false;
		for (int j = 0; j < k; j++) {
			double dot = 0;

			for (size_t i = 0; i < n; i++)
				dot += (double)grad[k][i] * (double)grad[j][i];
			if (!near(p, dot / (length[k] * length[j]),
				    at(cJSON_GetArrayItem(cosine->child, k), j),
				    at(cJSON_GetArrayItem(cosine->child->next, k), j),
				    "cosine of tasks %d and %d", k, j))
				return false;
		}
	}
	return true;
}

static bool check_after_step1(struct parity *p)
{
	const cJSON *j;

	cJSON_ArrayForEach(j, expected(p, "after_step1"))
	{
		size_t n = 0;
		const float *v = parity_values(p, j->string, graph_values(p->g), &n);

		if (!cJSON_IsTrue(parity_member(j, "compare")))
			continue;
		if (!v)
			return fixture_fail(p->f, "no parameter %s", j->string), false;
		if (!near(p, norm(v, n), at(parity_member(j, "l2"), 0),
			    at(parity_member(j, "l2"), 1), "%s after step 1",
			    j->string) ||
			!near(p, probe(v, n), at(parity_member(j, "probe"), 0),
				at(parity_member(j, "probe"), 1),
				"probe of %s after step 1", j->string))
			return false;
	}
	return true;
}

/* Row s of expected.NAME, within row s of expected.NAME_atol. */
static bool check_row(struct parity *p, const char *name, int step, const double *got)
{
	const cJSON *want = cJSON_GetArrayItem(expected(p, name), step);
	const cJSON *tolerance = cJSON_GetArrayItem(
		expected(p, arena_printf(p->f->arena, "%s_atol", name)), step);

	for (int k = 0; k < p->K; k++)
		if (!near(p, got[k], at(want, k), at(tolerance, k),
			    "%s, step %d, task %d", name, step + 1, k))
			return false;
	return true;
}

/* PCGrad in the manifest's order, where the method would draw one of its own. */
static void project_in_order(
	struct parity *p, struct task_gradients *g, double *weight, double *head)
{
	int K = p->K;
	double c[TASKS_MAX * TASKS_MAX];
	double eps = json_number(parity_member(p->manifest, "weighting.eps"));

	for (int i = 0; i < K; i++)
		for (int j = 0; j < K; j++)
			g->gram[i * K + j] = kernels_get()->dot(g->n, g->g[i], g->g[j]);
	project_conflicts(K, g->gram, p->order, eps, c);
	sum_rows(K, c, weight);
	memset(g->out, 0, g->n * sizeof(*g->out));
	for (int k = 0; k < K; k++) {
		head[k] = 1;
		kernels_get()->axpy(g->n, (float)weight[k], g->g[k], g->out);
	}
}

/* The step's gradient; weight: the factors of the heads, as manifests list them. */
static int gradient(struct parity *p, struct weighting_step *ws, double *weight,
	float *grad, struct err *e)
{
	struct arena *a = p->f->arena;
	double shared[TASKS_MAX];
	struct factors factors = { shared, weight };
	struct task_gradients g = { .n = graph_scope_floats(p->g, SCOPE_SHARED),
		.g = NEW_ARRAY(a, float *, p->K),
		.gram = NEW_ARRAY(a, double, p->K * p->K),
		.out = grad };
	int rc;

	if (!(p->weighting.needs & NEEDS_SHARED_GRADIENTS)) {
		rc = weighting_weigh(&p->weighting, p->weighting_state, ws, weight, e);
		for (int k = 0; p->factor && k < p->K; k++)
			weight[k] *= p->factor[k];
		if (rc == OK)
			graph_backward(p->g, weight, grad);
		return rc;
	}
	graph_last_shared(p->g, &g.last, &g.last_n);
	for (int k = 0; k < p->K; k++) {
		g.g[k] = arena_alloc_aligned(a, g.n * sizeof(float));
		graph_backward_begin(p->g);
		graph_backward_head(p->g, k, 1, grad);
		graph_backward_trunk(p->g, g.g[k]);
	}
	if (p->order) {
		project_in_order(p, &g, shared, weight);
		return OK;
	}
	rc = weighting_combine(
		&p->weighting, p->weighting_state, ws, kernels_get(), &g, &factors, e);
	for (int k = 0; rc == OK && k < p->K; k++)
		if (weight[k] != 1)
			kernels_get()->scale(graph_scope_floats(p->g, k),
				(float)weight[k], grad + graph_scope_begin(p->g, k));
	return rc;
}

static bool step(struct parity *p, int s, float *grad)
{
	double loss[TASKS_MAX] = { 0 }, weight[TASKS_MAX] = { 0 };
	struct weighting_step ws = {
		.epoch = 1, .step = s, .lr_factor = 1, .loss = loss
	};
	const float *grads[] = { grad };
	struct err e = { 0 };

	graph_train(p->g, 0, s);
	forward(p, s % p->batches, p->batch, loss);
	if (s == 0 && (!check_activations(p) || !check_task_gradients(p)))
		return false;
	if (gradient(p, &ws, weight, grad, &e))
		return fixture_fail(p->f, "%s", e.msg), false;
	if (!check_row(p, "losses", s, loss) || !check_row(p, "weights", s, weight))
		return false;
	if (s == 0 && !check_gradients(p, grad))
		return false;
	optim_step(p->optim, p->optim_info.lr, graph_values(p->g), grads);
	weighting_update(&p->weighting, p->weighting_state, &ws);
	return s > 0 || check_after_step1(p);
}

/* Every value beside the whole array. */
static bool check_array(
	struct parity *p, const cJSON *j, const float *v, size_t n, const float *want)
{
	double off = 0;

	for (size_t i = 0; i < n; i++) {
		off += ((double)v[i] - (double)want[i]) *
			((double)v[i] - (double)want[i]);
		if (!near(p, (double)v[i], (double)want[i],
			    json_number(parity_member(j, "atol")), "final %s[%zu]",
			    j->string, i))
			return false;
	}
	return near(p, sqrt(off), 0,
		json_number(parity_member(j, "l2_of_difference_max")),
		"difference of the final %s", j->string);
}

/* The first and the last values, and a probe of all. */
static bool check_digest(struct parity *p, const cJSON *j, const float *v, size_t n)
{
	const cJSON *first = parity_member(j, "first16");
	const cJSON *last = parity_member(j, "last16");
	double atol = json_number(parity_member(j, "atol"));
	int count = cJSON_GetArraySize(first);

	if (count < 1 || count > (int)n || cJSON_GetArraySize(last) != count)
		return fixture_fail(p->f, "no values of the final %s", j->string),
		       false;
	for (int i = 0; i < count; i++)
		if (!near(p, (double)v[i], at(first, i), atol, "final %s[%d]",
			    j->string, i) ||
			!near(p, (double)v[n - (size_t)count + (size_t)i], at(last, i),
				atol, "final %s, %d before the last", j->string,
				count - 1 - i))
			return false;
	return near(p, probe(v, n), json_number(parity_member(j, "probe")),
		json_number(parity_member(j, "probe_atol")), "probe of the final %s",
		j->string);
}

static bool check_final_param(struct parity *p, const cJSON *j)
{
	const cJSON *array = parity_member(j, "array");
	size_t n = 0, count = 0;
	const float *v = parity_values(p, j->string, graph_values(p->g), &n);
	const float *want;

	if (!v)
		return fixture_fail(p->f, "no parameter %s", j->string), false;
	if (!near(p, norm(v, n), json_number(parity_member(j, "l2")),
		    json_number(parity_member(j, "l2_atol")), "norm of the final %s",
		    j->string))
		return false;
	if (!array)
		return check_digest(p, j, v, n);
	want = parity_array(p, array->valuestring, &count);
	if (!want || count != n)
		return fixture_fail(p->f, "no array of the final %s", j->string), false;
	return check_array(p, j, v, n, want);
}

static bool check_final(struct parity *p)
{
	const cJSON *state = expected(p, "weighting_state_final");
	const cJSON *tolerance = expected(p, "weighting_state_final_atol");
	double *learned = p->weighting_state;
	const cJSON *j;

	cJSON_ArrayForEach(j, expected(p, "final"))
	{
		if (cJSON_IsTrue(parity_member(j, "compare")) &&
			!check_final_param(p, j))
			return false;
	}
	if (!strcmp(p->weighting.info->name, "gradnorm"))
		learned += 1 + p->K; /* behind the first losses */
	for (int k = 0; state && k < p->K; k++)
		if (!near(p, learned_values(learned)[k], at(state, k), at(tolerance, k),
			    "final weighting state of task %d", k))
			return false;
	return true;
}

/* Predictions and losses on the evaluation samples, under these tolerances. */
static bool check_evaluation(struct parity *p, const char *which, const char *tolerance,
	const char *loss_tolerance)
{
	const cJSON *want = expected(p, which);
	const cJSON *relative = parity_member(want, "rel_l2_after_training");
	int n = (int)json_number(expected(p, "eval.samples"));
	bool trained = !strcmp(tolerance, "atol_after_training");
	double loss[TASKS_MAX] = { 0 };

	graph_evaluate(p->g);
	forward(p, 0, n, loss);
	for (int k = 0; k < p->K; k++) {
		const char *name = cJSON_GetArrayItem(parity_member(want, "outputs"), k)
					   ->valuestring;
		const float *y = parity_array(p, name, NULL);
		const float *got = graph_prediction(p->g, k);
		size_t count = (size_t)n * p->task[k].shape.C * p->task[k].shape.S;
		double off = 0;

		for (size_t i = 0; i < count; i++) {
			double d = (double)got[i] - (double)y[i];

			off += d * d;
			if (!near(p, (double)got[i], (double)y[i],
				    at(parity_member(want, tolerance), k), "%s[%zu]",
				    name, i))
				return false;
		}
		if (trained &&
			!near(p, sqrt(off) / norm(y, count), 0, at(relative, k),
				"difference of %s", name))
			return false;
		if (!near(p, loss[k], at(parity_member(want, "losses"), k),
			    at(parity_member(want, loss_tolerance), k),
			    "%s loss of task %d", which, k))
			return false;
	}
	return true;
}

static bool run(struct parity *p)
{
	float *grad =
		arena_alloc_aligned(p->f->arena, graph_floats(p->g) * sizeof(float));

	if (!check_evaluation(p, "eval.init", "atol", "losses_atol"))
		return false;
	for (int s = 0; s < p->steps; s++)
		if (!step(p, s, grad))
			return false;
	if (!check_final(p) ||
		!check_evaluation(p, "eval.final", "atol_after_training",
			"losses_atol_after_training"))
		return false;
	if (!expected(p, "eval.final.atol_from_stored_final"))
		return true; /* too many parameters to be stored */
	return parity_set(p, "final") == PASSED &&
		check_evaluation(p, "eval.final", "atol_from_stored_final",
			"losses_atol_from_stored_final");
}

/* A manifest that expects something unknown must not pass unread. */
static bool knows_all(struct parity *p)
{
	static const char *const known[] = { "reference", "losses", "losses_atol",
		"losses_torch_float32", "weights", "weights_atol",
		"pcgrad_projections_per_step", "weighting_state_final",
		"weighting_state_final_atol", "step1", "after_step1", "final", "eval",
		"checks" };
	const cJSON *j;

	cJSON_ArrayForEach(j, expected(p, ""))
	{
		size_t i = 0;

		while (i < COUNT(known) && strcmp(known[i], j->string) != 0)
			i++;
		if (i == COUNT(known))
			return fixture_fail(p->f, "expected.%s is not known here",
				       j->string),
			       false;
	}
	return true;
}

enum outcome fixture_parity(struct fixture *f)
{
	struct parity p = { .f = f, .manifest = f->json };
	enum outcome o = parity_load(&p);

	if (o != PASSED)
		return o;
	kernels_init_fpu();
	if (!knows_all(&p))
		return FAILED;
	for (int fuse = 0; fuse < 2; fuse++) {
		char reason[sizeof(f->reason)];

		o = parity_build(&p, fuse);
		if (o == PASSED && run(&p))
			continue;
		memcpy(reason, f->reason, sizeof(reason));
		snprintf(f->reason, sizeof(f->reason), "%s: %.400s",
			fuse ? "fused" : "unfused", reason);
		return FAILED;
	}
	return PASSED;
}
