/*
 * Batch norm, pools, resizing and joins on sixteen channels side by side: every
 * instruction set that this machine has against naive loops in double over NCHW arrays.
 * Outputs hold NaN beforehand; behind the last channel they must end as zero.
 */
#include <check.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "common/arena.h"
#include "tests/lib/each.h"
#include "tests/lib/tables.h"
#include "tests/lib/values.h"
#include "trainer-core/kernel/kernel.h"

static struct arena arena;
static const struct kernels *k; /* of the current test */

static void setup(void)
{
	kernels_init_fpu();
}

static void teardown(void)
{
	tables_reset();
	arena_release(&arena);
}

static const int batches[] = { 1, 17 };
static const int channels[] = { 3, 10, 16, 33 };
#define EACH_SIZE(N, C) \
	for (int n_ = 0; n_ < 2; n_++) \
		for (int c_ = 0, N = batches[n_], C = channels[0]; \
			c_ < 4 && (C = channels[c_], N); c_++)

static size_t lanes_of(int C)
{
	return (size_t)(C + LANES - 1) / LANES * LANES;
}

/* An image in C16 and its plain form. */
struct image {
	int N, C, HW;
	size_t floats; /* of the packed form */
	float *plain, *packed;
};

static size_t place(const struct image *m, int n, int c, int p)
{
	return (((size_t)(c / LANES) * m->HW + p) * m->N + n) * LANES + c % LANES;
}

static struct image image_of(int N, int C, int HW, float *plain)
{
	struct image m = { N, C, HW, lanes_of(C) * HW * N, plain, NULL };

	m.packed = values_all(&arena, m.floats, 0);
	for (int n = 0; n < N; n++)
		for (int c = 0; c < C; c++)
			for (int p = 0; p < HW; p++)
				m.packed[place(&m, n, c, p)] =
					plain[((size_t)n * C + c) * HW + p];
	return m;
}

static struct image random_image(int N, int C, int HW)
{
	return image_of(N, C, HW, values_random(&arena, (size_t)N * C * HW));
}

/* What a kernel is to write: NaN everywhere. */
static struct image blank(int N, int C, int HW)
{
	struct image m = { N, C, HW, lanes_of(C) * HW * N, NULL, NULL };

	m.plain = values_all(&arena, (size_t)N * C * HW, 0);
	m.packed = values_all(&arena, m.floats, NAN);
	return m;
}

/* got.packed against want (N, C, HW) in double, and zero behind the last channel. */
static void check_image(
	const char *what, const struct image *got, const double *want, double tolerance)
{
	for (int n = 0; n < got->N; n++)
		for (int p = 0; p < got->HW; p++)
			for (int c = 0; c < (int)lanes_of(got->C); c++) {
				double y = (double)got->packed[place(got, n, c, p)];
				double x = c < got->C
					? want[((size_t)n * got->C + c) * got->HW + p]
					: 0;
				double bound =
					c < got->C ? tolerance * (1 + fabs(x)) : 0;

				ASSERT_EACH_MSG(fabs(y - x) <= bound,
					"%s %s: image %d of %d, channel %d of %d: "
					"%.9g, not %.9g",
					k->name, what, n, got->N, c, got->C, y, x);
			}
}

/* Value i of channel c over all images and pixels. */
static double value(const struct image *m, int c, size_t i)
{
	return (double)m->plain[(i / m->HW * m->C + c) * m->HW + i % m->HW];
}

