/* The robustness difference of Elich et al., eq. 6. */
#include "orchestrator/stats/stats.h"

#include <math.h>

int stats_corruption_delta(int n, int severities, const struct stats_corrupted *run,
	const struct stats_corrupted *base, bool higher, double *of_corruption,
	double *delta, struct err *e)
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
