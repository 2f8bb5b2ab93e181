/*
 * Kernels of flat layers, layouts and optimizers: every instruction set that this machine
 * has against naive loops in double. A bound K 2^-24 sum |a||b| belongs to each value, K
 * terms.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include "common/arena.h"
#include "tests/lib/tables.h"
#include "tests/lib/values.h"
#include "trainer-core/blas.h"
#include "trainer-core/kernel/kernel.h"
#include "trainer-core/kernel/tables.h"
#include "trainer-core/train/train.h"

static struct arena arena;
static const struct kernels *k; /* of the current test; NULL: cannot run here */

static void setup(void)
{
	kernels_init_fpu();
}

static void teardown(void)
{
	tables_reset();
	arena_release(&arena);
}

/* ---- linear ---- */

static const struct linear_shape linear_shapes[] = {
	{ 1, 1, 1, 0, 0 },
	{ 17, 33, 10, 0, 0 },
	{ 64, 256, 1, 0, 0 },
	{ 5, 16, 4, 1, 0 },
	{ 16, 50, 15, 0, 0 },
	{ 17, 64, 16, 1, 0 },
	{ 1, 20, 17, 0, 0 },
	{ 64, 64, 32, 1, 0 },
	{ 17, 500, 50, 1, 0 },
	{ 33, 31, 100, 1, 0 },
	{ 3, 7, 48, 0, 0 },
	{ 9, 129, 81, 1, 0 },
};

struct linear_case {
	struct linear_shape s;
	float *x, *w, *b, *dy, *y; /* w logical (out, in) */
	float *packed;
	void *work;
	double *g;
};

static void make_linear(struct linear_case *c, struct linear_shape s)
{
	c->s = s;
	c->x = values_random(&arena, (size_t)s.N * s.in);
	c->w = values_random(&arena, (size_t)s.out * s.in);
	c->b = values_random(&arena, s.out);
	c->dy = values_random(&arena, (size_t)s.N * s.out);
	c->y = values_all(&arena, (size_t)s.N * s.out + 1, NAN);
	c->work = values_all(&arena, k->linear_work(&s) / sizeof(float), NAN);
	c->packed = values_all(&arena, linear_floats(s.in, s.out), 0);
	c->g = values_zero(&arena, (size_t)s.N * s.out);
	for (int o = 0; o < s.out; o++)
		for (int i = 0; i < s.in; i++)
			c->packed[linear_index(s.in, s.out, o, i)] =
				c->w[(size_t)o * s.in + i];
}

static void check_linear_forward(struct linear_case *c)
{
	struct linear_shape s = c->s;

	k->linear_forward(&s, c->x, c->packed, c->b, c->y, c->work);
	ck_assert(isnan(c->y[(size_t)s.N * s.out]));
	for (int n = 0; n < s.N; n++)
		for (int o = 0; o < s.out; o++) {
			size_t at = (size_t)n * s.out + o;
			double sum = (double)c->b[o], weight = fabs(sum);

			for (int i = 0; i < s.in; i++) {
				double p = (double)c->x[(size_t)n * s.in + i] *
					(double)c->w[(size_t)o * s.in + i];

				sum += p;
				weight += fabs(p);
			}
			if (s.relu && sum < 0)
				sum = 0;
			values_close("linear", (double)c->y[at], sum, s.in + 1, weight);
			c->g[at] = s.relu && c->y[at] <= 0 ? 0 : (double)c->dy[at];
		}
}