static void check_norm(int N, int C, int HW, int relu)
{
	struct image x = random_image(N, C, HW), dy = random_image(N, C, HW);
	struct image y = blank(N, C, HW), dx = blank(N, C, HW);
	struct norm_shape s = { C, (size_t)N * HW, relu };
	float *t[7];
	struct norm norm;
	double *want = values_zero(&arena, (size_t)N * C * HW),
	       *back = values_zero(&arena, (size_t)N * C * HW);
	double n = (double)s.n;

	for (int i = 0; i < 7; i++)
		t[i] = values_all(&arena, lanes_of(C), 0);
	norm = (struct norm){ t[0], t[2], t[3], t[5], t[6] };
	k->norm_statistics(&s, x.packed, t[0], t[1]);
	for (int c = 0; c < C; c++) {
		t[2][c] = *values_random(&arena, 1);
		t[3][c] = *values_random(&arena, 1);
	}
	k->norm_forward(&s, &norm, x.packed, y.packed);
	k->norm_backward_sums(&s, &norm, x.packed, dy.packed, t[4], t[1]);
	for (int c = 0; c < C; c++) {
		double mean = 0, sum = 0, product = 0;

		for (size_t i = 0; i < s.n; i++)
			mean += value(&x, c, i) / n;
		ck_assert_double_eq_tol((double)t[0][c], mean, 1e-6);
		t[5][c] = t[4][c] / (float)n;
		t[6][c] = t[1][c] / (float)n;
		for (size_t i = 0; i < s.n; i++) {
			size_t at = (i / HW * C + c) * HW + i % HW;
			double d = value(&dy, c, i), off = value(&x, c, i) - mean;
			double v = off * (double)t[2][c] + (double)t[3][c];

			/* Nearer to the kink than rounding is: either side. */
			d = relu && v < 1e-6 ? 0 : d;
			want[at] = relu && v < 0 ? 0 : v;
			back[at] = d * (double)t[2][c] - (double)t[5][c] -
				(double)t[6][c] * off;
			sum += d;
			product += d * off;
		}
		ck_assert_double_eq_tol((double)t[4][c], sum, 1e-5 * n);
		ck_assert_double_eq_tol((double)t[1][c], product, 1e-5 * n);
	}
	check_image("norm", &y, want, 1e-6);
	k->norm_backward(&s, &norm, x.packed, dy.packed, dx.packed, 0);
	check_image("norm backward", &dx, back, 1e-5);
	k->norm_backward(&s, &norm, x.packed, dy.packed, dy.packed, 0);
	ck_assert_mem_eq(dy.packed, dx.packed, dx.floats * sizeof(float));
}

START_TEST(batch_norm_is_that_of_the_formula)
{
	k = tables_get(_i);
	EACH_SIZE(N, C)
	{
		check_norm(N, C, 31, 0);
		check_norm(N, C, 31, 1);
	}
}
END_TEST

START_TEST(the_variance_of_large_numbers_keeps_its_digits)
{
	struct image x;
	struct norm_shape s = { 5, 17 * 1000, 0 };
	float mean[LANES], variance[LANES];
	float *plain = values_random(&arena, (size_t)17 * 5 * 1000);

	k = tables_get(_i);
	for (size_t i = 0; i < (size_t)17 * 5 * 1000; i++)
		plain[i] += 4096; /* steps of 2^-11 remain */
	x = image_of(17, 5, 1000, plain);
	k->norm_statistics(&s, x.packed, mean, variance);
	for (int c = 0; c < 5; c++) {
		double m = 0, v = 0;

		for (size_t i = 0; i < s.n; i++)
			m += value(&x, c, i) / (double)s.n;
		for (size_t i = 0; i < s.n; i++)
			v += pow(value(&x, c, i) - m, 2) / (double)s.n;
		ck_assert_double_eq_tol((double)mean[c], m, 1e-3);
		ck_assert_double_eq_tol((double)variance[c], v, 1e-6);
	}
	ck_assert(mean[5] == 0 && variance[5] == 0);
}
END_TEST

START_TEST(a_constant_image_has_variance_zero_and_norm_of_its_bias)
{
	float *plain = values_all(&arena, (size_t)3 * 20 * 8, 0.1f);
	struct image x = image_of(3, 20, 8, plain), y = blank(3, 20, 8);
	struct norm_shape s = { 20, 24, 0 };
	float mean[32], variance[32], scale[32] = { 0 }, bias[32] = { 0 };
	struct norm t = { mean, scale, bias, NULL, NULL };

	k = tables_get(_i);
	k->norm_statistics(&s, x.packed, mean, variance);
	for (int c = 0; c < 20; c++) {
		ck_assert(mean[c] == 0.1f && variance[c] == 0);
		scale[c] = 300;
		bias[c] = 0.25f;
	}
	k->norm_forward(&s, &t, x.packed, y.packed);
	for (int c = 0; c < 20; c++)
		ASSERT_EACH(y.packed[place(&y, 2, c, 7)] == 0.25f);
}
END_TEST

static int extent(int in, int kernel, int stride, int pad)
{
	return (in + 2 * pad - kernel) / stride + 1;
}

