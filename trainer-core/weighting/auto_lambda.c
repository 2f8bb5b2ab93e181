/*
 * Auto-lambda (Liu et al. 2022): weights that follow, by steps of Adam, the slope of the
 * primary losses on another training batch after a step under these weights
 * (lookahead.h). The weights move first, then the network takes its step with them.
 *
 *	free     the weights themselves are learned, from `init`, of any sign
 *	softmax  w = softmax(s), s = 0 at first (LibMTL, with weight_lr 1e-3 and every 5)
 *
 * `primary` names the task whose loss counts; without it all count. The primary task has a
 * weight like the others. Heads get the weights too, unless decoders are impartial
 * (impartial.h): then the weights act on the features' gradients, though in the step that
 * is tried on heads as well. The extra passes see the batch as a training step does.
 *
 * State: steps, what is learned (K), Adam's moments; log sigma of impartial decoders.
 */
#include <math.h>
#include <string.h>
#include "trainer-core/weighting/shared/impartial.h"
#include "trainer-core/optim/optim.h"
#include "trainer-core/weighting/shared/primary.h"
#include "trainer-core/weighting/method.h"

struct auto_lambda {
	struct impartial decoder; /* first: learned_update */
	int primary; /* -1: all */
	int form;
	double init[TASKS_MAX];
	double every;
	struct optim_info optim;
};

static size_t own_size(const struct weighting_setup *setup)
{
	const struct auto_lambda *o = setup->options;

	return 1 + (size_t)setup->K * (size_t)(1 + optim_scalar_floats(&o->optim));
}

static int parse(struct weighting_setup *setup, const struct params *ps,
	struct arena *a, struct err *e)
{
	struct auto_lambda *o = NEW(a, struct auto_lambda);
	int rc = primary_parse(setup, ps, &o->primary, e);

	setup->options = o;
	if (!params_get(ps, "primary"))
		o->primary = -1;
	o->optim = (struct optim_info){
		.kind = OPTIM_ADAM, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8
	};
	if (!rc)
		rc = setting_choice(ps, "form", &o->form, e);
	if (!rc)
		rc = setting_each(ps, "init", setup->K, o->init, e);
	if (!rc)
		rc = setting_real(ps, "every", &o->every, e);
	if (!rc)
		rc = setting_real(ps, "weight_lr", &o->optim.lr, e);
	return rc ? rc : impartial_parse(setup, ps, own_size(setup), &o->decoder, e);
}

static size_t state_size(const struct weighting_setup *setup)
{
	const struct auto_lambda *o = setup->options;

	return own_size(setup) + impartial_size(setup, &o->decoder);
}

static void init(const struct weighting_setup *setup, double *state)
{
	const struct auto_lambda *o = setup->options;

	for (int k = 0; k < setup->K; k++)
		state[1 + k] = o->form == AUTO_LAMBDA_FREE ? o->init[k] : 0;
	impartial_init(setup, &o->decoder, state);
}

static void weights_of(
	const struct weighting_setup *setup, const double *state, double *weight)
{
	const struct auto_lambda *o = setup->options;

	memcpy(weight, state + 1, (size_t)setup->K * sizeof(*weight));
	if (o->form == AUTO_LAMBDA_SOFTMAX)
		softmax(setup->K, weight, weight);
}

static bool lookahead(const struct weighting_setup *setup, const double *state,
	const struct weighting_step *step, double *weight, double *counts)
{
	const struct auto_lambda *o = setup->options;

	weights_of(setup, state, weight);
	for (int k = 0; k < setup->K; k++)
		counts[k] = o->primary < 0 || k == o->primary;
	return step->step % (int64_t)o->every == 0;
}

static int weigh(const struct weighting_setup *setup, double *state,
	const struct weighting_step *step, double *weight, struct err *e)
{
	const struct auto_lambda *o = setup->options;
	int K = setup->K;
	double slope[TASKS_MAX];
	double mean = 0;

	(void)e;
	if (step->ahead) {
		weights_of(setup, state, weight);
		for (int k = 0; k < K; k++)
			mean += weight[k] * step->ahead[k];
		for (int k = 0; k < K; k++)
			slope[k] = o->form == AUTO_LAMBDA_FREE
				? step->ahead[k]
				: weight[k] * (step->ahead[k] - mean);
		state[0]++;
		optim_scalar_step(&o->optim, state_count(state[0]), K, state + 1, slope,
			state + 1 + K);
	}
	weights_of(setup, state, weight);
	return OK;
}

static void heads(const struct weighting_setup *setup, const double *state,
	const struct weighting_step *step, const double *weight, double *head)
{
	const struct auto_lambda *o = setup->options;

	(void)step, (void)weight;
	if (o->decoder.on)
		impartial_heads(setup, &o->decoder, state, head);
}

static void update(const struct weighting_setup *setup, double *state,
	const struct weighting_step *step)
{
	const struct auto_lambda *o = setup->options;

	if (o->decoder.on)
		learned_update(setup, state, step);
}

const struct weighting weighting_auto_lambda = {
	.needs = NEEDS_LOOKAHEAD,
	.parse = parse,
	.state_size = state_size,
	.init = init,
	.lookahead = lookahead,
	.weigh = weigh,
	.update = update,
	.objective = impartial_objective,
	.diagnose = impartial_diagnose,
	.heads = heads,
};
