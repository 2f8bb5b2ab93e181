#include "trainer-core/metric/metric.h"

/* Right samples / samples; of equal scores the first counts. */
static void add(double *meter, const struct loss_shape *s, const float *prediction,
	const float *target)
{
	int right = 0;

	for (int n = 0; n < s->N; n++, prediction += s->C) {
		int best = 0;

		for (int c = 1; c < s->C; c++)
			if (prediction[c] > prediction[best])
				best = c;
		right += best == (int)target[n];
	}
	meter[0] += right;
	meter[1] += s->N;
}

const struct metric metric_accuracy = { .add = add, .value = metric_ratio };
