/*
 * The data set without files: what its tasks carry, and that it never changes.
 */
#include <check.h>
#include <math.h>
#include <string.h>
#include "tests/lib/prepared.h"

static struct arena arena;
static struct params ps;

static void set(const char *name, const char *value)
{
	params_set(&ps, &arena, name, value);
}

static void setup(void)
{
	prepared_enter(&ps, &arena);
}

static void teardown(void)
{
	prepared_leave(&arena);
}

static const char *digest(void)
{
	return prepared_digest(&ps, &arena);
}

static void synthetic(const char *train, const char *noise)
{
	ps = (struct params){ 0 };
	set("dataset.name", "synthetic");
	set("dataset.noise", noise);
	prepared_sizes(&ps, &arena, train, "2000", "10");
}

START_TEST(synthetic_tasks_never_change)
{
	struct dataset d;

	synthetic("300", "0.1");
	prepared(&ps, &arena, &d);
	ck_assert_str_eq(d.digest, "60edc569cb66443e758e90f7fe9aabdb");
	ck_assert_int_eq(d.split[0].input.element, ELEMENT_F32);
	ck_assert_int_eq(d.split[0].target[0].element, ELEMENT_F32);
	ck_assert_int_eq(d.split[0].target[2].element, ELEMENT_U8);
	dataset_close(&d);
}
END_TEST

START_TEST(more_samples_or_tasks_leave_the_first_ones_as_they_are)
{
	struct dataset d;
	struct dataset more;

	synthetic("300", "0.1");
	prepared(&ps, &arena, &d);
	set("dataset.train", "400");
	set("dataset.tasks", "7");
	prepared(&ps, &arena, &more);
	ck_assert_mem_eq(d.split[0].input.data, more.split[0].input.data, 300 * 16 * 4);
	ck_assert_mem_eq(
		d.split[0].target[1].data, more.split[0].target[1].data, 300 * 4);
	ck_assert_mem_eq(d.split[0].target[2].data, more.split[0].target[2].data, 300);
	dataset_close(&d);
	dataset_close(&more);
}
END_TEST

START_TEST(loss_scales_belong_to_the_tasks_not_to_the_data)
{
	struct dataset d;
	const char *plain;

	synthetic("300", "0.1");
	plain = digest();
	set("dataset.scales", "2 3");
	set("dataset.tasks", "3");
	prepared(&ps, &arena, &d);
	ck_assert_str_eq(d.digest, plain);
	ck_assert_double_eq(d.task[0].loss_scale, 2);
	ck_assert_double_eq(d.task[1].loss_scale, 3);
	ck_assert_double_eq(d.task[2].loss_scale, 2);
	dataset_close(&d);
}
END_TEST

/* The line y = a + b . x that gradient descent finds on standard normal inputs. */
static void fit(const struct split_data *s, const float *y, double w[17])
{
	const float *x = s->input.data;

	memset(w, 0, 17 * sizeof(*w));
	for (int step = 0; step < 50; step++) {
		double g[17] = { 0 };

		for (int i = 0; i < s->n; i++) {
			double r = w[16] - (double)y[i];

			for (int j = 0; j < 16; j++)
				r += w[j] * (double)x[i * 16 + j];
			for (int j = 0; j < 16; j++)
				g[j] += r * (double)x[i * 16 + j] / s->n;
			g[16] += r / s->n;
		}
		for (int j = 0; j < 17; j++)
			w[j] -= 0.5 * g[j];
	}
}

static double predict(const struct split_data *s, int i, const double w[17])
{
	const float *x = s->input.data;
	double y = w[16];

	for (int j = 0; j < 16; j++)
		y += w[j] * (double)x[i * 16 + j];
	return y;
}

/* Share of the variance on s that the line explains. */
static double explained(const struct split_data *s, const float *y, const double w[17])
{
	double mean = 0;
	double rest = 0;
	double all = 0;

	for (int i = 0; i < s->n; i++)
		mean += (double)y[i] / s->n;
	for (int i = 0; i < s->n; i++) {
		double r = (double)y[i] - predict(s, i, w);

		rest += r * r;
		all += ((double)y[i] - mean) * ((double)y[i] - mean);
	}
	ck_assert_double_gt(all / s->n, 0.3); /* about 1 by construction */
	ck_assert_double_lt(all / s->n, 3);
	return 1 - rest / all;
}

