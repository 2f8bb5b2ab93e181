/* Rotations of features before the heads: the matrices, the nodes, what RotoGrad does. */
#include <check.h>
#include <math.h>
#include <string.h>
#include "tests/lib/gradcheck.h"
#include "trainer-core/optim/optim.h"
#include "common/rng.h"
#include "trainer-core/weighting/shared/rotation_pull.h"
#include "trainer-core/solver/rotation.h"

static struct arena arena;

static void setup(void)
{
	arena = (struct arena){ 0 };
}

static void teardown(void)
{
	arena_release(&arena);
}

static double normal(uint64_t stream, uint64_t i)
{
	return rng_normal(11, RNG_DATA, stream, i);
}

static double *coordinates(int d, double scale)
{
	size_t n = rotation_coordinates(d);
	double *x = NEW_ARRAY(&arena, double, n + 1);

	for (size_t i = 0; i < n; i++)
		x[i] = scale * normal(0, i);
	return x;
}

static double *rotation(int d, const double *x)
{
	double *R = NEW_ARRAY(&arena, double, d *d);

	rotation_of(d, x, R, NEW_ARRAY(&arena, double, rotation_work(d)));
	return R;
}

START_TEST(exponentials_of_skew_matrices_are_rotations)
{
	static const int sizes[] = { 1, 2, 3, 7, 20 };
	static const double scales[] = { 0, 1e-9, 0.1, 1, 30 };
	const double turn[] = { 0.7 };
	const double *plane = rotation(2, turn);

	ck_assert_double_eq_tol(plane[0], cos(0.7), 1e-15);
	ck_assert_double_eq_tol(plane[1], sin(0.7), 1e-15);
	for (int s = 0; s < 25; s++) {
		int d = sizes[s % 5];
		const double *R = rotation(d, coordinates(d, scales[s / 5]));

		for (int i = 0; i < d; i++)
			for (int j = 0; j < d; j++) {
				double dot = 0;

				for (int k = 0; k < d; k++)
					dot += R[i * d + k] * R[j * d + k];
				ck_assert_double_eq_tol(dot, i == j, 1e-11);
			}
	}
}
END_TEST

/* Of sum E_ij R_ij, against differences. */
START_TEST(the_slope_of_a_rotation_follows_its_coordinates)
{
	static const double scales[] = { 0, 0.01, 1, 5 };
	enum { D = 6 };
	size_t n = rotation_coordinates(D);
	double E[D * D];
	double room[D * D];
	double slope[D * D];

	for (int s = 0; s < 4; s++) {
		double *x = coordinates(D, scales[s]);

		for (int i = 0; i < D * D; i++)
			room[i] = E[i] = normal(1, (uint64_t)i);
		rotation_slope(
			D, x, room, slope, NEW_ARRAY(&arena, double, rotation_work(D)));
		for (size_t i = 0; i < n; i++) {
			double at = x[i];
			double sum = 0;

			for (int side = -1; side <= 1; side += 2) {
				const double *R;

				x[i] = at + side * 1e-5;
				R = rotation(D, x);
				for (int k = 0; k < D * D; k++)
					sum += side * E[k] * R[k];
			}
			x[i] = at;
			ck_assert_double_eq_tol(slope[i], sum / 2e-5, 1e-8);
		}
	}
}
END_TEST

static int node(struct graph *g, enum layer_kind kind, const char *name, int scope,
	int in, int units, int kernel)
{
	return graph_add(g,
		(struct node){ .kind = kind,
			.name = name,
			.scope = scope,
			.in = { in },
			.units = units,
			.kernel = kernel });
}

/* Two heads on one trunk of vectors, or of images; the second reads the trunk twice. */
static struct graph *two_heads(bool images, bool rotated, int *x)
{
	static const char *const names[] = { "one", "two" };
	struct graph *g = graph_new(&arena, 2, kernels_get());
	enum layer_kind kind = images ? LAYER_CONV2D : LAYER_LINEAR;
	struct err e = { 0 };
	int id;