static void check_linear_weights(struct linear_case *c)
{
	struct linear_shape s = c->s;
	size_t count = linear_floats(s.in, s.out);
	float *dw = values_all(&arena, count, NAN),
	      *db = values_all(&arena, s.out + 1, NAN);

	k->linear_backward_weights(&s, c->x, c->y, c->dy, dw, db, c->work);
	ck_assert(isnan(db[s.out]));
	for (int o = 0; o < s.out; o++) {
		double bias = 0, bias_weight = 0;

		for (int n = 0; n < s.N; n++) {
			bias += c->g[(size_t)n * s.out + o];
			bias_weight += fabs(c->g[(size_t)n * s.out + o]);
		}
		values_close("linear db", (double)db[o], bias, s.N, bias_weight);
		for (int i = 0; i < s.in; i++) {
			size_t at = linear_index(s.in, s.out, o, i);
			double sum = 0, weight = 0;

			for (int n = 0; n < s.N; n++) {
				double p = c->g[(size_t)n * s.out + o] *
					(double)c->x[(size_t)n * s.in + i];

				sum += p;
				weight += fabs(p);
			}
			values_close("linear dw", (double)dw[at], sum, s.N, weight);
			dw[at] = 0;
		}
	}
	for (size_t i = 0; i < count; i++)
		EQUAL(dw[i], 0); /* padding got zero */
}

static void check_linear_data(struct linear_case *c, int add)
{
	struct linear_shape s = c->s;
	float *dx = values_all(&arena, (size_t)s.N * s.in + 1, NAN);

	for (size_t i = 0; add && i < (size_t)s.N * s.in; i++)
		dx[i] = 0.5f;
	k->linear_backward_data(&s, c->packed, c->y, c->dy, dx, add, c->work);
	ck_assert(isnan(dx[(size_t)s.N * s.in]));
	for (int n = 0; n < s.N; n++)
		for (int i = 0; i < s.in; i++) {
			double sum = add ? 0.5 : 0, weight = sum;

			for (int o = 0; o < s.out; o++) {
				double p = c->g[(size_t)n * s.out + o] *
					(double)c->w[(size_t)o * s.in + i];

				sum += p;
				weight += fabs(p);
			}
			values_close("linear dx", (double)dx[(size_t)n * s.in + i], sum,
				s.out + 1, weight);
		}
}

START_TEST(linear_layers_equal_naive_sums_in_double)
{
	struct linear_case c;

	if (!tables_choose(_i / COUNT(linear_shapes), &k))
		return;
	make_linear(&c, linear_shapes[_i % COUNT(linear_shapes)]);
	check_linear_forward(&c);
	check_linear_weights(&c);
	check_linear_data(&c, 0);
	check_linear_data(&c, 1);
}
END_TEST

START_TEST(every_weight_of_a_linear_layer_has_a_place_of_its_own)
{
	for (int out = 1; out < 100; out += 3)
		for (int in = 1; in < 40; in += 6) {
			size_t n = linear_floats(in, out);
			char *seen = NEW_ARRAY(&arena, char, n);

			for (int o = 0; o < out; o++)
				for (int i = 0; i < in; i++) {
					size_t at = linear_index(in, out, o, i);

					ck_assert_uint_lt(at, n);
					ck_assert_int_eq(seen[at]++, 0);
				}
		}
}
END_TEST

/* ---- layouts ---- */

static const int layout_shapes[][2] = { { 1, 1 }, { 16, 16 }, { 17, 5 }, { 33, 40 },
	{ 64, 500 } };

START_TEST(blocks_and_rows_are_the_same_numbers)
{
	if (!tables_choose(_i, &k))
		return;
	for (int t = 0; t < COUNT(layout_shapes); t++) {
		int N = layout_shapes[t][0], F = layout_shapes[t][1];
		float *rows = values_random(&arena, (size_t)N * F);
		float *block = values_all(&arena, values_blocks(N) * F * LANES, NAN);
		float *back = values_all(&arena, (size_t)N * F + 1, NAN);

		k->rows_to_n16(N, F, rows, block);
		for (size_t n = 0; n < values_blocks(N) * LANES; n++)
			for (int f = 0; f < F; f++)
				EQUAL(values_n16_at(F, block, (int)n, f),
					n < (size_t)N ? rows[n * F + f] : 0);
		k->n16_to_rows(N, F, values_n16(&arena, N, F, rows), back);
		ck_assert_mem_eq(rows, back, sizeof(float) * N * F);
		ck_assert(isnan(back[(size_t)N * F]));
	}
}
END_TEST

