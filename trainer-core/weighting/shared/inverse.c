#include "trainer-core/weighting/shared/inverse.h"

#include <float.h>
#include "trainer-core/weighting/method.h"

int inverse_floor_parse(const struct params *ps, struct inverse_floor *f, struct err *e)
{
	int rc = setting_real(ps, "floor", &f->to, e);

	f->below = setting_is_written(ps, "floor") ? f->to : DBL_MIN;
	return rc;
}

int inverse_losses(
	int K, const double *loss, const struct inverse_floor *floor, double *a)
{
	int floored = 0;

	for (int k = 0; k < K; k++) {
		int low = loss[k] < floor->below;

		floored += low;
		a[k] = 1 / (low ? floor->to : loss[k]);
	}
	return floored;
}

size_t inverse_state_size(const struct weighting_setup *setup)
{
	(void)setup;
	return 1;
}

void inverse_end_epoch(
	const struct weighting_setup *setup, double *state, const double *mean_loss)
{
	(void)setup, (void)mean_loss;
	state[0] = 0;
}

int inverse_softmax(int K, const double *loss, const struct inverse_floor *floor,
	double T, double *w)
{
	int floored = inverse_losses(K, loss, floor, w);

	for (int k = 0; k < K; k++)
		w[k] /= T;
	softmax(K, w, w);
	return floored;
}

double inverse_mean_loss(int K, const double *loss, const double *w)
{
	double sum = 0;

	for (int k = 0; k < K; k++)
		sum += w[k] * loss[k];
	return sum;
}

double inverse_alpha(
	int K, const double *loss, const struct inverse_floor *floor, const double *w)
{
	double a[TASKS_MAX];

	(void)inverse_losses(K, loss, floor, a);
	return inverse_mean_loss(K, a, w);
}

/* By pairs: no cancellation, and no sign but the right one. */
double inverse_residual(
	int K, const double *loss, const struct inverse_floor *floor, const double *w)
{
	double a[TASKS_MAX];
	double sum = 0;

	(void)inverse_losses(K, loss, floor, a);
	for (int k = 0; k < K; k++)
		for (int j = 0; j < k; j++)
			sum += w[j] * w[k] * (a[j] - a[k]) * (loss[k] - loss[j]);
	return sum;
}

int inverse_diagnose(int K, const double *mean_loss, const struct inverse_floor *floor,
	double T, double floored, struct diagnostic *d)
{
	double w[TASKS_MAX];
	int n = 0;

	(void)inverse_softmax(K, mean_loss, floor, T, w);
	d[n++] = (struct diagnostic){ "analytic_residual", -1,
		inverse_residual(K, mean_loss, floor, w) };
	if (floored > 0)
		d[n++] = (struct diagnostic){ "floored_losses", -1, floored };
	return n;
}