	if (rotated)
		graph_rotate(g);
	*x = graph_add(g,
		(struct node){ .kind = LAYER_INPUT,
			.name = "x",
			.scope = SCOPE_SHARED,
			.C = images ? 2 : 7,
			.H = images ? 5 : 1,
			.W = images ? 4 : 1 });
	id = node(g, kind, "trunk", SCOPE_SHARED, *x, 5, 2);
	for (int k = 0; k < 2; k++) {
		int top = node(g, kind, names[k], k, id, 4, 2);

		if (images)
			top = node(g, LAYER_FLATTEN, k ? "flat two" : "flat one", k,
				top, 0, 0);
		graph_output(g, k, top);
	}
	ck_assert_msg(graph_build(g, 17, true, &e) == OK, "%s", e.msg);
	graph_init(g, 3);
	return g;
}

static void feed(struct graph *g, int x)
{
	const struct node *v = graph_node(g, x);
	int size = v->C * v->H * v->W;
	float *data = NEW_ARRAY(&arena, float, 17 * size);
	int index[17];
	struct dataset_field f = { data, ELEMENT_F32, 1, v->C, v->H, v->W, 0 };

	for (int i = 0; i < 17 * size; i++)
		data[i] = (float)normal(2, (uint64_t)i);
	for (int i = 0; i < 17; i++)
		index[i] = i;
	graph_feed(g, x, &f, index, 17);
	graph_forward(g);
}

START_TEST(heads_read_the_trunk_through_their_rotation)
{
	const double weight[] = { 0.7, 1.3 };
	int x, y;
	struct graph *g = two_heads(_i, true, &x);
	struct graph *plain = two_heads(_i, false, &y);
	size_t floats = 17 * (size_t)graph_prediction_floats(g, 0) * sizeof(float);
	struct gradcheck c;

	ck_assert_int_eq(graph_rotation_channels(g), 5);
	ck_assert_int_eq(graph_rotation_channels(plain), 0);
	ck_assert_uint_eq(graph_floats(g), graph_floats(plain));
	feed(g, x);
	feed(plain, y);
	ck_assert_mem_eq(graph_prediction(g, 1), graph_prediction(plain, 1), floats);
	graph_set_rotation(g, 1, rotation(5, coordinates(5, 1)));
	feed(g, x);
	ck_assert_mem_eq(graph_prediction(g, 0), graph_prediction(plain, 0), floats);
	ck_assert(memcmp(graph_prediction(g, 1), graph_prediction(plain, 1), floats));
	graph_set_rotation(g, 0, rotation(5, coordinates(5, 0.5)));
	c = gradcheck_run(g, weight, 20, &arena);
	ck_assert_msg(c.worst < 5e-3, "%s is off by %g", c.where, c.worst);
	ck_assert_int_gt(c.checked, c.skipped);
}
END_TEST

START_TEST(several_nodes_below_the_heads_have_no_common_rotation)
{
	struct graph *g = graph_new(&arena, 2, kernels_get());
	int x = graph_add(g,
		(struct node){ .kind = LAYER_INPUT,
			.name = "x",
			.scope = SCOPE_SHARED,
			.C = 3,
			.H = 1,
			.W = 1 });
	int a = node(g, LAYER_LINEAR, "a", SCOPE_SHARED, x, 5, 0);

	graph_rotate(g);
	(void)node(g, LAYER_LINEAR, "one", 0, a, 4, 0);
	ck_assert_int_eq(graph_rotation_channels(g), 5);
	a = node(g, LAYER_LINEAR, "b", SCOPE_SHARED, a, 5, 0);
	(void)node(g, LAYER_LINEAR, "two", 1, a, 4, 0);
	ck_assert_int_eq(graph_rotation_channels(g), 0);
}
END_TEST

enum { C = 4, ROWS = 6, K = 3 };

