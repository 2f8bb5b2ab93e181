/* The robustness difference of Elich et al., eq. 6, which the view `robustness` is held to. */
#ifndef DELTAM_TESTS_CORRUPTION_DELTA_H
#define DELTAM_TESTS_CORRUPTION_DELTA_H

#include <math.h>
#include <stdbool.h>
#include "common/err.h"

/* A criterion on clean pictures, and (n, severities) on corrupted ones. */
struct corruption_figures {
	double clean;
	const double *corrupted;
};

/*
 * What corruption costs a run in shares of its clean figure, less what it costs the
 * baseline; negative: the run is the more robust. of_corruption: (n), each the mean over
 * its severities; *delta is the mean of these (Elich et al. 2024). ERR_FAILED where a clean figure is 0, a number not finite.
 */
static inline int corruption_delta(int n, int severities,
	const struct corruption_figures *run, const struct corruption_figures *base,
	bool higher, double *of_corruption, double *delta, struct err *e)
{
	double sum = 0;

	if (n < 1 || severities < 1 || run->clean == 0 || base->clean == 0)
		return err_set(e, ERR_FAILED,
			"the figure on clean pictures is 0, or there is no corruption");
	for (int i = 0; i < n; i++) {
		double mean = 0;

		for (int k = 0; k < severities; k++) {
			int at = i * severities + k;

			mean += run->corrupted[at] / run->clean -
				base->corrupted[at] / base->clean;
		}
		of_corruption[i] = (higher ? -mean : mean) / severities;
		sum += of_corruption[i];
	}
	*delta = sum / n;
	if (!isfinite(*delta))
		return err_set(e, ERR_FAILED, "a figure is not finite");
	return OK;
}

#endif
