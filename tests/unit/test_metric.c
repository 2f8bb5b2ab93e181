#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "trainer-core/metric/metric.h"
#include "trainer-core/metric/angle.h"
#include "trainer-core/registry.h"
#include "common/rng.h"

enum { N = 3, S = 35, WIDE = 7, C = 4, BATCHES = 4, METRICS = 8 };

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
	double *meter = calloc(metric_doubles(m, channels, S), sizeof(*meter));
	int target = kind == TASK_SEG ? S : channels * S;
	double value;

	ck_assert_ptr_nonnull(meter);
	if (m->start)
		m->start(meter, WIDE);
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
		{ &metric_depth_rmse, TASK_DEPTH, 1 },
		{ &metric_vector_abs_err, TASK_VECTOR, 2 },
		{ &metric_vector_rmse, TASK_VECTOR, 2 },
		{ &metric_ods_f, TASK_EDGES, 1 },
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

/*
 * The root over all pixels that count. A mean of the roots of samples or batches would be
 * another figure, which the second assertion shows for these numbers.
 */
START_TEST(a_root_mean_square_is_pooled_over_the_split)
{
	float p[N * C * S], t[N * C * S];
	double square = 0, pixels = 0, roots = 0;

	for (int b = 0; b < BATCHES; b++) {
		double own = 0, counted = 0;

		make_batch(TASK_DEPTH, b, 1, p, t);
		for (int i = 0; i < N * S; i++) {
			if (t[i] == 0)
				continue;
			own += pow((double)(p[i] - t[i]), 2);
			counted++;
		}
		square += own;
		pixels += counted;
		roots += sqrt(own / counted) / BATCHES;
	}
	ck_assert_double_eq_tol(pooled(&metric_depth_rmse, TASK_DEPTH, 1, 1),
		sqrt(square / pixels), 1e-6);
	ck_assert_double_gt(fabs(sqrt(square / pixels) - roots), 1e-5);
}
END_TEST

/* (3 + 4 + 0) / 3 is another figure than sqrt((9 + 16 + 0) / 3). */
START_TEST(a_regression_has_the_root_of_its_mean_square)
{
	const struct loss_shape two = { 2, 1, 1 }, one = { 1, 1, 1 };
	const float p[] = { 4, -2, 7 }, t[] = { 1, 2, 7 };
	double meter[METER_RATIO] = { 0, 0 };

	metric_rmse.add(meter, &two, p, t);
	metric_rmse.add(meter, &one, p + 2, t + 2);
	ck_assert_double_eq_tol(metric_rmse.value(meter, 1), sqrt(25.0 / 3), 1e-15);
}
END_TEST

/* Of one sample of 3 x 4: lines of text, # an edge, - not labelled. */
#define HIGH 12
static double f_of(const char *truth, const float *score, int times)
{
	const struct loss_shape s = { 1, 1, HIGH };
	double *meter = calloc(metric_doubles(&metric_ods_f, 1, HIGH), sizeof(*meter));
	float t[HIGH];
	double value;

	ck_assert_ptr_nonnull(meter);
	for (int i = 0; i < HIGH; i++)
		t[i] = truth[i] == '#' ? 1 : truth[i] == '-' ? -1 : 0;
	metric_ods_f.start(meter, 4);
	for (int i = 0; i < times; i++)
		metric_ods_f.add(meter, &s, score, t);
	value = metric_ods_f.value(meter, 1);
	free(meter);
	return value;
}

