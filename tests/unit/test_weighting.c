#include <check.h>
#include <float.h>
#include <glob.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "trainer-core/inverse.h"
#include "trainer-core/kernel.h"
#include "trainer-core/learned.h"
#include "trainer-core/optim.h"

static struct arena arena;
static struct optim_info optim;
static struct task_info tasks[TASKS_MAX];
static const size_t layers[] = { 0, 48, 80 }, arrays[] = { 0, 32, 48, 64, 80 };
static const struct trunk_info trunk = {
	.channels = 4, .layers = { 2, layers }, .arrays = { 4, arrays }
};

static void setup(void)
{
	arena = (struct arena){ 0 };
	optim = (struct optim_info){ .kind = OPTIM_ADAM,
		.lr = 0.01,
		.beta1 = 0.9,
		.beta2 = 0.999,
		.eps = 1e-8 };
	for (int k = 0; k < TASKS_MAX; k++)
		tasks[k] =
			(struct task_info){ .name = arena_printf(&arena, "task%d", k),
				.loss = (enum loss_kind)(k % 3) };
}

static void teardown(void)
{
	arena_release(&arena);
}

#define GUARD 12345.0

struct gradients;

/* One method on K tasks with its state. */
struct game {
	struct weighting_setup setup;
	double *state; /* and a guard behind it */
	size_t size;
	double weight[TASKS_MAX];
	struct gradients *gradients;
	struct err e;
};

static struct gradients *new_gradients(const struct game *g);

/* Parameters by name and value, ended by NULL. What a method must be given is there. */
static int try_start(struct game *g, const char *seed, int K, const char *method, ...)
{
	struct params ps = { 0 };
	const char *name;
	va_list ap;
	int rc;

	params_set(&ps, &arena, "method", method);
	params_set(&ps, &arena, "seed", seed);
	va_start(ap, method);
	while ((name = va_arg(ap, const char *)))
		params_set(&ps, &arena, name, va_arg(ap, const char *));
	va_end(ap);
	rc = weighting_init(&g->setup, &ps, K, tasks, &optim, &arena, &g->e);
	if (rc)
		return rc;
	g->setup.trunk = &trunk;
	g->size = weighting_state_size(&g->setup);
	g->state = NEW_ARRAY(&arena, double, g->size + 1);
	g->state[g->size] = GUARD;
	weighting_state_init(&g->setup, g->state);
	g->gradients = new_gradients(g);
	return OK;
}

#define START(g, K, ...) \
	ck_assert_msg(try_start(g, "1", K, __VA_ARGS__, NULL) == OK, "%s", (g)->e.msg)

#define ROOM 80 /* floats of a task's gradient; more than TASKS_MAX */

/* The tasks' gradients in room of their own. */
struct gradients {
	struct task_gradients g;
	float *own[TASKS_MAX];
	float rows[TASKS_MAX][ROOM];
	float out[ROOM], feature[ROOM];
	double gram[TASKS_MAX * TASKS_MAX], head[TASKS_MAX];
};

static struct gradients *new_gradients(const struct game *g)
{
	struct gradients *room = arena_alloc_aligned(&arena, sizeof(struct gradients));
	size_t buffer = ROOM * (size_t)weighting_buffers(&g->setup);

	for (int k = 0; k < TASKS_MAX; k++)
		room->own[k] = room->rows[k];
	for (int i = 0; i < ROOM; i++)
		room->feature[i] = i % 3 ? 1 : -1;
	room->g = (struct task_gradients){ .n = ROOM,
		.g = room->own,
		.out = room->out,
		.buffer = arena_alloc_aligned(&arena, 4 * buffer + 1),
		.gram = room->gram,
		.work = NEW_ARRAY(&arena, double, weighting_work(&g->setup) + 1),
		.last = ROOM / 2,
		.last_n = ROOM / 2,
		.feature = room->feature,
		.samples = 4 };
	return room;
}

/* Of every task, as a function of the step. */
static void random_gradients(struct gradients *room, int K, int64_t at)
{
	for (int k = 0; k < K; k++)
		for (int i = 0; i < ROOM; i++)
			room->rows[k][i] = (float)rng_normal(
				3, RNG_DATA, (uint64_t)at, (uint64_t)(k * ROOM + i));
}

/* A step on the gradients that lie in g->gradients. */
static int combine_at(struct game *g, int64_t at, double lr_factor, const double *loss)
{
	double after[TASKS_MAX];
	double score[TASKS_MAX];
	double ahead[TASKS_MAX];
	struct weighting_step step = { .epoch = 1,
		.step = at,
		.lr_factor = lr_factor,
		.loss = loss,
		.score = score,
		.loss_after = after,
		.ahead = g->setup.needs & NEEDS_LOOKAHEAD ? ahead : NULL };
	struct factors f = { g->weight, g->gradients->head };
	bool gradients = g->setup.needs & NEEDS_GRADIENTS;
	int rc;

	for (int k = 0; k < g->setup.K; k++) {
		after[k] = 0.99 * loss[k];
		ahead[k] = 0.1 * k - 0.05 * (double)(at % 3) * loss[k];
		score[k] = (double)((k + at) % 9) / 8;
	}
	rc = gradients ? weighting_combine(&g->setup, g->state, &step, kernels_get(),
				 &g->gradients->g, &f, &g->e)
		       : weighting_weigh(&g->setup, g->state, &step, g->weight, &g->e);

	if (rc == OK)
		weighting_update(&g->setup, g->state, &step);
	ck_assert(g->state[g->size] == GUARD);
	return rc;
}

/* On random gradients, where the method wants any. */
static int weigh_at(struct game *g, int64_t at, double lr_factor, const double *loss)
{
	if (g->setup.needs & NEEDS_GRADIENTS)
		random_gradients(g->gradients, g->setup.K, at);
	return combine_at(g, at, lr_factor, loss);
}

#define WEIGH(g, at, ...) \
	ck_assert_msg(weigh_at(g, at, 1, (const double[]){ __VA_ARGS__ }) == OK, "%s", \
		(g)->e.msg)

/* Any method of the catalogue, with what it requires, on K tasks. */
static void start_any(struct game *g, const char *method, int K)
{
	struct str weights = { .arena = &arena };

	for (int k = 0; k < K; k++)
		str_printf(&weights, "%s%.17g", k ? " " : "", 1.0 / K);
	if (!strcmp(method, "scalarization"))
		START(g, K, method, "weights", str_get(&weights));
	else if (!strcmp(method, "stl"))
		START(g, K, method, "task", "task0");
	else if (!strcmp(method, "uw_so"))
		START(g, K, method, "T", "2");
	else
		START(g, K, method);
}

