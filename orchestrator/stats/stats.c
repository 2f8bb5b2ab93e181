#include "orchestrator/stats/stats.h"

#include <math.h>
#include "orchestrator/stats/stats_distribution.h"

double stats_share(int n, const struct stats_criterion *c, enum stats_average by, int i)
{
	int tasks = 0;
	int same = 0;

	if (by == STATS_CRITERIA)
		return 1.0 / n;
	for (int j = 0; j < n; j++) {
		bool first = true;

		same += c[j].task == c[i].task;
		for (int k = 0; k < j; k++)
			first &= c[k].task != c[j].task;
		tasks += first;
	}
	return 1.0 / tasks / same;
}

int stats_delta_m(int n, const struct stats_criterion *criterion, const double *value,
	const double *baseline, enum stats_average by, double *delta_m, struct err *e)
{
	double sum = 0;

	if (n < 1)
		return err_set(e, ERR_FAILED, "delta-m of no criteria");
	for (int i = 0; i < n; i++) {
		double change;

		if (!isfinite(baseline[i]) || baseline[i] == 0)
			return err_set(e, ERR_FAILED,
				"%s: a baseline of %g has no relative change",
				criterion[i].name, baseline[i]);
		if (!isfinite(value[i]))
			return err_set(
				e, ERR_FAILED, "%s is %g", criterion[i].name, value[i]);
		change = (value[i] - baseline[i]) / baseline[i];
		sum += stats_share(n, criterion, by, i) *
			(criterion[i].higher ? -change : change);
	}
	*delta_m = 100 * sum;
	return OK;
}

double stats_mean(int n, const double *x)
{
	double sum = 0;

	for (int i = 0; i < n; i++)
		sum += x[i];
	return n < 1 ? (double)NAN : sum / n;
}

static double variance(int n, const double *x)
{
	double mean = stats_mean(n, x);
	double sum = 0;

	for (int i = 0; i < n; i++)
		sum += (x[i] - mean) * (x[i] - mean);
	return n < 2 ? (double)NAN : sum / (n - 1);
}

double stats_std(int n, const double *x)
{
	return sqrt(variance(n, x));
}

double stats_t_half_width(int n, const double *x, double level)
{
	if (n < 2)
		return NAN;
	return stats_t_quantile((1 + level) / 2, n - 1) * stats_std(n, x) / sqrt(n);
}

double stats_welch_half_width(
	int n, const double *x, int m, const double *y, double level)
{
	double a = variance(n, x) / n;
	double b = variance(m, y) / m;
	double df;

	if (n < 2 || m < 2)
		return NAN;
	if (a + b == 0)
		return 0;
	df = (a + b) * (a + b) / (a * a / (n - 1) + b * b / (m - 1));
	return stats_t_quantile((1 + level) / 2, df) * sqrt(a + b);
}
