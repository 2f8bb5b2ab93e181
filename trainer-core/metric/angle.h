/*
 * A meter of angles in degrees, 0 to 180.
 *
 * The median comes from ANGLE_BINS bins that hold the number and the sum of their
 * angles: a bin's mean stands for each of them. So the median is exact while no bin near
 * it holds two different angles, and otherwise off by less than a bin (0.011 degrees).
 */
#ifndef DELTAM_ANGLE_H
#define DELTAM_ANGLE_H

#include <stddef.h>

enum {
	ANGLE_SUM,
	ANGLE_COUNT,
	ANGLE_BELOW_11,
	ANGLE_BELOW_22,
	ANGLE_BELOW_30,
	ANGLE_FIRST_BIN,
	ANGLE_BINS = 1 << 14,
	ANGLE_DOUBLES = ANGLE_FIRST_BIN + 2 * ANGLE_BINS,
};

void angle_add(double *meter, double degrees);

/* The median; of an even number the mean of the middle two, of none NAN. */
double angle_median(const double *meter);

#endif