static double sum(const double *x, int n)
{
	double total = 0;

	for (int i = 0; i < n; i++)
		total += x[i];
	return total;
}

static void random_losses(double *loss, int K, uint64_t step)
{
	for (int k = 0; k < K; k++)
		loss[k] = 0.05 + 2 * rng_uniform(7, RNG_DATA, step, (uint64_t)k);
}

START_TEST(every_row_of_the_table_has_its_file_and_every_file_its_row)
{
	glob_t files;
	int n;
	const struct method_info *methods = catalogue_methods(&n);

	ck_assert_int_eq(glob("trainer-core/weighting/*.c", 0, NULL, &files), 0);
	ck_assert_int_eq(files.gl_pathc, n);
	for (int i = 0; i < n; i++) {
		bool found = false;

		for (size_t j = 0; j < files.gl_pathc; j++)
			found |= !strcmp(files.gl_pathv[j],
				arena_printf(&arena, "trainer-core/weighting/%s.c",
					methods[i].name));
		ck_assert_msg(found, "%s has no file", methods[i].name);
	}
	globfree(&files);
}
END_TEST

/* Ordinary, tiny, huge and zero losses on 1, 2 and 50 tasks. */
START_TEST(every_method_gives_finite_weights_or_an_error_that_names_a_task)
{
	static const double scales[] = { 1, 1e-300, 1e300, 0, -1 };
	static const int counts[] = { 1, 2, 50 };
	int n;
	const struct method_info *methods = catalogue_methods(&n);
	int diverged = 0;

	for (int i = 0; i < n * 3 * 5; i++) {
		struct game g;
		int K = counts[i / n % 3];
		double loss[TASKS_MAX];

		start_any(&g, methods[i % n].name, K);
		for (int s = 0; s < (K > 8 ? 11 : 30); s++) {
			random_losses(loss, K, (uint64_t)s);
			loss[K / 2] *= scales[i / n / 3];
			if (weigh_at(&g, s, 1, loss)) {
				ck_assert_int_eq(g.e.code, ERR_DIVERGED);
				ck_assert_ptr_nonnull(strstr(g.e.msg, "task"));
				diverged++;
				break;
			}
			for (int k = 0; k < K; k++)
				ck_assert_msg(isfinite(g.weight[k]), "%s",
					methods[i % n].name);
			if (s % 10 == 9)
				weighting_end_epoch(&g.setup, g.state, loss);
		}
	}
	ck_assert_int_gt(diverged, 0);
}
END_TEST

enum degenerate { ZERO, ALL_ZERO, IDENTICAL, OPPOSITE, TINY, HUGE_ONE, DEGENERATE };

static void degenerate_gradients(struct gradients *room, int K, int kind)
{
	static const float factor[] = { 0, 0, 0, 0, 1e-18f, 1e15f };

	for (int i = 0; i < ROOM; i++)
		for (int k = 0; k < K; k++) {
			float *g = &room->rows[k][i];

			if (kind == ALL_ZERO || (kind == ZERO && k == K / 2))
				*g = 0;
			else if (kind == IDENTICAL)
				*g = room->rows[0][i];
			else if (kind == OPPOSITE)
				*g = k % 2 ? -room->rows[0][i] : room->rows[0][i];
			else if (kind != ZERO && k == K / 2)
				*g *= factor[kind];
		}
}

/* What is combined must be finite wherever the weights are. */
static void check_combined(struct game *g, const char *method)
{
	for (int k = 0; k < g->setup.K; k++)
		ck_assert_msg(isfinite(g->weight[k]) &&
				(!(g->setup.needs & NEEDS_GRADIENTS) ||
					isfinite(g->gradients->head[k])),
			"%s", method);
	for (int i = 0; g->setup.needs & NEEDS_GRADIENTS && i < ROOM; i++)
		ck_assert_msg(isfinite(g->gradients->out[i]), "%s", method);
}

/* Zero, identical, opposite, tiny and huge gradients, a loss of exactly zero. */
START_TEST(degenerate_gradients_give_finite_weights_or_a_named_divergence)
{
	static const int counts[] = { 1, 2, 3, 50 };
	int K = counts[_i % 4];
	int n;
	const struct method_info *methods = catalogue_methods(&n);

	for (int i = 0; i < n * DEGENERATE * 2; i++) {
		struct arena_mark mark = arena_mark(&arena);
		struct game g;
		double loss[TASKS_MAX];

		start_any(&g, methods[i % n].name, K);
		for (int s = 0; s < 3; s++) {
			random_losses(loss, K, (uint64_t)s);
			if (i / n / DEGENERATE)
				loss[K / 2] = 0;
			if (g.setup.needs & NEEDS_GRADIENTS)
				random_gradients(g.gradients, K, s);
			degenerate_gradients(g.gradients, K, i / n % DEGENERATE);
			if (combine_at(&g, s, 1, loss)) {
				ck_assert_int_eq(g.e.code, ERR_DIVERGED);
				ck_assert_ptr_nonnull(strstr(g.e.msg, "task"));
				break;
			}
			check_combined(&g, methods[i % n].name);
		}
		arena_rewind(&arena, mark);
	}
}
END_TEST

/* Common directions that the definitions promise, on three random gradients. */
START_TEST(methods_on_gradients_keep_what_they_promise)
{
	const double loss[] = { 1, 2, 3 };
	struct game g;
	const double *M;

	START(&g, 3, "imtl_g");
	ck_assert_int_eq(weigh_at(&g, 0, 1, loss), OK);
	M = g.gradients->gram;
	ck_assert_double_eq_tol(sum(g.weight, 3), 1, 1e-12);
	for (int k = 1; k < 3; k++) {
		double off = 0;

		for (int j = 0; j < 3; j++)
			off += g.weight[j] *
				(M[j * 3] / sqrt(M[0]) -
					M[j * 3 + k] / sqrt(M[k * 3 + k]));
		ck_assert_double_eq_tol(off, 0, 1e-9);
	}
	START(&g, 3, "nash_mtl", "max_norm", "0");
	ck_assert_int_eq(weigh_at(&g, 0, 1, loss), OK);
	M = g.gradients->gram;
	for (int k = 0; k < 3; k++) {
		double dot = 0;

		for (int j = 0; j < 3; j++)
			dot += M[k * 3 + j] * g.weight[j];
		ck_assert_double_eq_tol(g.weight[k] * dot, 1, 1e-9);
	}
	START(&g, 3, "mgda");
	ck_assert_int_eq(weigh_at(&g, 0, 1, loss), OK);
	ck_assert_double_eq_tol(sum(g.weight, 3), 1, 1e-12);
	for (int k = 0; k < 3; k++)
		ck_assert_double_eq(g.gradients->head[k], 1);
	START(&g, 3, "mgda", "heads", "weighted");
	ck_assert_int_eq(weigh_at(&g, 0, 1, loss), OK);
	for (int k = 0; k < 3; k++)
		ck_assert_double_eq(g.gradients->head[k], g.weight[k]);
}
END_TEST

