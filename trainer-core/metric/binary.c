#include "trainer-core/metric/metric.h"

/* Wrong bits / bits; a logit above 0 says 1. */
static void add(double *meter, const struct loss_shape *s, const float *prediction,
	const float *target)
{
	int values = s->N * s->C * s->S;
	int wrong = 0;

	for (int i = 0; i < values; i++)
		wrong += (prediction[i] > 0) != (target[i] > 0.5f);
	meter[0] += wrong;
	meter[1] += values;
}

const struct metric metric_error = { .add = add, .value = metric_ratio };