START_TEST(regressions_carry_signal_that_carries_over)
{
	struct dataset d;

	synthetic("2000", "0.1");
	prepared(&ps, &arena, &d);
	for (int k = 0; k < 2; k++) {
		double w[17];

		fit(&d.split[SPLIT_TRAIN], d.split[SPLIT_TRAIN].target[k].data, w);
		ck_assert_double_gt(explained(&d.split[SPLIT_VAL],
					    d.split[SPLIT_VAL].target[k].data, w),
			0.4);
	}
	dataset_close(&d);
}
END_TEST

/* Accuracy on val of one line a class, fitted to 0 and 1 on train. */
static double class_accuracy(const struct dataset *d)
{
	const struct split_data *train = &d->split[SPLIT_TRAIN];
	const struct split_data *val = &d->split[SPLIT_VAL];
	float *is = NEW_ARRAY(&arena, float, train->n);
	double w[5][17];
	int right = 0;

	for (int c = 0; c < 5; c++) {
		for (int i = 0; i < train->n; i++)
			is[i] = (float)(prepared_bytes(&train->target[2])[i] == c);
		fit(train, is, w[c]);
	}
	for (int i = 0; i < val->n; i++) {
		int best = 0;

		for (int c = 1; c < 5; c++)
			if (predict(val, i, w[c]) > predict(val, i, w[best]))
				best = c;
		right += prepared_bytes(&val->target[2])[i] == best;
	}
	return (double)right / val->n;
}

START_TEST(classes_carry_signal_and_noise_takes_it_away)
{
	struct dataset d;

	synthetic("2000", "0");
	prepared(&ps, &arena, &d);
	ck_assert_double_gt(class_accuracy(&d), 0.45);
	dataset_close(&d);
	synthetic("2000", "1");
	prepared(&ps, &arena, &d);
	ck_assert_double_lt(class_accuracy(&d), 0.26); /* chance: 0.2, five sigma */
	dataset_close(&d);
}
END_TEST

START_TEST(noise_is_the_share_of_classes_drawn_anew_and_the_std_of_regressions)
{
	struct dataset clean;
	struct dataset noisy;
	const float *a;
	const float *b;
	double sum = 0;
	int changed = 0;

	synthetic("10000", "0");
	prepared(&ps, &arena, &clean);
	synthetic("10000", "0.25");
	prepared(&ps, &arena, &noisy);
	a = clean.split[0].target[0].data;
	b = noisy.split[0].target[0].data;
	for (int i = 0; i < 10000; i++) {
		sum += pow((double)(a[i] - b[i]), 2);
		changed += prepared_bytes(&clean.split[0].target[2])[i] !=
			prepared_bytes(&noisy.split[0].target[2])[i];
	}
	ck_assert_double_eq_tol(sqrt(sum / 10000), 0.25, 0.01);
	/* A class drawn anew is another one four times in five. */
	ck_assert_double_eq_tol(changed / 10000.0, 0.2, 0.02);
	dataset_close(&clean);
	dataset_close(&noisy);
}
END_TEST

Suite *suite_synthetic(void);
Suite *suite_synthetic(void)
{
	Suite *s = suite_create("synthetic");
	TCase *tc = tcase_create("synthetic");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, synthetic_tasks_never_change);
	tcase_add_test(tc, more_samples_or_tasks_leave_the_first_ones_as_they_are);
	tcase_add_test(tc, loss_scales_belong_to_the_tasks_not_to_the_data);
	tcase_add_test(tc, regressions_carry_signal_that_carries_over);
	tcase_add_test(tc, classes_carry_signal_and_noise_takes_it_away);
	tcase_add_test(tc,
		noise_is_the_share_of_classes_drawn_anew_and_the_std_of_regressions);
	suite_add_tcase(s, tc);
	return s;
}
