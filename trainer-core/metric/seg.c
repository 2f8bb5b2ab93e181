/*
 * Segmentation: one confusion matrix over the split (C, C), rows are labels. Pixels
 * labelled -1 do not count; of equal scores the first class wins.
 */
#include "trainer-core/metric/metric.h"

#include <math.h>

static size_t matrix_doubles(int C, int S)
{
	(void)S;
	return (size_t)C * (size_t)C;
}

/* Of pixel i: the class with the largest score. */
static int largest(const struct loss_shape *s, const float *score)
{
	int best = 0;

	for (int c = 1; c < s->C; c++)
		if (score[c * s->S] > score[best * s->S])
			best = c;
	return best;
}

static void add(double *matrix, const struct loss_shape *s, const float *prediction,
	const float *label)
{
	for (int n = 0; n < s->N; n++, prediction += s->C * s->S)
		for (int i = 0; i < s->S; i++) {
			int right = (int)*label++;

			if (right >= 0)
				matrix[right * s->C + largest(s, prediction + i)]++;
		}
}

/* The mean leaves out a class that neither labels nor predictions hold. */
static double miou(const double *matrix, int C)
{
	double sum = 0;
	int present = 0;

	for (int c = 0; c < C; c++) {
		double row = 0, column = 0, both = matrix[c * C + c];

		for (int k = 0; k < C; k++) {
			row += matrix[c * C + k];
			column += matrix[k * C + c];
		}
		if (row + column == 0)
			continue;
		sum += both / (row + column - both);
		present++;
	}
	return present ? sum / present : (double)NAN;
}

static double pix_acc(const double *matrix, int C)
{
	double right = 0, all = 0;

	for (int i = 0; i < C * C; i++)
		all += matrix[i];
	for (int c = 0; c < C; c++)
		right += matrix[c * C + c];
	return all > 0 ? right / all : (double)NAN;
}

const struct metric metric_miou = {
	.doubles = matrix_doubles, .add = add, .value = miou
};
const struct metric metric_pix_acc = {
	.doubles = matrix_doubles, .add = add, .value = pix_acc
};