/* Plain index of tap q of the window at output pixel o, or -1 outside. */
static int tap(const struct window_shape *s, int o, int q)
{
	int y = o / s->OW * s->stride - s->pad + q / s->kernel;
	int x = o % s->OW * s->stride - s->pad + q % s->kernel;

	return y < 0 || y >= s->H || x < 0 || x >= s->W ? -1 : y * s->W + x;
}

/* The place of the first maximum in the plane. */
static int winner(const struct window_shape *s, const float *plane, int o)
{
	int best = -1;

	for (int q = 0; q < s->kernel * s->kernel; q++) {
		int at = tap(s, o, q);

		if (at >= 0 && (best < 0 || plane[at] > plane[best]))
			best = at;
	}
	return best;
}

/* Multiples of 1 / parts: float adds up any that we have here without an error. */
static void quantise(struct image *m, float parts)
{
	for (size_t i = 0; i < (size_t)m->N * m->C * m->HW; i++)
		m->plain[i] = roundf(m->plain[i] * parts) / parts;
	*m = image_of(m->N, m->C, m->HW, m->plain);
}

static void check_pool(const struct window_shape *s)
{
	int in = s->H * s->W, out = s->OH * s->OW;
	struct image x = random_image(s->N, s->C, in),
		     v = random_image(s->N, s->C, out);
	struct image y = blank(s->N, s->C, out), spread = blank(s->N, s->C, in);
	struct image back = blank(s->N, s->C, out);
	double *want = values_zero(&arena, (size_t)s->N * s->C * out);
	double *scattered = values_zero(&arena, (size_t)s->N * s->C * in);
	double *gathered = values_zero(&arena, (size_t)s->N * s->C * out);
	uint8_t *which = NEW_ARRAY(&arena, uint8_t, y.floats);

	quantise(&x, 2); /* so that half of the windows hold ties */
	quantise(&v, 1024);
	for (int i = 0; i < s->N * s->C; i++)
		for (int o = 0; o < out; o++) {
			int at = winner(s, x.plain + (size_t)i * in, o);

			want[i * out + o] = (double)x.plain[(size_t)i * in + at];
			scattered[i * in + at] += (double)v.plain[i * out + o];
			gathered[i * out + o] = (double)x.plain[(size_t)i * in + at];
		}
	k->pool_max(s, x.packed, y.packed, which);
	check_image("max", &y, want, 0);
	k->pool_scatter(s, which, v.packed, spread.packed, 0);
	check_image("scatter", &spread, scattered, 0);
	k->pool_scatter(s, which, v.packed, spread.packed, 1);
	for (int i = 0; i < s->N * s->C * in; i++)
		scattered[i] *= 2;
	check_image("scatter, added", &spread, scattered, 0);
	k->pool_gather(s, which, x.packed, back.packed, 0);
	check_image("gather", &back, gathered, 0);
}

static void check_mean(const struct window_shape *s)
{
	int in = s->H * s->W, out = s->OH * s->OW, area = s->kernel * s->kernel;
	struct image x = random_image(s->N, s->C, in),
		     v = random_image(s->N, s->C, out);
	struct image y = blank(s->N, s->C, out), dx = blank(s->N, s->C, in);
	double *want = values_zero(&arena, (size_t)s->N * s->C * out);
	double *back = values_zero(&arena, (size_t)s->N * s->C * in);

	for (int i = 0; i < s->N * s->C; i++)
		for (int o = 0; o < out; o++)
			for (int q = 0; q < area; q++) {
				int at = tap(s, o, q);

				if (at < 0)
					continue;
				want[i * out + o] +=
					(double)x.plain[(size_t)i * in + at] / area;
				back[i * in + at] +=
					(double)v.plain[i * out + o] / area;
			}
	k->pool_mean(s, x.packed, y.packed);
	check_image("mean", &y, want, 1e-6);
	k->pool_spread(s, v.packed, dx.packed, 0);
	check_image("spread", &dx, back, 1e-6);
}

START_TEST(pools_of_any_window_are_those_of_the_formula)
{
	static const int windows[][3] = { { 2, 2, 0 }, { 3, 2, 1 }, { 3, 3, 0 },
		{ 2, 3, 1 }, { 5, 1, 2 } };

	k = tables_get(_i);
	EACH_SIZE(N, C)
	for (int i = 0; i < 5; i++) {
		const int *w = windows[i];
		struct window_shape s = { N, C, 6, 7, extent(6, w[0], w[1], w[2]),
			extent(7, w[0], w[1], w[2]), w[0], w[1], w[2] };

		check_pool(&s);
		check_mean(&s);
	}
}
END_TEST

