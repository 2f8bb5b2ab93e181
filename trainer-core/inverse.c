#include "trainer-core/inverse.h"

#include "trainer-core/weighting/method.h"

int inverse_losses(int K, const double *loss, double floor, double *a)
{
	int floored = 0;

	for (int k = 0; k < K; k++) {
		int low = loss[k] < floor;

		floored += low;
		a[k] = 1 / (low ? floor : loss[k]);
	}
	return floored;
}

int inverse_softmax(int K, const double *loss, double floor, double T, double *w)
{
	int floored = inverse_losses(K, loss, floor, w);

	for (int k = 0; k < K; k++)
		w[k] /= T;
	softmax(K, w, w);
	return floored;
}

struct inverse_moments inverse_moments(
	int K, const double *loss, double floor, const double *w)
{
	struct inverse_moments m = { 0, 0, 0 };
	double a[TASKS_MAX];

	(void)inverse_losses(K, loss, floor, a);
	for (int k = 0; k < K; k++) {
		m.alpha += w[k] * a[k];
		m.mean += w[k] * loss[k];
		m.product += w[k] * a[k] * loss[k];
	}
	return m;
}

double inverse_residual(const struct inverse_moments *m)
{
	return m->alpha * m->mean - m->product;
}

int inverse_diagnose(int K, const double *mean_loss, double floor, double T,
	double floored, struct diagnostic *d)
{
	double w[TASKS_MAX];
	struct inverse_moments m;
	int n = 0;

	(void)inverse_softmax(K, mean_loss, floor, T, w);
	m = inverse_moments(K, mean_loss, floor, w);
	d[n++] = (struct diagnostic){ "analytic_residual", -1, inverse_residual(&m) };
	if (floored > 0)
		d[n++] = (struct diagnostic){ "floored_losses", -1, floored };
	return n;
}
