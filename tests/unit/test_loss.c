#include <check.h>
#include <math.h>
#include <string.h>
#include "tests/lib/each.h"
#include "tests/lib/tables.h"
#include "trainer-core/loss.h"
#include "trainer-core/metric/metric.h"
#include "common/rng.h"

#define N 7
#define C 5
#define S 6
#define SIZE (N * C * S)

static float noise(int i)
{
	return (float)(2 * rng_normal(9, RNG_DATA, 0, (uint64_t)i));
}

/* Predictions, and targets that fit the loss: labels with -1, bits, masked pixels. */
static void fill(const struct loss *l, float *p, float *t)
{
	for (int i = 0; i < SIZE; i++) {
		p[i] = noise(i);
		t[i] = l->kind == LOSS_BCE        ? (float)(i % 3 == 0)
			: l->kind == LOSS_EDGES   ? (float)(i % 3 - 1)
			: l->kind == LOSS_SOFT_CE ? fabsf(noise(SIZE + i)) / C
						  : noise(SIZE + i);
	}
	if (l->kind == LOSS_CE)
		for (int i = 0; i < N * S; i++)
			t[i] = (float)(i % (C + 1) - 1);
	if (l->mask == MASK_ZERO)
		for (int c = 0; c < C; c++)
			t[c * S + 2] = 0;
}

static const struct loss losses[] = { { .kind = LOSS_CE }, { .kind = LOSS_L1 },
	{ .kind = LOSS_SMOOTH_L1 }, { .kind = LOSS_L2 }, { .kind = LOSS_BCE },
	{ .kind = LOSS_EDGES }, { .kind = LOSS_SOFT_CE },
	{ .kind = LOSS_SOFT_CE, .mask = MASK_ZERO },
	{ .kind = LOSS_L1, .mask = MASK_ZERO },
	{ .kind = LOSS_COSINE, .mask = MASK_ZERO },
	{ .kind = LOSS_COSINE, .mask = MASK_ZERO, .normalise = true } };

START_TEST(every_gradient_is_the_slope_of_its_loss)
{
	const struct loss *l = &losses[_i];
	const struct loss_shape s = { N, C, S };
	float p[SIZE], t[SIZE], d[SIZE], scratch[SIZE];
	const float h = 0x1p-8f;

	fill(l, p, t);
	loss_compute(l, &s, p, t, d);
	for (int i = 0; i < SIZE; i++) {
		float saved = p[i];
		double up, down, slope;

		p[i] = saved + h;
		up = loss_mean(loss_compute(l, &s, p, t, scratch));
		p[i] = saved - h;
		down = loss_mean(loss_compute(l, &s, p, t, scratch));
		p[i] = saved;
		slope = (up - down) / (2 * (double)h);
		/* A kink of L1 between the two probes. */
		if (fabs((double)(p[i] - t[i])) < 2 * (double)h && l->kind != LOSS_CE)
			continue;
		ck_assert_msg(fabs(slope - (double)d[i]) < 2e-5,
			"loss %d, value %d: %g is not %g", _i, i, (double)d[i], slope);
	}
}
END_TEST

/* On maps and on single rows, which are computed in different ways. */
START_TEST(a_loss_without_its_gradient_is_the_same_to_the_bit)
{
	static const struct loss_shape shapes[] = { { N, C, S }, { N * S, C, 1 } };
	const struct loss *l = &losses[_i];
	float p[SIZE], t[SIZE], d[SIZE];

	fill(l, p, t);
	for (int i = 0; i < 2; i++) {
		struct loss_sum with = loss_compute(l, &shapes[i], p, t, d);
		struct loss_sum without = loss_value(l, &shapes[i], p, t, d);

		ck_assert_mem_eq(&with, &without, sizeof(with));
		ck_assert_double_gt(with.count, 0);
	}
}
END_TEST

