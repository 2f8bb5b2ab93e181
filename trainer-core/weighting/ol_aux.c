/*
 * OL-AUX (Lin et al. 2019): the weight of an auxiliary task grows by what its gradient
 * does for the primary one, w_k += beta sum lr g_p . g_k, once every N steps; the primary
 * weight stays 1, the others start at 1. lr is the network's. Weights multiply losses, so
 * heads get them too, unless decoders are impartial (impartial.h).
 *
 * The public code cuts weights at 0 (`clip`), takes for g_p the gradient of the whole
 * weighted loss (`main: total`) and compares gradients averaged over four steps
 * (`filter`); what the network gets is the step's own. `losses: log` is its variant on
 * log L, with losses below 1e-8 counted as that: weights then multiply g / L.
 *
 * Buffers, where filtered: the last gradients of each task, newest at step modulo filter.
 * State: the weights (K), the sums of this round (K); log sigma of impartial decoders.
 */
#include <math.h>
#include <string.h>
#include "trainer-core/weighting/shared/impartial.h"
#include "trainer-core/kernel/kernel.h"
#include "trainer-core/optim/optim.h"
#include "trainer-core/weighting/shared/primary.h"
#include "trainer-core/weighting/method.h"

#define ABOVE_ZERO 1e-8

struct ol_aux {
	struct impartial decoder; /* first: learned_update */
	int primary;
	double N, beta;
	int clip;
	int main;
	int filter;
	int losses;
};

static size_t own_size(const struct weighting_setup *setup)
{
	return 2 * (size_t)setup->K;
}

static int parse(struct weighting_setup *setup, const struct params *ps,
	struct arena *a, struct err *e)
{
	struct ol_aux *o = NEW(a, struct ol_aux);
	int rc = primary_parse(setup, ps, &o->primary, e);

	setup->options = o;
	if (!rc)
		rc = setting_real(ps, "N", &o->N, e);
	if (!rc)
		rc = setting_real(ps, "beta", &o->beta, e);
	if (!rc)
		rc = setting_choice(ps, "clip", &o->clip, e);
	if (!rc)
		rc = setting_choice(ps, "main", &o->main, e);
	if (!rc)
		rc = setting_whole(ps, "filter", &o->filter, e);
	if (!rc)
		rc = setting_choice(ps, "losses", &o->losses, e);
	return rc ? rc : impartial_parse(setup, ps, own_size(setup), &o->decoder, e);
}

static size_t state_size(const struct weighting_setup *setup)
{
	const struct ol_aux *o = setup->options;

	return own_size(setup) + impartial_size(setup, &o->decoder);
}

static void init(const struct weighting_setup *setup, double *state)
{
	const struct ol_aux *o = setup->options;

	for (int k = 0; k < setup->K; k++)
		state[k] = 1;
	impartial_init(setup, &o->decoder, state);
}

static int buffers(const struct weighting_setup *setup)
{
	const struct ol_aux *o = setup->options;

	return o->filter > 1 ? o->filter * setup->K : 0;
}

/* What the loss's own gradient is multiplied by before anything else. */
static double slope_of(const struct ol_aux *o, double loss)
{
	return o->losses == OL_AUX_LOG ? 1 / fmax(loss, ABOVE_ZERO) : 1;
}

static float *past(const struct weighting_setup *setup, const struct task_gradients *g,
	int64_t step, int k)
{
	const struct ol_aux *o = setup->options;

	return g->buffer + (size_t)(step % o->filter * setup->K + k) * g->n;
}

/* Gradients of what is compared, averaged over the last steps. */
static void prepare(const struct weighting_setup *setup, double *state,
	const struct weighting_step *step, const struct kernels *kernels,
	struct task_gradients *g)
{
	const struct ol_aux *o = setup->options;
	int64_t n = step->step + 1 < o->filter ? step->step + 1 : o->filter;

	(void)state;
	for (int k = 0; k < setup->K; k++) {
		if (o->losses == OL_AUX_LOG)
			kernels->scale(
				g->n, (float)slope_of(o, step->loss[k]), g->g[k]);
		if (o->filter == 1)
			continue;
		memcpy(past(setup, g, step->step, k), g->g[k], g->n * sizeof(*g->g[k]));
		for (int64_t back = 1; back < n; back++)
			kernels->axpy(
				g->n, 1, past(setup, g, step->step - back, k), g->g[k]);
		kernels->scale(g->n, (float)(1.0 / (double)n), g->g[k]);
	}
}

static int weigh(const struct weighting_setup *setup, double *state,
	const struct weighting_step *step, double *weight, struct err *e)
{
	(void)step, (void)e;
	memcpy(weight, state, (size_t)setup->K * sizeof(*weight));
	return OK;
}

/* The step's own gradients, whatever was compared. */
static void merge(const struct weighting_setup *setup, const double *state,
	const struct weighting_step *step, const struct kernels *kernels,
	const double *weight, struct task_gradients *g)
{
	const struct ol_aux *o = setup->options;

	(void)state;
	memset(g->out, 0, g->n * sizeof(*g->out));
	for (int k = 0; k < setup->K; k++) {
		const float *own =
			o->filter > 1 ? past(setup, g, step->step, k) : g->g[k];

		if (weight[k] != 0)
			kernels->axpy(g->n, (float)weight[k], own, g->out);
	}
}

static void heads(const struct weighting_setup *setup, const double *state,
	const struct weighting_step *step, const double *weight, double *head)
{
	const struct ol_aux *o = setup->options;

	for (int k = 0; k < setup->K; k++)
		head[k] = weight[k] * slope_of(o, step->loss[k]);
	if (o->decoder.on)
		impartial_heads(setup, &o->decoder, state, head);
}

/* The product of task k's gradient and the main one. */
static double help(
	const struct weighting_setup *setup, const double *w, const double *gram, int k)
{
	const struct ol_aux *o = setup->options;
	double sum = 0;

	if (o->main == OL_AUX_PRIMARY)
		return gram[o->primary * setup->K + k];
	for (int j = 0; j < setup->K; j++)
		sum += w[j] * gram[j * setup->K + k];
	return sum;
}

static void update(const struct weighting_setup *setup, double *state,
	const struct weighting_step *step)
{
	const struct ol_aux *o = setup->options;
	double lr = setup->optim->lr * step->lr_factor;
	double *round = state + setup->K;

	if (o->decoder.on)
		learned_update(setup, state, step);
	for (int k = 0; k < setup->K; k++)
		if (k != o->primary)
			round[k] += lr * help(setup, state, step->gram, k);
	if ((step->step + 1) % (int64_t)o->N != 0)
		return;
	for (int k = 0; k < setup->K; k++) {
		state[k] += o->beta * round[k];
		if (o->clip == OL_AUX_CLIP_ZERO)
			state[k] = fmax(state[k], 0);
		round[k] = 0;
	}
}

const struct weighting weighting_ol_aux = {
	.needs = NEEDS_SHARED_GRADIENTS,
	.parse = parse,
	.state_size = state_size,
	.init = init,
	.buffers = buffers,
	.prepare = prepare,
	.weigh = weigh,
	.merge = merge,
	.heads = heads,
	.update = update,
	.objective = impartial_objective,
	.diagnose = impartial_diagnose,
};
