/*
 * Whole networks in mixed precision: what is stored, and how far gradients are from those
 * of float32.
 */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "common/rng.h"
#include "tests/lib/each.h"
#include "tests/lib/mixed_tables.h"
#include "tests/lib/modelled.h"
#include "trainer-core/graph/layer.h"

#define BATCH 8

static struct arena arena;

static void setup(void)
{
	memset(&arena, 0, sizeof(arena));
	kernels_init_fpu();
}

static void teardown(void)
{
	arena_release(&arena);
}

static const struct row {
	const char *params[MODELLED_PARAMS];
	int c, h, w;
	struct task_info task[3];
	int tasks;
} rows[] = {
	/* The first FEW have no batch norm, which makes much of little. */
	{ { "name", "mlp", "hidden", "40 24" }, 12, 1, 1,
		{ { "a", TASK_REGRESS, LOSS_L1, 2, 1 }, CLASS("b", 10) }, 2 },
	{ { "name", "lenet" }, 1, 36, 36, { CLASS("a", 10), CLASS("b", 10) }, 2 },
	{ { "name", "segnet", "filters", "8 20 40", "layers", "2" }, 3, 24, 32,
		{ SEG(5), DEPTH, NORMAL }, 3 },
	{ { "name", "resnet", "width", "0.25" }, 3, 64, 64, { CLASS("a", 4) }, 1 },
	{ { "name", "deeplab", "width", "0.1", "channels", "12" }, 3, 32, 32,
		{ SEG(5), DEPTH }, 2 },
	{ { "name", "mtan", "filters", "8 8", "layers", "2 1" }, 3, 16, 16,
		{ SEG(5), NORMAL }, 2 },
};

#define FEW 2 /* rows */

static float draw(uint64_t stream, size_t i)
{
	return (float)rng_normal(5, RNG_DATA, stream, i);
}

/* Values that bf16 has. */
static void round_all(size_t n, float *x)
{
	for (size_t i = 0; i < n; i++)
		x[i] = mixed_nearest(x[i]);
}

/*
 * The row's network after a forward and a backward pass; *grad in its flat order.
 * rounded: its inputs and parameters are values of bf16. k: by this table, not by the
 * best.
 */
static struct graph *passed_by(const struct row *r, const char *precision, bool rounded,
	const struct kernels *k, float **grad)
{
	struct dataset *d = NEW(&arena, struct dataset);
	struct params *ps = modelled_params(r->params, &arena);
	size_t values = (size_t)BATCH * r->c * r->h * r->w;
	float *x = arena_alloc_aligned(&arena, sizeof(float) * values);
	int index[BATCH];
	struct network n;
	struct err e;

	d->tasks = r->tasks;
	memcpy(d->task, r->task, sizeof(r->task));
	for (size_t i = 0; i < values; i++)
		x[i] = draw(1, i);
	for (int i = 0; i < BATCH; i++)
		index[i] = i;
	for (int s = 0; s < SPLIT_COUNT; s++)
		d->split[s] = (struct split_data){ .n = BATCH,
			.input = { x, ELEMENT_F32, 1, r->c, r->h, r->w, 0 } };
	if (rounded)
		round_all(values, x);
	params_set(ps, &arena, "train.precision", precision);
	n = modelled(ps, d, &arena);
	if (k)
		n.graph->k = k;
	ck_assert_int_eq(graph_build(n.graph, BATCH, true, &e), OK);
	graph_init(n.graph, 7);
	if (rounded)
		round_all(graph_floats(n.graph), graph_values(n.graph));
	graph_train(n.graph, 1, 1);
	graph_feed(n.graph, n.input[0], &d->split[0].input, index, BATCH);
	graph_forward(n.graph);
	for (int t = 0; t < n.K; t++)
		for (int i = 0; i < BATCH * graph_prediction_floats(n.graph, t); i++)
			graph_seed(n.graph, t)[i] = draw(2, (size_t)(t + 10 * i));
	*grad = arena_alloc_aligned(&arena, sizeof(float) * graph_floats(n.graph));
	graph_backward(n.graph, (const double[]){ 1, 0.5, 2 }, *grad);
	return n.graph;
}

