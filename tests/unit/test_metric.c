#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "trainer-core/metric/metric.h"
#include "trainer-core/metric/angle.h"
#include "trainer-core/registry.h"
#include "common/rng.h"

enum { N = 3, S = 35, C = 4, BATCHES = 4, METRICS = 8 };

static double unit(int i, int j)
{
	return rng_uniform(7, RNG_INIT, (uint64_t)i, (uint64_t)j);
}

/* Batch b of predictions and targets for a kind of task, a fifth of it not valid. */
static void make_batch(enum task_kind kind, int b, int channels, float *p, float *t)
{
	for (int i = 0; i < N * channels * S; i++) {
		p[i] = (float)(2 * unit(b, i) - 1);
		t[i] = (float)(unit(b + 100, i) + 0.1);
	}
	for (int n = 0; n < N; n++)
		for (int i = 0; i < S; i++) {
			bool valid = unit(b + 200, n * S + i) > 0.2;

			if (kind == TASK_SEG)
				t[n * S + i] = valid ? (float)floor((C - 1) *
							       unit(b + 300, n * S + i))
						     : -1;
			for (int c = 0; c < channels && kind != TASK_SEG && !valid; c++)
				t[(n * channels + c) * S + i] = 0;
		}
}

/* The value over all batches, fed `per` samples at a time. */
static double pooled(const struct metric *m, enum task_kind kind, int channels, int per)
{
	float p[N * C * S], t[N * C * S];
	double *meter = calloc(metric_doubles(m, channels), sizeof(*meter));
	int target = kind == TASK_SEG ? S : channels * S;
	double value;

	ck_assert_ptr_nonnull(meter);
	for (int b = 0; b < BATCHES; b++) {
		make_batch(kind, b, channels, p, t);
		for (int n = 0; n < N; n += per) {
			struct loss_shape s = { per, channels, S };

			m->add(meter, &s, p + n * channels * S, t + n * target);
		}
	}
	value = m->value(meter, channels);
	free(meter);
	return value;
}

START_TEST(dense_criteria_do_not_depend_on_the_batches)
{
	static const struct {
		const struct metric *m;
		enum task_kind kind;
		int channels;
	} cases[] = { { &metric_miou, TASK_SEG, C }, { &metric_pix_acc, TASK_SEG, C },
		{ &metric_depth_abs_err, TASK_DEPTH, 1 },
		{ &metric_rel_err, TASK_DEPTH, 1 },
		{ &metric_normal_mean, TASK_NORMAL, 3 },
		{ &metric_normal_median, TASK_NORMAL, 3 },
		{ &metric_normal_30, TASK_NORMAL, 3 } };

	for (int i = 0; i < COUNT(cases); i++) {
		double one = pooled(cases[i].m, cases[i].kind, cases[i].channels, 1);

		ck_assert_double_gt(one, 0);
		ck_assert_double_eq(
			one, pooled(cases[i].m, cases[i].kind, cases[i].channels, N));
	}
}
END_TEST

/* Plain double loops that share nothing with the meters. */
START_TEST(segmentation_agrees_with_a_count_by_class)
{
	float p[N * C * S], t[N * C * S];
	double iou = 0, right = 0, all = 0;

	for (int c = 0; c < C; c++) {
		double both = 0, either = 0;

		for (int b = 0; b < BATCHES; b++) {
			make_batch(TASK_SEG, b, C, p, t);
			for (int i = 0; i < N * S; i++) {
				const float *x = p + i / S * C * S + i % S;
				int best = 0;

				for (int k = 1; k < C; k++)
					best = x[k * S] > x[best * S] ? k : best;
				if (t[i] < 0)
					continue;
				both += best == c && (int)t[i] == c;
				either += best == c || (int)t[i] == c;
				all += c == 0;
			}
		}
		right += both;
		iou += both / either / C;
	}
	ck_assert_double_eq_tol(pooled(&metric_miou, TASK_SEG, C, N), iou, 1e-12);
	ck_assert_double_eq_tol(
		pooled(&metric_pix_acc, TASK_SEG, C, N), right / all, 1e-12);
}
END_TEST

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

START_TEST(normals_agree_with_sorted_angles)
{
	static double angle[BATCHES * N * S];
	float p[N * C * S], t[N * C * S];
	double mean = 0, below = 0;
	int n = 0;

	for (int b = 0; b < BATCHES; b++) {
		make_batch(TASK_NORMAL, b, 3, p, t);
		for (int i = 0; i < N * S; i++) {
			const float *x = p + i / S * 3 * S + i % S;
			const float *y = t + i / S * 3 * S + i % S;
			double dot = 0, square = 0, length = 0;

			for (int c = 0; c < 3; c++) {
				dot += (double)x[c * S] * (double)y[c * S];
				square += (double)x[c * S] * (double)x[c * S];
				length += (double)y[c * S] * (double)y[c * S];
			}
			if (y[0] == 0)
				continue;
			dot /= sqrt(square) * sqrt(length);
			angle[n] = acos(dot > 1               ? 1
						   : dot < -1 ? -1
							      : dot) *
				180 / acos(-1);
			mean += angle[n];
			below += angle[n] < 30;
			n++;
		}
	}
	qsort(angle, (size_t)n, sizeof(*angle), ascending);
	ck_assert_double_eq_tol(
		pooled(&metric_normal_mean, TASK_NORMAL, 3, N), mean / n, 1e-9);
	ck_assert_double_eq_tol(pooled(&metric_normal_median, TASK_NORMAL, 3, N),
		(angle[(n - 1) / 2] + angle[n / 2]) / 2, 180.0 / ANGLE_BINS);
	ck_assert_double_eq_tol(
		pooled(&metric_normal_30, TASK_NORMAL, 3, N), below / n, 1e-12);
}
END_TEST