START_TEST(cross_entropy_is_right_to_float_precision)
{
	const float spread = _i ? 10 : 0.5f;
	const struct loss l = { .kind = LOSS_CE };
	const struct loss_shape s = { 40, 10, 1 };
	float x[400], label[40], d[400];
	double want = 0;

	for (int i = 0; i < 400; i++)
		x[i] = spread * noise(i);
	for (int n = 0; n < 40; n++) {
		double sum = 0;

		label[n] = (float)(n % 10);
		for (int c = 0; c < 10; c++)
			sum += exp((double)x[n * 10 + c]);
		want += log(sum) - (double)x[n * 10 + n % 10];
	}
	ck_assert_double_eq_tol(loss_mean(loss_compute(&l, &s, x, label, d)), want / 40,
		want / 40 * 2e-7);
	for (int n = 0; n < 40; n++) {
		double sum = 0;

		for (int c = 0; c < 10; c++)
			sum += (double)d[n * 10 + c];
		ck_assert_double_eq_tol(sum, 0, 1e-8);
	}
}
END_TEST

/* The exponential that losses are made of, one value after the other. */
static float defined_exp(float x)
{
	float shifted = x * 1.44269504f + 12582912.0f, k = shifted - 12582912.0f;
	float r = (x - k * 0.693359375f) + k * 2.12194440e-4f, p, scale;
	uint32_t u;

	memcpy(&u, &shifted, sizeof(u));
	u = (u << 23) + 0x3f800000u;
	memcpy(&scale, &u, sizeof(scale));
	p = 1.3888889e-3f * r + 8.3333333e-3f;
	p = p * r + 4.1666667e-2f;
	p = p * r + 1.6666667e-1f;
	p = p * r + 0.5f;
	p = p * r + 1;
	p = p * r + 1;
	return x < -87.0f ? 0 : p * scale;
}

static void check_softmax(const struct kernels_exact *k, int n, float spread)
{
	const size_t plane = LANES + 3;
	float x[C * (LANES + 3)], d[C * (LANES + 3)], top[LANES];
	double sum[LANES];

	for (int i = 0; i < C * (int)plane; i++) {
		x[i] = spread * noise(i);
		d[i] = 5;
	}
	k->softmax_pixels(n, C, plane, 0.25, x, top, sum, d);
	for (int i = 0; i < n; i++) {
		float largest = x[i];
		double want = 0;

		for (int c = 1; c < C; c++)
			largest = fmaxf(largest, x[c * plane + i]);
		for (int c = 0; c < C; c++)
			want += (double)defined_exp(x[c * plane + i] - largest);
		ASSERT_EACH(top[i] == largest && sum[i] == want);
		for (int c = 0; c < C; c++)
			ASSERT_EACH(d[c * plane + i] ==
				defined_exp(x[c * plane + i] - largest) *
					(float)(0.25 / want));
	}
	for (int i = n; i < (int)plane; i++)
		ASSERT_EACH(d[i] == 5);
}

START_TEST(exponentials_have_the_same_bits_in_every_table)
{
	const struct kernels *k;
	float x[1003];

	if (!tables_choose(_i, &k))
		return;
	for (int n = 1; n <= LANES; n++) {
		check_softmax(k->exact, n, 1);
		check_softmax(k->exact, n, 40);
	}
	for (int i = 0; i < 1003; i++)
		x[i] = -(float)i / 11;
	k->exact->exp_all(1003, x);
	for (int i = 0; i < 1003; i++)
		ASSERT_EACH(x[i] == defined_exp(-(float)i / 11));
	tables_reset();
}
END_TEST

START_TEST(huge_scores_do_not_overflow)
{
	const struct loss l = { .kind = LOSS_CE };
	const struct loss_shape s = { 2, 3, 1 };
	const float x[] = { 1e4f, -1e4f, 0, 3e38f, 0, -3e38f };
	const float label[] = { 0, 2 };
	float d[6];
	struct loss_sum sum = loss_compute(&l, &s, x, label, d);

	ck_assert(isfinite(d[0]) && isfinite(d[5]));
	ck_assert(!isnan(sum.sum) && sum.sum > 1e38);
	ck_assert(d[0] == 0 && d[3] == 0.5f && d[5] == -0.5f);
}
END_TEST