START_TEST(of_a_constant_window_the_first_value_wins_and_nan_beats_all)
{
	struct window_shape s = { 2, 3, 4, 4, 2, 2, 2, 2, 0 };
	struct image x = image_of(2, 3, 16, values_all(&arena, 2 * 3 * 16, 1));
	struct image y = blank(2, 3, 4);
	uint8_t which[4 * 2 * LANES];

	k = tables_get(_i);
	x.packed[place(&x, 1, 2, 10)] = NAN;
	k->pool_max(&s, x.packed, y.packed, which);
	ck_assert(isnan(y.packed[place(&y, 1, 2, 3)]));
	ck_assert_int_eq(which[place(&y, 1, 2, 3)], 0);
	for (int o = 0; o < 4; o++) {
		ASSERT_EACH(y.packed[place(&y, 0, 1, o)] == 1);
		ck_assert_int_eq(which[place(&y, 0, 1, o)], 0);
	}
}
END_TEST

START_TEST(the_mean_of_a_plane_goes_back_to_every_pixel)
{
	k = tables_get(_i);
	EACH_SIZE(N, C)
	{
		struct image x = random_image(N, C, 35), v = random_image(N, C, 1);
		struct image y = blank(N, C, 1), dx = blank(N, C, 35);
		double *want = values_zero(&arena, (size_t)N * C);
		double *back = values_zero(&arena, (size_t)N * C * 35);

		for (int i = 0; i < N * C; i++)
			for (int p = 0; p < 35; p++) {
				want[i] += (double)x.plain[i * 35 + p] / 35;
				back[i * 35 + p] = (double)v.plain[i] / 35;
			}
		k->plane_mean(N, C, 35, x.packed, y.packed);
		check_image("plane mean", &y, want, 1e-6);
		k->plane_spread(N, C, 35, v.packed, dx.packed, 0);
		check_image("plane spread", &dx, back, 1e-6);
	}
}
END_TEST

/* The share of input row i in output row o: a tent of the source position. */
static double tent(int align, int in, int out, int o, int i)
{
	double at = align ? (out > 1 ? (double)o * (in - 1) / (out - 1) : 0)
			  : fmax((o + 0.5) * in / out - 0.5, 0);

	at = fmin(at, in - 1);
	return fmax(0, 1 - fabs(at - i));
}

static void check_resize(const struct resize_shape *s)
{
	int in = s->H * s->W, out = s->OH * s->OW;
	struct image x = random_image(s->N, s->C, in),
		     v = random_image(s->N, s->C, out);
	struct image y = blank(s->N, s->C, out), dx = blank(s->N, s->C, in);
	double *want = values_zero(&arena, (size_t)s->N * s->C * out);
	double *back = values_zero(&arena, (size_t)s->N * s->C * in);

	for (int i = 0; i < s->N * s->C; i++)
		for (int o = 0; o < out; o++)
			for (int p = 0; p < in; p++) {
				double share = tent(s->align_corners, s->H, s->OH,
						       o / s->OW, p / s->W) *
					tent(s->align_corners, s->W, s->OW, o % s->OW,
						p % s->W);

				want[i * out + o] +=
					share * (double)x.plain[(size_t)i * in + p];
				back[i * in + p] +=
					share * (double)v.plain[i * out + o];
			}
	k->resize(s, x.packed, y.packed);
	check_image("resize", &y, want, 1e-6);
	k->resize_back(s, v.packed, dx.packed, 0);
	check_image("resize, back", &dx, back, 1e-5);
}

START_TEST(resizing_is_bilinear_in_both_conventions)
{
	static const int sizes[][4] = { { 3, 4, 6, 8 }, { 5, 7, 3, 4 }, { 1, 1, 4, 5 },
		{ 4, 5, 1, 1 }, { 4, 4, 4, 4 } };

	k = tables_get(_i);
	EACH_SIZE(N, C)
	for (int i = 0; i < 10; i++) {
		const int *z = sizes[i / 2];
		struct resize_shape s = { N, C, z[0], z[1], z[2], z[3], i % 2 };

		check_resize(&s);
	}
}
END_TEST

