#include "trainer-core/weighting/shared/sign_dropout.h"

#include <math.h>

double sign_chance(const struct sign_dropout *o, const double *own)
{
	double sum = 0;
	double size = 0;

	for (int k = 0; k < o->K; k++) {
		sum += own[k];
		size += fabs(own[k]);
	}
	return 0.5 * (1 + sum / (size + o->eps));
}

static double sign(double x)
{
	return (x > 0) - (x < 0);
}

/* What a task says about coordinate f: the sum over the batch, or the value itself. */
static double evidence(
	const struct task_gradients *g, const float *own, size_t f, size_t width)
{
	double sum = 0;

	if (!g->feature)
		return (double)own[f];
	for (size_t i = f; i < g->n; i += width)
		sum += (double)own[i] * sign((double)g->feature[i]);
	return sum;
}

/* By how much each task's coordinate passes: 1 or the leak. */
static void pass_shares(
	const struct sign_dropout *o, size_t f, const double *own, double *share)
{
	bool positive = sign_chance(o, own) > o->draw(o->arg, f);

	for (int k = 0; k < o->K; k++)
		share[k] = (positive ? own[k] > 0 : own[k] < 0) ? 1 : o->leak;
}

void sign_dropout(const struct sign_dropout *o, struct task_gradients *g)
{
	size_t width = g->feature ? g->n / (size_t)g->samples : g->n;
	double own[TASKS_MAX];
	double share[TASKS_MAX];

	for (size_t f = 0; f < width; f++) {
		for (int k = 0; k < o->K; k++)
			own[k] = evidence(g, g->g[k], f, width);
		pass_shares(o, f, own, share);
		for (size_t i = f; i < g->n; i += width) {
			double total = 0;

			for (int k = 0; k < o->K; k++)
				total += share[k] * (double)g->g[k][i];
			g->out[i] = (float)(o->scale * total);
		}
	}
}