START_TEST(a_batch_is_gathered_by_index_and_scaled)
{
	if (!tables_choose(_i, &k))
		return;
	for (int t = 0; t < COUNT(layout_shapes); t++) {
		int N = layout_shapes[t][0], F = layout_shapes[t][1], M = 7, index[64];
		uint8_t *bytes = arena_alloc(&arena, (size_t)M * F, 1);
		float *values = values_random(&arena, (size_t)M * F);
		float *a = values_all(&arena, values_blocks(N) * F * LANES, NAN),
		      *b = values_all(&arena, values_blocks(N) * F * LANES, NAN);
		float *c = values_all(&arena, (size_t)N * F, NAN),
		      *d = values_all(&arena, (size_t)N * F, NAN);

		for (int i = 0; i < M * F; i++)
			bytes[i] = (uint8_t)(i * 37);
		for (int n = 0; n < N; n++)
			index[n] = n * 5 % M;
		k->gather_u8_n16(N, F, bytes, index, 0.25f, a);
		k->gather_f32_n16(N, F, values, index, b);
		k->gather_u8_rows(N, F, bytes, index, 0.25f, c);
		k->gather_f32_rows(N, F, values, index, d);
		for (int n = 0; n < (int)values_blocks(N) * LANES; n++)
			for (int f = 0; f < F; f++) {
				size_t at = n < N ? (size_t)index[n] * F + f : 0;
				float byte = n < N ? (float)bytes[at] * 0.25f : 0;
				float value = n < N ? values[at] : 0;

				EQUAL(values_n16_at(F, a, n, f), byte);
				EQUAL(values_n16_at(F, b, n, f), value);
				if (n >= N)
					continue;
				EQUAL(c[(size_t)n * F + f], byte);
				EQUAL(d[(size_t)n * F + f], value);
			}
	}
}
END_TEST

/* ---- elementwise ---- */

#define ADAM_N 37
#define ADAM_STEPS 5

static void check_adam(int decoupled, int amsgrad, float wd, float size)
{
	float *p = values_random(&arena, ADAM_N), *m = values_all(&arena, ADAM_N, 0),
	      *v = values_all(&arena, ADAM_N, 0);
	float *max = values_all(&arena, ADAM_N, 0);
	double P[ADAM_N], M[ADAM_N] = { 0 }, V[ADAM_N] = { 0 }, MAX[ADAM_N] = { 0 };
	double lr = (double)1e-2f, b1 = (double)0.9f, b2 = (double)0.999f,
	       eps = (double)1e-8f;

	p[ADAM_N] = NAN;
	for (int i = 0; i < ADAM_N; i++)
		P[i] = (double)p[i];
	for (int t = 1; t <= ADAM_STEPS; t++) {
		float *g = values_random(&arena, ADAM_N);
		struct adam_step s = { 1e-2f, 0.9f, 0.999f, 1e-8f, wd,
			(float)(1 / (1 - pow(b1, t))), (float)(1 / (1 - pow(b2, t))),
			decoupled, amsgrad };

		for (int i = 0; i < ADAM_N; i++) {
			double d, step;

			g[i] = i == 3 ? 0 : g[i] * size;
			d = (double)g[i] + (decoupled ? 0 : (double)wd * P[i]);
			M[i] = b1 * M[i] + (1 - b1) * d;
			V[i] = b2 * V[i] + (1 - b2) * d * d;
			MAX[i] = V[i] > MAX[i] ? V[i] : MAX[i];
			if (decoupled)
				P[i] *= 1 - lr * (double)wd;
			step = lr / (1 - pow(b1, t)) * M[i] /
				(sqrt((amsgrad ? MAX[i] : V[i]) / (1 - pow(b2, t))) +
					eps);
			P[i] -= step;
		}
		k->adam(ADAM_N, p, g, m, v, amsgrad ? max : NULL, &s);
	}
	for (int i = 0; i < ADAM_N; i++)
		ck_assert_msg(fabs((double)p[i] - P[i]) <= 1e-6 * (fabs(P[i]) + 5 * lr),
			"%s adam %d: %.9g, not %.9g", k->name, i, (double)p[i], P[i]);
	ck_assert(isnan(p[ADAM_N]));
}

