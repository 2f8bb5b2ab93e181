/*
 * Shares of classes a sample: the share of samples whose largest score is the class with
 * the largest share; of equal ones the first counts.
 */
#include "trainer-core/metric/metric.h"

static int largest(int C, const float *v)
{
	int best = 0;

	for (int c = 1; c < C; c++)
		if (v[c] > v[best])
			best = c;
	return best;
}

static void add(double *meter, const struct loss_shape *s, const float *prediction,
	const float *target)
{
	int right = 0;

	for (int n = 0; n < s->N; n++)
		right += largest(s->C, prediction + n * s->C) ==
			largest(s->C, target + n * s->C);
	meter[0] += right;
	meter[1] += s->N;
}

const struct metric metric_soft_accuracy = { .add = add, .value = metric_ratio };