/* alpha stays where gradients cancel, and the step is counted. */
START_TEST(nash_keeps_its_weights_where_there_is_no_solution)
{
	const double loss[] = { 1, 1 };
	struct diagnostic d[DIAGNOSTICS_MAX];
	double before;
	struct game g;

	START(&g, 2, "nash_mtl");
	ck_assert_int_eq(weigh_at(&g, 0, 1, loss), OK);
	before = g.gradients->head[0];
	ck_assert_double_ne(before, 1);
	random_gradients(g.gradients, 2, 1);
	degenerate_gradients(g.gradients, 2, OPPOSITE);
	ck_assert_int_eq(combine_at(&g, 1, 1, loss), OK);
	ck_assert_double_eq(g.gradients->head[0], before);
	ck_assert_int_eq(weighting_diagnose(&g.setup, g.state, loss, d), 2);
	ck_assert_str_eq(d[1].name, "steps_without_solution");
	ck_assert_double_eq(d[1].value, 1);
	weighting_end_epoch(&g.setup, g.state, loss);
	ck_assert_int_eq(weighting_diagnose(&g.setup, g.state, loss, d), 2);
	ck_assert_double_eq(d[1].value, 0);
}
END_TEST

/* Two of three gradients are opposite: what they make of each other is rounding. */
START_TEST(cagrad_takes_the_mean_where_gradients_cancel)
{
	const double loss[] = { 1, 1, 1 };
	struct game g;

	START(&g, 3, "cagrad");
	random_gradients(g.gradients, 3, 0);
	for (int i = 0; i < ROOM; i++)
		g.gradients->rows[1][i] = -g.gradients->rows[0][i];
	ck_assert_int_eq(combine_at(&g, 0, 1, loss), OK);
	for (int k = 0; k < 3; k++)
		ck_assert_double_eq(g.weight[k], 1.0 / 3);
}
END_TEST

/* Only the floats of one part of the trunk are not zero. */
static void keep_part(struct gradients *room, const struct trunk_parts *parts, int p)
{
	for (int k = 0; k < TASKS_MAX; k++)
		for (size_t i = 0; i < ROOM; i++)
			if (p >= 0 && (i < parts->begin[p] || i >= parts->begin[p + 1]))
				room->rows[k][i] = 0;
}

/* What is turned for itself comes out as if there were nothing else. */
START_TEST(gradvac_turns_every_part_of_the_trunk_for_itself)
{
	static const char *const groups[] = { "layer", "matrix" };
	const struct trunk_parts *parts = _i ? &trunk.arrays : &trunk.layers;
	const double loss[] = { 1, 1, 1 };
	float want[ROOM] = { 0 };
	struct game g;

	for (int p = 0; p < parts->n; p++) {
		START(&g, 3, "gradvac", "beta", "0.5");
		for (int s = 0; s < 4; s++) {
			random_gradients(g.gradients, 3, s);
			keep_part(g.gradients, parts, p);
			ck_assert_int_eq(combine_at(&g, s, 1, loss), OK);
		}
		for (int i = 0; i < ROOM; i++)
			want[i] += g.gradients->out[i];
	}
	START(&g, 3, "gradvac", "beta", "0.5", "group", groups[_i]);
	for (int s = 0; s < 4; s++)
		ck_assert_int_eq(weigh_at(&g, s, 1, loss), OK);
	for (int i = 0; i < ROOM; i++)
		ck_assert_double_eq_tol(
			(double)g.gradients->out[i], (double)want[i], 1e-6);
}
END_TEST

START_TEST(impartial_decoders_change_heads_and_leave_the_trunk)
{
	static const char *const methods[] = { "gcs", "ol_aux", "auto_lambda" };
	const double loss[] = { 0.5, 2, 8 };
	struct game plain, g;

	START(&plain, 3, methods[_i]);
	START(&g, 3, methods[_i], "impartial", "true", "sigma", "2");
	ck_assert(g.setup.needs & NEEDS_GRADIENTS);
	for (int s = 0; s < 5; s++) {
		random_gradients(plain.gradients, 3, s);
		random_gradients(g.gradients, 3, s);
		ck_assert_int_eq(combine_at(&plain, s, 1, loss), OK);
		ck_assert_int_eq(combine_at(&g, s, 1, loss), OK);
		for (int k = 0; k < 3; k++) {
			ck_assert_double_eq(g.weight[k], plain.weight[k]);
			if (s == 0)
				ck_assert_double_eq_tol(
					g.gradients->head[k], 0.125, 1e-12);
		}
	}
	/* 1/(2 sigma^2) has moved towards 1/(2 loss) */
	ck_assert_double_gt(g.gradients->head[0], 0.125);
	ck_assert_double_lt(g.gradients->head[2], 0.125);
}
END_TEST

/* The encoder's alternatives, on gradients of lengths 1, 2, 4 and sigma 0.6. */
START_TEST(auxiliary_gradients_reach_the_trunk_as_the_encoder_says)
{
	static const struct {
		const char *option, *value, *more, *than;
		double want[2];
	} rows[] = {
		{ "encoder", "ial", "g", "relu", { 0.4 / 2, 0.4 / 4 } },
		{ "encoder", "uncertainty", "g", "relu", { 0.4, 0.4 } },
		{ "encoder", "gradient", "g", "relu", { 0.5, 0.25 } },
		{ "encoder", "fixed", "fixed", "0.3", { 0.3, 0.3 } },
		{ "encoder", "ial", "norm", "sample", { 0.4, 0.4 } },
		{ "encoder", "uncertainty", "g", "softplus", { 0.913015, 0.913015 } },
		{ "encoder", "uncertainty", "argument", "variance", { 0.64, 0.64 } },
	};
	const double loss[] = { 1, 1, 1 };

	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		struct game g;

		START(&g, 3, "ial", "init", "0.6", rows[r].option, rows[r].value,
			rows[r].more, rows[r].than);
		for (int k = 0; k < 3; k++)
			for (int i = 0; i < ROOM; i++)
				g.gradients->rows[k][i] =
					(i + k) % 2 ? 1 << k : -(1 << k);
		ck_assert_int_eq(combine_at(&g, 0, 1, loss), OK);
		ck_assert_double_eq(g.weight[0], 1);
		for (int k = 1; k < 3; k++)
			ck_assert_double_eq_tol(g.weight[k], rows[r].want[k - 1], 1e-6);
	}
}
END_TEST