START_TEST(a_run_of_channels_is_copied_between_any_lanes)
{
	static const int runs[][3] = { { 16, 0, 16 }, { 7, 0, 9 }, { 20, 3, 0 },
		{ 33, 0, 14 }, { 5, 11, 30 } };

	k = tables_get(_i);
	for (int i = 0; i < 10; i++) {
		const int *z = runs[i / 2];
		struct channel_run r = { 17 * 6, z[0], z[1], z[2] };
		struct image x = random_image(17, 48, 6), y = random_image(17, 48, 6);
		double *want = values_zero(&arena, (size_t)17 * 48 * 6);

		for (int n = 0; n < 17; n++)
			for (int c = 0; c < 48; c++)
				for (int p = 0; p < 6; p++) {
					size_t at = ((size_t)n * 48 + c) * 6 + p;
					bool in = c >= z[2] && c < z[2] + z[0];
					int from = c - z[2] + z[1];

					want[at] = (double)y.plain[at];
					if (in && i % 2 == 0)
						want[at] = 0;
					if (in)
						want[at] +=
							(double)x
								.plain[((size_t)n * 48 +
									       from) *
										6 +
									p];
				}
		k->copy_channels(&r, x.packed, y.packed, i % 2);
		check_image("channels", &y, want, 1e-6);
	}
}
END_TEST

START_TEST(joins_are_those_of_the_formula)
{
	size_t n = 16 * 7 + 3;
	float *a = values_random(&arena, n), *b = values_random(&arena, n),
	      *y = values_all(&arena, n, NAN);
	float *z = values_all(&arena, n, NAN), *d = values_all(&arena, n, 1);

	k = tables_get(_i);
	k->join_add(n, a, b, 0, y);
	k->join_add(n, a, b, 1, z);
	k->pass_gradient(n, a, z, d, 1);
	for (size_t i = 0; i < n; i++) {
		ASSERT_EACH(y[i] == a[i] + b[i]);
		ASSERT_EACH(z[i] == (y[i] > 0 ? y[i] : 0));
		ASSERT_EACH(d[i] == 1 + (y[i] > 0 ? a[i] : 0));
	}
	k->join_mul(n, a, b, 0, y);
	for (size_t i = 0; i < n; i++)
		ASSERT_EACH(y[i] == a[i] * b[i]);
}
END_TEST

/* The kernels that add: their sums have one order in every instruction set. */
START_TEST(every_width_makes_the_same_sums)
{
	struct norm_shape s = { 33, 17 * 40, 0 };
	struct image x = random_image(17, 33, 40);
	struct window_shape w = { 17, 33, 5, 8, 3, 4, 3, 2, 1 };
	float first[2][48];
	struct image mean[2];

	for (int i = 0; i < 2; i++) {
		float got[2][48];

		k = tables_get(1 + i);
		mean[i] = blank(17, 33, 12);
		k->norm_statistics(&s, x.packed, got[0], got[1]);
		k->pool_mean(&w, x.packed, mean[i].packed);
		if (i == 0)
			memcpy(first, got, sizeof(first));
		else
			ck_assert_mem_eq(first, got, sizeof(first));
	}
	ck_assert_mem_eq(
		mean[0].packed, mean[1].packed, mean[0].floats * sizeof(float));
}
END_TEST

Suite *suite_image(void);

Suite *suite_image(void)
{
	Suite *s = suite_create("image");
	TCase *t = tcase_create("image");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, batch_norm_is_that_of_the_formula, 0, TABLES);
	tcase_add_loop_test(
		t, the_variance_of_large_numbers_keeps_its_digits, 0, TABLES);
	tcase_add_loop_test(
		t, a_constant_image_has_variance_zero_and_norm_of_its_bias, 0, TABLES);
	tcase_add_loop_test(t, pools_of_any_window_are_those_of_the_formula, 0, TABLES);
	tcase_add_loop_test(t,
		of_a_constant_window_the_first_value_wins_and_nan_beats_all, 0, TABLES);
	tcase_add_loop_test(t, the_mean_of_a_plane_goes_back_to_every_pixel, 0, TABLES);
	tcase_add_loop_test(t, resizing_is_bilinear_in_both_conventions, 0, TABLES);
	tcase_add_loop_test(
		t, a_run_of_channels_is_copied_between_any_lanes, 0, TABLES);
	tcase_add_loop_test(t, joins_are_those_of_the_formula, 0, TABLES);
	tcase_add_test(t, every_width_makes_the_same_sums);
	suite_add_tcase(s, t);
	return s;
}
