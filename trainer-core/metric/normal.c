/*
 * Surface normals: the angle between prediction and target, whatever their lengths, in
 * every pixel whose target is not (0, 0, 0). A prediction of length 0 is at 90 degrees to
 * everything.
 */
#include <math.h>
#include "trainer-core/metric/metric.h"
#include "trainer-core/metric/angle.h"

#define DEGREES 57.29577951308232

void angle_add(double *meter, double degrees)
{
	int at = (int)(degrees * (ANGLE_BINS / 180.0));
	double *bin;

	ASSERT(at >= 0);
	at = at < ANGLE_BINS ? at : ANGLE_BINS - 1;
	bin = meter + ANGLE_FIRST_BIN + 2 * at;
	bin[0]++;
	bin[1] += degrees;
	meter[ANGLE_SUM] += degrees;
	meter[ANGLE_COUNT]++;
	meter[ANGLE_BELOW_11] += degrees < 11.25;
	meter[ANGLE_BELOW_22] += degrees < 22.5;
	meter[ANGLE_BELOW_30] += degrees < 30;
}

/* The angle of the given rank, from 0. */
static double ranked(const double *meter, double rank)
{
	const double *bin = meter + ANGLE_FIRST_BIN;

	while (rank >= bin[0]) {
		rank -= bin[0];
		bin += 2;
	}
	return bin[1] / bin[0];
}

double angle_median(const double *meter)
{
	double n = meter[ANGLE_COUNT];

	if (n == 0)
		return (double)NAN;
	return (ranked(meter, floor((n - 1) / 2)) + ranked(meter, floor(n / 2))) / 2;
}

static size_t angle_doubles(int C, int S)
{
	(void)C, (void)S;
	return ANGLE_DOUBLES;
}

/*
 * A square this near to 1 is that of a unit vector in floats, which is not divided by its
 * length: the division would add more error than it takes away.
 */
#define UNIT_WITHIN 1e-6

static void add_pixel(
	double *meter, const struct loss_shape *s, const float *p, const float *t)
{
	double dot = 0, pp = 0, tt = 0, cosine;

	for (int c = 0; c < s->C; c++) {
		double x = (double)p[c * s->S], y = (double)t[c * s->S];

		dot += x * y;
		pp += x * x;
		tt += y * y;
	}
	if (tt == 0)
		return;
	cosine = pp > 0 ? dot / sqrt(pp) : 0;
	if (fabs(tt - 1) > UNIT_WITHIN)
		cosine /= sqrt(tt);
	/* Anything that is no number counts as the worst. */
	cosine = cosine >= -1 ? fmin(cosine, 1) : -1;
	angle_add(meter, acos(cosine) * DEGREES);
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

static double share(const double *meter, int of)
{
	return meter[ANGLE_COUNT] > 0 ? meter[of] / meter[ANGLE_COUNT] : (double)NAN;
}

static double mean(const double *meter, int C)
{
	(void)C;
	return share(meter, ANGLE_SUM);
}

static double median(const double *meter, int C)
{
	(void)C;
	return angle_median(meter);
}

static double below_11(const double *meter, int C)
{
	(void)C;
	return share(meter, ANGLE_BELOW_11);
}

static double below_22(const double *meter, int C)
{
	(void)C;
	return share(meter, ANGLE_BELOW_22);
}

static double below_30(const double *meter, int C)
{
	(void)C;
	return share(meter, ANGLE_BELOW_30);
}

#define ANGLE_METRIC(f) \
	{ \
		.doubles = angle_doubles, .add = add, .value = f \
	}
const struct metric metric_normal_mean = ANGLE_METRIC(mean);
const struct metric metric_normal_median = ANGLE_METRIC(median);
const struct metric metric_normal_11 = ANGLE_METRIC(below_11);
const struct metric metric_normal_22 = ANGLE_METRIC(below_22);
const struct metric metric_normal_30 = ANGLE_METRIC(below_30);
