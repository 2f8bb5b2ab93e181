/* Colours: what HSV calls value and saturation, and contrast. */
#include "trainer-core/corrupt/corrupting.h"

#include <math.h>

static double largest(const struct corrupting *x, size_t at)
{
	double most = 0;

	for (int c = 0; c < x->c; c++)
		most = plane(x, c)[at] > most ? plane(x, c)[at] : most;
	return most;
}

/* Hue and saturation stay: the channels keep their proportions. */
void corrupt_brightness(struct corrupting *x)
{
	for (size_t i = 0; i < plane_size(x); i++) {
		double value = largest(x, i);
		double brighter = fmin(value + x->k[0], 1);

		for (int c = 0; c < x->c; c++) {
			double *v = &plane(x, c)[i];

			*v = value > 0 ? *v * brighter / value : brighter;
		}
	}
}

/* Black, white and what lies between have the hue of red. */
static void saturate_grey(const struct corrupting *x, size_t at, double saturation)
{
	plane(x, 1)[at] *= 1 - saturation;
	plane(x, 2)[at] *= 1 - saturation;
}

void corrupt_saturate(struct corrupting *x)
{
	if (x->c != 3)
		return;
	for (size_t i = 0; i < plane_size(x); i++) {
		double value = largest(x, i);
		double least =
			fmin(fmin(plane(x, 0)[i], plane(x, 1)[i]), plane(x, 2)[i]);
		double before = value > 0 ? (value - least) / value : 0;
		double after = before * x->k[0] + x->k[1];

		after = fmin(fmax(after, 0), 1);
		if (before <= 0) {
			saturate_grey(x, i, after);
			continue;
		}
		for (int c = 0; c < 3; c++) {
			double *v = &plane(x, c)[i];

			*v = value - (value - *v) * after / before;
		}
	}
}

void corrupt_contrast(struct corrupting *x)
{
	for (int c = 0; c < x->c; c++) {
		double *v = plane(x, c);
		double mean = 0;

		for (size_t i = 0; i < plane_size(x); i++)
			mean += v[i];
		mean /= (double)plane_size(x);
		for (size_t i = 0; i < plane_size(x); i++)
			v[i] = ((v[i] - mean) * x->k[0] + mean);
	}
}
