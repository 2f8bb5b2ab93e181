#include "trainer-core/metric/metric.h"

#include <math.h>

/* sum |prediction - target| / values. */
static void add(double *meter, const struct loss_shape *s, const float *prediction,
	const float *target)
{
	int values = s->N * s->C * s->S;

	for (int i = 0; i < values; i++)
		meter[0] += fabs((double)prediction[i] - (double)target[i]);
	meter[1] += values;
}

/* sum (prediction - target)^2 / values. */
static void add_squares(double *meter, const struct loss_shape *s,
	const float *prediction, const float *target)
{
	int values = s->N * s->C * s->S;

	for (int i = 0; i < values; i++) {
		double off = (double)prediction[i] - (double)target[i];

		meter[0] += off * off;
	}
	meter[1] += values;
}

static double root(const double *meter, int C)
{
	return sqrt(metric_ratio(meter, C));
}

const struct metric metric_abs_err = { .add = add, .value = metric_ratio };
const struct metric metric_rmse = { .add = add_squares, .value = root };