static struct graph *passed(
	const struct row *r, const char *precision, bool rounded, float **grad)
{
	return passed_by(r, precision, rounded, NULL, grad);
}

/* How far x is from y in shares of y, over all parameters in logical order. */
static double distance(
	const struct graph *a, const float *x, const struct graph *b, const float *y)
{
	double square = 0, length = 0;

	for (int i = 0; i < graph_params(a); i++) {
		size_t n = graph_param(a, i)->count;
		float *p = NEW_ARRAY(&arena, float, n),
		      *q = NEW_ARRAY(&arena, float, n);

		graph_param_get(a, i, x, p);
		graph_param_get(b, i, y, q);
		for (size_t j = 0; j < n; j++) {
			double off = (double)p[j] - (double)q[j];

			square += off * off;
			length += (double)q[j] * (double)q[j];
		}
	}
	ck_assert(length > 0);
	return sqrt(square / length);
}

/*
 * Batch norm and the winners of pools turn small differences into large ones, most of all
 * before training: a deep network is held against what rounding its inputs and parameters
 * alone does to its gradient in float32.
 */
START_TEST(gradients_are_as_near_to_those_of_float32_as_bf16_allows)
{
	float *mixed, *grad, *rounded;
	struct graph *m = passed(&rows[_i], "bf16", false, &mixed);
	struct graph *g = passed(&rows[_i], "float32", false, &grad);
	struct graph *r = passed(&rows[_i], "float32", true, &rounded);
	double off = distance(m, mixed, g, grad);
	double allowed = 2 * distance(r, rounded, g, grad);

	allowed = _i < FEW && allowed > 0.04 ? 0.04 : allowed;
	ck_assert_msg(off > 0 && off <= allowed, "%s: %.4f of the gradient, not %.4f",
		rows[_i].params[1], off, allowed);
}
END_TEST

static bool is_bf16(float x)
{
	uint32_t u;

	memcpy(&u, &x, sizeof(u));
	return !(u & 0xffff);
}

static bool any_float(const float *x, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!is_bf16(x[i]))
			return true;
	return false;
}

START_TEST(values_are_stored_in_bf16_and_predictions_are_not)
{
	float *grad;
	struct graph *g = passed(&rows[_i], "bf16", false, &grad);

	for (int id = 0; id < graph_nodes(g); id++) {
		const struct node *v = graph_node(g, id);

		ASSERT_EACH_MSG(v->fused || v->tail != v || v->half == !v->y,
			"node %s holds floats", v->name);
	}
	for (int k = 0; k < graph_tasks(g); k++)
		ck_assert(any_float(graph_prediction(g, k),
			(size_t)BATCH * graph_prediction_floats(g, k)));
	ck_assert(any_float(grad, graph_floats(g)));
}
END_TEST

/* That of AMX as well, instruction by instruction where there is no such unit. */
START_TEST(a_network_has_the_same_bits_in_every_build)
{
	float *first = NULL;

	for (int i = 0; i < MIXED_TABLES; i++) {
		const struct kernels *k = mixed_table(i);
		struct graph *g;
		float *grad;

		if (!k)
			continue;
		g = passed_by(&rows[_i], "bf16", false, k, &grad);
		if (!first)
			first = grad;
		ck_assert_msg(!memcmp(grad, first, graph_floats(g) * sizeof(*grad)),
			"%s: %s", rows[_i].params[1], k->isa);
	}
	unsetenv("DELTAM_KERNELS");
}
END_TEST

Suite *suite_mixed(void);
Suite *suite_mixed(void)
{
	Suite *s = suite_create("mixed");
	TCase *t = tcase_create("mixed");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, gradients_are_as_near_to_those_of_float32_as_bf16_allows,
		0, COUNT(rows));
	tcase_add_loop_test(
		t, values_are_stored_in_bf16_and_predictions_are_not, 0, COUNT(rows));
	tcase_add_loop_test(
		t, a_network_has_the_same_bits_in_every_build, 0, COUNT(rows));
	suite_add_tcase(s, t);
	return s;
}