START_TEST(medians_of_few_angles_are_exact)
{
	static double meter[ANGLE_DOUBLES];

	ck_assert(isnan(angle_median(meter)));
	angle_add(meter, 0);
	ck_assert_double_eq(angle_median(meter), 0);
	angle_add(meter, 180);
	ck_assert_double_eq(angle_median(meter), 90);
	angle_add(meter, 11.25);
	ck_assert_double_eq(angle_median(meter), 11.25);
	angle_add(meter, 11.25);
	ck_assert_double_eq(angle_median(meter), 11.25); /* two in a bin */
	ck_assert_double_eq(meter[ANGLE_BELOW_11], 1); /* strictly below */
}
END_TEST

START_TEST(a_prediction_without_length_is_at_a_right_angle)
{
	static double meter[ANGLE_DOUBLES];
	const struct loss_shape s = { 1, 3, 1 };
	const float p[3] = { 0 }, t[3] = { 0, 0, 1 }, none[3] = { 0 };

	metric_normal_mean.add(meter, &s, p, none);
	ck_assert_double_eq(meter[ANGLE_COUNT], 0);
	metric_normal_mean.add(meter, &s, p, t);
	ck_assert_double_eq_tol(metric_normal_mean.value(meter, 3), 90, 1e-12);
}
END_TEST

START_TEST(the_angle_does_not_depend_on_the_targets_length)
{
	static double meter[ANGLE_DOUBLES];
	const struct loss_shape s = { 1, 3, 1 };
	/* Channels that sum to 0 are a direction as any other. */
	const float t[][3] = { { 127, 127, 255 }, { 0.25f, 0, 0.25f }, { 1, -1, 0 } };
	const float p[][3] = { { 0, 0, 1 }, { 0, 0, 1 }, { 1, 1, 0 } };
	const double degrees[] = {
		acos(255 / sqrt(255 * 255 + 2 * 127 * 127)) * 180 / acos(-1), 45, 90
	};

	for (int i = 0; i < 3; i++) {
		memset(meter, 0, sizeof(meter));
		metric_normal_mean.add(meter, &s, p[i], t[i]);
		ck_assert_double_eq(meter[ANGLE_COUNT], 1);
		ck_assert_double_eq_tol(
			metric_normal_mean.value(meter, 3), degrees[i], 1e-9);
	}
}
END_TEST

/* Every row of the table: what was not measured is not 0, which is perfect to some. */
START_TEST(a_criterion_of_nothing_is_no_figure)
{
	static const enum task_kind kinds[] = { TASK_CLASS, TASK_REGRESS, TASK_BINARY,
		TASK_SEG, TASK_DEPTH, TASK_NORMAL };
	static double meter[ANGLE_DOUBLES];
	const struct loss_shape s = { 1, 3, 1 }, flat = { 1, 1, 1 };
	const float p[3] = { 1, 2, 3 }, zero[3] = { 0 }, ignored[1] = { -1 };

	for (int i = 0; i < COUNT(kinds); i++) {
		const struct metric *m[METRICS];
		const char *name[METRICS];
		int n = registry_metrics(kinds[i], m, name, METRICS);

		ck_assert_int_gt(n, 0);
		for (int k = 0; k < n; k++) {
			memset(meter, 0, sizeof(meter));
			ck_assert(isnan(m[k]->value(meter, 3)));
			if (task_is_map(kinds[i]))
				m[k]->add(meter, kinds[i] == TASK_DEPTH ? &flat : &s, p,
					kinds[i] == TASK_SEG ? ignored : zero);
			ck_assert_msg(isnan(m[k]->value(meter, 3)), "%s", name[k]);
		}
	}
}
END_TEST

Suite *suite_metric(void);
Suite *suite_metric(void)
{
	Suite *s = suite_create("metric");
	TCase *t = tcase_create("metric");

	tcase_add_test(t, dense_criteria_do_not_depend_on_the_batches);
	tcase_add_test(t, segmentation_agrees_with_a_count_by_class);
	tcase_add_test(t, normals_agree_with_sorted_angles);
	tcase_add_test(t, medians_of_few_angles_are_exact);
	tcase_add_test(t, a_prediction_without_length_is_at_a_right_angle);
	tcase_add_test(t, the_angle_does_not_depend_on_the_targets_length);
	tcase_add_test(t, a_criterion_of_nothing_is_no_figure);
	suite_add_tcase(s, t);
	return s;
}