START_TEST(adam_follows_its_formula_in_double)
{
	static const float sizes[] = { 1e-7f, 1e-3f, 1, 1e4f };

	if (!tables_choose(_i, &k))
		return;
	for (int t = 0; t < COUNT(sizes); t++) {
		check_adam(0, 0, 0, sizes[t]);
		check_adam(0, 0, 0.01f, sizes[t]);
		check_adam(1, 0, 0.01f, sizes[t]);
		check_adam(0, 1, 0.01f, sizes[t]);
	}
}
END_TEST

START_TEST(one_adam_step_is_right_to_six_digits_of_the_step)
{
	struct adam_step s = { 1, 0, 0, 0, 0, 1, 1, 0, 0 };

	if (!tables_choose(_i, &k))
		return;
	s.beta2 = 0.5f;
	for (int e = -15; e < 15; e++) {
		float *p = values_all(&arena, 16, 0), *g = values_random(&arena, 16),
		      *m = values_all(&arena, 16, 0), *v = values_all(&arena, 16, 0);

		for (int i = 0; i < 15; i++)
			g[i] = ldexpf(1.0f + 0.06f * (float)i, e);
		g[15] = 0; /* no gradient, no eps: stays */
		k->adam(16, p, g, m, v, NULL, &s);
		for (int i = 0; i < 15; i++)
			ck_assert_double_le(
				fabs((double)p[i] + sqrt(2)), 1e-6 * sqrt(2));
		EQUAL(p[15], 0);
		g[2] = NAN;
		k->adam(16, p, g, m, v, NULL, &s);
		ck_assert(isnan(p[2]));
	}
}
END_TEST

static void check_sgd(double mu, double damp, double wd, int nesterov)
{
	enum { N = 37 };
	float *p = values_random(&arena, N), *buf = values_all(&arena, N, NAN);
	double P[N], B[N] = { 0 };

	p[N] = NAN;
	for (int i = 0; i < N; i++)
		P[i] = (double)p[i];
	for (int t = 0; t < 4; t++) {
		float *g = values_random(&arena, N);
		struct sgd_step s = { 0.125f, (float)mu, (float)damp, (float)wd,
			nesterov, !t };

		k->sgd(N, p, g, mu > 0 ? buf : NULL, &s);
		for (int i = 0; i < N; i++) {
			double d = (double)g[i] + wd * P[i];

			if (mu > 0) {
				B[i] = t ? mu * B[i] + (1 - damp) * d : d;
				d = nesterov ? d + mu * B[i] : B[i];
			}
			P[i] -= 0.125 * d;
			ck_assert_double_eq_tol((double)p[i], P[i], 2e-6);
		}
	}
	ck_assert(isnan(p[N]));
}

START_TEST(sgd_follows_its_formula_in_double)
{
	if (!tables_choose(_i, &k))
		return;
	check_sgd(0, 0, 0, 0);
	check_sgd(0, 0, 0.25, 0);
	check_sgd(0.5, 0, 0.25, 0);
	check_sgd(0.5, 0.25, 0, 0);
	check_sgd(0.5, 0, 0, 1);
}
END_TEST