/* Each sample of an auxiliary gradient has the length of the primary one's there. */
START_TEST(lengths_of_samples_are_brought_together_one_by_one)
{
	const double loss[] = { 1, 1 };
	struct game g;

	START(&g, 2, "ial", "norm", "sample", "encoder", "gradient");
	random_gradients(g.gradients, 2, 0);
	for (int i = 0; i < ROOM / 4; i++)
		g.gradients->rows[1][i] *= 1000;
	ck_assert_int_eq(combine_at(&g, 0, 1, loss), OK);
	for (int n = 0; n < 4; n++) {
		double length[2] = { 0, 0 };

		for (int k = 0; k < 2; k++)
			for (int i = 0; i < ROOM / 4; i++)
				length[k] += pow(
					(double)g.gradients->rows[k][n * ROOM / 4 + i],
					2);
		ck_assert_double_eq_tol(length[1] / length[0], 1, 1e-5);
	}
}
END_TEST

/* Weights follow the average of the last steps, the network the step's own gradients. */
START_TEST(ol_aux_compares_filtered_gradients_and_hands_on_its_own)
{
	const double loss[] = { 1, 1 };
	double round = 0;
	struct game g;

	START(&g, 2, "ol_aux", "filter", "3", "N", "1", "beta", "1");
	for (int s = 0; s < 6; s++) {
		double mean[2][ROOM] = { { 0 } };
		double dot = 0;
		double w = g.state[1];
		int n = s < 2 ? s + 1 : 3;

		for (int back = 0; back < n; back++) {
			random_gradients(g.gradients, 2, s - back);
			for (int k = 0; k < 2; k++)
				for (int i = 0; i < ROOM; i++)
					mean[k][i] +=
						(double)g.gradients->rows[k][i] / n;
		}
		for (int i = 0; i < ROOM; i++)
			dot += mean[0][i] * mean[1][i];
		round += optim.lr * dot;
		ck_assert_int_eq(weigh_at(&g, s, 1, loss), OK);
		ck_assert_double_eq_tol(g.state[1], 1 + round, 1e-5);
		for (int i = 0; i < ROOM; i++) {
			float own[2];

			for (int k = 0; k < 2; k++)
				own[k] = (float)rng_normal(3, RNG_DATA, (uint64_t)s,
					(uint64_t)(k * ROOM + i));
			ck_assert_double_eq_tol((double)g.gradients->out[i],
				(double)own[0] + w * (double)own[1], 1e-5);
		}
	}
}
END_TEST

START_TEST(ol_aux_on_logarithms_divides_by_the_losses)
{
	const double loss[] = { 0.5, 4 };
	struct game plain, g;

	START(&plain, 2, "ol_aux", "N", "1", "beta", "1");
	START(&g, 2, "ol_aux", "N", "1", "beta", "1", "losses", "log");
	ck_assert_int_eq(weigh_at(&plain, 0, 1, loss), OK);
	ck_assert_int_eq(weigh_at(&g, 0, 1, loss), OK);
	ck_assert_double_eq_tol(g.state[1] - 1, (plain.state[1] - 1) / (0.5 * 4), 1e-6);
	ck_assert_double_eq(g.gradients->head[0], 2);
	ck_assert_double_eq(g.gradients->head[1], 0.25);
}
END_TEST

START_TEST(interpretations_say_that_they_are_none_of_the_published_methods)
{
	static const char *const names[] = { "atw", "puw", "miraliev" };

	for (int i = 0; i < 3; i++) {
		const struct method_info *m = catalogue_method(names[i]);

		ck_assert_ptr_nonnull(strstr(m->title, "(interpretation)"));
		ck_assert_ptr_nonnull(
			strstr(m->summary, "interpretation, not the published method"));
		ck_assert_ptr_nonnull(strstr(m->source, "after "));
	}
}
END_TEST

/* Twice the scalars, one sum: at rest 1/(2 loss), as in UW. */
START_TEST(task_and_objective_together_come_to_rest_where_uw_does)
{
	struct game g;

	optim.lr = 0.05;
	START(&g, 2, "miraliev");
	for (int s = 0; s < 3000; s++)
		WEIGH(&g, s, 0.25, 8);
	ck_assert_double_eq_tol(g.weight[0], 2, 1e-6);
	ck_assert_double_eq_tol(g.weight[1], 0.0625, 1e-6);
	ck_assert_double_eq_tol(g.state[1], g.state[3], 1e-12);
}
END_TEST

START_TEST(slow_rates_of_change_multiply_uncertainty_weights)
{
	const double falling[] = { 1, 4 };
	struct game g;

	optim.lr = 0;
	START(&g, 2, "atw", "init", "0", "beta", "0.25", "T", "1");
	weighting_end_epoch(&g.setup, g.state, falling);
	WEIGH(&g, 0, 1, 1);
	ck_assert_double_eq_tol(g.weight[0], 0.5, 1e-12);
	weighting_end_epoch(&g.setup, g.state, (const double[]){ 3, 2 });
	WEIGH(&g, 1, 1, 1);
	/* slow means 1.5 and 3.5, rates 3/2 and 7/8 */
	ck_assert_double_eq_tol(g.weight[0] / g.weight[1], exp(0.625), 1e-12);
	ck_assert_double_eq_tol(g.weight[0] + g.weight[1], 1, 1e-12);
	weighting_end_epoch(&g.setup, g.state, (const double[]){ 3, 2 });
	WEIGH(&g, 2, 1, 1);
	/* 1.875 and 3.125, rates 5/4 and 25/28 */
	ck_assert_double_eq_tol(
		g.weight[0] / g.weight[1], exp(1.25 - 25 / 28.0), 1e-12);
	weighting_end_epoch(&g.setup, g.state, (const double[]){ 0, 0 });
	weighting_end_epoch(&g.setup, g.state, (const double[]){ 0, 0 });
	WEIGH(&g, 2, 1, 1);
	ck_assert(isfinite(g.weight[0]));
}
END_TEST

