/* Depth: errors over the pixels whose target is not 0. */
#include "trainer-core/metric/metric.h"

#include <math.h>

enum { ABSOLUTE, RELATIVE, SQUARE, PIXELS, DOUBLES };

static size_t depth_doubles(int C, int S)
{
	(void)C, (void)S;
	return DOUBLES;
}

static void add(double *meter, const struct loss_shape *s, const float *prediction,
	const float *target)
{
	int pixels = s->N * s->S;

	ASSERT(s->C == 1);
	for (int i = 0; i < pixels; i++) {
		double want = (double)target[i];
		double off = fabs((double)prediction[i] - want);

		if (want == 0)
			continue;
		meter[ABSOLUTE] += off;
		meter[RELATIVE] += off / fabs(want);
		meter[SQUARE] += off * off;
		meter[PIXELS]++;
	}
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

static double relative(const double *meter, int C)
{
	(void)C;
	return mean(meter, RELATIVE);
}

/* This is no mean of the samples' roots, since every pixel counts alike. */
static double root(const double *meter, int C)
{
	(void)C;
	return sqrt(mean(meter, SQUARE));
}

const struct metric metric_depth_abs_err = {
	.doubles = depth_doubles, .add = add, .value = absolute
};
const struct metric metric_rel_err = {
	.doubles = depth_doubles, .add = add, .value = relative
};
const struct metric metric_depth_rmse = {
	.doubles = depth_doubles, .add = add, .value = root
};