START_TEST(sums_of_vectors_are_right)
{
	enum { N = 83 };
	float *x = values_random(&arena, N), *y = values_random(&arena, N),
	      *z = values_all(&arena, N, 0);
	double sum = 0;

	if (!tables_choose(_i, &k))
		return;
	for (int i = 0; i < N; i++)
		sum += (double)x[i] * (double)y[i];
	ck_assert_double_eq_tol(k->dot(N, x, y), sum, 1e-12);
	memcpy(z, y, sizeof(float) * N);
	k->axpy(N, 0.5f, x, z);
	for (int i = 0; i < N; i++)
		ck_assert(fabsf(z[i] - (y[i] + 0.5f * x[i])) <= 1e-7f);
	k->scale(N, 0.5f, z);
	ck_assert(fabsf(z[N - 1] - 0.5f * (y[N - 1] + 0.5f * x[N - 1])) <= 1e-7f);
}
END_TEST

/* ---- the choice ---- */

START_TEST(an_unknown_wish_gets_the_best_table)
{
	const struct kernels *best;

	unsetenv("DELTAM_KERNELS");
	best = kernels_get();
	setenv("DELTAM_KERNELS", "neon", 1);
	ck_assert_ptr_eq(kernels_get(), best);
	setenv("DELTAM_KERNELS", kernels_portable.name, 1);
	ck_assert_ptr_eq(kernels_get(), &kernels_portable);
}
END_TEST

/* Rows of x86-64 have carried the bare name since before there were others. */
START_TEST(the_portable_class_names_every_processor_but_x86_64)
{
	struct utsname host;
	char name[sizeof(host.machine) + 16];

	ck_assert_int_eq(uname(&host), 0);
	snprintf(name, sizeof(name), "portable-%s", host.machine);
	ck_assert_str_eq(kernels_portable.name,
		!strcmp(host.machine, "x86_64") ? "portable" : name);
}
END_TEST

START_TEST(without_OpenBLAS_the_class_is_the_kernels_own)
{
	setenv("DELTAM_KERNELS", kernels_portable.name, 1);
	setenv("DELTAM_BLAS", "none", 1);
	ck_assert_str_eq(train_kernel_class(NULL), kernels_portable.name);
	unsetenv("DELTAM_BLAS");
	if (*blas_core())
		ck_assert_str_eq(
			strchr(train_kernel_class(NULL), '+') + 1, blas_core());
}
END_TEST

START_TEST(denormals_count_as_zero)
{
	volatile float tiny = 1e-30f;

	if (!getenv("DELTAM_TEST_VALGRIND")) /* which has no such mode */
		EQUAL(tiny * 1e-10f, 0);
}
END_TEST

Suite *suite_kernel(void);
Suite *suite_kernel(void)
{
	Suite *s = suite_create("kernel");
	TCase *t = tcase_create("kernel");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, linear_layers_equal_naive_sums_in_double, 0,
		TABLES * COUNT(linear_shapes));
	tcase_add_test(t, every_weight_of_a_linear_layer_has_a_place_of_its_own);
	tcase_add_loop_test(t, blocks_and_rows_are_the_same_numbers, 0, TABLES);
	tcase_add_loop_test(t, a_batch_is_gathered_by_index_and_scaled, 0, TABLES);
	tcase_add_loop_test(t, adam_follows_its_formula_in_double, 0, TABLES);
	tcase_add_loop_test(
		t, one_adam_step_is_right_to_six_digits_of_the_step, 0, TABLES);
	tcase_add_loop_test(t, sgd_follows_its_formula_in_double, 0, TABLES);
	tcase_add_loop_test(t, sums_of_vectors_are_right, 0, TABLES);
	tcase_add_test(t, an_unknown_wish_gets_the_best_table);
	tcase_add_test(t, the_portable_class_names_every_processor_but_x86_64);
	tcase_add_test(t, without_OpenBLAS_the_class_is_the_kernels_own);
	tcase_add_test(t, denormals_count_as_zero);
	suite_add_tcase(s, t);
	return s;
}