/* Weights near those of UW for the losses over their first: 2 and 1 to 5 and 1. */
START_TEST(particles_gather_where_weights_answer_to_losses)
{
	struct game g;
	struct game other;

	START(&g, 2, "puw", "warm_up", "0.5", "train.epochs", "8", "jitter", "0.3");
	ck_assert_int_eq(try_start(&other, "2", 2, "puw", "warm_up", "0", NULL), OK);
	weighting_end_epoch(&g.setup, g.state, (const double[]){ 3, 5 });
	for (int epoch = 1; epoch < 40; epoch++) {
		WEIGH(&g, epoch, 1, 1);
		if (epoch < 4)
			ck_assert_double_eq_tol(g.weight[0], 0.5, 1e-12);
		else
			ck_assert_double_gt(fabs(g.weight[0] - 0.5), 1e-6);
		ck_assert_double_eq_tol(sum(g.weight, 2), 1, 1e-9);
		weighting_end_epoch(&g.setup, g.state, (const double[]){ 3, 1 });
		weighting_end_epoch(
			&other.setup, other.state, (const double[]){ 3, 1 });
	}
	WEIGH(&g, 40, 1, 1);
	ck_assert_double_gt(g.weight[1], 0.6);
	ck_assert_double_lt(g.weight[1], 0.95);
	WEIGH(&other, 40, 1, 1);
	ck_assert_double_eq_tol(
		other.weight[1], 0.5, 0.1); /* no change since its first */
}
END_TEST

/* The step that combine_at makes up has the largest slope for the last task. */
START_TEST(weights_fall_where_they_would_do_harm_on_another_batch)
{
	const double loss[] = { 1, 1, 1 };
	struct game g;

	START(&g, 3, "auto_lambda", "weight_lr", "0.01");
	for (int s = 1; s <= 10; s++) { /* slopes of every third step differ in sign */
		ck_assert_int_eq(weigh_at(&g, 3 * s + 2, 1, loss), OK);
		ck_assert_double_gt(g.weight[0], 0.1);
		ck_assert_double_lt(g.weight[2], 0.1);
	}
	START(&g, 3, "auto_lambda", "form", "softmax", "weight_lr", "0.01", "every",
		"2");
	ck_assert_double_eq(g.state[1], 0);
	for (int s = 0; s < 9; s++)
		ck_assert_int_eq(weigh_at(&g, s, 1, loss), OK);
	ck_assert_double_eq_tol(sum(g.weight, 3), 1, 1e-12);
	ck_assert_double_gt(g.weight[0], g.weight[2]);
}
END_TEST

START_TEST(a_loss_that_is_not_finite_is_divergence_of_that_task)
{
	struct game g;

	START(&g, 2, "ew");
	ck_assert_int_eq(
		weigh_at(&g, 0, 1, (const double[]){ 1, (double)NAN }), ERR_DIVERGED);
	ck_assert_ptr_nonnull(strstr(g.e.msg, "task1"));
	ck_assert_int_eq(weigh_at(&g, 0, 1, (const double[]){ (double)INFINITY, 1 }),
		ERR_DIVERGED);
	ck_assert_ptr_nonnull(strstr(g.e.msg, "task0"));
}
END_TEST

