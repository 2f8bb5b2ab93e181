/* Metrics: the trainer's own code on one split. */
#include "trainer-core/metric/metric.h"
#include <math.h>
#include <string.h>
#include "tests/fixtures.h"
#include "trainer-core/metric/angle.h"

/* On one meter of its own. */
static double *fill_meter(struct fixture *f, const struct metric *m,
	const struct loss_shape *s, const float *prediction, const float *target)
{
	size_t doubles = metric_doubles(m, s->C, s->S);
	double *meter = NEW_ARRAY(f->arena, double, doubles);

	memset(meter, 0, doubles * sizeof(*meter));
	m->add(meter, s, prediction, target);
	return meter;
}

static double measure(struct fixture *f, const struct metric *m,
	const struct loss_shape *s, const float *prediction, const float *target)
{
	return m->value(fill_meter(f, m, s, prediction, target), s->C);
}

static enum outcome run_accuracy(
	struct fixture *f, const cJSON *prediction, const cJSON *target)
{
	struct loss_shape s = { cJSON_GetArraySize(prediction),
		cJSON_GetArraySize(prediction->child), 1 };
	int n;
	float *x = json_floats(f->arena, prediction, &n);
	float *y = json_floats(f->arena, target, &n);

	return fixture_near(f, measure(f, &metric_accuracy, &s, x, y),
		       json_number(fixture_expect(f, "accuracy")), "accuracy")
		? PASSED
		: FAILED;
}

/* A column is a task. */
static enum outcome run_attributes(
	struct fixture *f, const cJSON *prediction, const cJSON *target)
{
	struct loss_shape s = { cJSON_GetArraySize(prediction), 1, 1 };
	int K = cJSON_GetArraySize(prediction->child);
	int n;
	float *x = json_floats(f->arena, prediction, &n);
	float *y = json_floats(f->arena, target, &n);
	float *column = NEW_ARRAY(f->arena, float, 2 * s.N);
	double *error = NEW_ARRAY(f->arena, double, K);
	double mean = 0;

	(void)fixture_hyper(f, "threshold"); /* logit > 0 */
	for (int k = 0; k < K; k++) {
		for (int i = 0; i < s.N; i++) {
			column[i] = x[i * K + k];
			column[s.N + i] = y[i * K + k];
		}
		error[k] = measure(f, &metric_error, &s, column, column + s.N);
		mean += 100 * error[k] / K;
	}
	if (!fixture_near_all(f, error, fixture_expect(f, "error_per_task"), K,
		    "error_per_task") ||
		!fixture_near(f, mean,
			json_number(fixture_expect(f, "mean_error_percent")),
			"mean_error_percent"))
		return FAILED;
	return PASSED;
}

/* Scores whose largest is at the class, (N, C, S), of class ids (N, S). */
static float *scores_of(
	struct fixture *f, const struct loss_shape *s, const float *class)
{
	float *x = NEW_ARRAY(f->arena, float, s->N * s->C * s->S);

	memset(x, 0, (size_t)(s->N * s->C * s->S) * sizeof(*x));
	for (int n = 0; n < s->N; n++)
		for (int i = 0; i < s->S; i++)
			x[(n * s->C + (int)class[n * s->S + i]) * s->S + i] = 1;
	return x;
}

/* The keys that only some cases have. */
static bool matches(struct fixture *f, const char *key, double got)
{
	const cJSON *want = fixture_expect(f, key);

	return !want || fixture_near(f, got, json_number(want), "%s", key);
}

static bool check_matrix(struct fixture *f, const double *matrix, int C)
{
	const cJSON *want = fixture_expect(f, "confusion_rows_are_target");
	const cJSON *iou = fixture_expect(f, "iou");
	double *each = NEW_ARRAY(f->arena, double, C);

	for (int c = 0; c < C; c++) {
		double all = -matrix[c * C + c];

		for (int k = 0; k < C; k++)
			all += matrix[c * C + k] + matrix[k * C + c];
		each[c] = all > 0 ? matrix[c * C + c] / all : (double)NAN;
	}
	return (!want ||
		       fixture_near_all(f, matrix, want, C * C, "confusion matrix")) &&
		(!iou || fixture_near_all(f, each, iou, C, "iou"));
}

/* The definition of MTAN before November 2020: the mean over images of one's mIoU. */
static bool check_images(struct fixture *f, const struct loss_shape *s,
	const float *score, const float *label)
{
	const cJSON *want = fixture_expect(f, "miou_per_image");
	const struct loss_shape one = { 1, s->C, s->S };
	double *each = NEW_ARRAY(f->arena, double, s->N);
	double mean = 0;

	for (int n = 0; n < s->N; n++) {
		each[n] = measure(f, &metric_miou, &one, score + n * s->C * s->S,
			label + n * s->S);
		mean += each[n] / s->N;
	}
	return fixture_near_all(f, each, want, s->N, "miou_per_image") &&
		matches(f, "miou", mean);
}

static enum outcome run_segmentation(
	struct fixture *f, const cJSON *prediction, const cJSON *target)
{
	struct loss_shape s = { cJSON_GetArraySize(prediction),
		(int)fixture_number(f, "classes", 0), 1 };
	int n;
	float *y = json_floats(f->arena, target, &n);
	float *x;
	const double *matrix;

