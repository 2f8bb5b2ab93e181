#include "trainer-core/weighting/method.h"

#include <math.h>
#include <string.h>
#include "trainer-core/kernel/kernel.h"

int gradient_options(struct weighting_setup *setup, const struct params *ps,
	struct gradient_options *o, struct err *e)
{
	int gradients = GRADIENTS_PARAMETERS;
	int heads = HEADS_OWN;
	int rc = setting_choice(ps, "gradients", &gradients, e);

	if (!rc)
		rc = setting_choice(ps, "heads", &heads, e);
	if (rc)
		return rc;
	o->features = gradients == GRADIENTS_FEATURES;
	o->weighted_heads = heads == HEADS_WEIGHTED;
	if (o->features)
		setup->needs = (setup->needs & ~(unsigned)NEEDS_SHARED_GRADIENTS) |
			NEEDS_FEATURE_GRADIENTS;
	return OK;
}

void residual_note(double *state, double residual)
{
	state[0] = fmax(state[0], residual);
}

size_t residual_state_size(const struct weighting_setup *setup)
{
	(void)setup;
	return 1;
}

void residual_end_epoch(
	const struct weighting_setup *setup, double *state, const double *mean_loss)
{
	(void)setup, (void)mean_loss;
	state[0] = 0;
}

int residual_diagnose(const struct weighting_setup *setup, const double *state,
	const double *mean_loss, struct diagnostic *d)
{
	(void)setup, (void)mean_loss;
	d[0] = (struct diagnostic){ "solver_residual", -1, state[0] };
	return 1;
}

void softmax(int K, const double *logit, double *w)
{
	double top = logit[0];
	double sum = 0;

	for (int k = 1; k < K; k++)
		if (logit[k] > top)
			top = logit[k];
	for (int k = 0; k < K; k++) {
		w[k] = exp(logit[k] - top);
		sum += w[k];
	}
	for (int k = 0; k < K; k++)
		w[k] /= sum;
}

void add_up(int K, const struct kernels *kernels, const double *weight,
	struct task_gradients *g)
{
	memset(g->out, 0, g->n * sizeof(*g->out));
	for (int k = 0; k < K; k++)
		if (weight[k] != 0)
			kernels->axpy(g->n, (float)weight[k], g->g[k], g->out);
}

void heads_unweighted(const struct weighting_setup *setup, const double *state,
	const struct weighting_step *step, const double *weight, double *head)
{
	(void)state, (void)step, (void)weight;
	for (int k = 0; k < setup->K; k++)
		head[k] = 1;
}