START_TEST(weights_sum_to_one_or_to_the_number_of_tasks)
{
	static const struct {
		const char *method, *option, *value;
		bool one;
	} rows[] = {
		{ "scalarization", "weights", "0.2 0.3 0.5", true },
		{ "rlw", "weights", "normal", true },
		{ "rlw", "weights", "dirichlet", true },
		{ "uw_so", "T", "0.7", true },
		{ "uw_so_learned", "init", "3", true },
		{ "ew", NULL, NULL, false },
		{ "dwa", "form", "epoch", false },
		{ "dwa", "form", "window", false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct game g;
		double loss[3];

		START(&g, 3, rows[i].method, rows[i].option, rows[i].value);
		for (int s = 0; s < 60; s++) {
			random_losses(loss, 3, (uint64_t)s);
			ck_assert_int_eq(weigh_at(&g, s, 1, loss), OK);
			ck_assert_double_eq_tol(
				sum(g.weight, 3), rows[i].one ? 1 : 3, 1e-12);
			weighting_end_epoch(&g.setup, g.state, loss);
		}
	}
}
END_TEST

START_TEST(uw_o_makes_every_weighted_loss_one_whatever_its_scale)
{
	struct game g;
	const double loss[] = { 0.3, 7, 1e-5 };
	const double scaled[] = { 300, 0.7, 1 };

	START(&g, 3, "uw_o");
	ck_assert_int_eq(weigh_at(&g, 0, 1, loss), OK);
	for (int k = 0; k < 3; k++)
		ck_assert_double_eq_tol(g.weight[k] * loss[k], 1, 1e-15);
	ck_assert_int_eq(weigh_at(&g, 1, 1, scaled), OK);
	for (int k = 0; k < 3; k++)
		ck_assert_double_eq_tol(g.weight[k] * scaled[k], 1, 1e-15);
}
END_TEST

START_TEST(uw_so_is_uniform_for_large_T_and_on_the_smallest_loss_for_small_T)
{
	struct game g;

	START(&g, 3, "uw_so", "T", "1e9");
	WEIGH(&g, 0, 2, 0.1, 0.9);
	for (int k = 0; k < 3; k++)
		ck_assert_double_eq_tol(g.weight[k], 1 / 3.0, 1e-8);
	START(&g, 3, "uw_so", "T", "1e-3");
	WEIGH(&g, 0, 2, 0.1, 0.9);
	ck_assert_double_eq(g.weight[1], 1);
	ck_assert_double_eq(g.weight[0] + g.weight[2], 0);
}
END_TEST

START_TEST(losses_below_the_floor_are_taken_as_the_floor_and_counted)
{
	struct game g;
	struct diagnostic d[DIAGNOSTICS_MAX];
	const double mean[] = { 1, 1 };

	START(&g, 2, "uw_o", "floor", "0.25");
	WEIGH(&g, 0, 1, 0);
	ck_assert_double_eq(g.weight[1], 4);
	WEIGH(&g, 1, 0.1, 0.2);
	ck_assert_int_eq(weighting_diagnose(&g.setup, g.state, mean, d), 1);
	ck_assert_str_eq(d[0].name, "floored_losses");
	ck_assert_int_eq(d[0].task, -1);
	ck_assert_double_eq(d[0].value, 3);
	weighting_end_epoch(&g.setup, g.state, mean);
	ck_assert_int_eq(weighting_diagnose(&g.setup, g.state, mean, d), 0);
}
END_TEST

START_TEST(gls_weights_are_the_slope_of_the_geometric_mean)
{
	struct game g;
	double loss[] = { 0.4, 3, 11 };

	START(&g, 3, "gls");
	ck_assert_int_eq(weigh_at(&g, 0, 1, loss), OK);
	for (int k = 0; k < 3; k++) {
		double h = 1e-5 * loss[k];
		double up = cbrt(0.4 * 3 * 11 / loss[k] * (loss[k] + h));
		double down = cbrt(0.4 * 3 * 11 / loss[k] * (loss[k] - h));

		ck_assert_double_eq_tol(g.weight[k], (up - down) / (2 * h), 1e-8);
	}
}
END_TEST

/* The slopes by which methods learn, against differences of their own objective. */
START_TEST(learned_scalars_follow_the_slope_of_their_objective)
{
	static const struct {
		const char *method, *option, *value;
	} rows[] = {
		{ "uw", "form", "auto" },
		{ "uw", "form", "l2" },
		{ "uw", "form", "l1" },
		{ "uw", "form", "ce" },
		{ "uw", "form", "sigma" },
		{ "imtl_l", "init", "0.3" },
		{ "ial", "init", "0.7" },
		{ "gcs", "impartial", "true" },
		{ "atw", "init", "0.4" },
		{ "miraliev", "init", "0.2" },
		{ "uw_so_learned", "init", "1.7" },
		{ "uw_so_learned", "floor", "0.5" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct game g;
		const double loss[] = { 0.4, 3, 1.1 };
		bool one = !strcmp(rows[i].method, "uw_so_learned");
		double gradient[TASKS_MAX];
		double ignored[TASKS_MAX];

		START(&g, 3, rows[i].method, rows[i].option, rows[i].value);
		g.setup.ops->objective(&g.setup, g.state, loss, gradient);
		for (int k = 0; k < (one ? 1 : 3); k++) {
			double *x = g.state + (one ? 2 : 1) + k;
			double at = *x;
			double up;
			double down;

			*x = at + 1e-5;
			up = g.setup.ops->objective(&g.setup, g.state, loss, ignored);
			*x = at - 1e-5;
			down = g.setup.ops->objective(&g.setup, g.state, loss, ignored);
			*x = at;
			ck_assert_double_eq_tol(gradient[k], (up - down) / 2e-5, 1e-8);
		}
	}
}
END_TEST

START_TEST(uw_takes_the_form_that_belongs_to_each_loss)
{
	struct game g;
	const double mean[] = { 1, 1, 1 };
	struct diagnostic d[DIAGNOSTICS_MAX];

	tasks[0].loss = LOSS_CE;
	tasks[1].loss = LOSS_L2;
	tasks[2].loss = LOSS_L1;
	START(&g, 3, "uw");
	WEIGH(&g, 0, 1, 1, 1);
	ck_assert_double_eq(g.weight[0], 1);
	ck_assert_double_eq(g.weight[1], 0.5);
	ck_assert_double_eq(g.weight[2], 1);
	START(&g, 3, "uw", "form", "l2");
	ck_assert_int_eq(weighting_diagnose(&g.setup, g.state, mean, d), 3);
	for (int k = 0; k < 3; k++) {
		ck_assert_str_eq(d[k].name, "log_variance");
		ck_assert_int_eq(d[k].task, k);
		ck_assert_double_eq(d[k].value, -0.5);
	}
	START(&g, 3, "uw", "form", "l2", "init", "1.5");
	ck_assert_double_eq(learned_values(g.state)[2], 1.5);
	START(&g, 3, "uw", "form", "sigma");
	ck_assert_double_eq(learned_values(g.state)[0], 1);
}
END_TEST

START_TEST(uw_comes_to_rest_where_the_variance_is_the_loss)
{
	struct game g;

	optim = (struct optim_info){ .kind = OPTIM_GD, .lr = 0.5 };
	START(&g, 2, "uw", "form", "l2");
	for (int s = 0; s < 2000; s++)
		WEIGH(&g, s, 0.25, 3);
	ck_assert_double_eq_tol(g.weight[0], 1 / (2 * 0.25), 1e-9);
	ck_assert_double_eq_tol(g.weight[1], 1 / (2 * 3.0), 1e-9);
}
END_TEST

START_TEST(learned_scalars_take_the_networks_rate_and_schedule_but_not_its_decay)
{
	struct game g;
	const double loss[] = { 3, 3 }; /* slope of form l1 at s = 0: -2 */

	optim = (struct optim_info){ .kind = OPTIM_GD, .lr = 0.1, .wd = 100 };
	START(&g, 2, "uw", "form", "l1");
	ck_assert_int_eq(weigh_at(&g, 0, 1, loss), OK);
	ck_assert_double_eq_tol(learned_values(g.state)[0], 0.2, 1e-15);
	START(&g, 2, "uw", "form", "l1");
	ck_assert_int_eq(weigh_at(&g, 0, 0.5, loss), OK);
	ck_assert_double_eq_tol(learned_values(g.state)[0], 0.1, 1e-15);
	START(&g, 2, "uw", "form", "l1", "weight_lr", "0.3");
	ck_assert_int_eq(weigh_at(&g, 0, 0.5, loss), OK);
	ck_assert_double_eq_tol(learned_values(g.state)[0], 0.3, 1e-15);
	START(&g, 2, "uw", "form", "l1", "init", "1", "weight_wd", "0.5");
	ck_assert_int_eq(weigh_at(&g, 0, 1, loss), OK);
	ck_assert_double_eq_tol(
		learned_values(g.state)[0], 1 - 0.1 * (1 - 3 * exp(-1) + 0.5), 1e-15);
}
END_TEST

START_TEST(a_learned_temperature_stays_positive)
{
	struct game g;

	optim = (struct optim_info){ .kind = OPTIM_GD, .lr = 1e3 };
	START(&g, 2, "uw_so_learned", "init", "8");
	/* alpha Lbar is far above 2, so the slope is positive and the step enormous. */
	WEIGH(&g, 0, 0.05, 20);
	ck_assert_double_eq(learned_values(g.state + 1)[0], 4);
}
END_TEST

START_TEST(the_analytic_condition_leaves_a_residual_unless_all_losses_are_equal)
{
	const double T[] = { 0.1, 1, 10, 1000 };
	const double loss[] = { 0.3, 1.1, 0.8 };
	const double equal[] = { 0.3, 0.3, 0.3 };
	struct game g;
	struct diagnostic d[DIAGNOSTICS_MAX];
	double w[3];

	for (int i = 0; i < 4; i++) {
		double direct;

		inverse_softmax(3, loss, 1e-12, T[i], w);
		direct = inverse_alpha(3, loss, 1e-12, w) *
				inverse_mean_loss(3, loss, w) -
			1;
		ck_assert_double_eq_tol(
			inverse_residual(3, loss, 1e-12, w), direct, 1e-12);
		ck_assert_double_gt(inverse_residual(3, loss, 1e-12, w), 0);
		ck_assert_double_eq(inverse_residual(3, equal, 1e-12, w), 0);
	}
	START(&g, 3, "uw_so", "T", "1000");
	ck_assert_int_eq(weighting_diagnose(&g.setup, g.state, loss, d), 1);
	ck_assert_str_eq(d[0].name, "analytic_residual");
	ck_assert_double_eq(d[0].value, inverse_residual(3, loss, 1e-12, w));
	START(&g, 3, "uw_so_learned", "init", "1000");
	ck_assert_int_eq(weighting_diagnose(&g.setup, g.state, loss, d), 2);
	ck_assert_str_eq(d[1].name, "temperature");
	ck_assert_double_eq(d[1].value, 1000);
}
END_TEST

START_TEST(random_weights_are_a_function_of_seed_and_step)
{
	static const char *const forms[] = { "normal", "dirichlet" };
	const double loss[] = { 1, 1, 1 };

	for (int i = 0; i < 2; i++) {
		struct game a;
		struct game b;
		struct game other;

		ck_assert_int_eq(
			try_start(&a, "5", 3, "rlw", "weights", forms[i], NULL), OK);
		ck_assert_int_eq(
			try_start(&b, "5", 3, "rlw", "weights", forms[i], NULL), OK);
		ck_assert_int_eq(
			try_start(&other, "6", 3, "rlw", "weights", forms[i], NULL),
			OK);
		ck_assert_int_eq(weigh_at(&a, 0, 1, loss), OK);
		ck_assert_int_eq(weigh_at(&a, 41, 1, loss), OK);
		ck_assert_int_eq(weigh_at(&b, 41, 1, loss), OK); /* entered anywhere */
		ck_assert_mem_eq(a.weight, b.weight, 3 * sizeof(double));
		ck_assert_int_eq(weigh_at(&other, 41, 1, loss), OK);
		ck_assert_double_ne(a.weight[0], other.weight[0]);
		ck_assert_int_eq(weigh_at(&b, 42, 1, loss), OK);
		ck_assert_double_ne(a.weight[0], b.weight[0]);
	}
}
END_TEST

/* Three epochs of seven steps from step `from`. */
static void play(struct game *g, int K, int from, int to, double *trace)
{
	for (int s = from; s < to; s++) {
		double loss[TASKS_MAX];

		random_losses(loss, K, (uint64_t)s);
		ck_assert_int_eq(weigh_at(g, s, 1, loss), OK);
		memcpy(trace + s * K, g->weight, (size_t)K * sizeof(double));
		if (s % 7 == 6)
			weighting_end_epoch(&g->setup, g->state, loss);
		ck_assert(g->state[g->size] == GUARD);
	}
}

START_TEST(a_method_continues_from_its_saved_state_bit_for_bit)
{
	int n;
	const struct method_info *methods = catalogue_methods(&n);

	for (int i = 0; i <= n; i++) {
		struct game whole;
		struct game rest;
		double trace[2][21 * 3];
		size_t bytes;

		if (i < n) {
			start_any(&whole, methods[i].name, 3);
			start_any(&rest, methods[i].name, 3);
		} else {
			START(&whole, 3, "dwa", "form", "window", "window", "4");
			START(&rest, 3, "dwa", "form", "window", "window", "4");
		}
		bytes = weighting_state_size(&whole.setup) * sizeof(double);
		play(&whole, 3, 0, 11, trace[0]);
		memcpy(rest.state, whole.state, bytes);
		memcpy(rest.gradients->g.buffer, whole.gradients->g.buffer,
			(size_t)weighting_buffers(&whole.setup) * ROOM * sizeof(float));
		play(&whole, 3, 11, 21, trace[0]);
		play(&rest, 3, 11, 21, trace[1]);
		ck_assert_mem_eq(
			trace[0] + 11 * 3, trace[1] + 11 * 3, 10 * 3 * sizeof(double));
		ck_assert_mem_eq(rest.state, whole.state, bytes);
	}
}
END_TEST

START_TEST(dwa_counts_a_rate_over_a_loss_of_zero_as_no_movement)
{
	struct game g;
	const double zero[] = { 0, 1 };
	const double one[] = { 1, 1 };

	START(&g, 2, "dwa");
	weighting_end_epoch(&g.setup, g.state, zero);
	weighting_end_epoch(&g.setup, g.state, one);
	WEIGH(&g, 0, 1, 1);
	ck_assert_double_eq(g.weight[0], 1);
	ck_assert_double_eq(g.weight[1], 1);
}
END_TEST

START_TEST(ema_with_beta_one_is_uw_o)
{
	struct game g;
	struct game o;
	double loss[3];

	START(&g, 3, "ema", "beta", "1");
	START(&o, 3, "uw_o");
	for (int s = 0; s < 10; s++) {
		random_losses(loss, 3, (uint64_t)s);
		ck_assert_int_eq(weigh_at(&g, s, 1, loss), OK);
		ck_assert_int_eq(weigh_at(&o, s, 1, loss), OK);
		ck_assert_mem_eq(g.weight, o.weight, sizeof(loss));
	}
}
END_TEST

START_TEST(a_baseline_job_names_its_task_and_no_method)
{
	struct params ps = { 0 };
	struct game g;

	params_set(&ps, &arena, "task", "task1");
	ck_assert_int_eq(
		weighting_init(&g.setup, &ps, 1, tasks + 1, &optim, &arena, &g.e), OK);
	g.size = 0;
	g.state = (double[]){ GUARD };
	g.gradients = new_gradients(&g);
	WEIGH(&g, 0, 3);
	ck_assert_double_eq(g.weight[0], 1);
	START(&g, 3, "stl", "task", "task1");
	WEIGH(&g, 0, 3, 3, 3);
	ck_assert_double_eq(g.weight[0] + g.weight[2], 0);
	ck_assert_double_eq(g.weight[1], 1);
	ck_assert_int_eq(try_start(&g, "1", 3, "stl", NULL), ERR_SPEC);
	ck_assert_int_eq(try_start(&g, "1", 3, "stl", "task", "sky", NULL), ERR_SPEC);
	ck_assert_ptr_nonnull(strstr(g.e.msg, "sky"));
}
END_TEST

START_TEST(parameters_that_do_not_fit_are_errors_with_the_method_and_the_name)
{
	static const struct {
		const char *method, *name, *value;
	} rows[] = {
		{ "uw_so", "floor", "1" }, /* T is missing */
		{ "uw_so", "T", "0" },
		{ "uw_so", "T", "warm" },
		{ "ema", "beta", "1.5" },
		{ "dwa", "form", "epochs" },
		{ "dwa", "window", "2.5" },
		{ "rlw", "weights", "norm" },
		{ "uw", "form", "l2|l1" },
		{ "scalarization", "weights", "0.5 0.5" },
		{ "scalarization", "weights", "0.5 0.3 0.3" },
		{ "scalarization", "weights", "0.7 -0.2 0.5" },
	};
	struct game g;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ck_assert_msg(try_start(&g, "1", 3, rows[i].method, rows[i].name,
				      rows[i].value, NULL) == ERR_SPEC,
			"%s %s", rows[i].name, rows[i].value);
		ck_assert_ptr_nonnull(strstr(g.e.msg, rows[i].method));
		ck_assert_ptr_nonnull(
			strstr(g.e.msg, i ? rows[i].name : "T is missing"));
	}
	ck_assert_int_eq(
		try_start(&g, "1", 3, "uw", "form", "sigma", "init", "-1", NULL),
		ERR_SPEC);
	ck_assert_int_eq(try_start(&g, "1", 3, "kendall", NULL), ERR_SPEC);
	ck_assert_ptr_nonnull(strstr(g.e.msg, "kendall"));
}
END_TEST

/* Two steps by hand, torch.optim's rules. The golden fixtures pin Adam and SGD too. */
START_TEST(scalar_optimizers_follow_torch)
{
	const double g[] = { 2, -1 };
	struct optim_info momentum = { .kind = OPTIM_SGD,
		.lr = 0.1,
		.momentum = 0.9,
		.dampening = 0.5,
		.nesterov = false };
	struct optim_info adagrad = { .kind = OPTIM_ADAGRAD, .lr = 0.1 };
	struct optim_info rms = {
		.kind = OPTIM_RMSPROP, .lr = 0.1, .alpha = 0.75, .momentum = 0.5
	};
	struct optim_info adamw = { .kind = OPTIM_ADAMW, .lr = 0.1, .wd = 0.5 };
	double p[2] = { 1, 1 };
	double state[8] = { 0 };

	for (int t = 1; t <= 2; t++)
		optim_scalar_step(&momentum, t, 2, p, g, state);
	ck_assert_double_eq_tol(p[0], 1 - 0.1 * 2 - 0.1 * (0.9 * 2 + 0.5 * 2), 1e-15);
	p[0] = p[1] = 1;
	memset(state, 0, sizeof(state));
	for (int t = 1; t <= 2; t++)
		optim_scalar_step(&adagrad, t, 2, p, g, state);
	ck_assert_double_eq_tol(p[1], 1 + 0.1 + 0.1 / sqrt(2), 1e-15);
	p[0] = p[1] = 1;
	memset(state, 0, sizeof(state));
	ck_assert_int_eq(optim_scalar_floats(&rms), 2);
	for (int t = 1; t <= 2; t++)
		optim_scalar_step(&rms, t, 2, p, g, state);
	/* v: 1, 1.75; buffer: 2, 1 + 2 / sqrt(1.75) */
	ck_assert_double_eq_tol(p[0], 1 - 0.1 * 2 - 0.1 * (1 + 2 / sqrt(1.75)), 1e-14);
	p[0] = p[1] = 1;
	memset(state, 0, sizeof(state));
	optim_scalar_step(&adamw, 1, 2, p, g, state);
	ck_assert_double_eq_tol(p[0], 1 - 0.1 * 0.5 - 0.1, 1e-15);
	ck_assert_double_eq_tol(p[1], 1 - 0.1 * 0.5 + 0.1, 1e-15);
}
END_TEST

Suite *suite_weighting(void);
Suite *suite_weighting(void)
{
	Suite *s = suite_create("weighting");
	TCase *c = tcase_create("all");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_set_timeout(c, 60); /* fifty tasks under a sanitizer */
	tcase_add_test(c, every_row_of_the_table_has_its_file_and_every_file_its_row);
	tcase_add_test(
		c, every_method_gives_finite_weights_or_an_error_that_names_a_task);
	tcase_add_loop_test(c,
		degenerate_gradients_give_finite_weights_or_a_named_divergence, 0, 4);
	tcase_add_test(c, methods_on_gradients_keep_what_they_promise);
	tcase_add_test(c, cagrad_takes_the_mean_where_gradients_cancel);
	tcase_add_test(c, nash_keeps_its_weights_where_there_is_no_solution);
	tcase_add_loop_test(c, gradvac_turns_every_part_of_the_trunk_for_itself, 0, 2);
	tcase_add_loop_test(
		c, impartial_decoders_change_heads_and_leave_the_trunk, 0, 3);
	tcase_add_test(c, auxiliary_gradients_reach_the_trunk_as_the_encoder_says);
	tcase_add_test(c, lengths_of_samples_are_brought_together_one_by_one);
	tcase_add_test(c, ol_aux_compares_filtered_gradients_and_hands_on_its_own);
	tcase_add_test(c, ol_aux_on_logarithms_divides_by_the_losses);
	tcase_add_test(
		c, interpretations_say_that_they_are_none_of_the_published_methods);
	tcase_add_test(c, task_and_objective_together_come_to_rest_where_uw_does);
	tcase_add_test(c, slow_rates_of_change_multiply_uncertainty_weights);
	tcase_add_test(c, particles_gather_where_weights_answer_to_losses);
	tcase_add_test(c, weights_fall_where_they_would_do_harm_on_another_batch);
	tcase_add_test(c, a_loss_that_is_not_finite_is_divergence_of_that_task);
	tcase_add_test(c, weights_sum_to_one_or_to_the_number_of_tasks);
	tcase_add_test(c, uw_o_makes_every_weighted_loss_one_whatever_its_scale);
	tcase_add_test(
		c, uw_so_is_uniform_for_large_T_and_on_the_smallest_loss_for_small_T);
	tcase_add_test(c, losses_below_the_floor_are_taken_as_the_floor_and_counted);
	tcase_add_test(c, gls_weights_are_the_slope_of_the_geometric_mean);
	tcase_add_test(c, learned_scalars_follow_the_slope_of_their_objective);
	tcase_add_test(c, uw_takes_the_form_that_belongs_to_each_loss);
	tcase_add_test(c, uw_comes_to_rest_where_the_variance_is_the_loss);
	tcase_add_test(c,
		learned_scalars_take_the_networks_rate_and_schedule_but_not_its_decay);
	tcase_add_test(c, a_learned_temperature_stays_positive);
	tcase_add_test(c,
		the_analytic_condition_leaves_a_residual_unless_all_losses_are_equal);
	tcase_add_test(c, random_weights_are_a_function_of_seed_and_step);
	tcase_add_test(c, a_method_continues_from_its_saved_state_bit_for_bit);
	tcase_add_test(c, dwa_counts_a_rate_over_a_loss_of_zero_as_no_movement);
	tcase_add_test(c, ema_with_beta_one_is_uw_o);
	tcase_add_test(c, a_baseline_job_names_its_task_and_no_method);
	tcase_add_test(
		c, parameters_that_do_not_fit_are_errors_with_the_method_and_the_name);
	tcase_add_test(c, scalar_optimizers_follow_torch);
	suite_add_tcase(s, c);
	return s;
}
