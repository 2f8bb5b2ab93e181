/*
 * Vectors: errors over the pixels whose target is not 0 in all channels. The absolute one
 * is the sum over the channels, as the loss has it; the square is that of the length.
 */
#include "trainer-core/metric/metric.h"

#include <math.h>

enum { ABSOLUTE, SQUARE, PIXELS, DOUBLES };

static size_t vector_doubles(int C, int S)
{
	(void)C, (void)S;
	return DOUBLES;
}

static void add_pixel(
	double *meter, const struct loss_shape *s, const float *p, const float *t)
{
	double off = 0, square = 0;
	bool valid = false;

	for (int c = 0; c < s->C; c++) {
		double want = (double)t[c * s->S];
		double e = (double)p[c * s->S] - want;

		valid |= want != 0;
		off += fabs(e);
		square += e * e;
	}
	if (!valid)
		return;
	meter[ABSOLUTE] += off;
	meter[SQUARE] += square;
	meter[PIXELS]++;
}

static void add(double *meter, const struct loss_shape *s, const float *prediction,
	const float *target)
{
	int size = s->C * s->S;

	for (int n = 0; n < s->N; n++)
		for (int i = 0; i < s->S; i++)
			add_pixel(meter, s, prediction + n * size + i,
				target + n * size + i);
}

static double mean(const double *meter, int of)
{
	return meter[PIXELS] > 0 ? meter[of] / meter[PIXELS] : (double)NAN;
}

static double absolute(const double *meter, int C)
{
	(void)C;
	return mean(meter, ABSOLUTE);
}

static double root(const double *meter, int C)
{
	(void)C;
	return sqrt(mean(meter, SQUARE));
}

const struct metric metric_vector_abs_err = {
	.doubles = vector_doubles, .add = add, .value = absolute
};
const struct metric metric_vector_rmse = {
	.doubles = vector_doubles, .add = add, .value = root
};
