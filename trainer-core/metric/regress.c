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

const struct metric metric_abs_err = { .add = add, .value = metric_ratio };