/* On 3 x 4 the reach is less than a pixel: pairs are equal places. */
START_TEST(edges_are_scored_at_the_best_threshold_of_the_split)
{
	static const char line[] = "...."
				   "####"
				   "....";
	static const char part[] = "...."
				   "--##"
				   "....";
	/* Logits of the middle row; elsewhere far below every threshold. */
	const float right[HIGH] = { -9, -9, -9, -9, 3, 3, 3, 3, -9, -9, -9, -9 };
	const float half[HIGH] = { -9, -9, -9, -9, 3, 3, -9, -9, -9, -9, -9, -9 };
	/* The two right ones score higher than the one that is wrong. */
	const float mixed[HIGH] = { 1, -9, -9, -9, 3, 3, -9, -9, -9, -9, -9, -9 };

	ck_assert_double_eq(f_of(line, right, 3), 1);
	ck_assert_double_eq_tol(f_of(line, half, 2), 2 * 1 * 0.5 / 1.5, 1e-15);
	ck_assert_double_eq_tol(f_of(line, mixed, 1), 2 * 1 * 0.5 / 1.5, 1e-15);
	ck_assert_double_eq(f_of(part, half, 1), 0);
	ck_assert_double_eq(f_of(part, right, 1), 1);
}
END_TEST

enum { TALL = 200, BROAD = 300, AREA = TALL * BROAD };

/* A drawn picture of 200 x 300: its reach is 0.0075 * 360.6, that is 2.7 pixels. */
static double f_drawn(const float *truth, const float *score)
{
	const struct loss_shape s = { 1, 1, AREA };
	double *meter = calloc(metric_doubles(&metric_ods_f, 1, AREA), sizeof(*meter));
	double value;

	ck_assert_ptr_nonnull(meter);
	metric_ods_f.start(meter, BROAD);
	metric_ods_f.add(meter, &s, score, truth);
	value = metric_ods_f.value(meter, 1);
	free(meter);
	return value;
}

static void draw_rows(float *map, int from, int to, float on, float off)
{
	for (int i = 0; i < AREA; i++)
		map[i] = i / BROAD >= from && i / BROAD <= to ? on : off;
}

/* Counted by hand: 300 pixels a row, thinning of a bar of three rows leaves its middle. */
START_TEST(drawn_edges_are_thinned_and_matched_one_to_one)
{
	static float truth[AREA], score[AREA];

	draw_rows(truth, 100, 100, 1, 0);
	draw_rows(score, 102, 102, 5, -9); /* two pixels off: in reach */
	ck_assert_double_eq(f_drawn(truth, score), 1);
	draw_rows(score, 103, 103, 5, -9); /* three: out of reach */
	ck_assert_double_eq(f_drawn(truth, score), 0);
	draw_rows(score, 99, 101, 5, -9); /* a bar becomes a line */
	ck_assert_double_gt(f_drawn(truth, score), 0.99);
	draw_rows(score, 96, 104, 5, -9); /* so does a broad one, a ring a round */
	ck_assert_double_gt(f_drawn(truth, score), 0.97);
	/* Two lines in reach of one: half of what is predicted has a partner. */
	for (int i = 0; i < AREA; i++)
		score[i] = i / BROAD == 98 || i / BROAD == 102 ? 5 : -9;
	ck_assert_double_eq_tol(f_drawn(truth, score), 2 * 0.5 / 1.5, 1e-12);
}
END_TEST

/*
 * A chain in which the first come would take the place that another needs: predicted
 * pixels at 0 and 2, true ones at 2 and 4 of a row, reach 2.7. 2 must give way to 0.
 */
START_TEST(pairs_give_way_until_there_are_as_many_as_can_be)
{
	static float truth[AREA], score[AREA];

	for (int i = 0; i < AREA; i++) {
		truth[i] = 0;
		score[i] = -9;
	}
	truth[50 * BROAD + 12] = truth[50 * BROAD + 14] = 1;
	score[50 * BROAD + 10] = score[50 * BROAD + 12] = 5;
	ck_assert_double_eq(f_drawn(truth, score), 1);
}
END_TEST