START_TEST(a_nan_in_the_prediction_shows_in_every_loss)
{
	const struct loss_shape s = { N, C, S };
	float p[SIZE], t[SIZE], d[SIZE];

	for (int i = 0; i < COUNT(losses); i++)
		for (int where = 1; where < SIZE / N; where += S) {
			fill(&losses[i], p, t);
			p[where] = NAN;
			ck_assert(isnan(loss_compute(&losses[i], &s, p, t, d).sum));
			ck_assert(isnan(loss_value(&losses[i], &s, p, t, d).sum));
		}
}
END_TEST

START_TEST(nothing_valid_is_a_loss_of_zero_without_gradient)
{
	const struct loss ce = { .kind = LOSS_CE };
	const struct loss l1 = { .kind = LOSS_L1, .mask = MASK_ZERO };
	const struct loss_shape s = { N, C, S };
	float p[SIZE], t[SIZE], d[SIZE];

	for (int i = 0; i < SIZE; i++) {
		p[i] = noise(i);
		t[i] = -1;
	}
	ck_assert_double_eq(loss_mean(loss_compute(&ce, &s, p, t, d)), 0);
	for (int i = 0; i < SIZE; i++)
		ck_assert(d[i] == 0);
	memset(t, 0, sizeof(t));
	ck_assert_double_eq(loss_mean(loss_compute(&l1, &s, p, t, d)), 0);
	for (int i = 0; i < SIZE; i++)
		ck_assert(d[i] == 0);
}
END_TEST

START_TEST(a_dense_l1_divides_by_the_pixels_that_count)
{
	const struct loss l = { .kind = LOSS_L1, .mask = MASK_ZERO };
	const struct loss_shape s = { 1, 2, 3 };
	/* Two channels of three pixels; the second pixel is masked. */
	const float p[] = { 1, 9, 3, 0, 9, 1 }, t[] = { 2, 0, 1, 1, 0, 1 };
	float d[6];
	struct loss_sum sum = loss_compute(&l, &s, p, t, d);

	ck_assert_double_eq(sum.count, 2);
	ck_assert_double_eq(sum.sum, 4);
	ck_assert(d[0] == -0.5f && d[1] == 0 && d[2] == 0.5f && d[5] == 0);
}
END_TEST

/* (1, -1, 0) is a normal; only (0, 0, 0) is none. */
START_TEST(a_normal_whose_channels_sum_to_0_counts)
{
	const struct loss l = { .kind = LOSS_COSINE, .mask = MASK_ZERO };
	const struct loss_shape s = { 1, 3, 2 };
	const float p[] = { 0, 9, 1, 9, 0, 9 }, t[] = { 0, 0, 0.6f, 0, -0.6f, 0 };
	float d[6];
	struct loss_sum sum = loss_compute(&l, &s, p, t, d);

	ck_assert_double_eq(sum.count, 1);
	ck_assert_double_eq(sum.sum, 1 - (double)0.6f);
	ck_assert(d[2] == -0.6f && d[4] == 0.6f && d[1] == 0 && d[3] == 0);
}
END_TEST

/* By hand: log 2 for every logit of 0; of the five pixels one is no label. */
START_TEST(edges_weigh_nineteen_times_what_is_none)
{
	const struct loss l = { .kind = LOSS_EDGES };
	const struct loss_shape s = { 1, 1, 5 };
	const float p[5] = { 0, 0, 0, 7, 0 }, t[5] = { 1, 0, 0, -1, 0 };
	float d[5];
	struct loss_sum sum = loss_compute(&l, &s, p, t, d);

	ck_assert_double_eq(sum.count, 4);
	ck_assert_double_eq_tol(sum.sum, log(2) * (0.95 + 3 * 0.05), 1e-7);
	ck_assert_double_eq_tol((double)d[0], -0.5 * 0.95 / 4, 1e-8);
	ck_assert_double_eq_tol((double)d[1], 0.5 * 0.05 / 4, 1e-8);
	ck_assert(d[3] == 0);
}
END_TEST

