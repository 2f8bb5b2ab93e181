/* Metrics: the trainer's own code on one split. */
#include "trainer-core/metric.h"
#include <math.h>
#include <string.h>
#include "tests/fixtures.h"

#define FLOAT_TOLERANCE 1e-5

static double measure(const struct metric *m, const struct loss_shape *s,
	const float *prediction, const float *target)
{
	double meter[2] = { 0, 0 };

	m->add(meter, s, prediction, target);
	return m->value(meter);
}

static enum outcome run_accuracy(
	struct fixture *f, const cJSON *prediction, const cJSON *target)
{
	struct loss_shape s = { cJSON_GetArraySize(prediction),
		cJSON_GetArraySize(prediction->child), 1 };
	int n;
	float *x = json_floats(f->arena, prediction, &n);
	float *y = json_floats(f->arena, target, &n);

	return fixture_near(f, measure(&metric_accuracy, &s, x, y),
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
		error[k] = measure(&metric_error, &s, column, column + s.N);
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

enum outcome fixture_metric(struct fixture *f)
{
	const cJSON *prediction =
		cJSON_GetObjectItemCaseSensitive(f->json, "prediction");
	const cJSON *target = cJSON_GetObjectItemCaseSensitive(f->json, "target");

	f->tolerance = fmax(f->tolerance, FLOAT_TOLERANCE);
	if (!strcmp(f->name, "classification"))
		return run_accuracy(f, prediction, target);
	if (!strcmp(f->name, "binary_attributes"))
		return run_attributes(f, prediction, target);
	return fixture_skip(f, "this build has no such metric");
}