/* (3, 4) off is 7 apart along the axes and 5 as the crow flies. */
/* The class with the largest share is the label; a pixel without any is none. */
START_TEST(shares_are_measured_by_their_largest_one)
{
	const struct loss_shape samples = { 3, 2, 1 }, map = { 1, 2, 3 };
	const float p[] = { 1, 2, 2, 1, 0, 3 },
		    q[] = { 0.4f, 0.6f, 0.3f, 0.7f, 0.1f, 0.9f };
	const float scores[] = { 1, 2, 5, 2, 1, 0 },
		    shares[] = { 0.2f, 0.6f, 0, 0.8f, 0.4f, 0 };
	double meter[METER_RATIO] = { 0, 0 };

	metric_soft_accuracy.add(meter, &samples, p, q);
	ck_assert_double_eq(metric_soft_accuracy.value(meter, 2), 2.0 / 3);
	meter[0] = meter[1] = 0;
	metric_soft_pix_acc.add(meter, &map, scores, shares);
	ck_assert_double_eq(metric_soft_pix_acc.value(meter, 2), 1);
	ck_assert_double_eq(meter[1], 2);
}
END_TEST

START_TEST(vectors_are_measured_over_both_channels_where_they_are_valid)
{
	const struct loss_shape s = { 1, 2, 3 };
	const float p[] = { 1, 9, 4, 0, 9, 4 }, t[] = { 1, 0, 1, 0, 0, 0 };
	double meter[3] = { 0 };

	ck_assert_int_eq((int)metric_doubles(&metric_vector_abs_err, 2, 3), 3);
	metric_vector_abs_err.add(meter, &s, p, t);
	ck_assert_double_eq(metric_vector_abs_err.value(meter, 2), 7.0 / 2);
	ck_assert_double_eq_tol(
		metric_vector_rmse.value(meter, 2), sqrt(25.0 / 2), 1e-15);
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

static bool flat_kind(enum task_kind kind)
{
	return kind == TASK_DEPTH || kind == TASK_EDGES;
}

/* Every row of the table: what was not measured is not 0, which is perfect to some. */
START_TEST(a_criterion_of_nothing_is_no_figure)
{
	static const enum task_kind kinds[] = { TASK_CLASS, TASK_REGRESS, TASK_BINARY,
		TASK_SEG, TASK_DEPTH, TASK_NORMAL, TASK_EDGES, TASK_VECTOR,
		TASK_SOFT_MAP };
	static double meter[ANGLE_DOUBLES];
	const struct loss_shape s = { 1, 3, 1 }, flat = { 1, 1, 1 };
	const float p[3] = { 1, 2, 3 }, zero[3] = { 0 }, ignored[1] = { -1 };

	for (int i = 0; i < COUNT(kinds); i++) {
		const struct metric *m[METRICS];
		const char *name[METRICS];
		int n = registry_metrics(kinds[i], "rmse", m, name, METRICS);

		ck_assert_int_gt(n, 0);
		for (int k = 0; k < n; k++) {
			memset(meter, 0, sizeof(meter));
			ck_assert(isnan(m[k]->value(meter, 3)));
			if (m[k]->start)
				m[k]->start(meter, 1);
			if (task_is_map(kinds[i]))
				m[k]->add(meter, flat_kind(kinds[i]) ? &flat : &s, p,
					task_ignored(kinds[i]) < 0 ? ignored : zero);
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
	tcase_add_test(t, a_root_mean_square_is_pooled_over_the_split);
	tcase_add_test(t, a_regression_has_the_root_of_its_mean_square);
	tcase_add_test(t, edges_are_scored_at_the_best_threshold_of_the_split);
	tcase_add_test(t, drawn_edges_are_thinned_and_matched_one_to_one);
	tcase_add_test(t, pairs_give_way_until_there_are_as_many_as_can_be);
	tcase_add_test(t, shares_are_measured_by_their_largest_one);
	tcase_add_test(t, vectors_are_measured_over_both_channels_where_they_are_valid);
	tcase_add_test(t, normals_agree_with_sorted_angles);
	tcase_add_test(t, medians_of_few_angles_are_exact);
	tcase_add_test(t, a_prediction_without_length_is_at_a_right_angle);
	tcase_add_test(t, the_angle_does_not_depend_on_the_targets_length);
	tcase_add_test(t, a_criterion_of_nothing_is_no_figure);
	suite_add_tcase(s, t);
	return s;
}