/* A label is a distribution that is all in one class; a half of each is the mean of two. */
START_TEST(shares_are_a_mixture_of_labels)
{
	const struct loss ce = { .kind = LOSS_CE }, soft = { .kind = LOSS_SOFT_CE };
	const struct loss_shape s = { 2, 3, 1 };
	const float p[] = { 0.3f, -1, 2, 1, 0, -0.5f };
	const float label[] = { 2, 0 }, other[] = { 1, 0 };
	const float one[] = { 0, 0, 1, 1, 0, 0 }, half[] = { 0, 0.5f, 0.5f, 1, 0, 0 };
	float d[6], e[6];
	double a = loss_mean(loss_compute(&ce, &s, p, label, d));
	double b = loss_mean(loss_compute(&ce, &s, p, other, e));

	ck_assert_double_eq_tol(loss_mean(loss_compute(&soft, &s, p, one, e)), a, 1e-6);
	for (int i = 0; i < 6; i++)
		ck_assert_double_eq_tol((double)d[i], (double)e[i], 1e-6);
	ck_assert_double_eq_tol(
		loss_mean(loss_compute(&soft, &s, p, half, e)), (a + b) / 2, 1e-6);
}
END_TEST

START_TEST(metrics_pool_over_batches_of_any_size)
{
	const float score[] = { 1, 3, 2, 5, 5, 1 }, label[] = { 1, 1 };
	const float value[] = { 0.5f, -2, 1 }, truth[] = { 1, -1, 1 };
	const float logit[] = { 0.1f, -3, 0, 2 }, bit[] = { 1, 1, 1, 0 };
	const struct loss_shape one = { 1, 3, 1 }, two = { 2, 3, 1 }, row = { 1, 3, 1 };
	const struct loss_shape bits = { 4, 1, 1 };
	double meter[2] = { 0, 0 };

	metric_accuracy.add(meter, &two, score, label); /* a tie: the first wins */
	metric_accuracy.add(meter, &one, score, label);
	ck_assert_double_eq(metric_accuracy.value(meter, 1), 2.0 / 3);
	meter[0] = meter[1] = 0;
	metric_abs_err.add(meter, &row, value, truth);
	ck_assert_double_eq(metric_abs_err.value(meter, 1), 0.5);
	meter[0] = meter[1] = 0;
	metric_error.add(meter, &bits, logit, bit);
	ck_assert_double_eq(metric_error.value(meter, 1), 0.75);
}
END_TEST

Suite *suite_loss(void);
Suite *suite_loss(void)
{
	Suite *s = suite_create("loss");
	TCase *t = tcase_create("loss");

	tcase_add_loop_test(
		t, every_gradient_is_the_slope_of_its_loss, 0, COUNT(losses));
	tcase_add_loop_test(t, a_loss_without_its_gradient_is_the_same_to_the_bit, 0,
		COUNT(losses));
	tcase_add_loop_test(t, cross_entropy_is_right_to_float_precision, 0, 2);
	tcase_add_loop_test(
		t, exponentials_have_the_same_bits_in_every_table, 0, TABLES);
	tcase_add_test(t, huge_scores_do_not_overflow);
	tcase_add_test(t, a_nan_in_the_prediction_shows_in_every_loss);
	tcase_add_test(t, nothing_valid_is_a_loss_of_zero_without_gradient);
	tcase_add_test(t, a_dense_l1_divides_by_the_pixels_that_count);
	tcase_add_test(t, a_normal_whose_channels_sum_to_0_counts);
	tcase_add_test(t, edges_weigh_nineteen_times_what_is_none);
	tcase_add_test(t, shares_are_a_mixture_of_labels);
	tcase_add_test(t, metrics_pool_over_batches_of_any_size);
	suite_add_tcase(s, t);
	return s;
}
