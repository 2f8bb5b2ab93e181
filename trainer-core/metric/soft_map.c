/*
 * Shares of classes a pixel: soft.c's figure over the pixels that have any share.
 */
#include "trainer-core/metric/metric.h"

static void add(double *meter, const struct loss_shape *s, const float *prediction,
	const float *target)
{
	int size = s->C * s->S;

	for (int n = 0; n < s->N; n++)
		for (int i = 0; i < s->S; i++) {
			const float *q = target + n * size + i;
			const float *p = prediction + n * size + i;
			int right = 0, guess = 0;

			for (int c = 1; c < s->C; c++) {
				right = q[c * s->S] > q[right * s->S] ? c : right;
				guess = p[c * s->S] > p[guess * s->S] ? c : guess;
			}
			if (q[right * s->S] == 0)
				continue;
			meter[0] += right == guess;
			meter[1]++;
		}
}

const struct metric metric_soft_pix_acc = { .add = add, .value = metric_ratio };
