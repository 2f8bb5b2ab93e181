/*
 * IAL (Li et al. 2024): impartial auxiliary learning. Heads follow uncertainty weighting
 * (impartial.h). The trunk gets the primary task's feature gradient and the auxiliary ones
 * brought to its length, times f(sigma) = min(1, max(0, 1 - sigma)): with sigma of 1 or
 * more an auxiliary task does not reach the trunk.
 *
 * What the paper leaves open: lengths are those of the whole batch (`norm: sample`: of
 * each sample), the function onto [0, inf) inside f is ReLU (`g`), sigma itself goes into
 * f (`argument: variance` takes its square), and sigma starts at 0.9, where f is the 0.1
 * that the paper calls the initial weighting. A zero auxiliary gradient adds nothing.
 *
 * What may stand in the encoder's place (`encoder`): f alone, the lengths alone, or a
 * fixed factor on auxiliary gradients.
 *
 * State: log sigma (K), learned.
 */
#include <math.h>
#include "trainer-core/weighting/shared/impartial.h"
#include "trainer-core/kernel/kernel.h"
#include "trainer-core/weighting/shared/primary.h"
#include "trainer-core/weighting/method.h"

struct ial {
	struct impartial decoder; /* first: learned_update */
	int primary;
	int argument;
	int norm;
	int g;
	int encoder;
	double fixed;
};

static int parse_encoder(const struct params *ps, struct ial *o, struct err *e)
{
	int rc = setting_choice(ps, "argument", &o->argument, e);

	if (!rc)
		rc = setting_choice(ps, "norm", &o->norm, e);
	if (!rc)
		rc = setting_choice(ps, "g", &o->g, e);
	if (!rc)
		rc = setting_choice(ps, "encoder", &o->encoder, e);
	return rc ? rc : setting_real(ps, "fixed", &o->fixed, e);
}

static int parse(struct weighting_setup *setup, const struct params *ps,
	struct arena *a, struct err *e)
{
	struct ial *o = NEW(a, struct ial);
	int rc = primary_parse(setup, ps, &o->primary, e);

	setup->options = o;
	o->decoder.on = true;
	if (!rc)
		rc = setting_real(ps, "init", &o->decoder.sigma, e);
	if (!rc)
		rc = parse_encoder(ps, o, e);
	return rc ? rc : learned_parse(setup, ps, &o->decoder.learned, e);
}

static size_t state_size(const struct weighting_setup *setup)
{
	const struct ial *o = setup->options;

	return impartial_size(setup, &o->decoder);
}

static void init(const struct weighting_setup *setup, double *state)
{
	const struct ial *o = setup->options;

	impartial_init(setup, &o->decoder, state);
}

static double length_of(const struct kernels *kernels, size_t n, const float *x)
{
	return sqrt(kernels->dot(n, x, x));
}

/* Every sample of an auxiliary gradient brought to the primary one's length there. */
static void prepare(const struct weighting_setup *setup, double *state,
	const struct weighting_step *step, const struct kernels *kernels,
	struct task_gradients *g)
{
	const struct ial *o = setup->options;
	size_t F = g->n / (size_t)g->samples;

	(void)state, (void)step;
	if (o->norm == IAL_BY_BATCH || o->encoder == IAL_ENCODER_UNCERTAINTY ||
		o->encoder == IAL_ENCODER_FIXED)
		return;
	for (int i = 0; i < g->samples; i++) {
		size_t at = (size_t)i * F;
		double main = length_of(kernels, F, g->g[o->primary] + at);

		for (int k = 0; k < setup->K; k++) {
			double own = length_of(kernels, F, g->g[k] + at);

			if (k != o->primary && own > 0)
				kernels->scale(F, (float)(main / own), g->g[k] + at);
		}
	}
}

/* f of a task's uncertainty, in [0, 1]. */
static double trust(const struct ial *o, double log_sigma)
{
	double x = 1 - exp((o->argument == IAL_VARIANCE ? 2 : 1) * log_sigma);
	double g = o->g == IAL_SOFTPLUS ? log1p(exp(x)) : fmax(x, 0);

	return fmin(g, 1);
}

static int weigh(const struct weighting_setup *setup, double *state,
	const struct weighting_step *step, double *weight, struct err *e)
{
	const struct ial *o = setup->options;
	const double *sigma = learned_values(state);
	int K = setup->K;
	int p = o->primary;
	double main = sqrt(step->gram[p * K + p]);

	(void)e;
	for (int k = 0; k < K; k++) {
		double length = sqrt(step->gram[k * K + k]);

		weight[k] = o->encoder == IAL_ENCODER_FIXED ? o->fixed : 1;
		if (o->encoder == IAL_ENCODER_IAL ||
			o->encoder == IAL_ENCODER_UNCERTAINTY)
			weight[k] = trust(o, sigma[k]);
		if (o->encoder == IAL_ENCODER_IAL || o->encoder == IAL_ENCODER_GRADIENT)
			weight[k] = length > 0 ? weight[k] * main / length : 0;
	}
	weight[p] = 1;
	return OK;
}

static void heads(const struct weighting_setup *setup, const double *state,
	const struct weighting_step *step, const double *weight, double *head)
{
	const struct ial *o = setup->options;

	(void)step, (void)weight;
	impartial_heads(setup, &o->decoder, state, head);
}

const struct weighting weighting_ial = {
	.needs = NEEDS_FEATURE_GRADIENTS,
	.parse = parse,
	.state_size = state_size,
	.init = init,
	.prepare = prepare,
	.weigh = weigh,
	.update = learned_update,
	.objective = impartial_objective,
	.diagnose = impartial_diagnose,
	.heads = heads,
};