/* What each head sees; g = R^T of it. */
static void see(const struct weighting_setup *s, const double *state,
	const float (*seen)[ROWS * C], struct task_gradients *g)
{
	double R[C * C];

	for (int k = 0; k < K; k++) {
		s->ops->rotation(s, state, k, g->work, R);
		for (int i = 0; i < ROWS * C; i++) {
			double sum = 0;

			for (int j = 0; j < C; j++)
				sum += R[j * C + i % C] *
					(double)seen[k][i / C * C + j];
			g->g[k][i] = (float)sum;
		}
	}
}

static double mean_cosine(const double *M)
{
	double sum = 0;

	for (int i = 0; i < K; i++)
		for (int j = 0; j < i; j++)
			sum += M[i * K + j] / sqrt(M[i * K + i] * M[j * K + j]);
	return sum / (K * (K - 1) / 2);
}

/* Gradients that a rotation can bring together, of very different lengths. */
START_TEST(rotations_turn_gradients_towards_each_other)
{
	struct optim_info optim = { .kind = _i ? OPTIM_SGD : OPTIM_ADAM,
		.lr = _i ? 0.03 : 0.05,
		.beta1 = 0.9,
		.beta2 = 0.999,
		.eps = 1e-8 };
	const struct task_info task[K] = { { .name = "a" }, { .name = "b" },
		{ .name = "c" } };
	const struct trunk_info trunk = { .channels = C };
	const double loss[K] = { 1, 1, 1 };
	struct weighting_setup s;
	struct params ps = { 0 };
	float seen[K][ROWS * C], own[K][ROWS * C], out[ROWS * C], *g[K];
	double weight[K], head[K], gram[K * K], *state;
	struct task_gradients t = {
		.n = ROWS * C, .g = g, .out = out, .samples = ROWS, .gram = gram
	};
	struct factors f = { weight, head };
	double before = 0;
	struct err e;

	params_set(&ps, &arena, "method", "rotograd");
	params_set(&ps, &arena, "follow", "1");
	params_set(&ps, &arena, "seed", "0");
	ck_assert_int_eq(weighting_init(&s, &ps, K, task, &optim, &arena, &e), OK);
	s.trunk = &trunk;
	state = NEW_ARRAY(&arena, double, weighting_state_size(&s));
	t.work = NEW_ARRAY(&arena, double, weighting_work(&s));
	for (int k = 0; k < K; k++) {
		const double *Q = rotation(C, coordinates(C, 0.5 * k));

		g[k] = own[k];
		for (int i = 0; i < ROWS * C; i++) {
			double sum = 0;

			for (int j = 0; j < C; j++)
				sum += Q[i % C * C + j] *
					normal(3, (uint64_t)(i / C * C + j));
			seen[k][i] = (float)(sum * pow(3, k - 1));
		}
	}
	for (int step = 0; step < 600; step++) {
		struct weighting_step at = {
			.epoch = 1, .step = step, .lr_factor = 1, .loss = loss
		};

		see(&s, state, (const float(*)[ROWS * C]) seen, &t);
		ck_assert_int_eq(
			weighting_combine(&s, state, &at, kernels_get(), &t, &f, &e),
			OK);
		if (step == 0)
			before = mean_cosine(gram);
	}
	ck_assert_double_lt(before, 0.8);
	ck_assert_double_gt(mean_cosine(gram), 0.95);
	/* every task's gradient has the same length in the sum */
	for (int k = 1; k < K; k++)
		ck_assert_double_eq_tol(weight[k] * sqrt(gram[k * K + k]),
			weight[0] * sqrt(gram[0]), 1e-9);
}
END_TEST

Suite *suite_rotation(void);
Suite *suite_rotation(void)
{
	Suite *s = suite_create("rotation");
	TCase *t = tcase_create("rotation");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, exponentials_of_skew_matrices_are_rotations);
	tcase_add_test(t, the_slope_of_a_rotation_follows_its_coordinates);
	tcase_add_loop_test(t, heads_read_the_trunk_through_their_rotation, 0, 2);
	tcase_add_test(t, several_nodes_below_the_heads_have_no_common_rotation);
	tcase_add_loop_test(t, rotations_turn_gradients_towards_each_other, 0, 2);
	suite_add_tcase(s, t);
	return s;
}