	(void)fixture_hyper(f, "accumulate");
	(void)fixture_hyper(f, "note");
	s.S = n / s.N;
	x = scores_of(f, &s, json_floats(f->arena, prediction, &n));
	if (fixture_number(f, "ignore", -1) != -1)
		return fixture_fail(f, "a convention that is not ours");
	if (strstr(f->name, "per_image"))
		return check_images(f, &s, x, y) ? PASSED : FAILED;
	matrix = fill_meter(f, &metric_miou, &s, x, y);
	return check_matrix(f, matrix, s.C) &&
			matches(f, "miou", metric_miou.value(matrix, s.C)) &&
			matches(f, "miou_over_present",
				metric_miou.value(matrix, s.C)) &&
			matches(f, "pixacc", metric_pix_acc.value(matrix, s.C))
		? PASSED
		: FAILED;
}

/* Figures that are no criteria of ours: from what the meter says of single batches. */
static bool check_batches(
	struct fixture *f, const struct loss_shape *s, const float *x, const float *y)
{
	const struct loss_shape one = { 1, 1, s->S };
	double absolute = 0, relative = 0, square = 0, valid = 0;

	for (int n = 0; n < s->N; n++) {
		absolute += measure(f, &metric_depth_abs_err, &one, x + n * s->S,
				    y + n * s->S) /
			s->N;
		relative +=
			measure(f, &metric_rel_err, &one, x + n * s->S, y + n * s->S) /
			s->N;
	}
	for (int i = 0; i < s->N * s->S; i++)
		if (y[i] != 0) {
			square += pow((double)x[i] - (double)y[i], 2);
			valid++;
		}
	return matches(f, "abs_err_mean_of_batches", absolute) &&
		matches(f, "rel_err_mean_of_batches", relative) &&
		matches(f, "rmse_pooled_pixels", sqrt(square / valid));
}

static enum outcome run_depth(
	struct fixture *f, const cJSON *prediction, const cJSON *target)
{
	struct loss_shape s = { cJSON_GetArraySize(prediction), 1, 1 };
	int n;
	float *x = json_floats(f->arena, prediction, &n);
	float *y = json_floats(f->arena, target, &n);
	double absolute;

	s.S = n / s.N;
	(void)fixture_hyper(f, "mask");
	if (fixture_number(f, "batch_size", 1) != 1)
		return fixture_fail(f, "a batch size that is not 1");
	absolute = measure(f, &metric_depth_abs_err, &s, x, y);
	return matches(f, "abs_err_pooled_pixels", absolute) &&
			matches(f, "abs_err_weighted_by_valid_count", absolute) &&
			matches(f, "rel_err_pooled_pixels",
				measure(f, &metric_rel_err, &s, x, y)) &&
			check_batches(f, &s, x, y)
		? PASSED
		: FAILED;
}

static enum outcome check_angles(struct fixture *f, const double *meter)
{
	return matches(f, "mean", metric_normal_mean.value(meter, 3)) &&
			matches(f, "median", metric_normal_median.value(meter, 3)) &&
			matches(f, "within_11.25", metric_normal_11.value(meter, 3)) &&
			matches(f, "within_22.5", metric_normal_22.value(meter, 3)) &&
			matches(f, "within_30", metric_normal_30.value(meter, 3))
		? PASSED
		: FAILED;
}

static enum outcome run_normal(
	struct fixture *f, const cJSON *prediction, const cJSON *target)
{
	struct loss_shape s = { cJSON_GetArraySize(prediction), 3, 1 };
	int n;
	float *x = json_floats(f->arena, prediction, &n);
	float *y = json_floats(f->arena, target, &n);

	s.S = n / s.N / s.C;
	(void)fixture_hyper(f, "mask");
	(void)fixture_hyper(f, "pool");
	if (!cJSON_IsTrue(fixture_hyper(f, "normalise_prediction")))
		return fixture_fail(f, "a convention that is not ours");
	return check_angles(f, fill_meter(f, &metric_normal_mean, &s, x, y));
}

static enum outcome run_angles(struct fixture *f)
{
	const cJSON *angles = cJSON_GetObjectItemCaseSensitive(f->json, "angles");
	double *meter = NEW_ARRAY(f->arena, double, ANGLE_DOUBLES);
	int n;
	const double *angle = json_numbers(f->arena, angles, &n);

	memset(meter, 0, ANGLE_DOUBLES * sizeof(*meter));
	for (int i = 0; i < n; i++)
		angle_add(meter, angle[i]);
	return check_angles(f, meter);
}

enum outcome fixture_metric(struct fixture *f)
{
	const cJSON *prediction =
		cJSON_GetObjectItemCaseSensitive(f->json, "prediction");
	const cJSON *target = cJSON_GetObjectItemCaseSensitive(f->json, "target");

	fixture_kept_in_float32(f);
	if (!strcmp(f->name, "classification"))
		return run_accuracy(f, prediction, target);
	if (!strcmp(f->name, "binary_attributes"))
		return run_attributes(f, prediction, target);
	if (!strncmp(f->name, "segmentation", 12) || !strcmp(f->name, "absent_class"))
		return run_segmentation(f, prediction, target);
	if (!strcmp(f->name, "depth"))
		return run_depth(f, prediction, target);
	if (!strcmp(f->name, "normal"))
		return run_normal(f, prediction, target);
	if (!strcmp(f->name, "angle_thresholds_strict"))
		return run_angles(f);
	return fixture_skip(f, "this build has no such metric");
}
